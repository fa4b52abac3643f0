"""Map Plaid's personal finance categories (v1 and v2) to ours; "" if unsure."""

from typing import Any

# A detailed category takes precedence over its primary one.
_DETAILED = {
    "INCOME_WAGES": "salary",
    "INCOME_SALARY": "salary",
    "INCOME_DIVIDENDS": "dividends",
    "INCOME_INTEREST_EARNED": "interest",
    "INCOME_RETIREMENT_PENSION": "pension",
    "INCOME_UNEMPLOYMENT": "benefits",
    "INCOME_LONG_TERM_DISABILITY": "benefits",
    "INCOME_CHILD_SUPPORT": "benefits",
    "INCOME_MILITARY": "salary",
    "INCOME_RENTAL": "rental-income",
    "INCOME_GIG_ECONOMY": "self-employment",
    "INCOME_TAX_REFUND": "refunds",
    "TRANSFER_IN_SAVINGS": "savings-transfer",
    "TRANSFER_OUT_SAVINGS": "savings-transfer",
    "TRANSFER_IN_INVESTMENT_AND_RETIREMENT_FUNDS": "investment-transfer",
    "TRANSFER_OUT_INVESTMENT_AND_RETIREMENT_FUNDS": "investment-transfer",
    "TRANSFER_OUT_WITHDRAWAL": "cash",
    "LOAN_PAYMENTS_CREDIT_CARD_PAYMENT": "card-payment",
    "LOAN_PAYMENTS_MORTGAGE_PAYMENT": "mortgage",
    "BANK_FEES_INTEREST_CHARGE": "interest-paid",
    "ENTERTAINMENT_TV_AND_MOVIES": "streaming",
    "ENTERTAINMENT_MUSIC_AND_AUDIO": "streaming",
    "ENTERTAINMENT_VIDEO_GAMES": "games",
    "ENTERTAINMENT_SPORTING_EVENTS_AMUSEMENT_PARKS_AND_MUSEUMS": "events",
    "FOOD_AND_DRINK_GROCERIES": "groceries",
    "FOOD_AND_DRINK_RESTAURANT": "restaurants",
    "FOOD_AND_DRINK_FAST_FOOD": "restaurants",
    "FOOD_AND_DRINK_COFFEE": "coffee",
    "GENERAL_MERCHANDISE_BOOKSTORES_AND_NEWSSTANDS": "books",
    "GENERAL_MERCHANDISE_CLOTHING_AND_ACCESSORIES": "clothing",
    "GENERAL_MERCHANDISE_ELECTRONICS": "electronics",
    "GENERAL_MERCHANDISE_PET_SUPPLIES": "pets",
    "GENERAL_MERCHANDISE_GIFTS_AND_NOVELTIES": "gifts",
    "GENERAL_SERVICES_AUTOMOTIVE": "car-maintenance",
    "GENERAL_SERVICES_CHILDCARE": "children",
    "GENERAL_SERVICES_EDUCATION": "education",
    "GENERAL_SERVICES_INSURANCE": "insurance",
    "GOVERNMENT_AND_NON_PROFIT_DONATIONS": "gifts",
    "GOVERNMENT_AND_NON_PROFIT_TAX_PAYMENT": "taxes",
    "HOME_IMPROVEMENT_FURNITURE": "furnishing",
    "MEDICAL_PHARMACIES_AND_SUPPLEMENTS": "pharmacy",
    "MEDICAL_DENTAL_CARE": "doctor",
    "MEDICAL_PRIMARY_CARE": "doctor",
    "MEDICAL_EYE_CARE": "doctor",
    "MEDICAL_VETERINARY_SERVICES": "pets",
    "PERSONAL_CARE_GYMS_AND_FITNESS_CENTERS": "fitness",
    "RENT_AND_UTILITIES_RENT": "rent",
    "RENT_AND_UTILITIES_GAS_AND_ELECTRICITY": "electricity",
    "RENT_AND_UTILITIES_INTERNET_AND_CABLE": "internet",
    "RENT_AND_UTILITIES_TELEPHONE": "phone",
    "RENT_AND_UTILITIES_WATER": "water",
    "TRANSPORTATION_GAS": "fuel",
    "TRANSPORTATION_PARKING": "parking",
    "TRANSPORTATION_TOLLS": "parking",
    "TRANSPORTATION_PUBLIC_TRANSIT": "public-transport",
    "TRANSPORTATION_TAXIS_AND_RIDE_SHARES": "taxi",
    "TRAVEL_FLIGHTS": "flights",
    "TRAVEL_LODGING": "hotels",
}
_PRIMARY = {
    "INCOME": "other-income",
    "TRANSFER_IN": "transfer",
    "TRANSFER_OUT": "transfer",
    "LOAN_PAYMENTS": "loan-repayment",
    "LOAN_DISBURSEMENTS": "transfer",
    "BANK_FEES": "bank-fees",
    "ENTERTAINMENT": "entertainment",
    "FOOD_AND_DRINK": "food",
    "GENERAL_MERCHANDISE": "shopping",
    "HOME_IMPROVEMENT": "home-maintenance",
    "MEDICAL": "health",
    "PERSONAL_CARE": "personal",
    "TRANSPORTATION": "transport",
    "TRAVEL": "travel",
    "RENT_AND_UTILITIES": "utilities",
}
_UNSURE = {"LOW", "UNKNOWN"}


def slug_of(category: Any) -> str:
    """Our category slug for Plaid's {primary, detailed, confidence_level}; "" if unsure."""
    if not isinstance(category, dict) or category.get("confidence_level") in _UNSURE:
        return ""
    detailed, primary = category.get("detailed"), category.get("primary")
    found = _DETAILED.get(detailed) if isinstance(detailed, str) else None
    return found or (_PRIMARY.get(primary, "") if isinstance(primary, str) else "")
