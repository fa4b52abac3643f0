"""A seeded simulator of one household: requests, worker tasks, clock steps and faults.

A schedule is a list of steps, all of it decided by its seed. It is carried out twice: with faults,
and without. A fault is a process that dies before a chosen SQL statement, a connection that is lost
there, or a request or task that is delivered twice. Whoever got no answer sends again, with the
same Idempotency-Key.

After every step of the first run each invariant holds, and a refusal has left every row as it was.
At the end both runs have the same books: faults cost time, never money.

Where there is a PostgreSQL to restart (tests/fail_overs.py), a fault may also be its `kill -9`.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import psycopg
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, connections
from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import Account
from alerts.models import Alert
from alerts.tasks import scan_for_alerts, sweep_postings
from bills.models import Bill
from bills.services.planning import create_bill
from bills.tasks import (
    auto_pay_bills,
    earn_for_scheduled_payments,
    plan_bills_ahead,
    remind_of_bills,
)
from budgets.services import create_budget
from rewards.models import PointsEntry, Reward
from rewards.services import create_program
from rewards.tasks import expire_points_everywhere
from tests.builders import make_account, make_user
from tests.invariants import assert_ledger_holds
from tests.world import everything
from transactions.models import Category, Change, ImportBatch, Transaction, Transfer
from transactions.tasks import post_planned_transactions, resume_imports
from users.audit.audit_check import verify
from users.models import Notification, User

Row = TypeVar("Row", bound=Model)

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
STEPS = 10
KEY = "Idempotency-Key"
SLUGS = ("groceries", "restaurants", "salary", "rent")
FAULTS = ("killed", "lost", "twice")
FAIL_OVER = "fail-over"
TASKS: tuple[Callable[[], object], ...] = (
    *(post_planned_transactions, plan_bills_ahead, auto_pay_bills, earn_for_scheduled_payments),
    *(remind_of_bills, expire_points_everywhere, sweep_postings, scan_for_alerts, resume_imports),
)


class Killed(BaseException):
    """The process died: nothing may catch this."""


@dataclass(frozen=True)
class Step:
    """What happens, how far the clock moves before, and what goes wrong."""

    number: int
    act: str
    one: int
    other: int
    clock: timedelta
    fault: str
    statement: int


def plan(seed: str, faults: tuple[str, ...]) -> list[Step]:
    """The schedule of this seed, with some of these faults."""
    choose = random.Random(seed)
    return [
        Step(
            number,
            choose.choice(ACTS),
            choose.randrange(10_000),
            choose.randrange(1, 400_00),
            timedelta(minutes=choose.choice((0, 1, 1, 90, -120, 24 * 60, 9 * 24 * 60))),
            choose.choice(("", *faults)),
            choose.randrange(1, 60),
        )
        for number in range(STEPS)
    ]


def simulate(seed: str, fail_over: Callable[[], None] | None = None) -> None:
    """Carry out the schedule of `seed` with and without faults; AssertionError if they differ.
    `fail_over` restarts the database; without it, that is none of the faults.
    """
    steps = plan(seed, (*FAULTS, FAIL_OVER, FAIL_OVER) if fail_over else FAULTS)
    try:
        books = [run(steps, with_faults=one, fail_over=fail_over) for one in (True, False)]
        for kind, found in books[0].items():
            assert found == books[1][kind], f"With faults, the {kind} differ."
    except AssertionError as error:
        told = "\n".join(map(repr, steps))
        raise AssertionError(f"Simulation with seed {seed}: {error}\n{told}") from error


def run(
    steps: list[Step], *, with_faults: bool, fail_over: Callable[[], None] | None = None
) -> dict[str, list[Any]]:
    """The household's books after these steps and a day without faults."""
    with time_machine.travel(START, tick=False) as clock:
        household = Household("faults" if with_faults else "plain", fail_over)
        for step in steps:
            clock.shift(step.clock)
            household.carry_out(step, step.fault if with_faults else "")
            if with_faults:
                assert_ledger_holds()
        clock.shift(timedelta(days=1))
        for task in TASKS:
            task()
        assert verify().is_intact
        return household.books()


@contextmanager
def trouble(
    fault: str, statement: int, fail_over: Callable[[], None] | None = None
) -> Iterator[None]:
    """Let the process die, lose its connection, or the database restart, before this statement."""
    count = 0

    def execute(proceed: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        nonlocal count
        count += 1
        if count == statement and fault == "killed":
            raise Killed
        if count == statement and fault == "lost":
            # As Django does when the driver fails.
            connection.errors_occurred = True
            raise OperationalError("the connection is lost") from psycopg.OperationalError()
        if count == statement and fault == FAIL_OVER and fail_over:
            fail_over()
        return proceed(sql, params, many, context)

    with connection.execute_wrapper(execute):
        yield


class Household:
    """One person with accounts, bills, a budget and points, and how they act over the API."""

    def __init__(self, who: str, fail_over: Callable[[], None] | None = None) -> None:
        self.fail_over = fail_over
        self.owner: User = make_user(f"{who}@example.com")
        self.client = APIClient()
        self.client.force_authenticate(self.owner)
        for name, balance in (("Everyday", "900.00"), ("Savings", "2500.00"), ("Card", "50.00")):
            make_account(user=self.owner, name=name, opening_balance=balance)
        today = timezone.now().date()
        create_program(
            actor=self.owner,
            user=self.owner,
            on=today,
            program_name="Points",
            points_balance=500,
            point_value=Decimal("0.01"),
            currency="EUR",
            earn_rate=Decimal(1),
        )
        for name, days, automatic in (("Power", 2, True), ("Water", 6, False)):
            create_bill(
                actor=self.owner,
                user=self.owner,
                account=self.accounts()[0],
                biller_name=name,
                amount_due=Decimal("60.00"),
                currency="EUR",
                due_date=today + timedelta(days=days),
                recurrence="monthly",
                auto_pay=automatic,
            )
        create_budget(
            actor=self.owner,
            user=self.owner,
            category=Category.objects.get(user=None, slug="groceries"),
            limit_amount=Decimal("150.00"),
            currency="EUR",
            month=today.month,
            year=today.year,
        )

    def carry_out(self, step: Step, fault: str) -> None:
        """Post what is due, then do this step; each until it is answered, whatever goes wrong."""
        self._deliver(step, fault, post_planned_transactions)
        if step.act == "task":
            self._deliver(step, fault, TASKS[step.one % len(TASKS)])
        else:
            asked = getattr(self, f"_{step.act}")(step)
            if asked is not None:
                self._deliver(step, fault, partial(self._send, step, asked))

    def _deliver(self, step: Step, fault: str, deliver: Callable[[], Any]) -> None:
        if fault in ("killed", "lost", FAIL_OVER):
            try:
                with trouble(fault, step.statement, self.fail_over):
                    answer = deliver()
                if getattr(answer, "status_code", 200) != 503:
                    return
            except (Killed, OperationalError):
                pass
            if fault == FAIL_OVER:
                # As at the end of a request: what is broken is not used again.
                connections.close_all()
        elif fault == "twice":
            deliver()
        deliver()

    def _send(self, step: Step, asked: "Asked") -> Response:
        files = {"file": SimpleUploadedFile("bank.csv", asked.file)} if asked.file else {}
        before = everything()
        answer: Response = getattr(self.client, asked.method)(
            asked.path,
            asked.body | files,
            format="multipart" if files else "json",
            headers={KEY: f"step-{step.number}"},
        )
        assert answer.status_code < 500 or answer.status_code == 503, answer.content
        if 400 <= answer.status_code < 500:
            assert everything() == before, f"A refusal changed something: {answer.content!r}"
        return answer

    # --- What the person has ----------------------------------------------------------------------

    def accounts(self) -> list[Account]:
        return list(Account.objects.filter(user=self.owner).order_by("pk"))

    def nth_row(self, number: int, **where: Any) -> Transaction | None:
        """One of the person's transactions, by its place in the order of their creation."""
        return nth(Transaction.objects.filter(user=self.owner, **where), number)

    def books(self) -> dict[str, list[Any]]:
        """What must not depend on faults: everything that says something about money."""
        own = {"user": self.owner}
        lists = {
            "accounts": Account.objects.filter(**own).values_list("name", "balance"),
            "transactions": Transaction.objects.filter(**own).values_list(
                *("account__name", "txn_date", "signed_amount", "status", "description"),
                *("merchant", "category__slug", "origin", "is_split", "deleted_at"),
            ),
            "transfers": Transfer.objects.filter(**own).values_list(
                *("status", "outflow_transaction__txn_date", "outflow_transaction__amount"),
            ),
            "bills": Bill.objects.filter(**own).values_list(
                *("biller_name", "due_date", "amount_due", "paid_on", "amount_paid"),
                *("payment__description", "skipped_at", "auto_pay_error"),
            ),
            "points": PointsEntry.objects.filter(reward__user=self.owner).values_list(
                *("kind", "points", "occurred_on", "expires_on", "note", "is_early"),
            ),
            "programs": Reward.objects.filter(**own).values_list("program_name", "points_balance"),
            "imports": ImportBatch.objects.filter(**own).values_list("file_name", "status"),
            "changes": Change.objects.filter(**own).values_list("kind", "undone_at"),
            "alerts": Alert.objects.filter(**own).values_list("type", "message", "occurred_on"),
            "messages": Notification.objects.filter(recipient=self.owner).values_list(
                *("kind", "channel", "local_day", "subject"),
            ),
        }
        return {kind: sorted(map(repr, rows)) for kind, rows in lists.items()}

    # --- What they ask for ------------------------------------------------------------------------

    def _post(self, step: Step) -> "Asked":
        """Record an expense or income; now and then in the future."""
        days = (0, 0, 1, 3, 40, -5, -20)[step.number % 7]
        body = {
            "account": self.accounts()[step.one % 3].pk,
            "txn_type": ("expense", "expense", "income")[step.one % 3],
            "amount": money(step.other),
            "txn_date": day(days),
            "description": f"step {step.number}",
            "merchant": ("", "Rewe", "Cafe")[step.other % 3],
            "category": ("salary" if step.one % 3 == 2 else SLUGS[step.other % 2]),
        }
        return Asked("post", reverse("api_transaction_list"), body)

    def _edit(self, step: Step) -> "Asked | None":
        row = self.nth_row(step.one, deleted_at=None)
        body = {"amount": money(step.other), "txn_date": day(-(step.other % 30))}
        return row and Asked("patch", reverse("api_transaction_detail", args=[row.pk]), body)

    def _categorize(self, step: Step) -> "Asked | None":
        row = self.nth_row(step.one, deleted_at=None)
        path = row and reverse("api_transaction_category", args=[row.pk])
        return path and Asked("put", path, {"category": SLUGS[step.other % len(SLUGS)]})

    def _split(self, step: Step) -> "Asked | None":
        row = self.nth_row(step.one, deleted_at=None)
        if row is None:
            return None
        part = min(row.amount, Decimal(money(step.other)))
        parts = [{"amount": f"{part}", "category": "groceries"}, {"amount": f"{row.amount - part}"}]
        return Asked("put", reverse("api_transaction_splits", args=[row.pk]), {"parts": parts})

    def _delete(self, step: Step) -> "Asked | None":
        row = self.nth_row(step.one, deleted_at=None)
        return row and Asked("delete", reverse("api_transaction_detail", args=[row.pk]))

    def _restore(self, step: Step) -> "Asked | None":
        row = self.nth_row(step.one, deleted_at__isnull=False)
        return row and Asked("post", reverse("api_transaction_restore", args=[row.pk]))

    def _transfer(self, step: Step) -> "Asked":
        """Often more than there is, which is refused."""
        accounts = self.accounts()
        source, target = accounts[step.one % 3], accounts[(step.one + 1) % 3]
        amount = money(step.other * (1 + step.one % 4))
        body = {"source": source.pk, "target": target.pk, "amount": amount, "date": day(0)}
        return Asked("post", reverse("api_transfer_list"), body)

    def _pay(self, step: Step) -> "Asked | None":
        bill = nth(Bill.objects.filter(user=self.owner, paid_at=None), step.one)
        body = {"account": self.accounts()[step.other % 3].pk, "paid_on": day(0)}
        return bill and Asked("post", reverse("api_bill_pay", args=[bill.pk]), body)

    def _unpay(self, step: Step) -> "Asked | None":
        bill = nth(Bill.objects.filter(user=self.owner).exclude(paid_at=None), step.one)
        return bill and Asked("post", reverse("api_bill_unpay", args=[bill.pk]))

    def _redeem(self, step: Step) -> "Asked | None":
        """Often more points than there are."""
        reward = nth(Reward.objects.filter(user=self.owner), step.other)
        body = {"kind": "redeem", "points": step.one % 400 + 1, "occurred_on": day(0)}
        return reward and Asked("post", reverse("api_reward_entries", args=[reward.pk]), body)

    def _import(self, step: Step) -> "Asked":
        """A file whose last line repeats one of the person's rows, if there is one."""
        lines = [f"2026-02-{day:02},-{money(step.other + day)},Rewe {day}" for day in (3, 3, 17)]
        row = self.nth_row(step.one, deleted_at=None)
        if row is not None:
            lines.append(f"{row.txn_date},{row.signed_amount:.2f},{row.description}")
        account = self.accounts()[step.one % 3].pk
        file = "\n".join(["Date,Amount,Description", *lines]).encode()
        return Asked("post", reverse("api_transaction_import"), {"account": account}, file)

    def _revert(self, step: Step) -> "Asked | None":
        batch = nth(ImportBatch.objects.filter(user=self.owner, status="done"), step.one)
        return batch and Asked("post", reverse("api_import_revert", args=[batch.pk]))

    def _bulk(self, step: Step) -> "Asked | None":
        rows = [self.nth_row(step.one + more, deleted_at=None) for more in range(3)]
        ids = sorted({row.pk for row in rows if row is not None})
        body = {"ids": ids, "category": SLUGS[step.other % 2]}
        return Asked("post", reverse("api_bulk_categorize"), body) if ids else None

    def _undo(self, step: Step) -> "Asked | None":
        change = nth(Change.objects.filter(user=self.owner), step.one)
        return change and Asked("post", reverse("api_change_undo", args=[change.pk]))


@dataclass(frozen=True)
class Asked:
    """A request of the API; `file` makes it a form."""

    method: str
    path: str
    body: dict[str, Any] = field(default_factory=dict)
    file: bytes = b""


def nth(rows: QuerySet[Row], number: int) -> Row | None:
    """One of these rows, by its place in the order of their creation."""
    found = list(rows.order_by("pk"))
    return found[number % len(found)] if found else None


def money(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):.2f}"


def day(offset: int) -> str:
    return f"{timezone.now().date() + timedelta(days=offset)}"


# Each is a method of Household, but for the tasks of the worker.
ACTS = (
    *("post", "post", "edit", "categorize", "split", "delete", "restore", "transfer", "transfer"),
    *("pay", "pay", "unpay", "redeem", "import", "revert", "bulk", "undo", "task", "task", "task"),
)
