"""Export transactions as a plain-text accounting journal for hledger or beancount.

Posted transactions count, so the tools show our balances. Pending and planned ones are included as
comments. Both sides of a transfer meet in one equity account. The opening balance is included if
the export covers all of an account's posted transactions.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Min
from django.http import StreamingHttpResponse

from accounts.models import Account
from banking.kernel.money import plain_amount
from transactions.export_lines import ExportedLine, OwnersCategories, export_lines
from transactions.exports import csv_answer
from transactions.models import Category, Transaction, TransactionQuerySet
from users.models import User

POSTED = Transaction.Status.POSTED
_KINDS = {Category.Kind.INCOME: "Income", Category.Kind.EXPENSE: "Expenses"}
_OPENING, _TRANSFERS, _NONE = "Equity:Opening Balances", "Equity:Transfers", "Uncategorized"


@dataclass(frozen=True, slots=True)
class Posting:
    """One posting of an entry. `path` is the full account name."""

    path: tuple[str, ...]
    amount: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal entry. Its postings add up to zero."""

    on: date
    payee: str
    text: str
    facts: dict[str, str]
    postings: tuple[Posting, ...]
    is_posted: bool = True


Format = Callable[[Iterator[Entry], date], Iterator[str]]


def file_answer(
    rows: TransactionQuerySet, user: User, on: date, name: str
) -> StreamingHttpResponse:
    """A response that streams the file. `name` is one of FILE_FORMATS."""
    if name == CSV:
        return csv_answer(rows, user, on)
    answer = StreamingHttpResponse(
        journal_lines(rows, user, name), content_type="text/plain; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="transactions-{on}.{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def journal_lines(rows: TransactionQuerySet, user: User, name: str) -> Iterator[str]:
    """Yield the journal in pieces, in the order of the rows. `user` is the person who
    exports it.
    """
    plain = rows.order_by()
    first = plain.aggregate(first=Min("txn_date"))["first"] or date(2000, 1, 1)
    return FORMATS[name](_entries(rows, user, first), first)


def _entries(rows: TransactionQuerySet, user: User, first: date) -> Iterator[Entry]:
    accounts = list(Account.objects.filter(pk__in=rows.order_by().values("account")).order_by("pk"))
    paths = _account_paths(accounts)
    whole = _whole_accounts(rows)
    for account in accounts:
        if account.pk in whole and account.opening_balance:
            yield _opening(account, paths[account.pk], first)
    categories = OwnersCategories()
    for lines in export_lines(rows, user):
        for line in lines:
            yield _entry(line, paths[line.account_id], categories)


def _whole_accounts(rows: TransactionQuerySet) -> set[int]:
    """The accounts whose posted transactions are all among the rows."""
    chosen = _posted_counts(rows)
    every = _posted_counts(Transaction.objects.live().filter(account__in=chosen))
    return {pk for pk, count in chosen.items() if count == every.get(pk)}


def _posted_counts(rows: TransactionQuerySet) -> dict[int, int]:
    counted = rows.posted().order_by().values_list("account").annotate(Count("pk"))
    return dict(counted.values_list("account", "pk__count"))


def _account_paths(accounts: list[Account]) -> dict[int, tuple[str, ...]]:
    """Each account's name in the journal. Names that would collide get the account's number, again
    where that collides with another account's name.
    """
    names = {
        account.pk: " ".join(filter(None, (account.name, account.last_four)))
        for account in accounts
    }
    while alike := _alike(names):
        names |= {pk: f"{names[pk]} {pk}" for pk in alike}
    return {
        account.pk: ("Liabilities" if account.is_liability else "Assets", names[account.pk])
        for account in accounts
    }


def _alike(names: dict[int, str]) -> list[int]:
    """The accounts whose name is another's too, or has nothing that every tool can write."""
    plain = {pk: _ascii(name).casefold() for pk, name in names.items()}
    count = Counter(plain.values())
    return [pk for pk, name in plain.items() if not name or count[name] > 1]


def _opening(account: Account, path: tuple[str, ...], first: date) -> Entry:
    amount = account.opening_balance
    postings = (
        Posting(path, _amount(amount, account.currency)),
        Posting(tuple(_OPENING.split(":")), _amount(-amount, account.currency)),
    )
    return Entry(first, "", "Opening balance", {}, postings)


def _entry(line: ExportedLine, path: tuple[str, ...], categories: OwnersCategories) -> Entry:
    parts = [(part.category_id, part.signed_amount) for part in line.parts]
    against = [
        Posting(
            _category_path(categories.get(line.user_id, category_id), categories, line, amount),
            _amount(-amount, line.currency),
        )
        for category_id, amount in parts or [(line.category_id, line.signed_amount)]
    ]
    facts = {
        "id": str(line.pk),
        "status": "" if line.status == POSTED else line.status,
        "tags": ", ".join(line.tags),
        "notes": line.notes,
        "bank-id": line.external_id,
        "transfer-with": str(line.transfer_with or ""),
    }
    return Entry(
        on=line.txn_date,
        payee=line.merchant,
        text=line.description,
        facts={name: value for name, value in facts.items() if value},
        postings=(Posting(path, _amount(line.signed_amount, line.currency)), *against),
        is_posted=line.status == POSTED,
    )


def _category_path(
    category: Category | None, categories: OwnersCategories, line: ExportedLine, amount: Decimal
) -> tuple[str, ...]:
    if category is None:
        return ("Income" if amount > 0 else "Expenses", _NONE)
    if category.kind == Category.Kind.TRANSFER:
        return tuple(_TRANSFERS.split(":"))
    parent = categories.get(line.user_id, category.parent_id)
    names = [parent.name, category.name] if parent else [category.name]
    return (_KINDS[Category.Kind(category.kind)], *names)


def _amount(amount: Decimal, currency: str) -> str:
    return f"{plain_amount(amount, currency)} {currency}"


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


# --- hledger -------------------------------------------------------------------------------------


def _hledger(entries: Iterator[Entry], first: date) -> Iterator[str]:
    yield "; Pending and planned transactions are comments, because they are in no balance.\n"
    yield "decimal-mark .\n"
    for entry in entries:
        code = entry.facts.get("id", "")
        words = " | ".join(filter(None, map(_hledger_text, (entry.payee, entry.text))))
        lines = [f"{entry.on} * ({code}) {words}"]
        for name, value in entry.facts.items():
            if name != "id":
                # A comma would end the tag's value.
                lines.append(f"    ; {name}: {_one_line(value).replace(',', ' /')}")
        for posting in entry.postings:
            account = ":".join(map(_hledger_name, posting.path))
            lines.append(f"    {account}  {posting.amount}")
        yield _block(lines, entry)


def _hledger_text(text: str) -> str:
    """ ";" starts a comment and "|" ends the payee."""
    return _one_line(text).replace(";", ",").replace("|", "/")


def _hledger_name(name: str) -> str:
    """Two spaces end an account name, ":" starts a sub-account and ";" a comment."""
    return _one_line(re.sub("[:;]", " ", name)) or _NONE


# --- beancount -----------------------------------------------------------------------------------


def _beancount(entries: Iterator[Entry], first: date) -> Iterator[str]:
    yield "; Pending and planned transactions are comments, because they are in no balance.\n"
    opened: set[str] = set()
    for entry in entries:
        accounts = [":".join(map(_beancount_name, posting.path)) for posting in entry.postings]
        for account in dict.fromkeys(accounts):
            if account not in opened:
                opened.add(account)
                yield f"{first} open {account}\n"
        payee = f"{_quoted(entry.payee)} " if entry.payee else ""
        lines = [f"{entry.on} * {payee}{_quoted(entry.text)}"]
        lines += [f"  {name}: {_quoted(value)}" for name, value in entry.facts.items()]
        lines += [
            f"  {account}  {posting.amount}"
            for account, posting in zip(accounts, entry.postings, strict=True)
        ]
        yield _block(lines, entry)


def _quoted(text: str) -> str:
    escaped = _one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _beancount_name(name: str) -> str:
    """Letters, digits and hyphens, starting with a capital letter or digit."""
    plain = _ascii(name) or "X" + "".join(f"{ord(char):x}" for char in name)[:40]
    return plain[:1].upper() + plain[1:]


def _ascii(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub("[^A-Za-z0-9]+", "-", letters).strip("-")


def _block(lines: list[str], entry: Entry) -> str:
    mark = "" if entry.is_posted else "; "
    return "\n" + "".join(f"{mark}{line}\n" for line in lines)


FORMATS: dict[str, Format] = {"hledger": _hledger, "beancount": _beancount}
CSV = "csv"
FILE_FORMATS = (CSV, *FORMATS)
