"""The admin site's share of people: looked at here, changed through the services."""

from typing import Any

import allauth.account.admin
import allauth.mfa.admin
import allauth.usersessions.admin
import django.contrib.auth.admin
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from users.masking import masked_email
from users.models import (
    AuditChain,
    AuditEvent,
    IdempotentCommand,
    Notification,
    NotificationOptOut,
    RefreshSession,
    User,
)
from users.notifications import channel_problem, send_again
from users.policy import Ability, may
from users.services import people, sessions

# The stock admins are registered by these modules; what is imported is registered once.
_STOCK = (allauth.account.admin, allauth.mfa.admin, allauth.usersessions.admin)
_STOCK_AUTH = django.contrib.auth.admin


@login_not_required
def sign_in(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """The admin site has no sign-in page of its own: ours has the limits and the second factor."""
    if admin.site.has_permission(request):
        return redirect("admin:index")
    if request.user.is_authenticated:
        raise PermissionDenied("This is for staff.")
    query = urlencode({"next": request.GET.get("next", reverse("admin:index"))})
    return redirect(f"{reverse('account_login')}?{query}")


def sign_out(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """As on our own pages, so that the audit trail tells of it."""
    if request.method == "POST":
        get_adapter().logout(request)
    return redirect("account_login")


def change_password(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Our page: it ends the other sessions and tokens."""
    return redirect("account_change_password")


admin.site.login = sign_in
admin.site.logout = sign_out
admin.site.password_change = change_password
admin.site.site_header = admin.site.site_title = "Staff site"
# Roles say who may do what; groups would be a second place to look.
admin.site.unregister(Group)
for stock in (EmailAddress, EmailConfirmation, Authenticator, UserSession):
    if admin.site.is_registered(stock):
        admin.site.unregister(stock)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows to look at; nobody adds, changes or deletes one here."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class UserForm(forms.ModelForm):
    """What an admin changes about somebody; each field goes to its own service."""

    class Meta:
        model = User
        fields = ["role", "is_active", "kyc_status"]


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """Role, active status and identity check, by admins only and never one's own.

    There are no fields for password hashes, superuser, groups or permissions: rights come from
    the role alone, and a password is set by its owner.
    """

    form = UserForm
    list_display = ["email", "name", "role", "is_active", "kyc_status", "last_login", "created_at"]
    list_filter = ["role", "is_active", "kyc_status", "base_currency"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    date_hierarchy = "created_at"
    readonly_fields = [
        "email", "name", "phone", "base_currency", "timezone", "locale", "last_login",
        "created_at", "updated_at",
    ]  # fmt: skip
    fields = ["email", "name", "phone", "role", "is_active", "kyc_status", *readonly_fields[3:]]
    actions = ["sign_out_everywhere"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_own = obj is not None and obj.pk == request.user.pk
        return may(request.user, Ability.MANAGE_USERS) and not is_own

    def save_model(self, request: HttpRequest, obj: User, form: UserForm, change: bool) -> None:
        """The services take the changes; nothing is written from the form's own instance."""
        user = User.objects.get(pk=obj.pk)
        for field, service in (
            ("kyc_status", people.set_kyc_status),
            ("role", people.set_role),
            ("is_active", people.set_active),
        ):
            if field in form.changed_data:
                service(actor=request.user, user=user, **{field: form.cleaned_data[field]})

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset.order_by("pk"):
            sessions.sign_out_everywhere(actor=request.user, user=user)
        self.message_user(request, "They are signed out.", messages.SUCCESS)


@admin.register(RefreshSession)
class RefreshSessionAdmin(ReadOnlyAdmin):
    """API tokens: who, from where, until when. The token itself is stored nowhere."""

    list_display = ["user", "family", "created_at", "used_at", "revoked_at", "expires_at", "ip"]
    list_filter = ["revoked_at", "expires_at"]
    search_fields = ["user__email", "family"]
    list_select_related = ["user"]
    raw_id_fields = ["user"]
    exclude = ["token_hash"]
    ordering = ["-id"]
    actions = ["revoke"]

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Ability.MANAGE_USERS)

    @admin.action(description="Revoke", permissions=["manage"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[RefreshSession]) -> None:
        families = {(token.family, token.user) for token in queryset.select_related("user")}
        for family, user in sorted(families, key=lambda pair: pair[1].pk):
            sessions.end_family(actor=request.user, user=user, family=family, reason="by staff")
        self.message_user(request, "They are revoked.", messages.SUCCESS)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what, newest first."""

    list_display = ["created_at", "actor", "action", "target_type", "target_id", "chain", "ip"]
    list_filter = ["created_at"]
    search_fields = ["action", "actor__email", "=target_type", "=request_id"]
    list_select_related = ["actor", "chain"]
    show_full_result_count = False
    date_hierarchy = "created_at"


@admin.register(AuditChain)
class AuditChainAdmin(ReadOnlyAdmin):
    """The head of each chain: what `verify_audit --anchor` remembers elsewhere."""

    list_display = ["name", "length", "head_hash"]
    search_fields = ["name"]


@admin.register(IdempotentCommand)
class IdempotentCommandAdmin(ReadOnlyAdmin):
    """Commands with an Idempotency-Key, and how they were answered."""

    list_display = ["created_at", "user", "key", "status_code"]
    search_fields = ["key", "user__email"]
    list_select_related = ["user"]
    exclude = ["response"]
    ordering = ["-id"]


@admin.register(UserSession)
class UserSessionAdmin(ReadOnlyAdmin):
    """Browser sessions; their keys are shown to nobody."""

    list_display = ["user", "ip", "user_agent", "created_at", "last_seen_at"]
    search_fields = ["user__email", "ip"]
    list_select_related = ["user"]
    fields = ["user", "ip", "user_agent", "created_at", "last_seen_at"]
    ordering = ["-id"]


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """Each message by each channel: what became of it, and what the provider said.

    No amounts for staff who may not see any: the text is for those who read everything.
    """

    list_display = [
        "created_at", "recipient_masked", "kind", "channel", "status", "attempts", "due_at",
        "provider_answer",
    ]  # fmt: skip
    list_filter = ["status", "channel", "kind", "created_at"]
    search_fields = ["recipient__email", "=target_key", "=provider_id"]
    list_select_related = ["recipient"]
    ordering = ["-id"]
    show_full_result_count = False
    actions = ["send_again"]

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(request.user, Ability.USE_STAFF_API)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        names = [
            "recipient_masked", "kind", "target_key", "channel", "local_day", "status",
            "channel_state", "attempts", "due_at", "claimed_at", "finished_at", "provider_id",
            "provider_answer", "created_at",
        ]  # fmt: skip
        return names + (["subject", "text"] if may(request.user, Ability.READ_EVERYTHING) else [])

    @admin.display(description="recipient")
    def recipient_masked(self, row: Notification) -> str:
        return masked_email(row.recipient.email)

    @admin.display(description="the channel now")
    def channel_state(self, row: Notification) -> str:
        return channel_problem(row.recipient, row.channel) or "Works."

    def has_send_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Ability.HELP_PEOPLE)

    @admin.action(description="Send again (failed ones)", permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        refused = 0
        for row in queryset.order_by("pk"):
            try:
                send_again(actor=request.user, notification=row, at=timezone.now())
            except ValidationError:
                refused += 1
        if refused:
            sentence = f"{refused} had not failed and were left alone."
            self.message_user(request, sentence, messages.WARNING)
        self.message_user(request, "Failed messages are in line again.", messages.SUCCESS)


@admin.register(NotificationOptOut)
class NotificationOptOutAdmin(ReadOnlyAdmin):
    """Who wants no more messages of which kind."""

    list_display = ["created_at", "user", "kind", "channel"]
    search_fields = ["user__email", "kind"]
    list_select_related = ["user"]
