from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_find_by_last_digits"),
        ("transactions", "0030_problems_as_codes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="transaction",
            index=models.Index(
                models.OrderBy(models.F("txn_date"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="transaction_by_date",
            ),
        ),
    ]
