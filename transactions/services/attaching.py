"""Receipts: images and PDFs, recognized by their content and stored with the transaction."""

import hashlib
import re

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction

from banking.limits import RECEIPT_BYTES, RECEIPTS_PER_TRANSACTION
from transactions.models import Attachment, Transaction
from users.audit import trail
from users.models import User

LONGEST_NAME = 200
_UNSAFE = re.compile(r"[^\w.\- ()]+")


def content_type_of(content: bytes) -> str:
    """The type according to the first bytes; "" for anything but supported images and PDFs."""
    for start, kind in (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"%PDF-", "application/pdf"),
    ):
        if content.startswith(start):
            return kind
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""


@db_transaction.atomic
def attach(*, actor: User, transaction: Transaction, file_name: str, content: bytes) -> Attachment:
    """Attach a receipt to the transaction. The same file again returns the existing receipt.

    Raises ValidationError at "file".
    """
    kind = content_type_of(content)
    if not kind:
        raise ValidationError({"file": "Choose a PNG, JPEG, WebP or GIF image, or a PDF."})
    if len(content) > RECEIPT_BYTES:
        raise ValidationError({"file": "A receipt can be up to 5 MB."})
    row = Transaction.objects.select_for_update(of=("self",)).get(pk=transaction.pk)
    if row.deleted_at is not None:
        raise ValidationError("This transaction is in the trash. Restore it first.")
    digest = hashlib.sha256(content).hexdigest()
    kept = Attachment.objects.filter(transaction=row).defer("content")
    same = kept.filter(sha256=digest).first()
    if same is not None:
        return same
    if kept.count() >= RECEIPTS_PER_TRANSACTION:
        raise ValidationError(
            {"file": f"A transaction can have at most {RECEIPTS_PER_TRANSACTION} receipts."}
        )
    made = Attachment.objects.create(
        transaction=row,
        file_name=_safe_name(file_name),
        content_type=kind,
        byte_count=len(content),
        sha256=digest,
        content=content,
    )
    trail.record(
        actor=actor,
        action="transactions.attachment.added",
        target=row,
        attachment=made.pk,
        sha256=digest,
        byte_count=len(content),
    )
    return made


@db_transaction.atomic
def detach(*, actor: User, attachment: Attachment) -> None:
    """Delete a receipt permanently."""
    row, pk = attachment.transaction, attachment.pk
    Attachment.objects.filter(pk=pk).delete()
    trail.record(
        actor=actor,
        action="transactions.attachment.removed",
        target=row,
        attachment=pk,
        sha256=attachment.sha256,
    )


def _safe_name(name: str) -> str:
    """The file's own name without a path or special characters, safe for headers and shells."""
    plain = _UNSAFE.sub("_", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(" .")
    return plain[-LONGEST_NAME:] or "receipt"
