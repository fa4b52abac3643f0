"""Bills in the admin site, read-only; people change their own."""

from django.contrib import admin

from banking.kernel.money import plain_amount
from bills.models import Bill
from users.admin import ReadOnlyAdmin


@admin.register(Bill)
class BillAdmin(ReadOnlyAdmin):
    """Occurrences by person, including those in the trash."""

    list_display = [
        "due_date",
        "biller_name",
        "user",
        "amount",
        "recurrence",
        "auto_pay",
        "auto_pay_error",
        "paid_on",
        "is_live",
    ]
    list_filter = [
        "recurrence",
        "auto_pay",
        "due_date",
        ("paid_at", admin.EmptyFieldListFilter),
        ("deleted_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["biller_name", "user__email"]
    list_select_related = ["user"]
    ordering = ["-due_date", "-id"]
    show_full_result_count = False

    @admin.display(description="amount", ordering="amount_due")
    def amount(self, bill: Bill) -> str:
        return f"{plain_amount(bill.amount_due, bill.currency)} {bill.currency}"

    @admin.display(description="live", boolean=True)
    def is_live(self, bill: Bill) -> bool:
        return bill.deleted_at is None
