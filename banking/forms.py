"""The HTML door's half of the bridge from services: a broken rule is shown on the form."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting


@contextmanager
def errors_on(form: forms.BaseForm) -> Iterator[None]:
    """Show a rule broken inside a service on the form that asked for it."""
    try:
        yield
    except ValidationError as error:
        add_service_errors(form, error)


def add_service_errors(form: forms.BaseForm, error: ValidationError) -> None:
    """Put each sentence on its field if the form has it, else on top."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)


def row_ids(texts: Iterable[str]) -> list[int]:
    """The keys of rows among what a browser sent: no other digits, none beyond the column."""
    return [int(one) for one in texts if one.isascii() and one.isdigit() and len(one) < 19]


class Renderer(TemplatesSetting):
    """Every field renders through templates/forms/field.html: label, input, hint, error."""

    field_template_name = "forms/field.html"
    form_template_name = "forms/form.html"
