from django.conf import settings
from django.db import migrations, models

from users.audit import audit_guard


def install(apps, schema_editor):
    if settings.AUDIT_GUARD:
        audit_guard.install(schema_editor.connection)


def remove(apps, schema_editor):
    audit_guard.remove(schema_editor.connection)


class Migration(migrations.Migration):
    """An event tells the device too; the triggers, which a rebuilt table loses, come after it."""

    dependencies = [("users", "0003_notifications")]
    operations = [
        migrations.RunPython(remove, migrations.RunPython.noop),
        migrations.AddField(
            model_name="auditevent",
            name="device",
            field=models.CharField(blank=True, default="", max_length=60),
        ),
        migrations.RunPython(install, remove),
    ]
