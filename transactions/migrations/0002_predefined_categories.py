from django.db import migrations

from transactions import predefined


def install(apps, schema_editor):
    predefined.install(apps.get_model("transactions", "Category"))


class Migration(migrations.Migration):
    dependencies = [("transactions", "0001_initial")]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
