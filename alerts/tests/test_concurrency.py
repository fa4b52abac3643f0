"""Concurrent runs: one alert per fact, one message per notification, no mark
lost. On both engines.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Barrier

import pytest
from django.core import mail
from django.db import connection

from alerts.models import Alert
from alerts.scanning import scan_users, sweep
from budgets.services import create_budget
from tests.builders import make_transaction
from transactions.models import LedgerMark
from users.messages.outbox import deliver_due, notify
from users.models import Notification

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 15, 12, tzinfo=UTC)
ROUNDS = 5


def at_once(*works):
    """Start all callables together, each on its own connection; returns their results."""
    barrier = Barrier(len(works))

    def run(work):
        try:
            barrier.wait(300)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_two_workers_send_each_message_once(alice, settings):
    settings.SMTP_HOST = "mail.invalid"
    for number in range(20):
        notify(
            recipient=alice, kind="x", target_key=f"k{number}", channels=["email"], subject="s",
            text="t", on=date(2026, 3, 15), at=AT,
        )  # fmt: skip
    answers = at_once(*[lambda: deliver_due(at=AT)] * 3)
    assert sum(answer.get("sent", 0) for answer in answers) == 20
    # Those due together go as one.
    assert sum(message.body.splitlines().count("t") for message in mail.outbox) == 20
    assert set(Notification.objects.values_list("status", "attempts")) == {("sent", 1)}


@pytest.mark.slow
def test_concurrent_scans_and_a_sweep_report_a_fact_once(alice, checking, groceries):
    alice.base_currency = "EUR"
    alice.save()
    for number in range(ROUNDS):
        budget = create_budget(
            actor=alice, user=alice, category=groceries, year=2026 + number, month=3,
            limit_amount=Decimal(10), currency="EUR",
        )  # fmt: skip
        at = AT.replace(year=2026 + number)
        day = {"txn_date": at.date(), "today": at.date()}
        make_transaction(account=checking, amount="-11.00", category=groceries, **day)
        raised = at_once(
            lambda at=at: scan_users([alice.pk], at=at),
            lambda at=at: scan_users([alice.pk], at=at),
            lambda at=at: sweep(at=at),
        )
        assert sum(raised) == Alert.objects.filter(occurred_on__year=at.year).count()
        assert Alert.objects.filter(dedupe_key=f"budget_exceeded:{budget.pk}").count() == 1
    notifications = Notification.objects.filter(kind="budget_exceeded")
    assert notifications.count() == ROUNDS


@pytest.mark.slow
def test_a_posting_during_a_sweep_is_seen_or_keeps_its_mark(alice, checking, groceries):
    for number in range(ROUNDS):
        LedgerMark.objects.all().delete()
        make_transaction(account=checking, amount="-1.00")
        marks = at_once(
            lambda: sweep(at=AT),
            lambda number=number: make_transaction(account=checking, amount=f"-2.0{number}"),
        )
        # The sweep took one mark or both; any other is still there.
        assert len(marks) == 2
        assert LedgerMark.objects.count() <= 1
        sweep(at=AT)
        assert not LedgerMark.objects.exists()
