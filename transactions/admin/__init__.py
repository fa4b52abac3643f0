"""Admin pages of the ledger: read-only but for the predefined categories."""

from transactions.admin import categories, imports, ledger, totals

__all__ = ["categories", "imports", "ledger", "totals"]
