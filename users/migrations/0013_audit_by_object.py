from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0012_audit_by_request"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["target_id", "-id"], name="audit_by_object"),
        ),
    ]
