"""Read-only records: sessions, tokens, commands, and the audit trail with its verification."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from django.views.decorators.http import require_GET, require_POST

from banking.kernel.waking import BrokerAwayError, publish
from users import limits, tasks
from users.admin.base import ReadOnlyAdmin
from users.admin.filters import (
    ActorFilter,
    DaysFilter,
    TypedFilter,
    WordedFilter,
    person_meant,
    used_value,
)
from users.admin.lists import customer_link, written
from users.admin.staff_site import staff_site
from users.audit.activity import before_and_after
from users.audit.activity_words import KIND_OF, words_for
from users.audit.audit_export import export_events, signed_lines
from users.audit.audit_walk import start_walk, walk_of
from users.models import AuditChain, AuditEvent, IdempotentCommand, RefreshSession, User
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


class ActionFilter(WordedFilter):
    """One kind of action, by its words."""

    def words(self) -> dict[str, str]:
        return {action: words_for(action) for action in KIND_OF}


class ObjectFilter(WordedFilter):
    """One kind of object, by its name."""

    def words(self) -> dict[str, str]:
        known = [model._meta for model in apps.get_models() if staff_site.is_registered(model)]
        return {options.label_lower: capfirst(str(options.verbose_name)) for options in known}


class ChainFilter(TypedFilter):
    """One chain, by its name; asked for by its number, as the database guesses better then."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        name = used_value(self, self.field_path)
        if not name:
            return queryset
        chain = AuditChain.objects.filter(name=name).first()
        return queryset.filter(chain_id=chain.pk) if chain else queryset.none()


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what, newest first: by person, action, object, time, address or request."""

    group, label = "Security", "Audit trail"
    list_display = ["created_at", "by", "what", "object_link", "details_text", "chain_link", "ip"]
    is_large = True
    found_by = (
        "by", "action", "target_type", "target_id", "ip", "request_id", "chain__name",
    )  # fmt: skip
    found_by_day = "created_at"
    export_also = ["action", "target_type", "target_id", "request_id"]
    list_filter = [
        ActorFilter,
        ("action", ActionFilter),
        ("target_type", ObjectFilter),
        ("target_id", TypedFilter),
        ("created_at", DaysFilter),
        ("ip", TypedFilter),
        ("request_id", TypedFilter),
        ("chain__name", ChainFilter),
    ]
    search_fields = ["action"]  # Shows the search box; search_in decides.
    search_help_text = "Action, kind of object, request, or a person's whole email address or name"
    list_select_related = ["actor", "chain"]
    change_list_template = "admin/audit_list.html"
    fields = [
        "created_at", "by", "what", "action", "object_link", "before_after", "ip", "device",
        "request_id", "chain_link", "sequence", "details_hash", "previous_hash", "hash",
    ]  # fmt: skip
    readonly_fields = ["by", "what", "object_link", "before_after", "chain_link"]

    def name_of(self, row: AuditEvent) -> str:
        return words_for(row.action)

    def search_in(self, rows: QuerySet[AuditEvent], text: str) -> QuerySet[AuditEvent]:
        """By the action's words or code; no other table is joined, row by row, to be searched."""
        words = text.casefold()
        meant = [action for action in KIND_OF if words in words_for(action).casefold()]
        wanted = Q(action__in=meant) | Q(action__contains=words) | Q(target_type=words)
        person = person_meant(text, User.objects.all())
        wanted |= Q(request_id=text) | (Q(actor=person) if person else Q())
        return rows.filter(wanted)

    @admin.display(description="by", ordering="actor")
    def by(self, event: AuditEvent) -> str:
        return customer_link(event.actor) if event.actor else "Automatic"

    @admin.display(description="what", ordering="action")
    def what(self, event: AuditEvent) -> str:
        """The action in words; the code is in the tooltip, on the event's page and in files."""
        words = words_for(event.action)
        return written(format_html('<span title="{}">{}</span>', event.action, words), words)

    @admin.display(description="object")
    def object_link(self, event: AuditEvent) -> str:
        """The object, leading to its other events."""
        if not event.target_type:
            return "–"
        query = urlencode({"target_type": event.target_type, "target_id": str(event.target_id)})
        url = reverse("admin:users_auditevent_changelist")
        words = f"{capfirst(_kind_of(event.target_type))} {event.target_id}"
        return format_html('<a href="{}?{}">{}</a>', url, query, words)

    @admin.display(description="chain")
    def chain_link(self, event: AuditEvent) -> str:
        """Whose trail it is part of, leading to the rest of it."""
        url = reverse("admin:users_auditevent_changelist")
        name = event.chain.name
        query = urlencode({"chain__name": name})
        words = capfirst(name.replace(":", " "))
        return format_html('<a href="{}?{}" title="{}">{}</a>', url, query, name, words)

    @admin.display(description="details")
    def details_text(self, event: AuditEvent) -> str:
        details = before_and_after(event.changes)[:3]
        shown = (f"{name}: {f'{old} → ' if old else ''}{new}" for name, old, new in details)
        return ", ".join(shown)[:160] or "–"

    @admin.display(description="details")
    def before_after(self, event: AuditEvent) -> str:
        """Before and after, side by side."""
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>',
            ((name, before, after) for name, before, after in before_and_after(event.changes)),
        )
        head = "<tr><th>What</th><th>Before</th><th>After</th></tr>"
        return format_html('<table class="staff-diff">{}{}</table>', mark_safe(head), rows)

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site
        return [
            path("verify/", site.admin_view(self.verify), name="users_auditevent_verify"),
            path(
                "verify/start/",
                site.admin_view(require_POST(self.start)),
                name="users_auditevent_start",
            ),
            path(
                "verify/progress/",
                site.admin_view(require_GET(self.progress)),
                name="users_auditevent_progress",
            ),
            path(
                "signed-export/",
                site.admin_view(require_POST(self.signed_export)),
                name="users_auditevent_signed",
            ),
            *super().get_urls(),
        ]

    def verify(self, request: HttpRequest) -> HttpResponse:
        """The last verification this reader asked for, and the form for another."""
        reader = user_of(request)
        require(reader, Ability.READ_EVERYTHING)
        context = self.admin_site.each_context(request) | {
            "title": "Verify the audit trail",
            "opts": self.opts,
            "prefilled": request.GET,
            "walk": walk_of(reader.pk),
            "today": timezone.localdate(),
        }
        return render(request, "admin/audit_verify.html", context)

    def start(self, request: HttpRequest) -> HttpResponse:
        """Let a worker verify everything, one chain or some days. Changes no row."""
        reader, asked = user_of(request), VerificationForm(request.POST)
        require(reader, Ability.READ_EVERYTHING)
        url = reverse("admin:users_auditevent_verify")
        if not asked.is_valid():
            for problems in asked.errors.as_data().values():
                self.message_user(request, problems[0].messages[0], messages.ERROR)
            kept = {name: request.POST.get(name, "") for name in asked.fields}
            return redirect(f"{url}?{urlencode(kept)}")
        limits.consume("audit-verification", str(reader.pk))
        if start_walk(user_id=reader.pk, at=timezone.now(), **asked.cleaned_data):
            self._wake(request)
        else:
            self.message_user(request, "The cache doesn't answer. Try again.", messages.ERROR)
        return redirect(url)

    def _wake(self, request: HttpRequest) -> None:
        try:
            publish(tasks.verify_audit_walk, user_of(request).pk)
        except BrokerAwayError:
            self.message_user(request, "It begins as soon as the worker answers.", messages.WARNING)

    def progress(self, request: HttpRequest) -> HttpResponse:
        """How far the verification has come; wakes the worker again if it has been silent."""
        reader = user_of(request)
        require(reader, Ability.READ_EVERYTHING)
        walk = walk_of(reader.pk)
        if walk is not None and walk.is_silent(timezone.now()):
            self._wake(request)
        return render(request, "admin/_audit_walk.html", {"walk": walk})

    def signed_export(self, request: HttpRequest) -> Any:
        """A signed file of the events of some days."""
        require(user_of(request), Ability.READ_EVERYTHING)
        asked = SignedExportForm(request.POST)
        try:
            if not asked.is_valid():
                raise ValidationError("Enter the first and the last day.")
            wanted = asked.cleaned_data
            events = export_events(actor=user_of(request), **wanted)
        except ValidationError as error:
            self.message_user(request, error.messages[0], messages.ERROR)
            return redirect("admin:users_auditevent_verify")
        head = {name: str(value) for name, value in wanted.items()}
        answer = StreamingHttpResponse(
            signed_lines(events, head), content_type="application/jsonl; charset=utf-8"
        )
        name = f"audit-{wanted['since']}-{wanted['until']}.jsonl"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer


def _kind_of(target_type: str) -> str:
    """What objects of this table are called; the stored name where there is no such table now."""
    try:
        return str(apps.get_model(target_type)._meta.verbose_name)
    except (LookupError, ValueError):
        return target_type.partition(".")[2]


class VerificationForm(forms.Form):
    """Whose chain, and from when to when; everything if left empty."""

    chain = forms.CharField(required=False, max_length=254)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)

    def clean_chain(self) -> str:
        """A chain's name, or the number or email of the person it belongs to."""
        text = str(self.cleaned_data["chain"]).strip()
        if text.isascii() and text.isdigit():
            return f"user:{int(text)}"
        if "@" not in text:
            return text
        person = User.objects.filter(email=text.lower()).first()
        if person is None:
            raise ValidationError("Nobody has this email address.")
        return f"user:{person.pk}"

    def clean(self) -> dict[str, Any]:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            raise ValidationError("The last day is before the first.")
        return self.cleaned_data


class SignedExportForm(forms.Form):
    """The days of a signed export, and one chain if wanted."""

    since = forms.DateField()
    until = forms.DateField()
    chain = forms.CharField(required=False, max_length=40)


@admin.register(AuditChain)
class AuditChainAdmin(ReadOnlyAdmin):
    """The head of each chain, which `verify_audit --anchor` stores outside the database."""

    group, label = "Technical", "Audit chains"
    list_display = ["name", "length", "head_hash"]
    search_fields = ["name"]


@admin.register(IdempotentCommand)
class IdempotentCommandAdmin(ReadOnlyAdmin):
    """Commands with an Idempotency-Key, and their responses."""

    group, label = "Technical", "Stored API responses"
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
