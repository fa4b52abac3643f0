"""Find the column that says which of the owner's accounts a line belongs to."""

from typing import Any

from transactions.sources.files.column_words import (
    names_other_party,
    plain_heading,
)
from transactions.sources.files.csv_columns import Column

MOST_ACCOUNTS = 50
# A column that always names the owner's account may be blank in some lines, a number's may not.
_NAMED_IN, _NUMBERED_IN = 0.5, 0.95


def _headings(words: str) -> frozenset[str]:
    return frozenset(map(plain_heading, words.split("|")))


# These always name the owner's account.
_OWN = _headings(
    "account|account name|my account|own account|account label|bank account|"
    "source account|account id|account #|konto|kontoname|kontobezeichnung|auftragskonto|"
    "iban auftragskonto|eigenes konto|bezeichnung auftragskonto|name des kontos|"
    "eigene iban|compte|nom du compte|libellé du compte|intitulé du compte|mon compte|"
    "cuenta|nombre de la cuenta|mi cuenta|conto|nome conto|nome del conto|conto corrente|"
    "conta|nome da conta|rekening|naam rekening|eigen rekening|mijn rekening|rachunek|"
    "nazwa rachunku|nazwa konta|účet|název účtu|názov účtu|můj účet|számla|számla neve|"
    "kontonavn|kontonamn|tili|tilin nimi|konto nimi|sąskaita|konts|hesap|hesap adı|cont|"
    "nume cont|račun|naziv računa|reikningur|счет|счёт|название счета|рахунок|"
    "назва рахунку|сметка|λογαριασμός|口座|口座名|账户|账户名称|本方账号|本方账户|"
    "帳戶|帳戶名稱|계좌|계좌명|חשבון|"
    "שם חשבון|الحساب|اسم الحساب|บัญชี|ชื่อบัญชี|tài khoản|tên tài khoản|nama rekening|"
    "खाता"
)
# These name the owner's account or the other party's, depending on the other columns.
_NUMBERS = _headings(
    "iban|bban|iban/bban|iban bban|account number|account no|account no.|account nr|"
    "account iban|iban number|kontonummer|kontonr|kontonr.|konto nr|konto-nr.|konto iban|"
    "numéro de compte|n° de compte|n° compte|compte n°|numéro compte|número de cuenta|"
    "nº de cuenta|n.º de cuenta|nº cuenta|numero cuenta|numero conto|numero di conto|"
    "n. conto|número da conta|nº da conta|n.º da conta|rekeningnummer|rekeningnr|"
    "iban rekening|numer rachunku|numer konta|nr rachunku|číslo účtu|číslo účtu iban|"
    "számlaszám|tilinumero|konto number|sąskaitos numeris|konta numurs|hesap no|"
    "hesap numarası|număr cont|broj računa|номер счета|номер счёта|номер рахунку|"
    "номер на сметка|αριθμός λογαριασμού|口座番号|账号|帳號|계좌번호|מספר חשבון|رقم الحساب|"
    "เลขที่บัญชี|số tài khoản|nomor rekening|खाता संख्या|card number|card no|card no.|"
    "kartennummer|numéro de carte|número de tarjeta"
)


def names_accounts(heading: str) -> bool:
    """Whether the column may say which account a line belongs to."""
    return plain_heading(heading) in _OWN | _NUMBERS


def account_field(columns: list[Column], fields: dict[str, Any]) -> dict[str, int]:
    """``{"account": index}`` if an unused column clearly names the owner's account, else ``{}``."""
    used = {value for name, value in fields.items() if type(value) is int}
    used |= set(fields.get("description", ()))
    free = [column for column in columns if column.index not in used and _may_be_accounts(column)]
    for column in free:
        if plain_heading(column.heading) in _OWN and column.fill_share >= _NAMED_IN:
            return {"account": column.index}
    is_alone = fields.get("merchant") is None
    if is_alone or any(names_other_party(column.heading) for column in columns):
        for column in free:
            several = len(set(column.values)) > 1
            is_few = len(set(column.values)) < len(column.values) or not several
            is_full = column.fill_share >= _NUMBERED_IN
            if plain_heading(column.heading) in _NUMBERS and is_few and is_full:
                return {"account": column.index}
    return {}


def _may_be_accounts(column: Column) -> bool:
    return not column.is_dates and len(set(column.values)) <= MOST_ACCOUNTS
