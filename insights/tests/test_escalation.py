"""Nobody with a single staff ability raises, erases or verifies anybody, through any door."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from insights.models import Approval
from insights.staff.approving import approve, ask, reject, withdraw
from insights.staff.erasures import erase_or_ask
from tests.builders import make_user, step_up
from users import policy
from users.models import User
from users.policy import Ability
from users.services.factors import reset_factors
from users.services.people import set_active, set_role
from users.services.second_admin import GRANT_ADMIN
from users.services.staffing import change_person, create_person
from users.services.verification import (
    decide_verification,
    request_verification,
    revoke_verification,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[ability for ability in Ability if ability is not Ability.MANAGE_USERS])
def holder(request, monkeypatch) -> User:
    """A member of staff who has this ability, whatever it is, and nothing else."""
    user = set_role(actor=None, user=make_user("one@staff.example"), role="support")
    monkeypatch.setitem(policy.ABILITIES, "support", {Ability.USE_STAFF_API, request.param})
    return user


@pytest.fixture
def target(alice) -> User:
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    request_verification(actor=alice, user=alice)
    return alice


@pytest.fixture
def waiting(target) -> Approval:
    admin = set_role(actor=None, user=make_user("admin@staff.example"), role="admin")
    return ask(actor=admin, action=GRANT_ADMIN, target=target, words="x", params={"role": "admin"})


def state() -> list:
    people = User.objects.order_by("pk").values_list(
        "email", "name", "role", "is_staff", "is_superuser", "is_active", "kyc_status"
    )
    approvals = Approval.objects.order_by("pk").values_list("pk", "status")
    return [*people, *approvals, Authenticator.objects.count()]


def test_the_services_refuse(holder, target, waiting):
    now, before = timezone.now(), state()
    for who in (target, holder):
        acts = [
            lambda who=who: set_role(actor=holder, user=who, role="admin"),
            lambda who=who: set_active(actor=holder, user=who, is_active=False),
            lambda who=who: change_person(actor=holder, user=who, role="admin"),
            lambda who=who: reset_factors(actor=holder, user=who),
            lambda who=who: revoke_verification(actor=holder, user=who, reason="x", at=now),
            lambda who=who: decide_verification(
                actor=holder, user=who, is_verified=True, reason="x", at=now
            ),
            lambda who=who: ask(
                actor=holder, action=GRANT_ADMIN, target=who, words="x", params={"role": "admin"}
            ),
        ]
        for act in acts:
            with pytest.raises(PermissionDenied):
                act()
    for answer in (approve, reject, withdraw):
        with pytest.raises(PermissionDenied):
            answer(actor=holder, approval=waiting, at=now)
    with pytest.raises(PermissionDenied):
        create_person(actor=holder, name="N", email="n@example.com", role="admin")
    with pytest.raises(PermissionDenied):
        erase_or_ask(
            actor=holder, user=target, confirmation=target.email, reason="legal_duty", at=now
        )
    assert state() == before


def test_the_doors_refuse(holder, target, waiting, client_for, api_for):
    client, api, before = client_for(holder), api_for(holder), state()
    step_up(client, holder)
    step_up(api, holder)
    reason = {"reason": "legal_duty", "confirm": target.email, "decision": "verify"}
    doors = [
        ("customer_erase", target.pk, reason),
        ("customer_reset_factors", target.pk, {}),
        ("customer_verification", target.pk, reason),
        ("approval_approve", waiting.pk, {}),
        ("approval_reject", waiting.pk, {}),
        ("users_user_change", target.pk, {"role": "admin", "is_active": "on"}),
        ("users_user_change", holder.pk, {"role": "admin", "is_active": "on"}),
    ]
    for name, pk, form in doors:
        answer = client.post(reverse(f"admin:{name}", args=[pk]), form)
        assert answer.status_code in (403, 404), name
    new = {"name": "N", "email": "n@example.com", "role": "admin", "base_currency": "EUR"}
    assert client.post(reverse("admin:users_user_add"), new).status_code == 403
    for pk in (target.pk, holder.pk):
        body = {"role": "admin", "kyc_status": "verified", "reason": "x"}
        answer = api.patch(f"/api/admin/users/{pk}", body, format="json")
        assert answer.status_code in (403, 404)
    assert api.post("/api/admin/users", new, format="json").status_code == 403
    assert state() == before
