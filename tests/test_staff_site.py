"""The whole staff site: auditors cannot change anything, and support sees no amounts."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from banking.beat import install_schedule
from insights.models import Export
from insights.staff.job_log import record_run
from insights.staff.platform_counts import count_platform
from tests.builders import make_user, step_up
from tests.contracts import APPS
from tests.world import SECRET, things_of
from transactions.models import Attachment
from users.models import AuditEvent, Notification, RefreshSession, User
from users.services import people, sessions

pytestmark = pytest.mark.django_db
# What a rejected request may write: its audit event and the requester's own session.
UNWATCHED = {
    *("users.AuditEvent", "users.AuditChain", "sessions.Session", "usersessions.UserSession"),
    "django_celery_beat.PeriodicTasks",
}
# The two system tables that support may partly see.
SUPPORT_SEES = {"users.User", "users.Notification"}
OFTEN = (User, Notification)
ADMINS = sorted(admin.site._registry.items(), key=lambda pair: pair[0]._meta.label)


def staff(role: str) -> User:
    """Staff with every Django permission; only the role must count."""
    user = people.set_role(actor=None, user=make_user(f"{role}@staff.example"), role=role)
    user.user_permissions.set(Permission.objects.all())
    return user


@pytest.fixture
def world(alice):
    """One of everything, with known words and amounts."""
    things = things_of(alice)
    User.objects.filter(pk=alice.pk).update(phone="+49 30 901820", name=f"{SECRET} Person")
    install_schedule()
    record_run(name="a.job", at=timezone.now(), duration_ms=1, error=SECRET)
    sessions.start_tokens(user=alice, at=timezone.now())
    Notification.objects.create(
        recipient=alice, kind="bill_due", target_key="bill:1", channel="email", status="failed",
        local_day="2026-03-15", subject=f"{SECRET} 12.00", text=f"{SECRET} 12.00",
        due_at=timezone.now(), provider_answer="550 <alice@example.com> unknown",
    )  # fmt: skip
    return things


def everything() -> dict[str, list]:
    watched = [model for model in apps.get_models() if model._meta.label not in UNWATCHED]
    return {m._meta.label: list(m._base_manager.order_by("pk").values()) for m in watched}


def pages_of(model: type[Model]) -> dict[str, str]:
    """Every stock admin URL of one table, by name, for its first row."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = row_of(model)
    pk = row.pk if row else 1
    pages = {"changelist": reverse(f"{name}_changelist"), "add": reverse(f"{name}_add")}
    return pages | {
        page: reverse(f"{name}_{page}", args=[pk]) for page in ("change", "delete", "history")
    }


def row_of(model: type[Model]) -> Model | None:
    return model._base_manager.order_by("pk").first()


def filled(model: type[Model]) -> dict:
    """A form that would change the first row, whatever the model."""
    names = {field.name: "9" for field in model._meta.fields}
    words = {"role": "admin", "is_superuser": "on", "is_staff": "on", "email": "x@example.com"}
    return names | words | {"post": "yes", "_save": "1"}


def act(client: Client, model: type[Model], action: str):
    rows = [str(pk) for pk in model._base_manager.values_list("pk", flat=True)]
    form = {"action": action, "_selected_action": rows, "index": "0", "post": "yes"}
    return client.post(pages_of(model)["changelist"], form)


def actions_of(model_admin: admin.ModelAdmin) -> list[str]:
    named = [
        action if isinstance(action, str) else action.__name__
        for action in model_admin.actions or []
    ]
    stock = ["run_tasks", "disable_tasks"] if model_admin.model is PeriodicTask else []
    return [*named, "delete_selected", *stock]


def try_everything(client: Client, but: tuple[str, ...] = ()) -> None:
    """Post every form of every table, run every action and try every other method."""
    for model, model_admin in ADMINS:
        pages, form = pages_of(model), filled(model)
        for page in ("add", "change", "delete") if model in OFTEN or not but else ("change",):
            assert client.post(pages[page], form).status_code in (302, 403)
        for method in ("put", "patch", "delete") if model in OFTEN else ():
            getattr(client, method)(pages["change"], form, content_type="application/json")
        for action in actions_of(model_admin):
            if action not in but:
                act(client, model, action)


@pytest.mark.slow
def test_auditors_see_every_table_and_cannot_change_any(world, client_for):
    client = client_for(staff("auditor"))
    before = everything()
    for model, _ in ADMINS:
        pages = pages_of(model)
        assert client.get(f"{pages['changelist']}?q=x").status_code == 200, model
        assert client.get(pages["change"]).status_code == (200 if row_of(model) else 302), model
        assert client.get(pages["history"])["Location"].startswith("/admin/users/auditevent/?")
    trail = client.get(pages_of(User)["change"])
    assert "Audit trail" in trail.content.decode()
    assert client.get(pages_of(User)["history"], follow=True).redirect_chain[1:] == []
    try_everything(client)
    assert everything() == before


@pytest.mark.once
@pytest.mark.slow
def test_support_sees_masked_values_and_no_amounts(world, client_for, alice):
    client = client_for(staff("support"))
    before = everything()
    texts = [client.get("/admin/").content.decode()]
    for model, _ in ADMINS:
        sees = model._meta.label in SUPPORT_SEES
        pages = pages_of(model)
        # Rejected actions are drawn with all their icons, so one check per kind is enough.
        for page in pages if sees else ("changelist", "history"):
            url = pages[page]
            answer = client.get(url)
            may_look = sees and page in ("changelist", "change")
            assert answer.status_code == (200 if may_look else 403), url
            texts.append(answer.content.decode())
    # Stock Django would autocomplete any field that names a person by their email address.
    query = "app_label=users&model_name=notification&field_name=recipient&term="
    assert client.get(f"/admin/autocomplete/?{query}").status_code == 404
    try_everything(client, but=("unlock", "send_again"))
    assert everything() == before
    text = " ".join(texts)
    words = (SECRET, "12.00", "alice", "901820", "1000", "4500")
    assert [word for word in words if word in text] == []
    assert "historylink" not in text
    assert "a***@example.com" in text
    assert act(client, Notification, "send_again").status_code == 302
    assert Notification.objects.get().status == "pending"
    act(client, User, "unlock")
    assert AuditEvent.objects.filter(action="users.sign_in.unlocked", target_id=alice.pk).exists()


QUERIES = [
    *("users/notification/?text__contains=12.00", "users/notification/?subject__gt=a"),
    *("users/notification/?recipient__email__startswith=a", "users/notification/?o=-3"),
    *("users/user/?email__startswith=a", "users/user/?name__contains=X"),
    *("users/user/?accounts__balance__gt=0", "users/user/?q=alice", "users/user/?role=admin"),
]


@pytest.mark.slow
def test_support_cannot_query_beyond_what_the_page_offers(world, client_for, subtests):
    client = client_for(staff("support"))
    for query in QUERIES:
        with subtests.test(query=query):
            page = client.get(f"/admin/{query}")
            if page.status_code == 200:
                # It found nothing, or the page does not offer that ordering.
                assert "q=" not in query or "a***@example.com" not in page.content.decode()
                assert "?o=" in query or "q=" in query
            else:
                assert page.status_code in (302, 400)


@pytest.mark.slow
def test_no_url_filter_reveals_a_hidden_value(world, client_for, alice):
    """Filters could reveal a secret letter by letter: a session key is enough to take over a
    session.
    """
    key = client_for(alice).session.session_key
    UserSession.objects.create(user=alice, session_key=key, ip="203.0.113.7", user_agent="x")
    asked = {
        User: {"password__startswith": "argon2"},
        UserSession: {"session_key__startswith": key[:1]},
        RefreshSession: {"token_hash__contains": "a"},
        AuditEvent: {"salt__contains": "a"},
        Export: {"claim__startswith": "a"},
        Authenticator: {"data__contains": "a"},
        Attachment: {"content__contains": "a"},
    }
    for role in ("auditor", "admin"):
        client = client_for(staff(role))
        for model, query in asked.items():
            url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            assert client.get(url, query).status_code == 400, (role, model)
    events = reverse("admin:users_auditevent_changelist")
    assert client.get(events, {"target_type": "users.user", "target_id": "1"}).status_code == 200


@pytest.mark.slow
def test_admin_changes_to_users_and_schedules_are_audited(world, client_for):
    admin_user = staff("admin")
    client = client_for(admin_user)
    step_up(client, admin_user)
    form = {
        "name": "New",
        "email": "New@example.com",
        "phone": "",
        "role": "auditor",
        "base_currency": "EUR",
    }
    bad = client.post(reverse("admin:users_user_add"), form | {"phone": "words"})
    assert (bad.status_code, User.objects.filter(email="new@example.com").exists()) == (200, False)
    assert client.post(reverse("admin:users_user_add"), form).status_code == 302
    made = User.objects.get(email="new@example.com")
    assert (made.role, made.is_staff, made.is_superuser) == ("auditor", True, False)
    assert not made.has_usable_password()
    job = PeriodicTask.objects.order_by("pk").first()
    act(client, PeriodicTask, "disable_jobs")
    job.refresh_from_db()
    assert job.enabled is False
    act(client, PeriodicTask, "enable_jobs")
    events = AuditEvent.objects.filter(
        actor=admin_user, target_type="django_celery_beat.periodictask"
    )
    assert events.filter(target_id=job.pk).count() == 2
    assert AuditEvent.objects.filter(actor=admin_user, action="users.user.created").count() == 1


@pytest.mark.slow
def test_staff_home_shows_each_role_its_figures(world, client_for):
    count_platform(timezone.now())
    for role in ("auditor", "admin", "support"):
        page = client_for(staff(role)).get("/admin/").content.decode()
        assert ("Verify audit trail" in page) is (role != "support")
        assert ("Money moved this month" in page) is (role != "support")
        assert ("outcome__exact=failed" in page) is (role != "support")
        assert "Locked sign-ins" in page
        assert ("Identity checks" in page) is (role != "support")


def test_django_flags_and_permissions_grant_nothing_beyond_the_role(client_for):
    user = staff("analyst")
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    client = client_for(user)
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/users/user/", follow=True).status_code == 403
    assert client.post(f"/admin/users/user/{user.pk}/change/", filled(User)).status_code == 302
    assert User.objects.get(pk=user.pk).role == "analyst"


def test_every_table_of_ours_is_on_the_staff_site():
    """All our tables except file contents and the steps of a job."""
    ours = [m for app in apps.get_app_configs() if (app.name in APPS) for m in app.get_models()]
    missing = {m._meta.label for m in ours} - {m._meta.label for m in admin.site._registry}
    hidden = {
        *("transactions.ChangePlan", "transactions.ImportFile", "transactions.LedgerMark"),
        "insights.ExportPiece",
    }
    assert missing == hidden, "Register new tables in their app's admin.py."
