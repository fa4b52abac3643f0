"""What staff search of a person: name, email and phone, without case, accents and punctuation.

Its default is the database's, as processes of the version before still add people meanwhile.
"""

from django.db import migrations

import banking.kernel.fields


class Migration(migrations.Migration):
    dependencies = [("users", "0005_wording")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="search_text",
            field=banking.kernel.fields.FoldedField(
                *("name", "email", "phone_digits"),
                blank=True,
                db_default="",
                default="",
                editable=False,
            ),
        ),
    ]
