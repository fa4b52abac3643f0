"""The HTML door's half of the bridge from services: a broken rule is shown on the form."""

from collections.abc import Iterator
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


class Renderer(TemplatesSetting):
    """Every field renders through templates/forms/field.html: label, input, hint, error."""

    field_template_name = "forms/field.html"
    form_template_name = "forms/form.html"
