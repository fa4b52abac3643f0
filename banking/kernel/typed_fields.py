"""Form fields for amounts and numbers, parsed and shown in the reader's locale.

Without a reader (banking/kernel/region.py), as in API filters, an amount is plain digits. A refused
value is shown as typed; stored values are shown in the locale's format.
"""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from banking.kernel.formats import number
from banking.kernel.money import LARGEST_AMOUNT, minor_unit_digits, parse_amount
from banking.kernel.region import region_tag, written_tag
from banking.kernel.typed_amounts import STORED_DECIMALS, read_amount, read_number

_WRITTEN_BY_MACHINE = re.compile(r"\d{1,12}(?:\.\d{1,2})?", re.ASCII)


class _TypedField(forms.CharField):
    """Shared behavior: bounds, and comparison by value."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def __init__(
        self,
        *,
        min_value: Decimal | int | None = None,
        max_value: Decimal | int | None = None,
        **kwargs: Any,
    ) -> None:
        self.min_value, self.max_value = min_value, max_value
        super().__init__(**kwargs)

    def validate(self, value: Any) -> None:
        if value is None:
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return
        if self.min_value is not None and value < self.min_value:
            raise ValidationError(self._too_small(), code="min_value")
        if self.max_value is not None and value > self.max_value:
            raise ValidationError(
                _("Enter at most %(most)s.") % {"most": self.written(Decimal(self.max_value))},
                code="max_value",
            )

    def _too_small(self) -> str:
        least = Decimal(self.min_value or 0)
        if 0 < least < 1:
            return _("Enter an amount above zero.")
        return _("Enter at least %(least)s.") % {"least": self.written(least)}

    def run_validators(self, value: Any) -> None:
        # Skip CharField's text checks; to_python has already parsed the value.
        return

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != self.to_python(initial)
        except ValidationError:
            return True

    def prepare_value(self, value: Any) -> Any:
        is_number = isinstance(value, Decimal | int) and not isinstance(value, bool)
        return self.written(Decimal(value)) if is_number else value

    def written(self, value: Decimal) -> str:
        """The value in the reader's locale."""
        raise NotImplementedError


class AmountFormField(_TypedField):
    """An amount of money as people type it; cleans to a Decimal or None.

    `currency_from`: the form field that provides the currency: a code, or an object with a
    `currency`. `currency`: the fallback. `decimals`: the maximum, if not the currency's own.
    """

    def __init__(
        self,
        *,
        currency: str | None = None,
        currency_from: str = "",
        decimals: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.currency, self.currency_from, self.decimals = currency, currency_from, decimals
        self.form: forms.BaseForm | None = None
        super().__init__(**({"max_value": LARGEST_AMOUNT} | kwargs))

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        # Each form has its own copy of the field.
        self.form = form
        return super().get_bound_field(form, field_name)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # the value is a number, written as text
        if value is None or isinstance(value, Decimal):
            return value
        text = super().to_python(value)
        if not text:
            return None
        tag = region_tag()
        return self.read(text, tag) if tag else parse_amount(text)

    def read(self, text: str, tag: str) -> Decimal:
        """Parse the value in that locale. Raises ValidationError with the reason."""
        return read_amount(
            text, locale=tag, currency=self._currency_chosen(), decimals=self.decimals
        )

    def written(self, value: Decimal) -> str:
        currency = self._currency_shown()
        digits = 2 if currency is None else minor_unit_digits(currency)
        has_more = value != round(value, digits)
        is_whole = currency is None and value == value.to_integral_value()
        if has_more or is_whole or self.decimals is not None:
            return number(value, STORED_DECIMALS)
        return number(value, digits, is_fixed=True)

    def _currency_chosen(self) -> str | None:
        """The currency submitted in the same form."""
        form, name = self.form, self.currency_from
        if form is None or not name or not form.is_bound:
            return self.currency
        field = form.fields[name]
        cleaned = getattr(form, "cleaned_data", {})
        if name not in cleaned and not field.disabled:
            try:
                return _code_of(field.clean(form[name].data)) or self.currency
            except ValidationError:
                return self.currency
        return _code_of(cleaned.get(name)) or self.currency

    def _currency_shown(self) -> str | None:
        form, name = self.form, self.currency_from
        if form is None or not name:
            return self.currency
        return _code_of(form.get_initial_for_field(form.fields[name], name)) or self.currency


class AmountFilterField(AmountFormField):
    """An amount bound of a filter: people type it, and our own links contain plain digits."""

    def read(self, text: str, tag: str) -> Decimal:
        # At most two decimals, so that no locale reads the point as a group mark.
        if _WRITTEN_BY_MACHINE.fullmatch(text):
            return Decimal(text)
        return super().read(text, tag)


class NumberFormField(_TypedField):
    """A number as people type it, such as points or a percentage.

    Cleans to an int if it has no decimals, otherwise to a Decimal. `unit`: text allowed next to it.
    """

    def __init__(self, *, decimals: int = 0, unit: str = "", **kwargs: Any) -> None:
        self.decimals, self.unit = decimals, unit
        super().__init__(**kwargs)
        if not decimals:
            is_negative = self.min_value is None or self.min_value < 0
            self.widget.attrs["inputmode"] = "text" if is_negative else "numeric"

    def to_python(self, value: Any) -> Decimal | int | None:  # type: ignore[override]  # the value is a number, written as text
        if value is None or isinstance(value, Decimal | int):
            return value
        text = super().to_python(value)
        if not text:
            return None
        number = read_number(text, locale=written_tag(), decimals=self.decimals, unit=self.unit)
        return number if self.decimals else int(number)

    def written(self, value: Decimal) -> str:
        return number(value, self.decimals)


def _code_of(value: Any) -> str | None:
    """The currency code of a field's value; None if it has none."""
    code = getattr(value, "currency", value)
    return code if isinstance(code, str) and re.fullmatch("[A-Z]{3}", code) else None
