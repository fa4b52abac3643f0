"""Read-only records: sessions, tokens, commands, and the audit trail with its verification."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path

from users import limits
from users.admin.base import ReadOnlyAdmin
from users.admin.staff_site import staff_site
from users.audit.audit_anchor import verify_against_anchor
from users.models import AuditChain, AuditEvent, IdempotentCommand, RefreshSession
from users.policy import Ability, may, require
from users.services import sessions
from users.signed_in import user_of


@admin.register(RefreshSession)
class RefreshSessionAdmin(ReadOnlyAdmin):
    """API tokens: whose, from where, valid until. The token itself is not stored."""

    group, label = "Security", "Signed-in apps"
    customer_path = "user"
    list_display = [
        "created_at", "customer", "used_at", "revoked_at", "expires_at", "ip",
    ]  # fmt: skip
    list_filter = ["revoked_at", "expires_at"]
    search_fields = ["user__email", "family"]
    list_select_related = ["user"]
    exclude = ["token_hash"]
    actions = ["revoke"]

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return may(user_of(request), Ability.MANAGE_USERS)

    @admin.action(description="Revoke", permissions=["manage"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[RefreshSession]) -> None:
        families = {(token.family, token.user) for token in queryset.select_related("user")}
        for family, user in sorted(families, key=lambda pair: pair[1].pk):
            sessions.end_family(actor=user_of(request), user=user, family=family, reason="by staff")
        self.message_user(request, "Tokens revoked.", messages.SUCCESS)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what, newest first."""

    group, label = "Security", "Audit trail"
    list_display = ["created_at", "actor", "action", "target_type", "target_id", "chain", "ip"]
    list_filter = ["created_at"]
    search_fields = ["action", "actor__email", "=target_type", "=request_id"]
    list_select_related = ["actor", "chain"]
    change_list_template = "admin/audit_list.html"

    def get_urls(self) -> list[URLPattern]:
        verify = self.admin_site.admin_view(self.verify)
        return [path("verify/", verify, name="users_auditevent_verify"), *super().get_urls()]

    def verify(self, request: HttpRequest) -> HttpResponse:
        """Verify every chain. This writes nothing, so view permission is enough."""
        require(user_of(request), Ability.READ_EVERYTHING)
        result = None
        if "run" in request.GET:
            limits.consume("audit-verification", str(request.user.pk))
            result = verify_against_anchor()
        context = self.admin_site.each_context(request) | {
            "title": "Verify the audit trail",
            "opts": self.opts,
            "result": result,
        }
        return render(request, "admin/audit_verify.html", context)


@admin.register(AuditChain)
class AuditChainAdmin(ReadOnlyAdmin):
    """The head of each chain, which `verify_audit --anchor` stores outside the database."""

    group, label = "Technical", "Audit chains"
    list_display = ["name", "length", "head_hash"]
    search_fields = ["name"]


@admin.register(IdempotentCommand)
class IdempotentCommandAdmin(ReadOnlyAdmin):
    """Commands with an Idempotency-Key, and their responses."""

    group, label = "Technical", "Repeatable API commands"
    customer_path = "user"
    list_display = ["created_at", "customer", "key", "status_code"]
    search_fields = ["key", "user__email"]
    list_select_related = ["user"]
    exclude = ["response"]


@admin.register(UserSession, site=staff_site)
class UserSessionAdmin(ReadOnlyAdmin):
    """Browser sessions; their keys are never shown."""

    group, label = "Security", "Signed-in browsers"
    customer_path = "user"
    list_display = ["last_seen_at", "customer", "ip", "user_agent", "created_at"]
    search_fields = ["user__email", "ip"]
    list_select_related = ["user"]
    fields = ["user", "ip", "user_agent", "created_at", "last_seen_at"]


@admin.register(EmailAddress, site=staff_site)
class EmailAddressAdmin(ReadOnlyAdmin):
    """Email addresses, and whether they are confirmed."""

    group, label = "Security", "Email addresses"
    customer_path = "user"
    list_display = ["email", "customer", "verified", "primary"]
    list_filter = ["verified", "primary"]
    search_fields = ["email", "user__email"]
    list_select_related = ["user"]


@admin.register(Authenticator, site=staff_site)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """Who has which second factor. Secrets are never shown."""

    group, label = "Security", "Second factors"
    customer_path = "user"
    list_display = ["type", "customer", "created_at", "last_used_at"]
    list_filter = ["type"]
    search_fields = ["user__email"]
    list_select_related = ["user"]
    fields = ["user", "type", "created_at", "last_used_at"]
