"""The audit trail: it can be verified, and each way of tampering is detected."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db import transaction as db_transaction
from django.db.models import Q
from structlog.testing import capture_logs

from tests import builders
from users.audit import audit_guard, trail
from users.audit.audit_anchor import read_anchors
from users.audit.audit_check import Fault, verify
from users.audit.trail import RequestInfo, event_hash, record, request_info
from users.models import AuditChain, AuditEvent
from users.tasks import verify_audit_nightly


@pytest.fixture
def five_events(alice) -> list[AuditEvent]:
    """Five events in Alice's chain."""
    with request_info(RequestInfo(ip="203.0.113.9", request_id="r-1", device="Firefox on Linux")):
        return [record(actor=alice, action="test.thing.done", number=n) for n in range(5)]


def tamper(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(values))


def faults() -> list[tuple[str, int, int | None]]:
    return [(fault.chain, fault.sequence, fault.event) for fault in verify().faults]


def chain_of(user) -> str:
    return f"user:{user.pk}"


def test_an_untouched_trail_is_intact(five_events):
    result = verify()
    assert (result.is_intact, result.event_count, result.chain_count) == (True, 5, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Decimal("1234567890123456789012345678901.2300"), "ratio": 1e22, "small": 1e-7},
        {"negative_zero": -0.0, "nan": float("nan"), "big": 2**70, "yes": True, "none": None},
        {"text": "NUL \x00, surrogate \ud800, emoji 😀, \u2028", "b": {"z": 1, "a": [1, "x"]}},
        {"day": date(2026, 2, 28), 7: "a number as a key", "set": {1}},
    ],
)
def test_stored_details_hash_the_same_after_reading(alice, changes):
    with request_info(RequestInfo(ip="::ffff:10.1.2.3", request_id="r-2")):
        record(actor=alice, action="test.thing.done", target=alice, **{"details": changes})
    assert verify().faults == []


def test_a_decimal_is_recorded_with_all_its_digits(alice):
    event = record(actor=alice, action="test.thing.done", amount=Decimal("1" * 31 + ".5000"))
    assert event.changes == {"amount": "1" * 31 + ".5"}


def test_an_event_belongs_to_the_chain_of_the_person_concerned(alice, bob):
    assert record(actor=bob, action="a", target=alice).chain.name == chain_of(alice)
    assert record(actor=bob, action="a").chain.name == chain_of(bob)
    assert record(actor=None, action="a").chain.name == "system"
    assert record(actor=bob, action="a", owner_id=alice.pk).chain.name == chain_of(alice)


# --- Tampering --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", "test.thing.undone"),
        ("target_id", 9),
        ("request_id", "r-9"),
        ("created_at", "2020-01-01 00:00:00"),
        ("changes", '{"number": 99}'),
        ("changes", None),
        ("ip", "203.0.113.10"),
        ("device", "Safari on Mac"),
        ("salt", "00"),
        ("hash", "0" * 64),
    ],
)
def test_an_edited_event_is_detected(alice, five_events, column, value):
    tamper(f"UPDATE users_auditevent SET {column} = %s WHERE id = %s", value, five_events[2].pk)
    assert faults() == [(chain_of(alice), 3, five_events[2].pk)]


def test_removed_details_are_detected_unless_an_erasure_is_recorded(alice, five_events):
    tamper(
        "UPDATE users_auditevent SET changes = NULL, ip = NULL, device = '', salt = ''"
        " WHERE id = %s",
        five_events[2].pk,
    )
    assert faults() == [(chain_of(alice), 3, five_events[2].pk)]


def test_an_erasure_removes_personal_data_and_the_chain_still_verifies(alice, five_events):
    assert trail.erase_details(actor=alice, owner_id=alice.pk, elsewhere=Q(pk=None)) == 5
    assert verify().faults == []
    blank = AuditEvent.objects.filter(sequence__lte=5)
    assert set(blank.values_list("changes", "ip", "device", "salt")) == {(None, None, "", "")}


def test_a_deleted_event_is_detected_at_the_next_one(alice, five_events):
    tamper("DELETE FROM users_auditevent WHERE id = %s", five_events[1].pk)
    assert faults() == [(chain_of(alice), 3, five_events[2].pk)]


def test_an_inserted_event_is_detected(alice, five_events):
    forged = AuditEvent.objects.get(pk=five_events[4].pk)
    forged.pk, forged.sequence, forged.previous_hash = None, 6, five_events[4].hash
    forged.hash = event_hash(forged)
    forged.save(force_insert=True)
    assert faults() == [(chain_of(alice), 6, forged.pk)]


def test_swapped_events_are_detected(alice, five_events):
    first, second = five_events[1].pk, five_events[2].pk
    for pk, sequence in ((first, 99), (second, 2), (first, 3)):
        tamper("UPDATE users_auditevent SET sequence = %s WHERE id = %s", sequence, pk)
    assert faults() == [(chain_of(alice), 2, second)]


def test_a_truncated_chain_is_detected(alice, five_events):
    tamper("DELETE FROM users_auditevent WHERE id = %s", five_events[4].pk)
    assert faults() == [(chain_of(alice), 5, None)]


def test_a_truncated_chain_and_head_are_detected_by_the_anchor(alice, five_events):
    anchors = verify().heads
    tamper("DELETE FROM users_auditevent WHERE id = %s", five_events[4].pk)
    AuditChain.objects.update(length=4, head_hash=five_events[3].hash)
    assert verify().is_intact
    assert [(fault.sequence, fault.event) for fault in verify(anchors=anchors).faults] == [
        (5, None)
    ]


def test_a_rewritten_chain_is_detected_by_the_anchor(alice, five_events):
    anchors = verify().heads
    previous = ""
    for event in AuditEvent.objects.order_by("sequence"):
        event.action, event.previous_hash = "test.thing.forged", previous
        previous = event.hash = event_hash(event)
        tamper(
            "UPDATE users_auditevent SET action = %s, previous_hash = %s, hash = %s WHERE id = %s",
            event.action, event.previous_hash, event.hash, event.pk,
        )  # fmt: skip
    AuditChain.objects.update(head_hash=previous)
    assert verify().is_intact
    assert [fault.event for fault in verify(anchors=anchors).faults] == [five_events[4].pk]


def test_a_missing_chain_is_detected_by_the_anchor(five_events):
    missing = verify(anchors={"user:999999": [3, "x"]}).faults
    assert missing == [Fault("user:999999", 1, None, "The whole chain is missing.")]


def test_one_bad_chain_does_not_hide_another(alice, bob, five_events):
    others = record(actor=bob, action="test.thing.done")
    tamper(
        "UPDATE users_auditevent SET action = 'x' WHERE id IN (%s, %s)",
        five_events[0].pk,
        others.pk,
    )
    assert faults() == [(chain_of(alice), 1, five_events[0].pk), (chain_of(bob), 1, others.pk)]


# --- Refusals ---------------------------------------------------------------------------------


def test_the_model_refuses_changes(five_events):
    with pytest.raises(TypeError):
        five_events[0].save()
    with pytest.raises(TypeError):
        five_events[0].delete()
    with pytest.raises(TypeError):
        AuditEvent.objects.update(action="x")
    with pytest.raises(TypeError):
        AuditEvent.objects.all().delete()
    assert verify().is_intact


@pytest.fixture
def guard(five_events):
    audit_guard.install(connection)
    yield
    audit_guard.remove(connection)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE users_auditevent SET action = 'x'",
        "UPDATE users_auditevent SET changes = NULL",
        "UPDATE users_auditevent SET changes = NULL, ip = NULL, device = '', salt = '', hash = 'x'",
        "UPDATE users_auditevent SET changes = NULL, ip = NULL, salt = ''",
        "DELETE FROM users_auditevent",
        pytest.param("TRUNCATE users_auditevent CASCADE", marks=pytest.mark.postgresql),
    ],
)
def test_the_database_refuses_changes(guard, sql):
    connection.check_constraints()
    refused = pytest.raises(DatabaseError, match="Audit events are never changed")
    with refused, db_transaction.atomic():
        tamper(sql)
    assert verify().is_intact


def test_the_database_allows_an_erasure(guard, alice):
    trail.erase_details(actor=alice, owner_id=alice.pk, elsewhere=Q(pk=None))
    assert verify().is_intact


def test_missing_triggers_are_reported_as_a_fault(settings, five_events):
    settings.AUDIT_GUARD = True
    assert [fault.problem for fault in verify().faults] == [
        "The triggers that refuse changes are missing."
    ]
    audit_guard.install(connection)
    assert verify().is_intact
    audit_guard.remove(connection)


# --- The command ------------------------------------------------------------------------------


def run(capsys, *arguments: str) -> tuple[int, str]:
    try:
        call_command("verify_audit", *arguments)
        status = 0
    except SystemExit as end:
        status = end.code
    return status, capsys.readouterr().out


def test_verify_audit_reports_an_intact_trail(capsys, five_events):
    assert run(capsys) == (0, "5 events in 1 chains.\nThe audit trail is intact.\n")


def test_the_command_reports_the_bad_row_as_json(capsys, alice, five_events):
    tamper("UPDATE users_auditevent SET action = 'x' WHERE id = %s", five_events[3].pk)
    status, output = run(capsys, "--json")
    assert status == 1
    assert json.loads(output) == {
        "intact": False,
        "chains": 1,
        "events": 5,
        "problems": [
            {
                "chain": chain_of(alice),
                "sequence": 4,
                "event": five_events[3].pk,
                "problem": "It was changed after it was written.",
            }
        ],
    }


def test_the_anchor_is_written_compared_and_updated(capsys, tmp_path, alice, five_events):
    file = tmp_path / "anchor.json"
    assert run(capsys, "--anchor", str(file))[0] == 0
    assert read_anchors(file) == {chain_of(alice): [5, five_events[4].hash]}
    sixth = record(actor=alice, action="test.thing.done")
    assert run(capsys, "--anchor", str(file))[0] == 0
    assert read_anchors(file) == {chain_of(alice): [6, sixth.hash]}

    tamper("DELETE FROM users_auditevent WHERE id = %s", sixth.pk)
    AuditChain.objects.update(length=5, head_hash=five_events[4].hash)
    assert run(capsys)[0] == 0
    assert run(capsys, "--anchor", str(file))[0] == 1
    assert read_anchors(file) == {chain_of(alice): [6, sixth.hash]}


@pytest.mark.parametrize("text", ["not json", "[]", '{"heads": {}, "signature": "x"}'])
def test_an_untrustworthy_anchor_is_not_reported_as_intact(capsys, tmp_path, five_events, text):
    file = tmp_path / "anchor.json"
    file.write_text(text)
    assert run(capsys, "--anchor", str(file))[0] == 2
    assert file.read_text() == text


def test_a_forged_anchor_is_refused(capsys, tmp_path, alice, five_events):
    file = tmp_path / "anchor.json"
    run(capsys, "--anchor", str(file))
    file.write_text(file.read_text().replace(five_events[4].hash, "0" * 64))
    assert run(capsys, "--anchor", str(file))[0] == 2


def test_the_nightly_job_stores_heads_and_checks_the_previous_ones(
    settings, tmp_path, alice, bob, five_events
):
    settings.AUDIT_ANCHOR = tmp_path / "audit" / "heads.json"
    with capture_logs() as lines:
        assert verify_audit_nightly()
    assert lines == [
        {
            "event": "audit_heads",
            "log_level": "info",
            "heads": {chain_of(alice): [5, five_events[4].hash]},
        }
    ]
    others = record(actor=bob, action="test.thing.done")
    with capture_logs() as lines:
        assert verify_audit_nightly()
    assert [line["heads"] for line in lines] == [{chain_of(bob): [1, others.hash]}]

    remembered = settings.AUDIT_ANCHOR.read_text()
    tamper("DELETE FROM users_auditevent WHERE id = %s", five_events[4].pk)
    AuditChain.objects.filter(name=chain_of(alice)).update(length=4, head_hash=five_events[3].hash)
    with capture_logs() as lines:
        assert not verify_audit_nightly()
    assert [(line["event"], line["problems"][0]["sequence"]) for line in lines] == [
        ("audit_trail_not_intact", 5)
    ]
    assert settings.AUDIT_ANCHOR.read_text() == remembered


# --- Concurrency ------------------------------------------------------------------------------


def append_in_threads(append, threads: int = 8, each: int = 50) -> None:
    barrier = Barrier(threads)

    def work(_):
        try:
            barrier.wait(timeout=300)
            for _ in range(each):
                append()
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_concurrent_appends_leave_no_fork_and_no_gap():
    user = builders.make_user()
    append_in_threads(lambda: record(actor=user, action="test.thing.done"))
    result = verify()
    assert (result.faults, result.event_count) == ([], 400)
    sequences = AuditEvent.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(sequences) == list(range(1, 401))


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_negative_control_without_the_locked_head_appends_collide(monkeypatch):
    user, together = builders.make_user(), Barrier(8)
    record(actor=user, action="test.thing.done")
    failures = []

    def unlocked_chain(name):
        """Read the head without a lock; wait until all threads have read it."""
        chain = AuditChain.objects.get(name=name)
        together.wait(timeout=300)
        return chain

    monkeypatch.setattr(trail, "_locked_chain", unlocked_chain)

    def append():
        try:
            record(actor=user, action="test.thing.done")
        except DatabaseError as error:
            failures.append(error)

    append_in_threads(append, each=1)
    assert len(failures) == 7
