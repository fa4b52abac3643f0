"""Answer "Is this the same?" about a bill and a recurring payment, and undo the answer."""

from typing import Any

from django.db import transaction as db_transaction

from accounts.models import Account
from bills.models import Bill
from insights.models import SameAnswer
from users.audit import trail
from users.models import User


@db_transaction.atomic
def answer_same(
    *,
    actor: User,
    bill: Bill,
    account: Account,
    merchant_key: str,
    is_same: bool,
    name: str = "",
) -> SameAnswer:
    """Record whether this bill and this merchant's payments on this account are the same.

    Applies to every occurrence of the bill; a later answer replaces an earlier one. Raises
    ValidationError if the merchant key is blank or too long.
    """
    what = {
        "user": actor,
        "bill_series": bill.series,
        "account": account,
        "merchant_key": merchant_key,
    }
    said = {
        "is_same": is_same,
        "bill_name": bill.biller_name,
        "name": (name or merchant_key)[:200],
    }
    SameAnswer(**what, **said).full_clean(validate_constraints=False)
    answer, is_new = SameAnswer.objects.select_for_update().get_or_create(**what, defaults=said)
    if not is_new and answer.is_same == is_same:
        return answer
    if not is_new:
        answer.is_same = is_same
        answer.save(update_fields=["is_same"])
    trail.record(
        actor=actor,
        action="insights.same.answered",
        target=answer,
        bill=bill.pk,
        account=account.pk,
        merchant=answer.name,
        decision="same" if is_same else "different",
    )
    return answer


@db_transaction.atomic
def undo_answer(*, actor: User, answer: SameAnswer) -> None:
    """Delete the answer, so that the question is asked again."""
    audited: dict[str, Any] = {
        "target": answer,
        "bill_name": answer.bill_name,
        "merchant": answer.name,
        "account": answer.account_id,
    }
    count, _rows = SameAnswer.objects.filter(pk=answer.pk).delete()
    if count:
        trail.record(actor=actor, action="insights.same.withdrawn", **audited)
