"""Every URL that changes something records an audit event and accepts no forbidden fields.

All requests share one data set; each runs in a savepoint that is rolled back. The requests are in
tests/commands.py.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction as db_transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from banking.kernel.snapshot import read_snapshot
from insights.exports.ownership import paths_to_person, tables_of_people
from insights.figures.coverage import coverage_for
from insights.figures.state import state_of
from insights.home.kept_outlook import Ahead, ahead_of
from tests.builders import make_user, step_up
from tests.command_bodies import World, nothing
from tests.command_rules import ELSEWHERE, ELSEWHERE_BY_PREFIX, LOOKS, OPEN_TO
from tests.commands import COMMANDS, Command
from tests.routes import OBJECTS
from tests.shared_rows import shared_rows
from tests.world import Rows, everything, things_of
from transactions.models import Transaction
from transactions.services.categories import create_category
from users.audit.activity_words import KIND_OF
from users.management.commands.list_urls import all_urls
from users.models import AuditEvent, User

pytestmark = pytest.mark.django_db
UNSAFE = {
    (url.name, method)
    for url in all_urls()
    for method in url.methods
    if method != "GET" and not url.name.startswith("admin:")
}


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    """Alice and Bob each own one of everything."""
    with shared_rows(django_db_blocker):
        owner, other = (
            make_user(f"{name}@example.com", base_currency="EUR") for name in ("alice", "bob")
        )
        things = things_of(owner)
        saved = Transaction.objects.get(user=owner, signed_amount=12)
        things |= {
            "owner": owner,
            "other": other,
            "foreign": things_of(other),
            "saved": saved,
            "pot": saved.account,
            "foreign_slug": create_category(actor=other, user=other, name="Only Bob's").slug,
            "today": timezone.now().date(),
        }
        client = Client()
        client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
        step_up(client, owner)
        yield things | {"cookies": client.cookies}


@pytest.fixture
def moment(world, db, settings) -> World:
    """The shared data set for one test; `db` rolls back all changes.

    Renews the owner's second-factor confirmation, which may have expired while the data was
    created.
    """
    settings.STEP_UP_SECONDS = 24 * 3600
    return dict(world)


def browser_of(world: World) -> Client:
    """The owner's client, signed in once for all tests."""
    client = Client()
    client.cookies = deepcopy(world["cookies"])
    return client


def address_of(command: Command, world: World) -> str:
    on = OBJECTS.get(command.name)
    kinds = {"pk": on.thing, **on.args} if on else {}
    return reverse(command.name, kwargs={name: world[kind].pk for name, kind in kinds.items()})


def is_api(command: Command, world: World) -> bool:
    return "/api/" in address_of(command, world)


def send(client: Client, command: Command, world: World, body: dict[str, Any]) -> Any:
    url, ask = address_of(command, world), getattr(client, command.method.lower())
    is_json = "/api/" in url and "file" not in body
    return ask(url, body, content_type="application/json") if is_json else ask(url, body)


@pytest.mark.once
def test_every_unsafe_url_is_in_the_table():
    named = {(command.name, command.method) for command in COMMANDS}
    known = LOOKS | set(ELSEWHERE)
    missing = {
        (name, method)
        for name, method in UNSAFE - named
        if name not in known and not name.startswith(tuple(ELSEWHERE_BY_PREFIX))
    }
    assert missing == set(), "Add to tests/commands.py."
    assert named - UNSAFE == set(), "These are gone."


# --- Forbidden fields -----------------------------------------------------------------------------

NUMBER, DAY = 987_654, "1999-01-01"
FORBIDDEN: dict[str, Any] = {
    **dict.fromkeys(("id", "pk", "user_id", "owner", "actor", "member", "version"), NUMBER),
    **dict.fromkeys(("session_version", "fingerprint", "hash", "sha256", "sequence"), NUMBER),
    **dict.fromkeys(("created_at", "updated_at", "deleted_at", "paid_at"), f"{DAY}T00:00:00Z"),
    **dict.fromkeys(("is_staff", "is_superuser", "is_read"), True),
    **dict.fromkeys(("origin", "category_source", "dedupe_key", "external_id"), f"{NUMBER}"),
    "balance": f"{NUMBER}.00",
    "role": "admin",
    "kyc_status": "verified",
    "groups": [1],
    "user_permissions": [1],
}
# A new account may call its opening balance `balance`.
# Passwords are never recorded, and a batch stores the previous values of its rows itself.
NO_VALUES = {"users.password.changed", "transactions.transactions.edited"}
# Legitimate uses of these names: a new account's opening balance, a column of a file.
OWN_FIELDS = {
    "api_account_list": {"balance"},
    "transactions:import_map": {"external_id", "balance"},
}


def rows_of_one(rows: Rows, pk: int) -> Rows:
    """The rows that reference this user as their owner."""
    columns = {
        model._meta.db_table: [field.attname for field in model._meta.concrete_fields].index(
            "user_id"
        )
        for model in tables_of_people()
        if paths_to_person(model) == ("user",)
    }
    return {
        table: [row for row in rows[table] if row[index] == pk]
        for table, index in columns.items()
        if table in rows
    }


def what_comes(world: World) -> Ahead:
    """What comes until payday, kept or not, of the owner's accounts."""
    owner = User.objects.get(pk=world["owner"].pk)
    with read_snapshot():
        coverage = coverage_for(owner)
        return ahead_of(coverage, currency=owner.base_currency, on=world["today"])


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_change_is_audited_and_ignores_forbidden_fields(moment, command):
    """Records one event, or those listed, and ignores or rejects every forbidden field."""
    command.ready(moment)
    client, owner, other = browser_of(moment), moment["owner"], moment["other"]
    before = rows_of_one(everything(), other.pk)
    last = AuditEvent.objects.order_by("id").values_list("pk", flat=True).last() or 0
    state, _ahead = state_of(User.objects.get(pk=owner.pk), moment["today"]), what_comes(moment)
    asked = command.body(moment)
    own = OWN_FIELDS.get(command.name, set())
    extra = FORBIDDEN | {"user": other.pk}
    sent = {name: value for name, value in extra.items() if name not in own} | asked
    if is_api(command, moment):
        all_before = everything()
        refused = send(client, command, moment, sent)
        assert refused.status_code == 400, refused.content[-1500:]
        assert {error["code"] for error in refused.json()["errors"]} == {"unknown_field"}
        assert everything() == all_before
        sent = command.body(moment)

    answer = send(client, command, moment, sent)

    assert answer.status_code in (200, 201, 202, 204, 302, 303), answer.content[-1500:]
    events = AuditEvent.objects.filter(pk__gt=last).order_by("id")
    actions = list(events.values_list("action", flat=True))
    assert actions == list(command.actions)
    assert {*actions} <= {*KIND_OF}
    assert {event.action for event in events if not tells_before_and_after(event)} == set()
    assert set(events.values_list("actor", flat=True)) == {owner.pk}
    # A page kept before this is not shown again.
    changed = state_of(User.objects.get(pk=owner.pk), moment["today"]) != state
    assert changed == bool(actions)
    # Nor is what comes, if it was kept before this, and it differs.
    kept = what_comes(moment)
    cache.clear()
    assert kept == what_comes(moment)

    after = everything()
    found = repr(after)
    assert f"{NUMBER}" not in found
    assert f"{DAY}" not in found
    assert f"({DAY[:4]}, 1, 1" not in found
    assert not User.objects.exclude(role="user", is_staff=False, is_superuser=False).exists()
    assert not User.objects.filter(kyc_status="verified").exists()
    if "share" not in command.name:
        assert rows_of_one(after, other.pk) == before


@pytest.mark.slow
@pytest.mark.once
def test_a_read_only_role_changes_nothing(moment, subtests):
    """The same requests by the same owner as viewer and analyst: 403 except for OPEN_TO."""
    owner = moment["owner"].pk
    for command in COMMANDS:
        with subtests.test(command=str(command)), db_transaction.atomic():
            world = dict(moment)
            command.ready(world)
            before, client = everything(), browser_of(world)
            for role in ("viewer", "analyst"):
                if role in OPEN_TO.get(command.name, ()):
                    continue
                User.objects.filter(pk=owner).update(role=role)
                answer = send(client, command, world, command.body(world))
                assert (role, answer.status_code) in ((role, 403), (role, 404))
                User.objects.filter(pk=owner).update(role="user")
                assert everything() == before
            db_transaction.set_rollback(True)


def tells_before_and_after(event: AuditEvent) -> bool:
    """Whether the event for a change includes the previous values."""
    verb, changes = event.action.rpartition(".")[2], event.changes or {}
    if verb not in ("edited", "changed", "updated", "level_changed") or event.action in NO_VALUES:
        return True
    return "before" in changes or any(
        isinstance(value, list) and len(value) == 2 for value in changes.values()
    )


def foreign_values(world: World, *, is_import: bool) -> dict[str, Any]:
    """Values of another person's objects, which a field of this name must not accept."""
    foreign = world["foreign"]
    account, transaction = foreign["account"].pk, foreign["transaction"].pk
    slug = world["foreign_slug"]
    return {
        **dict.fromkeys(("account", "source", "target"), account),
        "accounts": [account],
        "category": slug,
        "parent": slug,
        "categories": [slug],
        "transaction": transaction,
        "ids": [foreign["import_row"].pk if is_import else transaction],
        "part-0-category": slug,
        "parts": [{"amount": "2.00", "category": slug}, {"amount": "1.00"}],
    }


REFERRING = {"accounts", "source", "target", "category", "categories", "ids", "account", "parts"}
REFERRING |= {"transaction", "part-0-category", "parent"}


@pytest.mark.slow
@pytest.mark.once
def test_no_field_accepts_another_persons_object(moment, subtests):
    """Send another person's ID or slug in each writable foreign key."""
    tried, other = 0, moment["other"].pk
    for command in COMMANDS:
        if command.method == "DELETE" or command.body is nothing:
            continue
        with db_transaction.atomic():
            world = dict(moment)
            command.ready(world)
            body, client = command.body(world), browser_of(world)
            before = everything()
            for name in sorted(REFERRING & set(body)):
                tried += 1
                with subtests.test(command=str(command), entry=name):
                    foreign = foreign_values(world, is_import="import" in command.name)
                    wrong = body | {name: foreign[name]}
                    answer = send(client, command, world, wrong)
                    assert answer.status_code != 500
                    after = everything()
                    if name == "ids":  # Their own objects may be used.
                        after, kept = (rows_of_one(rows, other) for rows in (after, before))
                        assert after == kept
                    else:
                        assert after == before
                    assert "Only Bob" not in answer.content.decode()
            db_transaction.set_rollback(True)
    assert tried > 40
