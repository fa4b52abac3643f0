from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("transactions", "0033_pending_lines_no_longer_listed"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="transaction",
            index=models.Index(
                condition=models.Q(("deleted_at", None), ("status", "pending")),
                fields=["account", "txn_date"],
                name="transaction_pending",
            ),
        ),
    ]
