"""Sharing on pages and in the API: invite, accept, change, revoke, and view as a member."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import resolve

from accounts.api.sharing import UNCONFIRMED
from accounts.models import AccountShare
from accounts.services import edit_account
from accounts.viewing_as import only_reading
from tests.builders import make_account, make_transaction, make_user, step_up
from tests.world import things_of
from transactions.models import Transaction
from users.models import AuditEvent, Notification, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def alices(client_for, alice):
    client = client_for(alice)
    step_up(client, alice)
    return client


def shown_in(client, word: str, url: str = "/accounts/") -> bool:
    return word in client.get(url).content.decode()


def events_of(user: User) -> list[str]:
    found = AuditEvent.objects.filter(chain__name=f"user:{user.pk}", action__contains="share")
    return [
        action.rsplit(".", 1)[1] for action in found.order_by("id").values_list("action", flat=True)
    ]


@pytest.mark.parametrize("chosen", ["9" * 26, "9" * 19, "-1", "٥", "x", ""])
def test_an_account_that_is_no_id_is_refused_in_place(alices, checking, chosen):
    form = {"email": "bob@example.com", "level": "viewer", "accounts": [checking.pk, chosen]}
    page = alices.post("/accounts/sharing/", form)
    assert page.status_code == 422
    assert page.context["form"].errors["accounts"]
    assert not Notification.objects.exists()
    assert alices.get("/accounts/sharing/", {"account": chosen}).status_code == 200


@pytest.mark.slow
def test_a_share_from_invitation_to_revocation(alices, client_for, alice, bob, checking, savings):
    bobs = client_for(bob)
    form = {"email": "Bob@example.com", "level": "viewer", "accounts": [checking.pk, savings.pk]}
    assert alices.post("/accounts/sharing/", form)["Location"] == "/accounts/sharing/"
    [mail] = Notification.objects.all()
    assert (mail.recipient, mail.kind, mail.link) == (bob, "share_invited", "/accounts/sharing/")
    assert not any(name in mail.text for name in ("Everyday", "Rainy day"))
    assert not shown_in(bobs, "Everyday")
    assert shown_in(bobs, "Alice Archer invited you", "/accounts/sharing/")
    first, second = AccountShare.objects.order_by("pk")
    assert bobs.post(f"/accounts/sharing/{first.pk}/accept/", {"all": "1"}).status_code == 302
    assert shown_in(bobs, "Everyday")
    assert shown_in(bobs, "Rainy day")
    assert (
        bobs.post(f"/accounts/sharing/{first.pk}/level/", {"level": "analyst"}).status_code == 403
    )
    assert (
        alices.post(f"/accounts/sharing/{first.pk}/level/", {"level": "analyst"}).status_code == 302
    )
    assert shown_in(bobs, "Shared with you: analyst")
    assert alices.post(f"/accounts/sharing/{first.pk}/end/").status_code == 302
    assert not shown_in(bobs, "Everyday")
    assert shown_in(bobs, "Rainy day")
    assert bobs.post(f"/accounts/sharing/{second.pk}/end/").status_code == 302
    assert not shown_in(bobs, "Rainy day")
    actions = ["invited", "invited", "accepted", "accepted", "level_changed", "revoked", "left"]
    assert (events_of(alice), events_of(bob)) == (actions, actions)


def test_inviting_does_not_reveal_who_is_registered(alices, alice, bob, checking):
    def answers(email: str) -> tuple:
        form = {"email": email, "level": "viewer", "accounts": [checking.pk]}
        page = alices.post("/accounts/sharing/", form, follow=True).content.decode()
        shown = alices.get("/api/shares").json()["results"][0]
        return (
            page.count(email),
            page.count("Invited"),
            {name: value for name, value in shown.items() if name not in ("id", "email")}
            | {"created_at": "", "updated_at": ""},
        )

    known = answers("bob@example.com")
    AccountShare.objects.all().delete()
    unknown = answers("nobody@example.com")
    assert known == unknown
    assert AccountShare.objects.get().member is None


def test_invitation_waits_until_the_address_is_confirmed(alices, client_for, api_for, checking):
    form = {"email": "new@example.com", "level": "viewer", "accounts": [checking.pk]}
    alices.post("/accounts/sharing/", form)
    new = make_user("new@example.com")
    address = EmailAddress.objects.create(user=new, email=new.email, primary=True, verified=False)
    # Again, now that a person has signed up with the address without confirming it.
    alices.post("/accounts/sharing/", form)
    share = AccountShare.objects.get()
    assert share.member is None
    assert not Notification.objects.exists()
    assert shown_in(client_for(new), "Confirm your email to see invitations", "/accounts/sharing/")
    # The same message for a pending invitation and one that never existed.
    answers = [api_for(new).post(f"/api/shares/{pk}/accept") for pk in (share.pk, 987_654_321)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert {answer.json()["errors"][0]["detail"] for answer in answers} == {UNCONFIRMED}
    EmailAddress.objects.filter(pk=address.pk).update(verified=True)
    assert api_for(new).post(f"/api/shares/{share.pk}/accept").json()["status"] == "accepted"
    assert [result["id"] for result in api_for(new).get("/api/accounts").json()["results"]] == [
        checking.pk
    ]


@pytest.mark.parametrize("answer", ["accept", "end"])
def test_person_invited_at_two_addresses_has_one_share(alices, client_for, bob, checking, answer):
    first = AccountShare.objects.create(
        user=checking.user, member=bob, account=checking, level="viewer", status="accepted"
    )
    EmailAddress.objects.create(user=bob, email="second@example.com", verified=True)
    form = {"email": "second@example.com", "level": "analyst", "accounts": [checking.pk]}
    alices.post("/accounts/sharing/", form)
    second = AccountShare.objects.exclude(pk=first.pk).get()
    assert client_for(bob).post(f"/accounts/sharing/{second.pk}/{answer}/").status_code == 302
    [left] = AccountShare.objects.filter(member=bob)
    expected = (second.pk, "analyst") if answer == "accept" else (first.pk, "viewer")
    assert (left.pk, left.level, left.status) == (*expected, "accepted")


def test_long_account_lists_are_looked_up_in_one_query(
    api_for, alice, checking, bobs_account, django_assert_max_num_queries
):
    client = api_for(alice)
    step_up(client, alice)
    form = {"email": "bob@example.com", "level": "viewer"}
    with django_assert_max_num_queries(32):
        answer = client.post("/api/shares", form | {"accounts": [checking.pk] * 200})
    assert (answer.status_code, len(answer.json())) == (201, 1)
    for wrong in ([bobs_account.pk], [10**30], [checking.pk] * 201, ["x"]):
        assert client.post("/api/shares", form | {"accounts": wrong}).status_code == 400


def test_api_can_invite_change_and_end_shares(api_for, alice, bob, checking, savings, bobs_account):
    alices, bobs = api_for(alice), api_for(bob)
    form = {"email": "bob@example.com", "level": "viewer", "account": checking.pk}
    refused = alices.post("/api/shares", form)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "step_up_required")
    assert not AccountShare.objects.exists()
    alices.credentials(HTTP_X_STEP_UP="")
    step_up(alices, alice)
    for wrong in (
        {"account": bobs_account.pk},
        {"email": alice.email},
        {"level": "owner"},
        {"account": None},
    ):
        assert alices.post("/api/shares", form | wrong).status_code == 400
    share = alices.post("/api/shares", form).json()
    assert (share["direction"], share["status"], share["name"]) == ("given", "invited", "")
    offered = bobs.get("/api/shares").json()["results"]
    assert [(offer["email"], offer["direction"]) for offer in offered] == [
        (alice.email, "received")
    ]
    assert bobs.post(f"/api/shares/{share['id']}/accept").status_code == 200
    assert bobs.patch(f"/api/shares/{share['id']}", {"level": "analyst"}).status_code == 403
    assert (
        alices.patch(f"/api/shares/{share['id']}", {"level": "analyst"}).json()["level"]
        == "analyst"
    )
    all_of_them = {"email": bob.email, "level": "analyst", "all_accounts": True}
    both = alices.post("/api/shares", all_of_them).json()
    assert [(share["account"], share["status"]) for share in both] == [
        (checking.pk, "accepted"), (savings.pk, "invited")
    ]  # fmt: skip
    assert bobs.post(f"/api/shares/{both[1]['id']}/decline").status_code == 204
    assert AccountShare.objects.get(account=savings).status == "declined"
    assert alices.delete(f"/api/shares/{share['id']}").status_code == 204
    assert bobs.get(f"/api/accounts/{checking.pk}").status_code == 404
    assert bobs.get("/api/shares").json()["results"] == []


# --- View as ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_view_as_shows_exactly_what_the_member_would_see(alices, alice, bob, checking, savings):
    make_account(user=bob, name="Bobs secret")
    other = make_account(user=make_user("carol@example.com"), name="Carols secret")
    share = AccountShare.objects.create(
        user=alice, member=bob, account=checking, level="viewer", status="accepted"
    )
    AccountShare.objects.create(
        user=other.user, member=bob, account=other, level="analyst", status="accepted"
    )
    row = make_transaction(account=checking)
    assert alices.post(f"/accounts/sharing/{share.pk}/view-as/")["Location"] == "/"
    page = alices.get("/accounts/").content.decode()
    assert "Everyday" in page
    assert "viewing your accounts as" in page
    assert not any(word in page for word in ("Rainy day", "Bobs secret", "Carols secret"))
    assert shown_in(alices, "Everyday", "/")
    assert alices.get(f"/accounts/{savings.pk}/").status_code == 404
    assert alices.get("/api/accounts").json()["results"][0]["access"] == "viewer"
    before = list(Transaction.objects.values())
    urls = [
        f"/transactions/{row.pk}/delete/",
        f"/api/transactions/{row.pk}",
        "/users/theme/",
        "/accounts/new/",
    ]
    for url in urls:
        for method in ("post", "put", "patch", "delete"):
            assert getattr(alices, method)(url).status_code in (403, 405), url
    for url in (
        *("/users/profile/", "/admin/", "/accounts/sharing/", "/api/shares", "/exports/"),
        *("/transactions/export/", "/transactions/new/", "/alerts/subscriptions/"),
        "/dashboard/cards/",
    ):
        assert alices.get(url).status_code == 403
    assert list(Transaction.objects.values()) == before
    assert alices.post("/accounts/sharing/view-as/stop/").status_code == 302
    assert shown_in(alices, "Rainy day")
    assert events_of(alice) == []
    events = AuditEvent.objects.filter(action__startswith="accounts.view_as").order_by("id")
    assert [event.action.rsplit(".")[-1] for event in events] == ["started", "stopped"]
    assert {event.actor for event in events} == {alice}


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("level", ["viewer", "analyst"])
def test_viewing_as_someone_offers_no_action_that_would_be_refused(alices, alice, bob, level):
    """Follow every link reachable from the home page, once for each kind of page.

    The only form available is the one that stops viewing.
    """
    things_of(alice)
    for account in alice.accounts.all():
        share = AccountShare.objects.create(
            user=alice, member=bob, account=account, level=level, status="accepted"
        )
    alices.post(f"/accounts/sharing/{share.pk}/view-as/")
    found, answers, sent = ["/"], {}, set()
    for url in found:
        name = resolve(url.partition("?")[0]).view_name
        if name in answers:
            continue
        answer = alices.get(url)
        answers[name], page = answer.status_code, answer.getvalue().decode("latin-1")
        links = re.findall(r'(?:<a\b[^>]*href|hx-get)="(/[^"#]*)', page)
        found += [link.replace("&amp;", "&") for link in links if not link.startswith("/static/")]
        forms = re.findall(r'<form\b[^>]*method="post"[^>]*>', page)
        sent |= {re.sub(r'.*?(?:action="([^"]*).*|$)', r"\1", form) or url for form in forms}
        sent |= set(re.findall(r'(?:hx-post|formaction)="([^"]*)', page))
    assert set(answers.values()) == {200}, answers
    assert {"transactions:transaction_detail", "accounts:currency"} <= answers.keys()
    assert ("insights:forecast" in answers) == (level == "analyst")
    assert sent == {"/users/logout/", "/accounts/sharing/view-as/stop/"}


def test_view_as_ends_with_the_share_and_is_only_for_owners(
    alices, client_for, alice, bob, checking
):
    share = AccountShare.objects.create(
        user=alice, member=bob, account=checking, level="viewer", status="accepted"
    )
    assert client_for(bob).post(f"/accounts/sharing/{share.pk}/view-as/").status_code == 403
    alices.post(f"/accounts/sharing/{share.pk}/view-as/")
    AccountShare.objects.update(status="revoked")
    assert alices.get("/")["Location"] == "/accounts/sharing/"
    assert "viewing your accounts as" not in alices.get("/accounts/").content.decode()


def test_nothing_is_written_while_viewing_as_another_person(alice, checking):
    with connection.execute_wrapper(only_reading), pytest.raises(PermissionDenied):
        edit_account(actor=alice, account=checking, name="Other")
    checking.refresh_from_db()
    assert checking.name == "Everyday"


def test_account_page_links_to_sharing(alices, checking, savings):
    link = f"/accounts/sharing/?account={checking.pk}"
    assert f'href="{link}#invite"' in alices.get(f"/accounts/{checking.pk}/").content.decode()
    page = alices.get(f"{link}&account=x&account=987654321")
    [chosen] = [box for box in page.context["form"]["accounts"] if box.data["selected"]]
    assert chosen.data["value"].value == checking.pk
