"""Each of these three indexes in a transaction of its own, so none locks the trail for long."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0010_pending_identities"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["ip", "-id"], name="audit_by_ip"),
        ),
    ]
