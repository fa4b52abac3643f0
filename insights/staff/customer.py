"""The staff's page of one customer: everything about a person that the reader may see.

Support sees neither money nor what was paid to whom: no amounts, merchants, account names or
numbers, and addresses masked. Each section holds its newest rows and links to the whole list.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import Count, QuerySet, Sum
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import Account, AccountShare, BankConnection
from banking.limits import CUSTOMER_SECTION_ROWS
from bills.models import Bill
from insights.models import Export
from insights.staff.finding import people_for, shown_email, shown_name
from transactions.models import Transaction
from users.audit.activity import describe
from users.audit.activity_words import WORDS
from users.audit.trail import chain_name
from users.erasure import is_erased
from users.masking import masked_phone, masked_text
from users.messages.kind_words import kind_words
from users.messages.outbox import SENT_AGAIN
from users.models import AuditEvent, Notification, User
from users.policy import Ability, is_staff_role, may
from users.services.sessions import live_families, live_sessions
from users.services.staffing import with_locks
from users.timezones import local_date
from users.user_agents import device_name


@dataclass(frozen=True, slots=True)
class Cell:
    """One value; `kind` says how it is drawn: text, number, time, day, money (amount, currency),
    state.
    """

    value: Any
    kind: str = "text"
    currency: str = ""
    link: str = ""

    @property
    def style(self) -> str:
        """The CSS class of the table cell."""
        if self.kind in ("money", "number"):
            return "staff-number"
        return "staff-short" if self.kind == "state" else ""


@dataclass(frozen=True, slots=True)
class Action:
    """A button: a POST to this URL."""

    label: str
    url: str
    is_grave: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, and the actions it offers."""

    cells: list[Cell]
    actions: list[Action] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Section:
    """A titled table. `more` links to the whole list; `empty` is shown if there are no rows."""

    key: str
    title: str
    headings: list[str]
    rows: list[Row]
    empty: str
    more: str = ""

    @property
    def lines(self) -> list[tuple[list[tuple[str, Cell]], list[Action]]]:
        """Each row's cells under their headings, and its actions."""
        return [(list(zip(self.headings, r.cells, strict=True)), r.actions) for r in self.rows]

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """Each heading, and whether numbers stand under it."""
        numbers = [cell.style == "staff-number" for cell in self.rows[0].cells]
        return list(zip(self.headings, numbers, strict=True))

    @property
    def has_actions(self) -> bool:
        return any(row.actions for row in self.rows)


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Everything a reader sees of one person."""

    user: User
    name: str
    email: str
    facts: list[tuple[str, Cell]]
    actions: list[Action]
    sections: list[Section]
    may_decide: bool
    may_revoke: bool
    may_erase: bool


@dataclass(frozen=True, slots=True)
class _Reader:
    """The reader, the customer and the time, and what the reader may see and do."""

    reader: User
    user: User
    at: datetime

    @property
    def sees_all(self) -> bool:
        return may(self.reader, Ability.READ_EVERYTHING)

    @property
    def helps(self) -> bool:
        """Whether the reader may help: never themselves, and other staff only as an admin."""
        is_own = self.reader.pk == self.user.pk
        is_reachable = not is_staff_role(self.user.role) or may(self.reader, Ability.MANAGE_USERS)
        return may(self.reader, Ability.HELP_PEOPLE) and not is_own and is_reachable

    @property
    def manages(self) -> bool:
        """Whether the reader may decide about this person: admins, but never about themselves."""
        return may(self.reader, Ability.MANAGE_USERS) and self.reader.pk != self.user.pk

    def all_of(self, table: str, **query: Any) -> str:
        """The whole list behind a section, for those who may open it."""
        if not self.sees_all:
            return ""
        query = query or {"customer": self.user.pk}
        return f"{reverse(f'admin:{table}_changelist')}?{urlencode(query)}"

    def row_of(self, table: str, pk: int) -> str:
        return reverse(f"admin:{table}_change", args=[pk]) if self.sees_all else ""


def find_person(reader: User, pk: int, at: datetime) -> Any:
    """The person, or None if this member of staff may not see them."""
    return with_locks(people_for(reader), at).filter(pk=pk).first()


def customer_page(*, reader: User, user: Any, at: datetime) -> CustomerPage:
    """Load the page. The number of queries does not depend on the number of rows."""
    who = _Reader(reader, user, at)
    return CustomerPage(
        user=user,
        name=shown_name(reader, user),
        email=shown_email(reader, user),
        facts=list(_facts(who)),
        actions=list(_actions(who)),
        sections=[make(who) for make in _SECTIONS],
        may_decide=who.manages and user.kyc_status == User.KycStatus.PENDING,
        may_revoke=who.manages and user.kyc_status == User.KycStatus.VERIFIED,
        may_erase=who.manages and not is_erased(user),
    )


def _facts(who: _Reader) -> Iterable[tuple[str, Cell]]:
    user: Any = who.user
    yield "Customer number", Cell(user.pk)
    yield "Email", Cell(shown_email(who.reader, user))
    confirmed = EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists()
    yield "Email confirmed", Cell("Yes" if confirmed else "No", "state")
    yield "Phone", Cell((user.phone if who.sees_all else masked_phone(user.phone)) or "–")
    yield "Role", Cell(user.get_role_display())
    yield "Status", Cell("Active" if user.is_active else "Deactivated", "state")
    yield "Sign-in", Cell("Locked" if user.is_locked else "Open", "state")
    yield "Identity check", Cell(user.get_kyc_status_display(), "state")
    factors = Authenticator.objects.filter(user=user).exists()
    yield "Two-step verification", Cell("On" if factors else "Off")
    yield "Time zone", Cell(user.timezone)
    yield "Region", Cell(user.locale)
    yield "Customer since", Cell(user.created_at, "day")
    yield "Last sign-in", Cell(user.last_login, "time")


def _actions(who: _Reader) -> Iterable[Action]:
    user: Any = who.user
    if not who.helps:
        return
    if user.is_locked:
        yield Action("Unlock sign-in", reverse("admin:customer_unlock", args=[user.pk]))
    if may(who.reader, Ability.MANAGE_USERS) and Authenticator.objects.filter(user=user).exists():
        url = reverse("admin:customer_reset_factors", args=[user.pk])
        yield Action("Reset two-step verification", url, True)
    yield Action("Sign out everywhere", reverse("admin:customer_sign_out", args=[user.pk]), True)
    if not EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists():
        url = reverse("admin:customer_confirmation", args=[user.pk])
        yield Action("Resend confirmation email", url)


def _accounts(who: _Reader) -> Section:
    rows = Account.objects.filter(user=who.user, deleted_at=None).order_by("-is_active", "-id")
    lines = [
        Row(
            [
                *(
                    [Cell(str(account), link=who.row_of("accounts_account", account.pk))]
                    * who.sees_all
                ),
                Cell(account.get_account_type_display()),
                Cell(account.currency),
                *([Cell(account.balance, "money", account.currency)] * who.sees_all),
                Cell("Active" if account.is_active else "Archived", "state"),
                Cell(account.created_at, "day"),
            ]
        )
        for account in rows[:CUSTOMER_SECTION_ROWS]
    ]
    return Section(
        "accounts",
        "Accounts",
        [
            *(["Account"] * who.sees_all),
            *("Type", "Currency"),
            *(["Balance"] * who.sees_all),
            *("Status", "Added"),
        ],
        lines,
        "No accounts yet.",
        who.all_of("accounts_account"),
    )


def _balances(who: _Reader) -> Section:
    """Opening balance + posted transactions = balance, per account. Support sees only whether it
    is true."""
    accounts = Account.objects.filter(user=who.user, deleted_at=None).order_by("-is_active", "-id")
    shown = list(accounts[:CUSTOMER_SECTION_ROWS])
    posted = Transaction.objects.posted().filter(account__in=shown, deleted_at=None)
    sums = {
        pk: (count, total)
        for pk, count, total in posted.order_by()
        .values_list("account")
        .annotate(count=Count("pk"), total=Sum("signed_amount"))
    }
    lines = []
    for account in shown:
        count, total = sums.get(account.pk, (0, Decimal(0)))
        adds_up = account.opening_balance + total == account.balance
        amounts = [
            Cell(account.opening_balance, "money", account.currency),
            Cell(total, "money", account.currency),
            Cell(account.balance, "money", account.currency),
        ]
        cells = [
            Cell(str(account) if who.sees_all else account.get_account_type_display()),
            Cell(count, "number"),
            *(amounts * who.sees_all),
            Cell("Yes" if adds_up else "No", "state"),
        ]
        lines.append(Row(cells))
    return Section(
        "balances",
        "How balances add up",
        [
            *("Account", "Posted transactions"),
            *(["Opening balance", "Sum of transactions", "Balance"] * who.sees_all),
            "Adds up",
        ],
        lines,
        "No accounts yet.",
    )


def _connections(who: _Reader) -> Section:
    rows = BankConnection.objects.filter(user=who.user, disconnected_at=None).order_by("-id")
    table = "accounts_bankconnection"
    lines = [
        Row(
            [
                *(
                    [Cell(connection.institution_name, link=who.row_of(table, connection.pk))]
                    * who.sees_all
                ),
                Cell(connection.get_provider_display()),
                Cell(connection.get_status_display(), "state"),
                Cell(connection.error_code or "–"),
                Cell(connection.last_synced_at, "time"),
            ]
        )
        for connection in rows[:CUSTOMER_SECTION_ROWS]
    ]
    return Section(
        "connections",
        "Bank connections",
        [*(["Bank"] * who.sees_all), "Through", "Status", "Error", "Last synced"],
        lines,
        "No bank is connected.",
        who.all_of(table),
    )


def _bills(who: _Reader) -> Section:
    today = local_date(who.user.timezone, who.at)
    rows = Bill.objects.open().filter(user=who.user).order_by("due_date", "id")
    lines = []
    for bill in rows.select_related("payment")[:CUSTOMER_SECTION_ROWS]:
        actions = []
        if who.helps:
            url = reverse("admin:customer_remind", args=[who.user.pk, bill.pk])
            actions.append(Action("Send reminder", url))
        cells = [
            Cell(bill.due_date, "day", link=who.row_of("bills_bill", bill.pk)),
            *([Cell(bill.biller_name)] * who.sees_all),
            *([Cell(bill.amount_due, "money", bill.currency)] * who.sees_all),
            Cell(Bill.Status(bill.status_on(today)).label, "state"),
            Cell("Automatic" if bill.auto_pay else "Manual"),
        ]
        lines.append(Row(cells, actions))
    return Section(
        "bills",
        "Bills due",
        ["Due", *(["Payee", "Amount"] * who.sees_all), "Status", "Payment"],
        lines,
        "No bill is due.",
        who.all_of("bills_bill"),
    )


def _messages(who: _Reader) -> Section:
    lines = []
    for message in Notification.objects.filter(recipient=who.user)[:CUSTOMER_SECTION_ROWS]:
        actions = []
        if who.helps and message.status in SENT_AGAIN:
            url = reverse("admin:customer_resend", args=[who.user.pk, message.pk])
            actions.append(Action("Resend", url))
        cells = [
            Cell(message.created_at, "time", link=who.row_of("users_notification", message.pk)),
            Cell(kind_words(message.kind)),
            Cell(message.get_channel_display()),
            Cell(message.get_status_display(), "state"),
            Cell(masked_text(message.provider_answer) or "–"),
        ]
        lines.append(Row(cells, actions))
    url = reverse("admin:users_notification_changelist")
    return Section(
        "messages",
        "Messages",
        ["Time", "About", "Channel", "Status", "Provider's answer"],
        lines,
        "No messages yet.",
        f"{url}?{urlencode({'customer': who.user.pk})}",
    )


def _sign_ins(who: _Reader) -> Section:
    """Open sessions of browsers and apps, newest first."""
    found = [
        (session.last_seen_at, "Browser", device_name(session.user_agent), session.ip)
        for session in live_sessions(who.user, who.at)
    ]
    found += [
        (session.created_at, "App", device_name(session.user_agent), session.ip)
        for session in live_families(who.user, who.at)
    ]
    found.sort(key=lambda session: session[0], reverse=True)
    lines = [
        Row([Cell(seen, "time"), Cell(kind), Cell(device), *([Cell(ip or "–")] * who.sees_all)])
        for seen, kind, device, ip in found[:CUSTOMER_SECTION_ROWS]
    ]
    return Section(
        "sessions",
        "Open sessions",
        ["Last used", "Through", "Device", *(["Address"] * who.sees_all)],
        lines,
        "Not signed in anywhere.",
        who.all_of("usersessions_usersession"),
    )


def _exports(who: _Reader) -> Section:
    rows = Export.objects.filter(user=who.user).order_by("-id")
    lines = [
        Row(
            [
                Cell(export.created_at, "time", link=who.row_of("insights_export", export.pk)),
                Cell(export.get_kind_display()),
                Cell(export.get_status_display(), "state"),
                Cell(export.expires_at, "day"),
            ]
        )
        for export in rows[:CUSTOMER_SECTION_ROWS]
    ]
    return Section(
        "exports",
        "Exports",
        ["Requested", "File", "Status", "Kept until"],
        lines,
        "No exports yet.",
        who.all_of("insights_export"),
    )


def _shares(who: _Reader) -> Section:
    lines = [
        *_share_rows(who, "Given", AccountShare.objects.filter(user=who.user), "member"),
        *_share_rows(who, "Received", AccountShare.objects.filter(member=who.user), "user"),
    ]
    return Section(
        "shares",
        "Shared accounts",
        [
            "Direction",
            *(["Account", "With"] * who.sees_all),
            *("Level", "Status", "Since"),
        ],
        lines,
        "Nothing is shared.",
        who.all_of("accounts_accountshare"),
    )


def _share_rows(
    who: _Reader, direction: str, rows: QuerySet[AccountShare], other: str
) -> Iterable[Row]:
    for share in rows.select_related("account", "user", "member").order_by("-id")[:5]:
        person: User | None = getattr(share, other)
        link = reverse("admin:customer", args=[person.pk]) if person else ""
        account = Cell(str(share.account), link=who.row_of("accounts_accountshare", share.pk))
        with_whom = Cell(person.email if person else share.invited_email, link=link)
        yield Row(
            [
                Cell(direction),
                *([account, with_whom] * who.sees_all),
                Cell(share.get_level_display()),
                Cell(share.get_status_display(), "state"),
                Cell(share.created_at, "day"),
            ]
        )


def _trail(who: _Reader) -> Section:
    """The latest audit events. Support sees only those of sign-in and settings, without details."""
    events = AuditEvent.objects.filter(chain__name=chain_name(who.user.pk))
    if not who.sees_all:
        events = events.filter(action__in=[*WORDS["access"], *WORDS["settings"]])
    lines = []
    for event in events.select_related("actor", "chain").order_by("-id")[:CUSTOMER_SECTION_ROWS]:
        words = describe(event, who.user)
        by = "Customer" if words["is_own"] else words["by"] or "Automatic"
        if who.sees_all and event.actor:
            by = event.actor.email
        details = ", ".join(f"{name}: {value}" for name, value in words["details"])
        cells = [
            Cell(event.created_at, "time", link=who.row_of("users_auditevent", event.pk)),
            Cell(words["what"]),
            Cell(by),
            *([Cell(event.ip or "–"), Cell(details or "–")] * who.sees_all),
        ]
        lines.append(Row(cells))
    return Section(
        "trail",
        "Audit trail",
        ["Time", "What", "By", *(["Address", "Details"] * who.sees_all)],
        lines,
        "Nothing has happened yet.",
        who.all_of("users_auditevent", chain__name=chain_name(who.user.pk)),
    )


_SECTIONS: list[Callable[[_Reader], Section]] = [
    _accounts,
    _balances,
    _connections,
    _bills,
    _messages,
    _sign_ins,
    _exports,
    _shares,
    _trail,
]
