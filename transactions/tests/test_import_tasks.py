"""Imports in the worker: repeated, lost, interrupted and concurrent tasks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from accounts.services import delete_account, restore_account
from banking.kernel import waking
from tests.builders import make_account, make_transaction, make_user
from transactions import dispatching, tasks
from transactions.ledger_check import check_ledger
from transactions.models import ImportBatch, ImportFile, ImportRow, Transaction
from transactions.services.import_confirming import confirm_import, request_confirmation
from transactions.services.import_progress import progress_of, report_progress
from transactions.services.importing import check_import, start_import
from transactions.services.posting import delete_transactions
from transactions.services.purging import purge
from transactions.tests.import_samples import MARCH, checked, csv_of, imported


@pytest.fixture
def uploaded(checking, alice):
    return start_import(actor=alice, account=checking, file_name="march.csv", content=csv_of(MARCH))


def age(batch, **by):
    ImportBatch.objects.filter(pk=batch.pk).update(updated_at=timezone.now() - timedelta(**by))


def test_task_delivered_three_times_adds_once(uploaded):
    for _ in range(3):
        tasks.check_import(uploaded.pk)
    assert ImportRow.objects.count() == 5
    for _ in range(3):
        tasks.confirm_import(uploaded.pk)
    assert Transaction.objects.count() == 5
    assert check_ledger().is_clean


def test_confirmation_requested_before_the_check_does_both(uploaded, alice):
    request_confirmation(actor=alice, batch=uploaded)
    tasks.confirm_import(uploaded.pk)
    uploaded.refresh_from_db()
    assert (uploaded.status, uploaded.added_count) == ("done", 5)


def test_sweep_makes_up_for_a_lost_message(uploaded, alice):
    assert tasks.resume_imports() == 0
    age(uploaded, minutes=3)
    assert tasks.resume_imports() == 1
    uploaded.refresh_from_db()
    assert (uploaded.status, Transaction.objects.count()) == ("checked", 0)
    age(request_confirmation(actor=alice, batch=uploaded), minutes=3)
    assert tasks.resume_imports() == 1
    assert Transaction.objects.count() == 5
    assert tasks.resume_imports() == 0


def test_sweep_skips_imports_in_progress(uploaded):
    age(uploaded, minutes=3)
    report_progress(uploaded.pk, "reading", 1, 5)
    assert tasks.resume_imports() == 0
    assert progress_of(uploaded.pk).percent == 20


def test_import_that_cannot_finish_reports_it_and_can_be_retried(uploaded, alice):
    check_import(batch_id=uploaded.pk)
    age(request_confirmation(actor=alice, batch=uploaded), hours=7)
    tasks.resume_imports()
    uploaded.refresh_from_db()
    assert uploaded.status == "failed"
    assert uploaded.error == "We couldn't finish the import. Nothing was added. Try again."
    assert not Transaction.objects.exists()
    confirm_import(actor=alice, batch_id=uploaded.pk, at=timezone.now())
    assert Transaction.objects.count() == 5


def test_problem_the_owner_must_fix_is_shown_on_the_batch(uploaded, alice, checking):
    request_confirmation(actor=alice, batch=uploaded)
    delete_account(actor=alice, account=checking)
    tasks.confirm_import(uploaded.pk)
    uploaded.refresh_from_db()
    assert (uploaded.status, uploaded.error) == ("failed", "This account is in the trash.")
    restore_account(actor=alice, account=checking)
    tasks.confirm_import(uploaded.pk)
    assert Transaction.objects.count() == 5


def test_unavailable_broker_leaves_the_upload_to_the_sweep(
    uploaded, settings, monkeypatch, django_capture_on_commit_callbacks
):
    def refuse(*_, **__):
        raise BrokerError("nobody listens")

    settings.IMPORT_INLINE_BYTES = 1
    monkeypatch.setattr(tasks.check_import, "apply_async", refuse)
    monkeypatch.setattr(waking.breaker, "away_until", 0.0)
    with django_capture_on_commit_callbacks(execute=True):
        dispatching.check_soon(uploaded)
    uploaded.refresh_from_db()
    assert (uploaded.status, progress_of(uploaded.pk)) == ("uploaded", None)


@pytest.mark.slow
def test_purge_deletes_after_thirty_days_and_not_before(checking, alice):
    done, open_one = imported(checking, csv_of(MARCH)), checked(checking, csv_of(MARCH[:3]))
    kept = make_transaction(account=checking)
    delete_transactions(actor=alice, rows=Transaction.objects.filter(import_batch=done))
    at = timezone.now()
    assert purge(at=at + timedelta(days=29)) == dict.fromkeys(
        ("transactions", "changes", "imports", "files", "syncs"), 0
    )
    assert purge(at=at + timedelta(days=31)) == {
        "transactions": 5,
        "changes": 0,
        "imports": 1,
        "files": 1,
        "syncs": 0,
    }
    assert list(Transaction.objects.all()) == [kept]
    assert list(ImportBatch.objects.all()) == [done]
    assert not ImportFile.objects.exists()
    assert not ImportBatch.objects.filter(pk=open_one.pk).exists()
    assert check_ledger().is_clean


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same_batch", [True, False], ids=["one upload", "two uploads"])
def test_parallel_confirmations_add_once(same_batch):
    alice = make_user("parallel@example.com")
    account = make_account(user=alice, opening_balance="1000.00")
    first = checked(account, csv_of(MARCH))
    second = first if same_batch else checked(account, csv_of(MARCH[::-1]))
    barrier = Barrier(4)

    def confirm(pk):
        try:
            barrier.wait(300)
            confirm_import(actor=alice, batch_id=pk, at=timezone.now())
        except OperationalError:
            return "busy"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(confirm, [first.pk, second.pk] * 2))
    assert "done" in outcomes
    assert Transaction.objects.count() == 5
    account.refresh_from_db()
    assert str(account.balance) == "2648.4300"
    added = ImportBatch.objects.values_list("added_count", flat=True)
    assert sorted(added)[-1] == sum(added) == 5
    assert check_ledger().is_clean
