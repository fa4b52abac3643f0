"""The ledger in the admin site: read-only for everyone, with a constant number of queries."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, AccountShare, ExchangeRate
from tests.builders import make_account, make_transaction, make_user
from tests.shared_rows import shared_rows
from tests.world import things_of
from transactions.models import (
    Category,
    CategoryChange,
    DailyTotal,
    ImportBatch,
    ImportRow,
    MerchantTotal,
    MonthlyTotal,
    ReviewItem,
    Transaction,
    Transfer,
)
from transactions.services.categorizing import set_category
from users.audit.activity_words import words_for
from users.models import AuditEvent
from users.services import people

MODELS = [
    Account, AccountShare, ExchangeRate, Transaction, DailyTotal, MonthlyTotal, MerchantTotal,
    CategoryChange, ImportBatch, ImportRow, ReviewItem, Category,
]  # fmt: skip


def staff(client_for, role):
    user = make_user(f"{role}@example.com")
    people.set_role(actor=None, user=user, role=role)
    return client_for(type(user).objects.get(pk=user.pk))


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture(scope="class")
def shared_world(django_db_setup, django_db_blocker):
    with shared_rows(django_db_blocker):
        make_world(make_user("alice@example.com"), make_user("bob@example.com"))
        yield


@pytest.fixture
def world(shared_world, db):
    """One of everything, read only."""


def make_world(alice, bob):
    things = things_of(alice)
    set_category(actor=alice, transaction=things["transaction"], category=None)
    AccountShare.objects.create(user=alice, member=bob, account=things["account"], level="viewer")
    ExchangeRate.objects.create(
        base="EUR", quote="USD", rate="1.1", rate_on="2026-03-01", source="test"
    )


class TestEveryTable:
    @pytest.mark.slow
    @pytest.mark.parametrize("role", ["admin", "auditor"])
    @pytest.mark.parametrize("model", MODELS)
    def test_admins_and_auditors_can_view_and_search(self, world, client_for, model, role):
        client = staff(client_for, role)
        row = model.objects.order_by("-pk").first()
        assert client.get(url(model, "changelist"), {"q": "1"}).status_code == 200
        assert client.get(url(model, "changelist")).status_code == 200
        assert client.get(url(model, "change", row.pk)).status_code == 200

    @pytest.mark.slow
    @pytest.mark.once
    @pytest.mark.parametrize("role", ["admin", "auditor"])
    @pytest.mark.parametrize("model", MODELS)
    def test_nobody_can_add_change_or_delete_ledger_rows(self, world, client_for, model, role):
        client = staff(client_for, role)
        row = model.objects.exclude(pk__in=Category.objects.filter(user=None).values("pk"))
        row = (row if model is Category else model.objects).order_by("-pk").first()
        before = list(model.objects.order_by("pk").values())
        assert client.get(url(model, "add")).status_code == 403
        assert client.post(url(model, "change", row.pk), {"name": "x"}).status_code == 403
        assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
        client.post(
            url(model, "changelist"),
            {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"},
        )
        assert list(model.objects.order_by("pk").values()) == before

    @pytest.mark.once
    @pytest.mark.parametrize("model", MODELS)
    def test_support_sees_no_money(self, world, client_for, model):
        assert staff(client_for, "support").get(url(model, "changelist")).status_code == 403


def test_transfers_and_categories_are_listed_in_what_people_see(alice, client_for):
    """Date, accounts and amounts of a transfer; a category's icon and color beside their words."""
    sent, got = (
        make_transaction(
            account=make_account(user=alice, name=name, currency=currency, opening_balance="100"),
            amount=amount, txn_date=date(2026, 3, 5),
        )
        for name, currency, amount in (("Checking", "EUR", "-90.00"), ("Savings", "USD", "97.50"))
    )  # fmt: skip
    Transfer.objects.create(user=alice, outflow_transaction=sent, inflow_transaction=got)
    client = staff(client_for, "auditor")
    page = client.get(url(Transfer, "changelist")).content.decode()
    for row, name in ((sent, "Checking"), (got, "Savings")):
        assert f'<a href="{url(Transaction, "change", row.pk)}">{name}</a>' in page
    assert "Mar 5, 2026" in page
    page = client.get(url(Transaction, "change", sent.pk)).content.decode()
    assert ">-€90.00</bdi>" in page
    assert '<time class="staff-moment" datetime="2026-03-05">Mar 5, 2026</time>' in page
    event = AuditEvent.objects.order_by("-pk").first()
    page = client.get(url(AuditEvent, "change", event.pk)).content.decode()
    assert f"<h2>{words_for(event.action)}</h2>" in page
    saved = client.post(url(Transfer, "export")).getvalue().decode().splitlines()[1]
    assert ",Checking,Savings,-90.00 EUR,97.50 USD,Suggested," in saved
    page = client.get(url(Category, "changelist"), {"q": "groceries"}).content.decode()
    groceries = Category.objects.get(slug="groceries")
    assert f"color={groceries.color}>" in page
    assert f"</svg> {groceries.icon}</span></td>" in page
    assert "style=" not in page
    saved = client.post(url(Category, "export")).getvalue().decode()
    assert f",Predefined,{groceries.icon},{groceries.color},In use" in saved


def test_admin_edits_a_predefined_category_through_the_service(client_for, groceries):
    client = staff(client_for, "admin")
    answer = client.post(
        url(Category, "change", groceries.pk),
        {"name": "Supermarket", "icon": "store", "color": "#123456"},
    )
    assert answer.status_code == 302
    groceries.refresh_from_db()
    assert (groceries.name, groceries.icon, groceries.slug) == ("Supermarket", "store", "groceries")
    event = AuditEvent.objects.get(action="transactions.category.edited")
    assert event.changes["before"]["name"] == "Groceries"


def test_auditor_cannot_edit_categories(client_for, groceries):
    answer = staff(client_for, "auditor").post(
        url(Category, "change", groceries.pk), {"name": "X", "icon": "x", "color": "#123456"}
    )
    assert answer.status_code == 403
    groceries.refresh_from_db()
    assert groceries.name == "Groceries"


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("model", [Account, Transaction, MerchantTotal, CategoryChange, Transfer])
def test_list_runs_as_many_queries_for_twenty_rows_as_for_two(alice, bob, client_for, model):
    make_world(alice, bob)
    client = staff(client_for, "admin")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url(model, "changelist")).status_code == 200
        return len(captured)

    client.get(url(model, "changelist"))
    few = queries()
    for number in range(5):
        person = make_user(f"p{number}@example.com")
        things = things_of(person)
        make_transaction(account=things["account"])
        set_category(actor=person, transaction=things["transaction"], category=None)
    assert queries() == few
