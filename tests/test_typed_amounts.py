"""Amounts that people type, in every offered locale and in twelve currencies."""

import re
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ValidationError
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from banking.kernel.formats import number
from banking.kernel.money import format_money, format_number, minor_unit_digits
from banking.kernel.region import region
from banking.kernel.typed_amounts import read_amount, read_number
from banking.kernel.typed_fields import AmountFormField
from bills.models import Bill
from budgets.models import Budget
from rewards.models import Reward
from tests.builders import make_account, make_transaction, make_user
from transactions.models import CategoryRule, SavedView, Transaction, Transfer
from users.locales import OFFERED

CURRENCIES = (
    *("USD", "EUR", "GBP", "JPY", "KWD", "CLP", "INR", "CHF", "BHD", "SEK", "BRL", "PLN"),
)
VALUES = ("0", "0.5", "1", "12.34", "999.99", "1000", "1234.56", "98765.4", "1234567.89", "-3.5")
COMMA = {"de-DE", "fr-FR", "it-IT", "es-ES", "nl-NL", "pt-BR", "pl-PL", "sv-SE", "da-DK", "en-ZA"}
POINT = {"en-US", "en-GB", "de-CH", "it-CH", "es-MX", "ja-JP", "he-IL", "ar-AE", "th-TH", "zh-CN"}


def read(text: str, locale: str = "en-US", currency: str | None = "USD") -> Decimal | None:
    """The amount the text is read as, or None if it is rejected."""
    try:
        return read_amount(text, locale=locale, currency=currency)
    except ValidationError:
        return None


def sentence(text: str, locale: str = "en-US", currency: str | None = "USD") -> str:
    with pytest.raises(ValidationError) as refusal:
        read_amount(text, locale=locale, currency=currency)
    return refusal.value.messages[0]


def printed_value(text: str, currency: str) -> Decimal:
    return round(Decimal(text), minor_unit_digits(currency))


# --- Formatted, then typed ------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize("locale", OFFERED)
def test_a_formatted_amount_is_read_back_unchanged(locale):
    figure = Template("{% money_figure amount currency signed=True %}")
    with region(locale):
        for currency in CURRENCIES:
            field = AmountFormField(currency=currency)
            for text in VALUES:
                value = printed_value(text, currency)
                context = {"amount": value, "currency": currency, "locale": locale}
                drawn = re.sub("<[^>]*>", "", figure.render(Context(context)))
                for shown in (
                    format_money(value, currency, locale),
                    format_number(value, currency, locale),
                    field.prepare_value(value),
                    drawn,
                    f"{format_number(value, currency, locale)} {currency}",
                    f"{currency} {format_number(value, currency, locale)}",
                ):
                    assert read(shown, locale, currency) == value, (shown, currency)


@pytest.mark.once
@pytest.mark.parametrize("locale", OFFERED)
def test_numbers_are_read_as_written(locale):
    for text in ("0", "7", "1234", "123456789", "-12"):
        assert read_number(number(Decimal(text), 0, locale), locale=locale) == Decimal(text)
    for text in ("0.0125", "1.2345", "1234.5", "12.125"):
        written = number(Decimal(text), 4, locale)
        assert read_number(written, locale=locale, decimals=4) == Decimal(text)
    assert read_number("10 %", locale=locale, unit="%") == 10


# --- Ways of writing an amount --------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5,000", "5000"),
        ("1,000", "1000"),
        ("2,500", "2500"),
        ("1,234.56", "1234.56"),
        ("12,345,678.9", "12345678.9"),
        ("$5", "5"),
        ("$ 5", "5"),
        ("5 $", "5"),
        ("US$5", "5"),
        ("$5 USD", "5"),
        ("usd 5", "5"),
        ("$1,234.56", "1234.56"),
        ("(12.00)", "-12"),
        ("($1,234.50)", "-1234.5"),
        ("$(5)", "-5"),
        ("-$3.50", "-3.5"),
        ("$-3.50", "-3.5"),
        ("−3.50", "-3.5"),
        ("–3.50", "-3.5"),
        ("3.50-", "-3.5"),
        ("3.50 −", "-3.5"),
        ("+3.50", "3.5"),
        ("-0.00", "0"),
        (".5", "0.5"),
        ("$.50", "0.5"),
        ("-.5", "-0.5"),
        ("007", "7"),
        ("1 000", "1000"),
        ("1\u00a0000.50", "1000.5"),
        ("1\u202f000", "1000"),
        ("1\u2009000", "1000"),
        ("1'000.50", "1000.5"),
        ("1’000", "1000"),
        ("\u200f-5.00\u00a0$", "-5"),
        ("\u2066$5\u2069", "5"),
        ("１，２３４．５", "1234.5"),
        ("١٬٢٣٤٫٥٠", "1234.5"),
        ("۱۲۳۴", "1234"),
        ("१२.५", "12.5"),
        ("12.5000", "12.5"),
        ("  42  ", "42"),
    ],
)
def test_american_notation_is_read(text, value):
    assert read(text) == Decimal(value)


@pytest.mark.once
@pytest.mark.parametrize(
    ("locale", "currency", "text", "value"),
    [
        ("de-DE", "EUR", "1.000", "1000"),
        ("de-DE", "EUR", "1.234,56", "1234.56"),
        ("de-DE", "EUR", "12,50", "12.5"),
        ("de-DE", "EUR", "1 000", "1000"),
        ("de-DE", "EUR", "1.234.567", "1234567"),
        ("de-DE", "EUR", "12,- €", "12"),
        ("de-DE", "EUR", ",5", "0.5"),
        ("de-DE", "EUR", "5,00 €-", "-5"),
        ("de-CH", "CHF", "1'000.50", "1000.5"),
        ("de-CH", "CHF", "Fr. 12.–", "12"),
        ("de-DE", "CHF", "1'000,50", "1000.5"),
        ("de-CH", "CHF", "1'000,50", "1000.5"),
        ("de-CH", "CHF", "CHF 1’234’567,5", "1234567.5"),
        ("fr-CH", "EUR", "-1'000.50", "-1000.5"),
        ("en-US", "USD", "1'000,50", "1000.5"),
        ("fr-FR", "EUR", "1\u202f234,5 €", "1234.5"),
        ("fr-CA", "CAD", "5,00 $", "5"),
        ("da-DK", "DKK", "kr. 1.234,50", "1234.5"),
        ("sv-SE", "SEK", "1 234 kr", "1234"),
        ("en-IN", "INR", "₹1,00,000.00", "100000"),
        ("en-IN", "INR", "12,34,567", "1234567"),
        ("en-IN", "INR", "1,000,000", "1000000"),
        ("en-IN", "INR", "Rs.500", "500"),
        ("hi-IN", "INR", "१,००,०००", "100000"),
        ("en-US", "JPY", "¥1,000", "1000"),
        ("ja-JP", "JPY", "￥1,000", "1000"),
        ("en-US", "JPY", "100.00", "100"),
        ("en-US", "KWD", "1.234", "1.234"),
        ("en-US", "KWD", "1,234", "1234"),
        ("de-DE", "KWD", "1,234", "1.234"),
        ("de-DE", "KWD", "1.234", "1234"),
        ("en-US", "BHD", "BD 0.125", "0.125"),
        ("es-MX", "MXN", "$1,234.50", "1234.5"),
        ("en-US", "CLP", "$5,000", "5000"),
        ("ar-AE", "EUR", "١٢٫٥٠ €", "12.5"),
    ],
)
def test_each_locale_uses_its_own_separators(locale, currency, text, value):
    assert read(text, locale, currency) == Decimal(value)


@pytest.mark.once
@pytest.mark.parametrize(
    ("locale", "currency", "text", "both"),
    [
        ("en-US", "USD", "1.234", ("1,234.00", "1.234")),
        ("en-US", "USD", "$12.500", ("12,500.00", "12.500")),
        ("de-DE", "EUR", "1,234", ("1.234,00", "1,234")),
        ("de-DE", "EUR", "1,000", ("1.000,00", "1,000")),
        ("en-US", "JPY", "1.000", ("1,000", "1.000")),
        ("de-DE", "JPY", "5,000", ("5.000", "5,000")),
        ("en-ZA", "ZAR", "1,234", ("1\u00a0234,00", "1,234")),
        ("en-US", "USD", "0,500", ("500.00", "0.500")),
        ("en-US", None, "1.234", ("1,234.00", "1.234")),
    ],
)
def test_ambiguous_amounts_are_rejected_with_both_readings_named(locale, currency, text, both):
    refusal = sentence(text, locale, currency)
    assert f"could be {both[0]} or {both[1]}." in refusal
    clear = re.search(r"enter (\d+)\.$", refusal)[1]
    assert read(clear, locale, currency) is not None


@pytest.mark.once
@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "$", "lots", "5k", "1e3", "1e3000000", "NaN", "Infinity", "0x10", "½", "5²"),
        *("1,00,0", "12,34.5", "1,00,000", "1234,567", "1,2345", "1,234,56", "1.234.567"),
        *("1'000,500", "1'00,50", "1'000,", "1000'000,50", "1'000.000,50"),
        *("1.234,56", "12,50", "1 00", "1  2", "10 20", "1,000 000", "1'00", "5.", "5,"),
        *("--5", "-5-", "(-5)", "(5", "5)", ")5(", "((5))", "+-5", "5+", "5 - 3", "5/2", "5*2"),
        *("1.2.3", "1..2", "1,,000", "1٢", "٢2", "5\u202e", "5\x00", "5 bananas", "abc5", "50%"),
        *("5_000", "5;5", "5:00", "9" * 13, "0" * 200, "5,-", "$-", "1.2345"),
    ],
)
def test_uncertain_amounts_are_rejected(text):
    assert read(text) is None


@pytest.mark.once
def test_other_currencies_and_extra_decimals_are_rejected_never_rounded():
    assert sentence("€5") == "This amount is in USD. Enter it without “€”."
    assert "in EUR" in sentence("$5", "de-DE", "EUR")
    assert "in JPY" in sentence("5 USD", "en-US", "JPY")
    assert sentence("1.2345") == "USD has 2 decimals."
    assert sentence("1.5", currency="JPY") == "JPY has no decimals."
    assert sentence("0.1234", currency="KWD") == "KWD has 3 decimals."
    assert "12.50" in sentence("12,50")
    assert "12,50" in sentence("12.50", "de-DE", "EUR")


# --- An independent reader ------------------------------------------------------------------------

NUMBER = {
    mark: re.compile(
        rf"\d+({re.escape(mark)}\d+)?"
        rf"|\d{{1,3}}(([{other}' ])\d{{3}})(\3\d{{3}})*({re.escape(mark)}\d+)?"
        rf"|{re.escape(mark)}\d+"
        r"|\d{1,3}('\d{3})+[.,]\d{1,2}"
    )
    for mark, other in ((".", ","), (",", "."))
}


def naive_meaning(text: str, mark: str) -> Decimal | None:
    """The amount meant by a person whose decimal separator is `mark`, ignoring currencies."""
    text = text.replace("$", "").strip()
    sign = 1
    if text.startswith("(") and text.endswith(")"):
        sign, text = -1, text[1:-1].strip()
    if text.startswith("-"):
        sign, text = -sign, text[1:].strip()
    elif text.endswith("-"):
        sign, text = -sign, text[:-1].strip()
    if not NUMBER[mark].fullmatch(text):
        return None
    if "'" in text and re.search(r"[.,]\d{1,2}$", text):
        text = text[::-1].replace(",", ".", 1)[::-1].replace(".", mark)
    digits = re.sub(rf"[^\d{re.escape(mark)}]", "", text).replace(mark, ".")
    return sign * Decimal(digits)


typed = st.one_of(
    st.text(alphabet="0123456789.,' -()$", max_size=14),
    st.from_regex(r"[-($]{0,2}[0-9]{1,3}([.,' ][0-9]{1,3}){0,3}[-)$]?", fullmatch=True),
)


@pytest.mark.slow
@pytest.mark.once
@given(text=typed, locale=st.sampled_from(sorted(COMMA | POINT)))
def test_no_amount_is_read_differently_from_what_the_locale_means(text, locale):
    value = read(text, locale, "USD")
    if value is None:
        return
    if re.search(r"[.,]-", text):
        # "12,-" means no cents.
        text = re.sub(r"[.,](?=-)", "", text, count=1).replace("-", "", 1)
    mark = "," if locale in COMMA else "."
    assert value == naive_meaning(text, mark)
    assert value == round(value, 2)


@pytest.mark.slow
@pytest.mark.once
@given(
    units=st.integers(min_value=-(10**13), max_value=10**13),
    locale=st.sampled_from(OFFERED),
    currency=st.sampled_from(CURRENCIES),
)
def test_every_formatted_amount_can_be_read(units, locale, currency):
    value = Decimal(units).scaleb(-minor_unit_digits(currency))
    if abs(value) < 10**12:
        assert read(format_money(value, currency, locale), locale, currency) == value


# --- Through the pages ----------------------------------------------------------------------------


@pytest.fixture(params=["en-US", "de-DE", "de-CH", "en-IN", "fr-FR"])
def person(request, db):
    return make_user("typist@example.com", locale=request.param, base_currency="EUR")


def typed_by(person, value: str, currency: str = "EUR") -> str:
    return format_number(Decimal(value), currency, person.locale)


@pytest.mark.once
def test_account_form_reads_and_shows_amounts_in_the_users_format(person, client_for):
    client = client_for(person)
    entries = {"name": "Main", "account_type": "checking", "currency": "EUR"}
    amounts = {
        "opening_balance": format_money(Decimal("5000.5"), "EUR", person.locale),
        "overdraft_limit": typed_by(person, "1234567.89"),
    }
    assert client.post("/accounts/new/", entries | amounts).status_code == 302
    account = Account.objects.get()
    assert account.opening_balance == Decimal("5000.50")
    assert account.overdraft_limit == Decimal("1234567.89")
    page = client.get(f"/accounts/{account.pk}/edit/").content.decode()
    assert f'value="{typed_by(person, "5000.50")}"' in page
    refused = client.post("/accounts/new/", entries | {"opening_balance": "1,00,0"})
    assert refused.status_code == 422
    assert 'value="1,00,0"' in refused.content.decode()
    assert Account.objects.count() == 1


@pytest.mark.slow
@pytest.mark.once
def test_money_forms_read_amounts_in_the_users_format(person, client_for):
    client = client_for(person)
    main = make_account(user=person, opening_balance="9000.00")
    other = make_account(user=person, name="Other", opening_balance="0.00")
    amount = typed_by(person, "1234.5")
    entry = {"account": main.pk, "txn_type": "expense", "txn_date": "2026-03-01"}
    entry |= {"merchant": "Rewe", "status": "posted", "amount": amount, "key": "k" * 32}
    assert client.post("/transactions/new/", entry).status_code == 302
    assert Transaction.objects.get().signed_amount == Decimal("-1234.5")
    move = {"source": main.pk, "target": other.pk, "on": "2026-03-02", "key": "m"}
    assert client.post("/transactions/transfers/new/", move | {"amount": amount}).status_code == 302
    assert Transfer.objects.get().inflow_transaction.amount == Decimal("1234.5")
    budget = {"category": "groceries", "currency": "EUR", "month": "3", "year": "2026"}
    assert client.post("/budgets/new/", budget | {"limit_amount": amount}).status_code == 302
    assert Budget.objects.get().limit_amount == Decimal("1234.5")
    bill = {"biller_name": "Rent", "currency": "EUR", "due_date": "2026-04-01"}
    bill |= {"recurrence": "none", "remind_days_before": "3", "amount_due": amount}
    assert client.post("/bills/new/", bill).status_code == 302
    due = Bill.objects.get()
    assert due.amount_due == Decimal("1234.5")
    page = client.get(f"/bills/{due.pk}/pay/").content.decode()
    assert f'value="{typed_by(person, "1234.50")}"' in page
    pay = {"account": main.pk, "on": "2026-03-03", "amount": typed_by(person, "1000")}
    assert client.post(f"/bills/{due.pk}/pay/", pay).status_code == 302
    assert Bill.objects.filter(payment__signed_amount=Decimal(-1000)).exists()


@pytest.mark.once
def test_rules_rewards_and_thresholds_use_the_users_format(person, client_for):
    client = client_for(person)
    rule = {"keyword_pattern": "rewe", "category": "groceries", "priority": "100"}
    rule |= {"is_active": "on", "amount_min": typed_by(person, "1500")}
    assert client.post("/transactions/rules/new/", rule).status_code == 302
    assert CategoryRule.objects.get().amount_min == 1500
    program = {"program_name": "Miles", "currency": "EUR", "early_bonus_percent": "5 %"}
    program |= {
        "points_balance": number(Decimal(12500), 0, person.locale),
        "point_value": number(Decimal("0.0125"), 4, person.locale),
        "earn_rate": number(Decimal("1.5"), 4, person.locale),
    }
    assert client.post("/rewards/new/", program).status_code == 302
    reward = Reward.objects.get()
    assert (reward.points_balance, reward.point_value) == (12500, Decimal("0.0125"))
    assert (reward.earn_rate, reward.early_bonus_percent) == (Decimal("1.5"), 5)
    typed = {"type": "large_transaction", "threshold": typed_by(person, "1000")}
    assert client.get("/alerts/backtest/", typed).status_code == 200
    assert client.get("/alerts/backtest/", typed | {"threshold": "1,00,0"}).status_code == 422


def test_split_amounts_are_read_in_the_users_format(person, client_for):
    client = client_for(person)
    main = make_account(user=person, opening_balance="9000.00")
    row = make_transaction(account=main, amount="-2500.00")
    parts = {"part-TOTAL_FORMS": "2", "part-INITIAL_FORMS": "0"}
    parts |= {"part-0-amount": typed_by(person, "1250.5"), "part-0-category": "groceries"}
    parts |= {"part-1-amount": typed_by(person, "1249.5"), "part-1-category": ""}
    assert client.post(f"/transactions/{row.pk}/split/", parts).status_code == 302
    amounts = row.splits.order_by("pk").values_list("signed_amount", flat=True)
    assert list(amounts) == [Decimal("-1250.5"), Decimal("-1249.5")]


@pytest.mark.once
def test_filters_accept_typed_amounts_and_our_own_links(person, client_for):
    client = client_for(person)
    main = make_account(user=person, opening_balance="9000.00")
    small = make_transaction(account=main, amount="-999.99", merchant="Kiosk")
    large = make_transaction(account=main, amount="-1234.50", merchant="Atelier")
    for bound in (typed_by(person, "1234.50"), "1234.5", "1234.50", "1234"):
        answer = client.get("/transactions/?" + urlencode({"amount_min": bound}))
        assert answer.status_code == 200, bound
        page = answer.content.decode()
        assert (large.merchant in page, small.merchant in page) == (True, False)
    chips = client.get("/transactions/?amount_min=1234.5").context["chips"]
    assert chips[0]["value"] == typed_by(person, "1234.50")


def test_saved_views_store_plain_digits(person, client_for):
    make_account(user=person, opening_balance="9000.00")
    typed = urlencode({"amount_min": typed_by(person, "1234.50"), "category": "groceries"})
    client_for(person).post("/transactions/views/new/", {"name": "Large", "query": typed})
    assert SavedView.objects.get().query == "amount_min=1234.5&category=groceries"


@pytest.mark.slow
def test_american_notation_never_becomes_thousandths(client_for, alice):
    client = client_for(alice)
    make_account(user=alice, opening_balance="0")
    entries = {"name": "Main", "account_type": "checking", "currency": "USD"}
    for typed_text, value in (("5,000", 5000), ("$1,234.56", Decimal("1234.56")), ("(12.00)", -12)):
        client.post("/accounts/new/", entries | {"opening_balance": typed_text})
        assert Account.objects.latest("pk").opening_balance == value
    count = Account.objects.count()
    for typed_text in ("1.234", "€5", "1.999", "12,50", "1e9"):
        refused = client.post("/accounts/new/", entries | {"opening_balance": typed_text})
        assert refused.status_code == 422
        assert "opening_balance" in refused.context["form"].errors
    yen = entries | {"currency": "JPY", "opening_balance": "10.5"}
    errors = client.post("/accounts/new/", yen).context["form"].errors
    assert errors["opening_balance"] == ["JPY has no decimals."]
    assert Account.objects.count() == count


def test_amount_fields_request_a_decimal_keyboard_and_accept_any_text(client_for, alice):
    page = client_for(alice).get("/accounts/new/").content.decode()
    field = re.search(r'<input[^>]*name="opening_balance"[^>]*>', page)[0]
    assert 'type="text"' in field
    assert 'inputmode="decimal"' in field
