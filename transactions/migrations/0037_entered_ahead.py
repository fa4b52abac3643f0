from django.conf import settings
from django.db import migrations, models

from banking.kernel.fields import BegunEverywhere


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_find_by_last_digits"),
        ("transactions", "0036_compared_after"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="transaction",
            index=models.Index(
                fields=["account", "txn_date"],
                condition=models.Q(
                    ("created_at__lt", BegunEverywhere("txn_date")),
                    ("deleted_at", None),
                    ("status", "posted"),
                ),
                name="transaction_entered_ahead",
            ),
        ),
    ]
