"""Forms of the import wizard: the file, its columns, and corrections to single lines."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from banking.kernel.forms import Form
from banking.kernel.typed_fields import AmountFormField
from banking.limits import IMPORT_COLUMNS
from transactions.forms.choosing import AccountChoice
from transactions.models import ImportBatch, ImportRow
from transactions.models.notices import notice_text
from transactions.services.import_parts import (
    NEW,
    SEVERAL,
    SKIP,
    FilePart,
    likely_accounts,
    parts_of,
    takes,
)
from transactions.sources.files.csv_mapping import CsvMapping, Detection
from transactions.sources.files.dates import DATE_STYLES
from transactions.sources.files.text_encoding import ENCODINGS
from users.models import User

FILE_TYPES = ".csv,.txt,.tsv,.xlsx,.ofx,.qfx,.qif,.sta,.mt940,.940,.xml"
SIGNS = [
    ("signed", _("One column; a minus is money out")),
    ("inverted", _("One column; a minus is money in, as on some cards")),
    ("debit_credit", _("Two columns, money out and money in, without signs")),
    ("signed_pair", _("Two columns that carry their own signs")),
    ("inverted_pair", _("Two columns; a minus is money in, as on some cards")),
    ("flag", _("One column without signs; another says the direction")),
    ("unmarked_out", _("One column; “+” or CR is money in, the rest is money out")),
    ("by_balance", _("One column without signs; the balance says the direction")),
    ("by_balance_newest", _("The same, with the newest line first")),
]
DELIMITERS = [(",", _("Comma")), (";", _("Semicolon")), ("\t", _("Tab")), ("|", _("Bar"))]
QUOTES = [('"', '"'), ("'", "'"), ("", _("None"))]
MARKS = [(".", "1,234.56"), (",", "1.234,56")]


class ImportStartForm(Form):
    """A statement file and its account."""

    account = AccountChoice(
        queryset=Account.objects.none(), label=_("Account"), empty_label=_("Choose an account")
    )
    file = forms.FileField(
        label=_("Statement file"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": FILE_TYPES}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Account.objects.owned_by(user).active().order_by("name", "pk")
        self.fields["account"].queryset = own
        if len(own) == 1:
            self.fields["account"].empty_label = None


class MappingForm(Form):
    """Every field of a CsvMapping. Questions only the owner can answer appear at their fields."""

    txn_date = forms.ChoiceField(label=_("Date"))
    date_format = forms.ChoiceField(label=_("Date format"), choices=[*DATE_STYLES.items()])
    posted_date = forms.ChoiceField(label=_("Posting date"), required=False)
    sign_convention = forms.ChoiceField(label=_("Amounts"), choices=SIGNS)
    amount = forms.ChoiceField(label=_("Amount"), required=False)
    debit = forms.ChoiceField(label=_("Money out"), required=False)
    credit = forms.ChoiceField(label=_("Money in"), required=False)
    flag = forms.ChoiceField(label=_("Direction"), required=False)
    outflow_flag = forms.CharField(
        label=_("Words for money out"),
        required=False,
        max_length=200,
        help_text=_("Separate several words with |"),
    )
    inflow_flag = forms.CharField(
        label=_("Words for money in"),
        required=False,
        max_length=200,
        help_text=_("Leave empty to use every other word"),
    )
    decimal_mark = forms.ChoiceField(label=_("Amount format"), choices=MARKS)
    description = forms.MultipleChoiceField(
        label=_("Description"), required=False, widget=forms.CheckboxSelectMultiple
    )
    merchant = forms.ChoiceField(label=_("Merchant"), required=False)
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    category = forms.ChoiceField(label=_("Category"), required=False)
    notes = forms.ChoiceField(label=_("Notes"), required=False)
    balance = forms.ChoiceField(label=_("Running balance"), required=False)
    fee = forms.ChoiceField(label=_("Separate fee"), required=False)
    opening_balance = forms.CharField(label=_("Opening balance"), required=False, max_length=20)
    external_id = forms.ChoiceField(label=_("Bank reference"), required=False)
    status = forms.ChoiceField(label=_("Posted or pending"), required=False)
    account = forms.ChoiceField(label=_("Your account"), required=False)
    delimiter = forms.ChoiceField(label=_("Column separator"), choices=DELIMITERS)
    quotechar = forms.ChoiceField(label=_("Quote character"), choices=QUOTES, required=False)
    encoding = forms.ChoiceField(
        label=_("Text encoding"), choices=[(name, name) for name in ENCODINGS]
    )
    header_line = forms.IntegerField(label=_("Header line (0 for none)"), min_value=0)
    skip_lines = forms.IntegerField(label=_("Lines to skip at the start"), min_value=0)

    COLUMNS = (
        *("txn_date", "posted_date", "amount", "debit", "credit", "flag", "merchant"),
        *("currency", "category", "notes", "balance", "external_id", "status", "fee", "account"),
    )
    MONEY = ("sign_convention", "amount", "debit", "credit", "flag", "outflow_flag", "inflow_flag")
    MAIN = ("txn_date", "date_format", *MONEY, "decimal_mark", "description")

    def __init__(self, *args: Any, detection: Detection, mapping: CsvMapping, **kwargs: Any):
        kwargs["initial"] = _initial(mapping)
        super().__init__(*args, **kwargs)
        self.detection = detection
        choices = _column_choices(detection, mapping)
        for name in self.COLUMNS:
            self.fields[name].choices = [("", "–"), *choices]
        self.fields["description"].choices = choices
        if not detection.is_table:
            names = ("date_format", "decimal_mark")
            asked = {name for name, _question in detection.doubts} | {"date_format"}
            self.fields = {name: self.fields[name] for name in names if name in asked}
            orders = detection.alternatives["date_format"]
            self.fields["date_format"].choices = [(order, DATE_STYLES[order]) for order in orders]
        for name, question in detection.doubts:
            if name in self.fields:
                self.fields[name].help_text = notice_text(question)
                self.fields[name].widget.attrs["data-doubt"] = "yes"

    def given(self) -> dict[str, Any]:
        """The mapping as `merged_mapping` expects it."""
        values = dict(self.cleaned_data)
        if not self.detection.is_table:
            return values
        for name in self.COLUMNS:
            values[name] = int(values[name]) if values[name] else None
        values["description"] = [int(column) for column in values["description"]]
        return values

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.MAIN if name in self.fields]

    @property
    def other_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.MAIN]


def _column_choices(detection: Detection, mapping: CsvMapping) -> list[tuple[str, str]]:
    names = detection.columns[:IMPORT_COLUMNS]
    names += [""] * (min(mapping.width, IMPORT_COLUMNS) - len(names))
    return [(str(place), column_label(place, name)) for place, name in enumerate(names)]


def column_label(place: int, name: str) -> str:
    """How a column is named where the person chooses one: by its number and heading."""
    return f"{place + 1}: {name[:60]}" if name else str(place + 1)


def _initial(mapping: CsvMapping) -> dict[str, Any]:
    values = mapping.as_json()
    for name in MappingForm.COLUMNS:
        values[name] = "" if values[name] is None else str(values[name])
    values["description"] = [str(column) for column in values["description"]]
    return values


class PartsForm(Form):
    """The account for each part of a file."""

    def __init__(self, *args: Any, batch: ImportBatch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parts = parts_of(batch)
        self.own = list(Account.objects.owned_by(batch.user).active().order_by("name", "pk"))
        likely = likely_accounts(batch)
        for place, part in enumerate(self.parts):
            found = likely[part.part]
            self.fields[f"part_{place}"] = forms.ChoiceField(
                label=_("Account"),
                choices=self._choices(part),
                initial=str(found.pk) if found else "",
                error_messages={"required": _("Choose an account, or skip these lines.")},
            )

    def _choices(self, part: FilePart) -> list[tuple[str, Any]]:
        able = [
            (str(account.pk), f"{account} ({account.currency})")
            for account in self.own
            if takes(account, part)
        ]
        others = [(NEW, _new_account(part)), (SKIP, _("Skip these lines"))]
        return [("", _("Choose an account")), *able, *others]

    @property
    def rows(self) -> list[tuple[FilePart, forms.BoundField]]:
        return [(part, self[f"part_{place}"]) for place, part in enumerate(self.parts)]

    def answers(self) -> dict[str, Account | str]:
        """The answers as `choose_accounts` expects them."""
        by_key: dict[str, Account | str] = {str(account.pk): account for account in self.own}
        by_key |= {NEW: NEW, SKIP: SKIP}
        return {
            part.part: by_key[self.cleaned_data[f"part_{place}"]]
            for place, part in enumerate(self.parts)
        }


def _new_account(part: FilePart) -> str:
    """The choice of a new account, with what it will be if the file says so."""
    said = [str(Account.Type(part.account_type).label)] if part.account_type else []
    said += [part.currency] if part.currency not in ("", SEVERAL) else []
    if not said:
        return gettext("Add a new account")
    return gettext("Add a new account (%(what)s)") % {"what": ", ".join(said)}


class ImportRowForm(Form):
    """Correct the values that were read from one line."""

    txn_date = forms.DateField(label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}))
    amount = AmountFormField(label=_("Amount"), help_text=_("Use a minus for money out."))
    description = forms.CharField(label=_("Description"), max_length=500)

    @classmethod
    def of(cls, row: ImportRow, data: Any = None) -> "ImportRowForm":
        initial = {
            "txn_date": row.txn_date.isoformat() if row.txn_date else "",
            "amount": row.signed_amount,
            "description": row.description,
        }
        form = cls(data, initial=initial)
        form.fields["amount"].currency = row.batch.account.currency
        return form
