"""Model fields that behave the same on every database: exact money, currencies, searchable text."""

import re
import unicodedata
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import Combinable

from banking.kernel.money import (
    SMALLEST_STEP,
    Units,
    from_units,
    parse_amount,
    to_units,
    validate_currency,
)
from banking.kernel.typed_fields import AmountFormField

SCALE = 10_000
# Accents of Latin, Greek and Cyrillic letters. Marks of other scripts are vowels and the like.
# Nor does anyone see a soft hyphen, a zero-width space, a word joiner or a byte order mark.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u00ad\u200b\u2060\ufeff]"
)
# Letters with a stroke, which Unicode does not decompose, ligatures, and typographic signs.
_LETTERS = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d"}
    | dict.fromkeys("‘’‛′", "'")
    | dict.fromkeys("“”„‟″", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
)


class AmountField(models.BigIntegerField):  # type: ignore[type-arg]  # not generic at run time
    """A Decimal in Python, a whole number of ten-thousandths in the database.

    SQLite stores a DecimalField as a float (20,000 times 0.10 summed to 1999.9999999992765 there);
    integers add exactly on every engine. Sums and F() additions work in SQL; never multiply two
    amounts in SQL. Floats are refused.
    """

    description = "Exact amount of money, four decimals"
    # For django-stubs: the field is an integer only in the database.
    _pyi_private_set_type: Decimal | Combinable  # type: ignore[assignment]  # no int comes in
    _pyi_private_get_type: Decimal  # type: ignore[assignment]  # nor goes out

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        if isinstance(value, float):
            raise ValidationError("Money is never a float.", code="invalid_amount")
        return parse_amount(str(value))

    def from_db_value(self, value: Any, *_: Any) -> Decimal | None:
        return None if value is None else from_units(Units(value))

    def get_prep_value(self, value: Any) -> Any:
        """Ten-thousandths; None and expressions are passed through."""
        if value is None or hasattr(value, "resolve_expression"):
            return value
        amount = self.to_python(value)
        if amount is None:
            return None
        if not amount.is_finite() or amount != amount.quantize(SMALLEST_STEP):
            raise ValidationError("An amount has at most four decimals.", code="invalid_amount")
        return to_units(amount)

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return models.Field.formfield(self, form_class=AmountFormField, **kwargs)

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else f"{value:f}"


class CurrencyField(models.CharField):  # type: ignore[type-arg]  # not generic at run time
    """An ISO 4217 code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 3)
        super().__init__(*args, **kwargs)
        self.validators = [*self.validators, validate_currency]


def folded(text: str) -> str:
    """The text as people type it when they search: without case, accents and what nobody sees.

    `CAFÉ`, `café` and `CAFE` are equal, as are `Łódź` and `lodz`, `Straße` and `strasse`, and
    full-width and plain letters. Folding a folded text changes nothing.
    """
    if text.isascii():
        return text.lower()
    taken_apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", taken_apart)).translate(_LETTERS)


class FoldedField(models.TextField):  # type: ignore[type-arg]  # not generic at run time
    """The folded text of other fields of the row, stored for searching and sorting.

    SQLite ignores case only for ASCII letters, and PostgreSQL follows its own locale. Set by save
    and bulk_create; with `update_fields`, name it explicitly.
    """

    def __init__(self, *sources: str, **kwargs: Any) -> None:
        self.sources = sources
        options: dict[str, Any] = {"editable": False, "blank": True, "default": ""}
        super().__init__(**(options | kwargs))

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        text = self.text_of(model_instance)
        setattr(model_instance, self.attname, text)
        return text

    def text_of(self, row: models.Model) -> str:
        """The current text of the row's other fields, one per line."""
        return folded("\n".join(getattr(row, name) for name in self.sources))

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, [*self.sources, *args], kwargs


def folded_field(model: type[models.Model], name: str) -> FoldedField:
    """The folded field of that name."""
    return cast(FoldedField, model._meta.get_field(name))


class BegunEverywhere(models.Func):
    """The moment by which a day has begun everywhere on Earth: noon of that day in UTC."""

    arity = 1
    template = "(%(expressions)s || ' 12:00:00')"
    output_field = models.DateTimeField()

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        template = "((%(expressions)s + TIME '12:00') AT TIME ZONE 'UTC')"
        return self.as_sql(compiler, connection, template=template)
