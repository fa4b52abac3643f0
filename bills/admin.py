"""Bills in the admin site, read-only; people change their own."""

from django.contrib import admin
from django.utils import timezone

from bills.models import Bill
from users.admin import IN_TRASH, PickedFilter, ReadOnlyAdmin, SetFilter, amount
from users.timezones import local_date


@admin.register(Bill)
class BillAdmin(ReadOnlyAdmin):
    """Occurrences by person, including those in the trash."""

    group, label = "Money", "Bills"
    customer_path = "user"
    is_large = True
    found_by_day = "due_date"
    list_display = [
        "due_date",
        "biller_name",
        "customer",
        "amount_text",
        "recurrence",
        "payment_text",
        "state",
        "paid_on",
    ]
    list_filter = [
        "recurrence",
        "auto_pay",
        "due_date",
        ("account", PickedFilter),
        ("category", PickedFilter),
        ("paid_at", SetFilter),
        ("deleted_at", SetFilter),
    ]
    search_fields = ["biller_name", "user__email"]
    list_select_related = ["user", "payment"]
    ordering = ["-due_date", "-id"]
    exclude = ["auto_pay_error"]
    readonly_fields = ["auto_pay_problem"]

    @admin.display(description="amount", ordering="amount_due")
    def amount_text(self, bill: Bill) -> str:
        return amount(bill.amount_due, bill.currency)

    @admin.display(description="payment", ordering="auto_pay")
    def payment_text(self, bill: Bill) -> str:
        if bill.auto_pay_error:
            return f"Automatic, failed: {bill.auto_pay_problem}"
        return "Automatic" if bill.auto_pay else "Manual"

    @admin.display(description="status")
    def state(self, bill: Bill) -> str:
        if bill.deleted_at:
            return IN_TRASH
        return str(
            Bill.Status(bill.status_on(local_date(bill.user.timezone, timezone.now()))).label
        )
