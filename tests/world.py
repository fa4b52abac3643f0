"""One of every object a person can own, named with words that reveal a leak."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Account, AccountShare, BankConnection, SyncRun
from alerts.models import Alert
from bills.services.planning import create_bill
from budgets.services import create_budget
from insights.exports.ownership import tables_of_people
from insights.models import Export, ExportPiece
from insights.recurring.answering import answer_same
from insights.recurring.dismissing import dismiss_recurring
from rewards.services import create_program
from tests.builders import make_account, make_transaction
from transactions.models import (
    Category,
    Change,
    ForgottenChoices,
    ImportBatch,
    ImportRow,
    ReviewItem,
    Transfer,
)
from transactions.services.attaching import attach
from transactions.services.categories import create_category
from transactions.services.connecting import ask_bank, connect_bank
from transactions.services.rule_editing import create_rule
from transactions.services.saved_views import save_view
from users.models import User

# A word that appears in none of our pages, styles and messages.
SECRET = "Xylograph"

# What a rejected request may still change: the audit trail, sessions and stored responses.
UNWATCHED = {"AuditEvent", "AuditChain", "Session", "UserSession", "IdempotentCommand", "LogEntry"}
Rows = dict[str, list[tuple]]


def everything() -> Rows:
    """{table: every row} for every table with personal data."""
    found = {}
    with connection.cursor() as cursor:
        for model in [User, *tables_of_people()]:
            if model.__name__ not in UNWATCHED:
                cursor.execute(f'SELECT * FROM "{model._meta.db_table}" ORDER BY 1')
                found[model._meta.db_table] = cursor.fetchall()
    return found


def things_of(owner: User) -> dict[str, Any]:
    """{kind: the owner's object}. Add every new kind of object here."""
    ledger = _ledger(owner)
    account, category = ledger["account"], ledger["category"]
    things = ledger | _plans(owner, account, category) | _files(owner, account)
    return things | {
        "alert": Alert.objects.create(
            user=owner,
            type="budget_exceeded",
            message=f"{SECRET} alert",
            severity="warning",
            dedupe_key=f"budget_exceeded:{things['budget'].pk}",
            occurred_on=timezone.now().date(),
        ),
        "share": AccountShare.objects.create(
            user=owner,
            account=ledger["transfer"].inflow_transaction.account,
            invited_email="nobody@example.com",
            level="viewer",
        ),
        "saved_view": save_view(actor=owner, name=f"{SECRET} view", query=f"search={SECRET}"),
        "forgotten_choices": ForgottenChoices.objects.create(
            user=owner,
            payee=SECRET.lower(),
            is_inflow=False,
            title=f"{SECRET} merchant",
            forgotten_at=timezone.now(),
        ),
        "recurring_dismissal": dismiss_recurring(
            actor=owner,
            account=account,
            merchant_key=SECRET.lower(),
            direction="expense",
            name=f"{SECRET} merchant",
        ),
        "review_item": ReviewItem.objects.create(
            user=owner,
            account=account,
            candidate=ledger["transaction"],
            reason=f"{SECRET} reason",
            txn_date=timezone.now().date(),
            signed_amount=Decimal("-12.00"),
            currency="EUR",
            description=f"{SECRET} incoming",
            fingerprint=1,
            source="sandbox:1",
        ),
        "connection": connected_bank(owner),
        "rule": create_rule(
            actor=owner, user=owner, category=category, keyword_pattern=f"{SECRET} words"
        ),
        "change": Change.objects.create(user=owner, kind="bulk_edit", summary=f"{SECRET} change"),
    }


def connected_bank(owner: User) -> BankConnection:
    """The sandbox bank, connected, with one unmapped account."""
    asked = ask_bank(
        user=owner,
        provider="sandbox",
        given={"institution": "riverbank", "customer": str(owner.pk)},
    )
    link = replace(asked.link, institution_name=f"{SECRET} bank")
    made = connect_bank(
        actor=owner,
        user=owner,
        provider="sandbox",
        asked=replace(asked, link=link),
        at=timezone.now(),
    )
    SyncRun.objects.create(connection=made, trigger="manual", status="failed", error=SECRET)
    return made


def _ledger(owner: User) -> dict[str, Any]:
    """Two accounts with transactions and a transfer between them."""
    account = make_account(user=owner, name=f"{SECRET} account", opening_balance="1000")
    category = create_category(actor=owner, user=owner, name=f"{SECRET} category")
    transaction = make_transaction(
        account=account,
        amount="-12.00",
        txn_date=timezone.now().date(),
        description=f"{SECRET} text",
        merchant=f"{SECRET} merchant",
        category=category,
        tags=[SECRET],
    )
    pot = make_account(user=owner, name=f"{SECRET} pot")
    saved = make_transaction(account=pot, amount="12.00", description=f"{SECRET} saved")
    transfer = Transfer.objects.create(
        user=owner, outflow_transaction=transaction, inflow_transaction=saved
    )
    attachment = attach(
        actor=owner, transaction=transaction, file_name=f"{SECRET}.pdf", content=b"%PDF-1.4"
    )
    return {
        "account": account,
        "category": category,
        "transaction": transaction,
        "transfer": transfer,
        "attachment": attachment,
    }


def _plans(owner: User, account: Account, category: Category) -> dict[str, Any]:
    """A budget, a bill and a rewards program."""
    today = timezone.now().date()
    budget = create_budget(
        actor=owner,
        user=owner,
        category=category,
        year=today.year,
        month=today.month,
        limit_amount=Decimal(100),
    )
    bill = create_bill(
        actor=owner,
        user=owner,
        biller_name=f"{SECRET} power",
        amount_due=Decimal("12.00"),
        currency="EUR",
        due_date=today,
        account=account,
    )
    reward = create_program(
        actor=owner,
        user=owner,
        program_name=f"{SECRET} miles",
        on=today,
        points_balance=500,
    )
    answer = answer_same(
        actor=owner,
        bill=bill,
        account=account,
        merchant_key=SECRET.lower(),
        is_same=True,
        name=f"{SECRET} merchant",
    )
    return {"budget": budget, "bill": bill, "reward": reward, "same_answer": answer}


def _files(owner: User, account: Account) -> dict[str, Any]:
    """An imported file awaiting review and a generated export."""
    batch = ImportBatch.objects.create(
        user=owner, account=account, file_name=f"{SECRET}.csv", sha256="0" * 64, status="checked"
    )
    row = ImportRow.objects.create(batch=batch, row_number=1, raw=SECRET, verdict="invalid")
    export = Export.objects.create(
        user=owner,
        kind="statement",
        title=f"{SECRET} statement",
        status="done",
        file_name=f"{SECRET}.pdf",
        size=len(SECRET),
        heard_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=7),
    )
    ExportPiece.objects.create(export=export, number=0, content=SECRET.encode())
    return {"import_batch": batch, "import_row": row, "export": export}
