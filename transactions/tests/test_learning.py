"""What a person's choices teach, what they don't, and how to forget them."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from tests.builders import TODAY, make_account, make_transaction
from transactions.learned_words import why_learned
from transactions.models import Category, CategoryChange, CategoryRule, Transaction
from transactions.rules.learning import Habits, payee_of
from transactions.rules.rule_book import Line
from transactions.rules.suggestions import Suggester, suggester_for
from transactions.services.bulk_editing import bulk_edit
from transactions.services.categorizing import set_category
from transactions.services.learning import forget_choices, remember_choices
from transactions.services.posting import delete_transactions
from transactions.services.transfers import transfer_funds
from transactions.services.undoing import undo_change
from transactions.tests.import_samples import csv_of, imported
from transactions.tests.invented_people import Person, taught

KOPPEL = "Koppel Arden"


def category(slug):
    return Category.objects.get(user=None, slug=slug)


def choose(account, slug, text=KOPPEL, amount="-4.20", **over):
    return make_transaction(
        account=account, amount=amount, description=text, category=category(slug), **over
    )


def suggested(account, text=KOPPEL, amount="-5.00", on=TODAY, provider=""):
    value = Decimal(amount)
    suggestion = suggester_for(account.user_id).suggest(
        Line(text, "", account.pk, abs(value)),
        is_inflow=value > 0,
        provider_category=provider,
        on=on,
    )
    found = Category.objects.filter(pk=suggestion.category_id).first()
    return (found.slug if found else None, suggestion.category_source)


def test_one_corrected_line_teaches_the_next_import(checking, alice):
    imported(checking, csv_of([f"2026-03-02,{KOPPEL} 0042,-4.20,EUR"]))
    row = Transaction.objects.get()
    assert row.category is None
    set_category(actor=alice, transaction=row, category=category("coffee"))
    imported(checking, csv_of([f"2026-03-09,{KOPPEL} 0077,-6.10,EUR"]))
    row = Transaction.objects.get(txn_date=date(2026, 3, 9))
    assert (row.category.slug, row.category_source) == ("coffee", "learned")
    assert CategoryChange.objects.get(transaction=row).by == "learned"
    assert why_learned(row) == f"Because you filed {KOPPEL} as Coffee & snacks."


def test_choice_wins_over_the_map_but_not_over_rule_or_provider(checking):
    tesco = "TESCO STORES 3021"
    assert suggested(checking, tesco) == ("groceries", "import")
    choose(checking, "household", tesco)
    assert suggested(checking, "TESCO STORES 4400") == ("household", "learned")
    assert suggested(checking, tesco, provider="pets") == ("pets", "provider")
    CategoryRule.objects.create(
        user=checking.user, category=category("gifts"), keyword_pattern="tesco"
    )
    assert suggested(checking, tesco) == ("gifts", "rule")


def test_learned_category_is_never_written_over_a_choice(checking, alice):
    row = choose(checking, "gifts")
    choose(checking, "coffee")
    row.refresh_from_db()
    assert (row.category.slug, row.category_source) == ("gifts", "manual")


def test_choices_teach_nothing_about_other_people_directions_or_merchants(checking, bob):
    choose(checking, "coffee")
    assert suggested(make_account(user=bob)) == (None, "none")
    assert suggested(checking, amount="5.00") == (None, "none")
    assert suggested(checking, "Koppel Quill") == (None, "none")


def test_choices_that_contradict_teach_nothing_and_keep_the_map_to_what_was_chosen(checking):
    choose(checking, "coffee")
    choose(checking, "gifts")
    assert suggested(checking) == (None, "none")
    tesco = "TESCO STORES 3021"
    choose(checking, "gifts", tesco)
    choose(checking, "household", tesco)
    assert suggested(checking, tesco) == (None, "none")
    choose(checking, "groceries", tesco)
    assert suggested(checking, tesco) == ("groceries", "import")


def test_nine_of_the_last_ten_choices_decide(checking):
    for day in range(9):
        choose(checking, "coffee", txn_date=TODAY - timedelta(days=day))
    choose(checking, "gifts", txn_date=TODAY - timedelta(days=20))
    assert suggested(checking) == ("coffee", "learned")
    row = make_transaction(account=checking, description=KOPPEL, category_source="")
    assert why_learned(row) == (
        f"Because you filed 9 of the last 10 at {KOPPEL} as Coffee & snacks."
    )
    choose(checking, "gifts", txn_date=TODAY)
    choose(checking, "gifts", txn_date=TODAY)
    assert suggested(checking) == (None, "none")


@pytest.mark.slow
def test_choices_may_depend_on_account_amount_or_weekday(alice, savings):
    checking = make_account(user=alice, opening_balance="5000.00")
    for day in range(3):
        choose(checking, "coffee", txn_date=TODAY - timedelta(days=day))
        choose(savings, "gifts", txn_date=TODAY - timedelta(days=day))
    assert suggested(checking) == ("coffee", "learned")
    assert suggested(savings) == ("gifts", "learned")
    for day in range(3):
        choose(checking, "streaming", "Orchard Media", "-9.99", txn_date=TODAY - timedelta(day))
        choose(checking, "electronics", "Orchard Media", "-90", txn_date=TODAY - timedelta(day))
    assert suggested(checking, "Orchard Media", "-8.50") == ("streaming", "learned")
    assert suggested(checking, "Orchard Media", "-120.00") == ("electronics", "learned")
    assert suggested(checking, "Orchard Media", "-30.00") == (None, "none")
    sunday, monday = date(2026, 3, 15), date(2026, 3, 16)
    for week in range(3):
        back = timedelta(weeks=week)
        choose(checking, "restaurants", "Field House", "-20", txn_date=sunday - back)
        choose(checking, "groceries", "Field House", "-20", txn_date=monday - back)
    assert suggested(checking, "Field House", on=sunday) == ("restaurants", "learned")
    assert suggested(checking, "Field House", on=monday) == ("groceries", "learned")
    assert suggested(checking, "Field House", on=date(2026, 3, 18)) == (None, "none")


def test_undone_deleted_or_removed_choices_teach_nothing(checking, alice):
    row = make_transaction(account=checking, description=KOPPEL)
    mine = Transaction.objects.filter(pk=row.pk)
    change = bulk_edit(actor=alice, rows=mine, at=timezone.now(), category=category("coffee"))
    assert suggested(checking) == ("coffee", "learned")
    undo_change(actor=alice, change=change, at=timezone.now())
    assert suggested(checking) == (None, "none")
    row = choose(checking, "coffee")
    assert suggested(checking) == ("coffee", "learned")
    delete_transactions(actor=alice, rows=Transaction.objects.filter(pk=row.pk))
    assert suggested(checking) == (None, "none")


def test_forgotten_choices_teach_nothing_until_the_person_chooses_again(checking, alice):
    row = choose(checking, "coffee")
    payee = payee_of(KOPPEL, is_inflow=False)
    forgotten = forget_choices(actor=alice, payee=payee, at=timezone.now())
    assert suggested(checking) == (None, "none")
    set_category(actor=alice, transaction=row, category=category("restaurants"))
    assert suggested(checking) == ("restaurants", "learned")
    forget_choices(actor=alice, payee=payee, at=timezone.now())
    assert suggested(checking) == (None, "none")
    remember_choices(actor=alice, forgotten=forgotten)
    assert suggested(checking) == ("restaurants", "learned")


def test_nothing_to_forget_is_refused(alice):
    with pytest.raises(ValidationError):
        forget_choices(actor=alice, payee=payee_of(KOPPEL, is_inflow=False), at=timezone.now())


def test_a_confirmed_transfer_is_not_a_choice(checking, savings, alice):
    transfer_funds(actor=alice, source=checking, target=savings, amount=Decimal("10.00"), on=TODAY)
    assert not list(suggester_for(alice.pk).habits)


# --- Measured: correct twenty lines, hide the categories of the next two hundred ---------------


def measured(person: Person):
    """(right, wrong, missing) of 200 lines after 20 corrections."""
    return taught(person, corrections=20, lines=200)


@pytest.mark.parametrize("seed", range(8))
def test_twenty_corrections_categorize_ninety_percent_of_a_persons_next_lines(db, seed):
    right, wrong, absent = measured(Person(seed))
    assert (right + wrong + absent, right >= 180, wrong <= 4) == (200, True, True)


def test_the_order_of_writing_choices_does_not_matter(checking):
    rng = random.Random(3)
    choices = [("coffee", day) for day in range(9)] + [("gifts", 30)]
    rng.shuffle(choices)
    for slug, day in choices:
        choose(checking, slug, txn_date=TODAY - timedelta(days=day))
    assert suggested(checking) == ("coffee", "learned")


def test_suggester_without_choices_has_no_habits():
    assert not list(Suggester([], [], Habits()).habits)
