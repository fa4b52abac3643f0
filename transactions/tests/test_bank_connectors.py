"""Connectors against servers that speak their providers' protocols (bank_servers.py)."""

import json
import re
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import jwt
import pytest
from werkzeug import Response

from banking.kernel.outgoing import Limits
from transactions.sources.banks import obp, plaid, plaid_categories, simplefin
from transactions.sources.banks.connecting import BankError, Problem
from transactions.sources.banks.obp import OpenBankProject
from transactions.sources.banks.plaid import Plaid
from transactions.sources.banks.plaid_webhook import ForgedWebhookError, verified
from transactions.sources.banks.simplefin import SimpleFin
from transactions.tests import bank_servers
from transactions.tests.bank_servers import Bank, ObpServer, PlaidServer, SimpleFinServer

ON = date(2026, 11, 28)
EVERYTHING = re.compile(".*")


@pytest.fixture
def bank() -> Bank:
    bank = Bank()
    bank.open("main", opening=Decimal("100.00"))
    return bank


@pytest.fixture
def serve(httpserver):
    def start(stand_in):
        httpserver.expect_request(EVERYTHING).respond_with_handler(stand_in)
        return stand_in

    return start


@pytest.fixture
def plaid_server(bank, serve, settings, httpserver) -> PlaidServer:
    settings.PLAID_BASE_URL = httpserver.url_for("/")
    settings.PLAID_CLIENT_ID, settings.PLAID_SECRET = "client", "top-secret-plaid"
    return serve(PlaidServer(bank))


@pytest.fixture
def obp_server(bank, serve, settings, httpserver) -> ObpServer:
    settings.OBP_BASE_URL = httpserver.url_for("/")
    settings.OBP_CONSUMER_KEY = "consumer"
    return serve(ObpServer(bank))


@pytest.fixture
def simplefin_server(bank, serve, settings, httpserver) -> SimpleFinServer:
    settings.OUTGOING_PRIVATE = True
    return serve(SimpleFinServer(bank, root=httpserver.url_for("").rstrip("/")))


def facts(changes) -> dict[str, tuple]:
    return {x.line.external_id: (x.line.txn_date, x.line.amount) for x in changes.lines}


def problem_of(ask) -> tuple[Problem, str]:
    with pytest.raises(BankError) as caught:
        ask()
    assert "top-secret" not in str(caught.value)
    return caught.value.problem, caught.value.code


# --- Plaid --------------------------------------------------------------------------------------


def test_plaid_exchanges_a_public_token_for_access(plaid_server):
    link = Plaid().link({"public_token": "public-good"})
    assert (link.secret, link.institution_name, link.external_id) == ("access-2", "Chase", "item-2")


def test_plaid_rejects_a_bad_public_token(plaid_server):
    ask = lambda: Plaid().link({"public_token": "public-bad"})  # noqa: E731
    assert problem_of(ask) == (Problem.REFUSED, "INVALID_PUBLIC_TOKEN")


def test_plaid_starts_and_renews_a_hosted_link(plaid_server):
    about = {"user_id": 7, "language": "xx", "return_to": "https://bank.example/connections/"}
    assert Plaid().hosted_link(**about) == ("link-sandbox-1", "https://hosted.plaid.com/link/x")
    assert Plaid().hosted_link(**about, access_token="access-1")[0] == "link-sandbox-1"


def test_plaid_reports_accounts_with_debts_as_negative(bank, plaid_server):
    bank.open("card", type="credit", subtype="credit card", opening=Decimal("-410.00"), mask="9876")
    checking, card = Plaid().accounts("access-1")
    assert (checking.account_type, checking.balance, checking.last_four) == (
        "checking",
        Decimal("100.0"),
        "1234",
    )
    assert (card.account_type, card.balance) == ("credit_card", Decimal("-410.0"))
    assert card.persistent_id == "persistent-card"


def test_plaid_reads_every_page_and_continues_from_its_cursor(bank, plaid_server):
    plaid_server.page_size = 2
    lines = [bank.add("main", date(2026, 11, day), "-10.50", f"Shop {day}") for day in range(1, 8)]
    first = Plaid().changes("access-1", "", ON)
    assert facts(first) == {line.pk: (line.on, Decimal("-10.50")) for line in lines}
    later = bank.add("main", date(2026, 11, 20), "2000", "Salary")
    assert facts(Plaid().changes("access-1", first.cursor, ON)) == {
        later.pk: (later.on, Decimal("2000"))
    }


def test_plaid_reports_revised_removed_and_settled_lines(bank, plaid_server):
    kept = bank.add("main", date(2026, 11, 1), "-10", "Shop")
    gone = bank.add("main", date(2026, 11, 2), "-20", "Twice")
    waiting = bank.add("main", date(2026, 11, 3), "-30", "Hotel", is_pending=True)
    cursor = Plaid().changes("access-1", "", ON).cursor
    bank.revise(kept.pk, amount=Decimal("-11"))
    bank.remove(gone.pk)
    booked = bank.settle(waiting.pk, date(2026, 11, 5), "-33.20")
    changes = Plaid().changes("access-1", cursor, ON)
    assert facts(changes) == {
        kept.pk: (kept.on, Decimal("-11")),
        booked.pk: (booked.on, Decimal("-33.20")),
    }
    assert changes.removed == (("main", gone.pk), ("main", waiting.pk))
    assert {x.line.external_id: x.line.replaces for x in changes.lines}[booked.pk] == waiting.pk


def test_plaid_restarts_when_data_changes_between_two_pages(bank, plaid_server):
    plaid_server.page_size = 2
    first = bank.add("main", date(2026, 10, 1), "-1", "Known")
    cursor = Plaid().changes("access-1", "", ON).cursor
    lines = [bank.add("main", date(2026, 11, day), "-5", "Shop") for day in range(1, 6)]
    plaid_server.between_pages = lambda: bank.remove(lines[0].pk)
    changes = Plaid().changes("access-1", cursor, ON)
    assert set(facts(changes)) == {line.pk for line in lines[1:]}
    assert first.pk not in facts(changes)


def test_plaid_repeating_a_page_endlessly_is_stopped(bank, plaid_server):
    bank.add("main", ON, "-1", "Shop")
    plaid_server.repeats_for_ever = True
    ask = lambda: Plaid().changes("access-1", "", ON)  # noqa: E731
    assert problem_of(ask) == (Problem.BROKEN, "BROKEN_ANSWER")
    assert len(plaid_server.asked) <= 101


@pytest.mark.parametrize(
    ("kind", "code", "problem"),
    [
        ("ITEM_ERROR", "ITEM_LOGIN_REQUIRED", Problem.NEEDS_LOGIN),
        ("INVALID_INPUT", "INVALID_ACCESS_TOKEN", Problem.REVOKED),
        ("ITEM_ERROR", "ITEM_NOT_FOUND", Problem.REVOKED),
        ("INSTITUTION_ERROR", "INSTITUTION_DOWN", Problem.DOWN),
        ("RATE_LIMIT_EXCEEDED", "TRANSACTIONS_SYNC_LIMIT", Problem.DOWN),
        ("API_ERROR", "INTERNAL_SERVER_ERROR", Problem.DOWN),
        ("INVALID_REQUEST", "MISSING_FIELDS", Problem.REFUSED),
    ],
)
def test_plaid_errors_say_what_to_do(plaid_server, kind, code, problem):
    plaid_server.always = bank_servers.plaid_error(kind, code)
    assert problem_of(lambda: Plaid().changes("access-1", "", ON)) == (problem, code)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (bank_servers.down, Problem.DOWN),
        (bank_servers.garbage, Problem.BROKEN),
        (bank_servers.enormous, Problem.BROKEN),
        (bank_servers.redirect, Problem.BROKEN),
    ],
)
@pytest.mark.parametrize("provider", ["plaid", "obp", "simplefin"])
def test_provider_outage_gives_a_clear_message(provider, fault, problem, request):
    server = request.getfixturevalue(f"{provider}_server")
    server.always = fault
    address = f"http://user%40x:p%2Fw@{server.root.partition('//')[2]}/access" if (
        provider == "simplefin"
    ) else json.dumps({"token": "obp-token"})  # fmt: skip
    connector, secret = {
        "plaid": (Plaid(), "access-1"),
        "obp": (OpenBankProject(), address),
        "simplefin": (SimpleFin(), address),
    }[provider]
    found, _ = problem_of(lambda: connector.changes(secret, "", ON))
    assert found is problem


def test_slow_provider_times_out(plaid_server, monkeypatch):
    monkeypatch.setattr(plaid, "LIMITS", Limits(tries=1, longest_seconds=0.2))

    def drip(request):
        def drops():
            for _ in range(40):
                time.sleep(0.05)
                yield b" "

        return Response(drops(), 200)

    plaid_server.always = drip
    assert problem_of(lambda: Plaid().accounts("access-1"))[0] is Problem.BROKEN


def test_plaid_categories_are_used_only_with_high_confidence():
    sure = {"primary": "FOOD_AND_DRINK", "detailed": "FOOD_AND_DRINK_GROCERIES"}
    assert plaid_categories.slug_of(sure | {"confidence_level": "VERY_HIGH"}) == "groceries"
    assert plaid_categories.slug_of(sure | {"confidence_level": "LOW"}) == ""
    other = {"primary": "TRAVEL", "detailed": "TRAVEL_OTHER_TRAVEL", "confidence_level": "HIGH"}
    assert plaid_categories.slug_of(other) == "travel"
    assert plaid_categories.slug_of(None) == plaid_categories.slug_of({"primary": 3}) == ""


# --- Plaid's webhooks ---------------------------------------------------------------------------

BODY = b'{"webhook_type": "TRANSACTIONS",  "webhook_code": "SYNC_UPDATES_AVAILABLE"}'


def check(server, token, body=BODY, at=None):
    return verified(body, token, key_of=Plaid().verification_key, at=at or datetime.now(UTC))


def test_webhook_signed_by_plaid_is_accepted(plaid_server):
    assert check(plaid_server, plaid_server.signed(BODY))["webhook_type"] == "TRANSACTIONS"


def forged(server: PlaidServer, how: str) -> str:
    """A forged Plaid-Verification header."""
    claims = jwt.decode(server.signed(BODY), options={"verify_signature": False})
    header = {"kid": "key-1"}
    if how == "no age":
        del claims["iat"]
    key, algorithm = {
        "other key": (PlaidServer(Bank()).key, "ES256"),
        "none": (None, "none"),
        "hmac": ("x" * 64, "HS256"),
        "no age": (server.key, "ES256"),
    }[how]
    return jwt.encode(claims, key, algorithm=algorithm, headers=header)


@pytest.mark.parametrize("how", ["other key", "none", "hmac", "no age"])
def test_webhook_signed_by_someone_else_is_rejected(plaid_server, how):
    with pytest.raises(ForgedWebhookError):
        check(plaid_server, forged(plaid_server, how))


@pytest.mark.parametrize(("old", "new"), [(b"SYNC", b"SINK"), (b"  ", b" "), (b"}", b"}\n")])
def test_tampered_webhook_is_rejected(plaid_server, old, new):
    with pytest.raises(ForgedWebhookError):
        check(plaid_server, plaid_server.signed(BODY), BODY.replace(old, new))


@pytest.mark.parametrize(
    ("age", "is_believed"), [(290, True), (360, False), (-30, True), (-360, False)]
)
def test_webhook_is_valid_for_five_minutes(plaid_server, age, is_believed):
    now = datetime.now(UTC)
    token = plaid_server.signed(BODY, age=age + (time.time() - now.timestamp()))
    if is_believed:
        assert check(plaid_server, token, at=now)
    else:
        with pytest.raises(ForgedWebhookError):
            check(plaid_server, token, at=now)


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 5000])
def test_malformed_token_is_rejected(plaid_server, token):
    with pytest.raises(ForgedWebhookError):
        check(plaid_server, token)


def test_unknown_key_is_a_bank_error(plaid_server):
    with pytest.raises(BankError):
        check(plaid_server, plaid_server.signed(BODY, kid="key-2"))


# --- Open Bank Project --------------------------------------------------------------------------


def test_obp_exchanges_credentials_for_a_token(obp_server):
    link = OpenBankProject().link({"username": "robert", "password": "x!9"})
    assert json.loads(link.secret) == {"token": "obp-token"}
    assert "x!9" not in link.secret


def test_obp_rejects_a_wrong_password(obp_server):
    ask = lambda: OpenBankProject().link({"username": "robert", "password": "no"})  # noqa: E731
    assert problem_of(ask) == (Problem.REFUSED, "OBP-20004")


def test_obp_credentials_cannot_inject_another_login(obp_server):
    given = {"username": 'robert",consumer_key=other', "password": "x!9"}
    assert problem_of(lambda: OpenBankProject().link(given)) == (Problem.REFUSED, "UNSENDABLE")
    assert obp_server.asked == []


def test_obp_reads_pages_until_a_short_one(bank, obp_server, monkeypatch):
    monkeypatch.setattr(obp, "PAGE_SIZE", 3)
    lines = [bank.add("main", date(2026, 11, 1 + n // 2), "-7.10", "Shop") for n in range(7)]
    changes = OpenBankProject().changes(json.dumps({"token": "obp-token"}), "", ON)
    assert facts(changes) == {line.pk: (line.on, Decimal("-7.10")) for line in lines}
    account = changes.accounts[0]
    assert (account.external_id, account.last_four) == ("gh.29.uk/main", "1234")
    assert account.balance == Decimal("50.30")
    assert changes.window_from is None
    assert changes.cursor == "2026-11-28"


def test_obp_requests_an_overlapping_date_range(bank, obp_server):
    bank.add("main", date(2026, 10, 1), "-1", "Old")
    late = bank.add("main", date(2026, 11, 20), "-2", "Late")
    changes = OpenBankProject().changes(json.dumps({"token": "obp-token"}), "2026-11-26", ON)
    assert list(facts(changes)) == [late.pk]
    assert changes.window_from == date(2026, 11, 12)


def test_obp_skips_and_reports_fields_hidden_by_a_view(bank, obp_server, monkeypatch):
    bank.add("main", date(2026, 11, 1), "-1", "Shown")
    bank.add("main", date(2026, 11, 2), "-2", "Hidden")
    whole = ObpServer._line

    def hiding(self, line):
        reported = whole(self, line)
        if line.text == "Hidden":
            reported["details"]["value"] = {"currency": None, "amount": None}
        return reported

    monkeypatch.setattr(ObpServer, "_line", hiding)
    changes = OpenBankProject().changes(json.dumps({"token": "obp-token"}), "", ON)
    assert len(changes.lines) == 1
    assert changes.messages == (
        "The bank sent 1 transactions without an amount or a date; they were skipped.",
    )


def test_obp_reports_an_expired_token(obp_server):
    obp_server.is_expired = True
    ask = lambda: OpenBankProject().changes(json.dumps({"token": "obp-token"}), "", ON)  # noqa: E731
    assert problem_of(ask) == (Problem.NEEDS_LOGIN, "OBP-20001")


# --- SimpleFIN ----------------------------------------------------------------------------------


def test_simplefin_token_is_claimed_once(simplefin_server):
    link = SimpleFin().link({"token": f" {simplefin_server.token}\n"})
    assert link.institution_name == "My Bank"
    ask = lambda: SimpleFin().link({"token": simplefin_server.token})  # noqa: E731
    assert problem_of(ask) == (Problem.REFUSED, "TOKEN_USED")


@pytest.mark.parametrize("token", ["", "hello", "aHR0cDovL3g=", "ZmlsZTovLy9ldGMvcGFzc3dk", "%%%"])
def test_invalid_simplefin_token_makes_no_request(token, settings):
    settings.OUTGOING_PRIVATE = False
    assert problem_of(lambda: SimpleFin().link({"token": token})) == (Problem.REFUSED, "BAD_TOKEN")


def test_simplefin_never_requests_a_private_address(simplefin_server, settings, monkeypatch):
    settings.OUTGOING_PRIVATE = False
    monkeypatch.setattr(simplefin, "_is_acceptable", lambda address: True)
    ask = lambda: SimpleFin().link({"token": simplefin_server.token})  # noqa: E731
    assert problem_of(ask)[0] is Problem.BROKEN
    assert simplefin_server.asked == []


def test_simplefin_reads_back_to_the_start_of_the_history(bank, simplefin_server):
    secret = SimpleFin().link({"token": simplefin_server.token}).secret
    days = [ON - timedelta(days=offset) for offset in (0, 1, 40, 75, 130, 200)]
    lines = [bank.add("main", on, "-3.25", "Shop") for on in days]
    changes = SimpleFin().changes(secret, "", ON)
    assert facts(changes) == {line.pk: (line.on, Decimal("-3.25")) for line in lines}
    assert changes.accounts[0].last_four == "1234"
    assert changes.cursor == "2026-11-28"


def test_simplefin_reports_pending_lines_and_the_banks_messages(bank, simplefin_server):
    secret = SimpleFin().link({"token": simplefin_server.token}).secret
    bank.add("main", ON, "-9", "Cafe", is_pending=True)
    simplefin_server.errors = ["You must <b>reauthenticate</b>\x00."]
    changes = SimpleFin().changes(secret, "2026-11-27", ON)
    assert changes.lines[0].line.is_pending
    assert changes.lines[0].line.posted_date is None
    assert changes.messages == ("You must reauthenticate .",)
    # With an error, the list may not be complete.
    assert changes.window_from is None
    simplefin_server.errors = []
    assert SimpleFin().changes(secret, "2026-11-27", ON).window_from == date(2026, 11, 13)


def test_simplefin_skips_points_accounts(bank, simplefin_server):
    bank.open("miles", name="Miles", currency="https://miles.example/currency")
    secret = SimpleFin().link({"token": simplefin_server.token}).secret
    assert {account.name: account.refusal for account in SimpleFin().accounts(secret)} == {
        "Checking (1234)": "",
        "Miles (1234)": "Points and other custom currencies aren't supported.",
    }


def test_simplefin_reports_ended_access(simplefin_server):
    secret = SimpleFin().link({"token": simplefin_server.token}).secret
    simplefin_server.is_revoked = True
    assert problem_of(lambda: SimpleFin().changes(secret, "", ON)) == (Problem.REVOKED, "403")
