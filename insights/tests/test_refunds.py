"""A refund lowers the spending of its category everywhere; gross sums are shown separately."""

from decimal import Decimal

import pytest

from budgets.services import create_budget
from insights.figures.monthly_report import monthly_report
from tests.builders import NOON, make_account, make_transaction
from transactions.filters import TransactionFilter
from transactions.models import Category, Transaction
from transactions.services.splitting import Part, split_transaction

TODAY = NOON.date()


def category(slug):
    return Category.objects.get(user=None, slug=slug)


@pytest.fixture
def patient(alice):
    """500 spent on health and 200 of it refunded, with a salary of 1,000."""
    alice.base_currency = "EUR"
    alice.save()
    account = make_account(user=alice, opening_balance="1000.00")
    for amount, slug in (("-500", "health"), ("200", "health"), ("1000", "salary")):
        make_transaction(
            account=account,
            amount=amount,
            category=category(slug),
            txn_date=TODAY,
            merchant="Clinic" if slug == "health" else "Employer",
        )
    return alice


def test_every_page_and_endpoint_subtracts_the_refund(api_for, patient):
    budget = create_budget(
        actor=patient, user=patient, category=category("health"), year=TODAY.year,
        month=TODAY.month, limit_amount=Decimal(400),
    )  # fmt: skip
    api = api_for(patient)

    def ask(path):
        return api.get(f"/api/{path}").json()

    assert ask(f"budgets/{budget.pk}/progress")["spent"] == "300.00"
    totals = ask("insights/cash-flow?period=this_month")["totals"]
    assert (totals["income"], totals["expenses"], totals["net"]) == ("1000.00", "300.00", "700.00")
    assert totals["savings_rate_percent"] == 70.0
    gross = (totals["gross_income"], totals["gross_expenses"], totals["refunds"])
    assert gross == ("1200.00", "500.00", "200.00")
    (health,) = ask("insights/categories?period=this_month")["categories"]
    assert (health["total"], health["refunds"], health["gross_total"]) == (
        "300.00", "200.00", "500.00",
    )  # fmt: skip
    (clinic,) = ask("insights/merchants?period=this_month")["merchants"]
    assert (clinic["total"], clinic["average"], clinic["transaction_count"]) == (
        "300.00", "500.00", 1,
    )  # fmt: skip
    overview = ask("dashboard/overview")
    assert overview["monthly_spending"]["total_spent"] == "300.00"
    assert overview["totals"]["income"] == "1000.00"
    assert overview["category_totals"][0]["total"] == "300.00"
    assert overview["budgets"][0]["spent"] == "300.00"
    assert ask("insights/yearly")["totals"]["expenses"] == "300.00"
    report = monthly_report(user=patient, month=TODAY.replace(day=1), on=TODAY)
    assert (report.flow.expenses, report.spending[0].total) == (300, 300)


def test_refunds_above_spending_give_a_negative_total_that_still_adds_up(api_for, patient):
    account = patient.accounts.get()
    make_transaction(
        account=account, amount="70", category=category("travel"), txn_date=TODAY, merchant="Rail"
    )
    api = api_for(patient)
    rows = api.get("/api/insights/categories?period=this_month").json()
    assert {row["category"]: row["total"] for row in rows["categories"]} == {
        "health": "300.00", "travel": "-70.00",
    }  # fmt: skip
    assert rows["total"] == "230.00"
    rows = api.get("/api/insights/merchants?period=this_month").json()
    assert {row["merchant"]: row["total"] for row in rows["merchants"]} == {
        "Clinic": "300.00", "Rail": "-70.00",
    }  # fmt: skip
    assert rows["total"] == "230.00"


@pytest.mark.parametrize(("slug", "income"), [(None, "1040.00"), ("salary", "1040.00")])
def test_an_inflow_in_another_category_is_income(api_for, patient, slug, income):
    account = patient.accounts.get()
    make_transaction(
        account=account, amount="40", category=slug and category(slug), txn_date=TODAY,
        category_source="none",
    )  # fmt: skip
    totals = api_for(patient).get("/api/insights/cash-flow?period=this_month").json()["totals"]
    assert (totals["income"], totals["expenses"]) == (income, "300.00")


def test_a_split_refund_lowers_each_of_its_categories(api_for, patient):
    account = patient.accounts.get()
    row = make_transaction(account=account, amount="90", txn_date=TODAY, merchant="Clinic")
    parts = [Part(Decimal(60), category("health")), Part(Decimal(30), category("groceries"))]
    split_transaction(actor=patient, transaction=row, parts=parts)
    api = api_for(patient)
    totals = api.get("/api/insights/cash-flow?period=this_month").json()["totals"]
    assert (totals["income"], totals["expenses"]) == ("1000.00", "210.00")
    merchants = api.get("/api/insights/merchants?period=this_month").json()
    assert merchants["total"] == "210.00"
    found = TransactionFilter(
        {"counts_as": "spending", "transfers": "exclude"},
        queryset=Transaction.objects.visible_to(patient),
    ).qs
    assert -sum(row.counted_amount for row in found) == 210


def test_the_linked_lists_add_up_to_the_figures(api_for, client_for, patient):
    api = api_for(patient)
    spending = api.get("/api/transactions?counts_as=spending").json()["results"]
    assert sorted(row["signed_amount"] for row in spending) == ["-500.00", "200.00"]
    income = api.get("/api/transactions?counts_as=income").json()["results"]
    assert [row["signed_amount"] for row in income] == ["1000.00"]
    page = client_for(patient).get("/insights/cash-flow/?period=this_month").content.decode()
    assert "Refunds lower the spending of their category." in page
    for words in ("1,200.00", "came in and", "500.00", "went out"):
        assert words in page
    listed = client_for(patient).get("/transactions/?counts_as=spending").content.decode()
    assert "Spending, with its refunds" in listed
