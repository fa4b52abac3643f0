"""Messages to users: the delivery status (also for support), never the text."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from users.admin.base import ForSupportToo, ReadOnlyAdmin, sees_all
from users.admin.filters import KindFilter
from users.admin.lists import column, customer_link
from users.masking import masked_email, masked_text
from users.messages.kind_words import kind_words
from users.messages.outbox import channel_problem
from users.models import Notification, NotificationOptOut
from users.policy import Ability, may
from users.services.staffing import messages_for, resend_message
from users.signed_in import user_of


@admin.register(Notification)
class NotificationAdmin(ForSupportToo, ReadOnlyAdmin):
    """One message per channel: its status, and the provider's response.

    Staff who may not see amounts do not see the text either.
    """

    group, label = "Messages", "Messages"
    customer_path = "recipient"
    is_large = True
    list_display = [
        "created_at", "customer", "about", "channel", "status", "attempts", "answer",
    ]  # fmt: skip
    list_filter = ["status", "channel", ("kind", KindFilter), "created_at"]
    list_select_related = ["recipient"]
    actions = ["send_again"]
    search_help_text = "Search by the recipient's full address or the provider's ID."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        return messages_for(user_of(request))

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["=recipient__email", "=target_key", "=provider_id"]

    def get_list_filter(self, request: HttpRequest) -> Any:
        found = super().get_list_filter(request)
        return found if sees_all(request) else [name for name in found if name != "created_at"]

    def name_of(self, row: Notification) -> str:
        return f"{kind_words(row.kind)} by {row.get_channel_display()}"

    def get_sortable_by(self, request: HttpRequest) -> Any:
        return ["created_at", "about", "channel", "status", "attempts", "due_at"]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        names = [
            "customer", "about", "target_key", "channel", "local_day", "status",
            "channel_state", "attempts", "due_at", "claimed_at", "finished_at", "provider_id",
            "answer", "created_at",
        ]  # fmt: skip
        names = [column(Notification, self._shown(name, request)) for name in names]
        return names + (["subject", "text"] if sees_all(request) else [])

    def get_list_display(self, request: HttpRequest) -> Any:
        return [self._shown(name, request) for name in super().get_list_display(request)]

    @staticmethod
    def _shown(name: Any, request: HttpRequest) -> Any:
        return "masked" if name == "customer" and not sees_all(request) else name

    @admin.display(description="customer")
    def masked(self, row: Notification) -> str:
        return customer_link(row.recipient, masked_email(row.recipient.email))

    @admin.display(description="about", ordering="kind")
    def about(self, row: Notification) -> str:
        return kind_words(row.kind)

    @admin.display(description="provider's answer")
    def answer(self, row: Notification) -> str:
        return masked_text(row.provider_answer)

    @admin.display(description="channel status")
    def channel_state(self, row: Notification) -> str:
        return channel_problem(row.recipient, row.channel) or "Working."

    def has_send_permission(self, request: HttpRequest) -> bool:
        return may(user_of(request), Ability.HELP_PEOPLE)

    @admin.action(description="Resend (failed, unknown, skipped)", permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        refused = 0
        for row in queryset.order_by("pk"):
            try:
                resend_message(actor=user_of(request), notification=row, at=timezone.now())
            except (ValidationError, PermissionDenied):
                refused += 1
        if refused:
            sentence = f"{refused} were sent, are waiting or are your own, and were left alone."
            self.message_user(request, sentence, messages.WARNING)
        self.message_user(request, "The others are queued again.", messages.SUCCESS)


@admin.register(NotificationOptOut)
class NotificationOptOutAdmin(ReadOnlyAdmin):
    """Email and SMS opt-outs by kind of message."""

    group, label = "Messages", "Email opt-outs"
    customer_path = "user"
    list_display = ["created_at", "customer", "about", "channel"]
    search_fields = ["user__email", "kind"]
    list_select_related = ["user"]

    @admin.display(description="about", ordering="kind")
    def about(self, row: NotificationOptOut) -> str:
        return kind_words(row.kind)
