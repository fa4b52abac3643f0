"""The household's housekeeping: confirmed transfers, rules for recurring payments, a saved view."""

from datetime import date, timedelta
from typing import Any

from transactions.models import Category
from transactions.services.rule_editing import create_rule
from transactions.services.saved_views import save_view
from transactions.services.transfers import (
    confirm_transfer,
    open_suggestions,
    suggest_transfers,
)
from users.models import User

# Matches how far back the transfers page looks.
LOOKING_BACK = timedelta(days=400)
# The latest ones stay open for the visitor to answer.
LEFT_OPEN = 2
RULES: list[tuple[str, dict[str, Any]]] = [
    ("coffee", {"keyword_pattern": "pike coffee"}),
    ("groceries", {"merchant_pattern": "harbor market|green basket|cascade grocers"}),
    ("food-delivery", {"keyword_pattern": "doorstep", "amount_max": 60}),
    # Not applied yet: its preview finds uncategorized transactions.
    ("other", {"keyword_pattern": "kiosk"}),
]
VIEW_NAME = "Dinners above 50"
VIEW = (
    "category=restaurants&amount_min=50&columns=txn_date,merchant,account,tags,notes,amount"
    "&ordering=-amount"
)


def put_in_order(*, owner: User, on: date) -> None:
    """Confirm a year of transfers except the latest, and save the household's rules and view."""
    suggest_transfers(user=owner, since=on - LOOKING_BACK)
    pairs = open_suggestions(owner).order_by("-outflow_transaction__txn_date", "-pk")
    for transfer in pairs[LEFT_OPEN:]:
        confirm_transfer(actor=owner, transfer=transfer)
    categories = {category.slug: category for category in Category.objects.filter(user=None)}
    for slug, looked_for in RULES:
        create_rule(actor=owner, user=owner, category=categories[slug], **looked_for)
    save_view(actor=owner, name=VIEW_NAME, query=VIEW)
