"""axe-core finds nothing on the staff site's pages, whoever of the staff reads them."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from accounts.models import HeldRate
from banking.beat import install_schedule
from insights.staff.approving import ask
from insights.staff.job_log import record_run
from insights.staff.month_counts import count_months
from insights.staff.queues import QUEUES
from tests.accessibility import COLORS, RULES, violations
from tests.builders import make_user, step_up
from tests.world import things_of
from users.models import AuditEvent, Notification, User
from users.services.opening import open_customer
from users.services.people import set_role
from users.services.second_admin import RESET_FACTORS
from users.services.verification import request_verification

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.once]


@pytest.fixture
def customer(transactional_db) -> User:
    """A customer with one of everything, and with work for each queue."""
    user = make_user("maria.keller@example.com", name="Maria Keller", phone="+49 30 901820")
    things_of(user)
    request_verification(actor=user, user=user)
    now = timezone.now()
    Notification.objects.create(
        recipient=user, kind="bill_due", target_key="bill:1", channel="email", status="failed",
        local_day=now.date(), subject="x", text="x", due_at=now, provider_answer="550 unknown",
    )  # fmt: skip
    HeldRate.objects.create(
        base="USD", quote="EUR", rate="9", rate_on=now.date(), source="x", known_rate="0.9",
        known_on=now.date() - timedelta(days=1),
    )  # fmt: skip
    install_schedule()
    record_run(name="a.job", at=now, duration_ms=1, error="Boom")
    count_months(now)
    return user


def staff(role: str, name: str = "") -> User:
    user = make_user(f"{name or role}@staff.example", name=(name or role).capitalize())
    return set_role(actor=None, user=user, role=role)


@pytest.fixture
def sign_in(page, live_server, client_for):
    """sign_in(user): the page belongs to that member of staff."""

    def enter(user: User) -> None:
        client = client_for(user)
        step_up(client, user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
        )

    return enter


def pages_for(reader: User, customer: User) -> dict[str, str]:
    """{name: path} of this member of staff's pages; where two roles see the same, an admin's."""
    found = {
        "home": reverse("admin:index"),
        "customer": reverse("admin:customer", args=[customer.pk]),
        "people": reverse("admin:users_user_changelist"),
    }
    if reader.role == "support":
        return found | {
            "search": reverse("admin:customer_search") + "?q=example",
            "queue": reverse("admin:queue", args=["messages"]),
            "messages": reverse("admin:users_notification_changelist"),
        }
    found |= {
        "explorer": reverse("admin:users_auditevent_changelist"),
        "jobs": reverse("admin:jobs"),
        "approvals": reverse("admin:approvals"),
    }
    if reader.role == "auditor":
        return found
    job = PeriodicTask.objects.order_by("pk").first()
    return found | {
        "verification": reverse("admin:users_auditevent_verify"),
        "event": reverse("admin:users_auditevent_change", args=[AuditEvent.objects.first().pk]),
        "transactions": reverse("admin:transactions_transaction_changelist"),
        "filtered": reverse("admin:accounts_account_changelist") + f"?customer={customer.pk}",
        "rights": reverse("admin:users_user_change", args=[customer.pk]),
        "schedule": reverse("admin:django_celery_beat_periodictask_change", args=[job.pk]),
        **{f"queue {key}": reverse("admin:queue", args=[key]) for key in QUEUES},
    }


def faults_of(page) -> list[str]:
    return violations(page, "light", RULES) + violations(page, "dark", COLORS)


@pytest.mark.parametrize("role", ["support", "auditor", "admin"])
def test_axe_finds_nothing_on_the_pages_of_staff(page, live_server, sign_in, customer, role):
    reader = staff(role)
    other = staff("admin", "other")
    ask(
        actor=other,
        action=RESET_FACTORS,
        target=customer,
        words="Reset two-step verification",
        params={},
    )
    sign_in(reader)
    found = []
    if role == "support":
        page.goto(live_server.url + reverse("admin:customer", args=[customer.pk]))
        found += [f"reason: {problem}" for problem in faults_of(page)]
        open_customer(actor=reader, user=customer, reason="ticket 4711")
    for name, path in pages_for(reader, customer).items():
        assert page.goto(live_server.url + path).status == 200, name
        found += [f"{name}: {problem}" for problem in faults_of(page)]
    assert found == [], "\n".join(found)
