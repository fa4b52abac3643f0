"""The audit explorer: finding events, before and after, one chain, and the signed export."""

import io
import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.builders import make_user
from users.audit import audit_guard
from users.audit.audit_check import verify_chain
from users.audit.audit_export import check_file
from users.audit.trail import RequestInfo, record, request_info
from users.models import AuditEvent, User
from users.services.people import set_role, update_profile

pytestmark = pytest.mark.django_db
LIST = "/admin/users/auditevent/"


def staff(role: str) -> User:
    return set_role(actor=None, user=make_user(f"{role}@staff.example"), role=role)


@pytest.fixture
def auditor(client_for):
    return client_for(staff("auditor"))


@pytest.fixture
def recorded_event(alice, bob):
    with request_info(RequestInfo(ip="203.0.113.9", request_id="abc", device="Firefox on Linux")):
        update_profile(actor=alice, user=alice, name="Alice Baker")
    record(actor=bob, action="users.profile.updated", target=bob, name=["x", "Ünïcode\u2028"])
    return AuditEvent.objects.get(actor=alice, action="users.profile.updated")


@pytest.mark.parametrize(
    "query",
    [
        {"by": "alice@example.com"},
        {"action": "users.profile.updated", "ip": "203.0.113.9"},
        {"request_id": "abc"},
        {"target_type": "users.user", "target_id": "{alice}"},
        {"chain__name": "user:{alice}", "action": "users.profile.updated"},
        {"created_at__date__gte": "{today}", "by": "alice@example.com"},
        {"q": "{event}"},
    ],
    ids=str,
)
def test_events_are_found_by_person_action_object_time_address_and_request(
    auditor, recorded_event, alice, query
):
    values = {"alice": alice.pk, "today": timezone.localdate(), "event": recorded_event.pk}
    asked = {name: text.format(**values) for name, text in query.items()}
    page = auditor.get(LIST, asked).content.decode()
    assert f"{LIST}{recorded_event.pk}/change/" in page
    assert "bob@example.com" not in page
    tomorrow = str(timezone.localdate() + timedelta(days=1))
    none = auditor.get(LIST, {**asked, "created_at__date__gte": tomorrow}).content.decode()
    assert "No rows match." in none


@pytest.mark.parametrize(
    "query",
    [
        {"ip": "203.0.113"},
        {"ip": "::g"},
        {"target_id": "9" * 30},
        {"target_id": "seven"},
    ],
    ids=str,
)
def test_what_cannot_be_a_value_finds_nothing(auditor, recorded_event, query):
    assert "No rows match." in auditor.get(LIST, query).content.decode()


def test_days_begin_and_end_at_the_readers_midnight(auditor, recorded_event):
    reader = User.objects.get(role="auditor")
    User.objects.filter(pk=reader.pk).update(timezone="Pacific/Auckland")
    day = timezone.localdate(recorded_event.created_at, ZoneInfo("Pacific/Auckland"))

    def is_found(first, last) -> bool:
        days = {"created_at__date__gte": str(first), "created_at__date__lte": str(last)}
        page = auditor.get(LIST, days).content.decode()
        return f"{LIST}{recorded_event.pk}/change/" in page

    assert is_found(day, day)
    assert not is_found(day + timedelta(days=1), day + timedelta(days=2))
    assert not is_found(day - timedelta(days=2), day - timedelta(days=1))
    for broken in ("9999-12-31", "0001-01-01", "2026-02-30", "x"):
        assert auditor.get(LIST, {"created_at__date__lte": broken}).status_code in (200, 302)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"ip": "203.0.113.9"}, "audit_by_ip"),
        ({"request_id": "abc"}, "audit_by_request"),
        ({"target_id": "7"}, "audit_by_object"),
        ({"created_at__date__gte": "2026-01-02"}, "audit_by_time"),
    ],
    ids=str,
)
def test_a_search_is_answered_from_an_index(auditor, recorded_event, query, index):
    with CaptureQueriesContext(connection) as queries:
        assert auditor.get(LIST, query).status_code == 200
    [search] = [asked["sql"] for asked in queries if asked["sql"].endswith("LIMIT 51")]
    with connection.cursor() as cursor:
        # What the planner does with a million rows, whatever it believes about these few.
        cursor.execute(
            "UPDATE pg_class SET relpages = 1, reltuples = 1000000"
            " WHERE oid = 'users_auditevent'::regclass"
        )
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {search}")
        plan = "".join(line for (line,) in cursor.fetchall())
    assert index in plan


def test_before_and_after_are_side_by_side(auditor, recorded_event):
    page = auditor.get(f"{LIST}{recorded_event.pk}/change/").content.decode()
    row = '<tr><th scope="row">name</th><td>Alice Archer</td><td>Alice Baker</td></tr>'
    assert row in page


def test_one_chain_is_verified_alone(recorded_event, alice):
    assert verify_chain(f"user:{alice.pk}").is_intact
    assert not verify_chain("user:987654321").is_intact
    with_guard_off(lambda: QuerySet(AuditEvent).filter(pk=recorded_event.pk).update(action="x"))
    assert not verify_chain(f"user:{alice.pk}").is_intact


def with_guard_off(change) -> None:
    audit_guard.remove(connection)
    change()
    audit_guard.install(connection)


def exported(client, **query) -> str:
    today = str(timezone.now().date())
    answer = client.post(
        reverse("admin:users_auditevent_signed"), {"since": today, "until": today, **query}
    )
    return b"".join(answer.streaming_content).decode()


def verified(tmp_path, text: str) -> tuple[int, dict]:
    path, out = tmp_path / "audit.jsonl", io.StringIO()
    path.write_text(text, encoding="utf-8", newline="")
    try:
        call_command("verify_audit", "--json", "--file", str(path), stdout=out)
        code = 0
    except SystemExit as end:
        code = end.code
    return code, json.loads(out.getvalue())


def test_a_signed_export_is_verified_elsewhere(auditor, recorded_event, tmp_path, alice):
    text = exported(auditor)
    count = AuditEvent.objects.count()
    assert verified(tmp_path, text) == (0, {"intact": True, "events": count, "problems": []})
    own = exported(auditor, chain=f"user:{alice.pk}")
    assert verified(tmp_path, own)[1]["events"] < count
    event = AuditEvent.objects.filter(action="users.audit.exported").last()
    assert set(event.changes) == {"since", "until", "chain"}


def test_every_change_to_an_archive_is_detected(auditor, recorded_event):
    lines = [f"{line}\n" for line in exported(auditor).split("\n")[:-1]]
    middle = next(i for i, line in enumerate(lines) if "Alice Baker" in line)
    signed_by_another = json.loads(lines[-1]) | {"signature": "x"}
    changed = {
        "a word": [*lines[:middle], lines[middle].replace("Baker", "Cook"), *lines[middle + 1 :]],
        "an event left out": [*lines[:middle], *lines[middle + 1 :]],
        "an event twice": [*lines[:middle], lines[middle], *lines[middle:]],
        "the end": lines[:-1],
        "the signature": [*lines[:-1], json.dumps(signed_by_another)],
        "no export": ["{}\n"],
        "no JSON": ["x\n"],
        "nothing": [],
    }
    assert check_file(lines)[1] == []
    assert {name for name, found in changed.items() if not check_file(found)[1]} == set()


def test_only_readers_export_and_a_bad_period_exports_nothing(client_for, auditor, alice):
    url = reverse("admin:users_auditevent_signed")
    form = {"since": "2026-01-02", "until": "2026-01-01"}
    assert auditor.post(url, form)["Location"] == reverse("admin:users_auditevent_verify")
    assert auditor.post(url, {"since": "x"}).status_code == 302
    assert client_for(staff("support")).post(url, form).status_code == 403
    assert client_for(alice).post(url, form).status_code == 302
    assert not AuditEvent.objects.filter(action="users.audit.exported").exists()
