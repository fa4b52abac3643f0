"""The demo: always the same, created once, exact to the cent, never created by accident."""

import inspect
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from types import SimpleNamespace
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import connections
from django.db import transaction as db_transaction
from django.db.models import Model
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from accounts.models import Account
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from insights.demo.loading import PEOPLE, load_demo
from insights.figures.overview import overview
from insights.figures.period_choice import choose_period
from insights.tests.recomputation import recomputed_flows, recomputed_net_worth
from rewards.models import Reward
from tests.builders import PASSWORD, make_user, step_up
from tests.shared_rows import shared_rows
from tests.test_written_once import PRODUCT
from transactions.filters import TransactionFilter
from transactions.models import Category, CategoryRule, SavedView, Transaction, Transfer
from transactions.services.transfers import open_suggestions, suggest_transfers
from users.demo import PUBLISHED, REFUSAL
from users.models import AuditEvent, User
from users.tests.test_factors import code

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ON = date(2026, 3, 15)


def run_load_demo(**options) -> str:
    out = StringIO()
    call_command("load_demo", stdout=out, **options)
    return out.getvalue()


def state() -> list:
    rows = Transaction.objects.order_by("account__name", "txn_date", "id")
    return list(
        rows.values_list("account__name", "txn_date", "signed_amount", "description", "status")
    )


@pytest.fixture(scope="class")
def household(django_db_setup, django_db_blocker) -> Iterator[None]:
    with shared_rows(django_db_blocker):
        load_demo(on=ON, transaction_count=400)
        yield


@pytest.fixture
def demo(household, db) -> User:
    return User.objects.get(email="demo@example.com")


def test_load_demo_is_refused_without_the_demo_setting(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO is off"):
        run_load_demo()
    assert not User.objects.exists()


@pytest.mark.slow
def test_load_demo_creates_the_demo_once_and_prints_the_sign_ins(settings):
    settings.DEMO = True
    first = run_load_demo(transactions=200, on=ON)
    assert "The demo is loaded" in first
    for role in ("demo", "viewer", "analyst", "support", "auditor", "admin"):
        assert f"{role}@example.com" in first
    before = state(), AuditEvent.objects.count()
    assert "nothing was changed" in run_load_demo(transactions=200, on=ON)
    assert (state(), AuditEvent.objects.count()) == before


@pytest.mark.once
@pytest.mark.slow
def test_demo_is_deterministic_and_ends_on_the_given_day(db):
    states = []
    for _ in range(2):
        with db_transaction.atomic():
            load_demo(on=ON, transaction_count=300)
            states.append(state())
            db_transaction.set_rollback(True)
    assert states[0] == states[1]
    assert ON.replace(day=13) < max(row[1] for row in states[0]) <= ON
    assert {row[4] for row in states[0]} == {"posted", "pending"}


@pytest.mark.once
def test_no_visitor_can_lock_others_out_of_a_published_sign_in(settings, client_for, api_for):
    """On pages and in the API; without DEMO, or on a local machine, there is nobody to lock out."""
    assert {email for email, _, _ in PEOPLE} == PUBLISHED
    settings.DEMO = True
    demo = make_user("demo@example.com")
    page, api = client_for(demo), api_for(demo)
    step_up(page, demo)
    step_up(api, demo)
    EmailAddress.objects.create(user=demo, email=demo.email, primary=True, verified=True)
    secret = page.get("/users/2fa/totp/activate/").context["form"].secret
    before = User.objects.values().get()
    new = {"oldpassword": PASSWORD, "password1": "another-Horse-1", "password2": "another-Horse-1"}
    for url, form in (
        ("/users/password/change/", new),
        ("/users/email/", {"action_add": "", "email": "mine@example.com"}),
        ("/users/2fa/totp/activate/", {"code": code(secret, 1)}),
        ("/users/privacy/", {"confirm": demo.email}),
    ):
        answer = page.post(url, form)
        assert answer.status_code == 403, url
        assert escape(REFUSAL) in answer.content.decode(), url
    answer = api.delete("/api/users/me", {"confirm": demo.email})
    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (403, REFUSAL)
    assert User.objects.values().get() == before
    assert list(EmailAddress.objects.values_list("email", flat=True)) == [demo.email]
    assert not Authenticator.objects.exists()
    note = "This demo sign-in is shared"
    assert note in page.get("/users/security/").content.decode()
    settings.DEMO = False
    assert note not in page.get("/users/security/").content.decode()
    # On a local machine, nobody else uses the sign-ins.
    settings.DEMO, settings.ALLOWED_HOSTS = True, ["localhost"]
    page.defaults["HTTP_HOST"] = "localhost"
    assert note not in page.get("/users/security/").content.decode()
    assert page.post("/users/privacy/", {"confirm": demo.email}).status_code == 302


@pytest.mark.once
@pytest.mark.slow
def test_demo_can_be_created_in_any_size(db):
    loaded = load_demo(on=ON, transaction_count=6000)
    assert abs(loaded.transaction_count - 6000) < 300
    assert set(Account.objects.values_list("currency", flat=True)) == {"USD", "EUR", "GBP", "JPY"}
    assert not [
        account.name
        for account in Account.objects.all()
        if account.balance < -account.overdraft_limit and account.account_type != "loan"
    ]


class TestHousehold:
    @pytest.mark.once
    @pytest.mark.slow
    def test_demo_users_have_their_roles_and_the_password_works(self, demo, client):
        roles = dict(User.objects.values_list("email", "role"))
        assert roles["viewer@example.com"] == "viewer"
        staff = set(User.objects.filter(is_staff=True).values_list("role", flat=True))
        assert staff == {"support", "auditor", "admin"}
        assert demo.check_password("demo-Passw0rd!")

    @pytest.mark.slow
    def test_demo_viewer_and_analyst_see_every_account(self, demo):
        own = Account.objects.owned_by(demo).count()
        assert own == 7
        for email in ("viewer@example.com", "analyst@example.com"):
            guest = User.objects.get(email=email)
            assert Account.objects.visible_to(guest).count() == own

    @pytest.mark.slow
    def test_demo_figures_equal_their_recomputation(self, demo):
        figures = overview(user=demo, choice=choose_period({}, on=ON), on=ON)
        for flow in (figures.totals, figures.before):
            expected = recomputed_flows(demo, "USD", flow.period.start, flow.period.last_day)
            assert (flow.income, flow.expenses) == (expected["income"], expected["expenses"])
            assert flow.not_converted_count == 0
        assert (figures.net_worth.total, 0) == recomputed_net_worth(demo, "USD", ON)

    @pytest.mark.slow
    def test_demo_ledger_is_correct(self, demo):
        out = StringIO()
        call_command("check_ledger", stdout=out)
        assert " 1 off" not in out.getvalue()

    def test_demo_confirms_all_but_the_latest_transfers_and_has_rules_and_a_view(self, demo):
        pairs = Transfer.objects.visible_to(demo)
        left = pairs.filter(status="suggested")
        assert (left.count(), open_suggestions(demo).count()) == (2, 2)
        confirmed = pairs.filter(status="confirmed").exclude(outflow_transaction__category=None)
        assert confirmed.count() == pairs.count() - 2 >= 10
        assert set(confirmed.values_list("inflow_transaction__category__kind", flat=True)) == {
            "transfer"
        }
        # A second scan finds no further pairs.
        assert suggest_transfers(user=demo, since=ON - timedelta(days=400)) == 0
        assert CategoryRule.objects.visible_to(demo).count() == 4
        view = SavedView.objects.visible_to(demo).get()
        filters = TransactionFilter(
            QueryDict(view.query),
            Transaction.objects.visible_to(demo),
            request=SimpleNamespace(user=demo),
        )
        assert filters.is_valid()
        assert filters.qs.exists()

    def test_what_is_read_together_is_what_is_read_alone(self, demo):
        """Rows, values and their types, of every statement that is written once."""
        values = values_for(demo)
        asked = [
            one.asking(*(values[name] for name in inspect.signature(one.write).parameters))
            for one in PRODUCT
        ]
        alone = [one.rows() for one in asked]
        with read_snapshot() as alias, CaptureQueriesContext(connections[alias]) as captured:
            read_together(*asked)
            together = [one.rows() for one in asked]
        assert len(captured) == 1
        for one, some, others in zip(asked, alone, together, strict=True):
            assert sorted(map(shown, some)) == sorted(map(shown, others)), one
        assert sum(1 for rows in alone if rows) > len(alone) // 2


def values_for(user: User) -> dict:
    """Values that most statements find something for, by the names of their arguments."""
    rows = Transaction.objects.filter(user=user)
    tables = (Account.objects, Category.objects, Reward.objects, rows.order_by("-pk")[:50])
    ids = {pk for table in tables for pk in table.values_list("pk", flat=True)}
    told = rows.exclude(category_changes=None).order_by("pk")[0]
    first, last = date(2000, 1, 1), date(2100, 1, 1)
    chain = f"user:{user.pk}"
    return {
        **dict.fromkeys(("ids", "account_ids", "category_ids", "reward_ids", "shared_ids"), ids),
        **dict.fromkeys(("first", "since", "after"), first),
        **dict.fromkeys(("last", "end", "by"), last),
        **{"user_id": user.pk, "owner_ids": {user.pk}, "email": user.email},
        **{"starts": [first], "ends": [last], "names": {row.merchant for row in rows[:100]}},
        **{"currencies": {"USD", "EUR"}, "quotes": {"USD", "EUR"}},
        **{"own_chain": chain, "chain_names": [chain], "year": ON.year, "month": ON.month},
        **{"first_year": first.year, "first_month": 1, "days": [ON], "row_id": told.pk},
        **{"slug": "transfer", "slugs": ["transfer", "food"], "name": chain, "words": ["a", "e"]},
        **{"account_id": rows[0].account_id, "batch_id": 1, "units": 10_000, "family": UUID(int=7)},
    }


def shown(row: object, within: tuple[int, ...] = ()) -> str:
    """All that a row holds, with what is joined to it and with the types of the values.

    `within` are the rows around it: what is joined one to one leads back to them.
    """
    if not isinstance(row, Model):
        return repr(row)
    if id(row) in within:
        return f"around {row.pk}"
    held, around = {**row.__dict__, **row._state.fields_cache}, (*within, id(row))
    fields = [(key, shown(one, around)) for key, one in held.items() if key != "_state"]
    return f"{type(row)} {fields}"
