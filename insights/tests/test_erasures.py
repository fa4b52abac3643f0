"""Four eyes for erasing: who asks, who may answer, and exactly one erasure or none."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from banking.limits import OWN_ERASURE_FOR
from insights.exports.erasing import erase_person
from insights.models import Approval
from insights.staff.approving import approve, reject, withdraw
from insights.staff.erasures import REASONS, erase_or_ask
from tests.builders import make_user, step_up
from tests.test_concurrency import in_threads
from users.audit.audit_check import verify
from users.models import AuditEvent, Notification, User
from users.services.people import set_active, set_role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def four_eyes(settings):
    settings.FOUR_EYES = True


def staff(name: str, role: str = "admin") -> User:
    return set_role(actor=None, user=make_user(f"{name}@staff.example"), role=role)


def asked(actor: User, user: User, reason: str = "customer_asked") -> Approval:
    """An erasure that waits, as this actor asks for it."""
    assert not erase_or_ask(
        actor=actor, user=user, confirmation=user.email, reason=reason, at=timezone.now()
    )
    return Approval.objects.get(action="erase_person", status="waiting", target_id=user.pk)


def is_there(user: User) -> bool:
    return User.objects.filter(pk=user.pk, is_active=True, email=user.email).exists()


def test_two_admins_erase_a_person_and_both_stay_in_the_trail(alice):
    first, second = staff("first"), staff("second")
    row = asked(first, alice)
    mail = Notification.objects.get(recipient=alice)
    assert (mail.kind, mail.is_urgent) == ("erasure_requested", True)
    approve(actor=second, approval=row, at=timezone.now())
    assert not is_there(alice)
    row.refresh_from_db()
    assert (row.status, row.decided_by) == ("approved", second)
    assert row.words == f"Erase user {alice.pk} (The customer asked us to)"
    events = AuditEvent.objects.exclude(action="users.role.changed")
    requested = events.get(action="insights.approval.requested")
    approved = events.get(action="insights.approval.approved")
    erased = events.get(action="users.user.erased")
    assert (requested.actor, requested.chain.name) == (first, f"user:{first.pk}")
    assert (approved.actor, approved.chain.name) == (second, f"user:{second.pk}")
    assert approved.changes == {"act": row.words, "requested_by": first.pk}
    assert (erased.actor, erased.chain.name) == (second, f"user:{alice.pk}")
    assert (erased.changes, erased.ip) == ({"reason": "customer_asked"}, None)
    assert verify().faults == []


def test_no_admin_can_erase_a_person_alone(alice):
    first, second = staff("first"), staff("second")
    for actor in (alice, first):
        with pytest.raises(ValidationError, match="second admin"):
            erase_person(actor=actor, user=alice, confirmation=alice.email)
    by_admin, of_admin = asked(first, alice), asked(first, second)
    for actor, row in ((first, by_admin), (first, of_admin), (second, of_admin)):
        for answer in (approve, reject) if actor == second else (approve,):
            with pytest.raises(ValidationError):
                answer(actor=actor, approval=row, at=timezone.now())
    # Asked by an admin: the person themselves can't answer either, whatever their role.
    with pytest.raises(PermissionDenied):
        approve(actor=alice, approval=by_admin, at=timezone.now())
    with pytest.raises(PermissionDenied):
        withdraw(actor=alice, approval=by_admin, at=timezone.now())
    assert is_there(alice)
    assert is_there(second)
    withdraw(actor=first, approval=of_admin, at=timezone.now())
    own = asked(second, second, "own_wish")
    with pytest.raises(ValidationError):
        approve(actor=second, approval=own, at=timezone.now())
    approve(actor=first, approval=own, at=timezone.now())
    assert not is_there(second)


def test_a_persons_own_erasure_request_needs_one_admin_even_if_deactivated(alice):
    first = staff("first")
    row = asked(alice, alice, "own_wish")
    assert row.expires_at - row.created_at > OWN_ERASURE_FOR * 0.99
    assert not Notification.objects.filter(recipient=alice).exists()
    with pytest.raises(ValidationError, match="already waiting"):
        erase_or_ask(
            actor=first, user=alice, confirmation=alice.email, reason="legal_duty",
            at=timezone.now(),
        )  # fmt: skip
    set_active(actor=first, user=alice, is_active=False)
    approve(actor=first, approval=row, at=timezone.now())
    alice.refresh_from_db()
    assert alice.email.endswith("@erased.invalid")


def test_an_ended_erasure_request_erases_nobody(alice, bob):
    first, second = staff("first"), staff("second")
    late, back = asked(first, alice), asked(first, bob)
    withdraw(actor=first, approval=back, at=timezone.now())
    with pytest.raises(ValidationError, match="already withdrawn"):
        approve(actor=second, approval=back, at=timezone.now())
    with pytest.raises(ValidationError, match="expired"):
        approve(actor=second, approval=late, at=late.expires_at)
    set_role(actor=second, user=first, role="user")
    with pytest.raises(ValidationError, match="no longer an admin"):
        approve(actor=second, approval=late, at=timezone.now())
    assert is_there(alice)
    assert is_there(bob)


def test_a_reason_and_the_address_are_needed_and_only_admins_ask(alice, bob):
    first = staff("first")
    for changes in ({"reason": ""}, {"reason": "own_wish"}, {"confirmation": bob.email}):
        with pytest.raises(ValidationError):
            erase_or_ask(
                **{"actor": first, "user": alice, "confirmation": alice.email,
                   "reason": "legal_duty", "at": timezone.now()} | changes
            )  # fmt: skip
    for actor in (bob, staff("support", "support"), staff("auditor", "auditor")):
        with pytest.raises(PermissionDenied):
            asked(actor, alice)
    assert not Approval.objects.exists()


def test_without_four_eyes_an_admin_erases_at_once(alice, settings):
    first = staff("first")
    asked(alice, alice, "own_wish")
    settings.FOUR_EYES = False
    at = timezone.now()
    typed = {"confirmation": alice.email, "at": at, "reason": "legal_duty"}
    assert erase_or_ask(actor=first, user=alice, **typed)
    assert not is_there(alice)
    assert Approval.objects.get().status == "expired"
    alice.refresh_from_db()
    with pytest.raises(ValidationError, match="already deleted"):
        erase_or_ask(actor=first, user=alice, **typed)


# --- Pages and API --------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_erasure_requested_on_the_customer_page_is_queued_and_shown_to_the_person(
    client_for, alice
):
    first, second = staff("first"), staff("second")
    asking, answering = client_for(first), client_for(second)
    page, url = reverse("admin:customer", args=[alice.pk]), "admin:customer_erase"
    form = {"reason": "legal_duty", "confirm": alice.email}
    assert all(words in asking.get(page).content.decode() for words in REASONS.values())
    erase = reverse(url, args=[alice.pk])
    assert "/reauthenticate/" in asking.post(erase, form)["Location"]
    assert not Approval.objects.exists()
    step_up(asking, first)
    told = asking.post(erase, form, follow=True).content.decode()
    assert "Waiting for a second admin." in told
    assert "Erase this person" not in told
    queue = answering.get(reverse("admin:queue", args=["erasures"])).content.decode()
    assert f"Erase user {alice.pk} (The law requires it)" in queue
    own = client_for(alice).get(reverse("users:privacy")).content.decode()
    assert "Our staff requested this." in own
    assert "Keep my account" not in own
    step_up(answering, second)
    answering.post(reverse("admin:approval_approve", args=[Approval.objects.get().pk]))
    assert not is_there(alice)
    assert "Erase this person" not in asking.get(page).content.decode()


def test_who_may_not_erase_is_refused_on_the_page(client_for, alice, subtests):
    first = staff("first")
    form = {"reason": "legal_duty", "confirm": alice.email}
    for role, status in (("support", 403), ("auditor", 403), ("user", 302)):
        with subtests.test(role=role):
            client = client_for(staff(role, role))
            url = reverse("admin:customer_erase", args=[alice.pk])
            assert client.post(url, form).status_code == status
            page = client.get(reverse("admin:customer", args=[alice.pk]))
            assert b"Erase this person" not in page.content
    client = client_for(first)
    step_up(client, first)
    for pk, status in ((first.pk, 403), (987_654_321, 404)):
        url = reverse("admin:customer_erase", args=[pk])
        assert client.post(url, form).status_code == status
    assert client.get(reverse("admin:customer_erase", args=[alice.pk])).status_code == 405
    assert not Approval.objects.exists()


def test_a_customer_withdraws_an_erasure_request(client_for, alice):
    client, url = client_for(alice), reverse("users:privacy")
    step_up(client, alice)
    page = client.post(url, {"confirm": alice.email}, follow=True).content.decode()
    assert "still withdraw it" in page
    assert "Keep my account" in page
    assert is_there(alice)
    page = client.post(reverse("users:erasure_withdraw"), follow=True).content.decode()
    assert "Your account stays." in page
    assert Approval.objects.get().status == "withdrawn"
    page = client.post(reverse("users:erasure_withdraw"), follow=True).content.decode()
    assert "asked to delete your account" in page


def test_the_api_shows_and_withdraws_a_waiting_erasure(api_for, alice):
    api = api_for(alice)
    step_up(api, alice)
    answer = api.post("/api/users/me/erase", {"confirm": alice.email}, format="json")
    assert (answer.status_code, set(answer.json())) == (202, {"requested_at", "expires_at"})
    assert is_there(alice)
    assert api.delete("/api/users/me/erase").status_code == 204
    assert api.delete("/api/users/me/erase").status_code == 400


# --- At once --------------------------------------------------------------------------------------


def outcome(act) -> str:
    try:
        act()
    except ValidationError:
        return "refused"
    return "done"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rival", ["approve", "withdraw"])
def test_two_simultaneous_answers_end_a_request_once(transactional_db, rival):
    first, second, third = staff("first"), staff("second"), staff("third")
    alice = make_user("alice@example.com")
    row, now = asked(first, alice), timezone.now()
    acts = (
        lambda: approve(actor=second, approval=row, at=now),
        lambda: (
            approve(actor=third, approval=row, at=now)
            if rival == "approve"
            else withdraw(actor=first, approval=row, at=now)
        ),
    )
    results = in_threads(lambda number: outcome(acts[number]), 2)
    assert sorted(results) == ["done", "refused"]
    row.refresh_from_db()
    assert is_there(alice) is (row.status == "withdrawn")
    erased = AuditEvent.objects.filter(action="users.user.erased").count()
    assert erased == (row.status == "approved")
    assert verify().faults == []
