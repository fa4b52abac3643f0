"""A command with a key takes effect once, however often and concurrently it is requested."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import connection
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from tests import builders
from users.api.idempotency import answer_once
from users.audit import trail
from users.idempotency import KeyReusedError, body_hash, forget_old_commands, run_once
from users.models import AuditEvent, IdempotentCommand, User


class CommandApi(APIView):
    """A minimal state-changing POST: it appends one audit event and returns its sequence number."""

    permission_classes = [IsAuthenticated]

    def post(self, request):
        def command():
            if request.data.get("shape") == "bad":
                raise ValidationError({"shape": ["Bad."]})
            event = trail.record(actor=request.user, action="test.command.run")
            if request.data.get("amount") == "too much":
                raise DjangoValidationError({"amount": "There is not enough money."})
            if request.data.get("amount") == "crash":
                raise RuntimeError("died")
            return 201, {"sequence": event.sequence}

        return answer_once(request, command)


def post(user: User, data: dict, key: str | None = "k1"):
    headers = {} if key is None else {"HTTP_IDEMPOTENCY_KEY": key}
    request = APIRequestFactory().post("/api/things", data, format="json", **headers)
    force_authenticate(request, user)
    return CommandApi.as_view()(request)


def test_the_same_key_and_body_get_the_same_response_and_take_effect_once(alice):
    first, second = post(alice, {"amount": "1"}), post(alice, {"amount": "1"})
    assert (first.status_code, first.data) == (201, {"sequence": 1})
    assert (second.status_code, second.data) == (201, {"sequence": 1})
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert AuditEvent.objects.count() == 1


def test_without_a_key_each_request_takes_effect(alice):
    post(alice, {"amount": "1"}, key=None)
    post(alice, {"amount": "1"}, key=None)
    assert AuditEvent.objects.count() == 2
    assert not IdempotentCommand.objects.exists()


def test_the_same_key_with_another_body_is_422_and_changes_nothing(alice):
    post(alice, {"amount": "1"})
    answer = post(alice, {"amount": "2"})
    assert answer.status_code == 422
    assert answer.data["errors"][0]["code"] == "idempotency_key_reused"
    assert AuditEvent.objects.count() == 1


def test_the_order_of_keys_in_a_body_does_not_matter():
    assert body_hash({"a": 1, "b": 2}) == body_hash({"b": 2, "a": 1})
    assert body_hash({"a": 1}) != body_hash({"a": "1"})


def test_the_same_key_of_another_user_is_independent(alice, bob):
    post(alice, {"amount": "1"})
    assert post(bob, {"amount": "9"}).status_code == 201
    assert AuditEvent.objects.count() == 2


def test_a_services_refusal_is_rolled_back_and_stored(alice):
    first, second = post(alice, {"amount": "too much"}), post(alice, {"amount": "too much"})
    assert (first.status_code, first.data) == (second.status_code, second.data)
    assert first.status_code == 400
    assert first.data["errors"] == [
        {"code": "refused", "detail": "There is not enough money.", "attr": "amount"}
    ]
    assert IdempotentCommand.objects.get().status_code == 400
    assert not AuditEvent.objects.exists()


def test_a_malformed_request_does_not_use_up_its_key(alice):
    assert post(alice, {"shape": "bad"}).status_code == 400
    assert not IdempotentCommand.objects.exists()
    assert post(alice, {"shape": "good"}).status_code == 201


def test_a_crash_rolls_the_key_back_with_the_effect(alice):
    with pytest.raises(RuntimeError):
        run_once(user=alice, key="k1", body={}, command=_record_and_crash(alice))
    assert not IdempotentCommand.objects.exists()
    assert not AuditEvent.objects.exists()
    assert run_once(user=alice, key="k1", body={}, command=lambda: (201, {})) == (201, {}, False)


def _record_and_crash(user: User):
    def command():
        trail.record(actor=user, action="test.command.run")
        raise RuntimeError("died")

    return command


@pytest.mark.parametrize("key", ["x" * 201, "clé", "a\tb", "", "   "])
def test_an_invalid_key_is_refused_with_a_message(alice, key):
    answer = post(alice, {"amount": "1"}, key=key)
    assert answer.status_code == 400
    assert answer.data["errors"][0]["attr"] == "Idempotency-Key"
    assert not AuditEvent.objects.exists()


def test_old_keys_are_deleted_and_recent_ones_kept(alice):
    run_once(user=alice, key="old", body={}, command=lambda: (200, None))
    row = IdempotentCommand.objects.get()
    assert forget_old_commands(at=row.created_at) == 0
    assert forget_old_commands(at=row.created_at.replace(year=row.created_at.year + 1)) == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_duplicates_have_one_effect_and_equal_responses():
    user = builders.make_user()
    barrier = Barrier(8)

    def ask(_):
        try:
            barrier.wait(timeout=300)
            return run_once(user=user, key="k", body={"a": 1}, command=_command(user))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert {(status, data["sequence"]) for status, data, _ in answers} == {(201, 1)}
    assert sorted(is_replay for *_, is_replay in answers) == [False] + [True] * 7
    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_negative_control_without_the_key_duplicates_have_eight_effects():
    user = builders.make_user()

    def ask(_):
        try:
            return run_once(user=user, key="", body={"a": 1}, command=_command(user))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert AuditEvent.objects.count() == 8


def _command(user: User):
    def command():
        return 201, {"sequence": trail.record(actor=user, action="test.command.run").sequence}

    return command


def test_the_service_also_detects_a_reused_key(alice):
    run_once(user=alice, key="k", body={"a": 1}, command=lambda: (201, {}))
    with pytest.raises(KeyReusedError):
        run_once(user=alice, key="k", body={"a": 2}, command=lambda: (201, {}))
