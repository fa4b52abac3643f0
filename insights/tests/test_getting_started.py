"""From sign-up to the first dashboard, and the checklist that stays until everything is done."""

import email
import re
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from budgets.services import create_budget
from insights.models import HomeState
from tests.builders import make_account, make_transaction, make_user
from tests.mail_server import MailServer
from transactions.models import Category, ImportBatch
from users.models import User

pytestmark = pytest.mark.django_db

PASSWORD = "a-Long-enough-passphrase-9"


def statement(today):
    lines = [
        f"{today - timedelta(days=days)},{amount},{text}"
        for days, amount, text in (
            (0, "-12.40", "HARBOR MARKET"),
            (1, "-4.10", "PIKE COFFEE"),
            (2, "1900.00", "ACME PAYROLL"),
        )
    ]
    content = "\n".join(["Date,Amount,Description", *lines]).encode()
    return SimpleUploadedFile("bank.csv", content, content_type="text/csv")


class Inbox:
    """The mails that the server received."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append(email.message_from_bytes(envelope.content))
        return "250 Taken"


@pytest.fixture
def inbox(settings):
    """What arrives at a real mail server, to which all mail goes."""
    inbox = Inbox()
    server = MailServer(inbox)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.SMTP_HOST = settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT, settings.EMAIL_USE_TLS = server.port, False
    yield inbox
    server.close()


@pytest.mark.slow
def test_seven_forms_lead_from_sign_up_to_the_first_dashboard(client, inbox):
    """Sign up, confirm the mailed address, add an account, choose a file, map its columns if
    asked, confirm: then home.
    """
    started = time.monotonic()
    client.post(
        "/users/signup/",
        {
            "name": "Nora New", "email": "nora@example.org", "password1": PASSWORD,
            "password2": PASSWORD, "base_currency": "USD", "timezone": "UTC", "locale": "en-US",
        },
    )  # fmt: skip
    nora = User.objects.get(email="nora@example.org")
    [mail] = inbox.mails
    words = mail.get_payload()[0].get_payload(decode=True).decode()
    client.post(re.search(r"https?://[^/]+(/users/confirm-email/\S+)", words)[1])
    assert EmailAddress.objects.get(user=nora).verified
    page = client.get("/").content.decode()
    assert "/accounts/new/?then=import" in page
    answer = client.post(
        "/accounts/new/?then=import",
        {
            "name": "Everyday", "account_type": "checking", "currency": "USD",
            "opening_balance": "100", "overdraft_limit": "0",
        },
    )  # fmt: skip
    account = nora.accounts.get()
    assert answer["Location"] == f"/transactions/import/?account={account.pk}"
    file = statement(timezone.now().date())
    client.post("/transactions/import/", {"account": account.pk, "file": file})
    batch = ImportBatch.objects.get()
    if batch.needs_mapping:
        client.post(
            f"/transactions/import/{batch.pk}/map/",
            {
                "date_column": "Date", "amount_column": "Amount",
                "description_column": "Description", "date_format": "%Y-%m-%d",
                "sign_convention": "signed",
            },
        )  # fmt: skip
    client.post(f"/transactions/import/{batch.pk}/confirm/")
    receipt = client.get(f"/transactions/import/{batch.pk}/").content.decode()
    assert "See how your month is going" in receipt
    page = client.get("/").content.decode()
    assert 'value="16.50"' in page
    assert "Safe to spend" in page
    assert 'value="1983.50"' in page
    # Without a person, whose typing takes the rest of a minute and a half.
    assert time.monotonic() - started < 90


def steps(client):
    page = client.get("/").content.decode()
    titles = (
        "Confirm your email address", "Bring in your accounts", "Check your categories",
        "Set a budget", "Turn on two-step verification",
    )  # fmt: skip
    return [title for title in titles if f"{title}\n" in page or title in page], page


def done_count(client):
    _titles, page = steps(client)
    return next((n for n in range(6) if f"{n} of 5 done" in page), None)


@pytest.mark.slow
def test_the_checklist_counts_each_step_and_disappears_when_all_are_done(client_for, alice):
    client = client_for(alice)
    assert done_count(client) == 0
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    assert done_count(client) == 1
    account = make_account(user=alice, opening_balance="90.00")
    assert done_count(client) == 1
    groceries = Category.objects.get(user=None, slug="groceries")
    today = timezone.now().date()
    make_transaction(account=account, amount="-3.00", txn_date=today, category=groceries)
    # There is a line, and none without a category.
    assert done_count(client) == 3
    bare = make_transaction(account=account, amount="-3.00", txn_date=today)
    assert done_count(client) == 2
    bare.category = groceries
    bare.save(update_fields=["category"])
    create_budget(
        actor=alice, user=alice, category=groceries, year=today.year, month=today.month,
        limit_amount=Decimal(50),
    )  # fmt: skip
    assert done_count(client) == 4
    Authenticator.objects.create(user=alice, type="totp", data={"secret": "x"})
    assert "Getting started" not in client.get("/").content.decode()
    assert HomeState.objects.get(user=alice).set_up_at is not None
    # Done once, it does not come back.
    make_transaction(account=account, amount="-3.00", txn_date=today)
    assert "Getting started" not in client.get("/").content.decode()


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_guests_see_only_steps_they_can_do(client_for, role):
    guest = make_user("guest@example.org", name="Guest", role=role)
    page = client_for(guest).get("/").content.decode()
    assert "0 of 2 done" in page
    assert "Bring in your accounts" not in page
    assert "Try with sample data" not in page
