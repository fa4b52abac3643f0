from django.db import migrations, models
from django.db.models import Q


def mark_early(apps, schema_editor):
    """Until now only the note said it."""
    entries = apps.get_model("rewards", "PointsEntry").objects
    was_early = Q(note__endswith=", paid early", payment__isnull=False, points__gt=0)
    entries.filter(was_early).update(is_early=True)


class Migration(migrations.Migration):
    dependencies = [("rewards", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="pointsentry",
            name="is_early",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(mark_early, migrations.RunPython.noop, elidable=True),
    ]
