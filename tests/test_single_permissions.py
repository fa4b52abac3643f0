"""Staff with exactly one of Django's permissions, each in turn: it opens nothing, roles decide.

tests/test_staff_attacks.py and tests/test_staff_site.py give staff all permissions at once.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from rest_framework.test import APIClient

from accounts.models import HeldRate
from banking.beat import install_schedule
from insights.models import Approval
from insights.staff.approving import ask
from insights.staff.job_log import record_run
from tests.builders import make_user, step_up
from tests.test_staff_site import ADMINS, act, everything, pages_of
from tests.world import SECRET, things_of
from users.models import User
from users.services.people import set_role
from users.services.second_admin import GRANT_ADMIN, RESET_FACTORS

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.once]
TABLES = dict(ADMINS)
# Whose permissions could lead to more: people, rights, approvals, rates and jobs.
POWERFUL = {
    *("auth.permission", "auth.group", "users.user", "django_celery_beat.periodictask"),
    *("insights.approval", "insights.jobstate", "accounts.heldrate"),
}
Door = Callable[[], Any]
ACTIONS = {"the jobs' action", "a rate"}


def staff(role: str) -> User:
    return set_role(actor=None, user=make_user(f"{role}@staff.example"), role=role)


@pytest.fixture
def world(alice) -> dict[str, Any]:
    things = things_of(alice)
    install_schedule()
    record_run(name="a.job", at=timezone.now(), duration_ms=1, error=SECRET)
    held = HeldRate.objects.create(
        base="USD", quote="EUR", rate="9", rate_on="2026-03-15", source="x", known_rate="0.9",
        known_on="2026-03-14",
    )  # fmt: skip
    first = set_role(actor=None, user=make_user("first@staff.example"), role="admin")
    waiting = [
        ask(actor=first, action=action, target=alice, words="x", params={"role": "admin"})
        for action in (GRANT_ADMIN, RESET_FACTORS)
    ]
    return things | {"alice": alice, "held": held, "first": first, "waiting": waiting}


def signed_in(client_for, api_for, user: User) -> tuple[Client, APIClient]:
    """The user's browser and app, both allowed to do what needs a fresh second factor."""
    client, api = client_for(user), api_for(user)
    step_up(client, user)
    step_up(api, user)
    return client, api


def shut_and_open(user: User) -> dict[str, tuple[bool | str, ...]]:
    """{table: what the admin site lets this person do there, and its actions}."""
    request = RequestFactory().get("/admin/")
    request.user = user
    return {model._meta.label: tuple(_allowed(request, site)) for model, site in ADMINS}


def _allowed(request: HttpRequest, site: admin.ModelAdmin) -> Iterator[bool | str]:
    yield site.has_view_permission(request)
    yield site.has_add_permission(request)
    yield site.has_change_permission(request)
    yield site.has_delete_permission(request)
    if site.actions:
        yield from site.get_actions(request)


def is_powerful(permission: Permission) -> bool:
    kind = permission.content_type
    return f"{kind.app_label}.{kind.model}" in POWERFUL


def sees_no_more(client: Client, permission: Permission) -> None:
    """With the permission to view a table, support's list of it has no customer's words."""
    model: Any = permission.content_type.model_class()
    if permission.codename.startswith("view_") and model in TABLES:
        page = client.get(f"{pages_of(model)['changelist']}?q={SECRET[:4]}")
        assert SECRET not in page.content.decode()


def doors(client: Client, api: APIClient, reader: User, world: dict[str, Any]) -> dict[str, Door]:
    """{name: request} of each way to rights, jobs, rates and approvals."""
    rights = {
        "role": "admin", "is_active": "on", "is_superuser": "on", "is_staff": "on",
        "user_permissions": [*Permission.objects.values_list("pk", flat=True)[:3]],
    }  # fmt: skip
    job = PeriodicTask.objects.order_by("pk").first()

    def post(name: str, *args: Any) -> Door:
        return lambda: client.post(reverse(f"admin:{name}", args=args), rights)

    def patch(user: User) -> Door:
        body = {"role": "admin", "is_active": True}
        return lambda: api.patch(f"/api/admin/users/{user.pk}", body, format="json")

    new = {"name": "New", "email": "new@staff.example", "role": "admin"}
    return {
        "own form": post("users_user_change", reader.pk),
        "a customer's form": post("users_user_change", world["alice"].pk),
        "own role in the API": patch(reader),
        "a customer's role in the API": patch(world["alice"]),
        "a new admin": lambda: api.post("/api/admin/users", new, format="json"),
        "a job": post("job_run", job.pk),
        "the jobs' action": lambda: act(client, PeriodicTask, "run_tasks"),
        "a rate": lambda: act(client, HeldRate, "accept"),
        "a rate's form": post("accounts_heldrate_change", world["held"].pk),
        **{f"approve {row.action}": post("approval_approve", row.pk) for row in world["waiting"]},
        "a second factor": post("customer_reset_factors", world["alice"].pk),
    }


@pytest.mark.parametrize("role", ["support", "auditor"])
def test_no_single_permission_opens_anything(world, client_for, api_for, role, subtests):
    reader = staff(role)
    client, api = signed_in(client_for, api_for, reader)
    ways = doors(client, api, reader, world)
    usual, before = shut_and_open(reader), everything()
    permissions = list(Permission.objects.select_related("content_type").order_by("pk"))
    assert len(permissions) > 4 * len(TABLES)
    for permission in permissions:
        reader.user_permissions.set([permission])
        with subtests.test(permission=str(permission)):
            holder = User.objects.get(pk=reader.pk)
            name = f"{permission.content_type.app_label}.{permission.codename}"
            assert holder.get_all_permissions() == {name}
            assert shut_and_open(holder) == usual
            if role == "support":
                sees_no_more(client, permission)
            for way, ask_for in ways.items() if is_powerful(permission) else ():
                # An action that a list does not have answers with the list.
                expected = (200, 302, 403) if way in ACTIONS else (302, 403, 404)
                assert ask_for().status_code in expected, way
            assert [*reader.user_permissions.all()] == [permission]
    assert User.user_permissions.through.objects.count() == 1
    assert everything() == before


def test_an_admin_with_any_permission_does_not_approve_their_own_request(
    world, client_for, api_for, settings
):
    settings.FOUR_EYES = True
    first = world["first"]
    client, _ = signed_in(client_for, api_for, first)
    for permission in filter(is_powerful, Permission.objects.select_related("content_type")):
        first.user_permissions.set([permission])
        for row in world["waiting"]:
            client.post(reverse("admin:approval_approve", args=[row.pk]))
    assert {row.status for row in Approval.objects.all()} == {Approval.Status.WAITING}
    assert User.objects.get(pk=world["alice"].pk).role == User.Role.USER
