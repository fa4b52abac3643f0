"""Large changes by workers that die and continue: one change, undone the same way."""

from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.utils import timezone

from tests.builders import TODAY, make_transaction
from transactions import dispatching, tasks
from transactions.ledger_check import check_ledger
from transactions.models import Category, CategoryChange, Change, ChangePlan, Transaction
from transactions.services.categorizing import set_category
from transactions.services.long_change_requests import (
    FINISHED,
    NOT_STOPPED,
    STOPPED,
    begin_undo,
    retry_change,
)
from transactions.services.long_changes import (
    HALF_DONE,
    NOT_ALLOWED,
    NOT_ALLOWED_HALFWAY,
    NOT_FINISHED,
    LongChange,
)
from transactions.services.posting import edit_transaction
from transactions.services.purging import purge
from transactions.services.rule_editing import create_rule, edit_rule
from transactions.services.transfers import transfer_funds
from transactions.services.undoing import undo_change
from transactions.tests.test_bulk_editing import standing
from users.models import AuditEvent, User


class KilledError(Exception):
    """The worker dies."""


@contextmanager
def killed():
    """Nothing done inside is ever committed."""
    try:
        with db_transaction.atomic():
            yield
            raise KilledError
    except KilledError:
        return


@pytest.fixture(autouse=True)
def _few_at_once(settings):
    settings.CHANGE_INLINE_ROWS = settings.CHANGE_INLINE_SCAN = settings.CHANGE_STEP_ROWS = 3


@pytest.fixture
def coffee_rule(alice):
    coffee = Category.objects.get(user=None, slug="coffee")
    return create_rule(actor=alice, user=alice, category=coffee, keyword_pattern="coffee")


@pytest.fixture
def rows(alice, checking, savings, coffee_rule):
    """Eleven transactions in two accounts: one set by hand, and a transfer split across two
    steps.
    """
    made = [make_transaction(account=checking, amount=f"-{n}.00") for n in range(1, 6)]
    transfer_funds(actor=alice, source=checking, target=savings, amount=Decimal(9), on=TODAY)
    made += [make_transaction(account=savings, amount=f"-{n}.50") for n in range(1, 5)]
    gifts = Category.objects.get(user=None, slug="gifts")
    set_category(actor=alice, transaction=made[1], category=gifts)
    return Transaction.objects.filter(user=alice)


def ask(kind, alice, rows):
    now = timezone.now()
    if kind == "rules":
        return dispatching.apply_soon(alice, at=now)
    if kind == "delete":
        return dispatching.delete_soon(alice, rows, at=now)
    groceries = Category.objects.get(user=None, slug="groceries")
    wanted = {"category": groceries, "add_tags": ["x", "y"], "notes": "seen"}
    return dispatching.edit_soon(alice, rows, at=now, **wanted)


def standing_after(alice, work):
    """The state after some work that is then rolled back; deletion times as yes or no."""
    with killed():
        work()
        found = comparable(alice)
    return found


def comparable(alice):
    facts, tags, totals, balances = standing(alice)
    return [(*fact[:-1], fact[-1] is not None) for fact in facts], tags, totals, balances


def die_and_be_resumed(change):
    """A worker dies after one step and in the middle of the next; the sweep finishes the work."""
    work = LongChange(change.pk)
    assert work.step(at=timezone.now()) is True
    with killed():
        work.step(at=timezone.now())
    change.refresh_from_db()
    assert 0 < change.done_count < change.total_count
    assert check_ledger().is_clean
    # Redelivered to a second worker; the dead one's lock doesn't block it.
    assert LongChange(change.pk).step(at=timezone.now()) is True
    assert tasks.resume_changes() == 0, "a worker has just been at it"
    long_ago = timezone.now() - timedelta(minutes=2)
    Change.objects.filter(pk=change.pk).update(updated_at=long_ago)
    assert tasks.resume_changes() == 1
    assert tasks.resume_changes() == 0
    change.refresh_from_db()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["edit", "delete", "rules"])
def test_interrupted_workers_give_the_same_result_as_one_run_also_for_undo(
    alice, rows, settings, kind
):
    before = comparable(alice)
    settings.CHANGE_INLINE_ROWS = 100
    at_once = standing_after(alice, lambda: ask(kind, alice, rows))
    settings.CHANGE_INLINE_ROWS = 3
    change = ask(kind, alice, rows)
    assert (change.status, change.row_count, comparable(alice)) == ("running", 0, before)
    die_and_be_resumed(change)
    assert (change.status, change.error, comparable(alice)) == ("done", "", at_once)
    assert change.row_count == {"edit": 11, "delete": 11, "rules": 8}[kind]
    assert (Change.objects.count(), ChangePlan.objects.count()) == (1, 0)
    assert check_ledger().is_clean
    kept = AuditEvent.objects.filter(action="transactions.batch.requested").count()

    assert dispatching.undo_soon(alice, change, at=timezone.now()) is None
    change.refresh_from_db()
    assert (change.status, change.undone_at) == ("undoing", None)
    with pytest.raises(ValidationError, match="still running"):
        undo_change(actor=alice, change=change, at=timezone.now())
    die_and_be_resumed(change)
    assert (change.status, change.undone_at is not None, comparable(alice)) == (
        "done",
        True,
        before,
    )
    assert not change.rows.filter(left_alone=True).exists()
    assert check_ledger().is_clean
    assert AuditEvent.objects.filter(action="transactions.batch.requested").count() == kept + 1
    if kind == "rules":
        assert CategoryChange.objects.filter(by="rule").count() == 8


@pytest.mark.slow
def test_manual_changes_made_meanwhile_are_kept(alice, rows, coffee_rule):
    gifts = Category.objects.get(user=None, slug="gifts")
    change = ask("rules", alice, rows)
    work = LongChange(change.pk)
    work.step(at=timezone.now())
    last = rows.order_by("-pk").first()
    set_category(actor=alice, transaction=last, category=gifts)
    tasks.run_change(change.pk)
    change.refresh_from_db()
    assert change.row_count == 7
    dispatching.undo_soon(alice, change, at=timezone.now())
    first = change.rows.order_by("transaction_id").first()
    set_category(actor=alice, transaction=first.transaction, category=gifts)
    tasks.run_change(change.pk)
    left = change.rows.filter(left_alone=True).values_list("transaction_id", flat=True)
    assert list(left) == [first.transaction_id]
    assert rows.filter(category=gifts).count() == 3
    assert check_ledger().is_clean


@pytest.mark.slow
def test_categories_and_notes_set_after_the_request_are_kept(alice, rows, client_for):
    gifts, coffee = (Category.objects.get(user=None, slug=slug) for slug in ("gifts", "coffee"))
    first, last = rows.order_by("pk").first(), rows.order_by("-pk").first()
    change = ask("edit", alice, rows)
    newer = dispatching.edit_soon(alice, rows, at=timezone.now(), category=coffee, notes="newer")
    LongChange(change.pk).step(at=timezone.now())
    set_category(actor=alice, transaction=last, category=gifts)
    edit_transaction(actor=alice, transaction=last, notes="by hand")
    tasks.run_change(change.pk)
    last.refresh_from_db()
    assert (last.category, last.notes, last.tags.count()) == (gifts, "by hand", 2)
    change.refresh_from_db()
    assert (change.row_count, change.skipped_count) == (11, 1)
    # A later request wins over an earlier edit that was still running.
    tasks.run_change(newer.pk)
    first.refresh_from_db()
    last.refresh_from_db()
    assert (first.category, first.notes) == (coffee, "newer")
    assert (last.category, last.notes) == (gifts, "by hand")
    text = client_for(alice).get(f"/transactions/undo/{change.pk}/").content.decode()
    assert "1 transaction was edited in the meantime and wasn't changed." in text
    assert check_ledger().is_clean


@pytest.mark.slow
def test_deactivating_a_rule_midway_stops_the_change_and_it_can_be_undone(alice, rows, coffee_rule):
    before = comparable(alice)
    change = dispatching.apply_soon(alice, at=timezone.now(), rule=coffee_rule)
    LongChange(change.pk).step(at=timezone.now())
    edit_rule(actor=alice, rule=coffee_rule, is_active=False)
    tasks.run_change(change.pk)
    change.refresh_from_db()
    assert (change.status, change.row_count) == ("done", 3)
    assert change.error == "This rule is off. Turn it on first."
    undo_change(actor=alice, change=change, at=timezone.now())
    assert comparable(alice) == before


@pytest.mark.slow
@pytest.mark.parametrize("standing", [{"role": "viewer"}, {"is_active": False}])
def test_user_who_becomes_read_only_changes_nothing_more(alice, rows, standing):
    change = ask("delete", alice, rows)
    assert LongChange(change.pk).step(at=timezone.now())
    left = rows.live().count()
    User.objects.filter(pk=alice.pk).update(**standing)
    tasks.run_change(change.pk)
    change.refresh_from_db()
    assert (change.status, change.error) == ("done", NOT_ALLOWED)
    assert 0 < rows.live().count() == left
    assert check_ledger().is_clean
    # A half-finished undo can't be left as is: it waits until the user has the right again.
    begin_undo(actor=alice, change=change, at=timezone.now())
    tasks.run_change(change.pk)
    change.refresh_from_db()
    assert (change.status, change.error) == ("undo_failed", NOT_ALLOWED_HALFWAY)
    User.objects.filter(pk=alice.pk).update(role="user", is_active=True)
    retry_change(actor=alice, change=change, at=timezone.now())
    tasks.run_change(change.pk)
    assert rows.live().count() == 11


def test_errors_known_in_advance_are_raised_before_anything_changes(alice, rows):
    many = [f"t{number}" for number in range(21)]
    with pytest.raises(ValidationError, match="Use at most 20 tags"):
        dispatching.edit_soon(alice, rows, at=timezone.now(), add_tags=many)
    one = rows.filter(pk=rows.first().pk)
    dispatching.edit_soon(alice, one, at=timezone.now(), add_tags=many[:20])
    with pytest.raises(ValidationError, match="1 transaction would have more than 20 tags"):
        dispatching.edit_soon(alice, rows, at=timezone.now(), add_tags=["one more"])
    assert not Change.objects.exclude(status="done").exists()


def sweep(times=1):
    """The sweep, more than a minute after the change was last touched."""
    for _ in range(times):
        Change.objects.update(updated_at=timezone.now() - timedelta(minutes=2))
        tasks.resume_changes()


@pytest.mark.slow
def test_change_that_keeps_failing_waits_for_its_owner(alice, rows, client_for, api_for):
    before, page = comparable(alice), client_for(alice)
    change = ask("edit", alice, rows)
    LongChange(change.pk).step(at=timezone.now())
    plan = ChangePlan.objects.get()
    ChangePlan.objects.update(wanted=plan.wanted | {"category": 0})
    sweep(5)
    change.refresh_from_db()
    assert (change.status, change.attempts) == ("running", 5)
    sweep()
    change.refresh_from_db()
    assert (change.status, change.error, change.row_count) == ("failed", NOT_FINISHED, 3)
    text = page.get(f"/transactions/undo/{change.pk}/").content.decode()
    assert "Couldn&#x27;t be finished" in text
    assert f"{NOT_FINISHED} 3 of 11 transactions done." in text
    assert "You can undo this for 30 more days." in text
    assert "Not finished" in page.get("/transactions/undo/").content.decode()
    with killed():
        undo_change(actor=alice, change=change, at=timezone.now())
        assert comparable(alice) == before
        assert not ChangePlan.objects.exists()
        assert Change.objects.get().error == "", "the error says how to undo it"

    ChangePlan.objects.update(wanted=plan.wanted)
    begun = api_for(alice).post(f"/api/undo/{change.pk}/retry")
    assert (begun.status_code, begun.json()["status"]) == (202, "running")
    change.refresh_from_db()
    assert (change.status, change.error, change.attempts) == ("running", "", 0)
    sweep()
    change.refresh_from_db()
    assert (change.status, change.row_count, change.skipped_count) == ("done", 11, 0)
    page.post(f"/transactions/undo/{change.pk}/retry/")
    again = api_for(alice).post(f"/api/undo/{change.pk}/retry")
    assert (again.status_code, again.json()["status"]) == (200, "done")


@pytest.mark.slow
def test_undo_that_keeps_failing_continues_where_it_stopped(alice, rows, api_for):
    before = comparable(alice)
    change = ask("edit", alice, rows)
    tasks.run_change(change.pk)
    change.refresh_from_db()
    dispatching.undo_soon(alice, change, at=timezone.now())
    LongChange(change.pk).step(at=timezone.now())
    last = change.rows.order_by("transaction_id").last()
    change.rows.filter(pk=last.pk).update(before={})
    sweep(7)
    change.refresh_from_db()
    assert (change.status, change.error, change.undone_at) == ("undo_failed", HALF_DONE, None)
    assert check_ledger().is_clean
    with pytest.raises(ValidationError, match="already running"):
        undo_change(actor=alice, change=change, at=timezone.now())
    done_count = change.done_count
    assert 0 < done_count < change.total_count

    change.rows.filter(pk=last.pk).update(before=last.before)
    # Its 30 days start again, because it can't be left half undone.
    begun_at = timezone.now() - timedelta(days=40)
    Change.objects.update(created_at=begun_at)
    answer = api_for(alice).post(f"/api/undo/{change.pk}")
    change.refresh_from_db()
    assert (answer.status_code, change.status, change.done_count) == (202, "undoing", done_count)
    sweep()
    change.refresh_from_db()
    assert (change.status, change.undone_at is not None, comparable(alice)) == (
        "done",
        True,
        before,
    )
    assert not change.rows.filter(left_alone=True).exists()


@pytest.mark.slow
def test_change_stops_between_two_commits_and_can_be_undone(alice, rows, client_for, api_for):
    before, api = comparable(alice), api_for(alice)
    change = ask("delete", alice, rows)
    work = LongChange(change.pk)
    work.step(at=timezone.now())
    work.step(at=timezone.now())
    stop = f"/transactions/undo/{change.pk}/stop/"
    assert stop in client_for(alice).get(f"/transactions/undo/{change.pk}/").content.decode()
    stopped = api.post(f"/api/undo/{change.pk}/stop").json()
    assert (stopped["status"], stopped["can_undo"], stopped["error"]) == ("done", True, STOPPED)
    assert work.step(at=timezone.now()) is False
    change.refresh_from_db()
    left = rows.live().count()
    assert 0 < left < 11
    assert (rows.count() - left, ChangePlan.objects.count()) == (stopped["row_count"], 0)
    refused = api.post(f"/api/undo/{change.pk}/stop")
    assert (refused.status_code, refused.json()["errors"][0]["detail"]) == (400, FINISHED)

    dispatching.undo_soon(alice, change, at=timezone.now())
    refused = api.post(f"/api/undo/{change.pk}/stop")
    assert (refused.status_code, refused.json()["errors"][0]["detail"]) == (400, NOT_STOPPED)
    tasks.run_change(change.pk)
    assert comparable(alice) == before
    assert check_ledger().is_clean


@pytest.mark.slow
def test_worker_restores_many_rows_from_the_trash(alice, rows, client_for):
    before, page = comparable(alice), client_for(alice)
    change = ask("delete", alice, rows)
    tasks.run_change(change.pk)
    answer = page.post("/transactions/trash/restore/", {"all": "1"})
    change = Change.objects.get(kind="restore")
    assert answer.url == f"/transactions/undo/{change.pk}/"
    assert LongChange(change.pk).step(at=timezone.now()) is True
    assert check_ledger().is_clean
    # Rows the worker still has to restore aren't purged after their month in the trash.
    assert purge(at=timezone.now() + timedelta(days=31))["transactions"] == 0
    tasks.run_change(change.pk)
    change.refresh_from_db()
    assert (change.status, change.row_count, change.total_count) == ("done", 11, 11)
    assert comparable(alice) == before
    assert "View transactions" in page.get(answer.url).content.decode()
    assert page.post(f"/transactions/undo/{change.pk}/undo/").status_code == 302
    assert comparable(alice) == before


@pytest.mark.slow
def test_page_and_api_show_progress(alice, rows, client_for, api_for):
    page, api = client_for(alice), api_for(alice)
    answer = page.post("/transactions/bulk/", {"all": "1", "do": "category", "category": "gifts"})
    change = Change.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/transactions/undo/{change.pk}/")
    LongChange(change.pk).step(at=timezone.now())
    text = page.get(answer.url).content.decode()
    assert "3 of 11 transactions" in text
    assert 'value="27" max="100"' in text
    assert "undo/</form" not in text
    part = page.get(answer.url, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    tasks.run_change(change.pk)
    done = page.get(answer.url, headers={"HX-Request": "true"})
    assert done.headers["HX-Redirect"] == answer.url
    assert "You can undo this for 30 more days." in page.get(answer.url).content.decode()

    answer = api.post(f"/api/undo/{change.pk}")
    address = f"/api/undo/{change.pk}"
    assert (answer.status_code, answer.headers["Location"]) == (202, address)
    assert answer.json() == {"count": 8, "batch": change.pk, "status": "undoing", "url": address}
    LongChange(change.pk).step(at=timezone.now())
    state = api.get(address).json()
    assert (state["status"], state["done_count"], state["total_count"]) == ("undoing", 3, 8)
    assert api.post(address).status_code == 400
    tasks.run_change(change.pk)
    assert api.get(address).json()["undone_at"] is not None
    answer = api.post("/api/categories/rules/apply")
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
