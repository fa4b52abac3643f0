"""Access control for every URL × method × kind of user × own, foreign and missing objects.

Generated from the URLconf; tests/routes.py says what each URL shows, and a pattern missing there
fails the suite. Other people's objects and missing objects give the same 404. Members who can see a
shared object but may not change it get 403. All requests run against one data set, and none of them
may change it. tests/test_commands.py shows that owners can use their own URLs.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client
from django.urls import reverse

from accounts.models import AccountShare
from tests.builders import PASSWORD, make_user
from tests.routes import DENIED, EXEMPT, LISTS, OBJECTS, OPEN, On
from tests.shared_rows import shared_rows
from tests.world import SECRET, everything, things_of
from users.management.commands.list_urls import STAFF, Url, all_urls
from users.models import Notification, User
from users.policy import ABILITIES

ABSENT = 987_654_321
# Access checks do not depend on the database engine. Permitted requests run on both elsewhere.
pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.slow]
ALL = all_urls()
URLS: dict[str, Url] = {url.name: url for url in ALL if not url.name.startswith("admin:")}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LEVELS = ("viewer", "analyst")
# Roles that are read-only, and roles treated as customers here.
READ_ONLY = ("viewer", "analyst")
CUSTOMERS = ("user", "support", "auditor", "admin")
# The owner, whose password was right and whose second factor is open: nobody yet.
HALFWAY = "owner halfway"
CODE_PAGE = "/users/2fa/authenticate/"
People = dict[str, Client]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def half_signed_in(user: User) -> Client:
    """A browser that gave the right password and still owes the code."""
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    client = Client()
    answer = client.post("/users/login/", {"login": user.email, "password": PASSWORD})
    assert answer["Location"] == CODE_PAGE
    return client


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[dict[str, Any]]:
    """Alice owns one of everything; members see all her accounts; strangers see nothing."""
    with shared_rows(django_db_blocker):
        owner = make_user("alice@example.com")
        people = {"owner": owner}
        people |= {
            role: make_user(f"{role}@example.com", role=role) for role in (*CUSTOMERS, *READ_ONLY)
        }
        things = things_of(owner)
        for level in LEVELS:
            member = people[f"member {level}"] = make_user(f"member-{level}@example.com")
            for account in owner.accounts.all():
                AccountShare.objects.create(
                    user=owner, member=member, account=account, level=level, status="accepted"
                )
        clients = {name: signed_in(user) for name, user in people.items()}
        clients |= {"nobody": Client(), HALFWAY: half_signed_in(owner)}
        yield things | {"clients": clients, "owner": owner}


@pytest.fixture
def people(world, db) -> People:
    return world["clients"]


def groups() -> list[Any]:
    """Object URLs by app, so that there are a few tests instead of hundreds."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(OBJECTS) & set(URLS)):
        app = name.partition(":")[0] if ":" in name else name[: name.index("_", 4)]
        found[app].append(name)
    return [pytest.param(names, id=app) for app, names in found.items()]


def address(name: str, on: On, things: dict[str, Any]) -> str:
    """The URL of this object, or of a missing one if no object is given."""
    kinds = {"pk": on.thing, **on.args}
    ids = {arg: things[kind].pk if things else ABSENT for arg, kind in kinds.items()}
    return reverse(name, kwargs=ids)


def ask(client: Client, method: str, url: str) -> Any:
    options = {} if method == "GET" else {"content_type": "application/json"}
    return getattr(client, method.lower())(url, **options)


def body_of(answer: Any) -> str:
    """The body without the parts that always differ: the CSRF token and the IDs in the URL."""
    text = re.sub(r"csrfmiddlewaretoken[^>]*>", "", answer.getvalue().decode("latin-1"))
    text = re.sub(r'X-CSRFToken": "\w+"', "", text)
    return re.sub(r"\d+", "0", text)


def test_every_url_is_in_the_table():
    named = [OPEN, LISTS, set(OBJECTS), set(EXEMPT)]
    table = set().union(*named)
    assert sum(len(part) for part in named) == len(table), "A URL is listed twice."
    assert set(URLS) - table == set(), "Add these to tests/routes.py."
    assert table - set(URLS) - {"styleguide"} == set(), "These addresses are gone."
    assert set(DENIED) <= LISTS


def test_staff_are_customers_with_their_own_data():
    """Staff get the same responses as the `user` role here. A few URLs below are tested with staff
    too.
    """
    assert all(ABILITIES["user"] <= ABILITIES[role] for role in CUSTOMERS)


# --- Objects -----------------------------------------------------------------------------------


@pytest.mark.parametrize("names", groups())
def test_objects_are_hidden_from_everyone_but_owner_and_members(world, people, subtests, names):
    before = everything()
    for name in names:
        on, url = OBJECTS[name], URLS[name]
        own, absent = address(name, on, world), address(name, on, {})
        with subtests.test(name=name):
            for method in url.methods:
                refuse_strangers(people, method, own, absent)
                answer_members(people, on, method, own)
                for person in ("nobody", HALFWAY):
                    send_to_sign_in(people[person], url, method, own)
            for method in set(METHODS) - set(url.methods):
                assert ask(people["owner"], method, own).status_code == 405, method
            assert everything() == before


def refuse_strangers(people: People, method: str, own: str, absent: str) -> None:
    """Foreign and missing objects must give the same response."""
    foreign, never = ask(people["user"], method, own), ask(people["user"], method, absent)
    assert (foreign.status_code, never.status_code) == (404, 404)
    assert body_of(foreign) == body_of(never)
    for role in (*CUSTOMERS[1:], *READ_ONLY):
        answer = ask(people[role], method, own)
        # A role that may never do this can be told so, whatever the ID.
        refusals = {404, 403} if role in READ_ONLY and method != "GET" else {404}
        assert answer.status_code in refusals, role
        assert SECRET not in answer.getvalue().decode("latin-1")
        if answer.status_code == 403:
            assert ask(people[role], method, absent).status_code == 403


def answer_members(people: People, on: On, method: str, own: str) -> None:
    """Members can read shared objects at their level, and change nothing."""
    for level in LEVELS:
        answer = ask(people[f"member {level}"], method, own)
        expected = {404}
        if on.shared_as(level):
            # Members do not get the edit form.
            expected = {200, 403} if method == "GET" else {403}
        assert answer.status_code in expected, level
        if answer.status_code != 200:
            assert SECRET not in answer.getvalue().decode("latin-1")


def send_to_sign_in(client: Client, url: Url, method: str, address: str) -> None:
    """Anonymous users see nothing, change nothing and are sent to the sign-in page."""
    answer = ask(client, method, address)
    if url.pattern.startswith("/api/") or answer.status_code == 401:
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["code"] in ("not_authenticated", "authentication_failed")
    else:
        assert (answer.status_code, "/users/" in answer["Location"]) == (302, True)
    assert SECRET not in answer.getvalue().decode("latin-1")


@pytest.mark.parametrize("names", groups())
def test_owner_can_see_their_objects(world, people, subtests, names):
    for name in (name for name in names if "GET" in URLS[name].methods):
        with subtests.test(name=name):
            answer = people["owner"].get(address(name, OBJECTS[name], world))
            assert answer.status_code in (200, 302), answer.content[:300]


def test_a_deactivated_user_cannot_access_even_her_own_objects(world, people, subtests):
    """Her existing session stops working with the next request."""
    User.objects.filter(pk=world["owner"].pk).update(is_active=False)
    before = everything()
    for name in sorted((set(OBJECTS) | LISTS) & set(URLS)):
        url = URLS[name]
        path = address(name, OBJECTS[name], world) if name in OBJECTS else reverse(name)
        with subtests.test(name=name):
            for method in url.methods:
                send_to_sign_in(people["owner"], url, method, path)
    assert everything() == before


# --- Lists -------------------------------------------------------------------------------------


def test_personal_url_redirects_to_sign_in(people, subtests):
    before = everything()
    for name in sorted(LISTS & set(URLS)):
        with subtests.test(name=name):
            for method in URLS[name].methods:
                for person in ("nobody", HALFWAY):
                    send_to_sign_in(people[person], URLS[name], method, reverse(name))
    assert everything() == before
    # Still halfway: its next step is the code.
    assert people[HALFWAY].get(CODE_PAGE).status_code == 200


@pytest.mark.parametrize("role", ["user", *READ_ONLY])
def test_list_shows_nothing_that_belongs_to_others(people, subtests, role):
    for name in sorted(LISTS & set(URLS)):
        if "GET" not in URLS[name].methods:
            continue
        with subtests.test(name=name):
            query = {"q": SECRET} if name == "api_ask" else {}
            answer = people[role].get(reverse(name), query)
            expected = {403} if role in DENIED.get(name, ()) else {200, 302, 404}
            assert answer.status_code in expected
            assert SECRET not in answer.getvalue().decode("latin-1")


@pytest.mark.parametrize("name", ["api_transaction_list", "transactions:transaction_list"])
def test_no_filter_reaches_other_peoples_rows(world, people, subtests, name):
    for query in ("account", "category", "tag", "search", "merchant"):
        with subtests.test(query=query):
            value = world["account"].pk if query == "account" else world["category"].slug
            answer = people["user"].get(f"{reverse(name)}?{query}={value}")
            assert f"{SECRET} " not in answer.content.decode()


def test_messages_to_others_never_name_her_objects(world, people):
    texts = Notification.objects.exclude(recipient=world["owner"]).values_list("subject", "text")
    assert SECRET not in repr(list(texts))


# --- Changes between two requests -----------------------------------------------------------------


def test_revoking_a_share_takes_effect_with_the_next_request(world, people):
    url = reverse("api_account_detail", args=[world["account"].pk])
    assert people["member viewer"].get(url).status_code == 200
    AccountShare.objects.filter(level="viewer").update(status="revoked")
    assert people["member viewer"].get(url).status_code == 404


# --- The staff site ------------------------------------------------------------------------------


def staff_path(url: Url, pk: int) -> str:
    path = re.sub(r"<path:object_id>|<int:\w+>", str(pk), url.pattern)
    path = re.sub(r"\(\?P<app_label>.*?\)", "accounts", path)
    return re.sub(r"<[^>]+>", "x", re.sub(r"\(\?P<url>.*?\)\$?", "x", path)).rstrip("$")


def test_the_staff_site_is_visible_to_staff_only(world, people, subtests):
    """Request every URL pattern of the staff site as non-staff users and anonymously."""
    before = everything()
    for url in (url for url in ALL if url.name.startswith("admin:") and url.who == STAFF):
        path = staff_path(url, world["owner"].pk)
        with subtests.test(name=url.name):
            for person, method in (
                *(("nobody", "GET"), (HALFWAY, "GET"), (HALFWAY, "POST")),
                *(("owner", "GET"), ("owner", "POST")),
            ):
                answer = ask(people[person], method, path)
                assert answer.status_code in (302, 403, 404, 405), path
                assert SECRET not in answer.getvalue().decode("latin-1")
    assert everything() == before


# By role: support, auditor, admin. tests/test_staff_site.py covers each table's pages.
ON_THE_SITE = {
    "index": (200, 200, 200),
    "app_list": (302, 302, 302),
    "users_auditevent_verify": (403, 200, 200),
    "users_auditevent_progress": (403, 200, 200),
    "users_auditevent_signed": (403, 302, 302),
    "users_auditevent_start": (403, 302, 302),
    "password_change": (302, 302, 302),
    "password_change_done": (200, 200, 200),
    "jsi18n": (200, 200, 200),
    "autocomplete": (404, 404, 404),
    "view_on_site": (404, 404, 404),
    "customer_search": (200, 200, 200),
    "accounts_account_suggest": (403, 200, 200),
    "transactions_category_suggest": (403, 200, 200),
    "transactions_merchanttotal_suggest": (403, 200, 200),
    "approvals": (403, 200, 200),
    "jobs": (403, 200, 200),
    "customer": (200, 200, 200),
    "logout": (302, 302, 302),
}
POSTED = {"users_auditevent_signed", "users_auditevent_start"}
# Their actions by role and by own, foreign and missing object.
WITH_TESTS_OF_THEIR_OWN = {
    **dict.fromkeys(
        ("customer_open", "customer_unlock", "customer_sign_out", "customer_confirmation",
         "customer_remind", "customer_resend"),
        "insights/tests/test_customer_page.py",
    ),
    **dict.fromkeys(
        ("customer_reset_factors", "approval_approve", "approval_reject", "approval_withdraw"),
        "insights/tests/test_approvals.py",
    ),
    "customer_erase": "insights/tests/test_erasures.py",
    "job_run": "insights/tests/test_jobs_page.py",
    **dict.fromkeys(
        ("customer_verification", "queue", "queue_act"), "insights/tests/test_queues.py"
    ),
}  # fmt: skip


def test_staff_site_pages_outside_the_tables_are_restricted_by_role(world, people, subtests):
    tables = re.compile(r"admin:(\w+_\w+_(changelist|add|change|delete|history|export))?$")
    urls = [url for url in ALL if url.name.startswith("admin:") and url.who == STAFF]
    found = {url.name[6:]: url for url in urls if not tables.match(url.name)}
    assert set(found) == set(ON_THE_SITE) | set(WITH_TESTS_OF_THEIR_OWN)
    roles = ("support", "auditor", "admin")
    # Use separate clients, because the last URL signs the user out.
    staff = [signed_in(User.objects.get(email=f"{role}@example.com")) for role in roles]
    before = everything()
    for name, expected in ON_THE_SITE.items():
        for role, client, status in zip(roles, staff, expected, strict=True):
            with subtests.test(name=name, role=role):
                for method in ("GET", "POST"):
                    answer = ask(client, method, staff_path(found[name], world["owner"].pk))
                    other = method == "POST" or name in POSTED
                    assert answer.status_code in (status, *([405] if other else []))
                    text = answer.getvalue().decode("latin-1")
                    assert role != "support" or SECRET not in text
    assert everything() == before
