"""The rows of this app, one module per subject."""

from transactions.models.categories import Category, CategoryQuerySet
from transactions.models.imports import ImportBatch, ImportFile, ImportMapping, ImportRow
from transactions.models.ledger import (
    CategoryChange,
    MonthlyTotal,
    Tag,
    Transaction,
    TransactionQuerySet,
)

__all__ = [
    "Category",
    "CategoryChange",
    "CategoryQuerySet",
    "ImportBatch",
    "ImportFile",
    "ImportMapping",
    "ImportRow",
    "MonthlyTotal",
    "Tag",
    "Transaction",
    "TransactionQuerySet",
]
