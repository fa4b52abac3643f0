"""Bills on pages and in the API."""

from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.urls import reverse

from banking.kernel.formats import date_format
from banking.kernel.money import format_money
from bills.models import Bill
from bills.services.planning import create_bill
from rewards.models import PointsEntry
from tests.builders import NOON, PASSWORD, make_account, make_transaction, step_up
from transactions.models import Transaction
from users.models import Notification, User

TODAY = NOON.date()


@pytest.fixture
def alice(alice):
    alice.base_currency = "EUR"
    alice.save()
    return alice


def make_bill(alice, **over):
    fields = {"biller_name": "City Power", "amount_due": Decimal("80.00"), "due_date": TODAY}
    return create_bill(actor=alice, user=alice, **(fields | over))


def test_a_bill_is_planned_changed_and_deleted_by_api(alice, api_for, checking):
    api = api_for(alice)
    made = api.post(
        "/api/bills",
        {
            "biller_name": "City Power",
            "amount_due": "80",
            "due_date": str(TODAY),
            "recurrence": "monthly",
            "account": checking.pk,
            "category": "utilities",
        },
    )
    assert made.status_code == 201, made.json()
    answer = made.json()
    assert (answer["amount_due"], answer["currency"], answer["status"]) == (
        "80.00",
        "EUR",
        "upcoming",
    )
    assert (answer["category"], answer["account_name"]) == ("utilities", "Everyday")
    url = f"/api/bills/{answer['id']}"
    refused = api.patch(url, {"auto_pay": True})
    assert refused.json()["errors"][0]["code"] == "step_up_required"
    # The next occurrence exists right away.
    assert Bill.objects.count() == 2
    assert not Bill.objects.filter(auto_pay=True).exists()
    step_up(api, alice)
    assert api.patch(url, {"auto_pay": True}).json()["auto_pay"] is True
    api.credentials()
    assert api.patch(url, {"auto_pay": True, "notes": "stays on"}).status_code == 200
    assert api.get(url).json()["matches"] == []
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404
    assert api.post(f"{url}/restore").status_code == 200


def test_paying_by_api_happens_once_with_put_and_post(alice, api_for, checking):
    bill = make_bill(alice, recurrence="monthly", account=checking)
    api, url = api_for(alice), f"/api/bills/{bill.pk}/pay"
    refused = api.put(url, {"paid_on": "1900-01-01"})
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "paid_on")
    answers = [api.put(url), api.post(url), api.post(url, HTTP_IDEMPOTENCY_KEY="a")]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert {answer.json()["payment"] for answer in answers} == {Transaction.objects.get().pk}
    assert {answer.json()["status"] for answer in answers} == {"paid"}
    assert (PointsEntry.objects.count(), Bill.objects.count()) == (1, 2)
    undone = api.post(f"/api/bills/{bill.pk}/unpay").json()
    assert (undone["status"], undone["payment"]) == ("upcoming", None)


def test_a_bill_paid_elsewhere_posts_no_transaction(alice, api_for, checking):
    bill = make_bill(alice, account=checking)
    answer = api_for(alice).put(f"/api/bills/{bill.pk}/pay", {"account": None}, format="json")
    assert (answer.json()["status"], answer.json()["payment"]) == ("paid", None)
    assert not Transaction.objects.exists()


def test_paying_without_enough_money_is_refused_and_changes_nothing(alice, api_for, checking):
    bill = make_bill(alice, amount_due=Decimal("1000.01"), account=checking)
    answer = api_for(alice).put(f"/api/bills/{bill.pk}/pay")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "insufficient_funds")
    bill.refresh_from_db()
    assert bill.is_open


def test_bills_can_be_filtered_by_status_date_and_account(alice, api_for, checking):
    late = make_bill(alice, due_date=TODAY - timedelta(days=3), biller_name="Late")
    soon = make_bill(alice, due_date=TODAY + timedelta(days=3), account=checking)
    api = api_for(alice)

    def ids(query):
        return [bill["id"] for bill in api.get(f"/api/bills?{query}").json()["results"]]

    assert ids("status=overdue") == [late.pk]
    assert ids("status=upcoming") == [soon.pk]
    assert ids("status=paid") == []
    assert ids(f"due_from={TODAY}") == [soon.pk]
    assert ids(f"due_to={TODAY}") == [late.pk]
    assert ids(f"account={checking.pk}") == [soon.pk]
    assert api.get("/api/bills?status=odd").status_code == 400


def test_another_persons_account_cannot_pay(alice, api_for, bobs_account):
    bill = make_bill(alice)
    answer = api_for(alice).put(f"/api/bills/{bill.pk}/pay", {"account": bobs_account.pk})
    assert answer.status_code == 400
    assert not Transaction.objects.exists()


def test_a_matching_expense_is_suggested_and_settles_the_bill(alice, api_for, checking):
    bill = make_bill(alice)
    row = make_transaction(
        account=checking,
        amount="-78.50",
        txn_date=TODAY - timedelta(days=2),
        description="SEPA CITY POWER AG 4711",
        origin="import",
    )
    for over in (
        {"amount": "-70.00"},
        {"txn_date": TODAY - timedelta(days=8)},
        {"description": "Bakery"},
    ):
        fields = {"description": "CITY POWER", "txn_date": TODAY, "amount": "-80.00"} | over
        make_transaction(account=checking, **fields)
    api = api_for(alice)
    offered = api.get(f"/api/bills/{bill.pk}").json()["matches"]
    assert [offer["transaction"] for offer in offered] == [row.pk]
    settled = api.post(f"/api/bills/{bill.pk}/match", {"transaction": row.pk}).json()
    assert (settled["payment"], settled["amount_paid"]) == (row.pk, "78.50")
    other = make_bill(alice)
    assert api.get(f"/api/bills/{other.pk}").json()["matches"] == []


def test_the_detail_shows_a_shortfall_before_the_due_date(alice, api_for, checking):
    make_bill(alice, amount_due=Decimal("900"), account=checking, auto_pay=True)
    bill = make_bill(
        alice,
        amount_due=Decimal("141.20"),
        due_date=TODAY + timedelta(days=2),
        account=checking,
        auto_pay=True,
    )
    shortfall = api_for(alice).get(f"/api/bills/{bill.pk}").json()["shortfall"]
    assert (shortfall["amount"], shortfall["currency"]) == ("41.20", "EUR")
    assert shortfall["on"] == str(TODAY + timedelta(days=2))


def test_a_reminder_is_sent_once_a_day(alice, api_for):
    bill = make_bill(alice)
    api, url = api_for(alice), f"/api/bills/{bill.pk}/send-reminder"
    first, second = api.post(url), api.post(url)
    assert ([reminder["channel"] for reminder in first.json()], second.json()) == (["email"], [])
    assert Notification.objects.get().subject == "City Power: €80.00 is due today"


def test_only_support_and_admins_can_send_everybodys_reminders(alice, bob, api_for):
    """An auditor can read everything but start nothing."""
    make_bill(alice, due_date=TODAY + timedelta(days=1))
    for role, status in (("user", 403), ("auditor", 403), ("support", 200)):
        User.objects.filter(pk=bob.pk).update(role=role)
        bob.refresh_from_db()
        assert not Notification.objects.exists()
        assert api_for(bob).post("/api/bills/send-due-reminders").status_code == status
    assert Notification.objects.get().recipient == alice
    assert api_for(bob).post("/api/bills/send-due-reminders").json() == {"sent": 0}


def form_of(**over):
    return {
        "biller_name": "Rent",
        "amount_due": "500",
        "currency": "EUR",
        "due_date": str(TODAY + timedelta(days=2)),
        "recurrence": "monthly",
        "remind_days_before": "3",
        **over,
    }


@pytest.mark.slow
def test_the_bill_pages_work_without_javascript(alice, client_for, checking):
    client = client_for(alice)
    made = client.post(reverse("bills:bill_create"), form_of(account=str(checking.pk)))
    bill = Bill.objects.first()
    here = reverse("bills:bill_detail", args=[bill.pk])
    assert made["Location"] == here
    for name in ("bills:bill_list", "bills:bill_calendar"):
        assert b"Rent" in client.get(reverse(name) + f"?month={bill.due_date:%Y-%m}").content
    create = reverse("bills:bill_create")
    typed = form_of(amount_due="-1", auto_pay="on", account=str(checking.pk))
    assert client.post(create, typed)["Location"].startswith("/users/reauthenticate/")
    wrong = client.post("/users/reauthenticate/", {"password": PASSWORD, "next": create})
    assert (wrong.status_code, Bill.objects.count()) == (422, 2)
    # The form shows the entered values and posts to the right address.
    assert b'value="-1"' in wrong.content
    assert b'action="/bills/new/"' in wrong.content
    client.session.flush()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    switch = reverse("bills:bill_auto_pay", args=[bill.pk])
    asked = client.post(switch, {"auto_pay": "1"})
    assert (asked["Location"], Bill.objects.first().auto_pay) == (
        f"/users/reauthenticate/?next={quote(switch, safe='')}",
        False,
    )
    client.post(asked["Location"], {"password": PASSWORD, "next": switch})
    assert Bill.objects.first().auto_pay
    client.post(reverse("bills:bill_edit", args=[bill.pk]), form_of(notes="flat"))
    assert (Bill.objects.first().notes, Bill.objects.first().auto_pay) == ("flat", False)
    pay = reverse("bills:bill_pay", args=[bill.pk])
    assert b"Rent" in client.get(pay).content
    fields = {"account": str(checking.pk), "amount": "500", "on": str(TODAY)}
    too_much = client.post(pay, fields | {"amount": "5000"})
    assert (too_much.status_code, Transaction.objects.count()) == (422, 0)
    assert client.post(pay, fields)["Location"] == here
    assert client.post(pay, fields)["Location"] == here
    assert Transaction.objects.count() == 1
    paid = client.get(here).content.decode()
    assert "Undo payment" in paid
    assert "Points earned" in paid
    assert ">550</a>" in paid
    client.post(reverse("bills:bill_unpay", args=[bill.pk]))
    bill.refresh_from_db()
    assert bill.is_open


def test_bills_can_be_skipped_deleted_and_restored_on_the_pages(alice, client_for):
    client = client_for(alice)
    bill = make_bill(alice, recurrence="weekly")
    client.post(reverse("bills:bill_skip", args=[bill.pk]))
    assert Bill.objects.count() == 6
    following = Bill.objects.open().first()
    client.post(reverse("bills:bill_delete", args=[following.pk]))
    assert not Bill.objects.open().exists()
    assert b"In the trash" in client.get(reverse("bills:bill_list")).content
    client.post(reverse("bills:bill_restore", args=[following.pk]))
    assert Bill.objects.open().first() == following
    assert Bill.objects.open().count() == 5


def test_the_calendar_shows_expected_occurrences_beyond_the_planned_ones(alice, client_for):
    make_bill(alice, recurrence="monthly", due_date=date(2026, 1, 31))
    client = client_for(alice)
    page = client.get(reverse("bills:bill_calendar") + "?month=2026-04").content.decode()
    # April's first week shows the last days of March.
    assert page.count("(expected)") == 2
    assert client.get(reverse("bills:bill_calendar") + "?month=2026-13").status_code == 422


@pytest.mark.once
def test_the_pages_need_constant_queries_for_many_bills(
    alice, client_for, django_assert_max_num_queries
):
    accounts = [make_account(user=alice, name=f"A{number}") for number in range(3)]
    for number in range(12):
        make_bill(
            alice,
            due_date=TODAY + timedelta(days=number - 4),
            account=accounts[number % 3],
            recurrence="monthly",
        )
    client = client_for(alice)
    client.get(reverse("bills:bill_list"))
    for name, most in (("bills:bill_list", 18), ("bills:bill_calendar", 16)):
        with django_assert_max_num_queries(most):
            client.get(reverse(name))


def test_an_invalid_amount_pays_nothing(alice, api_for, checking):
    bill = make_bill(alice, account=checking)
    url = f"/api/bills/{bill.pk}/pay"
    for method in ("put", "post"):
        answer = getattr(api_for(alice), method)(url, {"amount_paid": "30", "date": str(TODAY)})
        errors = answer.json()["errors"]
        assert answer.status_code == 400
        assert [(error["code"], error["attr"]) for error in errors] == [
            ("unknown_field", "amount_paid"),
            ("unknown_field", "date"),
        ]
    assert Bill.objects.get().is_open
    assert not Transaction.objects.exists()


@pytest.mark.parametrize(
    ("first", "second", "attr"),
    [
        ({"amount": "30"}, {"amount": "50"}, "amount"),
        ({"amount": "30"}, {}, "amount"),
        ({}, {"amount": "79.99"}, "amount"),
        ({}, {"account": None}, "account"),
        ({"account": None}, {"account": "checking"}, "account"),
        ({}, {"paid_on": str(TODAY - timedelta(days=1))}, "paid_on"),
    ],
)
def test_paying_again_with_different_details_is_a_409_with_the_original_payment(
    alice, api_for, checking, first, second, attr
):
    bill = make_bill(alice, account=checking)
    api, url = api_for(alice), f"/api/bills/{bill.pk}/pay"
    for body in (first, second):
        if body.get("account") == "checking":
            body["account"] = checking.pk
    paid = api.put(url, first).json()
    before = Transaction.objects.count()
    answer = api.put(url, second)
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["attr"]) == (409, "already_paid", attr)
    amount = format_money(Decimal(paid["amount_paid"]), "EUR")
    assert f"was paid on {date_format(TODAY, 'j F Y')}: {amount}" in error["detail"]
    rest = Bill.objects.filter(remainder_of=bill).first()
    assert (rest is not None) == ("€50.00 is still due as bill" in error["detail"])
    assert rest is None or str(rest.pk) in error["detail"]
    assert Transaction.objects.count() == before


@pytest.mark.parametrize("body", [{}, {"amount": "30"}, {"amount": "30.00", "paid_on": str(TODAY)}])
def test_paying_again_with_the_same_details_returns_the_paid_bill(alice, api_for, checking, body):
    bill = make_bill(alice, account=checking)
    api, url = api_for(alice), f"/api/bills/{bill.pk}/pay"
    first, second = api.post(url, body), api.put(url, body)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert Transaction.objects.count() == 1


def test_auto_pay_reports_missing_fields_before_asking_for_the_password(
    alice, api_for, client_for, checking
):
    entries = {"biller_name": "Power", "amount_due": "80", "due_date": str(TODAY)}
    for over in ({}, {"account": None}):
        refused = api_for(alice).post("/api/bills", entries | {"auto_pay": True} | over)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["attr"] == "account"
    bill = make_bill(alice)
    refused = api_for(alice).patch(f"/api/bills/{bill.pk}", {"auto_pay": True})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["attr"] == "account"
    whole = {"account": checking.pk, "auto_pay": True}
    assert api_for(alice).patch(f"/api/bills/{bill.pk}", whole).status_code == 403
    client = client_for(alice)
    form = entries | {"currency": "EUR", "recurrence": "none", "remind_days_before": "3"}
    for address in ("/bills/new/", f"/bills/{bill.pk}/edit/"):
        page = client.post(address, form | {"auto_pay": "on"})
        assert page.status_code == 422
        assert page.context["form"].errors["account"] == [
            "Choose an account for automatic payments."
        ]
    switched = client.post(f"/bills/{bill.pk}/auto-pay/", {"auto_pay": "1"}, follow=True)
    assert switched.redirect_chain[0][0] == f"/bills/{bill.pk}/edit/"
    assert "Choose an account for automatic payments." in switched.content.decode()
    complete = form | {"auto_pay": "on", "account": checking.pk}
    assert "reauthenticate" in client.post("/bills/new/", complete)["Location"]
    assert not Bill.objects.filter(auto_pay=True).exists()
