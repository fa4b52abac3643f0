"""An erased person is in no table, file or cache; all other data is unchanged (P1, T23).

A unique word is planted in every text field of every row they have. Kinds of rows that the test's
world lacks are created from their models, so a new table is covered automatically.
"""

import json
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import AccountShare
from accounts.sharing import accept_share, invite
from banking.kernel.encryption import decrypt
from insights.exports.erasing import erase_person, finish_erasures
from insights.exports.ownership import rows_of, tables_of_people
from insights.exports.personal_export import (
    exported_fields,
    exported_tables,
    json_pieces,
    section_name,
)
from insights.tests.planting import ADDRESS, CANARY, free_texts, places_of, plant
from tests.builders import PASSWORD, make_account, make_transaction, make_user
from tests.world import connected_bank, things_of
from transactions.sources.banks.connecting import BankError, Problem
from transactions.sources.banks.sandbox import SandboxBankConnector
from users.audit import audit_guard, trail
from users.audit.audit_check import verify
from users.audit.trail import RequestInfo, record, request_info
from users.messages.outbox import deliver_due
from users.models import AuditEvent, Notification, User
from users.policy import Ability, may
from users.services.people import set_active


def state_of(person: User) -> dict[str, list]:
    """All data of a person, except what they shared with the erased one."""
    kept = {
        model._meta.label: list(rows_of(model, person).order_by("pk").values())
        for model in tables_of_people()
        if model not in (AccountShare, Notification)
    }
    return kept | {"user": User.objects.filter(pk=person.pk).values().get()}


@pytest.fixture
def guard(transactional_db):
    audit_guard.install(connection)
    yield
    audit_guard.remove(connection)


@pytest.fixture
def person(guard, settings) -> User:
    """A person with one row of every kind, who shares with Bob and he with them."""
    user = make_user(ADDRESS, name=f"{CANARY} Archer", phone="+49 30 901820")
    elsewhere = RequestInfo(ip="203.0.113.77", request_id="r-1", device=f"{CANARY} browser")
    with request_info(elsewhere):
        things_of(user)
        record(actor=user, action="test.thing.done", target=user, text=[CANARY, ADDRESS])
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk),
        object_repr=CANARY,
        action_flag=2,
    )
    user.groups.add(Group.objects.create(name="a group"))
    user.user_permissions.add(Permission.objects.first())
    return user


def share(owner: User, member: User) -> None:
    """Share through the service: it sends a mail and records events in both chains."""
    for share in invite(
        actor=owner,
        email=member.email,
        level="analyst",
        accounts=owner.accounts.all(),
        at=timezone.now(),
    ):
        accept_share(actor=member, share=share)


@pytest.mark.slow
def test_nothing_of_an_erased_person_remains(person, settings):
    bob, staff = make_user("bob@example.com"), make_user("staff@example.com", role="admin")
    things_of(bob)
    share(person, bob)
    share(bob, person)
    with request_info(RequestInfo(ip="203.0.113.77", device=f"{CANARY} browser")):
        # An event in Bob's chain, caused by the person.
        record(actor=person, action="test.thing.done", target=bob.accounts.first())
    LogEntry.objects.create(
        user=staff,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr=ADDRESS,
        action_flag=2,
    )
    # What others have about the person by name: an open invitation, and a mail about one.
    eve = make_user("eve@example.com")
    make_account(user=eve)
    EmailAddress.objects.create(user=person, email=f"old-{ADDRESS}", verified=True)
    invite(
        actor=eve,
        email=f"old-{ADDRESS}",
        level="viewer",
        accounts=eve.accounts.all(),
        at=timezone.now(),
    )
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    deliver_due(at=timezone.now())
    assert "Qyzw Archer wants to share accounts" in mails_in_folder(settings)
    mails_to(ADDRESS, "bob@example.com")
    assert plant(person) == {}
    planted = places_of(CANARY)
    assert len(planted) > 35, planted
    assert_exported(person)
    before, row_count = state_of(bob), AuditEvent.objects.count()

    erase_person(actor=person, user=person, confirmation=ADDRESS.upper())

    assert places_of(CANARY) == []
    assert [place for place in places_of("203.0.113.77") if "auditevent" in place] == []
    assert {
        model._meta.label for model in tables_of_people() if rows_of(model, person).exists()
    } == set()
    assert state_of(bob) == before
    assert AuditEvent.objects.count() == row_count + 4
    assert verify().faults == []
    call_command("check_ledger")
    assert "To: bob@example.com" in mails_in_folder(settings)


def assert_exported(person: User) -> None:
    """P1: the full export contains every planted text, except secrets and listed exclusions."""
    pieces = json_pieces(person, at=timezone.now(), report=lambda percent: None)
    exported = json.loads("".join(pieces))
    assert CANARY in exported["profile"]["name"]
    for model in exported_tables():
        names = {field.name for field in exported_fields(model)} & {
            field.name for field in free_texts(model)
        }
        rows = [row for row in exported[section_name(model)] if CANARY in repr(row)]
        assert {name for name in names if any(CANARY in repr(row[name]) for row in rows)} == names


def mails_in_folder(settings) -> str:
    return "".join(path.read_text() for path in Path(settings.EMAIL_FILE_PATH).iterdir())


def mails_to(person: str, other: str) -> None:
    """One file with a mail to each, and one with a mail to the person alone."""
    for recipients in ([person, other], [person]):
        folder = get_connection()
        folder.send_messages(
            [EmailMessage("Hello", f"to {recipient}", to=[recipient]) for recipient in recipients]
        )


@pytest.mark.slow
def test_the_remaining_user_row_does_not_identify_the_person(person, client):
    erase_person(actor=person, user=person, confirmation=ADDRESS)
    left = User.objects.get(pk=person.pk)
    assert (left.email, left.name, left.phone) == (f"erased-{person.pk}@erased.invalid", "", "")
    assert (left.is_active, left.role, left.has_usable_password()) == (False, "user", False)
    assert not may(left, Ability.CHANGE_OWN_DATA)
    events = list(AuditEvent.objects.filter(chain__name=f"user:{person.pk}").order_by("sequence"))
    assert [event.action for event in events[-2:]] == [trail.DETAILS_ERASED, "users.user.erased"]
    assert {(event.ip, event.device) for event in events} == {(None, "")}
    assert not client.login(email=ADDRESS, password=PASSWORD)
    with pytest.raises(ValidationError, match="account was deleted"):
        set_active(actor=None, user=left, is_active=True)
    # The email address can be used again.
    assert make_user(ADDRESS).pk != person.pk


@pytest.mark.slow
def test_erasing_a_person_keeps_data_of_the_owner_of_an_address_they_entered(person, alice, bob):
    """An unconfirmed change to Bob's address, and an address that Bob took over later."""
    make_account(user=alice)
    share(alice, bob)
    invite(
        actor=alice,
        email="new@example.com",
        level="viewer",
        accounts=alice.accounts.all(),
        at=timezone.now(),
    )
    for email in (bob.email, "new@example.com"):
        EmailAddress.objects.create(user=person, email=email, verified=False)
    record(actor=person, action="users.email.confirmed", target=person, email=[bob.email, ADDRESS])
    before = list(alice.shares_given.order_by("pk").values())
    erase_person(actor=person, user=person, confirmation=ADDRESS)
    assert list(alice.shares_given.order_by("pk").values()) == before
    offers = AuditEvent.objects.filter(
        action="accounts.share.invited", chain__name=f"user:{bob.pk}"
    )
    assert [event.changes["email"] for event in offers] == [bob.email]


@pytest.mark.slow
def test_rows_written_during_an_erasure_are_deleted_the_next_night(person):
    erase_person(actor=person, user=person, confirmation=ADDRESS)
    late = make_account(user=person, name=f"{CANARY} late", opening_balance="10")
    make_transaction(account=late, description=CANARY)
    assert places_of(CANARY) != []
    assert finish_erasures(at=timezone.now()) > 0
    assert (places_of(CANARY), verify().faults) == ([], [])
    call_command("check_ledger")


def test_erasing_ends_the_access_to_connected_banks(alice, django_capture_on_commit_callbacks):
    secret = decrypt(connected_bank(alice).secret)
    assert SandboxBankConnector().accounts(secret)
    with django_capture_on_commit_callbacks(execute=True):
        erase_person(actor=alice, user=alice, confirmation=alice.email)
    with pytest.raises(BankError) as refusal:
        SandboxBankConnector().accounts(secret)
    assert refusal.value.problem is Problem.REVOKED
