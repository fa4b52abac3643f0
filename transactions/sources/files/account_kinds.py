"""What kind of account a part of a file is about: "credit_card", "savings" …, "" if it doesn't say.

The file's own code decides; without one, the words of the account's name.
"""

import re

from transactions.sources.files.values import fold

CHECKING, SAVINGS, CARD, LOAN, INVESTMENT, CASH = (
    *("checking", "savings", "credit_card", "loan"),
    *("investment", "cash"),
)

# OFX: the statement's aggregate, and ACCTTYPE within a bank's statement.
OFX_STATEMENTS = {
    "CCSTMTRS": CARD,
    "LOANSTMTRS": LOAN,
    "AMORTSTMTRS": LOAN,
    "INVSTMTRS": INVESTMENT,
}
OFX_TYPES = {
    "CHECKING": CHECKING,
    "SAVINGS": SAVINGS,
    "MONEYMRKT": SAVINGS,
    "CD": SAVINGS,
    "CREDITLINE": LOAN,
}
# QIF: the section's name, which is also the type in a list of accounts.
QIF_TYPES = {"bank": CHECKING, "cash": CASH, "ccard": CARD, "oth l": LOAN, "invst": INVESTMENT}
# ISO 20022, ExternalCashAccountType1Code.
CAMT_TYPES = {
    "CACC": CHECKING,
    "TRAN": CHECKING,
    "SLRY": CHECKING,
    "ODFT": CHECKING,
    "SVGS": SAVINGS,
    "MOMA": SAVINGS,
    "LLSV": SAVINGS,
    "CARD": CARD,
    "LOAN": LOAN,
}

_DEBIT = re.compile(r"\b(debit|debito|bankomat|girocard|maestro|prepaid)\b")
# In this order: a "Kreditkarte" is no "Kredit". The texts are folded.
_WORDS = (
    (
        CARD,
        r"credit ?cards?\b|kreditkarte|kreditkort|kredittkort|luottokortti|karta kredytowa"
        r"|carte de credit|carte credit|tarjeta de credito|tarjeta credito|carta di credito"
        r"|cartao de credito|kredi karti|\bvisa\b|master ?card|\bamex\b|american express"
        r"|diners club|\bcc\b|クレジット|信用卡|кредитная карта|кредитка",
    ),
    (
        SAVINGS,
        r"\bsavings?\b|sparkonto|tagesgeld|festgeld|sparbuch|spaar|epargne|\blivret\b|\bahorros?\b"
        r"|risparmi|poupanca|oszczednos|saastotili|money market|накопит|сберегат",
    ),
    (
        LOAN,
        r"\bloans?\b|mortgage|darlehen|kredit\b|hypothe|\bpret\b|prestamo|hipoteca|\bmutuo\b"
        r"|emprestimo|\blan\b|ипотек",
    ),
    (INVESTMENT, r"brokerage|\bdepot\b|\bsecurities\b|\binvest|\b401k\b|\bportfolio\b"),
    (CASH, r"\bcash\b|bargeld|\bwallet\b|especes|\befectivo\b|contant"),
)
_BY_WORDS = tuple((kind, re.compile(words)) for kind, words in _WORDS)


def kind_in(name: str) -> str:
    """The kind that the account's name in the file says: "Visa …1234" is a credit card."""
    text = fold(name)
    for kind, words in _BY_WORDS:
        if words.search(text):
            return "" if kind == CARD and _DEBIT.search(text) else kind
    return ""
