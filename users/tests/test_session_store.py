"""A session is read with its person in one query, and nothing that ended it is overlooked."""

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from users.models import User

pytestmark = pytest.mark.django_db
PAGE = "/alerts/bell/"


@pytest.fixture
def browser(client_for, alice):
    """Alice's browser, known since its first request."""
    client = client_for(alice)
    assert client.get(PAGE).status_code == 200
    return client


def reader_of(client) -> User | None:
    """Whom the next page is for; None if for nobody."""
    answer = client.get(PAGE)
    return answer.wsgi_request.user if answer.status_code == 200 else None


def test_a_session_and_its_person_take_one_query(browser, alice):
    with CaptureQueriesContext(connection) as captured:
        assert reader_of(browser) == alice
    tables = ("django_session", "users_user")
    assert [sum(f'"{name}"' in query["sql"] or f" {name} " in query["sql"] for query in captured)
            for name in tables] == [1, 1]  # fmt: skip
    assert UserSession.objects.get().user == alice


def a_changed_password(alice):
    alice.set_password("another-Passw0rd!")
    alice.save()


def a_new_session_version(alice):
    User.objects.filter(pk=alice.pk).update(session_version=alice.session_version + 1)


def no_longer_active(alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)


def an_expired_session(alice):
    Session.objects.update(expire_date="2020-01-01T00:00:00Z")


def a_deleted_session(alice):
    Session.objects.all().delete()


@pytest.mark.parametrize(
    "end",
    [
        a_changed_password,
        a_new_session_version,
        no_longer_active,
        an_expired_session,
        a_deleted_session,
    ],
)
def test_what_ends_a_session_ends_it_at_once(browser, alice, end):
    end(alice)
    assert reader_of(browser) is None


def test_a_new_role_counts_from_the_next_page_on(browser, alice):
    User.objects.filter(pk=alice.pk).update(role=User.Role.VIEWER)
    assert reader_of(browser).role == User.Role.VIEWER


@pytest.mark.parametrize("is_listed", [True, False])
def test_the_session_itself_says_whose_it_is(browser, alice, bob, is_listed):
    if is_listed:
        UserSession.objects.update(user=bob)
    else:
        UserSession.objects.all().delete()
    assert reader_of(browser) == alice
