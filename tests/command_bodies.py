"""Set-up and request bodies for tests/commands.py."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.services import delete_account
from accounts.sharing import accept_share, share_account
from bills.services.paying import pay_bill
from budgets.services import create_budget
from insights.home.sampling import add_sample_data, remove_sample_data
from insights.staff.approving import ask
from tests.builders import make_account, make_transaction, make_user
from tests.world import SECRET
from transactions.models import Category, Change, ImportRow, Transaction
from transactions.services.bulk_editing import bulk_edit
from transactions.services.connecting import disconnect_bank
from transactions.services.import_confirming import confirm_import
from transactions.services.import_reviewing import leave_out_rows
from transactions.services.importing import check_import, start_import
from transactions.services.posting import delete_transactions
from transactions.services.reviewing import decide
from transactions.services.rule_editing import create_rule
from transactions.services.splitting import Part, split_transaction
from users.services.second_admin import ERASE_PERSON

World = dict[str, Any]


def nothing(world: World) -> dict[str, Any]:
    return {}


# --- Set-up ---------------------------------------------------------------------------------------


def shared_with_owner(world: World) -> None:
    account = make_account(user=world["other"], name="theirs")
    world["share"] = share_account(
        actor=world["other"], account=account, member=world["owner"], level="viewer"
    )


def shared_by_owner(world: World) -> None:
    member = make_user("member@example.com")
    world["share"] = share_account(
        actor=world["owner"], account=world["account"], member=member, level="viewer"
    )
    accept_share(actor=member, share=world["share"])


def checked_import(world: World) -> None:
    batch = start_import(
        actor=world["owner"],
        account=world["account"],
        file_name="bank.csv",
        content=b"Date,Amount,Description\n2026-03-01,-3.10,Tea\n2026-03-02,-4.00,Cake\n",
        mapping={"date_format": "%Y-%m-%d", "sign_convention": "signed"},
    )
    check_import(batch_id=batch.pk)
    world["import_batch"], world["import_row"] = batch, ImportRow.objects.filter(batch=batch)[0]


def import_of_two_accounts(world: World) -> None:
    world["import_batch"] = start_import(
        actor=world["owner"],
        account=world["account"],
        file_name="both.csv",
        content=b"Date,Account,Amount,Description\n2026-03-01,Daily,-3.10,Tea\n"
        b"2026-03-14,Spare,-4.00,Cake\n",
        mapping={"date_format": "%Y-%m-%d", "sign_convention": "signed"},
    )


def no_accounts(world: World) -> None:
    for account in world["owner"].accounts.all():
        delete_account(actor=world["owner"], account=account)


def sampled(world: World) -> None:
    no_accounts(world)
    add_sample_data(actor=world["owner"], on=timezone.now().date())


def sample_gone(world: World) -> None:
    sampled(world)
    remove_sample_data(actor=world["owner"], at=timezone.now())


def erasure_asked(world: World) -> None:
    ask(actor=world["owner"], action=ERASE_PERSON, target=world["owner"], words="Erase", params={})


def left_out_import(world: World) -> None:
    checked_import(world)
    rows = ImportRow.objects.filter(batch=world["import_batch"])
    leave_out_rows(actor=world["owner"], batch=world["import_batch"], rows=rows)


def done_import(world: World) -> None:
    checked_import(world)
    batch = world["import_batch"]
    confirm_import(actor=world["owner"], batch_id=batch.pk, at=timezone.now())


def paid(world: World) -> None:
    pay_bill(actor=world["owner"], bill=world["bill"], on=world["today"])


def payment_there(world: World) -> None:
    world["payment"] = make_transaction(
        account=world["account"], amount="-12.00", txn_date=world["today"], description="power"
    )


def changed_together(world: World) -> None:
    rows = Transaction.objects.filter(pk=world["transaction"].pk)
    world["change"] = bulk_edit(
        actor=world["owner"], rows=rows, at=timezone.now(), notes="together"
    )


def at_work(world: World) -> None:
    Change.objects.filter(pk=world["change"].pk).update(status="running")


def split(world: World) -> None:
    parts = [Part(Decimal(5), world["category"]), Part(Decimal(7), None)]
    world["transaction"] = split_transaction(
        actor=world["owner"], transaction=world["saved"], parts=parts
    )


def gone(kind: str, delete: Callable[..., Any], **more: Any) -> Callable[[World], None]:
    """Move the object to the trash through its own service."""

    def ready(world: World) -> None:
        delete(actor=world["owner"], **{kind: world[kind]}, **more)

    return ready


def gone_transaction(world: World) -> None:
    rows = Transaction.objects.filter(pk=world["saved"].pk)
    world["transaction"] = world["saved"]
    delete_transactions(actor=world["owner"], rows=rows)


def loose_transaction(world: World) -> None:
    """A transaction that is not part of a transfer."""
    world["transaction"] = make_transaction(account=world["account"], amount="-3")


def uncategorized_at_kiosk(world: World) -> None:
    """A transaction without a category at a merchant of its own."""
    make_transaction(account=world["account"], amount="-3", description="Kiosk Quill")


def chosen_at_kiosk(world: World) -> None:
    """A transaction whose category its owner chose."""
    make_transaction(
        account=world["account"],
        amount="-3",
        description="Kiosk Quill",
        category=world["category"],
    )


def answered_review(world: World) -> None:
    decide(
        actor=world["owner"],
        item=world["review_item"],
        decision="different",
        at=timezone.now(),
    )


def other_rule(world: World) -> None:
    create_rule(
        actor=world["owner"],
        user=world["owner"],
        category=world["category"],
        keyword_pattern="another",
    )


def budget_last_month(world: World) -> None:
    before = world["today"].replace(day=1) - timedelta(days=1)
    create_budget(
        actor=world["owner"],
        user=world["owner"],
        category=Category.objects.get(user=None, slug="groceries"),
        year=before.year,
        month=before.month,
        limit_amount=Decimal(50),
    )


def spent_for_months(world: World) -> None:
    day = world["today"].replace(day=1)
    for _ in range(4):
        day = (day - timedelta(days=1)).replace(day=1)
        make_transaction(
            account=world["account"],
            amount="-20",
            txn_date=day,
            category=Category.objects.get(user=None, slug="groceries"),
        )


# --- Bodies --------------------------------------------------------------------------------------


def as_form(body: Callable[[World], dict[str, Any]], **names: str) -> Callable[[World], dict]:
    """Convert an API body into the entries of the page's form, some of which have other names."""

    def entries(world: World) -> dict[str, Any]:
        return {names.get(name, name): value for name, value in body(world).items()}

    return entries


def account_entries(world: World) -> dict[str, Any]:
    return {
        "name": "A new name",
        "account_type": "savings",
        "currency": "EUR",
        "opening_balance": "5.00",
        "overdraft_limit": "0",
    }


def transaction_entries(world: World) -> dict[str, Any]:
    return {
        "account": world["account"].pk,
        "txn_type": "expense",
        "amount": "3.30",
        "txn_date": f"{world['today']}",
        "description": "Tea",
        "category": world["category"].slug,
        "status": "posted",
    }


def transfer_entries(world: World) -> dict[str, Any]:
    return {
        "source": world["account"].pk,
        "target": world["pot"].pk,
        "amount": "2.00",
        "date": f"{world['today']}",
    }


def category_entries(world: World) -> dict[str, Any]:
    return {"name": "Tea", "kind": "expense", "color": "#336699", "icon": "tag"}


def rule_entries(world: World) -> dict[str, Any]:
    return {
        "keyword_pattern": "tea",
        "category": world["category"].slug,
        "account": world["account"].pk,
        "priority": 7,
        "is_active": True,
    }


def matching_rule(world: World) -> None:
    make_transaction(account=world["account"], amount="-3", description=f"{SECRET} words")


def budget_entries(world: World) -> dict[str, Any]:
    return {
        "category": "groceries",
        "limit_amount": "80.00",
        "currency": "EUR",
        "month": world["today"].month,
        "year": world["today"].year,
    }


def bill_entries(world: World) -> dict[str, Any]:
    return {
        "biller_name": "Water",
        "amount_due": "20.00",
        "currency": "EUR",
        "due_date": f"{world['today']}",
        "recurrence": "none",
        "account": world["account"].pk,
        "category": world["category"].slug,
        "remind_days_before": 3,
    }


def pay_entries(world: World) -> dict[str, Any]:
    return {
        "account": world["account"].pk,
        "amount": "12.00",
        "paid_on": f"{world['today']}",
    }


def reward_entries(world: World) -> dict[str, Any]:
    return {
        "program_name": "Trains",
        "points_balance": 40,
        "point_value": "0.01",
        "currency": "EUR",
        "earn_rate": "1",
        "early_bonus_percent": 0,
    }


def entry_entries(world: World) -> dict[str, Any]:
    return {"kind": "earn", "points": 5, "occurred_on": f"{world['today']}", "note": "a gift"}


def ids(world: World) -> dict[str, Any]:
    return {"ids": [world["transaction"].pk]}


def parts(world: World) -> dict[str, Any]:
    slug = world["category"].slug
    return {"parts": [{"amount": "2.00", "category": slug}, {"amount": "1.00"}]}


def parts_entries(world: World) -> dict[str, Any]:
    return {
        "part-TOTAL_FORMS": 2,
        "part-INITIAL_FORMS": 0,
        "part-0-amount": "2.00",
        "part-0-category": world["category"].slug,
        "part-1-amount": "1.00",
    }


def statement_file() -> SimpleUploadedFile:
    return SimpleUploadedFile("bank.csv", b"Date,Amount,Description\n2026-03-01,-3.10,Tea\n")


def receipt(world: World) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("a.pdf", b"%PDF-1.7 another")}


def upload(world: World) -> dict[str, Any]:
    return {"account": world["account"].pk, "file": statement_file()}


def mapping_entries(world: World) -> dict[str, Any]:
    return {
        "txn_date": "0",
        "date_format": "%Y-%m-%d",
        "sign_convention": "signed",
        "amount": "1",
        "decimal_mark": ".",
        "description": ["2"],
        "delimiter": ",",
        "encoding": "utf-8",
        "header_line": 1,
        "skip_lines": 0,
    }


def statement_entries(world: World) -> dict[str, Any]:
    return {
        "account": world["account"].pk,
        "date_from": f"{world['today'] - timedelta(days=20)}",
        "date_to": f"{world['today']}",
    }


def statement_form(world: World) -> dict[str, Any]:
    return {"period": "dates", **statement_entries(world)}


def mapped_form(world: World) -> dict[str, Any]:
    """Map the bank's first account to a new account here, and no other."""
    first, *others = world["connection"].connected_accounts.order_by("pk")
    return {f"account-{first.pk}": "new"} | {f"account-{other.pk}": "none" for other in others}


def mapped_body(world: World) -> dict[str, Any]:
    connected = world["connection"].connected_accounts.first()
    return {"accounts": [{"id": connected.external_id, "account": "new"}]}


def disconnected(world: World) -> None:
    disconnect_bank(
        actor=world["owner"],
        connection=world["connection"],
        keep_data=True,
        at=timezone.now(),
    )


def dismissal(world: World) -> dict[str, Any]:
    return {
        "account": world["account"].pk,
        "merchant_key": "gym",
        "txn_type": "expense",
        "merchant": "Gym",
    }


def same_decision(world: World) -> dict[str, Any]:
    return {
        "bill": world["bill"].pk,
        "account": world["account"].pk,
        "merchant_key": "gym",
        "decision": "same",
        "merchant": "Gym",
    }
