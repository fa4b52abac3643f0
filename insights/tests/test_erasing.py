"""An erased person is in no table, no file and no cache; everything else is as it was (P1, T23).

A word that is nowhere else is planted in every text of every row they have. A kind of row that
the test's world lacks is made from its model, so that a new table is covered the day it comes.
"""

import datetime
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, OperationalError, connection, models
from django.db import transaction as db_transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AccountShare
from accounts.sharing import accept_share, invite
from insights.personal_export import (
    exported_fields,
    exported_tables,
    json_pieces,
    section_name,
)
from insights.services.erasing import erase_person, finish_erasures
from insights.services.ownership import paths_to_person, rows_of, tables_of_people
from tests.builders import PASSWORD, make_account, make_transaction, make_user, step_up
from tests.world import things_of
from users import audit, audit_guard
from users.audit import RequestInfo, record, request_info
from users.audit_check import verify
from users.models import AuditEvent, Notification, User
from users.notifications import deliver_due
from users.policy import Ability, may
from users.services.people import set_active

# Four letters, so that it fits where hardly anything does.
CANARY = "Qyzw"
ADDRESS = f"{CANARY}@example.com".lower()
# Texts that are one of a few words, a code or a number, by rule of the database.
NOT_FREE = {"last_four", "currency", "base_currency", "rate", "locale", "timezone", "color", "icon"}
TEXTS = (models.CharField, models.TextField, models.JSONField, models.BinaryField)


# --- Planting ---------------------------------------------------------------------------------


def free_texts(model) -> list[models.Field]:
    """The fields of a model that can hold the word."""
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, TEXTS)
        and not field.choices
        and field.name not in NOT_FREE
        and not field.primary_key
        # The addresses have the word already, and say where else to look.
        and model is not EmailAddress
        and (field.max_length is None or field.max_length >= len(CANARY))
    ]


def value_for(field: models.Field, person: User):
    """A value that the field takes; the word where it can be."""
    if isinstance(field, models.ForeignKey):
        return related_pk(field, person)
    made = {
        models.DateTimeField: timezone.now(),
        models.DateField: datetime.date(2026, 3, 1),
        models.TimeField: datetime.time(8),
        models.BooleanField: True,
        models.JSONField: {CANARY: [CANARY]},
        models.BinaryField: CANARY.encode(),
        models.UUIDField: uuid.uuid4(),
        models.GenericIPAddressField: "203.0.113.77",
        models.CharField: CANARY[: field.max_length or 4],
        models.TextField: CANARY,
    }
    kind = next((made[kind] for kind in type(field).__mro__ if kind in made), 1)
    if field.choices and not callable(field.choices):
        return field.flatchoices[0][0]
    return kind


def related_pk(field: models.ForeignKey, person: User) -> int | None:
    model = field.related_model
    if model is User:
        return person.pk
    if paths_to_person(model):
        return rows_of(model, person).values_list("pk", flat=True).first()
    return None if field.null else model._base_manager.values_list("pk", flat=True).first()


def make_one(model, person: User) -> None:
    """A row of a kind that nothing made yet."""
    row = model()
    for field in model._meta.concrete_fields:
        if not isinstance(field, models.AutoField | models.BigAutoField):
            setattr(row, field.attname, value_for(field, person))
    model._base_manager.bulk_create([row])


def plant(person: User) -> dict[str, list[str]]:
    """The word in every free text of every row; what could not take it, by table."""
    refused: dict[str, list[str]] = {}
    for model in reversed(tables_of_people()):
        if not rows_of(model, person).exists():
            make_one(model, person)
        for field in free_texts(model):
            for row in rows_of(model, person):
                text = {models.JSONField: {CANARY: CANARY}, models.BinaryField: CANARY.encode()}
                value = text.get(type(field), CANARY)
                if field.unique or in_a_unique_constraint(model, field):
                    value = f"{CANARY}{row.pk}"
                try:
                    with db_transaction.atomic():
                        model._base_manager.filter(pk=row.pk).update(**{field.name: value})
                except IntegrityError:
                    refused.setdefault(model._meta.label, []).append(field.name)
    return refused


def in_a_unique_constraint(model, field) -> bool:
    together = [c.fields for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    return any(field.name in names for names in together)


# --- Looking ----------------------------------------------------------------------------------


def dump() -> dict[str, str]:
    """{table: everything in it}, and the files, in lower case."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows = [
                [bytes(value) if isinstance(value, memoryview) else value for value in row]
                for row in cursor.fetchall()
            ]
            found[table] = repr(rows).lower()
    for path in Path(settings.DATA_DIR).rglob("*"):
        if path.is_file():
            found[str(path)] = path.read_bytes().decode("latin-1").lower()
    found["cache"] = repr(getattr(cache, "_cache", {})).lower()
    return found


def places_of(word: str) -> list[str]:
    return sorted(place for place, content in dump().items() if word.lower() in content)


def state_of(person: User) -> dict[str, list]:
    """Everything of somebody, but what they shared with the erased one."""
    told = {
        model._meta.label: list(rows_of(model, person).order_by("pk").values())
        for model in tables_of_people()
        if model not in (AccountShare, Notification)
    }
    return told | {"user": User.objects.filter(pk=person.pk).values().get()}


@pytest.fixture
def guard(transactional_db):
    audit_guard.install(connection)
    yield
    audit_guard.remove(connection)


@pytest.fixture
def person(guard, settings) -> User:
    """Somebody with one of everything, who shares with Bob and he with them."""
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
    """As people do it: with a mail, and events in the chains of both."""
    for one in invite(
        actor=owner,
        email=member.email,
        level="analyst",
        accounts=owner.accounts.all(),
        at=timezone.now(),
    ):
        accept_share(actor=member, share=one)


def test_nothing_of_an_erased_person_is_left_anywhere(person, settings):
    bob, staff = make_user("bob@example.com"), make_user("staff@example.com", role="admin")
    things_of(bob)
    share(person, bob)
    share(bob, person)
    with request_info(RequestInfo(ip="203.0.113.77", device=f"{CANARY} browser")):
        # In Bob's chain, by the person.
        record(actor=person, action="test.thing.done", target=bob.accounts.first())
    LogEntry.objects.create(
        user=staff,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr=ADDRESS,
        action_flag=2,
    )
    # What others know of the person by name: an open invitation, a mail about one.
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
    assert "Qyzw Archer shares accounts" in mails_in_folder(settings)
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
    """P1: the full export tells every text that is planted, but secrets and what is left out."""
    pieces = json_pieces(person, at=timezone.now(), report=lambda percent: None)
    told = json.loads("".join(pieces))
    assert CANARY in told["profile"]["name"]
    for model in exported_tables():
        names = {field.name for field in exported_fields(model)} & {
            field.name for field in free_texts(model)
        }
        rows = [row for row in told[section_name(model)] if CANARY in repr(row)]
        assert {name for name in names if any(CANARY in repr(row[name]) for row in rows)} == names


def mails_in_folder(settings) -> str:
    return "".join(path.read_text() for path in Path(settings.EMAIL_FILE_PATH).iterdir())


def mails_to(person: str, other: str) -> None:
    """One file with a mail to each, one with the person's alone."""
    for recipients in ([person, other], [person]):
        folder = get_connection()
        folder.send_messages([EmailMessage("Hello", f"to {one}", to=[one]) for one in recipients])


def test_what_is_left_of_the_row_says_who_it_was_to_nobody(person, client):
    erase_person(actor=person, user=person, confirmation=ADDRESS)
    left = User.objects.get(pk=person.pk)
    assert (left.email, left.name, left.phone) == (f"erased-{person.pk}@erased.invalid", "", "")
    assert (left.is_active, left.role, left.has_usable_password()) == (False, "user", False)
    assert not may(left, Ability.CHANGE_OWN_DATA)
    events = list(AuditEvent.objects.filter(chain__name=f"user:{person.pk}").order_by("sequence"))
    assert [event.action for event in events[-2:]] == [audit.DETAILS_ERASED, "users.user.erased"]
    assert {(event.ip, event.device) for event in events} == {(None, "")}
    assert not client.login(email=ADDRESS, password=PASSWORD)
    with pytest.raises(ValidationError, match="is erased"):
        set_active(actor=None, user=left, is_active=True)
    # The address is free again.
    assert make_user(ADDRESS).pk != person.pk


def test_erasing_oneself_takes_nothing_from_whose_address_one_named(person, alice, bob):
    """A change to Bob's address that nobody confirmed, and one that was Bob's later on."""
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
    told = AuditEvent.objects.filter(action="accounts.share.invited", chain__name=f"user:{bob.pk}")
    assert [event.changes["email"] for event in told] == [bob.email]


def test_what_came_in_beside_the_erasure_goes_the_next_night(person):
    erase_person(actor=person, user=person, confirmation=ADDRESS)
    late = make_account(user=person, name=f"{CANARY} late", opening_balance="10")
    make_transaction(account=late, description=CANARY)
    assert places_of(CANARY) != []
    assert finish_erasures(at=timezone.now()) > 0
    assert (places_of(CANARY), verify().faults) == ([], [])
    call_command("check_ledger")


@pytest.mark.django_db(transaction=True)
def test_requests_beside_an_erasure_leave_nothing_behind():
    """Four clients go on posting while the person is erased; what comes late goes at night."""
    user, bob = make_user(ADDRESS), make_user("bob@example.com")
    things_of(bob)
    account = make_account(user=user, name=CANARY, opening_balance="100")
    barrier = Barrier(5)

    def post(number: int) -> None:
        try:
            barrier.wait(timeout=30)
            for _ in range(10):
                # What is gone, refused, or in another's way: all are answers, none may stay half.
                with suppress(DatabaseError, ObjectDoesNotExist, ValidationError, KeyError):
                    make_transaction(account=account, amount="-1", description=CANARY)
                with suppress(DatabaseError, ValidationError):
                    make_account(user=user, name=f"{CANARY} {number}")
        finally:
            connection.close()

    def erase() -> None:
        try:
            barrier.wait(timeout=30)
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


# --- Refusals ---------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.django_db
def test_the_last_admin_stays_and_another_may_go(alice):
    admin = make_user("admin@example.com", role="admin")
    make_user("gone@example.com", role="admin", is_active=False)
    with pytest.raises(ValidationError, match="last admin"):
        erase_person(actor=admin, user=admin, confirmation=admin.email)
    assert User.objects.get(pk=admin.pk).is_active
    second = make_user("second@example.com", role="admin")
    # Staff's deeds in other people's chains stay told: they are the institution's record.
    deed = record(actor=second, action="users.role.changed", target=alice, role=["user", "viewer"])
    erase_person(actor=second, user=second, confirmation=second.email)
    assert AuditEvent.objects.get(pk=deed.pk).changes == {"role": ["user", "viewer"]}
    assert verify().faults == []


@pytest.mark.once
@pytest.mark.django_db
def test_nobody_erases_another_or_without_the_address(alice, bob):
    with pytest.raises(PermissionDenied):
        erase_person(actor=bob, user=alice, confirmation=alice.email)
    with pytest.raises(ValidationError):
        erase_person(actor=alice, user=alice, confirmation=bob.email)
    assert User.objects.filter(is_active=True).count() == 2
    assert not Notification.objects.exists()
    assert not AuditEvent.objects.exists()


# --- Doors ------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.django_db
def test_by_api_with_a_proof_and_no_token_works_after_it(alice, api_for, client):
    tokens = client.post(
        "/api/auth/login",
        {"email": alice.email, "password": PASSWORD},
        content_type="application/json",
    ).json()
    bearer = {"Authorization": f"Bearer {tokens['access']}"}
    ask = {
        "path": "/api/users/me",
        "data": {"confirm": alice.email},
        "content_type": "application/json",
    }
    refused = client.delete(**ask, headers=bearer)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "step_up_required")
    proof = client.post(
        "/api/auth/step-up", {"password": PASSWORD}, content_type="application/json", headers=bearer
    ).json()["step_up"]
    bearer["X-Step-Up"] = proof
    ask["data"] = {"confirm": "somebody@example.com"}
    assert client.delete(**ask, headers=bearer).status_code == 400
    ask["data"] = {"confirm": alice.email}
    assert client.delete(**ask, headers=bearer).status_code == 204
    assert client.get("/api/users/me", headers=bearer).status_code == 401
    renewed = client.post(
        "/api/auth/refresh", {"refresh": tokens["refresh"]}, content_type="application/json"
    )
    assert renewed.status_code == 401


@pytest.mark.once
@pytest.mark.django_db
def test_by_page_after_the_address_is_typed(alice, client_for):
    client, other = client_for(alice), client_for(alice)
    url = reverse("users:privacy")
    page = client.get(url).content.decode()
    assert "What stays" in page
    assert alice.email in page
    assert client.post(url, {"confirm": alice.email})["Location"].startswith(
        "/users/reauthenticate"
    )
    step_up(client, alice)
    wrong = client.post(url, {"confirm": "alice"})
    assert (wrong.status_code, "as it is shown" in wrong.content.decode()) == (422, True)
    done = client.post(url, {"confirm": alice.email})
    assert (done.status_code, done["Location"]) == (302, reverse("account_login"))
    assert other.get(url).status_code == client.get(url).status_code == 302
    assert not User.objects.filter(email=alice.email).exists()


@pytest.mark.once
def test_every_model_is_somebodys_or_known_as_nobodys():
    """A new table that hangs on no person must be looked at: it might hold their data."""
    nobodys = {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if not paths_to_person(model)
    }
    known = {
        *("users.User", "users.AuditChain", "accounts.ExchangeRate", "accounts.HeldRate"),
        *("accounts.RateFetch", "auth.Permission", "auth.Group_permissions", "auth.Group"),
        *("contenttypes.ContentType", "sessions.Session", "insights.JobState"),
    }
    assert {name for name in nobodys - known if not name.startswith("django_celery")} == set()
