import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Count, F, Q, Sum

import banking.kernel.fields

ROWS_AT_ONCE = 2_000


def add_up_what_there_is(apps, schema_editor):
    """Compute totals for existing rows, one account and year at a time."""
    using = schema_editor.connection.alias
    accounts = apps.get_model("accounts", "Account").objects.using(using)
    rows = apps.get_model("transactions", "Transaction").objects.using(using)
    parts = apps.get_model("transactions", "TransactionSplit").objects.using(using)
    totals = apps.get_model("transactions", "DailyTotal").objects.using(using)
    for account_id in accounts.order_by("pk").values_list("pk", flat=True):
        posted = rows.filter(account_id=account_id, status="posted", deleted_at=None)
        for year in posted.order_by("txn_date__year").values_list("txn_date__year").distinct():
            of_year = posted.filter(txn_date__year=year[0])
            sums = {}
            whole = of_year.filter(is_split=False)
            _add(sums, whole.order_by().values_list("txn_date", "category_id"))
            split = parts.filter(transaction__in=of_year.filter(is_split=True).values("pk"))
            _add(sums, split.order_by().values_list("transaction__txn_date", "category_id"))
            totals.bulk_create(
                [
                    totals.model(
                        account_id=account_id,
                        day=day,
                        category_id=category_id,
                        inflow=inflow,
                        outflow=outflow,
                        transaction_count=count,
                    )
                    for (day, category_id), (inflow, outflow, count) in sums.items()
                ],
                batch_size=ROWS_AT_ONCE,
            )


def _add(sums, grouped):
    """Add the grouped sums to {(day, category): (inflow, outflow, count)}."""
    for day, category_id, inflow, negative, count in grouped.annotate(
        inflow=Sum("signed_amount", filter=Q(signed_amount__gt=0)),
        negative=Sum("signed_amount", filter=Q(signed_amount__lt=0)),
        count=Count("id"),
    ):
        was = sums.get((day, category_id), (0, 0, 0))
        now = (was[0] + (inflow or 0), was[1] - (negative or 0), was[2] + count)
        sums[day, category_id] = now


def open_months(apps, schema_editor):
    """Queue the months of foreign accounts for the worker."""
    using = schema_editor.connection.alias
    monthly = apps.get_model("transactions", "MonthlyTotal").objects.using(using)
    converted = apps.get_model("transactions", "ConvertedMonth").objects.using(using)
    foreign = monthly.exclude(account__currency=F("user__base_currency")).order_by()
    months = foreign.values_list("account_id", "month", "user__base_currency").distinct()
    converted.bulk_create(
        [
            converted.model(account_id=account_id, month=month, currency=currency)
            for account_id, month, currency in months
        ],
        batch_size=ROWS_AT_ONCE,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_rate_months"),
        ("transactions", "0022_learned_categories"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyTotal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("inflow", banking.kernel.fields.AmountField(default=0)),
                ("outflow", banking.kernel.fields.AmountField(default=0)),
                ("transaction_count", models.IntegerField(default=0)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="daily_totals",
                        to="accounts.account",
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        db_constraint=False,
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
                        fields=("account", "day", "category"),
                        name="daily_total_unique",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("category", None)),
                        fields=("account", "day"),
                        name="daily_total_unique_uncategorized",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConvertedMonth",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField()),
                ("currency", banking.kernel.fields.CurrencyField()),
                ("rates_version", models.IntegerField(default=0)),
                ("sums", models.TextField(blank=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="converted_months",
                        to="accounts.account",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "month", "currency"), name="converted_month_unique"
                    ),
                ],
            },
        ),
        migrations.RunPython(add_up_what_there_is, migrations.RunPython.noop),
        migrations.RunPython(open_months, migrations.RunPython.noop),
    ]
