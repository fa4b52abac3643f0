"""Users: staff see what their role allows; admins create and change users through the services."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import mark_safe

from users.admin.base import ForSupportToo, sees_all
from users.admin.filters import TypedFilter
from users.admin.lists import column, customer_link
from users.masking import masked_email, masked_name, masked_phone
from users.messages.confirmation_mail import send_welcome
from users.models import User
from users.policy import CUSTOMERS, Ability, may
from users.services import people, second_admin, sessions
from users.services.staffing import (
    FIRST_A_CUSTOMER,
    change_person,
    create_person,
    found_people,
    gives_or_takes_rights,
    needs_second_admin,
    unlock_sign_in,
    with_locks,
)
from users.signed_in import user_of
from users.step_up import ask_for_staff_step_up


class UserForm(forms.ModelForm):
    """The fields an admin can change for a user; each goes to its own service."""

    class Meta:
        model = User
        fields = ["role", "is_active"]


class NewUserForm(forms.ModelForm):
    """A new user, who sets their own password through a mailed link."""

    class Meta:
        model = User
        fields = ["name", "email", "phone", "role", "base_currency"]

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        if not self.errors:
            errors = people.errors_of(User(**data | {"email": data["email"].lower()}))
            if data["role"] == User.Role.ADMIN and second_admin.is_needed():
                errors["role"] = [FIRST_A_CUSTOMER]
            for field, sentences in errors.items():
                self.add_error(field, sentences)
        return data


# The form's fields, and the others as the lists write them. Django compares these functions.
_SHOWN = [
    name if name in UserForm.Meta.fields else column(User, name)
    for name in (
        *("email", "name", "phone", "role", "is_active", "kyc_status", "base_currency"),
        *("timezone", "locale", "locked", "last_login", "created_at", "updated_at"),
    )
]


@dataclass(frozen=True, slots=True)
class _Named:
    """The attributes of a user that Django's admin templates need: a key, and a display name."""

    pk: int
    name: str

    def __str__(self) -> str:
        return self.name


@admin.register(User)
class UserAdmin(ForSupportToo):
    """Role and active status: for admins only, and never their own. Identity checks are decided on
    the customer's page, with a reason.

    There are no fields for password hashes, superuser, groups or permissions: rights come only from
    the role, and users set their own passwords. Support sees customers masked.
    """

    group, label = "Customers", "Customers and staff"
    actions = ["sign_out_everywhere", "unlock"]
    # Names lead to the customer's page, which leads on to the form.
    list_display_links = None
    search_help_text = "Part of a name, email or phone number"

    def label_for(self, request: HttpRequest) -> str:
        return self.label if sees_all(request) else "Customers"

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        if not sees_all(request):
            found.search_help_text = "A whole name, email or phone number"
        return found

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        found = with_locks(super().get_queryset(request), timezone.now())
        return found if sees_all(request) else found.filter(role__in=CUSTOMERS)

    def get_list_display(self, request: HttpRequest) -> Any:
        if not sees_all(request):
            return ["page_masked", "id", "name_masked", "phone_masked", "is_active", "locked"]
        return [
            "page", "name", "role", "is_active", "kyc_status", "locked", "last_login",
            "created_at",
        ]  # fmt: skip

    def get_list_filter(self, request: HttpRequest) -> Any:
        more = ["role", "kyc_status", ("base_currency", TypedFilter)] if sees_all(request) else []
        return ["is_active", *more]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["email"]  # Shows the search box; get_search_results decides what is searched.

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        return found_people(queryset, search_term, exactly=not sees_all(request)), False

    def get_sortable_by(self, request: HttpRequest) -> Any:
        return super().get_sortable_by(request) if sees_all(request) else ["id"]

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return NewUserForm.Meta.fields
        if not sees_all(request):
            return ["email_masked", "name_masked", "phone_masked", "is_active", "locked"]
        return _SHOWN

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[Any]:
        if obj is None:
            return []
        names = self.get_fields(request, obj)
        return [name for name in names if name not in UserForm.Meta.fields]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["form"] = UserForm if obj else NewUserForm
        kwargs["help_texts"] = {"is_active": "Without it they can't sign in. Nothing is deleted."}
        return super().get_form(request, obj, change, **kwargs)

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Mask the person's name in the page title and breadcrumbs, too."""
        shown = context.get("original")
        if shown is not None and not sees_all(request):
            masked = _Named(shown.pk, masked_email(shown.email))
            context |= {"original": masked, "subtitle": str(masked)}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=mark_safe('<input type="checkbox" id="action-toggle">'))
    def action_checkbox(self, user: Any) -> Any:
        """Mask the checkbox label, which names the person."""
        return super().action_checkbox(_Named(user.pk, masked_email(user.email)))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(user_of(request), Ability.MANAGE_USERS)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_own = obj is not None and obj.pk == request.user.pk
        return may(user_of(request), Ability.MANAGE_USERS) and not is_own

    def has_help_permission(self, request: HttpRequest) -> bool:
        return may(user_of(request), Ability.HELP_PEOPLE)

    def save_model(self, request: HttpRequest, obj: User, form: forms.Form, change: bool) -> None:
        """Save through the services; the form's own instance is never written."""
        user = User.objects.get(pk=obj.pk) if change else None
        if gives_or_takes_rights(user, form.cleaned_data):
            ask_for_staff_step_up(request)
        if user is None:
            made = create_person(actor=user_of(request), **form.cleaned_data)
            obj.pk, obj.id = made.pk, made.pk
            send_welcome(request, made)
            return
        changes = {field: form.cleaned_data[field] for field in form.changed_data}
        if needs_second_admin(user, changes):
            self._ask_second_admin(request, user, changes)
            return
        change_person(actor=user_of(request), user=user, **changes)

    def _ask_second_admin(self, request: HttpRequest, user: User, changes: dict[str, Any]) -> None:
        summary = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in changes.items())
        try:
            second_admin.ask_second_admin(
                actor=user_of(request),
                action=second_admin.GRANT_ADMIN,
                target=user,
                words=f"Make user {user.pk} an admin ({summary})",
                params=changes,
            )
        except ValidationError as error:
            self.message_user(request, error.messages[0], messages.ERROR)
        else:
            self.message_user(request, "Waiting for a second admin.", messages.WARNING)

    def response_change(self, request: HttpRequest, obj: User) -> HttpResponse:
        """Without Django's "was changed", where nothing was yet."""
        user = User.objects.get(pk=obj.pk)
        if (user.role, user.is_active) != (obj.role, obj.is_active):
            return self.response_post_save_change(request, obj)
        return super().response_change(request, obj)

    def log_addition(self, *args: Any) -> None:  # type: ignore[override]  # nothing is logged
        """Nothing to log: the audit trail records it."""

    def log_change(self, *args: Any) -> None:  # type: ignore[override]  # nothing is logged
        """Nothing to log: the audit trail records it."""

    @admin.display(description="email", ordering="email")
    def page(self, user: User) -> str:
        return customer_link(user)

    @admin.display(description="email")
    def page_masked(self, user: User) -> str:
        return customer_link(user, masked_email(user.email))

    @admin.display(description="email")
    def email_masked(self, user: User) -> str:
        return masked_email(user.email)

    @admin.display(description="name")
    def name_masked(self, user: User) -> str:
        return masked_name(user.name)

    @admin.display(description="phone")
    def phone_masked(self, user: User) -> str:
        return masked_phone(user.phone)

    @admin.display(description="sign-in")
    def locked(self, user: Any) -> str:
        return "Locked" if user.is_locked else "Open"

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset.order_by("pk"):
            sessions.sign_out_everywhere(actor=user_of(request), user=user)
        self.message_user(request, "Signed out everywhere.", messages.SUCCESS)

    @admin.action(description="Unlock sign-in", permissions=["help"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        # Nobody helps themselves.
        for user in queryset.exclude(pk=user_of(request).pk).order_by("pk"):
            unlock_sign_in(actor=user_of(request), user=user)
        self.message_user(request, "Sign-in unlocked. Earlier wrong passwords no longer count.")
