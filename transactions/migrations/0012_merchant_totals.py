import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Case, Count, F, Q, Sum, When
from django.db.models.functions import TruncMonth

import banking.kernel.fields

ROWS_AT_ONCE = 2_000


def add_up_what_there_is(apps, schema_editor):
    """The totals of the rows that stand already, one account after the other."""
    using = schema_editor.connection.alias
    accounts = apps.get_model("accounts", "Account").objects.using(using)
    rows = apps.get_model("transactions", "Transaction").objects.using(using)
    totals = apps.get_model("transactions", "MerchantTotal").objects.using(using)
    for account_id in accounts.order_by("pk").values_list("pk", flat=True):
        posted = rows.filter(account_id=account_id, status="posted", deleted_at=None)
        kind = Case(When(is_split=True, then=None), default=F("category_id"))
        sums = (
            posted.order_by()
            .annotate(month=TruncMonth("txn_date"), kind=kind)
            .values_list("month", "merchant", "kind")
            .annotate(
                inflow=Sum("signed_amount", filter=Q(signed_amount__gt=0)),
                negative=Sum("signed_amount", filter=Q(signed_amount__lt=0)),
                count=Count("id"),
                outflow_count=Count("id", filter=Q(signed_amount__lt=0)),
            )
        )
        batch = []
        for month, merchant, category_id, inflow, negative, count, out in sums.iterator(
            chunk_size=ROWS_AT_ONCE
        ):
            batch.append(
                totals.model(
                    account_id=account_id,
                    month=month,
                    merchant=merchant,
                    category_id=category_id,
                    inflow=inflow or 0,
                    outflow=-(negative or 0),
                    transaction_count=count,
                    outflow_count=out,
                )
            )
            if len(batch) == ROWS_AT_ONCE:
                totals.bulk_create(batch)
                batch = []
        totals.bulk_create(batch)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_initial"),
        ("transactions", "0011_batches_of_many_rows"),
    ]

    operations = [
        migrations.CreateModel(
            name="MerchantTotal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField()),
                ("merchant", models.CharField(blank=True, max_length=200)),
                ("inflow", banking.kernel.fields.AmountField(default=0)),
                ("outflow", banking.kernel.fields.AmountField(default=0)),
                ("transaction_count", models.IntegerField(default=0)),
                ("outflow_count", models.IntegerField(default=0)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="merchant_totals",
                        to="accounts.account",
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="transactions.category",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("category__isnull", False)),
                        fields=("account", "month", "merchant", "category"),
                        name="merchant_total_unique",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("category", None)),
                        fields=("account", "month", "merchant"),
                        name="merchant_total_unique_uncategorized",
                    ),
                ],
            },
        ),
        migrations.RunPython(add_up_what_there_is, migrations.RunPython.noop),
    ]
