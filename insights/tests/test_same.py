"""Is this the same? A bill and a payment that may be one, and payments that are late."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from bills.models import Bill
from bills.services.planning import create_bill, skip_bill
from insights.forecast.forecast_summary import forecast_summary
from insights.models import SameAnswer
from insights.recurring.answering import answer_same, undo_answer
from insights.recurring.recurring_summary import recurring_summary
from tests.builders import make_account
from transactions.models import Category
from transactions.services.bulk_posting import HistoryRow, post_many
from users.models import AuditEvent

ON = date(2026, 10, 20)
FORECAST, RECURRING = "/api/insights/forecast", "/api/insights/recurring"
SAME = "/api/insights/same"


@pytest.fixture
def home(alice):
    alice.base_currency = "EUR"
    alice.save()
    account = make_account(user=alice, opening_balance="20000")
    pay(alice, account, "Harbor Homes", "-1000", "rent")
    rows = [
        HistoryRow(Decimal(-1), date(2026, month, day), "KIOSK", "Kiosk")
        for month in range(3, 11)
        for day in (3, 7, 16)
    ]
    post_many(actor=alice, account=account, rows=rows)
    return account


def pay(alice, account, name, amount, category=None, day=1):
    kind = category and Category.objects.get(user=None, slug=category)
    rows = [
        HistoryRow(Decimal(amount), date(2026, month, day), name.upper(), name, kind)
        for month in range(3, 11)
    ]
    post_many(actor=alice, account=account, rows=rows)


def bill_of(alice, name="Mr Q", amount="1060", due=date(2026, 11, 1), **over):
    fields = {"amount_due": Decimal(amount), "currency": "EUR", "recurrence": "monthly"}
    bill = create_bill(actor=alice, user=alice, biller_name=name, due_date=due, **(fields | over))
    Bill.objects.update(created_at=datetime(2026, 10, 1, tzinfo=UTC))
    return bill


def forecast(alice, on=ON, days=30):
    return forecast_summary(user=alice, on=on, days=days).forecast


def rents(alice, on=ON, days=30):
    return sum(
        event.amount for event in forecast(alice, on, days).events if abs(event.amount) >= 100
    )


def asked(alice):
    """The questions; the forecast's and those of the recurring payments are the same."""
    found = {(doubt.bill.name, doubt.recurring.name) for doubt in forecast(alice).doubts}
    others = recurring_summary(user=alice, on=ON).doubts
    assert found == {(doubt.bill.name, doubt.recurring.name) for doubt in others}
    return found


def answer(alice, bill, home, *, is_same, key="harbor homes"):
    return answer_same(actor=alice, bill=bill, account=home, merchant_key=key, is_same=is_same)


@pytest.mark.parametrize(
    "bill",
    [
        {"amount": "1060"},
        {"amount": "850"},
        {"amount": "1240", "category": "rent"},
        {"amount": "1000", "due": date(2026, 11, 7)},
        {"amount": "1000", "category": "insurance"},
        {"name": "Harbor Homes", "amount": "1400"},
        {"name": "Harbor", "amount": "600", "due": date(2026, 11, 4)},
    ],
)
def test_a_possible_match_is_asked_about_and_counts_twice_until_answered(alice, home, bill):
    if slug := bill.get("category"):
        bill = bill | {"category": Category.objects.get(user=None, slug=slug)}
    made = bill_of(alice, **bill)
    assert asked(alice) == {(made.biller_name, "Harbor Homes")}
    assert rents(alice) == -1000 - made.amount_due


@pytest.mark.parametrize(
    "bill",
    [
        {"amount": "1000"},
        {"name": "Harbor Homes", "amount": "1200"},
        {"amount": "1300"},
        {"amount": "1060", "due": date(2026, 11, 15)},
        {"amount": "1060", "recurrence": "weekly"},
        {"amount": "1060", "currency": "USD"},
        {"name": "Harbor Homes", "amount": "3000"},
    ],
)
def test_certain_matches_and_certain_differences_are_not_asked_about(alice, home, bill):
    bill_of(alice, **bill)
    assert asked(alice) == set()


@pytest.mark.slow
def test_an_answer_applies_to_every_occurrence_and_can_be_undone(alice, home):
    bill = bill_of(alice)
    kept = answer(alice, bill, home, is_same=True)
    assert (rents(alice), rents(alice, days=60), asked(alice)) == (-1060, -2120, set())
    (linked,) = [
        payment
        for payment in recurring_summary(user=alice, on=ON).payments
        if payment.name == "Harbor Homes"
    ]
    assert linked.bill_id == bill.pk
    undo_answer(actor=alice, answer=kept)
    assert (rents(alice), asked(alice)) == (-2060, {("Mr Q", "Harbor Homes")})
    answer(alice, bill, home, is_same=False)
    assert (rents(alice), asked(alice)) == (-2060, set())


def test_a_persons_answer_overrides_amount_day_and_name(alice, home):
    bill = bill_of(alice, name="Harbor Homes", amount="1000")
    assert rents(alice) == -1000
    answer(alice, bill, home, is_same=False)
    assert (rents(alice), asked(alice)) == (-2000, set())


def test_an_answer_applies_to_the_contract_with_the_nearest_amount(alice, home):
    pay(alice, home, "Harbor Homes", "-200", "rent")
    bill = bill_of(alice, amount="1060")
    assert rents(alice) == -2260
    answer(alice, bill, home, is_same=True)
    assert rents(alice) == -1260


def test_a_later_answer_replaces_an_earlier_one_and_both_are_audited(alice, home):
    bill = bill_of(alice)
    for is_same in (True, True, False):
        answer(alice, bill, home, is_same=is_same)
    assert [same_answer.is_same for same_answer in SameAnswer.objects.all()] == [False]
    events = AuditEvent.objects.filter(action="insights.same.answered").order_by("pk")
    assert [event.changes["decision"] for event in events] == ["same", "different"]
    with pytest.raises(ValidationError):
        answer(alice, bill, home, is_same=True, key="")


@pytest.mark.slow
def test_the_api_lists_a_question_takes_its_answer_and_undoes_it(
    alice, bob, home, api_for, time_machine
):
    time_machine.move_to(datetime(2026, 10, 20, 12, tzinfo=UTC))
    bill = bill_of(alice)
    api = api_for(alice)
    (doubt,) = api.get(FORECAST).json()["doubts"]
    assert doubt == {
        "bill": bill.pk, "bill_name": "Mr Q", "bill_amount": "1060.00", "bill_currency": "EUR",
        "due_date": "2026-11-01", "account": home.pk, "merchant": "Harbor Homes",
        "merchant_key": "harbor homes", "amount": "1000.00", "currency": "EUR",
        "next_date": "2026-11-01",
    }  # fmt: skip
    assert api.get(RECURRING).json()["doubts"] == [doubt]
    said = {name: doubt[name] for name in ("bill", "account", "merchant_key", "merchant")}
    assert api.post(SAME, said | {"decision": "maybe"}, format="json").status_code == 400
    answered = api.post(SAME, said | {"decision": "same"}, format="json")
    assert (answered.status_code, answered.json()["decision"]) == (201, "same")
    assert api.get(FORECAST).json()["doubts"] == []
    assert [answer["bill_name"] for answer in api.get(RECURRING).json()["same_answers"]] == ["Mr Q"]
    stranger = api_for(bob)
    assert stranger.post(SAME, said | {"decision": "same"}, format="json").status_code == 404
    one = f"{SAME}/{answered.json()['id']}"
    assert stranger.delete(one).status_code == 404
    assert api.delete(one).status_code == 204
    assert api.get(FORECAST).json()["doubts"] == [doubt]


@pytest.mark.parametrize("shown_on", ["forecast", "recurring", "bill"])
def test_each_page_asks_and_returns_to_itself(alice, home, client_for, time_machine, shown_on):
    time_machine.move_to(datetime(2026, 10, 20, 12, tzinfo=UTC))
    bill = bill_of(alice)
    client = client_for(alice)
    address = f"/bills/{bill.pk}/" if shown_on == "bill" else f"/insights/{shown_on}/"
    assert "Is this the same?" in client.get(address).content.decode()
    said = {
        "bill": bill.pk,
        "account": home.pk,
        "merchant_key": "harbor homes",
        "name": "Harbor Homes",
        "decision": "same",
        "page": shown_on,
    }
    answered = client.post("/insights/same/", said, follow=True)
    assert answered.redirect_chain == [(address, 302)]
    shown = answered.content.decode()
    assert "Mr Q and Harbor Homes are now counted once." in shown
    assert "Is this the same?" not in shown
    undo = f"/insights/same/{SameAnswer.objects.get().pk}/undo/"
    client.post(undo)
    assert "Is this the same?" in client.get(address).content.decode()


def test_the_page_of_another_or_a_skipped_bill_does_not_ask(alice, home, client_for, time_machine):
    time_machine.move_to(datetime(2026, 10, 20, 12, tzinfo=UTC))
    other = make_account(user=alice, name="Other", opening_balance="9000")
    elsewhere = bill_of(alice, account=other)
    once = bill_of(alice, recurrence="none")
    client = client_for(alice)
    assert "Is this the same?" in client.get(f"/bills/{once.pk}/").content.decode()
    assert "Is this the same?" not in client.get(f"/bills/{elsewhere.pk}/").content.decode()
    skip_bill(actor=alice, bill=once)
    assert "Is this the same?" not in client.get(f"/bills/{once.pk}/").content.decode()


@pytest.mark.parametrize(
    ("day", "shown"),
    [(5, "expected on Nov 1, 4 days late"), (2, "expected on Nov 1, 1 day late"),
     (6, "missed on Nov 1")],
)  # fmt: skip
@pytest.mark.parametrize("page", ["forecast", "recurring"])
def test_both_pages_show_late_payments(alice, home, client_for, time_machine, page, day, shown):
    time_machine.move_to(datetime(2026, 11, day, 12, tzinfo=UTC))
    text = client_for(alice).get(f"/insights/{page}/").content.decode()
    assert shown in " ".join(text.split())


def late(alice, on):
    (one,) = [
        payment
        for payment in recurring_summary(user=alice, on=on).payments
        if payment.name == "Harbor Homes"
    ]
    return one.next_on, one.is_late, one.late_days, one.missed_on


def test_a_payment_is_late_until_it_is_given_up_and_then_missed(alice, home):
    first, second = date(2026, 11, 1), date(2026, 12, 1)
    assert late(alice, date(2026, 10, 31)) == (first, False, 0, None)
    assert late(alice, date(2026, 11, 1)) == (first, False, 0, None)
    assert late(alice, date(2026, 11, 2)) == (first, True, 1, None)
    assert late(alice, date(2026, 11, 5)) == (first, True, 4, None)
    assert late(alice, date(2026, 11, 6)) == (second, False, 0, first)
    assert late(alice, date(2026, 12, 3)) == (second, True, 2, first)


def test_the_forecast_expects_a_late_payment_tomorrow_and_says_since_when(alice, home):
    def events_from(on):
        return [
            (event.on, event.due, event.late_days, event.missed_on)
            for event in forecast(alice, on, 60).events
            if event.name == "Harbor Homes"
        ]

    november, december = date(2026, 11, 1), date(2026, 12, 1)
    assert events_from(date(2026, 11, 5))[:2] == [
        (date(2026, 11, 6), november, 4, None),
        (december, december, 0, None),
    ]
    assert events_from(date(2026, 11, 1))[0] == (date(2026, 11, 2), november, 0, None)
    january = date(2027, 1, 1)
    assert events_from(date(2026, 11, 6))[:2] == [
        (december, december, 0, november),
        (january, january, 0, None),
    ]


@pytest.mark.slow
def test_the_home_page_asks_each_open_question(alice, home, client_for, time_machine):
    time_machine.move_to(datetime(2026, 10, 20, 12, tzinfo=UTC))
    client = client_for(alice)

    def questions():
        return client.get("/").content.decode().count('name="decision" value="same"')

    assert questions() == 0
    bill = bill_of(alice)
    assert questions() == len(asked(alice)) == 1
    given = answer(alice, bill, home, is_same=True)
    assert questions() == 0
    undo_answer(actor=alice, answer=given)
    assert questions() == 1
    pay(alice, home, "Gym", "-30", "fitness", day=2)
    bill_of(alice, "Mr G", "34", due=date(2026, 11, 2))
    assert questions() == 2


def test_a_question_answered_on_the_home_page_leads_back_to_it(alice, home, client_for):
    bill = bill_of(alice)
    assert len(asked(alice)) == 1
    body = {
        "bill": bill.pk, "account": home.pk, "merchant_key": "harbor homes",
        "decision": "same", "page": "home",
    }  # fmt: skip
    assert client_for(alice).post("/insights/same/", body)["Location"] == "/"


def test_people_without_insights_are_not_asked(alice, home, client_for):
    bill_of(alice)
    alice.role = "viewer"
    alice.save()
    assert 'value="same"' not in client_for(alice).get("/").content.decode()
