"""The models of this app, one module per subject."""

from transactions.models.categories import Category, CategoryQuerySet
from transactions.models.changes import Change, ChangePlan, ChangeRow, ReferenceChange
from transactions.models.details import Attachment, SavedView, TransactionSplit
from transactions.models.imports import ImportBatch, ImportFile, ImportMapping, ImportRow
from transactions.models.learning import ForgottenChoices
from transactions.models.ledger import (
    ENTERED_AHEAD,
    CategoryChange,
    ConvertedMonth,
    DailyTotal,
    MerchantTotal,
    MonthlyTotal,
    Tag,
    Transaction,
    TransactionQuerySet,
    UnpostedReason,
)
from transactions.models.marks import LedgerMark
from transactions.models.reviews import BankLine, ReviewItem
from transactions.models.rules import CategoryRule
from transactions.models.transfers import Transfer

__all__ = [
    "ENTERED_AHEAD",
    "Attachment",
    "BankLine",
    "Category",
    "CategoryChange",
    "CategoryQuerySet",
    "CategoryRule",
    "Change",
    "ChangePlan",
    "ChangeRow",
    "ConvertedMonth",
    "DailyTotal",
    "ForgottenChoices",
    "ImportBatch",
    "ImportFile",
    "ImportMapping",
    "ImportRow",
    "LedgerMark",
    "MerchantTotal",
    "MonthlyTotal",
    "ReferenceChange",
    "ReviewItem",
    "SavedView",
    "Tag",
    "Transaction",
    "TransactionQuerySet",
    "TransactionSplit",
    "Transfer",
    "UnpostedReason",
]
