"""Questions in words: what is understood, and that every answer is the list's own figure."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from banking.kernel.region import region
from bills.services.planning import create_bill
from insights.asking.answers import Answer, Refusal, answer
from insights.asking.finding import find
from insights.asking.grammar import Kind, Measure, read_question
from tests.builders import make_account, make_transaction, make_user
from tests.shared_rows import shared_rows
from transactions.models import Category, Transaction
from transactions.services.splitting import Part, split_transaction
from users.models import User
from users.timezones import local_date

TODAY = date(2026, 3, 18)


def asked_by(user):
    request = RequestFactory().get("/")
    request.user = user
    return request


@pytest.mark.parametrize(
    ("text", "measure", "kind", "about", "first", "last"),
    [
        ("groceries last month", "sum", None, ("groceries",), "2026-02-01", "2026-02-28"),
        ("How much did I spend this year?", "sum", "spending", (), "2026-01-01", "2026-12-31"),
        ("biggest expense in March", "biggest", "spending", (), "2026-03-01", "2026-03-31"),
        ("biggest expense in April", "biggest", "spending", (), "2025-04-01", "2025-04-30"),
        (
            "how much at Apple Pay",
            "sum",
            "spending",
            ("apple pay", "apple"),
            "2026-03-01",
            "2026-03-31",
        ),
        ("what did I earn in 2025", "sum", "income", (), "2025-01-01", "2025-12-31"),
        ("Café Zoé last 7 days", "sum", None, ("cafe zoe",), "2026-03-12", "2026-03-18"),
        ("fuel since January", "sum", None, ("fuel",), "2026-01-01", "2026-03-18"),
        ("spent yesterday", "sum", "spending", (), "2026-03-17", "2026-03-17"),
        ("rent last week", "sum", None, ("rent",), "2026-03-09", "2026-03-15"),
        (
            "how many times at Shop this quarter",
            "count",
            None,
            ("shop",),
            "2026-01-01",
            "2026-03-31",
        ),
    ],
)
def test_questions_are_parsed_into_their_parts(text, measure, kind, about, first, last):
    question = read_question(text, today=TODAY)
    assert question.measure == Measure(measure)
    assert question.kind == (Kind(kind) if kind else None)
    assert question.about == about
    assert (str(question.period.start), str(question.period.last_day)) == (first, last)


@pytest.mark.parametrize(
    "text", ["", "groceries", "pay rent", "add expense 12.50 coffee", "Harbor"]
)
def test_plain_words_are_not_a_question(text):
    assert read_question(text, today=TODAY) is None


@pytest.fixture(scope="module")
def key_of_books(django_db_setup, django_db_blocker):
    with shared_rows(django_db_blocker):
        yield make_books().pk


@pytest.fixture
def books(key_of_books, db):
    return User.objects.get(pk=key_of_books)


def make_books():
    """A year of two accounts with refunds, splits, transfers, pending lines and two currencies."""
    dice = random.Random(20261129)
    owner = make_user("books@example.com", base_currency="EUR", locale="en-US", timezone="UTC")
    euros = make_account(user=owner, name="Everyday Euro", currency="EUR", opening_balance="90000")
    dollars = make_account(
        user=owner, name="Travel Dollar", currency="USD", opening_balance="90000"
    )
    kinds = {c.slug: c for c in Category.objects.filter(user=None, slug__in=SLUGS)}
    for number in range(70):
        slug = dice.choice([*SLUGS, ""])
        sign = dice.choice(["-", "-", "-", ""])
        row = make_transaction(
            account=dice.choice([euros, euros, dollars]),
            amount=f"{sign}{dice.randint(100, 99_999) / 100:.2f}",
            merchant=dice.choice(MERCHANTS),
            category=kinds.get(slug),
            txn_date=TODAY - timedelta(days=dice.randint(0, 380)),
            status="pending" if number % 17 == 0 else "posted",
        )
        if number % 11 == 0 and row.status == "posted":
            half = row.signed_amount / 2
            half = half.quantize(Decimal("0.01"))
            parts = [
                Part(half, kinds["groceries"]),
                Part(row.signed_amount - half, kinds["restaurants"]),
            ]
            split_transaction(actor=owner, transaction=row, parts=parts)
    return owner


SLUGS = ("groceries", "restaurants", "salary", "transfer", "fuel")
MERCHANTS = ("Harbor Market", "Pike Coffee", "Zoë & Söhne", "")
PERIODS = {
    "this month": ("2026-03-01", "2026-03-31"),
    "last month": ("2026-02-01", "2026-02-28"),
    "this year": ("2026-01-01", "2026-12-31"),
    "in 2025": ("2025-01-01", "2025-12-31"),
    "in November": ("2025-11-01", "2025-11-30"),
    "last 90 days": ("2025-12-19", "2026-03-18"),
}


NAMES = {
    "Groceries": {"slug": "groceries"},
    "restaurants": {"slug": "restaurants"},
    "Fuel & charging": {"slug": "fuel"},
    "salary": {"slug": "salary"},
    "harbor market": {"merchant": "Harbor Market"},
    "pike coffee": {"merchant": "Pike Coffee"},
    "zoe & sohne": {"merchant": "Zoë & Söhne"},
    "everyday euro": {"account": "Everyday Euro"},
    "": {},
}
FORMS = (
    *("how much did I spend on {} {}?", "{} {}"),
    *("what did I earn at {} {}", "spending at {} {}"),
)


def parts_of(row):
    """(category, amount) pairs of one row, by its split if it has one."""
    if row.is_split:
        return [(part.category, part.signed_amount) for part in row.splits.all()]
    return [(row.category, row.signed_amount)]


def meaning_of(category, amount):
    """What a part of a row counts as: "spending", "income", or "transfer" for neither."""
    kind = category.kind if category else ""
    if kind == "transfer":
        return "transfer"
    return "spending" if kind == "expense" or amount < 0 else "income"


def is_in(row, *, first, last, merchant="", account=""):
    return (
        first <= str(row.txn_date) <= last
        and row.status == "posted"
        and merchant in ("", row.merchant)
        and account in ("", row.account.name)
    )


def counted(owner, *, kind, slug="", **wanted):
    """{currency: sum} by a loop over every row: the independent recomputation."""
    sums: dict[str, Decimal] = {}
    for row in Transaction.objects.filter(user=owner).prefetch_related("splits__category"):
        for category, amount in parts_of(row) if is_in(row, **wanted) else []:
            is_named = not slug or (category is not None and category.slug == slug)
            if is_named and meaning_of(category, amount) == kind:
                sums[row.currency] = sums.get(row.currency, Decimal(0)) + amount
    return {unit: (1 if kind == "income" else -1) * amount for unit, amount in sums.items()}


def without_zeros(sums):
    return {unit: amount for unit, amount in sums.items() if amount}


@pytest.mark.once
@pytest.mark.slow
def test_two_hundred_answers_match_a_recomputation_and_the_lists_totals(books, client_for):
    client = client_for(books)
    asked = 0
    for name, wanted in NAMES.items():
        for period, (first, last) in PERIODS.items():
            for form in FORMS:
                text = form.format(name, period)
                kind = "spending"
                if "earn" in form or (name == "salary" and form == "{} {}"):
                    kind = "income"
                said = answer(asked_by(books), text, today=TODAY)
                expected = counted(books, kind=kind, first=first, last=last, **wanted)
                assert isinstance(said, Answer), text
                got = without_zeros({unit: amount for amount, unit in said.amounts})
                assert got == without_zeros(expected), text
                asked += 1
                if asked % 4:  # The page asks the same filter; every fourth time is enough.
                    continue
                query = said.url.partition("?")[2]
                page = client.get(f"{reverse('transactions:transaction_totals')}?{query}")
                sign = 1 if kind == "income" else -1
                shown = {total.currency: sign * total.net for total in page.context["summaries"]}
                assert without_zeros(shown) == got, text
    assert asked >= 200


@pytest.mark.slow
def test_largest_count_and_balance_answers_match_the_list(books):
    said = answer(asked_by(books), "biggest expense this year", today=TODAY)
    rows = [
        row
        for row in Transaction.objects.filter(user=books, status="posted", txn_date__year=2026)
        if not row.category or row.category.kind != "transfer"
    ]
    for amount, unit in said.amounts:
        ours = [row for row in rows if row.currency == unit and not row.is_split]
        assert amount >= max(-row.signed_amount for row in ours)
    said = answer(asked_by(books), "how many times at Harbor Market in 2025", today=TODAY)
    assert isinstance(said, Answer)
    assert said.count > 0
    said = answer(asked_by(books), "balance of travel dollar", today=TODAY)
    account = books.accounts.get(name="Travel Dollar")
    assert said.amounts == [(account.balance, "USD")]
    assert isinstance(answer(asked_by(books), "what is my balance", today=TODAY), Refusal)


def test_the_api_answers_the_same_and_says_what_it_cannot(books, api_for):
    api = api_for(books)
    for text in ("groceries this year", "biggest expense this year", "how many expenses this year"):
        said = answer(asked_by(books), text, today=TODAY)
        got = api.get("/api/ask", {"q": text}).json()
        assert (got["is_answered"], got["text"], got["note"]) == (True, said.text, said.note)
        amounts = [(Decimal(one["amount"]), one["currency"]) for one in got["amounts"]]
        assert (amounts, got["count"]) == (said.amounts, said.count)
        assert api.get(got["url"]).status_code == 200, got["url"]
    refused = api.get("/api/ask", {"q": "what is the weather"}).json()
    assert (refused["is_answered"], refused["amounts"], refused["url"]) == (False, [], "")
    for query in ("", "?q=+", f"?q={'x' * 201}"):
        assert api.get(f"/api/ask{query}").json()["errors"][0]["attr"] == "q"


def test_a_week_in_the_api_begins_on_the_persons_first_weekday(books, api_for):
    """In Germany on Monday; what was paid on a Sunday belongs to the week before."""
    books.locale = "de-DE"
    books.save()
    today = local_date(books.timezone, timezone.now())
    with region("de-DE"):
        said = answer(asked_by(books), "spending this week", today=today)
    got = api_for(books).get("/api/ask", {"q": "spending this week"}).json()
    monday = today - timedelta(days=today.weekday())
    assert f"date_from={monday}" in got["url"]
    assert got["text"] == said.text


def test_questions_it_cannot_answer_are_refused(books):
    for text in ("how much did Elvis cost me", "what is the weather this week"):
        said = answer(asked_by(books), text, today=TODAY)
        assert isinstance(said, Refusal), text
    # Two names fit: it asks instead of choosing.
    make_transaction(
        account=books.accounts.get(name="Everyday Euro"), amount="-3", merchant="Pike Coffee Bar"
    )
    said = answer(asked_by(books), "how much at coffee ba", today=TODAY)
    assert isinstance(said, Answer)
    said = answer(asked_by(books), "how much at pike", today=TODAY)
    assert said == Refusal("Which one do you mean: Pike Coffee, Pike Coffee Bar?")


def test_words_find_only_the_users_own_actions_and_pages(books, client_for):
    found = find(asked_by(books), "add expense 12.50 coffee", today=TODAY)
    assert found[0].url == "/transactions/new/?txn_type=expense&merchant=coffee&amount=12.50"
    form = client_for(books).get(found[0].url).context["form"]
    assert (form.initial["amount"], form.initial["merchant"]) == (Decimal("12.50"), "coffee")
    bill = create_bill(
        actor=books,
        user=books,
        today=TODAY,
        biller_name="Rent",
        amount_due=Decimal(900),
        currency="EUR",
        due_date=TODAY + timedelta(days=5),
    )
    assert find(asked_by(books), "pay rent", today=TODAY)[0].url == f"/bills/{bill.pk}/pay/"
    assert "Travel Dollar" in [
        answer.label for answer in find(asked_by(books), "travel", today=TODAY)
    ]
    stranger = make_user("stranger@example.com")
    for words in ("pay rent", "travel", "harbor"):
        labels = [answer.label for answer in find(asked_by(stranger), words, today=TODAY)]
        assert not {"Pay Rent", "Travel Dollar", "Harbor Market"} & set(labels)


def test_search_page_and_palette_give_the_same_results(books, client_for):
    client = client_for(books)
    query = {"q": "groceries this year"}
    results = client.get(reverse("insights:find"), query).json()["results"]
    page = client.get(reverse("insights:ask"), query)
    assert [result["label"] for result in results] == [
        result.label for result in page.context["results"]
    ]
    assert results[0]["group"] == "Answer"
    assert results[0]["label"] in page.content.decode()


def test_the_search_page_shows_a_figure_large_and_examples_after_a_refusal(books, client_for):
    ask = client_for(books).get
    answered = ask(reverse("insights:ask"), {"q": "groceries last month"}).content.decode()
    assert '<li class="answer">' in answered
    assert "You can ask" not in answered
    refused = ask(reverse("insights:ask"), {"q": "unicorns last month"}).content.decode()
    assert '<li class="answer">' not in refused
    assert "You can ask" in refused
