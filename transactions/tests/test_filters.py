"""Every filter and ordering of the transactions list, through the API."""

from datetime import date
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccountShare
from tests.builders import make_account, make_transaction
from transactions.models import Category, Tag, Transaction
from transactions.services.bulk_editing import bulk_edit
from transactions.services.categories import create_category
from transactions.services.posting import delete_transactions
from transactions.services.splitting import Part, split_transaction


@pytest.fixture
def rows(alice, checking, savings, groceries):
    """Rows by a short name."""
    salary = Category.objects.get(slug="salary")
    transfer = Category.objects.get(slug="savings-transfer")
    return {
        "tea": make_transaction(
            account=checking,
            amount="-2.50",
            description="TEEHAUS 0815",
            merchant="Café Zürich",
            txn_date=date(2026, 1, 5),
            tags=["treat"],
        ),
        "food": make_transaction(
            account=checking,
            amount="-50.00",
            description="Weekly shop",
            merchant="Rewe",
            category=groceries,
            txn_date=date(2026, 2, 10),
            notes="100%_sure für Ömer",
        ),
        "pay": make_transaction(
            account=savings,
            amount="2000.00",
            description="Salary",
            category=salary,
            txn_date=date(2026, 2, 28),
        ),
        "pending": make_transaction(
            account=checking, amount="-9.00", txn_date=date(2026, 3, 1), status="pending"
        ),
        "moved": make_transaction(
            account=checking,
            amount="-100.00",
            description="To savings",
            category=transfer,
            txn_date=date(2026, 3, 2),
        ),
    }


@pytest.fixture
def listed(alice, api_for, rows):
    names = {row.pk: name for name, row in rows.items()}

    def ask(query):
        answer = api_for(alice).get(f"/api/transactions?{query}")
        assert answer.status_code == 200, answer.content
        return [names[row["id"]] for row in answer.json()["results"]]

    return ask


FOUND = {
    "": "moved pending pay food tea",
    "date_from=2026-02-28": "moved pending pay",
    "date_to=2026-02-10": "food tea",
    "date_from=2026-02-10&date_to=2026-02-28": "pay food",
    "amount_min=50": "moved pay food",
    "amount_max=9.00": "pending tea",
    "amount_min=9&amount_max=50": "pending food",
    "merchant=rewe": "food",
    "merchant=ZÜR": "tea",
    "merchant=shop": "",
    "category=groceries": "food",
    "category=food": "food",
    "category=uncategorized": "pending tea",
    "category=no-such": "",
    "txn_type=income": "pay",
    "txn_type=expense": "moved pending food tea",
    "status=pending": "pending",
    "status=posted": "moved pay food tea",
    "tag=treat": "tea",
    "tag=other": "",
    "search=zürich": "tea",
    "search=ZÜRICH+0815": "tea",
    "search=zürich+weekly": "",
    "search=ömer": "food",
    "search=100%25_": "food",
    "search=%25": "food",
    "search=_": "food",
    "search=++": "moved pending pay food tea",
    "search=cafe+zurich": "tea",
    "search=omer": "food",
    "search=ＣＡＦＥ": "tea",
    "merchant=cafe": "tea",
    "merchant_is=CAFE+ZURICH": "tea",
    "search=2.50": "tea",
    "search=2,50": "tea",
    "search=-2.50": "tea",
    "search=cafe+2.50": "tea",
    "search=rewe+2.50": "",
    "search=2000": "pay",
    "search=TREAT": "tea",
    "search=treat+zurich": "tea",
    "tag=Treat": "tea",
    "currency=EUR&search=salary": "pay",
    "currency=USD": "",
    "transfers=exclude": "pending pay food tea",
    "transfers=only": "moved",
    "account=999999": "",
    "ordering=txn_date": "tea food pay pending moved",
    "ordering=amount": "tea pending food moved pay",
    "ordering=-amount": "pay moved food pending tea",
    "ordering=signed_amount": "moved food pending tea pay",
    "ordering=-merchant,txn_date": "food tea pay pending moved",
    "ordering=description": "pending pay tea moved food",
    "ordering=-account,-txn_date": "pay moved pending food tea",
    "ordering=-category,txn_date": "moved pay food tea pending",
    "ordering=created_at": "tea food pay pending moved",
    "ordering=-created_at": "moved pending pay food tea",
}


@pytest.mark.slow
def test_each_filter_finds_exactly_its_rows(listed, subtests):
    """In one test: creating the rows takes longer than every filter."""
    for query, found in FOUND.items():
        with subtests.test(query=query):
            assert " ".join(listed(query)) == found


def test_account_filter_finds_only_the_users_rows(listed, savings, bobs_account):
    make_transaction(account=bobs_account)
    assert listed(f"account={savings.pk}") == ["pay"]
    assert listed(f"account={bobs_account.pk}") == []


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("date_from=05.01.2026", "date_from"),
        ("date_to=2026-02-30", "date_to"),
        ("amount_min=lots", "amount_min"),
        ("amount_max=NaN", "amount_max"),
        ("amount_min=1e3000000", "amount_min"),
        ("txn_type=gift", "txn_type"),
        ("status=done", "status"),
        ("account=mine", "account"),
        ("account=1e9", "account"),
        ("account=99999999999999999999999", "account"),
        ("currency=XYZ", "currency"),
        ("transfers=yes", "transfers"),
        ("ordering=balance", "ordering"),
        ("ordering=--amount", "ordering"),
        ("ordering=user__password", "ordering"),
        ("ordering=amount,txn_date,merchant,account", "ordering"),
        ("search=" + "x" * 201, "search"),
        ("page_size=many", "page_size"),
    ],
)
def test_malformed_value_returns_400_for_its_field(alice, api_for, query, attr):
    answer = api_for(alice).get(f"/api/transactions?{query}")
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert error["attr"] == attr
    assert error["detail"].endswith(".")


def test_nul_in_the_url_returns_400(alice, api_for):
    assert api_for(alice).get("/api/transactions?search=a%00b").status_code == 400


@pytest.mark.parametrize("cursor", ["x", "!!!!", "W10", "WzAsMV0", "bnVsbA", "W1tbW1tb", "é"])
def test_invalid_cursor_returns_404(alice, api_for, cursor):
    assert api_for(alice).get(f"/api/transactions?cursor={cursor}").status_code == 404


def test_cursor_of_another_ordering_returns_404(alice, api_for, rows):
    client = api_for(alice)
    following = client.get("/api/transactions?page_size=2").json()["next"]
    assert client.get(following).status_code == 200
    assert client.get(f"{following}&ordering=amount").status_code == 404


def test_page_size_is_limited_to_200(alice, api_for, checking):
    for _ in range(3):
        make_transaction(account=checking, amount="-1.00")
    client = api_for(alice)
    assert len(client.get("/api/transactions?page_size=2").json()["results"]) == 2
    assert len(client.get("/api/transactions?page_size=0").json()["results"]) == 1
    assert len(client.get("/api/transactions?page_size=100000").json()["results"]) == 3


def test_owners_own_category_is_found_on_a_shared_account(alice, bob, api_for, checking):
    bees = create_category(actor=alice, user=alice, name="Bees")
    hives = create_category(actor=alice, user=alice, name="Hives", parent=bees)
    row = make_transaction(account=checking, category=hives)
    AccountShare.objects.create(
        user=alice, member=bob, account=checking, level="viewer", status="accepted"
    )
    results = api_for(bob).get("/api/transactions?category=bees").json()["results"]
    assert [result["id"] for result in results] == [row.pk]


def test_trash_is_in_no_list(alice, listed, rows):
    delete_transactions(actor=alice, rows=Transaction.objects.filter(pk=rows["food"].pk))
    assert "food" not in listed("")
    assert listed("search=weekly") == []


def test_search_finds_edited_text(alice, api_for, listed, rows):
    api_for(alice).patch(f"/api/transactions/{rows['tea'].pk}", {"notes": "ÉCLAIR"})
    assert listed("search=éclair") == ["tea"]


def test_search_finds_the_note_of_a_part(alice, listed, rows):
    parts = [Part(Decimal("-30.00"), None, "Crème brûlée"), Part(Decimal("-20.00"), None, "")]
    split_transaction(actor=alice, transaction=rows["food"], parts=parts)
    assert listed("search=creme+weekly") == ["food"]
    assert listed("search=creme+zurich") == []


@pytest.mark.parametrize(
    "text", ["2000.00", "2.000,00", "2 000,0", "2’000.00", "€2,000.00", "2.000,00 €", "−2000,00"]
)
def test_search_finds_an_amount_as_any_region_writes_it(text, listed):
    """CASES 6.2, with other marks: people copy from banks of other countries."""
    assert listed(urlencode({"search": text})) == ["pay"]


@pytest.mark.parametrize(
    ("words", "asked"), [("weekly", ""), ("treat", "_tags"), ("creme", "split"), ("x y", "")]
)
def test_rows_are_asked_for_tags_and_parts_only_where_some_have_the_word(
    alice, listed, rows, words, asked
):
    parts = [Part(Decimal("-30.00"), None, "Crème brûlée"), Part(Decimal("-20.00"), None, "")]
    split_transaction(actor=alice, transaction=rows["food"], parts=parts)
    with CaptureQueriesContext(connection) as captured:
        listed(f"search={words}")
    (sql,) = (query["sql"] for query in captured if "search_text" in query["sql"])
    condition = sql.partition("WHERE")[2]
    assert [
        name for name in ("_tags", "split") if f"transactions_transaction{name}" in condition
    ] == ([asked] if asked else [])


def test_search_finds_no_tag_of_another_person(bob, listed, checking):
    Tag.objects.create(user=bob, name="weekly treat")
    assert listed("search=treat") == ["tea"]


def test_tags_differing_in_case_accents_or_spaces_are_one(alice, checking):
    for tags in (
        ["Holiday", "HOLIDAY"],
        ["  holiday "],
        ["Ｈoliday", "Hóliday"],
        ["holi\N{SOFT HYPHEN}day", "holiday\N{ZERO WIDTH SPACE}"],
    ):
        make_transaction(account=checking, amount="-1.00", tags=tags)
    [tag] = Tag.objects.filter(user=alice)
    assert tag.transactions.count() == 4
    second = make_transaction(account=checking, amount="-1.00")
    bulk_edit(
        actor=alice,
        rows=Transaction.objects.filter(pk=second.pk),
        add_tags=["hOLIDAY"],
        at=timezone.now(),
    )
    assert list(second.tags.values_list("name", flat=True)) == [tag.name]


def test_migration_merges_tags_and_folds_texts(alice, checking, groceries):
    """Rows as they were before: tags of one name merge, also in what undoes a change."""
    row = make_transaction(account=checking, amount="-1.00", merchant="Café", tags=["trip"])
    old = row.tags.get()
    other = Tag.objects.create(user=alice, name="other")
    other.transactions.add(row, make_transaction(account=checking, amount="-2.00"))
    change = bulk_edit(
        actor=alice,
        rows=Transaction.objects.filter(pk=row.pk),
        remove_tags=["other"],
        at=timezone.now(),
    )
    Transaction.objects.filter(pk=row.pk).update(search_text="x", merchant_key="café")
    migration = import_module("transactions.migrations.0025_search_without_accents")
    editor = SimpleNamespace(connection=connection)
    import_module("transactions.migrations.0029_fold_texts").fold_texts(apps, editor)
    row.refresh_from_db()
    assert (row.merchant_key, row.search_text.split("\n")[1]) == ("cafe", "cafe")
    Tag.objects.filter(pk=old.pk).update(name_key="")
    migration.fold_tags(apps, editor)
    assert Tag.objects.get(pk=old.pk).name_key == "trip"
    Tag.objects.filter(pk=other.pk).update(name="TRIP")
    migration.merge_tags(apps, editor)
    assert list(Tag.objects.all()) == [old]
    assert old.transactions.count() == 2
    assert change.rows.get().before["tags"] == [old.pk]


def test_search_ignores_unicode_composition(alice, listed, checking, rows):
    assert listed("search=zu%CC%88rich") == ["tea"]


def test_rows_in_two_currencies_are_listed_together(alice, api_for, checking):
    dollars = make_account(user=alice, currency="USD", opening_balance="10")
    make_transaction(account=dollars, amount="-1.00")
    make_transaction(account=checking, amount="-1.00")
    results = api_for(alice).get("/api/transactions").json()["results"]
    assert [row["currency"] for row in results] == ["EUR", "USD"]
