"""What each role and share level may see and do, on pages and in the API."""

import pytest

from accounts.sharing import accept_share, share_account
from tests.builders import TODAY, make_account, make_transaction, make_user
from transactions.models import Transaction
from users.models import User

pytestmark = pytest.mark.django_db
INSIGHTS = [
    *("cash-flow", "categories", "merchants", "burn-rate", "net-worth", "yearly"),
    *("recurring", "forecast"),
]
# role, share level, owns an account: sees insights of shared accounts, sees their budgets
LOOKERS = [
    ("viewer", "viewer", False, False),
    ("viewer", "analyst", False, False),
    ("analyst", "viewer", False, False),
    ("analyst", "analyst", False, True),
    ("user", "viewer", True, False),
    ("user", "analyst", True, True),
]


def looker(alice: User, account, role: str, level: str, owns: bool) -> User:
    user = make_user("looker@example.com", role=role, base_currency="EUR")
    if owns:
        make_account(user=user, name="Own")
    accept_share(
        actor=user, share=share_account(actor=alice, account=account, member=user, level=level)
    )
    return user


WITHOUT_PERIOD = ("burn-rate", "forecast", "recurring", "yearly")


@pytest.mark.slow
@pytest.mark.parametrize(("role", "level", "owns", "sees"), LOOKERS)
def test_insights_of_shared_accounts_depend_on_role_and_level(
    client_for, api_for, alice, checking, subtests, role, level, owns, sees
):
    make_transaction(account=checking, amount="-77.77", merchant="Xylograph", txn_date=TODAY)
    user = looker(alice, checking, role, level, owns)
    page, api = client_for(user), api_for(user)
    period = "include_shared=1&period=custom&date_from=2026-01-01&date_to=2026-12-31"
    for name in INSIGHTS:
        with subtests.test(name=name):
            taken = "include_shared=1" if name in WITHOUT_PERIOD else period
            answers = (
                api.get(f"/api/insights/{name}?{taken}"),
                page.get(f"/insights/{name}/?{period}"),
            )
            codes = {answer.status_code for answer in answers}
            # View-only shares are left out, and the viewer role has no insights at all.
            assert codes == ({403} if role == "viewer" else {200})
            assert sees or not any("Xylograph" in answer.content.decode() for answer in answers)
    merchants = api.get("/api/insights/merchants?" + period).content.decode()
    assert ("Xylograph" in merchants) is sees
    overview = api.get("/api/dashboard/overview?include_shared=1").json()
    assert ("insights" in overview) is sees
    assert overview["accounts"]["total_accounts"] == 1 + owns
    assert api.get(f"/api/accounts/{checking.pk}").json()["access"] == level


@pytest.mark.parametrize(("role", "level", "owns", "sees"), LOOKERS)
def test_analysts_may_add_transactions_and_only_owners_may_change_them(
    client_for, api_for, alice, checking, role, level, owns, sees
):
    row = make_transaction(account=checking)
    user = looker(alice, checking, role, level, owns)
    page, api = client_for(user), api_for(user)
    new = {
        "account": checking.pk, "amount": "5.00", "txn_type": "expense", "description": "x",
        "txn_date": "2026-03-15",
    }  # fmt: skip
    adds = level == "analyst" and role != "viewer"
    assert api.post("/api/transactions", new).status_code == (201 if adds else 403)
    count = Transaction.objects.count()
    assert count == 1 + adds
    for url in (f"/api/transactions/{row.pk}", f"/api/accounts/{checking.pk}"):
        assert api.patch(url, {"notes": "x", "name": "x"}).status_code == 403
        assert api.delete(url).status_code == 403
    assert page.post(f"/transactions/{row.pk}/delete/").status_code == 403
    assert page.get(f"/accounts/{checking.pk}/edit/").status_code == 403
    assert Transaction.objects.filter(deleted_at=None).count() == count


def test_viewers_see_only_the_summary_in_the_menu(client_for):
    page = (
        client_for(make_user("viewer@example.com", role="viewer"))
        .get("/accounts/")
        .content.decode()
    )
    assert "/insights/" not in page
    assert "/budgets/" not in page
    assert "/transactions/import/" not in page
    page = client_for(make_user("user@example.com")).get("/accounts/").content.decode()
    assert "/insights/cash-flow/" in page
    assert "/transactions/import/" in page
