"""What is not yours does not exist: every address × every kind of person (see tests/routes.py).

Somebody else's id and an id that never was answer alike, 404, and change nothing. Who sees a
thing by a share and may not change it gets 403. A pattern missing in the table fails the suite.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model
from django.urls import reverse

from accounts.models import AccountShare
from tests.builders import make_user
from tests.routes import EXEMPT, LISTS, OBJECTS, OPEN, On
from tests.world import SECRET, things_of
from users.management.commands.list_urls import Url, all_urls
from users.models import User

ABSENT = 987_654_321
pytestmark = pytest.mark.django_db
URLS: dict[str, Url] = {url.name: url for url in all_urls() if not url.name.startswith("admin:")}
# What may change though a request is refused: the trail of refusals, sessions, sign-in times.
UNWATCHED = {
    *("users.AuditEvent", "users.AuditChain", "sessions.Session", "users.User"),
    *("usersessions.UserSession", "users.IdempotentCommand"),
}
OUR_APPS = (
    *("users", "accounts", "transactions", "budgets", "bills", "rewards", "alerts"),
    "insights",
)
# They own nothing here; support, auditor and admin are customers as far as these doors go.
READ_ONLY = ("viewer", "analyst")
STRANGERS = ("user", "viewer", "analyst", "support", "auditor", "admin")


def watched() -> list[type[Model]]:
    models = [model for name in OUR_APPS for model in apps.get_app_config(name).get_models()]
    return [model for model in models if model._meta.label not in UNWATCHED]


def everything() -> dict[str, list]:
    """Every row of every table that a customer's request could change."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values()) for model in watched()
    }


def object_calls(suits: Callable[[str, str], bool] = lambda name, method: True) -> list[Any]:
    """Every (address of an object, method), in groups by app: making a world costs more than
    asking a question in it."""
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in sorted(set(OBJECTS) & set(URLS)):
        app = name.partition(":")[0] if ":" in name else name[: name.index("_", 4)]
        groups[app] += [(name, method) for method in URLS[name].methods if suits(name, method)]
    return [pytest.param(calls, id=app) for app, calls in groups.items() if calls]


def address(name: str, on: On, things: dict[str, Any]) -> str:
    """The address of this thing; without things, of one that never was."""
    kinds = {"pk": on.thing, **on.args}
    ids = {arg: things[kind].pk if things else ABSENT for arg, kind in kinds.items()}
    return reverse(name, kwargs=ids)


def ask(client: Any, method: str, url: str) -> Any:
    options = {} if method == "GET" else {"content_type": "application/json"}
    return getattr(client, method.lower())(url, **options)


def body_of(answer: Any) -> str:
    """The body without what differs by itself: the CSRF token, the ids in the address."""
    text = re.sub(r"csrfmiddlewaretoken[^>]*>", "", answer.content.decode())
    text = re.sub(r'X-CSRFToken": "\w+"', "", text)
    return re.sub(r"\d+", "0", text)


@pytest.fixture
def world(alice):
    return things_of(alice)


def share_all(owner: User, member: User, level: str) -> None:
    for account in owner.accounts.all():
        AccountShare.objects.create(
            user=owner, member=member, account=account, level=level, status="accepted"
        )


def test_every_address_is_in_the_table():
    named = [OPEN, LISTS, set(OBJECTS), set(EXEMPT)]
    table = set().union(*named)
    assert sum(len(part) for part in named) == len(table), "An address stands in two places."
    assert set(URLS) - table == set(), "Add these to tests/routes.py."
    assert table - set(URLS) - {"styleguide"} == set(), "These addresses are gone."


@pytest.mark.parametrize("name", sorted(set(LISTS) & set(URLS)))
def test_without_a_sign_in_a_personal_address_shows_nothing(db, client, name):
    for method in URLS[name].methods:
        assert_sent_to_sign_in(ask(client, method, reverse(name)), URLS[name])


@pytest.mark.parametrize("calls", object_calls())
def test_without_a_sign_in_an_object_shows_and_changes_nothing(world, client, subtests, calls):
    before = everything()
    for name, method in calls:
        with subtests.test(name=name, method=method):
            answer = ask(client, method, address(name, OBJECTS[name], world))
            assert_sent_to_sign_in(answer, URLS[name])
            assert everything() == before


def assert_sent_to_sign_in(answer: Any, url: Url) -> None:
    if url.pattern.startswith("/api/") or answer.status_code == 401:
        assert answer.status_code == 401, url.pattern
        assert answer.json()["errors"][0]["code"] in ("not_authenticated", "authentication_failed")
    else:
        assert (answer.status_code, "/users/" in answer["Location"]) == (302, True), url.pattern
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize("calls", object_calls())
def test_foreign_and_absent_are_one_and_the_same_404(world, client_for, subtests, calls):
    strangers = {
        role: client_for(make_user(f"{role}@example.com", role=role)) for role in STRANGERS
    }
    before = everything()
    for name, method in calls:
        for role, stranger in strangers.items():
            with subtests.test(name=name, method=method, role=role):
                foreign = ask(stranger, method, address(name, OBJECTS[name], world))
                absent = ask(stranger, method, address(name, OBJECTS[name], {}))
                # A role that may do this nowhere may be told so, whatever the id.
                refusals = {404, 403} if role in READ_ONLY and method != "GET" else {404}
                assert foreign.status_code == absent.status_code
                assert foreign.status_code in refusals
                assert body_of(foreign) == body_of(absent)
        with subtests.test(name=name, method=method):
            assert everything() == before


@pytest.mark.parametrize("calls", object_calls())
def test_a_member_of_a_share_reads_and_changes_nothing(world, alice, client_for, subtests, calls):
    members = {level: make_user(f"{level}@example.com") for level in READ_ONLY}
    for level, member in members.items():
        share_all(alice, member, level)
    clients = {level: client_for(member) for level, member in members.items()}
    before = everything()
    for name, method in calls:
        for level, client in clients.items():
            with subtests.test(name=name, method=method, level=level):
                answer = ask(client, method, address(name, OBJECTS[name], world))
                assert answer.status_code in member_answers(OBJECTS[name], level, method)
                assert everything() == before


def member_answers(on: On, level: str, method: str) -> tuple[int, ...]:
    if not on.shared_as(level):
        return (404,)
    # A form to change it is not for members.
    return (200, 403) if method == "GET" else (403,)


@pytest.mark.parametrize(
    "calls", object_calls(lambda name, method: method != "GET" and not OBJECTS[name].marks)
)
def test_a_read_only_role_changes_nothing_of_its_own(world, alice, client_for, subtests, calls):
    client = client_for(alice)
    before = everything()
    for role in READ_ONLY:
        User.objects.filter(pk=alice.pk).update(role=role)
        for name, method in calls:
            with subtests.test(name=name, method=method, role=role):
                answer = ask(client, method, address(name, OBJECTS[name], world))
                if method not in OBJECTS[name].reads:
                    assert answer.status_code in (403, 404)
                assert everything() == before


@pytest.mark.parametrize("calls", object_calls(lambda name, method: method == "GET"))
def test_its_owner_sees_it(world, alice, client_for, subtests, calls):
    client = client_for(alice)
    for name, _ in calls:
        with subtests.test(name=name):
            answer = client.get(address(name, OBJECTS[name], world))
            assert answer.status_code in (200, 302), answer.content[:300]


@pytest.mark.parametrize(
    "name", sorted(name for name in LISTS if name in URLS and "GET" in URLS[name].methods)
)
def test_a_list_shows_nothing_of_somebody_else(world, bob, client_for, name):
    answer = client_for(bob).get(reverse(name))
    assert answer.status_code in (200, 302, 403, 404, 405)
    assert SECRET not in answer.getvalue().decode()


@pytest.mark.parametrize("name", ["api_transaction_list", "transactions:transaction_list"])
@pytest.mark.parametrize("query", ["account", "category", "tag", "search", "merchant"])
def test_no_filter_reaches_somebody_elses_rows(world, bob, client_for, name, query):
    value = world["account"].pk if query == "account" else world["category"].slug
    answer = client_for(bob).get(f"{reverse(name)}?{query}={value}")
    assert f"{SECRET} " not in answer.content.decode()


def test_revoking_a_share_takes_effect_on_the_next_request(world, alice, client_for):
    member = make_user("member@example.com")
    share_all(alice, member, "viewer")
    client, url = client_for(member), reverse("api_account_detail", args=[world["account"].pk])
    assert client.get(url).status_code == 200
    AccountShare.objects.update(status="revoked")
    assert client.get(url).status_code == 404
