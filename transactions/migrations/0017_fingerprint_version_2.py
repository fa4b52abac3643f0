"""Fingerprints without accents (version 2), recomputed for every stored line.

In short pieces, so that nobody waits for a line.
"""

from django.db import migrations, transaction

from transactions.fingerprints import fingerprint

ROWS_AT_ONCE = 2000
COLUMNS = ("pk", "txn_date", "signed_amount", "currency", "description", "fingerprint")


def recompute(apps, schema_editor):
    for name in ("Transaction", "ImportRow"):
        model = apps.get_model("transactions", name)
        _recompute(model.objects.using(schema_editor.connection.alias))


def _recompute(rows):
    marked, last = rows.exclude(fingerprint=None).order_by("pk"), 0
    while True:
        with transaction.atomic(using=rows.db):
            locked = marked.filter(pk__gt=last).select_for_update()
            piece = list(locked.only(*COLUMNS)[:ROWS_AT_ONCE])
            moved = []
            for row in piece:
                now = fingerprint(row.txn_date, row.signed_amount, row.currency, row.description)
                if now != row.fingerprint:
                    row.fingerprint = now
                    moved.append(row)
            rows.bulk_update(moved, ["fingerprint"], 500)
        if not piece:
            return
        last = piece[-1].pk


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("transactions", "0016_reviews_and_bank_lines")]

    operations = [migrations.RunPython(recompute, migrations.RunPython.noop, elidable=True)]
