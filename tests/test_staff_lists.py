"""The staff site's lists: grouped by subject, bounded at any size, exported safely."""

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.db import connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from tests.builders import make_account, make_transaction, make_user
from tests.world import everything
from transactions.models import Transaction
from transactions.services.categorizing import set_category
from transactions.services.transfers import transfer_funds
from users.admin import lists
from users.admin.staff_site import GROUPS
from users.admin.words import staff_label
from users.audit.trail import record
from users.models import AuditEvent, User
from users.services.people import set_role

pytestmark = pytest.mark.django_db
ACCOUNTS = "/admin/accounts/account/"


def staff(role: str) -> User:
    return set_role(actor=None, user=make_user(f"{role}@staff.example"), role=role)


@pytest.fixture
def auditor(client_for):
    return client_for(staff("auditor"))


def rows_of(answer) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


# --- Names ----------------------------------------------------------------------------------------


def test_every_table_has_a_subject_and_a_name_of_its_own():
    named = [
        (model_admin.group, model_admin.label) for model_admin in admin.site._registry.values()
    ]
    assert {group for group, _ in named} == set(GROUPS)
    labels = [label for _, label in named]
    assert "" not in labels
    assert len(labels) == len(set(labels))


def test_the_navigation_speaks_of_subjects(auditor):
    page = auditor.get("/admin/").content.decode()
    for words in ("Import batchs", "Notification opt outs", "Users administration"):
        assert words not in page
    assert page.count(">Accounts</a>") == 1
    assert [page.index(f"<caption>{name}</caption>") for name in GROUPS] == sorted(
        page.index(f"<caption>{name}</caption>") for name in GROUPS
    )
    assert auditor.get("/admin/accounts/")["Location"] == "/admin/"
    heading = auditor.get("/admin/transactions/importbatch/").content.decode()
    assert "<h1>Imports</h1>" in heading


# What the code's names, and Django's, look like where people's words are missing.
ODD = re.compile(
    r"^is | (at|on|id|count)$|^(ip|sms|sha256|url|params|slug|txn)\b|_|\(s\)|[a-z] [A-Z][a-z]"
    r"|datetime|timezone|locale"
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("created at", "created"),
        ("Expires Datetime", "expires"),
        ("is read", "read"),
        ("ip", "IP address"),
        ("Transaction id", "transaction ID"),
        ("skipped count", "skipped"),
        ("AMQP Message Headers", "AMQP message headers"),
        ("due date", "due date"),
    ],
)
def test_labels_become_peoples_words(name, words):
    assert staff_label(name) == words


def labels_of(model_admin: admin.ModelAdmin, request: HttpRequest) -> dict[str, list[str]]:
    """What a list's columns, its filters and its form are called."""
    model = model_admin.model
    columns = [
        label_for_field(n, model, model_admin) for n in model_admin.get_list_display(request)
    ]
    changelist = model_admin.get_changelist_instance(request)
    form = model_admin.get_form(request, model(), change=True)
    fields = [field.label for field in form.base_fields.values()]
    readonly = model_admin.get_readonly_fields(request, model())
    fields += [form._meta.labels[name] for name in readonly if name in form._meta.labels]
    return {
        "columns": [staff_label(str(label)) for label in columns],
        "filters": [staff_label(str(spec.title)) for spec in changelist.filter_specs],
        "form": [str(label) for label in fields],
    }


@pytest.mark.slow
def test_every_label_is_in_peoples_words_and_names_one_thing(rf, subtests):
    request = rf.get("/admin/")
    request.user = staff("admin")
    for model, model_admin in admin.site._registry.items():
        for part, labels in labels_of(model_admin, request).items():
            with subtests.test(table=model._meta.label, part=part):
                assert [label for label in labels if ODD.search(label)] == []
                assert len(labels) == len(set(labels)), labels


# --- Bounds ---------------------------------------------------------------------------------------


def test_a_list_counts_no_further_than_its_limit(auditor, alice, monkeypatch):
    monkeypatch.setattr(lists, "STAFF_ROWS_COUNTED", 3)
    monkeypatch.setattr(admin.site.get_model_admin(Account), "list_per_page", 2)
    for number in range(5):
        make_account(user=alice, name=f"Account {number}")
    with CaptureQueriesContext(connection) as queries:
        page = auditor.get(ACCOUNTS).content.decode()
    counts = [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]
    assert counts
    assert all("LIMIT 4" in sql for sql in counts)
    assert "More than 3" in page
    assert "Narrow the list" in page


@pytest.mark.slow
def test_filters_list_no_values_of_the_rows(auditor, alice):
    make_transaction(account=make_account(user=alice), amount="10.00")
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        with CaptureQueriesContext(connection) as queries:
            assert auditor.get(reverse(name)).status_code == 200
        assert [query["sql"] for query in queries if "DISTINCT" in query["sql"]] == [], model_admin


def test_text_is_searched_in_the_newest_rows_or_in_all_of_one_customer(auditor, alice, monkeypatch):
    monkeypatch.setattr("users.admin.lists.STAFF_SEARCH_ROWS", 2)
    old = make_account(user=alice, name="Anchor")
    for number in range(3):
        make_account(user=alice, name=f"Later {number}")

    def found(**query: str) -> bool:
        return "Anchor" in auditor.get(ACCOUNTS, query).content.decode()

    assert not found(q="anch")
    assert found(q="anch", customer=str(alice.pk))
    assert found(q=str(old.pk))


def test_rows_take_the_customer_filter_by_number_or_email(auditor, alice, bob):
    make_account(user=alice, name="Anchor")
    make_account(user=bob, name="Beacon")
    for value in (str(alice.pk), "ALICE@example.com"):
        page = auditor.get(ACCOUNTS, {"customer": value}).content.decode()
        assert ("Anchor" in page, "Beacon" in page) == (True, False)
        assert f'href="/admin/customers/{alice.pk}/"' in page
    page = auditor.get(ACCOUNTS, {"customer": "nobody"}).content.decode()
    assert ("Anchor" in page, "No rows match." in page) == (False, True)
    assert auditor.get(ACCOUNTS, {"currency": "EUR"}).content.decode().count("Anchor") > 0
    assert "Anchor" not in auditor.get(ACCOUNTS, {"currency": "USD"}).content.decode()


def test_each_cell_has_its_heading_for_the_phone_and_amounts_their_currency(auditor, alice):
    make_account(user=alice, name="Anchor", opening_balance="1234.50")
    page = auditor.get(ACCOUNTS).content.decode()
    assert 'data-label="Balance"' in page
    assert '<bdi class="staff-amount">€1,234.50</bdi>' in page
    assert 'data-label="IP address"' in auditor.get("/admin/users/auditevent/").content.decode()


@pytest.mark.once
def test_yes_and_no_are_words_on_pages_and_in_files(auditor, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    people = reverse("admin:users_user_changelist")
    page = auditor.get(people, {"is_active__exact": "0"}).content.decode()
    assert re.search(r'data-label="Active"[^>]*>No<', page)
    assert "icon-no" not in page
    head, line = rows_of(auditor.post(f"{reverse('admin:users_user_export')}?is_active__exact=0"))
    assert dict(zip(head, line, strict=True))["active"] == "no"


# --- Filters by suggestion ------------------------------------------------------------------------

TRANSACTIONS = "/admin/transactions/transaction/"
TRANSFERS = "/admin/transactions/transfer/"


def test_a_typed_filter_shows_its_value_and_keeps_it(auditor, checking):
    page = auditor.get(ACCOUNTS, {"currency": "EUR"}).content.decode()
    assert "Currency: EUR" in page
    assert 'name="currency" value="EUR"' in page
    page = auditor.get("/admin/users/auditevent/", {"created_at__date__gte": "2026-01-02"})
    assert 'name="created_at__date__gte" value="2026-01-02"' in page.content.decode()


@pytest.mark.slow
def test_transactions_are_filtered_by_account_category_and_merchant(
    auditor, checking, savings, groceries
):
    make_transaction(account=checking, amount="-1.00", merchant="Kiosk", description="one")
    row = make_transaction(account=savings, amount="-2.00", merchant="Bakery", description="two")
    set_category(actor=row.user, transaction=row, category=groceries)

    def found(**query: str) -> tuple[bool, bool]:
        page = auditor.get(TRANSACTIONS, query).content.decode()
        return "Kiosk" in page, "Bakery" in page

    assert found() == (True, True)
    assert found(account__id__exact=str(checking.pk)) == (True, False)
    assert found(category__id__exact=str(groceries.pk)) == (False, True)
    assert found(merchant="Kiosk") == (True, False)
    assert found(account__id__exact="words") == (False, False)
    page = auditor.get(TRANSACTIONS, {"category__id__exact": str(groceries.pk)}).content.decode()
    assert "Category: Groceries" in page


def test_transactions_are_listed_by_date(auditor, checking):
    for day in ("2026-03-02", "2026-03-09", "2026-03-05"):
        make_transaction(account=checking, amount="-1.00", txn_date=date.fromisoformat(day))

    def days(**query: str) -> list[int]:
        rows = auditor.get(TRANSACTIONS, query).context["cl"].result_list
        return [row.txn_date.day for row in rows]

    assert days() == days(status__exact="posted") == [9, 5, 2]
    assert days(account__id__exact=str(checking.pk), q="Coffee") == [9, 5, 2]
    assert days(customer=str(checking.user_id), q="Coffee") == [9, 5, 2]
    assert days(q="coffee") == [9, 5, 2]


def test_a_column_without_an_index_is_filtered_in_the_newest_rows_or_one_customers(
    auditor, checking, monkeypatch
):
    monkeypatch.setattr("users.admin.lists.STAFF_SEARCH_ROWS", 2)
    make_transaction(account=checking, amount="-1.00", merchant="Anchor", description="old")
    for number in range(3):
        make_transaction(account=checking, amount="-1.00", description=f"later {number}")

    def is_found(**query: str) -> bool:
        rows = auditor.get(TRANSACTIONS, {"merchant": "Anchor", **query})
        return rows.context["cl"].result_count == 1

    assert not is_found()
    assert is_found(customer=str(checking.user_id))


@pytest.mark.slow
def test_a_rare_value_is_looked_for_in_the_newest_rows_and_the_page_says_so(
    auditor, checking, monkeypatch
):
    monkeypatch.setattr("users.admin.lists.STAFF_SEARCH_ROWS", 2)
    make_transaction(account=checking, amount="-9.00", status="pending", txn_date=date(2026, 3, 1))
    for day in (2, 3, 4):
        make_transaction(account=checking, amount="-1.00", txn_date=date(2026, 3, day))

    def found(**query: str) -> tuple[int, bool]:
        answer = auditor.get(TRANSACTIONS, query)
        return answer.context["cl"].result_count, "Only the newest" in answer.content.decode()

    pending = {"status__exact": "pending"}
    assert found() == (4, False)
    assert found(**pending) == (0, True)
    assert found(q="coffee") == (2, True)
    assert found(o="6") == (2, True)  # By amount, which no index sorts.
    for narrow in (
        {"customer": str(checking.user_id)},
        {"account__id__exact": str(checking.pk)},
        {"txn_date__gte": "2026-03-01", "txn_date__lt": "2026-03-03"},
    ):
        assert found(**pending, **narrow) == (1, False)
    export = reverse("admin:transactions_transaction_export")
    for query, count in (("status__exact=pending", 1), ("q=coffee", 4)):
        assert len(rows_of(auditor.post(f"{export}?{query}"))) == 1 + count


def test_a_later_page_shows_the_rows_that_come_next(auditor, checking, monkeypatch):
    monkeypatch.setattr(admin.site.get_model_admin(Transaction), "list_per_page", 2)
    days = [3, 1, 5, 2, 4]
    for day in days:
        make_transaction(account=checking, amount="-1.00", txn_date=date(2026, 3, day))
    seen = []
    for page in ("1", "2", "3"):
        rows = auditor.get(TRANSACTIONS, {"p": page}).context["cl"].result_list
        seen += [row.txn_date.day for row in rows]
    assert seen == [5, 4, 3, 2, 1]


def test_what_fits_on_one_page_is_not_counted(auditor, checking):
    for _ in range(3):
        make_transaction(account=checking, amount="-1.00")
    with CaptureQueriesContext(connection) as queries:
        answer = auditor.get(TRANSACTIONS, {"status__exact": "posted"})
    assert answer.context["cl"].result_count == 3
    assert not any("COUNT(*)" in query["sql"] for query in queries)


@pytest.mark.slow
def test_a_filter_in_some_days_looks_in_their_newest_rows(auditor, checking, monkeypatch):
    monkeypatch.setattr("users.admin.lists.STAFF_SEARCH_ROWS_IN_DAYS", 2)
    for day, merchant in (
        (1, "Anchor"),
        (2, "Anchor"),
        (3, "Beacon"),
        (3, "Anchor"),
        (9, "Anchor"),
    ):
        make_transaction(
            account=checking, amount="-1.00", merchant=merchant, txn_date=date(2026, 3, day)
        )
    old = Transaction.objects.get(txn_date=date(2026, 3, 1))
    until = {"txn_date__gte": "2026-03-01", "txn_date__lt": "2026-03-04"}

    def found(**query: str) -> tuple[int, bool]:
        answer = auditor.get(TRANSACTIONS, until | query)
        return answer.context["cl"].result_count, "Only the newest 2 rows" in (
            answer.content.decode()
        )

    assert found() == (4, False)
    assert found(merchant="Anchor") == (1, True)
    assert found(q="anchor") == (1, True)
    assert found(o="6") == (2, True)
    assert found(merchant="Anchor", customer=str(checking.user_id)) == (3, False)
    assert found(q=str(old.pk)) == (1, False)
    assert found(txn_date__lt="2026-03-02", merchant="Anchor") == (1, False)


def move_money(source: Account, *days: int) -> None:
    """Transfers on these days of a month, in this order."""
    target = make_account(user=source.user, name="Savings", currency=source.currency)
    for day in days:
        on = date(2026, 3, day)
        transfer_funds(
            actor=source.user, source=source, target=target, amount=Decimal(5), on=on, today=on
        )


def test_transfers_are_listed_by_their_day_whenever_they_were_found(auditor, checking):
    move_money(checking, 9, 2, 11)
    rows = auditor.get(TRANSFERS).context["cl"].result_list
    assert [row.outflow_transaction.txn_date.day for row in rows] == [11, 9, 2]


@pytest.mark.postgresql
def test_lists_by_date_and_the_identity_queue_are_read_from_an_index(auditor, checking):
    move_money(checking, 9)
    pages = {
        TRANSACTIONS: "transaction_by_date",
        TRANSFERS: "transaction_by_date",
        reverse("admin:bills_bill_changelist"): "bill_by_due_date",
        reverse("admin:queue", args=["verification"]): "user_identity_pending",
    }
    for page, index in pages.items():
        with CaptureQueriesContext(connection) as queries:
            assert auditor.get(page).status_code == 200
        with connection.cursor() as cursor:
            # What the planner does with a million rows, of which there are none here.
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
            plans = ""
            for query in queries:
                if query["sql"].startswith("SELECT"):
                    cursor.execute(f"EXPLAIN {query['sql']}")
                    plans += "".join(line for (line,) in cursor.fetchall())
            cursor.execute("RESET enable_seqscan; RESET enable_sort")
        assert index in plans


def test_the_trail_is_in_words_and_its_files_have_the_codes_too(auditor, alice):
    event = record(actor=alice, action="bills.bill.paid", target=alice, kind="bill_due")
    trail = reverse("admin:users_auditevent_changelist")
    for asked in ("bill PAID", "bills.bill.paid"):
        answer = auditor.get(trail, {"action": asked, "target_type": "User"})
        [row] = answer.context["cl"].result_list
        page = answer.content.decode()
        assert row.pk == event.pk
        assert '<span title="bills.bill.paid">Bill paid</span>' in page
        assert f">User {alice.pk}</a>" in page
        assert "kind: bill due" in page
        assert "Action: Bill paid" in page or asked == "bill PAID"
    export = reverse("admin:users_auditevent_export")
    head, line = rows_of(auditor.post(f"{export}?action=Bill+paid"))
    named = dict(zip(head, line, strict=True))
    assert (named["what"], named["action"]) == ("Bill paid", "bills.bill.paid")
    assert named["kind of object"] == "users.user"


def test_days_and_moments_are_written_as_in_the_readers_region(auditor, checking):
    row = make_transaction(account=checking, amount="-1.00", txn_date=date(2026, 3, 9))
    reader = User.objects.get(email="auditor@staff.example")
    for tag, words in (("en-US", "Mar 9, 2026"), ("de-DE", "09.03.2026")):
        User.objects.filter(pk=reader.pk).update(locale=tag)
        page = auditor.get(TRANSACTIONS).content.decode()
        assert f'<time class="staff-moment" datetime="2026-03-09">{words}</time>' in page
    export = reverse("admin:transactions_transaction_export")
    _, line = rows_of(auditor.post(export))
    assert line[:2] == [str(row.pk), "2026-03-09"]


def test_support_reads_of_customers_only(client_for, alice):
    client = client_for(staff("support"))
    page = client.get(reverse("admin:users_user_changelist")).content.decode()
    assert "Customers and staff" not in page
    assert "<h1>Customers</h1>" in page
    assert "A whole name, email or phone number" in page


def test_suggestions_are_of_one_customer_or_of_the_newest_and_readers_alone_get_them(
    client_for, auditor, checking, bobs_account, groceries
):
    accounts = reverse("admin:accounts_account_suggest")
    categories = reverse("admin:transactions_category_suggest")

    def suggested(url: str, **query: str) -> list[str]:
        return re.findall(r'data-value="(\d+)"', auditor.get(url, query).content.decode())

    assert suggested(accounts, q="every") == [str(checking.pk)]
    assert suggested(accounts, q=str(checking.pk)) == [str(checking.pk)]
    assert suggested(accounts, q="own", customer=str(checking.user_id)) == []
    assert suggested(accounts, q="own", customer=str(bobs_account.user_id)) == [
        str(bobs_account.pk)
    ]
    assert suggested(accounts, q="") == []
    assert str(groceries.pk) in suggested(categories, q="grocer")
    make_transaction(account=checking, amount="-1.00", merchant="Corner & Co")
    merchants = reverse("admin:transactions_merchanttotal_suggest")
    for customer, names in (("", 1), (str(checking.user_id), 1), (str(bobs_account.user_id), 0)):
        page = auditor.get(merchants, {"q": "corner", "customer": customer}).content.decode()
        assert page.count('data-value="Corner &amp; Co"') == names
    assert client_for(staff("support")).get(accounts, {"q": "every"}).status_code == 403
    assert client_for(checking.user).get(accounts, {"q": "every"}).status_code == 302


def test_a_moment_is_filtered_by_yes_and_no(auditor, checking):
    page = auditor.get(ACCOUNTS).content.decode()
    assert re.search(r"Deleted\s*</summary>", page)
    assert ">Yes</a>" in page
    assert "Empty" not in page
    trash = auditor.get(ACCOUNTS, {"deleted_at__isempty": "0"})
    assert trash.context["cl"].result_count == 0


# --- Export ---------------------------------------------------------------------------------------


def test_an_auditor_takes_the_filtered_list_along_and_the_trail_says_so(auditor, alice, bob):
    make_account(user=alice, name="=HYPERLINK(1)", opening_balance="-12.50")
    make_account(user=bob, name="Beacon")
    before = everything()
    answer = auditor.post(f"{ACCOUNTS}export/?customer={alice.pk}")
    head, line, *rest = rows_of(answer)
    assert answer["Content-Disposition"].endswith('.csv"')
    assert rest == []
    cells = dict(zip(head, line, strict=True))
    assert cells["name"] == "'=HYPERLINK(1)"
    assert cells["balance"] == "-12.50 EUR"
    assert cells["customer"] == "alice@example.com"
    assert cells["type"] == "Checking"
    event = AuditEvent.objects.get(action="users.list.exported")
    assert event.changes == {"table": "accounts.account", "query": f"customer={alice.pk}"}
    assert everything() == before


@pytest.mark.slow
def test_every_list_can_be_exported_by_readers_alone(client_for, auditor, alice):
    make_transaction(account=make_account(user=alice), amount="10.00")
    support, customer = client_for(staff("support")), client_for(alice)
    for model in admin.site._registry:
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_export")
        assert rows_of(auditor.post(url))[0][0] == "id", model
        assert auditor.get(url).status_code == 405
        assert support.post(url).status_code == 403
        assert customer.post(url).status_code == 302


def test_a_stream_runs_one_query_for_all_rows(auditor, alice):
    for number in range(4):
        make_account(user=alice, name=f"Account {number}")
    answer, count = auditor.post(f"{ACCOUNTS}export/"), Account.objects.count()
    with CaptureQueriesContext(connection) as queries:
        assert len(rows_of(answer)) == 1 + count
    assert len(queries) == 1
