"""Bills in the admin site, read-only; people change their own."""

from django.contrib import admin

from bills.models import Bill
from users.admin import NewestPickedFilter, ReadOnlyAdmin, SetFilter, amount


@admin.register(Bill)
class BillAdmin(ReadOnlyAdmin):
    """Occurrences by person, including those in the trash."""

    group, label = "Money", "Bills"
    customer_path = "user"
    list_display = [
        "due_date",
        "biller_name",
        "customer",
        "amount_text",
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
        ("account", NewestPickedFilter),
        ("category", NewestPickedFilter),
        ("paid_at", SetFilter),
        ("deleted_at", SetFilter),
    ]
    search_fields = ["biller_name", "user__email"]
    list_select_related = ["user"]
    ordering = ["-due_date", "-id"]

    @admin.display(description="amount", ordering="amount_due")
    def amount_text(self, bill: Bill) -> str:
        return amount(bill.amount_due, bill.currency)

    @admin.display(description="live", boolean=True)
    def is_live(self, bill: Bill) -> bool:
        return bill.deleted_at is None
