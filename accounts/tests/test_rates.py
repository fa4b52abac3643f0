"""Rates come from the first source that responds, must be plausible, and never block a person."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Event

import pytest
from django.core.exceptions import ValidationError
from pytest_httpserver import HTTPServer
from structlog.testing import capture_logs
from werkzeug import Response

from accounts.exchange import RateMissing, convert
from accounts.models import ExchangeRate, HeldRate, RateFetch
from accounts.rate_sources import fetching
from accounts.rates import ECB, accept_held_rate, fetch_rates, refresh_rates, refuse_held_rate
from accounts.rates import OPEN as OPEN_SOURCE
from banking.kernel.outgoing import Limits
from tests.builders import make_user
from tests.servers import refusing_port
from users.models import AuditEvent, User

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 14, 9, tzinfo=UTC)
TODAY = AT.date()
KEYED, OPEN = "/v6/key-of-ours/latest/USD", "/v6/latest/USD"
DAILY, HISTORY = "/stats/eurofxref/eurofxref-daily.xml", "/stats/eurofxref/eurofxref-hist-90d.xml"


@pytest.fixture(autouse=True)
def providers(settings, httpserver: HTTPServer) -> Iterator[HTTPServer]:
    """One server that stands in for all three providers."""
    root = httpserver.url_for("").rstrip("/")
    settings.EXCHANGERATE_BASE_URL = settings.OPEN_ER_API_BASE_URL = settings.ECB_BASE_URL = root
    settings.EXCHANGERATE_API_KEY = ""
    return httpserver


@pytest.fixture
def admin() -> User:
    return make_user("admin@bank.example", role="admin")


def rates_body(rates: dict, *, key: str = "rates", at: datetime = AT, **changes) -> str:
    answer = {
        "result": "success",
        "base_code": "USD",
        "time_last_update_unix": int(at.timestamp()),
        key: rates,
    }
    return json.dumps(answer | changes)


def ecb(*days: tuple[date, dict[str, str]]) -> str:
    """An ECB file in one of the bank's styles: single quotes, newest date first."""
    cubes = "".join(
        f"<Cube time='{day}'>"
        + "".join(f"<Cube currency='{code}' rate='{rate}'/>" for code, rate in rates.items())
        + "</Cube>"
        for day, rates in days
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?><gesmes:Envelope"
        " xmlns:gesmes='http://www.gesmes.org/xml/2002-08-01'"
        " xmlns='http://www.ecb.int/vocabulary/2002-08-01/eurofxref'>"
        f"<Cube>{cubes}</Cube></gesmes:Envelope>"
    )


def answer(server: HTTPServer, path: str, body: str | bytes, status: int = 200) -> None:
    kind = "application/xml" if path.endswith(".xml") else "application/json"
    server.expect_request(path).respond_with_data(body, status=status, content_type=kind)


def last_fetch() -> RateFetch:
    return RateFetch.objects.order_by("-id").first()


def test_keyed_service_is_tried_first_and_no_other_is_queried(providers, settings):
    settings.EXCHANGERATE_API_KEY = "key-of-ours"
    ExchangeRate.objects.create(
        base="USD", quote="EUR", rate="0.92", rate_on=TODAY, source="open.er-api.com"
    )
    answer(providers, KEYED, rates_body({"USD": 1, "GBP": 0.79}, key="conversion_rates"))
    assert fetch_rates(at=AT)
    assert [request.path for request, _answer in providers.log] == [KEYED]
    stored = ExchangeRate.objects.get(quote="GBP")
    assert (stored.rate, stored.rate_on, stored.source) == ("0.79", TODAY, "exchangerate-api.com")


def test_used_up_quota_with_status_200_falls_back_without_leaking_the_key(providers, settings):
    settings.EXCHANGERATE_API_KEY = "key-of-ours"
    answer(providers, KEYED, '{"result": "error", "error-type": "quota-reached"}')
    answer(providers, OPEN, rates_body({"EUR": 0.92}))
    answer(providers, HISTORY, ecb((TODAY - timedelta(days=1), {"USD": "1.087"})))
    assert fetch_rates(at=AT)
    tried = list(RateFetch.objects.order_by("id").values_list("source", "message"))
    assert tried == [
        ("exchangerate-api.com", "The request was refused: quota-reached."),
        ("open.er-api.com", ""),
        ("ECB", ""),
    ]


def test_first_fetch_loads_the_last_ninety_days_from_the_ecb(providers):
    answer(providers, OPEN, rates_body({"EUR": 0.92}))
    days = [(TODAY - timedelta(days=back), {"USD": "1.087"}) for back in (1, 2, 3, 40)]
    answer(providers, HISTORY, ecb(*days))
    assert fetch_rates(at=AT)
    assert convert(Decimal(100), "EUR", "USD", TODAY - timedelta(days=36)).amount == Decimal(
        "108.7"
    )
    # Nothing is missing the second time, so the history is not requested again.
    assert fetch_rates(at=AT + timedelta(hours=6))
    assert [request.path for request, _answer in providers.log] == [OPEN, HISTORY, OPEN]
    assert ExchangeRate.objects.count() == 5


BROKEN = {
    "down": ("", 500),
    "forbidden": ("<html>no</html>", 403),
    "too often": ("", 429),
    "html": ("<html>hello</html>", 200),
    "empty": ("", 200),
    "a list": ("[1, 2]", 200),
    "deep": ("[" * 100_000, 200),
    "other base": (rates_body({"EUR": 0.92}, base_code="EUR"), 200),
    "no day": (rates_body({"EUR": 0.92}, time_last_update_unix="today"), 200),
    "old": (rates_body({"EUR": 0.92}, at=AT - timedelta(days=9)), 200),
    "tomorrow's morrow": (rates_body({"EUR": 0.92}, at=AT + timedelta(days=3)), 200),
    "no rates": (rates_body({}), 200),
    "rates as a list": (rates_body([1, 2]), 200),
    "ten megabytes": (b" " * 10_000_000 + rates_body({"EUR": 0.92}).encode(), 200),
    "not a number": (rates_body({"EUR": float("nan"), "GBP": 0, "JPY": -1, "CHF": "0.9"}), 200),
    "absurd": (rates_body({"EUR": 0.92}).replace("0.92", "1e3000000"), 200),
    "infinite": (rates_body({"EUR": float("inf")}), 200),
}


@pytest.mark.once
@pytest.mark.parametrize("kind", BROKEN)
def test_garbage_stores_nothing_and_the_last_good_rate_stays(providers, kind):
    friday = TODAY - timedelta(days=1)
    ExchangeRate.objects.create(
        base="USD", quote="EUR", rate="0.9", rate_on=friday, source="open.er-api.com"
    )
    body, status = BROKEN[kind]
    answer(providers, OPEN, body, status)
    answer(providers, DAILY, "<not xml", 200)
    assert fetch_rates(at=AT) is False
    assert ExchangeRate.objects.count() == 1
    assert [fetch.has_succeeded for fetch in RateFetch.objects.all()] == [False, False]
    converted = convert(Decimal(100), "USD", "EUR", TODAY)
    assert (converted.amount, converted.rate.rate_on) == (Decimal("90.0"), friday)


def test_one_bad_quote_does_not_affect_the_others(providers):
    answer(providers, OPEN, rates_body({"EUR": 0.92, "GBP": float("nan"), "jpy": 150, "JPY": 0}))
    answer(providers, HISTORY, "", 500)
    assert fetch_rates(at=AT)
    assert list(ExchangeRate.objects.values_list("quote", flat=True)) == ["EUR"]


def test_redirects_are_not_followed(providers):
    location = {"Location": providers.url_for("/inside")}
    providers.expect_request(OPEN).respond_with_response(Response(status=302, headers=location))
    providers.expect_request("/inside").respond_with_data(rates_body({"EUR": 0.92}))
    answer(providers, DAILY, ecb((TODAY, {"USD": "1.087"})))
    answer(providers, HISTORY, ecb((TODAY, {"USD": "1.087"})))
    assert fetch_rates(at=AT)
    assert "/inside" not in [request.path for request, _answer in providers.log]
    first = RateFetch.objects.order_by("id").first()
    assert first.message == "The server sent a redirect, which we don't follow."


def test_slow_trickling_response_times_out(providers, monkeypatch):
    monkeypatch.setattr(fetching, "LIMITS", Limits(longest_seconds=0.3))
    stopped = Event()

    def drops(_request):
        return Response(b" " for _ in iter(lambda: stopped.wait(0.02), True))

    providers.expect_request(OPEN).respond_with_handler(drops)
    answer(providers, DAILY, "", 404)
    answer(providers, HISTORY, "", 404)
    try:
        assert fetch_rates(at=AT) is False
    finally:
        stopped.set()
    first = RateFetch.objects.order_by("id").first()
    assert first.message == "The response took longer than 0.3 seconds."


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address with no server behind it."""
    with refusing_port() as port:
        yield f"http://127.0.0.1:{port}"


def test_unreachable_source_reports_an_error_after_three_attempts(providers, nobody, settings):
    answer(providers, OPEN, "", 503)
    settings.ECB_BASE_URL = nobody
    with capture_logs() as lines:
        assert fetch_rates(at=AT) is False
    assert len(providers.log) == 3
    messages = list(RateFetch.objects.order_by("id").values_list("message", flat=True))
    assert messages[:2] == [
        "The server returned an error, 503.",
        "No response: ConnectionError.",
    ]
    said = [(line["event"], line["source"]) for line in lines]
    assert said == [("rate_source_failed", OPEN_SOURCE.name), ("rate_source_failed", ECB.name)]
    providers.clear()
    answer(providers, OPEN, rates_body({"EUR": 0.92}))
    with capture_logs() as lines:
        settings.OPEN_ER_API_BASE_URL, root = settings.ECB_BASE_URL, settings.OPEN_ER_API_BASE_URL
        assert fetch_rates(at=AT + timedelta(hours=1)) is False
        assert lines == []
        settings.OPEN_ER_API_BASE_URL = root
        assert fetch_rates(at=AT + timedelta(hours=2))
    assert [(line["event"], line["source"]) for line in lines] == [
        ("rate_source_recovered", OPEN_SOURCE.name)
    ]
    assert RateFetch.objects.filter(has_succeeded=False).count() == 7


def test_xml_entities_are_not_expanded(providers):
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]>' + ecb((TODAY, {"USD": "1.087"}))[38:]
    answer(providers, OPEN, "", 429)
    answer(providers, DAILY, bomb)
    answer(providers, HISTORY, bomb)
    assert fetch_rates(at=AT) is False
    assert last_fetch().message == "The response isn't valid XML."


def test_a_currency_that_leaves_in_the_middle_of_a_file_converts_for_seven_more_days(providers):
    """The litas left the ECB's list on 1 January 2015."""
    at = datetime(2015, 1, 12, 9, tzinfo=UTC)
    new_year_eve = date(2014, 12, 31)
    answer(providers, OPEN, "", 429)
    answer(providers, DAILY, ecb((date(2015, 1, 12), {"USD": "1.1804"})))
    days = ecb(
        (date(2015, 1, 9), {"USD": "1.1813"}),
        (date(2015, 1, 2), {"USD": "1.2043"}),
        (new_year_eve, {"USD": "1.2141", "LTL": "3.4528"}),
        (date(2014, 12, 30), {"USD": "1.2160", "LTL": "3.4528"}),
    )
    answer(providers, HISTORY, days)
    assert fetch_rates(at=at)
    assert convert(Decimal("345.28"), "LTL", "EUR", date(2015, 1, 7)).amount == Decimal(100)
    with pytest.raises(RateMissing):
        convert(Decimal("345.28"), "LTL", "EUR", date(2015, 1, 8))
    # Holidays use the last working day's rate; before the first rate there is none.
    assert convert(Decimal(1), "EUR", "USD", date(2015, 1, 1)).rate.rate_on == new_year_eve
    with pytest.raises(RateMissing):
        convert(Decimal(1), "EUR", "USD", date(2014, 12, 29))


def test_implausible_rate_is_not_used_until_an_admin_accepts_it(providers, admin):
    friday = TODAY - timedelta(days=1)
    ExchangeRate.objects.create(base="USD", quote="EUR", rate="0.9", rate_on=friday, source="ECB")
    answer(providers, OPEN, rates_body({"EUR": 900, "GBP": 0.79}))
    assert fetch_rates(at=AT)
    assert (last_fetch().stored_count, last_fetch().held_count) == (1, 1)
    held = HeldRate.objects.get()
    assert (held.rate, held.known_rate, held.known_on) == ("900", "0.9", friday)
    assert convert(Decimal(1), "USD", "EUR", TODAY).amount == Decimal("0.9")
    assert accept_held_rate(actor=admin, held=held) == 1
    assert convert(Decimal(1), "USD", "EUR", TODAY).amount == Decimal(900)
    assert AuditEvent.objects.filter(action="accounts.held_rate.accepted", actor=admin).exists()
    with pytest.raises(ValidationError, match="is already accepted"):
        refuse_held_rate(actor=admin, held=held)


def test_accepting_a_devaluation_accepts_the_days_after_it(providers, admin):
    ExchangeRate.objects.create(
        base="USD", quote="ARS", rate="366", rate_on=TODAY - timedelta(days=1), source="ECB"
    )
    for days, rate in enumerate(["800", "810", "1500"]):
        providers.clear()
        at = AT + timedelta(days=days)
        answer(providers, OPEN, rates_body({"ARS": float(rate)}, at=at))
        assert fetch_rates(at=at)
    assert HeldRate.objects.count() == 3
    first = HeldRate.objects.order_by("rate_on").first()
    assert accept_held_rate(actor=admin, held=first) == 2
    assert convert(Decimal(1), "USD", "ARS", TODAY + timedelta(days=2)).amount == Decimal(810)
    assert HeldRate.objects.get(status="held").rate == "1500.0"


def test_a_rate_of_another_base_is_measured_across(providers):
    """A source with a new base currency is checked against rates from other sources."""
    friday = TODAY - timedelta(days=1)
    for code, rate in (("USD", "1.10"), ("GBP", "0.85")):
        ExchangeRate.objects.create(base="EUR", quote=code, rate=rate, rate_on=friday, source="ECB")
    answer(providers, OPEN, rates_body({"EUR": 0.91, "GBP": 7.7}))
    assert fetch_rates(at=AT)
    assert ExchangeRate.objects.filter(base="USD").values_list("quote", flat=True)[0] == "EUR"
    assert HeldRate.objects.get().quote == "GBP"


def test_rates_are_fetched_six_hours_after_a_success_and_one_hour_after_a_failure(providers):
    answer(providers, OPEN, rates_body({"EUR": 0.92}))
    answer(providers, HISTORY, ecb((TODAY, {"USD": "1.087"})))
    asked = [
        refresh_rates(at=AT + timedelta(minutes=minutes)) for minutes in (0, 10, 350, 360, 370)
    ]
    assert asked == [True, False, False, True, False]
    providers.clear()
    answer(providers, OPEN, "", 429)
    answer(providers, DAILY, "", 404)
    later = AT + timedelta(hours=13)
    assert [refresh_rates(at=later + timedelta(minutes=10 * step)) for step in range(3)] == [
        False, False, False,
    ]  # fmt: skip
    assert RateFetch.objects.filter(asked_at=later, has_succeeded=False).count() == 2
    assert not RateFetch.objects.filter(asked_at__gt=later).exists()
