"""Whatever a bank does between syncs, and whatever fails on the way, the ledger ends up with its
data.

Lines are added, announced, booked, corrected and taken back in any order; pages change while they
are read; requests fail in every documented way; workers die; the person categorizes, deletes and
links the bank again. Each provider's server speaks its own protocol over HTTP.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from accounts.models import Account, BankConnection
from tests.builders import make_user
from tests.depth import up_to
from transactions.ledger_check import check_ledger
from transactions.models import BankLine, Category, ReviewItem, Transaction
from transactions.services import connecting, syncing
from transactions.services.categorizing import set_category
from transactions.services.posting import delete_transactions
from transactions.sources.banks import obp, plaid
from transactions.tests import bank_servers
from transactions.tests.bank_servers import Bank, ObpServer, PlaidServer, SimpleFinServer, StandIn
from transactions.tests.banks_connected import NOW, TODAY, given_to, ledger

# Lines are at most this old: with MOST_LINKS days more, still within what a sync without a cursor
# asks for again.
DAYS = 8
MOST_LINKS = 4
AMOUNTS = ["-10.00", "-10.00", "-3.20", "-49.90", "25.00"]
TEXTS = ["KERN BAKERY 0042", "SHELL STATION", "NETFLIX.COM", "HOTEL SEA"]
CATEGORIES = ["pets", "hotels", "fuel"]
POINTS = ["write_remote_accounts", "bring_in", "_end", "connector_of", "_start"]

FAULTS = {
    "down": bank_servers.down,
    "garbage": bank_servers.garbage,
    "enormous": bank_servers.enormous,
    "redirect": bank_servers.redirect,
    "silent": bank_servers.hung_up,
}
ERRORS = {
    PlaidServer: [
        bank_servers.plaid_error(*error)
        for error in (
            ("ITEM_ERROR", "ITEM_LOGIN_REQUIRED"),
            ("ITEM_ERROR", "PENDING_EXPIRATION"),
            ("INSTITUTION_ERROR", "INSTITUTION_DOWN"),
            ("INSTITUTION_ERROR", "INSTITUTION_NOT_RESPONDING"),
            ("RATE_LIMIT_EXCEEDED", "TRANSACTIONS_SYNC_LIMIT", 429),
            ("API_ERROR", "INTERNAL_SERVER_ERROR", 500),
            ("ITEM_ERROR", "PRODUCT_NOT_READY"),
            ("INVALID_REQUEST", "MISSING_FIELDS"),
            ("TRANSACTIONS_ERROR", "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"),
        )
    ],
    ObpServer: [
        bank_servers.obp_fault(*error)
        for error in (
            (401, "OBP-20001: User not logged in. Authentication is required!"),
            (401, "OBP-20003: Token is not valid."),
            (401, "OBP-20013: The account has been locked"),
            (400, "OBP-10023: obp_sort_direction parameter can only take two values"),
            (429, "OBP-10018: Too Many Requests."),
            (500, "OBP-50000: Unknown Error."),
        )
    ],
    SimpleFinServer: [
        bank_servers.status(402),
        bank_servers.status(429),
        bank_servers.status(500),
        bank_servers.status(404),
    ],
}

lines = st.tuples(st.integers(0, DAYS), st.sampled_from(AMOUNTS), st.sampled_from(TEXTS))
which = st.integers(0, 20)
steps = st.one_of(
    st.tuples(st.just("add"), lines),
    st.tuples(st.just("pend"), lines),
    st.tuples(
        st.just("settle"),
        st.tuples(which, st.integers(0, 3), st.sampled_from([None, "-11.40"]), st.booleans()),
    ),
    st.tuples(st.just("withdraw"), which),
    st.tuples(st.just("revise"), st.tuples(which, lines)),
    st.tuples(st.just("remove"), which),
    st.tuples(st.just("categorize"), st.tuples(which, st.sampled_from(CATEGORIES))),
    st.tuples(st.just("discard"), which),
    st.tuples(st.just("sync"), st.just(None)),
    st.tuples(st.just("sync"), st.just(None)),
    st.tuples(st.just("fail"), st.tuples(st.sampled_from(sorted(FAULTS)), st.integers(0, 3))),
    st.tuples(st.just("refuse"), st.tuples(which, st.integers(0, 3))),
    st.tuples(st.just("mutate"), which),
    st.tuples(st.just("die"), st.sampled_from(POINTS)),
    st.tuples(st.just("relink"), st.just(None)),
)
ADDED = ("add", (0, "-10.00", "KERN BAKERY 0042"))
PENDED = ("pend", (0, "-10.00", "KERN BAKERY 0042"))
SYNCED = ("sync", None)


class Killed(BaseException):
    """A worker's death in the middle of its work."""


@dataclass
class Story:
    """One bank, one connection, and what the person did."""

    server: StandIn
    connection: BankConnection
    account: Account
    at: datetime = NOW
    # The bank's line → the category the person gave it.
    chosen: dict[str, str] = field(default_factory=dict)
    # The bank's lines that the person moved to the trash.
    discarded: set[str] = field(default_factory=set)
    relinked: int = 0

    @property
    def bank(self) -> Bank:
        return self.server.bank

    def line(self, number: int, *, pending: bool) -> str | None:
        fitting = [pk for pk, line in self.bank.lines.items() if line.is_pending == pending]
        return fitting[number % len(fitting)] if fitting else None

    # --- The bank ---

    def add(self, entry: tuple[int, str, str], **more: bool) -> None:
        back, amount, text = entry
        self.bank.add("main", TODAY - timedelta(days=back), amount, text, **more)

    def pend(self, entry: tuple[int, str, str]) -> None:
        self.add(entry, is_pending=True)

    def settle(self, about: tuple[int, int, str | None, bool]) -> None:
        number, later, amount, names_it = about
        pk = self.line(number, pending=True)
        if pk is None:
            return
        on = min(self.bank.lines[pk].on + timedelta(days=later), TODAY)
        booked = self.bank.settle(pk, on, amount, names_it=names_it)
        category = self.chosen.pop(pk, None)
        if category and names_it and isinstance(self.server, PlaidServer):
            self.chosen[booked.pk] = category

    def withdraw(self, number: int) -> None:
        self._take(self.line(number, pending=True))

    def remove(self, number: int) -> None:
        self._take(self.line(number, pending=False))

    def _take(self, pk: str | None) -> None:
        if pk is not None:
            self.bank.remove(pk)
            self.chosen.pop(pk, None)

    def revise(self, about: tuple[int, tuple[int, str, str]]) -> None:
        number, (back, amount, text) = about
        pk = self.line(number, pending=False)
        if pk is not None:
            on = TODAY - timedelta(days=back)
            self.bank.revise(pk, on=on, amount=Decimal(amount), text=text)

    def mutate(self, number: int) -> None:
        """The bank's data changes between two pages of a sync."""
        if isinstance(self.server, PlaidServer):
            self.server.between_pages = lambda: self.remove(number)
        self.sync()

    # --- The person ---

    def categorize(self, about: tuple[int, str]) -> None:
        number, slug = about
        rows = list(
            Transaction.objects.filter(account=self.account, deleted_at=None).order_by("pk")
        )
        if not rows:
            return
        row = rows[number % len(rows)]
        category = Category.objects.get(user=None, slug=slug)
        set_category(actor=self.account.user, transaction=row, category=category)
        if (pk := self._line_of(row)) in self.bank.lines:
            self.chosen[pk] = slug

    def discard(self, number: int) -> None:
        """The person moves a booked line to the trash. The bank goes on listing it."""
        rows = Transaction.objects.filter(account=self.account, deleted_at=None, status="posted")
        if not (found := list(rows.order_by("pk"))):
            return
        row = found[number % len(found)]
        delete_transactions(actor=self.account.user, rows=rows.filter(pk=row.pk))
        self.discarded.add(self._line_of(row))
        self.chosen.pop(self._line_of(row), None)

    def _line_of(self, row: Transaction) -> str:
        """The bank's latest id of a row, as the bank itself knows it."""
        latest = row.bank_lines.order_by("pk").last()
        return latest.external_id.partition("-")[0] if latest else ""

    def relink(self, _: None) -> None:
        """Disconnect, connect the same bank again; Plaid then has other ids for everything.

        What the bank takes back while nobody is connected cannot be noticed.
        """
        if self.relinked == MOST_LINKS:
            return
        self.at += timedelta(days=1)
        self.recover()
        if isinstance(self.server, PlaidServer):
            self.server.between_pages = None
        user = self.account.user
        connecting.disconnect_bank(
            actor=user, connection=self.connection, keep_data=True, at=self.at
        )
        self.relinked += 1
        if isinstance(self.server, PlaidServer):
            self.server.id_suffix = self._suffix()
        if isinstance(self.server, SimpleFinServer):
            self.server.is_claimed = False
        self.server.faults.clear()
        self.connection = connected(user, self.server, self.at)
        assert self.connection.connected_accounts.get().account == self.account
        self.discarded.clear()
        self.sync()

    def _suffix(self) -> str:
        is_plaid = isinstance(self.server, PlaidServer)
        return f"-{self.relinked}" if is_plaid and self.relinked else ""

    # --- Syncs ---

    def sync(self, _: None = None) -> None:
        self.at += timedelta(minutes=20)
        syncing.sync_connection(connection_id=self.connection.pk, at=self.at)

    def fail(self, about: tuple[str, int]) -> None:
        name, after = about
        self._fail(FAULTS[name], after)

    def refuse(self, about: tuple[int, int]) -> None:
        number, after = about
        errors = ERRORS[type(self.server)]
        self._fail(errors[number % len(errors)], after)

    def _fail(self, fault, after: int) -> None:
        """One answer fails; the retries of a request fail as well."""
        self.server.faults = [*[None] * after, fault, fault, fault]
        self.sync()
        self.server.faults = []

    def die(self, point: str) -> None:
        with pytest.MonkeyPatch.context() as broken, suppress(Killed):
            broken.setattr(syncing, point, killed)
            self.sync()
        # The lease of the dead worker has to expire.
        self.at += timedelta(minutes=20)

    # --- The end ---

    def finish(self) -> None:
        """All is well again, and the bank's last days are over."""
        self.at += timedelta(days=1)
        self.recover()

    def recover(self) -> None:
        user = self.account.user
        connecting.reconnect_bank(actor=user, connection=self.connection, given={}, at=self.at)
        self.sync()
        self.connection.refresh_from_db()
        assert self.connection.status == "active", self.connection.error

    def check(self) -> None:
        self.account.refresh_from_db()
        away = [x for x in self.bank.lines.values() if x.pk in self.discarded]
        posted = Counter(self.bank.posted("main")) - Counter((x.on, x.amount) for x in away)
        assert Counter(ledger(self.account)) == posted
        assert self.account.balance == self.bank.balance("main") - sum(x.amount for x in away)
        if not isinstance(self.server, ObpServer):
            assert Counter(pending(self.account)) == Counter(
                (x.on, x.amount) for x in self.bank.lines.values() if x.is_pending
            )
        assert not ReviewItem.objects.open().filter(account=self.account).exists()
        found = dict(categories(self.account))
        assert {pk: found.get(pk) for pk in self.chosen} == self.chosen
        assert check_ledger().is_clean


def killed(*args, **kwargs):
    raise Killed


def connected(user, server: StandIn, at: datetime) -> BankConnection:
    provider = {PlaidServer: "plaid", ObpServer: "obp", SimpleFinServer: "simplefin"}[type(server)]
    asked = connecting.ask_bank(user=user, provider=provider, given=given_to(server))
    return connecting.connect_bank(actor=user, user=user, provider=provider, asked=asked, at=at)


def pending(account) -> list[tuple[date, Decimal]]:
    rows = Transaction.objects.filter(account=account, deleted_at=None, status="pending")
    return sorted(rows.values_list("txn_date", "signed_amount"))


def categories(account) -> Iterator[tuple[str, str]]:
    """(The bank's id, the manual category's slug) of every live transaction, by all its ids."""
    lines = BankLine.objects.filter(account=account, transaction__deleted_at=None)
    lines = lines.filter(transaction__category_source="manual")
    for pk, slug in lines.values_list("external_id", "transaction__category__slug"):
        yield pk.partition("-")[0], slug


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.parametrize("provider", ["plaid", "obp", "simplefin"])
@pytest.mark.django_db
def test_ledger_ends_up_with_the_banks_data(provider, servers, httpserver, monkeypatch):
    monkeypatch.setattr(plaid, "PAGE_SIZE", 2)
    monkeypatch.setattr(obp, "PAGE_SIZE", 2)

    @settings(
        max_examples=up_to(12, quick=4), phases=[Phase.explicit, Phase.generate], print_blob=True
    )
    @given(st.lists(steps, min_size=3, max_size=25))
    @example([ADDED, SYNCED, ("revise", (0, (6, "-3.20", "KERN BAKERY 0042")))])
    @example([PENDED, SYNCED, ("add", (0, "-10.00", "SHELL STATION"))])
    @example([ADDED, SYNCED, PENDED])
    def tell(story_steps):
        bank = Bank()
        bank.open("main", opening=Decimal("100.00"))
        server = {
            "plaid": PlaidServer(bank),
            "obp": ObpServer(bank),
            "simplefin": SimpleFinServer(bank, root=httpserver.url_for("").rstrip("/")),
        }[provider]
        httpserver.clear()
        httpserver.expect_request(re.compile(".*")).respond_with_handler(server)
        user = make_user(f"{uuid4()}@example.com")
        connection = connected(user, server, NOW)
        choice = {connection.connected_accounts.get().external_id: "new"}
        connecting.map_accounts(actor=user, connection=connection, choices=choice)
        account = connection.connected_accounts.get().account
        story = Story(server, connection, account)
        story.sync()
        for name, about in story_steps:
            getattr(story, name)(about)
        story.finish()
        story.check()

    tell()
