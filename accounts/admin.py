"""Accounts for staff to look at: their owners change them, and only posting moves a balance."""

from django.contrib import admin

from accounts.models import Account, AccountShare, ExchangeRate
from banking.money import plain_amount
from users.admin import ReadOnlyAdmin


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """Accounts with their balances, those in the trash among them."""

    list_display = [
        "name", "user", "account_type", "masked_account", "currency", "balance_text", "is_active",
        "is_live", "updated_at",
    ]  # fmt: skip
    list_filter = [
        "account_type",
        "is_active",
        "currency",
        ("deleted_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["name", "bank_name", "user__email", "=last_four"]
    list_select_related = ["user"]
    ordering = ["-id"]
    show_full_result_count = False

    @admin.display(description="balance", ordering="balance")
    def balance_text(self, account: Account) -> str:
        return plain_amount(account.balance, account.currency)

    @admin.display(description="live", boolean=True)
    def is_live(self, account: Account) -> bool:
        return account.deleted_at is None


@admin.register(AccountShare)
class AccountShareAdmin(ReadOnlyAdmin):
    """Who sees whose account, and how."""

    list_display = ["account", "user", "member", "level", "status", "created_at"]
    list_filter = ["level", "status"]
    search_fields = ["user__email", "member__email", "account__name"]
    list_select_related = ["account", "user", "member"]
    ordering = ["-id"]
    show_full_result_count = False


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ReadOnlyAdmin):
    """The rates that figures were converted at, with their source."""

    list_display = ["rate_on", "base", "quote", "rate", "source", "created_at"]
    list_filter = ["base", "quote", "source"]
    search_fields = ["=base", "=quote"]
    date_hierarchy = "rate_on"
    ordering = ["-rate_on", "base", "quote"]
    show_full_result_count = False
