"""Read-only admin pages for accounts. Owners edit their accounts; only posting moves a balance."""

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import (
    Account,
    AccountShare,
    BankConnection,
    ConnectedAccount,
    ExchangeRate,
    HeldRate,
    RateFetch,
    RateMonth,
    SyncRun,
    message_texts,
)
from accounts.rates import accept_held_rate, refuse_held_rate
from banking.limits import CUSTOMERS_SUGGESTED
from users.admin import (
    IN_TRASH,
    PickedFilter,
    ReadOnlyAdmin,
    SetFilter,
    TypedFilter,
    amount,
    is_id,
    newest_rows,
)
from users.models import User
from users.policy import Ability, may
from users.services import second_admin
from users.signed_in import user_of


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """Accounts with their balances, including those in the trash."""

    group, label = "Customers", "Accounts"
    customer_path = "user"
    list_display = [
        "name", "customer", "account_type", "masked_account", "balance_text", "state",
        "created_at",
    ]  # fmt: skip
    list_filter = [
        "account_type",
        "is_active",
        ("currency", TypedFilter),
        ("deleted_at", SetFilter),
    ]
    search_fields = ["name", "bank_name", "user__email", "=last_four"]
    list_select_related = ["user"]

    def suggestions(self, text: str, customer: User | None) -> list[tuple[int, str, str]]:
        """One customer's accounts by name or last digits; else by number, digits or a new name."""
        rows: QuerySet[Account] = Account.objects.select_related("user").order_by("-id")
        if customer is not None:
            named = Q(name__icontains=text) | Q(bank_name__icontains=text)
            rows = rows.filter(named | Q(last_four=text), user=customer)
        elif is_id(text):
            rows = rows.filter(Q(pk=int(text)) | Q(last_four=text))
        else:
            rows = newest_rows(rows).filter(name__icontains=text)
        return [(row.pk, str(row), row.user.email) for row in rows[:CUSTOMERS_SUGGESTED]]

    @admin.display(description="balance", ordering="balance")
    def balance_text(self, account: Account) -> str:
        return amount(account.balance, account.currency)

    @admin.display(description="status", ordering="is_active")
    def state(self, account: Account) -> str:
        if account.deleted_at:
            return IN_TRASH
        return "Active" if account.is_active else "Archived"


@admin.register(AccountShare)
class AccountShareAdmin(ReadOnlyAdmin):
    """Which accounts are shared with whom, and at which level."""

    group, label = "Customers", "Shared accounts"
    customer_path = "user"
    list_display = ["account", "customer", "member", "level", "status", "created_at"]
    list_filter = ["level", "status", ("account", PickedFilter)]
    search_fields = ["user__email", "member__email", "account__name"]
    list_select_related = ["account", "user", "member"]


@admin.register(BankConnection)
class BankConnectionAdmin(ReadOnlyAdmin):
    """Bank connections and their state, without the access secret."""

    group, label = "Customers", "Bank connections"
    customer_path = "user"
    list_display = [
        "institution_name", "customer", "provider", "status", "error_code", "last_synced_at",
        "next_sync_at", "disconnected_at",
    ]  # fmt: skip
    list_filter = ["provider", "status", ("disconnected_at", SetFilter)]
    search_fields = ["institution_name", "user__email", "=error_code", "error"]
    list_select_related = ["user"]
    exclude = ["secret", "cursor"]


@admin.register(ConnectedAccount)
class ConnectedAccountAdmin(ReadOnlyAdmin):
    """Accounts at connected banks and the accounts they feed."""

    group, label = "Technical", "Accounts at banks"
    customer_path = "connection__user"
    list_display = ["name", "customer", "connection", "account", "last_four", "currency", "is_live"]
    list_filter = ["is_live", ("currency", TypedFilter)]
    search_fields = ["name", "connection__institution_name", "connection__user__email"]
    list_select_related = ["connection__user", "account"]


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """The outcome of each sync. Providers ask for the request ID when they investigate a
    problem.
    """

    group, label = "Operations", "Bank syncs"
    customer_path = "connection__user"
    list_display = [
        "created_at", "customer", "connection", "trigger", "status", "added_count", "removed_count",
        "review_count", "request_count", "error_code",
    ]  # fmt: skip
    list_filter = ["status", "trigger"]
    search_fields = [
        "connection__institution_name", "connection__user__email", "=request_id", "=error_code",
        "error",
    ]  # fmt: skip
    shown_as = {"messages": lambda stored: " ".join(message_texts(stored))}
    exclude = ["messages"]
    readonly_fields = ["told"]
    export_also = ["error"]
    list_select_related = ["connection__user"]

    @admin.display(description="messages")
    def told(self, run: SyncRun) -> str:
        return " ".join(run.message_texts)


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ReadOnlyAdmin):
    """The rates used to convert figures, with their sources."""

    group, label = "Operations", "Exchange rates"
    list_display = ["rate_on", "base", "quote", "rate", "source", "created_at"]
    list_filter = [
        ("base", TypedFilter),
        ("quote", TypedFilter),
        ("source", TypedFilter),
        "rate_on",
    ]
    search_fields = ["=base", "=quote"]
    ordering = ["-rate_on", "base", "quote"]


@admin.register(RateMonth)
class RateMonthAdmin(ReadOnlyAdmin):
    """How often the rates of each month have changed."""

    group, label = "Technical", "Months with new rates"
    list_display = ["month", "version"]
    ordering = ["-month"]


@admin.register(HeldRate)
class HeldRateAdmin(ReadOnlyAdmin):
    """Rates more than 20% away from the last known rate. They are not used until staff
    accept them.
    """

    group, label = "Operations", "Rates waiting for review"
    list_display = [
        "rate_on", "base", "quote", "rate", "known_rate", "known_on", "source", "status",
    ]  # fmt: skip
    list_filter = ["status", ("source", TypedFilter), ("base", TypedFilter)]
    search_fields = ["=base", "=quote"]
    ordering = ["-rate_on", "base", "quote"]
    actions = ["accept", "refuse"]

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return may(user_of(request), Ability.DECIDE_RATES)

    @admin.action(description="Accept for conversions", permissions=["decide"])
    def accept(self, request: HttpRequest, queryset: QuerySet[HeldRate]) -> None:
        for held in queryset.order_by("rate_on", "pk"):
            try:
                notice = _accept(user_of(request), held)
            except ValidationError as error:
                self.message_user(request, error.messages[0], messages.WARNING)
            else:
                self.message_user(request, notice, messages.SUCCESS)

    @admin.action(description="Reject", permissions=["decide"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[HeldRate]) -> None:
        for held in queryset.order_by("rate_on", "pk"):
            try:
                refuse_held_rate(actor=user_of(request), held=held)
            except ValidationError as error:
                self.message_user(request, error.messages[0], messages.WARNING)
            else:
                self.message_user(request, f"{held} Refused.", messages.SUCCESS)


def _accept(actor: User, held: HeldRate) -> str:
    """Accept a rate, or ask a second admin to; says which."""
    if second_admin.is_needed():
        words = f"Release the exchange rate {held}"
        second_admin.ask_second_admin(
            actor=actor, action=second_admin.RELEASE_RATE, target=held, words=words
        )
        return f"{held} Waiting for a second admin."
    count = accept_held_rate(actor=actor, held=held)
    return f"{held} {count} stored."


@admin.register(RateFetch)
class RateFetchAdmin(ReadOnlyAdmin):
    """Each request to a rate source and its outcome."""

    group, label = "Operations", "Rate updates"
    list_display = [
        "asked_at", "source", "has_succeeded", "rate_on", "stored_count", "held_count", "message",
    ]  # fmt: skip
    list_filter = ["has_succeeded", ("source", TypedFilter)]
    ordering = ["-asked_at", "-id"]
