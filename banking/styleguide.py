"""Content of the style page: invented figures and one form with every kind of field."""

from decimal import Decimal
from typing import Any

from django import forms


class SampleForm(forms.Form):
    """Every kind of field the product uses."""

    name = forms.CharField(label="Name", help_text="As it stands on your statement.")
    email = forms.EmailField(label="Email")
    password = forms.CharField(label="Password", widget=forms.PasswordInput, required=False)
    amount = forms.DecimalField(
        label="Amount", widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    day = forms.DateField(label="Date", widget=forms.DateInput(attrs={"type": "date"}))
    account = forms.ChoiceField(
        label="Account", choices=[("1", "Everyday ****3456"), ("2", "Rainy day ****9012")]
    )
    notes = forms.CharField(label="Notes", widget=forms.Textarea, required=False)
    cadence = forms.ChoiceField(
        label="Frequency",
        choices=[("m", "Every month"), ("q", "Every quarter"), ("y", "Every year")],
        widget=forms.RadioSelect,
    )
    channels = forms.MultipleChoiceField(
        label="Tell me by",
        choices=[("app", "In the app"), ("mail", "Email"), ("sms", "Text message")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    remember = forms.BooleanField(label="Remember this mapping", required=False)
    auto_pay = forms.BooleanField(
        label="Pay automatically",
        required=False,
        widget=forms.CheckboxInput(attrs={"role": "switch"}),
        help_text="On the due date, if the money is there.",
    )


_CATEGORIES = {
    "Groceries": ("shopping-cart", "#2f8f5b"),
    "Salary": ("banknote", "#3a47c2"),
    "Rent": ("house", "#8450c0"),
    "Eating out": ("utensils", "#c07f0c"),
    "Transport": ("tram-front", "#2f86c8"),
    "Subscriptions": ("tv", "#c13f68"),
}
_ROWS = [
    ("Today", "Corner Market", "Groceries", "Everyday", "-54.20"),
    ("Today", "Northwind Transit", "Transport", "Travel card", "-3.10"),
    ("Yesterday", "Harbour Robotics Ltd", "Salary", "Everyday", "4250.00"),
    ("Yesterday", "Lantern Kitchen & Bar, Riverside", "Eating out", "Travel card", "-38.75"),
    ("Monday 2 June", "Hillside Lettings", "Rent", "Everyday", "-1480.00"),
    ("Monday 2 June", "Streamwell", "Subscriptions", "Travel card", "-12.99"),
]
_MONTHS = [
    ("Jan", "4250.00", "3105.40"),
    ("Feb", "4250.00", "2890.15"),
    ("Mar", "4410.00", "3388.00"),
    ("Apr", "4250.00", "3012.75"),
    ("May", "4250.00", "3604.10"),
    ("Jun", "4250.00", "2231.80"),
]
_SPENDING = [
    ("Rent", "1480.00"),
    ("Groceries", "612.40"),
    ("Eating out", "288.10"),
    ("Transport", "141.00"),
    ("Subscriptions", "83.96"),
]


def samples() -> dict[str, Any]:
    """The style page's context."""
    bound = SampleForm({"name": "", "email": "nobody", "amount": "12,5x", "auto_pay": "on"})
    return {
        "form": SampleForm(auto_id="plain_%s"),
        "bound_form": bound,
        "net_worth": Decimal("48230.55"),
        "income": Decimal("4250.00"),
        "spent": Decimal("-2231.80"),
        "balance": Decimal("12410.08"),
        "up": Decimal("4.2"),
        "down": Decimal("-7.9"),
        "trend": [31, 32.4, 31.8, 33.9, 35.2, 36, 39.1, 38.4, 41.7, 44.2, 46.5, 48.2],
        "spending_trend": [28, 31, 27, 33, 30, 36, 29, 31, 28, 33, 36, 22],
        "rows": [
            {
                "day": day,
                "merchant": merchant,
                "category": category,
                "icon": _CATEGORIES[category][0],
                "color": _CATEGORIES[category][1],
                "account": account,
                "amount": Decimal(amount),
            }
            for day, merchant, category, account, amount in _ROWS
        ],
        "months": [(name, Decimal(inflow), Decimal(out)) for name, inflow, out in _MONTHS],
        "spending": [
            {"name": name, "amount": Decimal(amount), "color": _CATEGORIES[name][1]}
            for name, amount in _SPENDING
        ],
        "periods": [
            {"label": "This month", "url": "?period=month", "is_current": True},
            {"label": "This quarter", "url": "?period=quarter"},
            {"label": "This year", "url": "?period=year"},
        ],
    }
