"""Amounts in the API are plain decimal strings, exact and never rounded."""

from decimal import Decimal

import pytest

from tests.builders import make_account, make_transaction, make_user, step_up
from tests.world import everything, things_of

pytestmark = pytest.mark.django_db
NOT_PLAIN = [
    *("5,000", "1,234.56", "1.234,56", "5 000", "5\u00a0000", "5_000", "5'000", "$5", "5€", "(5)"),
    *("+5", "5-", "--5", "1e3", "1E3", "NaN", "Infinity", "-Infinity", "0x10", "", " ", " 5", "5 "),
    *("5\n", "5.", ".5", "5..0", "5.0.0", "٥", "５", "1\u0662", "5\x00", "−5", "5.0000001", "½"),
    *("9" * 13, "9" * 400, 5, 5.0, 12.5, 10**20, True, False, None, [], ["5"], {}, {"amount": "5"}),
]


@pytest.fixture
def doors(alice):
    """(method, URL, body without the amount, amount field) of every command with an amount."""
    alice.base_currency = "EUR"
    alice.save()
    things = things_of(alice)
    account, bill = things["account"], things["bill"]
    other = make_account(user=alice, name="Other", opening_balance="50")
    dollars = make_account(user=alice, name="Dollars", currency="USD", opening_balance="50")
    row = make_transaction(account=account, amount="-12.00")
    rule = {"category": "groceries", "keyword_pattern": "tea"}
    subscribe = {"type": "low_balance"}
    return [
        ("post", "/api/accounts", {"name": "A", "currency": "EUR"}, "opening_balance"),
        ("post", "/api/accounts", {"name": "A", "currency": "EUR"}, "balance"),
        ("post", "/api/accounts", {"name": "A", "currency": "EUR"}, "overdraft_limit"),
        ("patch", f"/api/accounts/{account.pk}", {}, "opening_balance"),
        ("patch", f"/api/accounts/{account.pk}", {}, "overdraft_limit"),
        ("post", "/api/transactions", {"account": account.pk, "description": "x"}, "amount"),
        ("patch", f"/api/transactions/{row.pk}", {}, "amount"),
        (
            "put",
            f"/api/transactions/{row.pk}/splits",
            lambda amount: {"parts": [{"amount": amount}, {"amount": "2"}]},
            "parts",
        ),
        ("post", "/api/transfers", {"source": account.pk, "target": other.pk}, "amount"),
        (
            "post",
            "/api/transfers",
            {"source": account.pk, "target": dollars.pk, "amount": "1"},
            "target_amount",
        ),
        ("post", "/api/bills", {"biller_name": "B", "due_date": "2026-11-20"}, "amount_due"),
        ("patch", f"/api/bills/{bill.pk}", {}, "amount_due"),
        ("put", f"/api/bills/{bill.pk}/pay", {}, "amount"),
        ("post", f"/api/bills/{bill.pk}/pay", {}, "amount"),
        ("post", "/api/budgets", {"category": "education"}, "limit_amount"),
        ("patch", f"/api/budgets/{things['budget'].pk}", {}, "limit_amount"),
        ("post", "/api/rewards", {"program_name": "P"}, "point_value"),
        ("post", "/api/rewards", {"program_name": "P"}, "earn_rate"),
        ("post", "/api/categories/rules", rule, "amount_min"),
        ("post", "/api/categories/rules", rule, "amount_max"),
        ("patch", f"/api/categories/rules/{things['rule'].pk}", {}, "amount_min"),
        ("post", "/api/alerts/subscribe", subscribe, "threshold"),
        ("post", "/api/alerts/backtest", subscribe, "threshold"),
        ("post", "/api/currency/convert", {"from": "EUR", "to": "EUR"}, "amount"),
    ]


# Rules, points and rates have no currency, so they allow four decimals.
OF_NO_CURRENCY = {"amount_min", "amount_max", "point_value", "earn_rate"}
# Rules and subscriptions use null for "no amount".
MAY_BE_NULL = {"amount_min", "amount_max", "threshold", "target_amount"}


def ask(api, door, value):
    method, address, body, name = door
    body = body(value) if callable(body) else body | {name: value}
    return getattr(api, method)(address, body)


@pytest.mark.once
@pytest.mark.slow
def test_malformed_amounts_are_rejected_everywhere_and_change_nothing(alice, api_for, doors):
    api, before = api_for(alice), everything()
    for door in doors:
        for value in NOT_PLAIN:
            if value is None and door[-1] in MAY_BE_NULL:
                continue
            answer = ask(api, door, value)
            assert answer.status_code == 400, (door[:2], value, answer.json())
            attrs = [error["attr"] for error in answer.json()["errors"]]
            assert {attr.split(".")[0] for attr in attrs} == {door[-1]}, (door[:2], value, attrs)
    assert everything() == before


@pytest.mark.slow
def test_a_json_number_is_rejected_with_a_clear_message(alice, api_for, doors):
    for door in doors:
        [error] = ask(api_for(alice), door, 5).json()["errors"]
        assert "not as a JSON number" in error["detail"]


@pytest.mark.slow
def test_decimals_the_currency_does_not_have_are_rejected_not_rounded(alice, api_for, doors):
    api, before = api_for(alice), everything()
    for door in doors:
        texts = ("1.00001",) if door[-1] in OF_NO_CURRENCY else ("1.005", "0.001", "1.0001")
        for text in texts:
            answer = ask(api, door, text)
            assert answer.status_code == 400, (door[:2], text, answer.json())
            [error] = answer.json()["errors"]
            assert error["code"] == "too_many_decimals", (door[:2], error)
            assert error["attr"].split(".")[0] == door[-1]
    assert everything() == before


@pytest.mark.parametrize(
    ("currency", "text", "shown"),
    [
        ("JPY", "1200", "1200"),
        ("JPY", "1200.5", None),
        ("JPY", "0.1", None),
        ("KWD", "1.005", "1.005"),
        ("KWD", "1.0005", None),
        ("EUR", "-0.01", "-0.01"),
        ("EUR", "-0", "0.00"),
        ("EUR", "999999999999.99", "999999999999.99"),
        ("EUR", "007", "7.00"),
        ("USD", "0.999", None),
    ],
)
def test_opening_balance_is_stored_as_sent(api_for, currency, text, shown):
    api = api_for(make_user())
    answer = api.post("/api/accounts", {"name": "A", "currency": currency, "opening_balance": text})
    if shown is None:
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["code"]) == (400, "too_many_decimals")
        assert error["detail"].startswith(f"{currency} has ")
    else:
        assert answer.json()["balance"] == shown


def test_changing_currency_never_rounds(alice, api_for):
    api = api_for(alice)
    account = make_account(user=alice, opening_balance="10.50")
    answer = api.patch(f"/api/accounts/{account.pk}", {"currency": "JPY"})
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "opening_balance")
    account.refresh_from_db()
    assert (account.currency, account.balance) == ("EUR", Decimal("10.50"))


def test_text_and_numbers_are_not_interchangeable(alice, api_for, checking):
    api, before = api_for(alice), everything()
    step_up(api, alice)
    row = {"account": checking.pk, "amount": "5", "description": "Tea"}
    bill = {"biller_name": "B", "amount_due": "5", "due_date": "2026-11-20"}
    program = {"program_name": "P"}
    wrong = [
        *(
            ("/api/transactions", row, "account", value)
            for value in ("1_0", str(checking.pk), True)
        ),
        *(("/api/transactions", row, "description", value) for value in (5, 1.5, True, ["a"])),
        *(("/api/transactions", row, "tags", value) for value in ([5], "a", {"a": 1}, [["a"]])),
        *(("/api/transactions", row, "txn_date", value) for value in (20261101, "01.11.2026")),
        *(("/api/bills", bill, "auto_pay", value) for value in ("yes", 1, 0, "true", "on", [])),
        *(("/api/bills", bill, "remind_days_before", value) for value in ("3", 3.0, "٣", True)),
        *(("/api/rewards", program, "points_balance", value) for value in ("1_000", 1e3, "5.0")),
        *(("/api/rewards", program, "early_bonus_percent", value) for value in (1.5, -1, 1001)),
    ]
    for address, body, name, value in wrong:
        answer = api.post(address, body | {name: value})
        assert answer.status_code == 400, (address, name, value, answer.json())
        attrs = {error["attr"].split(".")[0] for error in answer.json()["errors"]}
        assert attrs == {name}, (address, name, value, attrs)
    assert everything() == before


@pytest.mark.once
@pytest.mark.parametrize(
    "text",
    [
        '{"name": "A", "name": "B"}',
        '{"name": "A", "opening_balance": NaN}',
        '{"name": "A", "opening_balance": Infinity}',
        '{"name": "A"',
        "",
        "[]",
        '"name"',
        '{"name": "A", "number": 1e400}',
        '{"name": "A", "account_type": "\\ud800"}',
        '{"name": "A", "\\uDC00": 1}',
        "1" * 5000,
        "[" * 100_000,
    ],
)
def test_a_body_that_is_not_a_json_object_returns_400(alice, api_for, text):
    api, before = api_for(alice), everything()
    answer = api.generic("POST", "/api/accounts", text, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"]
    assert everything() == before


@pytest.mark.once
def test_two_escapes_write_one_character(alice, api_for):
    text = '{"name": "\\ud83d\\ude00", "account_type": "cash", "currency": "EUR"}'
    answer = api_for(alice).generic("POST", "/api/accounts", text, content_type="application/json")
    assert (answer.status_code, answer.json()["name"]) == (201, "😀")


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
def test_bodies_must_be_json(alice, api_for, kind):
    api, before = api_for(alice), everything()
    answer = api.generic("POST", "/api/accounts", "name=A&currency=EUR", content_type=kind)
    assert answer.status_code == 415
    assert everything() == before
