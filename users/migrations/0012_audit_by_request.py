from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0011_audit_by_ip"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["request_id", "-id"], name="audit_by_request"),
        ),
    ]
