"""Fingerprints without accents (version 2), recomputed for every stored line."""

from django.db import migrations

from transactions.fingerprints import fingerprint

ROWS_AT_ONCE = 2000
COLUMNS = ("pk", "txn_date", "signed_amount", "currency", "description", "fingerprint")


def recompute(apps, schema_editor):
    for name in ("Transaction", "ImportRow"):
        model = apps.get_model("transactions", name)
        _recompute(model.objects.using(schema_editor.connection.alias))


def _recompute(rows):
    rows, last = rows.exclude(fingerprint=None).order_by("pk"), 0
    while True:
        piece = list(rows.filter(pk__gt=last).only(*COLUMNS)[:ROWS_AT_ONCE])
        if not piece:
            return
        last = piece[-1].pk
        moved = []
        for row in piece:
            now = fingerprint(row.txn_date, row.signed_amount, row.currency, row.description)
            if now != row.fingerprint:
                row.fingerprint = now
                moved.append(row)
        rows.model._default_manager.using(rows.db).bulk_update(moved, ["fingerprint"], 500)


class Migration(migrations.Migration):
    dependencies = [("transactions", "0016_reviews_and_bank_lines")]

    operations = [migrations.RunPython(recompute, migrations.RunPython.noop, elidable=True)]
