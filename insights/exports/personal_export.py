"""Everything a person owns as one archive: export.json, their receipts and their bank files.

The tables come from `ownership.tables_of_people()`, so new ones are included automatically.
Exclusions are listed below with their reasons. Rows are streamed, so memory stays flat.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, Field, Model, Q, QuerySet

from banking.kernel.fields import FoldedField
from banking.kernel.sentences import shown
from banking.kernel.snapshot import read_snapshot
from insights.exports.ownership import rows_of, tables_of_people
from transactions.models import Attachment, Category, ImportBatch
from transactions.services.import_reading import content_of
from users.audit import trail
from users.models import AuditEvent, User

ROWS_AT_ONCE = 2_000
# Stored with their values (banking/kernel/sentences.py); exported in words.
SENTENCES = {
    "bills.Bill.auto_pay_error",
    "insights.Export.title",
    "transactions.Change.error",
    "transactions.UnpostedReason.reason",
}
# Not the person's data, or included in the archive in another form.
LEFT_OUT = {
    "transactions.ConvertedMonth": "sums of the transactions",
    "transactions.DailyTotal": "sums of the transactions",
    "transactions.MonthlyTotal": "sums of the transactions",
    "transactions.MerchantTotal": "sums of the transactions",
    "transactions.LedgerMark": "an internal mark to recompute figures",
    "transactions.ChangeRow": "what an undo would write; changes are in category_changes",
    "transactions.ReferenceChange": "what an undo would write",
    "transactions.ChangePlan": "what a running change has left to do",
    "transactions.ImportFile": "its bytes are in the folder imports/",
    "users.IdempotentCommand": "stored API responses; their effects are in the rows",
    "users.User_groups": "the role is in the profile",
    "users.User_user_permissions": "the role is in the profile",
    "insights.ExportPiece": "files made from these same rows",
    "insights.WorkItem": "the institution's record of its staff's work",
    "admin.LogEntry": "what staff did in the admin site is about other people",
}
# Secrets: holding one of these is enough to act as the person.
SECRET_FIELDS = {
    *(
        "users.User.password",
        "users.RefreshSession.token_hash",
        "accounts.BankConnection.secret",
        "users.AuditEvent.salt",
    ),
    *("mfa.Authenticator.data", "usersessions.UserSession.session_key"),
    *("account.EmailConfirmation.key", "insights.Export.claim"),
}
README = """\
Everything {site} keeps about {email}, as of {at} (UTC).

export.json   one list for each kind of thing; ids connect them; money is exact text;
              times are UTC. "profile" is you, "audit_events" is what was done and when.
receipts/     the files kept with transactions, by the attachment's id
imports/      the statement files you uploaded in the last 30 days, by the import's id

Passwords, keys and tokens are in no export.
"""


def write_archive(
    user: User, file: IO[bytes], *, at: datetime, report: Callable[[int], None]
) -> None:
    """Write the archive to an open file; `report` is called with the percentage done."""
    with read_snapshot(), ZipFile(file, "w", ZIP_DEFLATED, compresslevel=6) as archive:
        moment = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
        readme = README.format(site=settings.SITE_NAME, email=user.email, at=moment)
        archive.writestr("README.txt", readme)
        with archive.open("export.json", "w", force_zip64=True) as entry:
            for piece in json_pieces(user, at=at, report=report):
                entry.write(piece.encode())
        _write_receipts(archive, user, report)
        _write_imports(archive, user, report)


def json_pieces(user: User, *, at: datetime, report: Callable[[int], None]) -> Iterator[str]:
    """The document `export.json`, in pieces."""
    profile = next(_rows(User, User.objects.filter(pk=user.pk)))
    head = {"exported_at": at.astimezone(UTC), "product": settings.SITE_NAME, "profile": profile}
    yield _json(head)[:-1]
    tables = exported_tables()
    for number, model in enumerate(tables):
        go_on = partial(report, number * 90 // len(tables))
        go_on()
        yield f',\n"{section_name(model)}": '
        yield from _list(_rows(model, _of_person(model, user)), go_on)
    yield ',\n"audit_events": '
    yield from _list(_events(user), partial(report, 90))
    yield "}\n"


def exported_tables() -> list[type[Model]]:
    """Every table with rows of a person, sorted by section name."""
    tables = [model for model in tables_of_people() if model._meta.label not in LEFT_OUT]
    return sorted(tables, key=section_name)


def section_name(model: type[Model]) -> str:
    """The section of a model: "PointsEntry" is in "points_entries"."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", model.__name__).lower()
    if name.endswith("y"):
        return f"{name[:-1]}ies"
    if name.endswith(("ss", "ch")):
        return f"{name}es"
    return name if name.endswith("s") else f"{name}s"


def exported_fields(model: type[Model]) -> list[Field]:
    """The columns of a table to export: no secrets, no binary data, no folded search text."""
    label = model._meta.label
    return [
        field
        for field in model._meta.concrete_fields
        if f"{label}.{field.name}" not in SECRET_FIELDS
        and not isinstance(field, BinaryField | FoldedField)
    ]


def _of_person(model: type[Model], user: User) -> QuerySet:
    if model is Category:
        # Includes predefined rows: transactions refer to them.
        return Category.objects.filter(Q(user=user) | Q(user=None))
    return rows_of(model, user)


def _rows(model: type[Model], rows: QuerySet) -> Iterator[dict[str, Any]]:
    names = [field.attname for field in exported_fields(model)]
    sentences = [name for name in names if f"{model._meta.label}.{name}" in SENTENCES]
    for row in rows.order_by("pk").values(*names).iterator(chunk_size=ROWS_AT_ONCE):
        yield row | {name: shown(row[name]) for name in sentences}


def _events(user: User) -> Iterator[dict[str, Any]]:
    """The person's own trail, and their actions in other people's trails without those people's
    data.
    """
    own = Q(chain__name=trail.chain_name(user.pk))
    names = [field.attname for field in exported_fields(AuditEvent)]
    events = AuditEvent.objects.filter(own | Q(actor=user)).order_by("pk")
    for row in events.values(*names, "chain__name").iterator(chunk_size=ROWS_AT_ONCE):
        if row.pop("chain__name") != trail.chain_name(user.pk):
            row["changes"] = None
        if row["actor_id"] != user.pk:
            row["ip"] = row["device"] = None
        yield row


def _list(rows: Iterable[dict[str, Any]], go_on: Callable[[], None]) -> Iterator[str]:
    yield "["
    for number, row in enumerate(rows):
        yield f"{',' if number else ''}\n{_json(row)}"
        if number % ROWS_AT_ONCE == ROWS_AT_ONCE - 1:
            go_on()
    yield "\n]"


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def _write_receipts(archive: ZipFile, user: User, report: Callable[[int], None]) -> None:
    kept = Attachment.objects.filter(transaction__user=user).order_by("pk")
    for pk, name in list(kept.values_list("pk", "file_name")):
        content = kept.values_list("content", flat=True).get(pk=pk)
        archive.writestr(f"receipts/{pk}-{_safe(name)}", bytes(content))
        report(92)


def _write_imports(archive: ZipFile, user: User, report: Callable[[int], None]) -> None:
    batches = ImportBatch.objects.filter(user=user, file__isnull=False).order_by("pk")
    for batch in batches:
        archive.writestr(f"imports/{batch.pk}-{_safe(batch.file_name)}", content_of(batch))
        report(96)


def _safe(name: str) -> str:
    """A file name that stays inside its folder when the archive is extracted."""
    return re.sub(r"[^\w.\- ()]+", "_", name)[-120:].strip(" .") or "file"
