"""Admin pages of categories, rules and tags. Admins may edit the predefined categories."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, Q
from django.http import HttpRequest
from django.utils.html import format_html

from banking.kernel.template_tags import category_icon, color_dot
from banking.limits import CUSTOMERS_SUGGESTED
from transactions.models import Category, CategoryChange, CategoryRule, ForgottenChoices, Tag
from transactions.services.categories import edit_category
from users.admin import IN_TRASH, PickedFilter, ReadOnlyAdmin, SetFilter, StaffAdmin, written
from users.models import User
from users.policy import Ability, may
from users.signed_in import user_of


@admin.register(CategoryChange)
class CategoryChangeAdmin(ReadOnlyAdmin):
    """The person or rule that assigned each category."""

    group, label = "Technical", "Category changes"
    customer_path = "transaction__user"
    is_large = True
    list_display = [
        "created_at", "customer", "transaction_id", "from_category", "to_category", "by", "actor",
    ]  # fmt: skip
    list_filter = ["by", "created_at"]
    search_fields = ["=transaction__id", "actor__email"]
    list_select_related = ["transaction__user", "from_category", "to_category", "actor"]


@admin.register(CategoryRule)
class CategoryRuleAdmin(ReadOnlyAdmin):
    """People's categorization rules."""

    group, label = "Money", "Category rules"
    customer_path = "user"
    is_large = True
    list_display = [
        "category", "customer", "keyword_pattern", "merchant_pattern", "priority", "is_active",
    ]  # fmt: skip
    list_filter = ["is_active", ("category", PickedFilter), ("deleted_at", SetFilter)]
    search_fields = ["user__email", "keyword_pattern", "merchant_pattern"]
    list_select_related = ["user", "category"]


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    """People's own tags."""

    group, label = "Technical", "Tags"
    customer_path = "user"
    list_display = ["name", "customer"]
    search_fields = ["user__email", "name"]
    list_select_related = ["user"]


def _marked(mark: str, words: str) -> str:
    """A cell with a mark before its words; files have the words alone."""
    return written(format_html("<span>{} {}</span>", mark, words), words)


class CategoryForm(forms.ModelForm):
    """The fields of a predefined category that an admin may change. The slug stays, for links and
    files.
    """

    class Meta:
        model = Category
        fields = ["name", "icon", "color"]


@admin.register(Category)
class CategoryAdmin(StaffAdmin):
    """Admins edit the predefined categories; people edit their own."""

    group, label = "Money", "Categories"
    customer_path = "user"
    form = CategoryForm
    list_display = ["name", "slug", "kind", "parent", "owner", "drawn", "shade", "state"]
    list_filter = ["kind", ("user", SetFilter)]
    search_fields = ["name", "slug", "user__email"]
    list_select_related = ["parent", "user"]
    ordering = ["kind", "name"]

    def suggestions(self, text: str, customer: User | None) -> list[tuple[int, str, str]]:
        """The predefined categories and one customer's own, by part of the name."""
        rows = Category.objects.filter(Q(user=None) | Q(user=customer), deleted_at=None)
        found = rows.filter(name__icontains=text).order_by("name", "pk")
        return [
            (row.pk, row.name, "predefined" if row.user_id is None else "own")
            for row in found[:CUSTOMERS_SUGGESTED]
        ]

    @admin.display(description="icon", ordering="icon")
    def drawn(self, category: Category) -> str:
        return _marked(category_icon(category.icon, category.color, "small"), category.icon)

    @admin.display(description="color", ordering="color")
    def shade(self, category: Category) -> str:
        return _marked(color_dot(category.color), category.color)

    @admin.display(description="owner", ordering="user__email")
    def owner(self, category: Category) -> str:
        return category.user.email if category.user else "Predefined"

    @admin.display(description="status", ordering="deleted_at")
    def state(self, category: Category) -> str:
        return IN_TRASH if category.deleted_at else "In use"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Category | None = None) -> bool:
        is_predefined = obj is None or obj.user_id is None
        return is_predefined and may(user_of(request), Ability.MANAGE_USERS)

    def save_model(self, request: HttpRequest, obj: Category, form: forms.ModelForm, change: Any):
        """Save through the service; the form's own instance is never written."""
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        edit_category(actor=user_of(request), category=obj, **changes)


@admin.register(ForgottenChoices)
class ForgottenChoicesAdmin(ReadOnlyAdmin):
    """Merchants at which a person asked us to forget their earlier choices."""

    group, label = "Technical", "Forgotten choices"
    customer_path = "user"
    list_display = ["title", "customer", "is_inflow", "forgotten_at"]
    list_select_related = ["user"]
    search_fields = ["title", "user__email"]
