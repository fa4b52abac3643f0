"""Form helpers: show the validation errors of services on forms and pages."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


class Form(forms.Form):
    """The base of our forms, with typed fields."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        super().clean()
        return self.cleaned_data


@contextmanager
def errors_on(form: forms.BaseForm) -> Iterator[None]:
    """Show a service's ValidationError on the form that called it."""
    try:
        yield
    except ValidationError as error:
        add_service_errors(form, error)


def add_service_errors(form: forms.BaseForm, error: ValidationError) -> None:
    """Add each message to its field if the form has it, otherwise to the form."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)


def tell_refusal(request: HttpRequest, error: ValidationError) -> None:
    """Show the messages of a ValidationError on the next page."""
    messages.error(request, " ".join(error.messages))


def go_back(request: HttpRequest, error: ValidationError, to: str, *args: Any) -> HttpResponse:
    """Show the messages of a ValidationError and redirect to a URL or URL name."""
    tell_refusal(request, error)
    return redirect(to, *args)


def say_with_undo(request: HttpRequest, sentence: str, undo: str, *args: Any) -> None:
    """Show a message on the next page, with a button that posts to the URL named `undo`."""
    messages.success(request, sentence, extra_tags=f"undo:{reverse(undo, args=args)}")


def next_url(request: HttpRequest, otherwise: str) -> str:
    """The page the person came from, which the form names as `next`, if it is a path of ours.

    A text without a leading slash is refused too: `redirect` would read it as the name of a URL.
    """
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_path = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, None)
    return wanted if is_path else otherwise


def came_from(request: HttpRequest, otherwise: str) -> str:
    """As `next_url`; where nothing names the page, the browser does (`Referer`).

    For links that are in every row of a list: the list's address in each would be half of its size.
    """
    sent = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(sent, request.get_host()):
        return next_url(request, otherwise)
    path = urlsplit(sent)._replace(scheme="", netloc="", fragment="").geturl()
    is_elsewhere = path != request.get_full_path() and url_has_allowed_host_and_scheme(path, None)
    return next_url(request, path if is_elsewhere else otherwise)


def stay(request: HttpRequest, to: str, *args: Any) -> HttpResponse:
    """Redirect to the page the person came from, as after Undo in a message; otherwise to `to`."""
    return redirect(next_url(request, resolve_url(to, *args)))


def row_ids(texts: Iterable[str]) -> list[int]:
    """Row ids from a request: ASCII digits only, and within the column's range."""
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]


class RowsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Several rows by id. Django's own field asks the database for ids that SQLite can't hold."""

    def clean(self, value: Any) -> Any:
        for text in value or ():
            if not row_ids([str(text)]):
                wrong = {"value": text}
                sentence = self.error_messages["invalid_choice"]
                raise ValidationError(sentence, code="invalid_choice", params=wrong)
        return super().clean(value)


class YesNoField(forms.NullBooleanField):
    """Accepts "true" or "false"; Django's own field treats every other word as absent."""

    def clean(self, value: Any) -> bool | None:
        words = {"true": True, "1": True, "false": False, "0": False, "": None}
        word = "" if value is None else str(value).lower()
        if word not in words:
            raise ValidationError("Send true or false.", code="invalid")
        return words[word]


def yes_or_no(params: Mapping[str, str], name: str) -> bool | None:
    """The query parameter's value; None if absent. Raises ValidationError if it is invalid."""
    try:
        return YesNoField().clean(params.get(name))
    except ValidationError:
        raise ValidationError({name: f"Send true or false as {name}."}) from None


class Renderer(TemplatesSetting):
    """Every field renders through templates/forms/field.html: label, input, hint, error."""

    field_template_name = "forms/field.html"
    form_template_name = "forms/form.html"
