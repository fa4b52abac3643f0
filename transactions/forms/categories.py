"""Forms for a person's own categories."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from banking.kernel.forms import Form
from banking.kernel.narrowing import sure
from transactions.forms.choosing import CategoryField
from transactions.known_categories import categories_of
from transactions.models import Category
from transactions.predefined import TREE
from users.models import User

# The icons of the predefined categories and a few more, without duplicates, in display order.
_MORE = ["tag", "star", "coffee", "fish", "flower", "music", "book", "camera", "gamepad-2", "wine"]
ICONS = list(
    dict.fromkeys(
        [icon for group in TREE for icon in (group[3], *(child[2] for child in group[5]))] + _MORE
    )
)


class CategoryForm(Form):
    """Name, parent, icon and color. A child category has its parent's kind."""

    name = forms.CharField(label=_("Name"), max_length=80)
    parent: Any = forms.ModelChoiceField(
        label=_("Parent category"),
        queryset=None,
        required=False,
        empty_label=_("None (top-level category)"),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=Category.Kind.choices,
        required=False,
        initial=Category.Kind.EXPENSE,
        help_text=_("Subcategories have the same kind as their parent."),
    )
    color = forms.CharField(
        label=_("Color"), initial="#64748b", widget=forms.TextInput(attrs={"type": "color"})
    )
    icon = forms.ChoiceField(
        label=_("Icon"),
        choices=[(name, name) for name in ICONS],
        initial="tag",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, user: User, category: Category | None = None, **kw: Any) -> None:
        super().__init__(*args, **kw)
        first = Category.objects.of_owner(user.pk).filter(parent=None)
        self.fields["parent"].queryset = first.exclude(pk=category.pk) if category else first
        if category and category.icon not in ICONS:
            self.fields["icon"].choices = [(category.icon, category.icon), *_icon_choices()]

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or Category.Kind.EXPENSE


class CategoryDeleteForm(Form):
    """Where to move the transactions of a deleted category, and whether its rules move too."""

    target = CategoryField(label=_("Move the transactions to"))
    rules = forms.ChoiceField(
        label=_("Rules that give this category"),
        choices=[
            ("move", _("Change them to the new category")),
            ("delete", _("Delete them")),
        ],
        initial="move",
        help_text=_("Without a new category, these rules are deleted."),
    )

    def __init__(self, *args: Any, category: Category, rule_count: int, **kw: Any) -> None:
        parent = category.parent
        super().__init__(*args, initial={"target": parent.slug if parent else ""}, **kw)
        self.fields["target"].offer(categories_of(sure(category.user_id)), without=category.slug)
        if not rule_count:
            del self.fields["rules"]

    @property
    def with_rules(self) -> bool:
        return self.cleaned_data.get("rules") != "delete"


def _icon_choices() -> list[tuple[str, str]]:
    return [(name, name) for name in ICONS]


def entries_of(category: Category) -> dict[str, Any]:
    """The form's initial values for an existing category."""
    return {
        "name": category.name,
        "parent": category.parent_id,
        "kind": category.kind,
        "color": category.color,
        "icon": category.icon,
    }
