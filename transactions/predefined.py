"""The predefined categories: two levels, each with an icon (lucide) and a color.

`install` runs in a migration and can be repeated: it adds missing categories and keeps whatever an
administrator has renamed.
"""

from typing import Any

# The URL value that filters for uncategorized transactions. No category has this slug.
UNCATEGORIZED = "uncategorized"

# (slug, name, kind, icon, color, children as (slug, name, icon)). Children share kind and color.
TREE: list[tuple[str, str, str, str, str, list[tuple[str, str, str]]]] = [
    ("income", "Income", "income", "banknote", "#15803d", [
        ("salary", "Salary", "briefcase"),
        ("bonus", "Bonus", "sparkles"),
        ("self-employment", "Self-employment", "store"),
        ("interest", "Interest", "percent"),
        ("dividends", "Dividends", "trending-up"),
        ("pension", "Pension", "armchair"),
        ("benefits", "Benefits", "hand-helping"),
        ("rental-income", "Rental income", "key-round"),
        ("gifts-received", "Gifts received", "gift"),
        ("refunds", "Refunds", "undo-2"),
        ("other-income", "Other income", "circle-plus"),
    ]),
    ("food", "Food & drink", "expense", "utensils", "#c2410c", [
        ("groceries", "Groceries", "shopping-basket"),
        ("restaurants", "Restaurants", "utensils-crossed"),
        ("coffee", "Coffee & snacks", "coffee"),
        ("food-delivery", "Delivery", "bike"),
    ]),
    ("housing", "Housing", "expense", "house", "#1d4ed8", [
        ("rent", "Rent", "key"),
        ("mortgage", "Mortgage", "landmark"),
        ("home-maintenance", "Maintenance", "hammer"),
        ("furnishing", "Furnishing", "armchair"),
    ]),
    ("utilities", "Utilities", "expense", "plug", "#0e7490", [
        ("electricity", "Electricity", "zap"),
        ("heating", "Heating", "flame"),
        ("water", "Water", "droplets"),
        ("internet", "Internet", "wifi"),
        ("phone", "Phone", "smartphone"),
    ]),
    ("transport", "Transport", "expense", "car", "#4338ca", [
        ("fuel", "Fuel & charging", "fuel"),
        ("public-transport", "Public transport", "train-front"),
        ("taxi", "Taxi & sharing", "car-taxi-front"),
        ("parking", "Parking & tolls", "circle-parking"),
        ("car-maintenance", "Car maintenance", "wrench"),
    ]),
    ("shopping", "Shopping", "expense", "shopping-bag", "#be185d", [
        ("clothing", "Clothing", "shirt"),
        ("electronics", "Electronics", "laptop"),
        ("household", "Household", "lamp"),
        ("hobbies", "Hobbies", "palette"),
    ]),
    ("health", "Health", "expense", "heart-pulse", "#b91c1c", [
        ("doctor", "Doctor & dentist", "stethoscope"),
        ("pharmacy", "Pharmacy", "pill"),
        ("fitness", "Fitness", "dumbbell"),
    ]),
    ("entertainment", "Entertainment", "expense", "clapperboard", "#7e22ce", [
        ("streaming", "Streaming", "tv"),
        ("games", "Games", "gamepad-2"),
        ("events", "Events", "ticket"),
        ("books", "Books & news", "book-open"),
    ]),
    ("travel", "Travel", "expense", "plane", "#0369a1", [
        ("flights", "Flights & trains", "plane-takeoff"),
        ("hotels", "Hotels", "bed"),
    ]),
    ("personal", "Personal care", "expense", "scissors", "#a21caf", []),
    ("children", "Children", "expense", "baby", "#b45309", []),
    ("pets", "Pets", "expense", "paw-print", "#854d0e", []),
    ("education", "Education", "expense", "graduation-cap", "#047857", []),
    ("insurance", "Insurance", "expense", "shield", "#334155", []),
    ("subscriptions", "Subscriptions", "expense", "repeat", "#6d28d9", []),
    ("gifts", "Gifts & donations", "expense", "gift", "#be123c", []),
    ("taxes", "Taxes", "expense", "scale", "#44403c", []),
    ("fees", "Fees & interest", "expense", "receipt", "#57534e", [
        ("bank-fees", "Bank fees", "landmark"),
        ("interest-paid", "Interest paid", "percent"),
    ]),
    ("cash", "Cash withdrawal", "expense", "wallet", "#4d7c0f", []),
    ("other", "Other", "expense", "circle-ellipsis", "#475569", []),
    ("transfer", "Transfer", "transfer", "arrow-left-right", "#64748b", [
        ("card-payment", "Card payment", "credit-card"),
        ("savings-transfer", "Savings", "piggy-bank"),
        ("investment-transfer", "Investment", "chart-line"),
        ("loan-repayment", "Loan repayment", "hand-coins"),
    ]),
]  # fmt: skip


def install(category_model: Any) -> None:
    """Add missing predefined categories (`category_model` may be a migration's historical
    model).
    """
    for slug, name, kind, icon, color, children in TREE:
        shared = {"kind": kind, "color": color}
        parent, _ = category_model.objects.get_or_create(
            user=None, slug=slug, defaults={"name": name, "icon": icon, **shared}
        )
        for child_slug, child_name, child_icon in children:
            category_model.objects.get_or_create(
                user=None,
                slug=child_slug,
                defaults={"name": child_name, "icon": child_icon, "parent": parent, **shared},
            )
