"""Search without case and accents: texts folded anew, tags of one name merged."""

from django.db import migrations

import banking.kernel.fields

folded = banking.kernel.fields.folded
ROWS_AT_ONCE = 2000


def fold_texts(apps, schema_editor):
    alias = schema_editor.connection.alias
    for name, sources in (
        ("Transaction", {"search_text": ("description", "merchant", "notes"),
                         "merchant_key": ("merchant",)}),
        ("TransactionSplit", {"notes_key": ("notes",)}),
        ("Tag", {"name_key": ("name",)}),
    ):  # fmt: skip
        _fold(apps.get_model("transactions", name).objects.using(alias), sources)


def _fold(rows, sources):
    columns, last = {name for names in sources.values() for name in names}, 0
    while True:
        piece = list(
            rows.order_by("pk").filter(pk__gt=last).only(*columns, *sources)[:ROWS_AT_ONCE]
        )
        if not piece:
            return
        last = piece[-1].pk
        moved = []
        for row in piece:
            now = {
                name: folded("\n".join(getattr(row, source) for source in texts))
                for name, texts in sources.items()
            }
            if any(getattr(row, name) != text for name, text in now.items()):
                vars(row).update(now)
                moved.append(row)
        rows.bulk_update(moved, list(sources), 200)


def merge_tags(apps, schema_editor):
    """The oldest tag of a name stays; rows and the undo of changes refer to it."""
    alias = schema_editor.connection.alias
    tags = apps.get_model("transactions", "Tag").objects.using(alias)
    stays, gone = {}, {}
    for pk, user_id, name in tags.order_by("pk").values_list("pk", "user_id", "name"):
        kept = stays.setdefault((user_id, folded(name)), pk)
        if kept != pk:
            gone[pk] = kept
    if not gone:
        return
    link = apps.get_model("transactions", "Transaction").tags.through
    for old, kept in gone.items():
        links = link.objects.using(alias).filter(tag_id=old)
        ids = list(links.values_list("transaction_id", flat=True))
        both = link.objects.using(alias).filter(tag_id=kept, transaction_id__in=ids)
        links.filter(
            transaction_id__in=list(both.values_list("transaction_id", flat=True))
        ).delete()
        links.update(tag_id=kept)
    users = set(tags.filter(pk__in=gone).values_list("user_id", flat=True))
    rows = apps.get_model("transactions", "ChangeRow").objects.using(alias)
    for row in rows.filter(transaction__user_id__in=users, after__has_key="tags").iterator():
        for side in (row.before, row.after):
            side["tags"] = sorted({gone.get(pk, pk) for pk in side["tags"]})
        row.save(update_fields=["before", "after"])
    items = apps.get_model("transactions", "ReviewItem").objects.using(alias)
    for item in items.filter(account__user_id__in=users, undo__has_key="tags").iterator():
        item.undo["tags"] = sorted({gone.get(pk, pk) for pk in item.undo["tags"]})
        item.save(update_fields=["undo"])
    tags.filter(pk__in=gone).delete()


class Migration(migrations.Migration):
    dependencies = [("transactions", "0024_reasons_as_codes")]

    operations = [
        migrations.AddField(
            model_name="tag",
            name="name_key",
            field=banking.kernel.fields.FoldedField("name", blank=True, default="", editable=False),
        ),
        migrations.AddField(
            model_name="transactionsplit",
            name="notes_key",
            field=banking.kernel.fields.FoldedField(
                "notes", blank=True, default="", editable=False
            ),
        ),
        migrations.RunPython(fold_texts, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(merge_tags, migrations.RunPython.noop, elidable=True),
    ]
