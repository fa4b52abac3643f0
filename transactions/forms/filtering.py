"""The filter bar of the transactions list: the FilterSet's own form with friendlier widgets."""

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from accounts.models import Account
from banking.kernel.formats import date_format
from banking.kernel.written_once import Asked
from transactions.forms.choosing import CategorySelect, category_choices
from transactions.known_categories import asking_categories_of, categories_of
from transactions.models import Transaction
from transactions.predefined import UNCATEGORIZED
from transactions.tags import OWN_NAMES
from users.models import User

# The order in the panel. `search` is in the bar itself.
PANEL = (
    "date_from",
    "date_to",
    "category",
    "account",
    "txn_type",
    "status",
    "amount_min",
    "amount_max",
    "merchant",
    "tag",
)


DATES = ("date_from", "date_to")
AMOUNTS = ("amount_min", "amount_max")


def asking_choices(user: User, names: Collection[str]) -> list[Asked]:
    """What `dress_filter_form` reads."""
    asked = {"category": asking_categories_of(user.pk), "tag": OWN_NAMES.asking(user.pk)}
    return [one for name, one in asked.items() if name in names]


def dress_filter_form(
    form: Any, user: User, names: Collection[str], accounts: Iterable[Account]
) -> Any:
    """Give each of these filters its widget without changing which values it accepts. The form may
    lack others.
    """
    for name in form.fields.keys() & {*DATES}:
        form.fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    if "account" in names:
        named = [(account.pk, str(account)) for account in accounts]
        _choose(form, "account", [("", _("Any account")), *named])
    if "category" in names:
        _choose(
            form,
            "category",
            category_choices(categories_of(user.pk), _("Any category"), with_none=True),
        )
    if "tag" in names:
        tags = OWN_NAMES.rows(user.pk)
        _choose(form, "tag", [("", _("Any tag")), *((name, name) for name in tags)])
    for name, words, kinds in (
        ("txn_type", _("In and out"), Transaction.Type),
        ("status", _("Any status"), Transaction.Status),
    ):
        if name in form.fields:
            form.fields[name].empty_label = None
            form.fields[name].choices = [("", words), *kinds.choices]
    return form


def _choose(form: Any, name: str, choices: list) -> None:
    """A select that keeps a value from the URL even if it is not among the choices."""
    value = form.data.get(name, "")
    known = {str(key) for key, label in _flat(choices)}
    if value and value not in known:
        choices = [*choices, (value, value)]
    form.fields[name].widget = CategorySelect(choices=choices)


def _flat(choices: list) -> list[tuple[Any, Any]]:
    flat: list[tuple[Any, Any]] = []
    for key, label in choices:
        flat += label if isinstance(label, list) else [(key, label)]
    return flat


def chip_labels(form: Any) -> list[dict[str, str]]:
    """The active filters, each with its chip label."""
    chips = []
    others = ("merchant_is", "currency", "transfers", "counts_as", "shared", "import_batch")
    for name in ("search", *PANEL, *others):
        value = form.data.get(name, "")
        if value != "":
            words = _words(form, name, value)
            chips.append({"name": name, "label": str(form.fields[name].label), "value": words})
    return chips


def _words(form: Any, name: str, value: str) -> str:
    field = form.fields[name]
    if name == "category" and value == UNCATEGORIZED:
        return _("none")
    if name in AMOUNTS and name not in form.errors:
        return str(field.written(form.cleaned_data[name]))
    if name in DATES and name not in form.errors:
        return date_format(form.cleaned_data[name], "DATE_FORMAT")
    # One that is read when it is needed has no length, so it is asked for its choices.
    choices = [*getattr(field.widget, "choices", ())] or [*getattr(field, "choices", ())]
    return next((str(label) for key, label in _flat(choices) if str(key) == value), value)
