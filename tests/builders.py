"""Test data builders with plain defaults. They go through the services."""

from datetime import UTC, date, datetime
from decimal import Decimal
from time import time
from typing import Any

from accounts.models import Account
from accounts.services import open_account
from transactions.models import Transaction
from transactions.services.posting import post_transaction
from users.models import User
from users.step_up import issue_token

PASSWORD = "correct-Horse-battery-1"
TODAY = date(2026, 3, 15)
# The test run's fixed clock: a Wednesday in mid-month, far from midnight, so that nearly every time
# zone has the same date.
# Dates that tests compute at import derive from this, not from the machine's clock.
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)


def make_user(email: str = "alice@example.com", **over: Any) -> User:
    return User.objects.create_user(email, over.pop("password", PASSWORD), **over)


def step_up(client: Any, user: User) -> None:
    """Give the user's test client a recently verified second factor.

    Has the effect of confirming the password again, without the hashing.
    """
    if hasattr(client, "force_authenticate"):
        client.credentials(HTTP_X_STEP_UP=issue_token(user, ""))
        return
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def make_account(*, user: User, **over: Any) -> Account:
    fields: dict[str, Any] = {"name": "Everyday", "currency": "EUR"} | over
    for name in ("opening_balance", "overdraft_limit"):
        if name in fields:
            fields[name] = Decimal(fields[name])
    return open_account(actor=user, user=user, **fields)


def make_transaction(*, account: Account, amount: str = "-10.00", **over: Any) -> Transaction:
    """`amount` is signed text: "-10.00" is an expense. Uncategorized unless a category is given."""
    fields: dict[str, Any] = {"txn_date": TODAY, "description": "Coffee"} | over
    if "category" not in over:
        fields.setdefault("category_source", Transaction.CategorySource.NONE)
    return post_transaction(
        actor=account.user, account=account, signed_amount=Decimal(amount), **fields
    )
