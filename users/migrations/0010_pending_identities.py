from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("users", "0009_fill_search_text"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("kyc_status", "pending")),
                fields=["id"],
                name="user_identity_pending",
            ),
        ),
    ]
