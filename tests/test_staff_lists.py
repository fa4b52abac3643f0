"""The staff site's lists: grouped by subject, bounded at any size, exported safely."""

import csv
import io

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from tests.builders import make_account, make_transaction, make_user
from tests.world import everything
from users.admin import lists
from users.admin.staff_site import GROUPS
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


# --- Bounds ---------------------------------------------------------------------------------------


def test_a_list_counts_no_further_than_its_limit(auditor, alice, monkeypatch):
    monkeypatch.setattr(lists, "STAFF_ROWS_COUNTED", 3)
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
