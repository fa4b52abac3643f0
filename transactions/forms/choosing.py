"""Fields to choose one of the user's accounts or categories."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.access import may_post_to
from accounts.models import Account, AccountQuerySet
from banking.kernel.narrowing import sure
from transactions.models import Category
from transactions.predefined import UNCATEGORIZED
from users.models import User

Choices = list[tuple[str, Any]]


def category_choices(
    owner_id: int, empty: Any, *, with_none: bool = False, without: str | None = None
) -> Choices:
    """Category slugs by group, in one query. Each top-level category heads its own group."""
    found = list(Category.objects.of_owner(owner_id))
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
            choices.append((category.name, [(o.slug, o.name) for o in family if o.slug != without]))
    return choices


class CategoryField(forms.ChoiceField):
    """One of this owner's categories, or none."""

    def __init__(self, **kwargs: Any) -> None:
        options: dict[str, Any] = {"required": False, "label": _("Category")}
        super().__init__(**(options | kwargs))
        self.owner_id: int | None = None

    def set_owner(self, owner_id: int, *, without: str | None = None) -> None:
        self.owner_id = owner_id
        self.choices = category_choices(owner_id, _("No category"), without=without)

    def clean(self, value: Any) -> Category | None:
        slug = super().clean(value)
        if not slug:
            return None
        found = Category.objects.of_owner(sure(self.owner_id)).filter(slug=slug).first()
        if found is None:
            raise ValidationError(_("Choose one of your own categories."))
        return found


class AccountChoice(forms.ModelChoiceField):
    def label_from_instance(self, account: Account) -> str:
        return f"{account} ({account.currency})"


def accounts_to_post_to(user: User) -> AccountQuerySet:
    """Active accounts to which this user may add transactions."""
    visible = Account.objects.visible_to(user).active()
    ids = [account.pk for account in visible if may_post_to(user, account)]
    return Account.objects.filter(pk__in=ids)
