"""Fill what staff search of a person in short pieces, so that nobody waits for the table."""

from django.db import migrations, transaction

from banking.kernel.fields import folded

ROWS_AT_ONCE = 1000


def fill(apps, schema_editor):
    database = schema_editor.connection.alias
    people, last = apps.get_model("users", "User").objects.using(database), 0
    while True:
        with transaction.atomic(using=database):
            rows = people.select_for_update().filter(pk__gt=last).order_by("pk")
            piece = list(rows.only("name", "email", "phone")[:ROWS_AT_ONCE])
            for row in piece:
                digits = "".join(char for char in row.phone if char in "0123456789")
                row.search_text = folded(f"{row.name}\n{row.email}\n{digits}")
            people.bulk_update(piece, ["search_text"], 200)
        if not piece:
            return
        last = piece[-1].pk


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("users", "0008_staff_wording")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
