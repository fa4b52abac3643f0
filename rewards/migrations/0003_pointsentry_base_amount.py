from django.db import migrations

import banking.kernel.fields


class Migration(migrations.Migration):
    dependencies = [("rewards", "0002_pointsentry_is_early")]

    operations = [
        migrations.AddField(
            model_name="pointsentry",
            name="base_amount",
            field=banking.kernel.fields.AmountField(blank=True, null=True),
        ),
    ]
