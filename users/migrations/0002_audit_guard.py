from django.conf import settings
from django.db import migrations

from users import audit_guard


def install(apps, schema_editor):
    if settings.AUDIT_GUARD:
        audit_guard.install(schema_editor.connection)


def remove(apps, schema_editor):
    audit_guard.remove(schema_editor.connection)


class Migration(migrations.Migration):
    """Triggers refuse every change of an audit event but the erasure of its personal part."""

    dependencies = [("users", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
