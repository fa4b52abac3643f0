"""Every figure of the home page equals a recomputation over all rows, and its link's lines add up
to it: for the demo household and for random people.
"""

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import Account, ExchangeRate
from banking.kernel.periods import first_of_month
from insights.demo.loading import load_demo
from insights.figures.links import Links
from insights.figures.period_choice import choose_period
from insights.home.account_lines import EVENINGS
from insights.home.context import home_context
from insights.home.page import home_page
from insights.tests.recomputation import recomputed_flows, recomputed_net_worth
from insights.tests.test_home_page import rows_behind, total_behind
from tests.builders import make_account, make_transaction, make_user
from tests.depth import up_to
from transactions.models import Category, Transaction
from users.models import User
from users.timezones import today_in

pytestmark = pytest.mark.django_db


def balance_on(account, day):
    rows = Transaction.objects.filter(account=account, deleted_at=None, status="posted")
    return account.opening_balance + sum(
        (row.signed_amount for row in rows if row.txn_date <= day), Decimal(0)
    )


def assert_home_is_right(user, on):
    page = home_page(user=user, choice=choose_period({}, on=on), on=on)
    context, links = home_context(page), Links(page.overview.coverage)
    base, first = user.base_currency, first_of_month(on)
    month = recomputed_flows(user, base, first, on)
    assert page.pace.spent == month["expenses"]
    assert page.overview.totals.income == month["income"]
    before = page.pace.before_so_far
    assert (
        page.pace.before == recomputed_flows(user, base, before.start, before.last_day)["expenses"]
    )
    by_category = {row.slug or None: row.total for row, _url in context["categories"]}
    assert by_category == {slug: sum_ for slug, sum_ in month["by_category"].items() if sum_}
    assert page.overview.net_worth.total == recomputed_net_worth(user, base, on)[0]
    assert page.worth[-1].total == page.overview.net_worth.total
    for line in page.accounts:
        days = [on - timedelta(days=back) for back in range(EVENINGS, -1, -1)]
        assert list(line.balances) == [balance_on(line.account, day) for day in days]
        assert len(rows_behind(user, links.account(line.account.pk))) == len(
            Transaction.objects.filter(account=line.account, deleted_at=None)
        )
    at_hand = {part.account.pk: part for part in page.outlook.safe.at_hand}
    spendable = Account.objects.owned_by(user).active()
    spendable = spendable.filter(account_type__in=["checking", "cash", "credit_card"])
    for account in spendable:
        if account.pk in at_hand and account.currency == base:
            assert at_hand[account.pk].amount == balance_on(account, on)
    assert page.outlook.safe.amount == sum(part.amount for part in page.outlook.safe.at_hand) - sum(
        part.amount for part in page.outlook.safe.deductions
    )
    assert page.needs.uncategorized.count == len(rows_behind(user, context["uncategorized_url"]))
    if not month["left_out"]:
        _assert_links_add_up(user, page, context)


def _assert_links_add_up(user, page, context):
    """Lists in a single currency add up to their figures."""
    if {account.currency for account in page.overview.coverage.accounts} != {user.base_currency}:
        return
    assert total_behind(user, context["pace_url"]) == page.pace.spent
    assert total_behind(user, context["pace_before_url"]) == page.pace.before
    for tile in context["tiles"]:
        assert total_behind(user, tile.url) == abs(tile.amount)
    for row, url in context["categories"]:
        assert total_behind(user, url) == abs(row.total)


@pytest.mark.slow
def test_home_of_the_demo_household():
    on = today_in("America/New_York")
    load_demo(on=on, transaction_count=400)
    assert_home_is_right(User.objects.get(email="demo@example.com"), on)


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(up_to(6, quick=2)))
def test_home_of_random_people(seed):
    dice = random.Random(seed)
    on = today_in("UTC")
    user = make_user(f"p{seed}@example.org", base_currency="USD")
    currencies = ["USD"] if seed % 2 else ["USD", "EUR", "CHF"]
    for back in range(0, 160, 4):
        ExchangeRate.objects.create(
            base="EUR", quote="USD", rate="1.25", rate_on=on - timedelta(days=back), source="test"
        )
    accounts = [
        make_account(
            user=user,
            name=f"{kind} {currency}",
            account_type=kind,
            currency=currency,
            opening_balance="9000",
            overdraft_limit="0" if kind in ("savings", "cash") else "9000",
        )
        for kind in ("checking", "savings", "credit_card", "cash")
        for currency in currencies
    ]
    categories = [None, *Category.objects.filter(user=None).order_by("pk")]
    for _ in range(50):
        make_transaction(
            account=dice.choice(accounts),
            amount=str(dice.choice([-1, -1, -1, 1]) * dice.randint(1, 20000) / Decimal(100)),
            txn_date=on - timedelta(days=dice.randint(0, 80)),
            category=dice.choice(categories),
        )
    assert_home_is_right(user, on)
