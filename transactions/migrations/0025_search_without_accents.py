"""Search without case and accents: tags of one name merged. Migration 0029 folds other texts."""

from django.db import migrations

import banking.kernel.fields

folded = banking.kernel.fields.folded


def fold_tags(apps, schema_editor):
    tags = apps.get_model("transactions", "Tag").objects.using(schema_editor.connection.alias)
    for tag in tags.only("name").iterator():
        tags.filter(pk=tag.pk).update(name_key=folded(tag.name))


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
        migrations.RunPython(fold_tags, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(merge_tags, migrations.RunPython.noop, elidable=True),
    ]
