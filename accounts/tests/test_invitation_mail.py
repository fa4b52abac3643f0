"""People without a login are invited to sign up by email; the inviter cannot tell the
difference.
"""

import re

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings

from accounts.models import AccountShare
from tests.builders import make_user, step_up

pytestmark = pytest.mark.django_db
STRANGER = "partner@example.com"


@pytest.fixture(params=["page", "api"])
def invite(request, alice, checking, api_for, client_for, django_capture_on_commit_callbacks):
    """Return `invite(email)`: the inviter's response without the parts that name the address."""

    def invite(email: str) -> tuple:
        entries = {"email": email, "level": "viewer", "accounts": [checking.pk]}
        with django_capture_on_commit_callbacks(execute=True):
            if request.param == "page":
                client = client_for(alice)
                step_up(client, alice)
                answer = client.post("/accounts/sharing/", entries, follow=True)
                text = answer.content.decode()
            else:
                api = api_for(alice)
                step_up(api, alice)
                answer = api.post("/api/shares", entries)
                text = answer.content.decode()
        said = re.search(r"[^>]*" + re.escape(email) + r"[^<]*", text)
        return answer.status_code, said is not None

    return invite


def test_people_without_a_login_are_invited_to_sign_up(alice, invite, mailoutbox, client):
    assert invite(STRANGER)[1]
    (message,) = mailoutbox
    assert message.to == [STRANGER]
    assert message.subject == "Alice Archer wants to share accounts with you"
    html = message.alternatives[0][0]
    (link,) = set(re.findall(r"https?://[^\s\"]+", message.body))
    assert link.startswith(settings.SITE_URL)
    assert link in html.replace("&amp;", "&")
    assert "Everyday" not in message.body + html
    form = client.get(link.removeprefix(settings.SITE_URL.rstrip("/")))
    assert f'value="{STRANGER}"' in form.content.decode()
    assert AccountShare.objects.get().invited_email == STRANGER


def test_inviter_sees_the_same_response_for_everyone(alice, bob, invite, mailoutbox):
    unproven = make_user("claimed@example.com")
    EmailAddress.objects.create(user=unproven, email=unproven.email, verified=False)
    gone = make_user("gone@example.com", is_active=False)
    people = (STRANGER, bob.email, unproven.email, gone.email)
    answers = {invite(email) for email in people}
    assert len(answers) == 1
    # Bob has a login and is notified through the outbox. Deactivated users get no email.
    assert [message.to[0] for message in mailoutbox] == [STRANGER, unproven.email]


def test_few_emails_a_day_go_to_one_address_and_the_response_does_not_reveal_it(
    alice, invite, mailoutbox
):
    answers = {invite(STRANGER) for _ in range(5)}
    assert len(answers) == 1
    assert len(mailoutbox) == 3
