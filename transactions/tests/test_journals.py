"""The exported journals are read by the actual tools, which show our exact balances."""

import csv
import io
import subprocess
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from beancount import loader
from beancount.core.data import Transaction as Booked

from tests import servers
from tests.builders import NOON, make_account, make_transaction
from transactions.journals import journal_lines
from transactions.models import Transaction
from transactions.services.categories import create_category
from transactions.services.splitting import Part, split_transaction
from transactions.services.transfers import transfer_funds

pytestmark = pytest.mark.django_db
ODD = 'Ca;fé | "x" \\ (a) * 2026-01-01 ! @ =1\n  assets:x  5'


@pytest.fixture
def ledger(alice, groceries):
    """Three accounts in three currencies, with splits, transfers, unusual text, pending and planned
    transactions.
    """
    everyday = make_account(user=alice, name="Everyday", opening_balance="1000.10")
    yen = make_account(user=alice, name="日本: 円;", currency="JPY", opening_balance="50000")
    dinar = make_account(user=alice, name="everyday", currency="KWD", opening_balance="9.125")
    row = make_transaction(account=everyday, amount="-90.00", description=ODD, notes=ODD)
    parts = [Part(Decimal(-60), groceries), Part(Decimal(-30), None)]
    split_transaction(actor=alice, transaction=row, parts=parts)
    make_transaction(account=everyday, amount="2.50", merchant=ODD, tags=["a, b", "c:"])
    make_transaction(account=dinar, amount="-1.234", category=groceries)
    make_transaction(account=everyday, amount="-7.00", status="pending", description=ODD)
    make_transaction(account=yen, amount="-3000", txn_date=NOON.date() + timedelta(days=3))
    transfer_funds(
        actor=alice,
        source=everyday,
        target=yen,
        amount=Decimal(10),
        target_amount=Decimal(1600),
        on=row.txn_date,
    )
    accounts = [everyday, yen, dinar]
    for account in accounts:
        account.refresh_from_db()
    return accounts


def journal(user, name, **filters):
    rows = Transaction.objects.visible_to(user).filter(**filters).order_by("-txn_date", "-id")
    return "".join(journal_lines(rows, user, name))


def by_beancount(text):
    entries, errors, _options = loader.load_string(text)
    assert not errors, errors
    sums = Counter()
    for entry in entries:
        for posting in entry.postings if isinstance(entry, Booked) else ():
            if posting.account.startswith(("Assets", "Liabilities")):
                sums[posting.account, posting.units.currency] += posting.units.number
    return sorted((currency, amount) for (_, currency), amount in sums.items())


def by_hledger(text):
    command = [servers.hledger(), "-f-", "balance", "--flat", "--empty", "-O", "csv"]
    command.append("Assets|Liabilities")
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    amounts = [
        row[1].split() for row in csv.reader(io.StringIO(done.stdout)) if row[0][:6] != "accoun"
    ]
    return sorted((unit, Decimal(figure)) for figure, unit in amounts[:-1])


def ours(accounts):
    return sorted((account.currency, account.balance) for account in accounts)


def test_beancount_shows_our_balances(alice, ledger):
    assert by_beancount(journal(alice, "beancount")) == ours(ledger)


@pytest.mark.hledger
def test_hledger_shows_our_balances(alice, ledger):
    assert by_hledger(journal(alice, "hledger")) == ours(ledger)


@pytest.mark.parametrize("name", ["beancount", pytest.param("hledger", marks=pytest.mark.hledger)])
def test_partial_account_has_no_opening_balance(alice, ledger, name):
    text = journal(alice, name, account=ledger[0], signed_amount__gt=0)
    assert "Opening balance" not in text
    read = {"beancount": by_beancount, "hledger": by_hledger}[name]
    assert read(text) == [("EUR", Decimal("2.50"))]


NAMES = [
    *("Main", "Main", "MAIN", "Main 2", "Main-1", "main 1 1"),
    *("日本", "日 本", "5", "!!", "Ca:fé; (old)", "[virtual]", "  two  spaces  ", "=x", "* @ {1}"),
    *("a" * 80, "Ünïcödé ½", "assets:cash", "é", "2026-01-01 open"),
]


@pytest.fixture
def odd(alice):
    """Accounts of every kind and many currencies with odd names; categories, parts, tags and
    transfers between them.
    """
    currencies = ["EUR", "JPY", "KWD", "USD", "CHF", "HUF", "ISK"]
    kinds = ["checking", "credit_card", "loan", "cash"]
    accounts = [
        make_account(
            user=alice,
            name=name,
            currency=currencies[place % len(currencies)],
            account_type=kinds[place % len(kinds)],
            opening_balance=["1000", "-5", "0"][place % 3],
            overdraft_limit="100000",
        )
        for place, name in enumerate(NAMES)
    ]
    categories = [
        create_category(actor=alice, user=alice, name=name, kind="expense")
        for name in ("日用品", "日", "Food: out", "(Gifts)", "a;b", "1st", '"')
    ]
    for place, account in enumerate(accounts):
        category = categories[place % len(categories)]
        note = ["date:2020-01-01", "[2020-01-01]", "date: x, y:z", ODD][place % 4]
        row = make_transaction(
            account=account,
            amount="-90",
            description=note,
            notes=note,
            tags=["a:b", "c, d", note[:9]],
        )
        if place % 2:
            parts = [Part(Decimal(-100), category), Part(Decimal(10), None, note)]
            split_transaction(actor=alice, transaction=row, parts=parts)
        make_transaction(account=account, amount="3", category=category, merchant="=(x) *")
        make_transaction(account=account, amount="-1", txn_date=NOON.date() + timedelta(days=9))
    for source, target in pairwise(accounts):
        amounts = {"amount": Decimal(7)}
        if source.currency != target.currency:
            amounts["target_amount"] = Decimal(11)
        transfer_funds(actor=alice, source=source, target=target, on=row.txn_date, **amounts)
    for account in accounts:
        account.refresh_from_db()
    return accounts


@pytest.mark.slow
@pytest.mark.parametrize("name", ["beancount", pytest.param("hledger", marks=pytest.mark.hledger)])
def test_odd_names_never_share_an_account(alice, odd, name):
    read = {"beancount": by_beancount, "hledger": by_hledger}[name]
    assert read(journal(alice, name)) == ours(odd)


@pytest.mark.hledger
def test_page_and_api_serve_a_journal_in_the_requested_format(alice, ledger, client_for, api_for):
    answer = client_for(alice).get("/transactions/export/?format=hledger&currency=KWD")
    text = b"".join(answer.streaming_content).decode()
    assert by_hledger(text) == [("KWD", Decimal("7.891"))]
    assert ".hledger" in answer["Content-Disposition"]
    body = {"format": "beancount", "currency": "KWD"}
    answer = api_for(alice).post("/api/export/csv", body, format="json")
    text = b"".join(answer.streaming_content).decode()
    assert by_beancount(text) == [("KWD", Decimal("7.891"))]
    answer = api_for(alice).post("/api/export/csv", {"format": "pdf"}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "format")
    assert client_for(alice).get("/transactions/export/?format=pdf").status_code == 302
