"""Erasing people while others share with them: trails are always locked in the same order."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Barrier

import pytest
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection
from django.db import transaction as db_transaction
from django.utils import timezone

from accounts.models import AccountShare
from accounts.sharing import accept_share, share_account
from insights.exports.erasing import erase_person, finish_erasures
from insights.tests.planting import ADDRESS, CANARY, places_of
from tests.builders import make_account, make_transaction, make_user
from tests.world import things_of
from users.audit.audit_check import verify
from users.models import AuditChain, User

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = (
    "SELECT count(*) FROM pg_locks"
    " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)


def wait_until_somebody_waits() -> None:
    """Wait until another connection blocks on one of our locks."""
    with connection.cursor() as cursor:
        for _ in range(3000):
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("Nobody came to the lock.")


def chain_of(user: User):
    return AuditChain.objects.select_for_update(no_key=True, nowait=True).filter(
        name=f"user:{user.pk}"
    )


@pytest.mark.postgresql
@pytest.mark.parametrize("what", ["share", "erase"])
def test_waiting_for_one_trail_never_holds_a_later_one(what):
    """The trail with the older head is locked first, even if its customer is younger."""
    older, younger, erased = (make_user(f"{name}@example.com") for name in ("a", "b", "c"))
    # The younger customer's trail begins first.
    first = make_account(user=younger)
    second = make_account(user=older)
    for account in (first, second):
        share = share_account(actor=account.user, account=account, member=erased, level="viewer")
        accept_share(actor=erased, share=share)
    acts = {
        "share": partial(
            share_account, actor=older, account=second, member=younger, level="viewer"
        ),
        "erase": partial(erase_person, actor=erased, user=erased, confirmation="c@example.com"),
    }

    def act() -> None:
        try:
            with connection.cursor() as cursor:
                # Wait as long as needed, however slow the machine is.
                cursor.execute("SET lock_timeout = 0; SET statement_timeout = 0")
            acts[what]()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with db_transaction.atomic():
            list(chain_of(younger))
            waiting = pool.submit(act)
            wait_until_somebody_waits()
            # Raises if another connection holds the lock.
            assert len(chain_of(older)) == 1
        waiting.result()
    assert AccountShare.objects.filter(member=erased).exists() is (what == "share")
    assert AccountShare.objects.filter(member=younger).exists() is (what == "share")
    assert verify().faults == []


@pytest.mark.slow
def test_requests_during_an_erasure_leave_nothing_behind():
    """Four clients keep posting during the erasure; late rows are deleted by the nightly job."""
    user, bob = make_user(ADDRESS), make_user("bob@example.com")
    things_of(bob)
    account = make_account(user=user, name=CANARY, opening_balance="100")
    barrier = Barrier(5)

    def post(number: int) -> None:
        try:
            barrier.wait(timeout=300)
            for _ in range(10):
                # Not found, refused, or conflict: all are valid responses, as long as nothing stays
                # half-written.
                with suppress(DatabaseError, ObjectDoesNotExist, ValidationError, KeyError):
                    make_transaction(account=account, amount="-1", description=CANARY)
                with suppress(DatabaseError, ValidationError):
                    make_account(user=user, name=f"{CANARY} {number}")
        finally:
            connection.close()

    def erase() -> None:
        try:
            barrier.wait(timeout=300)
            for _ in range(20):
                with suppress(OperationalError):
                    return erase_person(actor=user, user=user, confirmation=ADDRESS)
            raise AssertionError("It never came through.")
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        for work in [pool.submit(post, number) for number in range(4)] + [pool.submit(erase)]:
            work.result()
    finish_erasures(at=timezone.now())
    assert places_of(CANARY) == []
    assert verify().faults == []
    call_command("check_ledger")
