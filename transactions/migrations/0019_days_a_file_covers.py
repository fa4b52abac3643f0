"""The days each import is a statement of, computed for those there are."""

from django.db import migrations, models
from django.db.models import Max, Min


def compute(apps, schema_editor):
    alias = schema_editor.connection.alias
    batches = apps.get_model("transactions", "ImportBatch").objects.using(alias)
    rows = apps.get_model("transactions", "ImportRow").objects.using(alias)
    for pk in batches.values_list("pk", flat=True).order_by("pk"):
        booked = rows.filter(batch_id=pk, is_pending=False).exclude(fingerprint=None)
        days = booked.aggregate(first=Min("txn_date"), last=Max("txn_date"))
        batches.filter(pk=pk).update(covers_from=days["first"], covers_to=days["last"])


class Migration(migrations.Migration):
    dependencies = [("transactions", "0018_wording")]

    operations = [
        migrations.AddField(
            model_name="importbatch",
            name="covers_from",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="covers_to",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="importbatch",
            index=models.Index(fields=["account", "covers_to"], name="import_batch_by_account"),
        ),
        migrations.RunPython(compute, migrations.RunPython.noop),
    ]
