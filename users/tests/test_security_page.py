"""The security page: browser sessions and apps, listed and ended."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from banking.kernel.formats import date_format
from users.models import RefreshSession
from users.services import people, sessions
from users.tests.test_pages import actions, is_signed_in, sign_in


def test_the_security_page_lists_browsers_and_apps(alice):
    client = sign_in()
    sessions.start_tokens(user=alice, at=timezone.now(), user_agent="okhttp/4.12")
    page = client.get("/users/security/").content.decode()
    assert "This browser" in page
    assert "okhttp" in page


@pytest.mark.once
def test_a_session_shows_when_where_and_with_what_it_was_last_used(alice):
    client = sign_in()
    long_ago = timezone.now() - timedelta(days=2)
    alice.usersession_set.update(last_seen_at=long_ago, ip="192.0.2.1", user_agent="old")
    agent = {"user-agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X) Firefox/140"}
    page = client.get("/users/security/", headers=agent)
    assert b"Firefox on Mac" in page.content
    row = alice.usersession_set.get()
    assert (row.ip, row.last_seen_at > long_ago + timedelta(days=1)) == ("127.0.0.1", True)


def test_pages_show_times_in_the_users_time_zone(alice):
    client = sign_in()
    people.update_profile(actor=alice, user=alice, timezone="Asia/Kathmandu")
    row = alice.usersession_set.get()
    local = row.created_at.astimezone(ZoneInfo("Asia/Kathmandu"))
    assert date_format(local, "DATETIME_FORMAT") in client.get("/users/security/").content.decode()


@pytest.mark.once
def test_the_page_needs_constant_queries_for_many_sessions(alice, django_assert_num_queries):
    client = sign_in()
    sessions.start_tokens(user=alice, at=timezone.now())
    client.get("/users/security/")
    with django_assert_num_queries(4):
        client.get("/users/security/")
    for _ in range(4):
        sign_in()
        sessions.start_tokens(user=alice, at=timezone.now())
    with django_assert_num_queries(4):
        client.get("/users/security/")


def test_another_browser_can_be_signed_out_from_here(alice):
    here, there = sign_in(), sign_in()
    row = alice.usersession_set.exclude(session_key=here.session.session_key).get()
    answer = here.post(reverse("users:session_end", args=[row.pk]))
    assert answer.status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert "users.session.ended" in actions()


def test_nobody_can_end_sessions_or_tokens_of_others(alice, bob):
    mine, theirs = sign_in(), sign_in("bob@example.com")
    row = bob.usersession_set.get()
    sessions.start_tokens(user=bob, at=timezone.now())
    family = RefreshSession.objects.get().family
    assert mine.post(reverse("users:session_end", args=[row.pk])).status_code == 404
    assert mine.post(reverse("users:tokens_revoke", args=[family])).status_code == 404
    assert is_signed_in(theirs)
    assert RefreshSession.objects.get().revoked_at is None


def test_an_app_can_be_signed_out_on_the_page(alice):
    client = sign_in()
    sessions.start_tokens(user=alice, at=timezone.now())
    family = RefreshSession.objects.get().family
    assert client.post(reverse("users:tokens_revoke", args=[family])).status_code == 302
    assert RefreshSession.objects.get().revoked_at is not None
    assert client.post(reverse("users:tokens_revoke", args=[family])).status_code == 404


def test_sign_out_everywhere_ends_this_browser_too(alice):
    here, there = sign_in(), sign_in()
    sessions.start_tokens(user=alice, at=timezone.now())
    assert here.post("/users/security/sign-out-everywhere/").status_code == 302
    assert not is_signed_in(here)
    assert not is_signed_in(there)
    assert not RefreshSession.objects.filter(revoked_at=None).exists()


def test_get_requests_to_security_pages_change_nothing(alice):
    client = sign_in()
    for name, args in (("session_end", [1]), ("sign_out_everywhere", []), ("theme_set", [])):
        assert client.get(reverse(f"users:{name}", args=args)).status_code == 405
    assert is_signed_in(client)


def test_allauths_session_list_is_recorded_too(alice):
    here, there = sign_in(), sign_in()
    here.post("/users/sessions/")
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert "users.session.ended" in actions()
