"""Texts folded anew for searching without case and accents, in short pieces, so that nobody waits."""

from django.db import migrations, transaction

from banking.kernel.fields import folded

ROWS_AT_ONCE = 1000


def fold_texts(apps, schema_editor):
    for name, sources in (
        ("Transaction", {"search_text": ("description", "merchant", "notes"),
                         "merchant_key": ("merchant",)}),
        ("TransactionSplit", {"notes_key": ("notes",)}),
    ):  # fmt: skip
        _fold(
            apps.get_model("transactions", name).objects.using(schema_editor.connection.alias),
            sources,
        )


def _fold(rows, sources):
    columns, last = {name for names in sources.values() for name in names}, 0
    while True:
        with transaction.atomic(using=rows.db):
            locked = rows.filter(pk__gt=last).order_by("pk").select_for_update()
            piece = list(locked.only(*columns, *sources)[:ROWS_AT_ONCE])
            rows.bulk_update(_moved(piece, sources), list(sources), 200)
        if not piece:
            return
        last = piece[-1].pk


def _moved(piece, sources):
    """The rows whose folded texts change, with the new ones."""
    moved = []
    for row in piece:
        now = {
            name: folded("\n".join(getattr(row, source) for source in texts))
            for name, texts in sources.items()
        }
        if any(getattr(row, name) != text for name, text in now.items()):
            vars(row).update(now)
            moved.append(row)
    return moved


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("transactions", "0028_notices_as_codes")]

    operations = [migrations.RunPython(fold_texts, migrations.RunPython.noop, elidable=True)]
