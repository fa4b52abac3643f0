"""Account pages: totals per currency, form errors, and the trash with undo."""

from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps

from accounts.models import Account, AccountShare
from accounts.totals import totals_by_currency
from tests.builders import make_account, make_transaction, make_user
from users.models import AuditEvent


def page(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status
    return answer.content.decode()


def test_totals_never_mix_currencies(alice, bob, client_for):
    make_account(user=alice, name="A", opening_balance="100")
    make_account(user=alice, name="B", opening_balance="-20.50", overdraft_limit="50")
    make_account(user=alice, name="C", account_type="credit_card", opening_balance="-30")
    make_account(user=alice, name="D", currency="JPY", opening_balance="5000")
    totals = totals_by_currency(Account.objects.filter(user=alice))
    assert [(total.currency, total.assets, total.liabilities, total.net) for total in totals] == [
        ("EUR", Decimal("79.50"), Decimal(30), Decimal("49.50")),
        ("JPY", Decimal(5000), Decimal(0), Decimal(5000)),
    ]
    text = page(client_for(alice), "/accounts/")
    assert "Net worth in EUR" in text
    assert 'value="49.50"' in text
    assert 'value="5000"' in text


def test_list_groups_archived_accounts_and_marks_shared_ones(alice, bob, client_for, checking):
    archived = make_account(user=alice, name="Old one")
    Account.objects.filter(pk=archived.pk).update(is_active=False)
    joint = make_account(user=bob, name="Joint")
    AccountShare.objects.create(
        user=bob, member=alice, account=joint, level="viewer", status="accepted"
    )
    text = page(client_for(alice), "/accounts/")
    assert "Archived" in text
    assert "Old one" in text
    assert "Shared with you" in text
    assert text.count("Joint") == 1


def test_empty_list_explains_the_next_step(alice, client_for):
    assert "No accounts yet" in page(client_for(alice), "/accounts/")


def test_account_form_opens_an_account(alice, client_for):
    client = client_for(alice)
    answer = client.post(
        "/accounts/new/",
        {
            "name": "Giro",
            "account_type": "checking",
            "currency": "EUR",
            "last_four": "DE89 3704 0044 0532 0130 00",
            "opening_balance": "1,234.50",
            "overdraft_limit": "",
        },
    )
    account = Account.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/{account.pk}/")
    assert (account.balance, account.last_four) == (Decimal("1234.50"), "3000")
    assert "Giro added." in page(client, answer["Location"])


def test_invalid_entry_shows_an_error_at_its_field_and_opens_nothing(alice, client_for):
    answer = client_for(alice).post(
        "/accounts/new/",
        {"name": "", "account_type": "checking", "currency": "EUR", "overdraft_limit": "-5"},
    )
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"name", "overdraft_limit"}
    assert not Account.objects.exists()


def test_account_can_be_edited_archived_deleted_and_restored(alice, client_for, checking):
    client = client_for(alice)
    entries = {
        "name": "Renamed",
        "account_type": "savings",
        "currency": "EUR",
        "last_four": "****",
        "opening_balance": "900",
    }
    assert client.post(f"/accounts/{checking.pk}/edit/", entries).status_code == 302
    checking.refresh_from_db()
    assert (checking.name, checking.balance, checking.last_four) == ("Renamed", 900, "")
    client.post(f"/accounts/{checking.pk}/archive/")
    checking.refresh_from_db()
    assert not checking.is_active
    archived_at = checking.archived_at
    assert archived_at is not None
    client.post(f"/accounts/{checking.pk}/delete/")
    text = page(client, "/accounts/")
    assert "Renamed moved to the trash." in text
    assert f'action="/accounts/{checking.pk}/restore/"' in text
    page(client, f"/accounts/{checking.pk}/", 404)
    assert client.post(f"/accounts/{checking.pk}/restore/").status_code == 302
    checking.refresh_from_db()
    assert (checking.deleted_at, checking.archived_at) == (None, archived_at)
    # As the migration does for accounts archived before the date was stored.
    archived_at = AuditEvent.objects.get(changes__after__is_active=False).created_at
    Account.objects.filter(pk=checking.pk).update(archived_at=None)
    import_module("accounts.migrations.0005_archived_at").tell_from_the_trail(apps, None)
    checking.refresh_from_db()
    assert checking.archived_at == archived_at
    client.post(f"/accounts/{checking.pk}/archive/")
    checking.refresh_from_db()
    assert (checking.is_active, checking.archived_at) == (True, None)


def test_changes_require_post(alice, client_for, checking):
    for verb in ("archive", "delete", "restore"):
        assert client_for(alice).get(f"/accounts/{checking.pk}/{verb}/").status_code == 405
    checking.refresh_from_db()
    assert (checking.is_active, checking.deleted_at) == (True, None)


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_read_only_roles_see_no_actions_they_cannot_use(db, client_for, role):
    user = make_user("ro@example.com", role=role)
    account = make_account(user=user, opening_balance="5")
    make_transaction(account=account, amount="1")
    client = client_for(user)
    assert "Add account" not in page(client, "/accounts/")
    text = page(client, f"/accounts/{account.pk}/")
    assert "/edit/" not in text
    assert ("Add transaction" in text) == (role == "analyst")
    assert client.get("/accounts/new/").status_code == 403
