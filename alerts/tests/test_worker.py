"""From a CSV file to a mail: with a real broker, worker, scheduler and mail server, and a Twilio
stub.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from urllib.parse import urlencode

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from pytest_httpserver import HTTPServer

from alerts.models import Alert
from alerts.services import subscribe
from banking.beat import install_schedule
from budgets.models import Budget
from budgets.services import create_budget
from tests import servers, waiting
from tests.builders import make_account
from tests.mail_server import MailServer
from transactions.services.import_confirming import confirm_import
from transactions.services.importing import start_import
from transactions.services.rule_editing import create_rule
from users.messages.channels.sms import sign
from users.models import Notification

pytestmark = [pytest.mark.worker, pytest.mark.once, pytest.mark.django_db(transaction=True)]
SID, TOKEN = "AC" + "0" * 32, "twilio-token"
TICKS = ("sweep-postings", "alert-scan", "deliver-notifications")
Status = Notification.Status


class Inbox:
    """Mails the server received. `before_answer` runs after a mail is received and before the
    response.
    """

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.before_answer: Callable[[], None] = lambda: None

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(envelope.content)
        self.before_answer()
        return "250 Taken"


class Place:
    """A worker and a scheduler running during the test, on its own database."""

    def __init__(self, broker: str, smtp_port: int, twilio: str) -> None:
        self.processes: list[subprocess.Popen] = []
        self.environment = servers.environment_without_settings() | {
            "DJANGO_SETTINGS_MODULE": "banking.settings",
            "READ_DOT_ENV": "false",
            "HTTPS": "false",
            "SECRET_KEY": django_settings.SECRET_KEY,
            "DATA_DIR": str(django_settings.DATA_DIR),
            "DATABASE_URL": database_url(),
            "REDIS_URL": broker,
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(smtp_port),
            "SMTP_TLS": "false",
            "TWILIO_ACCOUNT_SID": SID,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_PHONE_NUMBER": "+15005550006",
            "TWILIO_BASE_URL": twilio,
        }

    def start(self, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "celery", "--app", "banking", "--quiet", *arguments]
        process = subprocess.Popen(
            [*command, "--loglevel", "WARNING"],
            cwd=django_settings.BASE_DIR,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def worker(self) -> subprocess.Popen:
        return self.start("worker", "--concurrency", "2", "--without-gossip", "--without-mingle")

    def scheduler(self) -> subprocess.Popen:
        return self.start("beat", "--pidfile", "", "--max-interval", "1")

    def stop(self) -> None:
        for process in self.processes:
            kill(process)


def text_of(mail: bytes) -> str:
    """The plain text of a mail, decoded."""
    body = message_from_bytes(mail, policy=policy.default).get_body(("plain",))
    return " ".join(body.get_content().split())


def database_url() -> str:
    stored = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{stored['NAME']}"
    return f"postgres://{stored['USER']}@{stored['HOST']}:{stored['PORT']}/{stored['NAME']}"


def kill(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait for it, or fail with what there is instead."""
    try:
        waiting.wait_for(condition, what)
    except AssertionError as error:
        error.add_note(
            str(Notification.objects.values("kind", "channel", "status", "provider_answer"))
        )
        error.add_note(str(Alert.objects.values("dedupe_key")))
        raise


def ticked(times: int = 3) -> None:
    """Wait until every job has run a few more times."""
    jobs = PeriodicTask.objects.filter(name__in=TICKS)
    before = dict(jobs.values_list("name", "total_run_count"))

    def have() -> bool:
        return all(
            count >= before[name] + times
            for name, count in jobs.values_list("name", "total_run_count")
        )

    wait_for(have, "ticked")


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def mail_server(inbox: Inbox) -> Iterator[MailServer]:
    """A mail server that is down until a test starts it."""
    server = MailServer(inbox)
    yield server
    server.close()


@pytest.fixture
def place(mail_server: MailServer, httpserver: HTTPServer) -> Iterator[Place]:
    install_schedule()
    # Run every job each second, configured as an operator would in the admin.
    every_second = IntervalSchedule.objects.create(every=1, period="seconds")
    for row in PeriodicTask.objects.all():
        row.crontab, row.interval = None, every_second
        row.enabled = row.name in TICKS
        row.save()
    with servers.valkey() as broker:
        here = Place(broker, mail_server.port, httpserver.url_for(""))
        try:
            yield here
        finally:
            here.stop()


@pytest.fixture
def budgeted(alice, groceries):
    """Alice's account, with a budget of 100 for groceries this month."""
    alice.base_currency, alice.phone = "EUR", "+49 170 1234567"
    alice.save()
    today = timezone.now().date()
    create_rule(actor=alice, user=alice, category=groceries, keyword_pattern="LEDGERMART")
    create_budget(
        actor=alice,
        user=alice,
        category=groceries,
        year=today.year,
        month=today.month,
        limit_amount=Decimal(100),
        currency="EUR",
    )
    return make_account(user=alice, name="Everyday", opening_balance="10000.00")


def import_csv(account, number: int, amount: str) -> None:
    """An old transaction, and one in the budget's month, which may have ended
    since the test began.
    """
    budget = Budget.objects.get()
    on = date(budget.year, budget.month, 1)
    lines = ["Date,Description,Amount,Currency"]
    lines += [f"{on - timedelta(days=200)},Bakery {number},-2.50,EUR"]
    lines += [f"{on},LEDGERMART {number},{amount},EUR"]
    batch = start_import(
        actor=account.user,
        account=account,
        file_name=f"{number}.csv",
        content="\n".join(lines).encode(),
    )
    confirm_import(actor=account.user, batch_id=batch.pk, at=timezone.now())


def budget_alerts() -> list[str]:
    rows = Alert.objects.filter(type__startswith="budget_").order_by("pk")
    return list(rows.values_list("type", flat=True))


def states(channel: str = "email") -> list[str]:
    rows = Notification.objects.filter(channel=channel).order_by("pk")
    return list(rows.values_list("status", flat=True))


def test_crossing_a_budget_sends_one_mail_however_often_it_is_scanned(
    budgeted, place, mail_server, inbox, httpserver, client, settings
):
    settings.TWILIO_AUTH_TOKEN, settings.TWILIO_ACCOUNT_SID = TOKEN, SID
    # The worker is a separate process with the product's settings.
    settings.SITE_URL = "http://localhost:8000"
    path = f"/2010-04-01/Accounts/{SID}/Messages.json"
    answer = {"sid": "SM" + "1" * 32, "status": "queued"}
    httpserver.expect_request(path, method="POST").respond_with_json(answer, status=201)
    subscribe(
        actor=budgeted.user, user=budgeted.user, type="budget_exceeded",
        in_app=True, email=True, sms=True, threshold=None,
    )  # fmt: skip
    mail_server.start()
    place.worker()
    place.scheduler()
    import_csv(budgeted, 1, "-85.00")
    wait_for(lambda: states() == [Status.SENT], "alert at 80 %")
    ticked()
    assert budget_alerts() == ["budget_warning"]
    assert len(inbox.mails) == 1
    assert "Groceries: you've used 85% of" in text_of(inbox.mails[0])
    import_csv(budgeted, 2, "-20.00")
    wait_for(lambda: states() == [Status.SENT] * 2, "alert at 100 %")
    wait_for(lambda: states("sms") == [Status.SENT], "sent an SMS")
    ticked()
    assert budget_alerts() == ["budget_warning", "budget_exceeded"]
    assert len(inbox.mails) == 2
    ((sent, _),) = httpserver.log
    assert sent.form["To"] == "+491701234567"
    # Twilio reports that it arrived.
    form = {"AccountSid": SID, "MessageSid": answer["sid"], "MessageStatus": "delivered"}
    url = sent.form["StatusCallback"]
    address = url.removeprefix(settings.SITE_URL)
    headers = {"X-Twilio-Signature": sign(url, {name: [v] for name, v in form.items()}, TOKEN)}
    form, kind = urlencode(form), "application/x-www-form-urlencoded"
    assert client.post(address, form, content_type=kind).status_code == 403
    assert states("sms") == [Status.SENT]
    assert client.post(address, form, content_type=kind, headers=headers).status_code == 204
    assert states("sms") == [Status.DELIVERED]


def test_a_mail_is_sent_once_when_the_mail_server_is_back(budgeted, place, mail_server, inbox):
    place.worker()
    place.scheduler()
    import_csv(budgeted, 1, "-85.00")
    wait_for(lambda: Notification.objects.filter(status="pending", attempts=1).exists(), "tried")
    row = Notification.objects.get()
    assert "ConnectionRefusedError" in row.provider_answer
    assert timedelta(seconds=50) < row.due_at - row.claimed_at <= timedelta(seconds=61)
    mail_server.start()
    # A minute later.
    Notification.objects.update(due_at=timezone.now())
    wait_for(lambda: states() == [Status.SENT], "sent")
    ticked()
    assert len(inbox.mails) == 1
    assert budget_alerts() == ["budget_warning"]


def test_a_mail_whose_worker_was_killed_stays_unknown_and_is_sent_once(
    budgeted, place, mail_server, inbox
):
    worker = place.worker()
    inbox.before_answer = lambda: kill(worker)
    mail_server.start()
    place.scheduler()
    import_csv(budgeted, 1, "-85.00")
    wait_for(lambda: len(inbox.mails) == 1 and worker.poll() is not None, "killed")
    assert states() == [Status.CLAIMED]
    inbox.before_answer = lambda: None
    place.worker()
    ticked()
    assert states() == [Status.CLAIMED]
    # A quarter of an hour later.
    Notification.objects.update(claimed_at=timezone.now() - timedelta(minutes=16))
    wait_for(lambda: states() == [Status.UNKNOWN], "unknown")
    ticked()
    assert states() == [Status.UNKNOWN]
    assert len(inbox.mails) == 1
