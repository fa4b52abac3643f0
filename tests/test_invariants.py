"""Any sequence of commands keeps every balance and total equal to the rows.

A rejected command must change nothing; the ledger is compared with the model after each step.
Hypothesis generates the sequences; `make search` has more and longer ones.
"""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from accounts.services import delete_account, edit_account, restore_account
from tests.builders import make_account, make_user
from tests.depth import up_to
from tests.invariants import assert_ledger_holds
from transactions import predefined
from transactions.models import Category, Change, ImportBatch, Transaction, Transfer
from transactions.services.bulk_editing import bulk_delete, bulk_edit
from transactions.services.categories import create_category
from transactions.services.categorizing import set_category
from transactions.services.category_removal import delete_category
from transactions.services.import_confirming import confirm_import, revert_import
from transactions.services.importing import check_import, start_import
from transactions.services.long_change_requests import (
    begin_category_removal,
    begin_deletion,
    begin_edit,
    begin_undo,
)
from transactions.services.long_changes import LongChange
from transactions.services.posting import (
    delete_transactions,
    edit_transaction,
    post_transaction,
    restore_transactions,
)
from transactions.services.splitting import Part, split_transaction, unsplit_transaction
from transactions.services.transfers import (
    confirm_transfer,
    reject_transfer,
    suggest_transfers,
    transfer_funds,
)
from transactions.services.undoing import undo_change

cents = st.integers(-300_00, 300_00).filter(bool).map(lambda cents: Decimal(cents).scaleb(-2))
dates = st.integers(0, 100).map(lambda days: date(2026, 1, 20) + timedelta(days=days))
statuses = st.sampled_from(["posted", "posted", "pending"])
places = st.integers(0, 10_000)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MAPPING = {"date_format": "%Y-%m-%d", "sign_convention": "signed"}


class Ledger(RuleBasedStateMachine):
    """One owner's ledger and every command that changes it."""

    @initialize()
    def begin(self) -> None:
        self.block = db_transaction.atomic()
        self.block.__enter__()
        self.owner = make_user("owner@example.com")
        self.accounts = [
            make_account(user=self.owner, name=name, opening_balance="500", overdraft_limit="200")
            for name in ("a", "b")
        ]
        # A transactional test before this one may have emptied the table.
        predefined.install(Category)
        slugs = ["groceries", "food", "salary"]
        self.categories = [None, *Category.objects.filter(user=None, slug__in=slugs)]

    def teardown(self) -> None:
        if hasattr(self, "block"):
            db_transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    def _ask(self, command, **fields) -> None:
        """Run a command as a view would. A rejection is a valid outcome and must leave no trace."""
        with suppress(ValidationError):
            command(actor=self.owner, **fields)

    def _row(self, place):
        rows = Transaction.objects.order_by("pk")
        return rows[place % rows.count()]

    def _category(self, place):
        return self.categories[place % len(self.categories)]

    @rule(place=places, amount=cents, on=dates, status=statuses, origin=st.booleans())
    def post(self, place, amount, on, status, origin) -> None:
        self._ask(
            post_transaction,
            account=self.accounts[place % 2],
            signed_amount=amount,
            txn_date=on,
            status=status,
            description=f"row {place % 5}",
            merchant=("", "Café", "café", "Shop")[place % 4],
            category=self._category(place),
            origin="import" if origin else "manual",
        )

    @precondition(lambda self: Transaction.objects.exists())
    @rule(place=places, amount=cents, on=dates, status=statuses, parts=st.integers(1, 63))
    def edit(self, place, amount, on, status, parts) -> None:
        changes = {
            "signed_amount": amount,
            "txn_date": on,
            "status": status,
            "account": self.accounts[place % 2],
            "category": self._category(place),
            "merchant": ("Shop", "")[place % 2],
        }
        chosen = {name: changes[name] for bit, name in enumerate(changes) if parts >> bit & 1}
        self._ask(edit_transaction, transaction=self._row(place), **chosen)

    @precondition(lambda self: Transaction.objects.exists())
    @rule(place=places, count=st.integers(1, 4))
    def delete(self, place, count) -> None:
        ids = {self._row(place + step).pk for step in range(count)}
        self._ask(delete_transactions, rows=Transaction.objects.filter(pk__in=ids))

    @precondition(lambda self: Transaction.objects.exclude(deleted_at=None).exists())
    @rule(place=places, count=st.integers(1, 4))
    def restore(self, place, count) -> None:
        ids = {self._row(place + step).pk for step in range(count)}
        self._ask(restore_transactions, rows=Transaction.objects.filter(pk__in=ids))

    @precondition(lambda self: Transaction.objects.exists())
    @rule(place=places, other=places)
    def categorize(self, place, other) -> None:
        self._ask(set_category, transaction=self._row(place), category=self._category(other))

    @rule(place=places, cents=st.integers(1, 60_00))
    def transfer(self, place, cents) -> None:
        source, target = self.accounts[place % 2], self.accounts[1 - place % 2]
        amount = Decimal(cents).scaleb(-2)
        on = date(2026, 2, 1 + place % 28)
        self._ask(transfer_funds, source=source, target=target, amount=amount, on=on)

    @rule(back=st.booleans())
    def pair(self, back) -> None:
        suggest_transfers(user=self.owner, since=date(2026, 1, 1))
        for found in Transfer.objects.order_by("pk")[:2]:
            self._ask(reject_transfer if back else confirm_transfer, transfer=found)

    @precondition(lambda self: Transaction.objects.exists())
    @rule(place=places, share=st.integers(1, 99), off=st.sampled_from([0, 0, 0, 1]))
    def split(self, place, share, off) -> None:
        row = self._row(place)
        first = (row.signed_amount * share / 100).quantize(Decimal("0.01"))
        amounts = (first, row.signed_amount - first + off)
        parts = [Part(one, self._category(place + n)) for n, one in enumerate(amounts)]
        self._ask(split_transaction, transaction=row, parts=parts)

    @precondition(lambda self: Transaction.objects.exists())
    @rule(place=places)
    def unsplit(self, place) -> None:
        self._ask(unsplit_transaction, transaction=self._row(place))

    @precondition(lambda self: Transaction.objects.exists())
    @rule(
        place=places,
        word=st.sampled_from(["row 1", "row"]),
        deletes=st.booleans(),
        later=st.booleans(),
    )
    def bulk(self, place, word, deletes, later) -> None:
        """Apply a bulk change at once, or in a worker whose steps interleave with other
        commands.
        """
        rows, now = Transaction.objects.filter(description__contains=word), timezone.now()
        if deletes:
            self._ask(begin_deletion if later else bulk_delete, rows=rows, at=now)
        elif later:
            self._ask(begin_edit, rows=rows, category=self._category(place))
        else:
            self._ask(bulk_edit, rows=rows, at=now, category=self._category(place))

    @precondition(lambda self: Change.objects.exclude(status="done").exists())
    @rule(place=places)
    def work(self, place) -> None:
        waiting = Change.objects.exclude(status="done").order_by("pk")
        with override_settings(CHANGE_STEP_ROWS=2):
            LongChange(waiting[place % waiting.count()].pk).step(at=timezone.now())

    @precondition(lambda self: Change.objects.exists())
    @rule(place=places, later=st.booleans())
    def undo(self, place, later) -> None:
        changees = Change.objects.order_by("pk")
        command = begin_undo if later else undo_change
        self._ask(command, change=changees[place % changees.count()], at=timezone.now())

    @rule(place=places)
    def add_category(self, place) -> None:
        parent = self._category(place)
        if parent is not None and parent.parent_id is not None:
            parent = None
        self.categories.append(
            create_category(actor=self.owner, user=self.owner, name="Own", parent=parent)
        )

    @precondition(lambda self: any(category and category.user_id for category in self.categories))
    @rule(place=places, later=st.booleans())
    def take_category_away(self, place, later) -> None:
        own = [category for category in self.categories if category and category.user_id]
        gone = own[place % len(own)]
        self.categories.remove(gone)
        self._ask(begin_category_removal if later else delete_category, category=gone)
        self.categories = [
            category and Category.objects.get(pk=category.pk) for category in self.categories
        ]

    @rule(
        place=places,
        lines=st.lists(st.tuples(dates, cents, st.sampled_from("abc")), min_size=1, max_size=6),
    )
    def import_a_file(self, place, lines) -> None:
        text = "".join(f"{on},{amount},word {word}\n" for on, amount, word in lines)
        with suppress(ValidationError):
            batch = start_import(
                actor=self.owner,
                account=self.accounts[place % 2],
                file_name="bank.csv",
                content=f"Date,Amount,Description\n{text}".encode(),
                mapping=MAPPING,
            )
            check_import(batch_id=batch.pk)
            confirm_import(actor=self.owner, batch_id=batch.pk, at=NOW)

    @precondition(lambda self: ImportBatch.objects.filter(status="done").exists())
    @rule(place=places)
    def revert_a_file(self, place) -> None:
        done = ImportBatch.objects.filter(status="done").order_by("pk")
        self._ask(revert_import, batch=done[place % done.count()], at=NOW)

    @rule(place=places, opening=st.integers(-100, 900))
    def move_the_opening_balance(self, place, opening) -> None:
        account = self.accounts[place % 2]
        self._ask(edit_account, account=account, opening_balance=Decimal(opening))

    @rule(place=places, back=st.booleans())
    def delete_or_restore_an_account(self, place, back) -> None:
        command = restore_account if back else delete_account
        self._ask(command, account=self.accounts[place % 2])

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "owner"):
            assert_ledger_holds()


Ledger.TestCase.settings = settings(
    max_examples=up_to(300, quick=5, postgresql=3),
    stateful_step_count=up_to(50, quick=20),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.django_db
def test_any_sequence_of_commands_keeps_the_ledger_correct():
    Ledger.TestCase("runTest").runTest()
