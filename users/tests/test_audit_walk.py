"""Verifying the audit trail in a worker, step by step: all of it, one chain, or some days."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from tests.builders import make_user
from tests.world import everything
from users.audit import audit_guard, audit_walk
from users.audit.audit_check import verify
from users.audit.audit_walk import go_on, start_walk, walk_of
from users.audit.trail import erase_details, record
from users.models import AuditChain, AuditEvent, User
from users.services.people import set_role
from users.tasks import verify_audit_walk

pytestmark = pytest.mark.django_db
STEP = 4


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    monkeypatch.setattr(audit_walk, "AUDIT_WALK_STEP", STEP)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def people(alice, bob) -> list[User]:
    """Three chains of 7, 5 and 4 events, written by turns."""
    people = [alice, bob, make_user("carol@example.com")]
    for turn in range(7):
        for person, length in zip(people, (7, 5, 4), strict=True):
            if turn < length:
                record(actor=person, action="users.profile.updated", target=person, name=[turn, 1])
    return people


def walked(chain: str = "", since=None, until=None, anchors=None) -> list[tuple[str, int]]:
    """(chain, sequence) of each problem; counts the steps."""
    start_walk(user_id=1, chain=chain, since=since, until=until, at=timezone.now())
    while go_on(user_id=1, anchors=anchors or {}, at=timezone.now()):
        walk = walk_of(1)
        assert walk.done <= walk.total
        assert walk.percent == min(99, walk.done * 100 // walk.total)
    walk = walk_of(1)
    assert walk.is_done
    return [(problem["chain"], problem["sequence"]) for problem in walk.problems]


def broken(person: User, sequence: int, how: str) -> None:
    """Change, remove or blank one event behind the trail's back."""
    audit_guard.remove(connection)
    rows = QuerySet(AuditEvent).filter(chain__name=f"user:{person.pk}", sequence=sequence)
    if how == "removed":
        rows.delete()
    elif how == "blanked":
        rows.update(salt="", changes=None, ip=None, device="")
    else:
        rows.update(action="x")
    audit_guard.install(connection)


def test_all_chains_are_walked_in_steps_with_progress(people):
    assert walked() == []
    walk = walk_of(1)
    assert (walk.done, walk.total, walk.chains) == (16, 16, 3)
    assert walked(f"user:{people[1].pk}") == []
    assert walk_of(1).done == 5
    assert walked("user:987654321") == [("user:987654321", 1)]


@pytest.mark.parametrize("sequence", [1, 4, 5, 7])
@pytest.mark.parametrize("how", ["changed", "removed", "blanked"])
def test_every_fault_is_found_in_whichever_step(people, sequence, how):
    broken(people[0], sequence, how)
    expected = [(fault.chain, fault.sequence) for fault in verify().faults]
    assert walked() == expected
    assert len(expected) == 1
    assert walked(f"user:{people[0].pk}") == expected
    assert walked(f"user:{people[1].pk}") == []
    assert walk_of(1).done == 5


def test_chains_without_events_or_without_their_head_are_found(people):
    audit_guard.remove(connection)
    QuerySet(AuditEvent).filter(chain__name=f"user:{people[1].pk}").delete()
    audit_guard.install(connection)
    assert walked() == [(f"user:{people[1].pk}", 1)]
    anchors = {"user:987654321": [3, "x"], f"user:{people[2].pk}": [9, "y"]}
    assert walked(anchors=anchors)[1:] == [(f"user:{people[2].pk}", 5), ("user:987654321", 1)]


def test_an_erasure_explains_blank_details_even_after_the_range(people):
    alice = people[0]
    erase_details(actor=alice, owner_id=alice.pk, elsewhere=Q(pk=None))
    assert walked() == []
    today = timezone.now().date()
    assert walked(since=today, until=today) == []
    assert walk_of(1).done == 17


def test_some_days_must_join_what_is_before_and_after(people, monkeypatch):
    """Events are dated by their hash, so the days are moved by the clock."""
    later = timezone.now() + timedelta(days=3)
    monkeypatch.setattr("users.audit.trail.timezone.now", lambda: later)
    for turn in range(6):
        record(actor=people[0], action="users.profile.updated", target=people[0], name=[turn, 2])
    day = later.date()
    assert walked(since=day, until=day) == []
    assert walk_of(1).done == 6
    assert walked(until=day - timedelta(days=1)) == []
    assert walk_of(1).done == 16
    broken(people[0], 3, "changed")
    assert walked(since=day) == []
    assert walked(until=day - timedelta(days=1)) == [(f"user:{people[0].pk}", 3)]
    broken(people[0], 7, "removed")
    name = f"user:{people[0].pk}"
    assert walked(name, since=day) == [(name, 8)]
    broken(people[0], 13, "removed")
    broken(people[0], 8, "removed")
    assert walked(since=day - timedelta(days=2)) == [(name, 9)]


def test_events_added_meanwhile_do_not_disturb(people):
    start_walk(user_id=1, chain="", since=None, until=None, at=timezone.now())
    go_on(user_id=1, anchors={}, at=timezone.now())
    for person in people:
        record(actor=person, action="users.profile.updated", target=person, name=[1, 2])
    while go_on(user_id=1, anchors={}, at=timezone.now()):
        pass
    assert (walk_of(1).problems, walk_of(1).done) == ([], 19)


# --- The page -------------------------------------------------------------------------------------


def staff(role: str) -> User:
    return set_role(actor=None, user=make_user(f"{role}@staff.example"), role=role)


def test_the_page_shows_progress_and_result_and_changes_no_row(people, client_for, monkeypatch):
    auditor = staff("auditor")
    monkeypatch.setattr("users.admin.records.publish", lambda task, pk: None)
    client, page = client_for(auditor), reverse("admin:users_auditevent_verify")
    start, progress = (reverse(f"admin:users_auditevent_{name}") for name in ("start", "progress"))
    assert "intact" not in client.get(page).content.decode()
    before = everything()
    asked = {"chain": "ALICE@example.com", "since": "", "until": ""}
    assert client.post(start, asked)["Location"] == page
    assert walk_of(auditor.pk).chain == f"user:{people[0].pk}"
    assert "data-poll" in client.get(page).content.decode()
    go_on(user_id=auditor.pk, anchors={}, at=timezone.now())
    assert "4 events" in client.get(progress).content.decode()
    # The worker died here; another goes on where it stopped.
    assert verify_audit_walk(auditor.pk) is True
    shown = client.get(progress).content.decode()
    assert "The audit trail is intact." in shown
    assert "7 events in 1 chains" in " ".join(shown.split())
    assert everything() == before
    broken(people[0], 2, "changed")
    client.post(start, {"chain": str(people[0].pk)})
    verify_audit_walk(auditor.pk)
    assert "The audit trail has been tampered with." in client.get(page).content.decode()


@pytest.mark.parametrize(
    "asked", [{"chain": "nobody@example.com"}, {"since": "2026-03-02", "until": "2026-03-01"},
              {"since": "x"}],
)  # fmt: skip
def test_what_cannot_be_verified_is_said(client_for, asked):
    client = client_for(staff("auditor"))
    answer = client.post(reverse("admin:users_auditevent_start"), asked, follow=True)
    assert 'class="error"' in answer.content.decode()
    assert AuditChain.objects.count() <= 1
    assert walk_of(User.objects.get(email="auditor@staff.example").pk) is None


def test_a_silent_walk_is_woken_again(people, client_for, monkeypatch):
    auditor, woken = staff("auditor"), []
    monkeypatch.setattr("users.admin.records.publish", lambda task, pk: woken.append(pk))
    client, url = client_for(auditor), reverse("admin:users_auditevent_progress")
    long_ago = timezone.now() - timedelta(minutes=5)
    start_walk(user_id=auditor.pk, chain="", since=None, until=None, at=long_ago)
    client.get(url)
    assert woken == [auditor.pk]
    go_on(user_id=auditor.pk, anchors={}, at=timezone.now())
    client.get(url)
    assert woken == [auditor.pk]
