"""Choose the category of all uncategorized transactions at one merchant."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from banking.kernel.fields import folded
from banking.kernel.forms import Form
from transactions.models import Category, Transaction
from transactions.rules.learning import Payee
from users.models import User

NAMES_LISTED = 4


class TypedCategoryField(forms.CharField):
    """A category by its slug, its name, or an unambiguous part of its name."""

    def __init__(self, **kwargs: Any) -> None:
        options: dict[str, Any] = {"label": gettext_lazy("Category"), "max_length": 80}
        super().__init__(**(options | kwargs))
        self.offered: list[Category] = []

    def clean(self, value: Any) -> Category | None:
        text = folded(super().clean(value))
        if not text:
            return None
        for matches in (
            lambda category: text == category.slug or text == folded(category.name),
            lambda category: folded(category.name).startswith(text),
            lambda category: any(word.startswith(text) for word in folded(category.name).split()),
            lambda category: text in folded(category.name),
        ):
            found = [category for category in self.offered if matches(category)]
            if len(found) == 1:
                return found[0]
            if found:
                names = ", ".join(category.name for category in found[:NAMES_LISTED])
                raise ValidationError(
                    _("“%(text)s” could be %(names)s. Type more of the name.")
                    % {"text": value.strip(), "names": names}
                )
        raise ValidationError(_("You have no category “%(text)s”.") % {"text": value.strip()})


class GroupForm(Form):
    """One merchant's group, and its category."""

    payee = forms.CharField(max_length=200, widget=forms.HiddenInput)
    txn_type = forms.ChoiceField(choices=Transaction.Type.choices, widget=forms.HiddenInput)
    category = TypedCategoryField(error_messages={"required": gettext_lazy("Choose a category.")})

    def __init__(self, data: QueryDict, *, user: User) -> None:
        if slug := data.get("suggested"):
            # The button of a suggestion.
            data = data.copy()
            data["category"] = slug
        super().__init__(data)
        self.fields["category"].offered = list(Category.objects.visible_to(user))

    def group(self) -> Payee:
        """The group, whatever category was typed."""
        is_inflow = self.data.get("txn_type") == Transaction.Type.INCOME
        return Payee(self.data.get("payee", "")[:200], is_inflow)
