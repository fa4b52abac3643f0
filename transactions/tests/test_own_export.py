"""Importing our own export: the same ledger elsewhere, nothing new in the original."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.db.models import Sum
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NOON, make_account, make_transaction, make_user
from tests.depth import up_to
from transactions.exports import csv_lines
from transactions.ledger_check import check_ledger
from transactions.models import (
    Category,
    ReviewItem,
    Transaction,
    TransactionSplit,
    Transfer,
)
from transactions.services.bulk_posting import HistoryRow, post_many
from transactions.services.categories import create_category
from transactions.services.import_confirming import revert_import
from transactions.services.import_details import ROWS_AT_ONCE
from transactions.services.posting import post_passed
from transactions.services.reviewing import decide
from transactions.services.splitting import Part, split_transaction
from transactions.services.transfers import transfer_funds
from transactions.sources.files.own_csv import HEADINGS, is_own, packed, unpacked
from transactions.tests.import_samples import counts_of, imported, totals_of

pytestmark = pytest.mark.django_db
TODAY = NOON.date()


def exported(user, **filters):
    rows = Transaction.objects.visible_to(user).filter(**filters).order_by("-txn_date", "-id")
    return "".join(csv_lines(rows, user)).encode()


def contents_of(account):
    """Everything a person sees of an account's transactions, without the ledger's own ids."""
    rows = Transaction.objects.live().filter(account=account).prefetch_related("tags", "splits")
    return sorted(
        (
            *(row.txn_date, row.posted_date, row.signed_amount, row.description, row.merchant),
            *(row.category.slug if row.category else "", row.notes, row.status, row.external_id),
            sorted(tag.name for tag in row.tags.all()),
            [
                (part.category.slug if part.category else "", part.signed_amount, part.notes)
                for part in row.splits.order_by("pk")
            ],
        )
        for row in rows.select_related("category")
    ).__repr__()


@pytest.fixture
def elsewhere(bob):
    return make_account(user=bob, name="Everyday", currency="EUR", opening_balance="100")


@pytest.mark.slow
def test_tags_and_parts_are_restored_elsewhere_and_here(checking, elsewhere, groceries):
    row = make_transaction(account=checking, amount="-90.00", tags=["trip", "work"])
    split_transaction(
        actor=checking.user,
        transaction=row,
        parts=[Part(Decimal(-60), groceries, 'a, "b"\nc'), Part(Decimal(-30), None, "")],
    )
    content = exported(checking.user)
    assert counts_of(imported(checking, content)) == {"read": 1, "duplicate": 1}
    batch = imported(elsewhere, content)
    assert counts_of(batch) == {"read": 1, "added": 1}
    assert contents_of(elsewhere) == contents_of(checking)
    assert totals_of(elsewhere) == totals_of(checking)
    assert check_ledger().is_clean
    revert_import(actor=elsewhere.user, batch=batch, at=NOON)
    assert totals_of(elsewhere) == []
    assert check_ledger().is_clean


@pytest.mark.slow
def test_pending_and_planned_lines_keep_their_status(checking, elsewhere):
    make_transaction(account=checking, description="Held", status="pending")
    make_transaction(
        account=checking, description="Rent", amount="-9", txn_date=TODAY + timedelta(days=9)
    )
    content = exported(checking.user)
    before = contents_of(checking)
    assert counts_of(imported(checking, content)) == {"read": 2, "duplicate": 2}
    assert contents_of(checking) == before
    imported(elsewhere, content)
    assert contents_of(elsewhere) == before
    elsewhere.refresh_from_db()
    assert elsewhere.balance == 100
    assert counts_of(imported(elsewhere, content + b"\r\n")) == {"read": 2, "duplicate": 2}
    assert contents_of(elsewhere) == before


def test_category_is_found_by_its_label_in_the_file(checking, elsewhere, groceries):
    theirs = create_category(
        actor=checking.user, user=checking.user, name="Climbing", kind=Category.Kind.EXPENSE
    )
    make_transaction(account=checking, description="Rope", category=theirs)
    make_transaction(account=checking, description="Bread", category=groceries)
    make_transaction(account=checking, description="LIDL 44", amount="-4")
    content = exported(checking.user)
    imported(elsewhere, content)
    found = Transaction.objects.filter(account=elsewhere).values_list(
        "description", "category__slug"
    )
    # No category there has this name, and no rule or merchant map fills in what was blank.
    assert dict(found) == {"Rope": None, "Bread": "groceries", "LIDL 44": None}


@pytest.mark.slow
def test_both_sides_of_a_transfer_are_paired_again(alice, checking, bob, elsewhere):
    savings = make_account(user=alice, name="Savings", currency="EUR")
    make_transaction(account=checking, amount="500.00", description="Salary")
    transfer_funds(
        actor=alice, source=checking, target=savings, amount=Decimal(50), on=date(2026, 3, 15)
    )
    other = make_account(user=bob, name="Savings", currency="EUR")
    imported(elsewhere, exported(alice, account=checking))
    assert not Transfer.objects.filter(user=bob).exists()
    imported(other, exported(alice, account=savings))
    pair = Transfer.objects.get(user=bob)
    assert pair.status == Transfer.Status.CONFIRMED
    assert pair.outflow_transaction.account == elsewhere
    assert pair.inflow_transaction.account == other
    assert check_ledger().is_clean
    # Importing it again changes nothing.
    counts = counts_of(imported(other, exported(alice, account=savings) + b"\r\n"))
    assert counts == {"read": 1, "duplicate": 1}
    assert Transfer.objects.filter(user=bob).count() == 1


def test_partial_export_makes_no_claims_about_other_lines(checking):
    for day in range(1, 8):
        make_transaction(account=checking, description=f"Line {day}", txn_date=date(2026, 3, day))
    batch = imported(checking, exported(checking.user, txn_date__in=["2026-03-01", "2026-03-07"]))
    assert (counts_of(batch), batch.warnings) == ({"read": 2, "duplicate": 2}, [])


def test_an_export_from_before_is_still_read(elsewhere):
    headings = ",".join(HEADINGS[:12])
    line = (
        "2026-03-01,-9.00,EUR,'=Tea,'@home,Groceries,\"all, home\",'-1,Old,Pending,2026-03-02,'-7"
    )
    imported(elsewhere, f"\ufeff{headings}\r\n{line}\r\n".encode())
    row = Transaction.objects.get(account=elsewhere)
    assert (row.description, row.merchant, row.notes) == ("=Tea", "@home", "-1")
    assert (row.status, row.external_id, str(row.posted_date)) == ("pending", "-7", "2026-03-02")
    assert [tag.name for tag in row.tags.all()] == ["all", "home"]


@pytest.mark.slow
def test_a_planned_line_is_posted_by_the_export_of_a_later_day(checking, elsewhere):
    row = make_transaction(
        account=checking, amount="-9", txn_date=TODAY + timedelta(days=2), today=TODAY
    )
    imported(elsewhere, exported(checking.user))
    post_passed(Transaction.objects.filter(pk=row.pk), row.txn_date)
    batch = imported(elsewhere, exported(checking.user))
    assert counts_of(batch) == {"read": 1, "duplicate": 1}
    assert Transaction.objects.get(account=elsewhere).status == "posted"
    elsewhere.refresh_from_db()
    assert elsewhere.balance == 91
    assert check_ledger(elsewhere.pk).is_clean


@pytest.mark.slow
def test_a_line_marked_different_is_imported_with_its_tags_and_parts(
    checking, elsewhere, groceries
):
    row = make_transaction(account=checking, amount="-9.00", tags=["trip"], description="Tea")
    parts = [Part(Decimal(-4), groceries), Part(Decimal(-5), None)]
    split_transaction(actor=checking.user, transaction=row, parts=parts)
    make_transaction(account=elsewhere, amount="-9.00", description="Something else")
    batch = imported(elsewhere, exported(checking.user))
    assert counts_of(batch) == {"read": 1, "review": 1}
    decide(actor=elsewhere.user, item=ReviewItem.objects.get(), decision="different", at=NOON)
    came = Transaction.objects.get(account=elsewhere, description="Tea")
    assert came.is_split
    assert sorted(part.signed_amount for part in came.splits.all()) == [-5, -4]
    assert [tag.name for tag in came.tags.all()] == ["trip"]
    assert check_ledger(elsewhere.pk).is_clean


@pytest.mark.slow
def test_details_reach_their_lines_in_a_long_file(checking, elsewhere):
    rows = (
        HistoryRow(
            Decimal(-1), date(2026, 3, 1 + number % 28), f"Line {number}", tags=(f"t{number}",)
        )
        for number in range(ROWS_AT_ONCE + 50)
    )
    post_many(actor=None, account=checking, rows=rows)
    imported(elsewhere, exported(checking.user))
    links = Transaction.tags.through.objects.filter(transaction__account=elsewhere)
    pairs = set(links.values_list("transaction__description", "tag__name"))
    assert pairs == {(f"Line {number}", f"t{number}") for number in range(ROWS_AT_ONCE + 50)}


def test_category_filter_exports_the_same_parts_as_the_page(alice, checking, groceries, client_for):
    row = make_transaction(account=checking, amount="-90.00")
    make_transaction(account=checking, amount="-5.00", category=groceries)
    split_transaction(
        actor=alice,
        transaction=row,
        parts=[Part(Decimal(-60), groceries), Part(Decimal(-30), None)],
    )
    answer = client_for(alice).get("/transactions/export/?category=groceries")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    lines = csv.DictReader(io.StringIO(text, newline=""))
    assert sum(Decimal(line["Counted"]) for line in lines) == -65


@pytest.mark.parametrize(
    ("cells", "error"),
    [
        ("2026-03-01,x,EUR,Tea,,,,,A,Posted,,,,,,,", "amount"),
        ("2026-03-01,-1.00,EUR,Tea,,,,,A,Lost,,,,,,,", "status"),
        ('2026-03-01,-9.00,EUR,Tea,,,,,A,Posted,,,,"Food, -4.00\nFood, -4.00",,,', "parts"),
        ("2026-03-01,-9.00,EUR,Tea", ""),
    ],
)
def test_damaged_line_is_rejected_with_its_column(checking, cells, error):
    content = (",".join(HEADINGS) + "\r\n" + cells + "\r\n").encode()
    batch = imported(checking, content)
    assert counts_of(batch) == {"read": 1, "invalid": 1}
    assert batch.rows.get().attr == error


def test_export_saved_by_a_spreadsheet_is_read_as_a_table(checking):
    make_transaction(account=checking, amount="-4.00")
    content = exported(checking.user)
    assert is_own(content)
    again = content.replace(b"2026-03-15", b"15.03.2026")
    assert not is_own(again)
    assert counts_of(imported(checking, again)) == {"read": 1, "duplicate": 1}


@pytest.mark.slow
@given(st.lists(st.text(max_size=6), max_size=4))
def test_several_values_in_one_cell_round_trip(values):
    assert unpacked(packed(values)) == ([values] if values else [])


texts = st.text(
    st.one_of(
        st.sampled_from("=+-@'\"\t\r\n ,;|é漢"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    ),
    max_size=12,
)
NUMBERS = count()
LEDGERS = st.lists(
    st.fixed_dictionaries(
        {
            "amount": st.integers(-9_999, 9_999).filter(bool),
            "day": st.integers(-40, 40),
            "description": texts.filter(lambda text: text.strip()),
            "merchant": texts.map(str.strip),
            "notes": texts,
            "tags": st.lists(texts.map(str.strip).filter(bool), max_size=3, unique=True),
            "is_pending": st.booleans(),
            "is_split": st.booleans(),
            "part_note": texts,
        }
    ),
    max_size=12,
)


def written(account, ledger, category):
    for line in ledger:
        on = TODAY + timedelta(days=line["day"])
        row = make_transaction(
            account=account,
            amount=str(Decimal(line["amount"]).scaleb(-2)),
            txn_date=on,
            status="pending" if line["is_pending"] and on <= TODAY else "posted",
            **{name: line[name] for name in ("description", "merchant", "notes", "tags")},
        )
        if line["is_split"] and abs(line["amount"]) > 1:
            first = Decimal(1 if line["amount"] > 0 else -1).scaleb(-2)
            parts = [
                Part(first, category, line["part_note"]),
                Part(row.signed_amount - first, None, "=2"),
            ]
            split_transaction(actor=account.user, transaction=row, parts=parts)


@pytest.mark.search
@pytest.mark.slow
@settings(max_examples=up_to(25, quick=8))
@given(ledger=LEDGERS)
def test_any_ledger_round_trips_and_gains_nothing_in_the_original(db, ledger):
    groceries = Category.objects.get(user=None, slug="groceries")
    here, there = (
        make_account(user=make_user(f"p{next(NUMBERS)}@example.org"), opening_balance="100000")
        for _ in range(2)
    )
    written(here, ledger, groceries)
    if not ledger:
        return
    content, before = exported(here.user), contents_of(here)
    assert counts_of(imported(here, content)) == {"read": len(ledger), "duplicate": len(ledger)}
    assert contents_of(here) == before
    batch = imported(there, content)
    assert counts_of(batch) == {"read": len(ledger), "added": len(ledger)}
    assert contents_of(there) == before
    assert totals_of(there) == totals_of(here)
    for account in (here, there):
        account.refresh_from_db()
        assert check_ledger(account.pk).is_clean
    assert there.balance == here.balance
    assert TransactionSplit.objects.filter(transaction__account=there).aggregate(
        Sum("signed_amount")
    ) == TransactionSplit.objects.filter(transaction__account=here).aggregate(Sum("signed_amount"))
