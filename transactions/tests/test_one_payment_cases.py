"""One payment, one line: the same payment again in other words, currencies and scripts."""

from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest
from django.utils import timezone

from tests.builders import make_account, make_transaction
from transactions.ledger_check import check_ledger
from transactions.models import Category, ImportRow, ReviewItem, Transaction
from transactions.services.categories import create_category
from transactions.services.category_removal import delete_category
from transactions.services.entering import enter_transaction
from transactions.services.import_confirming import confirm_import
from transactions.services.reviewing import decide, undo_decision
from transactions.services.splitting import Part, split_transaction
from transactions.services.undoing import undo_change
from transactions.tests.import_samples import checked, counts_of, csv_of, imported
from transactions.tests.test_own_export import exported

H = "Date,Description,Amount"
STATUS, NAMED = f"{H},Status", f"{H},Category"
ASKED = {"read": 3, "duplicate": 2, "review": 1}
KNOWN = {"read": 3, "duplicate": 3}


def march(words: str) -> list[str]:
    return ["2026-03-10,Pay,100.00", f"2026-03-13,{words},-10.00", "2026-03-20,Tea,-2.00"]


@pytest.mark.once
@pytest.mark.parametrize(
    ("held", "again", "counts"),
    [
        ("EDEKA MARKT 77", "SEPA-Lastschrift EDEKA Markt GmbH Mandat 9931", ASKED),
        ("AMZN MKTP", "Amazon Marketplace EU", ASKED),
        ("Пекарня Керн", "Оплата картой ПЕКАРНЯ КЕРН 0042", ASKED),
        ("ケルンベーカリー", "カード払い ケルンベーカリー", ASKED),
        ("CAFÉ MÜLLER", "CAFE MUELLER", ASKED),
        ("CAFÉ MÜLLER", "CAF? M?LLER", ASKED),
        ("Bäckerei Straße", "BACKEREI STRASSE", KNOWN),
        ("İstanbul Kırtasiye", "ISTANBUL KIRTASIYE", KNOWN),
        ("ＬＡＷＳＯＮ 東京", "LAWSON 東京", KNOWN),
        ("ﾛｰｿﾝ", "ローソン", KNOWN),
        ("SMØRREBRØD", "SMORREBROD", KNOWN),
        ("Œuvre d'Art", "OEUVRE D’ART", KNOWN),
        ("Phở Hà Nội", "PHO HA NOI", KNOWN),
        ("Þórður", "THORDUR", ASKED),
        ("مُحَمَّد", "محمد", ASKED),
        ("CAFÉ MÜLLER", "CAFÃ‰ MÃœLLER", ASKED),
    ],
)
def test_reworded_payment_is_known_or_asked_about(checking, held, again, counts):
    imported(checking, csv_of(march(held), H))
    assert counts_of(imported(checking, csv_of(march(again), H))) == counts
    checking.refresh_from_db()
    assert checking.balance == Decimal(1088)


@pytest.mark.slow
def test_second_twin_is_added_and_a_reworded_line_beside_another_payment_is_asked(checking):
    imported(checking, csv_of(march("KERN BAKERY"), H))
    twins = [*march("KERN BAKERY"), "2026-03-13,KERN BAKERY,-10.00"]
    assert counts_of(imported(checking, csv_of(twins, H))) == {
        "read": 4,
        "added": 1,
        "duplicate": 3,
    }
    reworded = [*march("Card Kern Bakery"), "2026-03-13,KERN BAKERY,-10.00", "2026-03-13,Shell,-10"]
    assert counts_of(imported(checking, csv_of(reworded, H))) == {
        "read": 5,
        "added": 1,
        "duplicate": 3,
        "review": 1,
    }


@pytest.mark.slow
@pytest.mark.parametrize("words", permutations(["KERN BAKERY", "Card Kern Bakery 0042"]))
def test_line_known_in_two_wordings_is_not_two_lines_of_a_file(alice, checking, words):
    """Each of them was silently taken for the one transaction, so the other payment was lost."""
    imported(checking, csv_of(march("KERN BAKERY"), H))
    imported(checking, csv_of(march("Card Kern Bakery 0042"), H))
    decide(actor=alice, item=ReviewItem.objects.get(), decision="same", at=timezone.now())
    first, second = (f"2026-03-13,{text},-10.00" for text in words)
    again = imported(checking, csv_of([*march("KERN BAKERY")[::2], first, second], H))
    assert counts_of(again) == {"read": 4, "added": 1, "duplicate": 3}
    checking.refresh_from_db()
    assert checking.balance == Decimal(1078)


@pytest.mark.parametrize(
    ("currency", "pending", "booked", "counts"),
    [
        ("JPY", "-10000", "-11500", {"read": 2, "duplicate": 1, "review": 1}),
        ("USD", "-40.00", "-48.00", {"read": 2, "duplicate": 1, "review": 1}),
        ("USD", "-40.00", "-48.01", {"read": 2, "duplicate": 1, "added": 1}),
        ("EUR", "-73.10", "-71.00", {"read": 2, "duplicate": 1, "review": 1}),
    ],
)
def test_tip_or_rate_up_to_a_fifth_raises_a_question(alice, currency, pending, booked, counts):
    account = make_account(user=alice, currency=currency, opening_balance="100000")
    pay = "2026-03-10,Pay,10,booked"
    imported(account, csv_of([f"2026-03-13,HOTEL SEA,{pending},pending", pay], STATUS))
    lines = [f"2026-03-15,Hotel Sea Ltd,{booked},booked", pay]
    assert counts_of(imported(account, csv_of(lines, STATUS))) == counts


@pytest.mark.slow
def test_pending_line_that_never_was_booked_is_named_once_it_should_have_been(checking):
    """A tip of more than a fifth, in other words: nothing else tells that the two are one."""
    imported(checking, csv_of(["2026-03-13,HOTEL SEA,-100,pending"], STATUS))
    soon = imported(checking, csv_of(["2026-03-15,ZIMMER MEER,-150,booked"], STATUS))
    assert (counts_of(soon), soon.warnings) == ({"read": 1, "added": 1}, [])
    lines = ["2026-03-16,Tea,-3,booked", "2026-03-29,Pay,10,booked"]
    (said,) = imported(checking, csv_of(lines, STATUS)).warning_texts
    assert said.startswith("HOTEL SEA, -€100.00, has been pending since March 13, 2026.")
    lines = ["2026-04-16,Hotel Sea,-100,booked", "2026-04-29,Pay,10,booked"]
    assert len(imported(checking, csv_of(lines, STATUS)).warnings) == 1


def test_neutralized_cells_come_back_as_they_were(checking, bob):
    texts = [('=HYPERLINK("x")', "+1", ["-x", "@home"]), ("'=already", "@x", []), ("'q", "-", [])]
    for text, notes, tags in texts:
        make_transaction(account=checking, description=text, notes=notes, tags=tags)
    elsewhere = make_account(user=bob, currency="EUR")
    imported(elsewhere, exported(checking.user))
    rows = Transaction.objects.filter(account=elsewhere)
    found = [
        (row.description, row.notes, sorted(tag.name for tag in row.tags.all())) for row in rows
    ]
    assert sorted(found) == sorted(texts)


@pytest.mark.parametrize("target", ["food", None])
def test_staged_rows_follow_a_category_that_is_deleted(alice, checking, target):
    food = Category.objects.get(user=None, slug="food")
    bees = create_category(actor=alice, user=alice, name="Bees", parent=food)
    lines = ["2026-03-13,Honey,-10.00,Bees", "2026-03-14,Wax,-2.00,food"]
    batch = checked(checking, csv_of(lines, NAMED))
    slugs = ImportRow.objects.filter(batch=batch).order_by("pk")
    assert list(slugs.values_list("category__slug", flat=True)) == ["bees", "food"]
    delete_category(actor=alice, category=bees, target=food if target else None)
    assert not ImportRow.objects.filter(category=bees).exists()
    confirm_import(actor=alice, batch_id=batch.pk, at=timezone.now())
    rows = Transaction.objects.order_by("txn_date").values_list("category__slug", "category_source")
    assert list(rows) == [(target, "provider" if target else "none"), ("food", "provider")]
    assert check_ledger().is_clean


@pytest.mark.slow
@pytest.mark.parametrize("into_parent", [True, False])
@pytest.mark.parametrize("is_undone", [True, False])
def test_parts_of_waiting_lines_follow_a_category_that_is_deleted(
    alice, bob, checking, into_parent, is_undone
):
    """Staged details name categories by id, which no foreign key moved."""
    food = Category.objects.get(user=None, slug="food")
    cheese, mine = (
        create_category(actor=user, user=user, name="Cheese", parent=food) for user in (bob, alice)
    )
    row = make_transaction(account=checking, amount="-90.00", description="Fair")
    split_transaction(
        actor=alice,
        transaction=row,
        parts=[Part(Decimal(-60), mine, ""), Part(Decimal(-30), food, "drinks")],
    )
    account = make_account(user=bob, currency="EUR", opening_balance="100")
    batch = checked(account, exported(alice))
    change = delete_category(actor=bob, category=cheese, target=food if into_parent else None)
    if is_undone:
        undo_change(actor=bob, change=change, at=timezone.now())
    confirm_import(actor=bob, batch_id=batch.pk, at=timezone.now())
    parts = Transaction.objects.get(account=account).splits.order_by("pk")
    moved = "cheese" if is_undone else "food" if into_parent else None
    assert list(parts.values_list("category__slug", "signed_amount", "notes")) == [
        (moved, Decimal(-60), ""), (food.slug, Decimal(-30), "drinks"),
    ]  # fmt: skip
    assert check_ledger().is_clean


@pytest.mark.slow
def test_undone_answer_gives_back_no_deleted_category(alice, checking):
    food = Category.objects.get(user=None, slug="food")
    bread = create_category(actor=alice, user=alice, name="Bread", parent=food)
    imported(checking, csv_of(["2026-03-13,KERN BAKERY,-10.00"], H))
    listed = Transaction.objects.get()
    Transaction.objects.filter(pk=listed.pk).update(category=bread, category_source="rule")
    entered = enter_transaction(
        actor=alice, account=checking, signed_amount=Decimal(-10), category=food,
        txn_date=date(2026, 3, 13), description="Kern Bakery",
    )  # fmt: skip
    decide(actor=alice, item=entered.review, decision="same", at=timezone.now())
    listed.refresh_from_db()
    assert listed.category == food
    delete_category(actor=alice, category=bread, target=food)
    undo_decision(actor=alice, item=entered.review, at=timezone.now())
    assert not Transaction.objects.filter(category=bread).exists()
    listed.refresh_from_db()
    assert (listed.category, listed.category_source) == (food, "rule")
