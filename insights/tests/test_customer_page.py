"""Finding a customer, and their page: who sees what, and why support must give a reason."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from banking.limits import CUSTOMER_OPEN_FOR
from insights.staff.customer import customer_page, find_person
from insights.staff.finding import find_customers
from tests.builders import make_account, make_user
from tests.world import SECRET, everything, things_of
from users.models import AuditEvent, Notification, User
from users.services.opening import needs_reason, open_customer
from users.services.people import set_role
from users.services.staffing import found_people

pytestmark = pytest.mark.django_db


def staff(role: str) -> User:
    return set_role(actor=None, user=make_user(f"{role}@staff.example"), role=role)


@pytest.fixture
def signed_in(client_for):
    """Another fixture name, for tests that sign each person in once."""
    return client_for


@pytest.fixture
def maria(db) -> User:
    user = make_user("maria.keller@example.com", name="Maria Keller", phone="+49 (30) 90-18 20")
    make_account(user=user, name="Everyday", last_four="4711")
    return user


@pytest.fixture
def world(alice) -> dict:
    things = things_of(alice)
    User.objects.filter(pk=alice.pk).update(phone="+49 30 901820", name=f"{SECRET} Person")
    things["message"] = Notification.objects.create(
        recipient=alice, kind="bill_due", target_key="bill:1", channel="email", status="failed",
        local_day="2026-03-15", subject=f"{SECRET} 12.00", text=f"{SECRET} 12.00",
        due_at=timezone.now(), provider_answer="550 <alice@example.com> unknown",
    )  # fmt: skip
    return things | {"owner": alice}


# --- Finding --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["kell", "MARIA k", "maria.kel", "keller@example", "901820", "+49 30 9018", "4711"]
)
def test_part_of_a_name_email_phone_or_account_finds_the_customer(maria, text):
    make_user("other@example.com", name="Mario Keil", phone="+1 212 555")
    for role in ("support", "auditor", "admin"):
        assert find_customers(staff(role), text, limit=8) == [maria]


def test_search_ignores_case_and_accents_and_follows_every_change(alice):
    reader = staff("auditor")
    for name, text in (
        ("Łucja Müller", "lucja muller"),
        ("STRAẞE Hans", "strasse"),
        ("É", "alice@"),
    ):
        alice.name = name
        alice.save(update_fields=["name"])
        for words in (text, text.upper()):
            assert find_customers(reader, words, limit=8) == [alice]
    alice.phone = "+49 (30) 90-18 20"
    alice.save()
    assert find_customers(reader, "3090182", limit=8) == [alice]
    exact = [("É", True), ("e", True), ("alice", False), ("4930901820", True), ("30901820", False)]
    for text, is_found in exact:
        assert found_people(User.objects.all(), text, exactly=True).exists() is is_found, text


def test_a_customer_number_matches_first_however_short(maria):
    reader = staff("support")
    assert find_customers(reader, str(maria.pk), limit=8)[0] == maria
    assert find_customers(reader, "ke", limit=8) == []
    assert find_customers(reader, "  ", limit=8) == []
    assert find_customers(reader, "\u0301\u0301", limit=8) == []
    assert find_customers(reader, "9" * 40, limit=8) == []


def test_accounts_in_the_trash_and_staff_are_not_found_by_support(maria):
    Account.objects.filter(user=maria).update(deleted_at=timezone.now())
    reader = staff("support")
    assert find_customers(reader, "4711", limit=8) == []
    assert find_customers(reader, "staff.example", limit=8) == []
    assert len(find_customers(staff("auditor"), "staff.example", limit=8)) == 2


def test_search_masks_names_for_support_and_opens_a_single_result(client_for, maria):
    make_user("mara@example.com", name="Mara Kell")
    client = client_for(staff("support"))
    url = reverse("admin:customer_search")
    text = client.get(url, {"q": "kell"}).content.decode()
    assert "M*** K***" in text
    assert "m***@example.com" in text
    assert "Keller" not in text
    part = client.get(url, {"q": "keller"}, headers={"X-Suggest": "1"}).content.decode()
    assert (part.count('role="option"'), "<html" in part) == (1, False)
    assert client.get(url, {"q": "keller"})["Location"] == reverse(
        "admin:customer", args=[maria.pk]
    )
    assert client_for(staff("auditor")).get(url, {"q": "kell"}).status_code == 200


def test_every_staff_page_has_the_search_and_customers_have_none(client_for, maria):
    client = client_for(staff("support"))
    for url in ("/admin/", "/admin/users/user/", "/admin/customers/"):
        assert 'id="customer-search"' in client.get(url).content.decode()
    assert client_for(maria).get("/admin/customers/", {"q": "kell"}).status_code == 302


# --- Opening --------------------------------------------------------------------------------------


def test_support_gives_a_reason_which_the_customer_reads(client_for, maria):
    reader = staff("support")
    client, url = client_for(reader), reverse("admin:customer", args=[maria.pk])
    asked = client.get(url)
    assert "Why do you need this record?" in asked.content.decode()
    assert "Open sessions" not in asked.content.decode()
    short = client.post(f"{url}open/", {"reason": " x "})
    assert short.status_code == 422
    assert not AuditEvent.objects.filter(action="users.customer.opened").exists()
    assert client.post(f"{url}open/", {"reason": "ticket  4711"})["Location"] == url
    assert "Open sessions" in client.get(url).content.decode()
    event = AuditEvent.objects.get(action="users.customer.opened")
    assert (event.actor, event.target_id, event.changes) == (
        reader, maria.pk, {"reason": "ticket 4711"},
    )  # fmt: skip
    told = client_for(maria).get(reverse("users:activity")).content.decode()
    assert "Account viewed by support" in told
    assert "reason: ticket 4711" in told
    assert reader.email not in told


def test_a_reason_opens_one_record_to_one_person_for_half_an_hour(maria, alice):
    reader, now = staff("support"), timezone.now()
    open_customer(actor=reader, user=maria, reason="ticket 4711")
    now = AuditEvent.objects.get(action="users.customer.opened").created_at
    soon, late = now + CUSTOMER_OPEN_FOR - timedelta(seconds=1), now + CUSTOMER_OPEN_FOR
    assert not needs_reason(actor=reader, user=maria, at=soon)
    assert needs_reason(actor=reader, user=maria, at=late)
    assert needs_reason(actor=reader, user=alice, at=soon)
    colleague = set_role(actor=None, user=make_user("two@staff.example"), role="support")
    assert needs_reason(actor=colleague, user=maria, at=soon)


# --- What each role sees --------------------------------------------------------------------------


def test_support_sees_the_page_without_money_names_or_addresses(client_for, world):
    reader, owner = staff("support"), world["owner"]
    open_customer(actor=reader, user=owner, reason="ticket 4711")
    text = client_for(reader).get(reverse("admin:customer", args=[owner.pk])).content.decode()
    words = (SECRET, "12.00", "alice", "901820", "1,000", "4500", "988")
    assert [word for word in words if word in text] == []
    shown = ("a***@example.com", "***20", "Send reminder", "Resend", "Account viewed by support")
    assert [word for word in shown if word not in text] == []


def test_auditors_see_everything_but_no_buttons(client_for, world):
    client = client_for(staff("auditor"))
    url = reverse("admin:customer", args=[world["owner"].pk])
    before, text = everything(), client.get(url).content.decode()
    assert [w for w in (SECRET, "alice@example.com", "€988.00", "€12.00") if w not in text] == []
    assert "staff-button" not in text
    assert everything() == before


def test_admins_see_everything_and_the_actions(client_for, world):
    client = client_for(staff("admin"))
    text = client.get(reverse("admin:customer", args=[world["owner"].pk])).content.decode()
    for label in ("Sign out everywhere", "Send reminder", "Resend", "€988.00"):
        assert label in text


def test_auditors_see_the_parts_of_a_balance_and_support_whether_they_add_up(world):
    owner, reader = world["owner"], staff("support")
    page = customer_page(reader=staff("auditor"), user=find(owner), at=timezone.now())
    explained = next(section for section in page.sections if section.key == "balances")
    everyday = next(row for row in explained.rows if "account" in row.cells[0].value)
    assert [cell.value for cell in everyday.cells[1:]] == [1, 1000, -12, 988, "Yes"]
    Account.objects.filter(pk=world["account"].pk).update(balance=1)
    page = customer_page(reader=reader, user=find(owner), at=timezone.now())
    explained = next(section for section in page.sections if section.key == "balances")
    assert explained.headings == ["Account", "Posted transactions", "Adds up"]
    assert sorted(row.cells[-1].value for row in explained.rows) == ["No", "Yes"]


def find(user: User):
    return find_person(staff_reader(), user.pk, timezone.now())


def staff_reader() -> User:
    return User.objects.filter(role="auditor").first()


@pytest.mark.once
def test_the_page_needs_constant_queries_for_many_rows(
    client_for, django_assert_num_queries, maria
):

    client = client_for(staff("auditor"))
    url = reverse("admin:customer", args=[maria.pk])
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for number in range(8):
        make_account(user=maria, name=f"Account {number}")
    with django_assert_num_queries(len(few)):
        client.get(url)


# --- Help, by role × action × own, foreign, absent ------------------------------------------------

ABSENT = 987_654_321


def help_urls(person: int, bill: int, message: int) -> dict[str, str]:
    return {
        "open": reverse("admin:customer_open", args=[person]),
        "unlock": reverse("admin:customer_unlock", args=[person]),
        "sign_out": reverse("admin:customer_sign_out", args=[person]),
        "confirmation": reverse("admin:customer_confirmation", args=[person]),
        "remind": reverse("admin:customer_remind", args=[person, bill]),
        "resend": reverse("admin:customer_resend", args=[person, message]),
    }


def post(client: Client, url: str) -> int:
    return client.post(url, {"reason": "ticket 4711"}).status_code


@pytest.mark.slow
def test_each_action_is_allowed_to_the_right_roles(signed_in, world, bob, subtests):
    owner, bill, message = world["owner"], world["bill"].pk, world["message"].pk
    support, auditor, boss = staff("support"), staff("auditor"), staff("admin")
    own, absent = help_urls(owner.pk, bill, message), help_urls(ABSENT, ABSENT, ABSENT)
    clients = {user.pk: signed_in(user) for user in (owner, bob, support, auditor, boss)}

    def client_for(user: User) -> Client:
        return clients[user.pk]

    before = everything()
    for name, url in own.items():
        with subtests.test(action=name, role="auditor"):
            assert post(client_for(auditor), url) == 403
            assert client_for(support).get(url).status_code == 405
        for person in (bob, owner):
            with subtests.test(action=name, role="customer"):
                assert post(client_for(person), url) == 302
        if name != "open":
            with subtests.test(action=name, role="support without a reason"):
                assert post(client_for(support), url) == 403
    for name, url in absent.items():
        for reader in (support, boss):
            with subtests.test(action=name, reader=reader.email):
                assert post(client_for(reader), url) == 404
    assert everything() == before
    for reader in (support, boss):
        with subtests.test(foreign=reader.email):
            open_customer(actor=reader, user=bob, reason="ticket 4711")
            foreign = help_urls(bob.pk, bill, message)
            assert post(client_for(reader), foreign["remind"]) == 404
            assert post(client_for(reader), foreign["resend"]) == 404
            theirs = help_urls(reader.pk, bill, message)
            expected = 403 if reader is boss else 404
            assert post(client_for(reader), theirs["sign_out"]) == expected
            of_staff = help_urls(auditor.pk, bill, message)["sign_out"]
            assert post(client_for(reader), of_staff) == (302 if reader is boss else 404)
    assert Notification.objects.get(pk=message).status == "failed"


def test_support_helps_after_giving_a_reason(client_for, world, mailoutbox):
    reader, owner = staff("support"), world["owner"]
    open_customer(actor=reader, user=owner, reason="ticket 4711")
    urls = help_urls(owner.pk, world["bill"].pk, world["message"].pk)
    client = client_for(reader)
    version = User.objects.get(pk=owner.pk).session_version
    for name in ("unlock", "sign_out", "remind", "resend", "confirmation"):
        assert post(client, urls[name]) == 302
    assert User.objects.get(pk=owner.pk).session_version == version + 1
    assert Notification.objects.get(pk=world["message"].pk).status == "pending"
    told = AuditEvent.objects.filter(actor=reader).order_by("id").values_list("action", flat=True)
    assert list(told) == [
        "users.customer.opened",
        "users.sign_in.unlocked",
        "users.sessions.ended",
        "bills.bill.reminded",
        "users.notification.sent_again",
    ]
