"""A refresh token is used once: parallel uses have one winner, later reuse ends the family."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from tests.builders import make_user
from tests.depth import up_to
from users.models import AuditEvent, Notification, RefreshSession
from users.services import people, sessions
from users.services.sessions import TokenRaceError, WrongTokenError, rotate_tokens, start_tokens

# A broken barrier means that a thread died, not that the machine is slow.
LONGEST_SECONDS = 300


def refresh(token: str):
    return APIClient().post("/api/auth/refresh", {"refresh": token})


def me(access: str) -> int:
    return APIClient().get("/api/users/me", HTTP_AUTHORIZATION=f"Bearer {access}").status_code


def used_long_ago(seconds: float) -> None:
    """Move the first use this many seconds into the past."""
    used = RefreshSession.objects.exclude(used_at=None)
    used.update(used_at=timezone.now() - timedelta(seconds=seconds))


@pytest.fixture
def tokens(alice) -> sessions.Tokens:
    return start_tokens(user=alice, at=timezone.now())


def test_a_refresh_token_returns_a_working_new_pair(tokens):
    answer = refresh(tokens.refresh)
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh", "expires_in"}
    assert answer.json()["refresh"] != tokens.refresh
    assert me(answer.json()["access"]) == 200
    assert refresh(answer.json()["refresh"]).status_code == 200


def test_a_server_whose_clock_is_slightly_behind_accepts_a_new_token(tokens, time_machine):
    now = timezone.now()
    time_machine.move_to(now - timedelta(seconds=4))
    assert me(tokens.access) == 200
    time_machine.move_to(now - timedelta(minutes=5))
    assert me(tokens.access) == 401


def test_only_the_hash_of_a_refresh_token_is_stored(tokens):
    stored = RefreshSession.objects.values().get()
    assert tokens.refresh not in str(stored)


def test_reuse_ends_the_family_and_is_recorded(tokens):
    successor = refresh(tokens.refresh).json()
    used_long_ago(11)
    reused = refresh(tokens.refresh)
    assert reused.status_code == 401
    assert reused.json()["errors"][0]["code"] == "token_not_valid"
    assert refresh(successor["refresh"]).status_code == 401
    assert me(successor["access"]) == 401
    event = AuditEvent.objects.get(action="users.tokens.revoked")
    assert event.changes["reason"] == "reuse"
    refresh(tokens.refresh)
    assert Notification.objects.get().subject == "We signed out one of your apps"


def test_reuse_ends_no_other_family(alice, tokens):
    other = start_tokens(user=alice, at=timezone.now())
    refresh(tokens.refresh)
    used_long_ago(11)
    assert refresh(tokens.refresh).status_code == 401
    assert me(other.access) == 200
    assert refresh(other.refresh).status_code == 200


@pytest.mark.parametrize("seconds", [0, 1, 9.9])
def test_a_second_use_within_ten_seconds_ends_nothing(tokens, seconds):
    """Two tabs, or a lost response, however late the thread runs."""
    successor = refresh(tokens.refresh).json()
    used_long_ago(seconds)
    answer = refresh(tokens.refresh)
    assert answer.status_code == 409
    (error,) = answer.json()["errors"]
    assert error["code"] == "refresh_in_progress"
    assert "sign in again" in error["detail"]
    assert me(successor["access"]) == 200
    assert refresh(successor["refresh"]).status_code == 200
    assert not Notification.objects.exists()
    assert not AuditEvent.objects.filter(action="users.tokens.revoked").exists()


def test_a_use_that_began_before_the_first_ended_is_a_race_however_long_it_waited(tokens):
    began = timezone.now()
    rotate_tokens(refresh=tokens.refresh, started_at=timezone.now())
    with pytest.raises(TokenRaceError):
        rotate_tokens(refresh=tokens.refresh, started_at=began)
    assert not RefreshSession.objects.exclude(revoked_at=None).exists()


@pytest.mark.parametrize("seconds", [10.5, 60, 86_400])
def test_a_later_use_is_reuse_even_after_one_within_the_grace_period(tokens, seconds):
    successor = refresh(tokens.refresh).json()["refresh"]
    assert refresh(tokens.refresh).status_code == 409
    used_long_ago(seconds)
    assert refresh(tokens.refresh).status_code == 401
    assert refresh(successor).status_code == 401
    assert AuditEvent.objects.get(action="users.tokens.revoked").changes["reason"] == "reuse"


def test_a_signed_out_client_has_no_grace_period(alice, tokens):
    refresh(tokens.refresh)
    sessions.sign_out_everywhere(actor=alice, user=alice)
    assert refresh(tokens.refresh).status_code == 401
    assert not Notification.objects.exists()


def test_an_expired_token_is_refused(alice):
    long_ago = timezone.now() - timedelta(days=8)
    tokens = start_tokens(user=alice, at=long_ago)
    assert refresh(tokens.refresh).status_code == 401


def test_a_deactivated_user_gets_no_new_tokens(alice, tokens):
    people.set_active(actor=None, user=alice, is_active=False)
    people.set_active(actor=None, user=alice, is_active=True)
    assert refresh(tokens.refresh).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "unknown", "x" * 201, "\x00", 7, None])
def test_an_unknown_token_is_refused(token):
    answer = APIClient().post("/api/auth/refresh", {"refresh": token}, format="json")
    assert answer.status_code in (400, 401)
    assert not AuditEvent.objects.exists()


def test_expired_rows_are_purged_and_active_ones_kept(alice, tokens):
    assert sessions.purge_expired(at=timezone.now()) == 0
    assert sessions.purge_expired(at=timezone.now() + timedelta(days=8)) == 1
    assert not RefreshSession.objects.exists()


def test_refreshing_does_not_make_a_sign_in_look_recent(alice, tokens):
    """Otherwise it would look newly signed in once its first tokens are purged."""
    began = RefreshSession.objects.get().created_at
    for _ in range(2):
        tokens = sessions.rotate_tokens(refresh=tokens.refresh, started_at=timezone.now())
    first, _, last = RefreshSession.objects.order_by("id")
    past = timezone.now() - timedelta(minutes=1)
    RefreshSession.objects.exclude(pk=last.pk).update(expires_at=past)
    assert sessions.purge_expired(at=timezone.now()) == 1
    assert set(RefreshSession.objects.values_list("pk", flat=True)) == {first.pk, last.pk}
    assert sessions.family_began_at(alice, str(last.family)) == began


# --- Parallel ---------------------------------------------------------------------------------


def in_parallel(work, threads: int) -> list:
    barrier = Barrier(threads)

    def run(number):
        try:
            barrier.wait(timeout=LONGEST_SECONDS)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_refreshes_have_one_winner_and_end_nothing():
    user = make_user()
    tokens = start_tokens(user=user, at=timezone.now())
    began = timezone.now()

    def work(_):
        try:
            return rotate_tokens(refresh=tokens.refresh, started_at=began)
        except (TokenRaceError, WrongTokenError) as error:
            return type(error).__name__

    results = in_parallel(work, 20)
    winners = [result for result in results if not isinstance(result, str)]
    assert len(winners) == 1
    assert results.count("TokenRaceError") == 19
    assert RefreshSession.objects.filter(used_at=None, revoked_at=None).count() == 1
    assert me(winners[0].access) == 200


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_repeated_parallel_refreshes_have_one_surviving_winner():
    """A client with many parallel requests whose token has expired, in repeated rounds."""
    user = make_user()
    token = start_tokens(user=user, at=timezone.now()).refresh
    for _ in range(up_to(50, quick=10)):
        answers = in_parallel(lambda _, token=token: refresh(token), 20)
        codes = [answer.status_code for answer in answers]
        assert (codes.count(200), codes.count(409)) == (1, 19)
        (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
        assert me(winner["access"]) == 200
        token = winner["refresh"]
    assert refresh(token).status_code == 200
    assert not RefreshSession.objects.exclude(revoked_at=None).exists()
    assert not Notification.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_concurrent_refresh_and_sign_out_everywhere_leave_no_tokens():
    """The second one must see the first one's changes; no new token may survive."""
    user = make_user()
    for _ in range(5):
        tokens = start_tokens(user=user, at=timezone.now())
        began = timezone.now()

        def work(number, tokens=tokens, began=began):
            if number:
                sessions.sign_out_everywhere(actor=user, user=user)
                return None
            try:
                return rotate_tokens(refresh=tokens.refresh, started_at=began)
            except WrongTokenError:
                return None

        in_parallel(work, 2)
        assert not RefreshSession.objects.filter(used_at=None, revoked_at=None).exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_negative_control_read_then_write_has_several_winners():
    """Minimal read-then-write token rotation."""
    user = make_user()
    start_tokens(user=user, at=timezone.now())
    barrier = Barrier(8)

    def work(_):
        token = RefreshSession.objects.get()
        is_mine = token.used_at is None
        barrier.wait(timeout=LONGEST_SECONDS)
        token.used_at = timezone.now()
        token.save(update_fields=["used_at"])
        return is_mine

    assert sum(in_parallel(work, 8)) > 1
