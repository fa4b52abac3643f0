"""The staff site's own URLs, derived from the URL conf: who reaches them, and what they reveal.

tests/test_staff_site.py walks the five pages that Django gives to each table; here is all the
rest. A new page is part of these tests by itself; one with a new kind of argument fails until
`addresses` says what it stands for.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from banking.beat import install_schedule
from bills.services.planning import create_bill
from insights.models import Approval
from insights.staff.approving import ask
from insights.staff.job_log import record_run
from insights.staff.queues import QUEUES
from tests.builders import make_account, make_transaction, make_user, step_up
from tests.test_staff_site import everything
from tests.world import SECRET, things_of
from users.management.commands.list_urls import STAFF, Url, all_urls
from users.models import AuditEvent, Notification, User
from users.services.opening import open_customer
from users.services.people import set_role
from users.services.second_admin import RESET_FACTORS

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.once]
ABSENT = 987_654_321
# Tested for every table in tests/test_staff_site.py. Django's pages without a name lead to them.
OF_TABLES = ("_changelist", "_add", "_change", "_delete", "_history")
# It would end the session of the rest.
NOT_ASKED = {"admin:logout"}
OURS = [
    url
    for url in all_urls()
    if url.who == STAFF
    and url.name.removeprefix("admin:")
    and url.name.startswith("admin:")
    and not url.name.endswith(OF_TABLES)
    and url.name not in NOT_ASKED
]
ONE_EXPORT = "admin:transactions_transaction_export"
# Amounts and names that stand nowhere else, as they would be written.
MONEY = [
    *("173915", "173,915", "64827", "64,827", "109088", "109,088", "58264", "58,264"),
]
CANARIES = [*MONEY, SECRET, "alice@example.com", "901820"]
FORM = {
    "reason": "ticket 4711", "confirm": "alice@example.com", "decision": "verify", "note": "x",
    "action": "take", "since": "2020-01-01", "until": "2040-01-01", "chain": "", "q": "alice",
}  # fmt: skip


def staff(role: str) -> User:
    return set_role(actor=None, user=make_user(f"{role}@staff.example"), role=role)


@pytest.fixture
def world(alice) -> dict[str, Any]:
    """One of everything of Alice's, work in the queues, and the amounts to look for."""
    things = things_of(alice)
    account = make_account(user=alice, name=SECRET, opening_balance="173915.31")
    make_transaction(account=account, amount="-64827.19", description=SECRET)
    now = timezone.now()
    bill = create_bill(
        actor=alice, user=alice, biller_name=SECRET, amount_due=Decimal("58264.37"),
        currency="EUR", due_date=now.date() + timedelta(days=1), account=account,
    )  # fmt: skip
    message = Notification.objects.create(
        recipient=alice, kind="bill_due", target_key="bill:1", channel="email", status="failed",
        local_day=now.date(), subject=f"{SECRET} 58264.37", text=f"{SECRET} €58,264.37",
        due_at=now, provider_answer="550 <alice@example.com> unknown",
    )  # fmt: skip
    User.objects.filter(pk=alice.pk).update(phone="+49 30 901820", name=f"{SECRET} Person")
    install_schedule()
    record_run(name="a.job", at=now, duration_ms=1, error=SECRET)
    first = set_role(actor=None, user=make_user("first@staff.example"), role="admin")
    approval = ask(actor=first, action=RESET_FACTORS, target=alice, words="Reset", params={})
    return things | {
        "customer": alice,
        "approval": approval,
        "job": PeriodicTask.objects.order_by("pk").first(),
        "customer_remind": bill,
        "customer_resend": message,
    }


def addresses(world: dict[str, Any] | None, *, exports: bool = False) -> Iterator[tuple[Url, str]]:
    """Each URL with each path it stands for; with absent objects if there is no world.

    Of the exports of lists, one stands for all unless wanted: they share a view, and
    tests/test_staff_lists.py asks for each by each role.
    """

    def number(key: str) -> int:
        return world[key].pk if world else ABSENT

    for url in OURS:
        if url.name.endswith("_export") and not (exports or url.name == ONE_EXPORT):
            continue
        name = url.name.removeprefix("admin:")
        kinds: dict[str, list[Any]] = {
            "<int:pk>": [number(name.partition("_")[0])] if "<int:pk>" in url.pattern else [],
            "<int:item>": [number(name)] if "<int:item>" in url.pattern else [],
            "<slug:key>": list(QUEUES) if world else ["absent"],
            "<path:content_type_id>": [ContentType.objects.get_for_model(User).pk],
            "<path:object_id>": [number("customer")],
            "(?P<app_label>": ["users"],
        }
        asked = {key: values for key, values in kinds.items() if key in url.pattern}
        assert len(asked) == url.pattern.count("<"), f"Say in `addresses` what {url} is about."
        paths: list[dict[str, Any]] = [{}]
        for key, values in asked.items():
            argument = key.strip("<>(?P").rpartition(":")[2]
            paths = [path | {argument: value} for path in paths for value in values]
        for path in paths:
            yield url, reverse(url.name, kwargs=path)


def body_of(answer: HttpResponseBase) -> str:
    return answer.getvalue().decode("utf-8", "replace") + str(answer.headers.get("Location", ""))


def ask_all(client: Client, world: dict[str, Any], **which: bool) -> Iterator[tuple[str, str, Any]]:
    """(method, path, answer) of every URL, reading first."""
    for _, path in addresses(world, **which):
        yield "GET", path, client.get(path, {"q": "alice"})
    search = reverse("admin:customer_search")
    yield "GET", search, client.get(search, {"q": "alice"}, headers={"X-Suggest": "1"})
    for _, path in addresses(world, **which):
        yield "POST", path, client.post(path, FORM)


def test_the_walk_reaches_every_page_of_ours(world):
    names = {url.name for url, _ in addresses(world, exports=True)}
    assert {f"admin:{name}" for name in ("customer", "queue", "jobs", "approvals")} <= names
    assert {"admin:users_auditevent_signed", "admin:accounts_account_suggest"} <= names
    assert len([name for name in names if name.endswith("_export")]) > 40


def test_auditors_change_no_row_by_any_request(world, client_for):
    reader = staff("auditor")
    client = client_for(reader)
    step_up(client, reader)
    before = everything()
    for method, path, answer in ask_all(client, world, exports=True):
        allowed = (200, 302, 403, 404, 405) if method == "POST" else (200, 302, 400, 404, 405)
        assert answer.status_code in allowed, (method, path)
        body_of(answer)  # Streams run to their end.
    assert everything() == before
    written = AuditEvent.objects.filter(actor=reader).values_list("action", flat=True)
    told = {"users.list.exported", "users.audit.exported", "users.access.refused"}
    assert set(written) - {"users.step_up.succeeded"} <= told


def test_support_receives_no_money_and_no_names_by_any_request(world, client_for):
    reader = staff("support")
    client = client_for(reader)
    step_up(client, reader)
    for is_open in (False, True):
        if is_open:
            open_customer(actor=reader, user=world["customer"], reason="ticket 4711")
        for method, path, answer in ask_all(client, world):
            assert answer.status_code != 500, (method, path)
            text = body_of(answer)
            found = [word for word in CANARIES if word in text]
            assert found == [], (method, path, is_open)
    assert User.objects.get(pk=world["customer"].pk).email == "alice@example.com"
    assert Approval.objects.get(pk=world["approval"].pk).status == "waiting"


def test_customers_and_strangers_reach_no_page(world, client_for):
    for client in (client_for(world["customer"]), Client()):
        before = everything()
        for method, path, answer in ask_all(client, world):
            assert answer.status_code in (302, 403, 404, 405), (method, path)
            assert "/admin/customers/" not in answer.headers.get("Location", "").partition("?")[0]
        assert everything() == before


@pytest.mark.parametrize("role", ["support", "auditor", "admin"])
def test_what_does_not_exist_is_not_found(client_for, role):
    reader = staff(role)
    client = client_for(reader)
    step_up(client, reader)
    for url, path in addresses(None):
        if str(ABSENT) not in path and "absent" not in path:
            continue
        for method in url.methods:
            answer = getattr(client, method.lower())(path, FORM if method == "POST" else {})
            expected = (404,) if role == "admin" else (403, 404)
            assert answer.status_code in expected, (method, path)
