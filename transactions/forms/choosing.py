"""Fields to choose one of the user's accounts or categories."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, AccountQuerySet, AccountShare, shared_account_ids
from banking.kernel.icons import collected
from transactions.models import Category
from transactions.predefined import UNCATEGORIZED
from users.models import User
from users.policy import Ability, may

Choices = list[tuple[str, Any]]


class CategoryName(str):
    """The name of a category as a choice, with what a combobox shows next to it."""

    color: str
    icon: str
    place: int | None

    def __new__(
        cls, name: str, color: str = "", icon: str = "", place: int | None = None
    ) -> "CategoryName":
        made = super().__new__(cls, name)
        made.color, made.icon, made.place = color, icon, place
        return made


class CategorySelect(forms.Select):
    """A select that JavaScript turns into a combobox (static/js/comboboxes.js)."""

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        extra = {"data-combobox": "", "data-likely": _("Likely")}
        super().__init__(attrs={**extra, **(attrs or {})}, choices=choices)

    def create_option(
        self, name: str, value: Any, label: Any, *args: Any, **options: Any
    ) -> dict[str, Any]:
        option = super().create_option(name, value, label, *args, **options)
        if isinstance(label, CategoryName):
            option["attrs"]["data-color"] = label.color
            # The others are drawn where they are shown, which a script cannot do.
            if label.icon in collected():
                option["attrs"]["data-icon"] = label.icon
            if label.place is not None:
                option["attrs"]["data-likely"] = label.place
        return option


def category_choices(
    found: Sequence[Category],
    empty: Any,
    *,
    with_none: bool = False,
    without: str | None = None,
    likely: Sequence[int] = (),
) -> Choices:
    """Slugs of an owner's categories by group. Each top-level category heads its own group.

    `likely` are the ids of the categories that a combobox shows first, in this order.
    """
    places = {category_id: place for place, category_id in enumerate(likely)}
    children: dict[int, list[Category]] = {}
    for category in found:
        if category.parent_id is not None:
            children.setdefault(category.parent_id, []).append(category)
    choices: Choices = [("", empty)]
    if with_none:
        choices.append((UNCATEGORIZED, _("No category")))
    for category in found:
        if category.parent_id is None:
            family = [category, *children.get(category.pk, [])]
            names = [
                (
                    member.slug,
                    CategoryName(
                        member.name, member.color, member.icon, place=places.get(member.pk)
                    ),
                )
                for member in family
                if member.slug != without
            ]
            choices.append((category.name, names))
    return choices


class CategoryField(forms.ChoiceField):
    """One of this owner's categories, or none."""

    widget = CategorySelect

    def __init__(self, **kwargs: Any) -> None:
        options: dict[str, Any] = {"required": False, "label": _("Category")}
        super().__init__(**(options | kwargs))
        self.known: Sequence[Category] = ()

    def offer(
        self, known: Sequence[Category], *, without: str | None = None, likely: Sequence[int] = ()
    ) -> None:
        """Let one of these, the owner's, be chosen."""
        self.known = known
        empty = _("No category")
        self.choices = category_choices(known, empty, without=without, likely=likely)

    def clean(self, value: Any) -> Category | None:
        slug = super().clean(value)
        if not slug:
            return None
        found = next((one for one in self.known if one.slug == slug), None)
        if found is None:
            raise ValidationError(_("Choose one of your own categories."))
        return found


class AccountChoice(forms.ModelChoiceField):
    widget = forms.Select(attrs={"data-combobox": ""})

    def label_from_instance(self, account: Account) -> str:
        return f"{account} ({account.currency})"


def accounts_to_post_to(user: User) -> AccountQuerySet:
    """Active accounts to which this user may add transactions."""
    if not may(user, Ability.CREATE_TRANSACTIONS):
        return Account.objects.none()
    levels = shared_account_ids(user)
    as_analyst = [pk for pk, level in levels.items() if level == AccountShare.Level.ANALYST]
    return Account.objects.filter(Q(user=user) | Q(pk__in=as_analyst)).active()
