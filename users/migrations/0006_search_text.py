"""What staff search of a person: name, email and phone, without case, accents and punctuation."""

from django.db import migrations

import banking.kernel.fields

folded = banking.kernel.fields.folded
ROWS_AT_ONCE = 2000


def fill(apps, schema_editor):
    rows, last = apps.get_model("users", "User").objects.using(schema_editor.connection.alias), 0
    while True:
        wanted = rows.order_by("pk").filter(pk__gt=last).only("name", "email", "phone")
        piece = list(wanted[:ROWS_AT_ONCE])
        if not piece:
            return
        last = piece[-1].pk
        for row in piece:
            digits = "".join(char for char in row.phone if char in "0123456789")
            row.search_text = folded(f"{row.name}\n{row.email}\n{digits}")
        rows.bulk_update(piece, ["search_text"], 200)


class Migration(migrations.Migration):
    dependencies = [("users", "0005_wording")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="search_text",
            field=banking.kernel.fields.FoldedField(
                "name", "email", "phone_digits", blank=True, default="", editable=False
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
