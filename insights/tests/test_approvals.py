"""Four eyes: what waits for a second admin, who may answer, and exactly one effect or none."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection
from django.db import transaction as db_transaction
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from accounts.models import ExchangeRate, HeldRate
from accounts.rates import accept_held_rate
from banking.beat import install_schedule
from banking.limits import APPROVAL_FOR
from insights.models import Approval
from insights.staff.approving import approve, ask, reject, withdraw
from insights.staff.schedules import apply_schedule
from insights.tests.test_erasing_at_once import wait_until_somebody_waits
from tests.builders import make_user, step_up
from tests.test_concurrency import in_threads
from users.models import AuditEvent, User
from users.services import second_admin
from users.services.factors import reset_factors
from users.services.people import set_active, set_role
from users.services.staffing import change_person, create_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def four_eyes(settings):
    settings.FOUR_EYES = True


def admin_named(name: str) -> User:
    return set_role(actor=None, user=make_user(f"{name}@staff.example"), role="admin")


@pytest.fixture
def first(db) -> User:
    return admin_named("first")


@pytest.fixture
def second(db) -> User:
    return admin_named("second")


@pytest.fixture
def held(db) -> HeldRate:
    return HeldRate.objects.create(
        base="USD", quote="EUR", rate="9", rate_on="2026-03-15", source="x", known_rate="0.9",
        known_on="2026-03-14",
    )  # fmt: skip


def grant(actor: User, user: User) -> Approval:
    return ask(
        actor=actor, action=second_admin.GRANT_ADMIN, target=user, words="Make user an admin",
        params={"role": "admin"},
    )  # fmt: skip


def role_of(user: User) -> str:
    return User.objects.get(pk=user.pk).role


# --- No door passes alone -------------------------------------------------------------------------


@pytest.mark.slow
def test_services_refuse_these_actions_for_a_single_admin(first, alice, held):
    install_schedule()
    job = PeriodicTask.objects.order_by("pk").first()
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    gone = admin_named("gone")
    set_active(actor=first, user=gone, is_active=False)
    acts = [
        lambda: set_role(actor=first, user=alice, role="admin"),
        lambda: change_person(actor=first, user=alice, role="admin"),
        lambda: create_person(actor=first, name="N", email="n@example.com", role="admin"),
        lambda: set_active(actor=first, user=gone, is_active=True),
        lambda: accept_held_rate(actor=first, held=held),
        lambda: reset_factors(actor=first, user=alice),
        lambda: apply_schedule(actor=first, target=job, values={"enabled": "False"}),
    ]
    for act in acts:
        with pytest.raises(ValidationError):
            act()
    assert role_of(alice) == "user"
    assert not User.objects.filter(email="n@example.com").exists()
    assert not ExchangeRate.objects.exists()
    assert Authenticator.objects.filter(user=alice).exists()
    assert PeriodicTask.objects.get(pk=job.pk).enabled is True


def test_other_roles_and_everything_without_the_setting_need_one_admin(first, alice, settings):
    set_role(actor=first, user=alice, role="support")
    settings.FOUR_EYES = False
    set_role(actor=first, user=alice, role="admin")
    assert role_of(alice) == "admin"


@pytest.mark.slow
def test_the_api_refuses_changes_that_need_two_admins(api_for, first, alice):
    client = api_for(first)
    step_up(client, first)
    answer = client.patch(f"/api/admin/users/{alice.pk}", {"role": "admin"}, format="json")
    assert answer.status_code == 400
    assert "second admin" in answer.json()["errors"][0]["detail"]
    assert role_of(alice) == "user"


# --- Approving ------------------------------------------------------------------------------------


def test_a_second_admin_grants_the_role_and_both_are_audited(first, second, alice):
    row = grant(first, alice)
    approve(actor=second, approval=row, at=timezone.now())
    assert role_of(alice) == "admin"
    events = AuditEvent.objects.filter(chain__name=f"user:{alice.pk}").order_by("id")
    assert [(event.action, event.actor) for event in events][-3:] == [
        ("insights.approval.requested", first),
        ("users.role.changed", second),
        ("insights.approval.approved", second),
    ]
    assert events.last().changes["requested_by"] == first.pk


def test_a_rate_factors_and_a_schedule_take_effect_with_the_approval(first, second, alice, held):
    install_schedule()
    now = timezone.now()
    job = PeriodicTask.objects.order_by("pk").first()
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    for action, target, params in (
        (second_admin.RELEASE_RATE, held, {}),
        (second_admin.RESET_FACTORS, alice, {}),
        (second_admin.EDIT_SCHEDULE, job, {"enabled": "False"}),
    ):
        row = ask(actor=first, action=action, target=target, words="x", params=params)
        approve(actor=second, approval=row, at=now)
    assert ExchangeRate.objects.get().rate == "9"
    assert not Authenticator.objects.filter(user=alice).exists()
    assert PeriodicTask.objects.get(pk=job.pk).enabled is False
    event = AuditEvent.objects.get(action="insights.schedule.changed")
    assert (event.actor, event.changes["enabled"]) == (second, ["True", "False"])


def test_admins_cannot_approve_their_own_requests_or_get_rights_themselves(first, second, alice):
    row = grant(first, alice)
    with pytest.raises(ValidationError, match="second admin"):
        approve(actor=first, approval=row, at=timezone.now())
    with pytest.raises(ValidationError, match="rights for yourself"):
        grant(first, first)
    with pytest.raises(IntegrityError), db_transaction.atomic():
        Approval.objects.filter(pk=row.pk).update(status="approved", decided_by=first)
    # Approving one's own promotion fails as a whole.
    set_role(actor=first, user=second, role="support")
    own = grant(first, second)
    with pytest.raises(PermissionDenied):
        approve(actor=User.objects.get(pk=second.pk), approval=own, at=timezone.now())
    assert role_of(alice) == "user"


def test_ended_requests_cannot_take_effect(first, second, alice, bob):
    now = timezone.now()
    withdrawn, late = grant(first, alice), grant(first, bob)
    withdraw(actor=first, approval=withdrawn, at=now)
    for answer in (approve, reject):
        with pytest.raises(ValidationError, match="already withdrawn"):
            answer(actor=second, approval=withdrawn, at=now)
    with pytest.raises(ValidationError, match="expired"):
        approve(actor=second, approval=late, at=late.expires_at)
    assert late.expires_at - late.created_at <= APPROVAL_FOR + timedelta(seconds=1)
    again = grant(first, alice)
    with pytest.raises(ValidationError, match="waiting"):
        grant(second, alice)
    reject(actor=second, approval=again, at=now)
    with pytest.raises(ValidationError, match="already rejected"):
        approve(actor=second, approval=again, at=now)
    assert {role_of(alice), role_of(bob)} == {"user"}


def test_an_expired_request_can_be_made_again(first, alice):
    row = grant(first, alice)
    Approval.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    assert grant(first, alice).pk != row.pk
    row.refresh_from_db()
    assert row.status == "expired"


def test_a_request_cannot_be_approved_once_its_admin_lost_the_role(first, second, alice):
    row = grant(first, alice)
    set_role(actor=second, user=first, role="user")
    with pytest.raises(ValidationError, match="no longer an admin"):
        approve(actor=second, approval=row, at=timezone.now())
    assert role_of(alice) == "user"


@pytest.mark.parametrize("role", ["user", "support", "auditor"])
def test_only_admins_request_and_answer(first, alice, role):
    row = grant(first, alice)
    other = set_role(actor=None, user=make_user("other@staff.example"), role=role)
    for answer in (approve, reject, withdraw):
        with pytest.raises(PermissionDenied):
            answer(actor=other, approval=row, at=timezone.now())
    with pytest.raises(PermissionDenied):
        grant(other, alice)
    assert role_of(alice) == "user"


# --- Every act × every end: one effect or none ----------------------------------------------------


@dataclass(frozen=True)
class Act:
    """An act that takes two admins, and what its effect can be seen by."""

    action: str
    target: Callable[[], Model]
    state: Callable[[], Any]
    params: dict[str, str] = field(default_factory=dict)

    def ask(self, actor: User) -> Approval:
        return ask(
            actor=actor, action=self.action, target=self.target(), words="x", params=self.params
        )


@pytest.fixture(params=["grant", "rate", "factors", "schedule", "erasure"])
def act(request, alice, held) -> Act:
    install_schedule()
    job = PeriodicTask.objects.order_by("pk").first()
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    return {
        "grant": Act(
            second_admin.GRANT_ADMIN, lambda: alice, lambda: role_of(alice), {"role": "admin"}
        ),
        "rate": Act(second_admin.RELEASE_RATE, lambda: held, ExchangeRate.objects.count),
        "factors": Act(second_admin.RESET_FACTORS, lambda: alice, Authenticator.objects.count),
        "schedule": Act(
            second_admin.EDIT_SCHEDULE,
            lambda: job,
            lambda: PeriodicTask.objects.get(pk=job.pk).enabled,
            {"enabled": "False"},
        ),
        "erasure": Act(
            second_admin.ERASE_PERSON,
            lambda: alice,
            lambda: User.objects.get(pk=alice.pk).email,
            {"reason": "legal_duty"},
        ),
    }[request.param]


@pytest.mark.parametrize("end", ["self", "withdrawn", "rejected", "expired", "demoted"])
def test_no_act_has_an_effect_without_a_second_admin_in_time(act, first, second, end):
    before, now = act.state(), timezone.now()
    row = act.ask(first)
    actor, at = second, now
    if end == "self":
        actor = first
    elif end == "withdrawn":
        withdraw(actor=first, approval=row, at=now)
    elif end == "rejected":
        reject(actor=second, approval=row, at=now)
    elif end == "expired":
        at = row.expires_at
    else:
        set_role(actor=first, user=second, role="support")
        actor = User.objects.get(pk=second.pk)
    with pytest.raises((ValidationError, PermissionDenied)):
        approve(actor=actor, approval=row, at=at)
    assert act.state() == before
    assert not AuditEvent.objects.filter(action="insights.approval.approved").exists()


def test_every_act_takes_effect_with_one_approval_and_never_again(act, first, second):
    before, now = act.state(), timezone.now()
    row = act.ask(first)
    approve(actor=second, approval=row, at=now)
    after, told = act.state(), AuditEvent.objects.count()
    assert after != before
    for answer, actor in ((approve, second), (reject, second), (withdraw, first)):
        with pytest.raises(ValidationError, match="already approved"):
            answer(actor=actor, approval=row, at=now)
    assert (act.state(), AuditEvent.objects.count()) == (after, told)


# --- Pages ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_user_form_creates_a_request_that_the_page_approves(client_for, first, second, alice):
    asking, answering = client_for(first), client_for(second)
    step_up(asking, first)
    form = {"role": "admin", "is_active": "on", "kyc_status": "not_started"}
    url = reverse("admin:users_user_change", args=[alice.pk])
    page = asking.post(url, form, follow=True).content.decode()
    assert "Waiting for a second admin." in page
    assert "was changed" not in page
    assert role_of(alice) == "user"
    row = Approval.objects.get()
    listed = answering.get(reverse("admin:approvals")).content.decode()
    assert f"Make user {alice.pk} an admin (role: admin)" in listed
    approve_url = reverse("admin:approval_approve", args=[row.pk])
    assert "/reauthenticate/" in answering.post(approve_url)["Location"]
    step_up(answering, second)
    assert answering.post(approve_url)["Location"] == reverse("admin:approvals")
    assert role_of(alice) == "admin"


def test_rates_and_schedules_wait_for_a_second_admin_too(client_for, first, held):
    install_schedule()
    client = client_for(first)
    client.post(
        reverse("admin:accounts_heldrate_changelist"),
        {"action": "accept", "_selected_action": [held.pk]},
    )
    job = PeriodicTask.objects.exclude(crontab=None).order_by("pk").first()
    client.post(
        reverse("admin:django_celery_beat_periodictask_changelist"),
        {"action": "disable_jobs", "_selected_action": [job.pk]},
    )
    timing = job.crontab
    form = {
        "minute": "59", "hour": timing.hour, "day_of_month": timing.day_of_month,
        "month_of_year": timing.month_of_year, "day_of_week": timing.day_of_week,
        "timezone": str(timing.timezone),
    }  # fmt: skip
    url = reverse("admin:django_celery_beat_crontabschedule_change", args=[timing.pk])
    assert client.post(url, form).status_code == 302
    add = reverse("admin:django_celery_beat_crontabschedule_add")
    assert client.post(add, form).status_code == 403
    waiting = Approval.objects.order_by("pk").values_list("action", "params")
    assert list(waiting) == [
        ("release_rate", {}),
        ("edit_schedule", {"enabled": "False"}),
        ("edit_schedule", {"minute": "59"}),
    ]
    held.refresh_from_db()
    job.refresh_from_db()
    assert (held.status, job.enabled, job.crontab.minute) == ("held", True, timing.minute)


@pytest.mark.slow
def test_only_admins_can_answer_requests(client_for, first, alice, subtests):
    row = grant(first, alice)
    for role in ("support", "auditor", "user"):
        other = set_role(actor=None, user=make_user(f"{role}@else.example"), role=role)
        client = client_for(other)
        for name in ("approval_approve", "approval_reject", "approval_withdraw"):
            with subtests.test(role=role, name=name):
                expected = 302 if role == "user" else 403
                assert client.post(reverse(f"admin:{name}", args=[row.pk])).status_code == expected
        reset = reverse("admin:customer_reset_factors", args=[alice.pk])
        assert client.post(reset).status_code == (302 if role == "user" else 403)
    client = client_for(first)
    for name in ("approval_approve", "approval_reject", "approval_withdraw"):
        assert client.post(reverse(f"admin:{name}", args=[987_654_321])).status_code == 404
        assert client.get(reverse(f"admin:{name}", args=[row.pk])).status_code == 405
    absent = reverse("admin:customer_reset_factors", args=[987_654_321])
    assert client.post(absent).status_code == 404
    row.refresh_from_db()
    assert row.status == "waiting"


# --- At once --------------------------------------------------------------------------------------


@pytest.fixture
def at_once(transactional_db) -> dict[str, User]:
    people = {name: admin_named(name) for name in ("first", "second", "third")}
    return people | {"alice": make_user("alice@example.com")}


def outcome(act) -> str:
    try:
        act()
    except (ValidationError, PermissionDenied):
        return "refused"
    return "done"


@pytest.mark.django_db(transaction=True)
def test_two_simultaneous_approvals_take_effect_once(at_once):
    row = grant(at_once["first"], at_once["alice"])
    now, admins = timezone.now(), (at_once["second"], at_once["third"])
    results = in_threads(
        lambda number: outcome(lambda: approve(actor=admins[number], approval=row, at=now)), 2
    )
    assert sorted(results) == ["done", "refused"]
    assert role_of(at_once["alice"]) == "admin"
    granted = AuditEvent.objects.filter(action="users.role.changed", target_id=at_once["alice"].pk)
    assert granted.count() == 1
    assert AuditEvent.objects.filter(action="insights.approval.approved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_approving_while_withdrawing_ends_a_request_once(at_once):
    row = grant(at_once["first"], at_once["alice"])
    now = timezone.now()
    acts = (
        lambda: approve(actor=at_once["second"], approval=row, at=now),
        lambda: withdraw(actor=at_once["first"], approval=row, at=now),
    )
    results = in_threads(lambda number: outcome(acts[number]), 2)
    assert sorted(results) == ["done", "refused"]
    row.refresh_from_db()
    expected = {"approved": "admin", "withdrawn": "user"}[row.status]
    assert role_of(at_once["alice"]) == expected


@pytest.mark.django_db(transaction=True)
def test_two_simultaneous_requests_create_one(at_once):
    admins = (at_once["first"], at_once["second"])
    results = in_threads(lambda number: outcome(lambda: grant(admins[number], at_once["alice"])), 2)
    assert sorted(results) == ["done", "refused"]
    assert Approval.objects.filter(status="waiting").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_that_expires_while_it_is_approved_ends_once(at_once):
    row = grant(at_once["first"], at_once["alice"])
    now = timezone.now()
    Approval.objects.update(expires_at=now - timedelta(seconds=1))
    acts = (
        lambda: approve(actor=at_once["second"], approval=row, at=now - timedelta(seconds=2)),
        # Asking again ends the expired one.
        lambda: grant(at_once["third"], at_once["alice"]),
    )
    in_threads(lambda number: outcome(acts[number]), 2)
    row.refresh_from_db()
    assert role_of(at_once["alice"]) == {"approved": "admin", "expired": "user"}[row.status]
    told = AuditEvent.objects.filter(action="insights.approval.approved").count()
    assert told == (row.status == "approved")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("whose", ["second", "first"])
@pytest.mark.parametrize("action", ["release_rate", "reset_factors"])
def test_nobody_approves_who_loses_the_role_meanwhile_or_whose_asker_does(at_once, whose, action):
    TOTP.activate(at_once["alice"], "JBSWY3DPEHPK3PXP")
    rate = HeldRate.objects.create(
        base="USD", quote="EUR", rate="9", rate_on="2026-03-15", source="x", known_rate="0.9",
        known_on="2026-03-14",
    )  # fmt: skip
    target = rate if action == "release_rate" else at_once["alice"]
    row = ask(actor=at_once["first"], action=action, target=target, words="x", params={})

    def answer() -> str:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = 0; SET statement_timeout = 0")
            return outcome(
                lambda: approve(actor=at_once["second"], approval=row, at=row.created_at)
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with db_transaction.atomic():
            set_role(actor=at_once["third"], user=at_once[whose], role="support")
            answered = pool.submit(answer)
            wait_until_somebody_waits()
        assert answered.result() == "refused"
    row.refresh_from_db()
    assert row.status == "waiting"
    assert not ExchangeRate.objects.exists()
    assert Authenticator.objects.filter(user=at_once["alice"]).exists()
