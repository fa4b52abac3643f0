"""Change many transactions at once: a selection, or all results of a filter.

Each action is one commit and one change that `undoing` can revert for 30 days. Only the actor's own
transactions are changed. If there is nothing to do, no change is created (None).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, Q

from accounts.models import Account
from accounts.services import lock_accounts
from banking.kernel.commands import command
from transactions.holds import held_in, why_held
from transactions.models import (
    Category,
    Change,
    Transaction,
    TransactionQuerySet,
)
from transactions.services.changed_since import Kept, chosen_since, noted_since
from transactions.services.changing import (
    CATEGORY,
    DELETED_AT,
    NOTES,
    SOURCE,
    TAGS,
    Act,
    carry_out,
    in_pieces,
    packed,
    rows_of,
    stage,
    transactions_of,
)
from transactions.services.posting import book, post_passed
from transactions.services.returned_lines import has_returned, one_of_each_line
from transactions.services.transfer_sides import (
    accounts_of_pairs,
    confirmed_pairs,
    dissolve_pairs,
    rows_in_pairs,
    sides_made_here,
    with_partners,
)
from transactions.tags import tags_by_name
from transactions.totals import SumsByKey, merge, sums_in
from users.audit import trail
from users.models import User
from users.timezones import local_date

MOST_TAGS, LONGEST_TAG, LONGEST_NOTES = 20, 40, 4_000
MANUAL, NOBODY = (
    str(Transaction.CategorySource.MANUAL),
    str(Transaction.CategorySource.NONE),
)
# "Leave unchanged", since None and "" are values.
UNCHANGED: Any = object()
# (transaction ID, before, after), as staged.
Changes = list[tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Edit:
    """The requested edit for every row."""

    category: Any
    add_ids: frozenset[int]
    remove_ids: frozenset[int]
    notes: Any
    summary: str = ""

    @property
    def fields(self) -> set[str]:
        """The fields it may change."""
        touched = {CATEGORY: self.category is not UNCHANGED, NOTES: self.notes is not UNCHANGED}
        touched[TAGS] = bool(self.tag_ids)
        return {name for name, is_touched in touched.items() if is_touched}

    @property
    def tag_ids(self) -> frozenset[int]:
        return self.add_ids | self.remove_ids


@command
def bulk_edit(
    *,
    actor: User,
    rows: TransactionQuerySet,
    at: datetime,
    category: Category | None = UNCHANGED,
    add_tags: Iterable[str] = (),
    remove_tags: Iterable[str] = (),
    notes: str = UNCHANGED,
) -> Change | None:
    """Set the category of rows (None removes it), add or remove tags, or set notes.

    Raises ValidationError at category, tags or notes; then no row is changed.
    """
    ids, accounts = _lock(actor, rows)
    edit = read_edit(
        actor=actor, category=category, add_tags=add_tags, remove_tags=remove_tags, notes=notes
    )
    staged = [row for piece in in_pieces(ids) for row in _planned(piece, edit)]
    if not staged:
        return None
    change = Change.objects.create(user=actor, kind=Change.Kind.BULK_EDIT, summary=edit.summary)
    _carry_out_edit(change, Act(actor=actor, accounts=accounts, at=at), edit, staged)
    return change


def read_edit(
    *,
    actor: User,
    category: Category | None = UNCHANGED,
    add_tags: Iterable[str] = (),
    remove_tags: Iterable[str] = (),
    notes: str = UNCHANGED,
) -> Edit:
    """Convert the request into database values, creating new tags. Raises ValidationError."""
    add_tags, remove_tags = tuple(add_tags), tuple(remove_tags)
    if category is not UNCHANGED:
        _refuse_foreign(actor, category)
    if notes is not UNCHANGED and len(notes) > LONGEST_NOTES:
        raise ValidationError({"notes": f"Notes can have at most {LONGEST_NOTES} characters."})
    edit = Edit(
        category=category,
        add_ids=_tag_ids(actor, add_tags, make=True),
        remove_ids=_tag_ids(actor, remove_tags, make=False),
        notes=notes,
        summary=_summary(category, add_tags, remove_tags, notes),
    )
    if edit.add_ids & edit.remove_ids:
        raise ValidationError({"tags": "You can't add and remove the same tag at once."})
    return edit


def with_fixed_category(
    rows: TransactionQuerySet,
) -> tuple[TransactionQuerySet, TransactionQuerySet]:
    """Those of the rows whose category `bulk_edit` leaves alone: the split ones, and the sides of
    confirmed transfers.
    """
    live = rows.filter(deleted_at=None)
    pairs = confirmed_pairs(live)
    return live.filter(is_split=True), live.filter(
        Q(pk__in=pairs.values("outflow_transaction")) | Q(pk__in=pairs.values("inflow_transaction"))
    )


def edit_some(
    change: Change, act: Act, edit: Edit, ids: Iterable[int], noted: Mapping[str, str] | None
) -> None:
    """Edit these rows in a worker, as far as their accounts are locked.

    `noted` holds hashes of the notes at the time of the request.
    """
    ids, kept = _under_locks(ids, act), Kept()
    if edit.category is not UNCHANGED:
        _refuse_foreign(change.user, edit.category)
        kept.categories = chosen_since(change, ids)
    if edit.notes is not UNCHANGED and noted is not None:
        kept.notes = noted_since(change, ids, noted)
    staged = _planned(ids, edit, kept)
    if kept.skipped:
        change.skipped_count += len(kept.skipped)
        change.save(update_fields=["skipped_count", "updated_at"])
    if staged:
        _carry_out_edit(change, act, edit, staged, is_share=True)


def _carry_out_edit(
    change: Change, act: Act, edit: Edit, staged: Changes, *, is_share: bool = False
) -> None:
    stage(change, staged)
    changed_ids = [pk for pk, _, _ in staged] if is_share else None
    carry_out(change, act, edit.fields, changed_ids)
    refuse_too_many_tags(transactions_of(rows_of(change, changed_ids)), edit)
    _record(act.actor, "transactions.transactions.edited", change, len(staged))


@command
def bulk_delete(*, actor: User, rows: TransactionQuerySet, at: datetime) -> Change | None:
    """Move rows to the trash. They leave balances and totals at once.

    Both sides of a transfer made here are deleted together; other pairs are dissolved. Held rows
    stay, as `kept_back` says. Raises ValidationError if only held ones are left.
    """
    ids, accounts = _lock(actor, with_partners(rows.filter(user=actor)))
    act = Act(actor=actor, accounts=accounts, at=at)
    staged = [row for piece in in_pieces(ids) for row in _leaving(piece, act)]
    if not staged:
        refuse_only_held(rows.filter(user=actor))
        return None
    change = Change.objects.create(
        user=actor, kind=Change.Kind.DELETE, summary=_deleted_title(staged)
    )
    _carry_out_deletion(change, act, staged)
    return change


def delete_some(change: Change, act: Act, ids: Iterable[int]) -> None:
    """Delete these rows in a worker, as far as their accounts are locked."""
    staged = _leaving(_under_locks(ids, act), act)
    if staged:
        _carry_out_deletion(change, act, staged, is_share=True)


def _leaving(ids: list[int], act: Act) -> Changes:
    """The changes needed to delete these rows. Dissolves pairs that were not made here."""
    live = deletable(Transaction.objects.filter(pk__in=ids))
    book(act.accounts, dissolve_pairs(actor=act.actor, rows=live, accounts=act.accounts))
    before, after = packed({DELETED_AT: None}), packed({DELETED_AT: act.at.isoformat()})
    return [(pk, before, after) for pk in live.order_by("pk").values_list("pk", flat=True)]


def deletable(rows: TransactionQuerySet) -> TransactionQuerySet:
    """Those of the rows that can move to the trash: not there yet, and neither held nor the other
    side of a transfer made here that is held.
    """
    live = rows.filter(deleted_at=None)
    held = held_in(live)
    if not held:
        return live
    pairs = sides_made_here(Transaction.objects.filter(pk__in=held))
    return live.exclude(pk__in=held.union(*pairs))


def refuse_only_held(rows: TransactionQuerySet) -> None:
    """Raise ValidationError, naming them, if some of the rows are held and so none could leave."""
    if sentence := why_held(rows.filter(deleted_at=None)):
        raise ValidationError(sentence, code="held")


def _carry_out_deletion(
    change: Change, act: Act, staged: Changes, *, is_share: bool = False
) -> None:
    stage(change, staged)
    carry_out(change, act, [DELETED_AT], [pk for pk, _, _ in staged] if is_share else None)
    _record(act.actor, "transactions.transactions.deleted", change, len(staged))


def _under_locks(ids: Iterable[int], act: Act) -> list[int]:
    rows = Transaction.objects.filter(pk__in=list(ids), account__in=list(act.accounts))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def restore_some(change: Change, act: Act, ids: Iterable[int]) -> None:
    """Restore these rows in a worker, with their accounts locked."""
    chosen = Transaction.objects.filter(pk__in=_under_locks(ids, act))
    restored = bulk_restore(actor=change.user, rows=chosen, at=act.at)
    change.row_count += restored.count
    change.skipped_count += restored.returned_count
    change.save(update_fields=["row_count", "skipped_count", "updated_at"])


@dataclass(frozen=True, slots=True)
class Restored:
    """How many rows were restored, and how many stayed because they were imported again."""

    count: int
    returned_count: int


@command
def bulk_restore(*, actor: User, rows: TransactionQuerySet, at: datetime) -> Restored:
    """Restore rows from the trash. They count again at once.

    Rows that a later import has added again stay in the trash.
    """
    ids, accounts = _lock(actor, with_partners(rows.filter(user=actor)))
    count = stayed = 0
    delta: SumsByKey = {}
    for piece in in_pieces(ids):
        deleted = Transaction.objects.filter(pk__in=piece).exclude(deleted_at=None)
        back = one_of_each_line(deleted.exclude(has_returned()))
        stayed += deleted.count() - len(back)
        restored = Transaction.objects.filter(pk__in=back)
        post_passed(restored, local_date(actor.timezone, at))
        count += restored.update(deleted_at=None, updated_at=at)
        delta = merge((delta, 1), (sums_in(restored), 1))
    if not count:
        return Restored(0, stayed)
    if delta:
        book(accounts, delta)
    trail.record(
        actor=actor,
        action="transactions.transactions.restored",
        owner_id=actor.pk,
        count=count,
        stayed=stayed,
    )
    return Restored(count, stayed)


def _lock(actor: User, rows: TransactionQuerySet) -> tuple[list[int], dict[int, Account]]:
    """The actor's own rows among these, and their accounts, locked in order."""
    mine = rows.order_by().filter(user=actor)
    accounts = lock_accounts_of(mine)
    chosen = Transaction.objects.filter(pk__in=mine.values("pk"), account__in=accounts)
    return list(chosen.order_by("pk").values_list("pk", flat=True)), accounts


def lock_accounts_of(rows: TransactionQuerySet) -> dict[int, Account]:
    """Lock every account that changing or deleting these rows may affect."""
    concerned = set(rows.order_by().values_list("account_id", flat=True).distinct())
    return lock_accounts(sorted(concerned | accounts_of_pairs(rows)))


def _refuse_foreign(actor: User, category: Category | None) -> None:
    if category is None:
        return
    if not Category.objects.of_owner(actor.pk).filter(pk=category.pk).exists():
        raise ValidationError({"category": "Choose one of your own categories."})


def _tag_ids(actor: User, names: Iterable[str], *, make: bool) -> frozenset[int]:
    wanted = {" ".join(name.split()) for name in names} - {""}
    if len(wanted) > MOST_TAGS or any(len(name) > LONGEST_TAG for name in wanted):
        raise ValidationError(
            {"tags": f"Use at most {MOST_TAGS} tags with up to {LONGEST_TAG} characters each."}
        )
    return frozenset(tag.pk for tag in tags_by_name(actor.pk, wanted, make=make).values())


def _planned(ids: list[int], edit: Edit, kept: Kept | None = None) -> Changes:
    """The changes the edit makes to these rows, without rows that already match.

    Rows protected by `kept` are recorded there as skipped.
    """
    kept = kept or Kept()
    rows = Transaction.objects.filter(pk__in=ids, deleted_at=None).order_by("pk")
    tags = _tags_of(ids, edit.tag_ids)
    paired = rows_in_pairs(ids) if edit.category is not UNCHANGED else set()
    staged = []
    for pk, category_id, source, notes, is_split in rows.values_list(
        "pk", "category_id", "category_source", "notes", "is_split"
    ):
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        # The category of a transfer's side or of a split transaction cannot be chosen.
        if not (is_split or pk in paired):
            _plan_category(before, after, edit, category_id, source)
        if edit.notes is not UNCHANGED and notes != edit.notes:
            before[NOTES], after[NOTES] = notes, edit.notes
        _leave_kept(pk, before, after, kept)
        have = tags.get(pk, frozenset())
        wanted = (have | edit.add_ids) - edit.remove_ids
        if have != wanted:
            before[TAGS], after[TAGS] = sorted(have), sorted(wanted)
        if after:
            staged.append((pk, packed(before), packed(after)))
    return staged


def _leave_kept(pk: int, before: dict[str, Any], after: dict[str, Any], kept: Kept) -> None:
    names = [CATEGORY, SOURCE] if pk in kept.categories else []
    names += [NOTES] if pk in kept.notes else []
    for name in names:
        if name in after:
            del before[name], after[name]
            kept.skipped.add(pk)


def _plan_category(
    before: dict[str, Any], after: dict[str, Any], edit: Edit, category_id: int | None, source: str
) -> None:
    if edit.category is UNCHANGED:
        return
    # Without a category, the transaction is open to rules again.
    new = (edit.category.pk, MANUAL) if edit.category else (None, NOBODY)
    if new != (category_id, source):
        before[CATEGORY], before[SOURCE] = category_id, source
        after[CATEGORY], after[SOURCE] = new


def _tags_of(ids: list[int], tag_ids: frozenset[int]) -> dict[int, frozenset[int]]:
    if not tag_ids:
        return {}
    links = Transaction.tags.through.objects.filter(transaction__in=ids, tag__in=tag_ids)
    found: dict[int, frozenset[int]] = {}
    for transaction_id, tag_id in links.values_list("transaction_id", "tag_id"):
        found[transaction_id] = found.get(transaction_id, frozenset()) | {tag_id}
    return found


def refuse_too_many_tags(rows: TransactionQuerySet, edit: Edit) -> None:
    """Raise ValidationError if the edit would give any of these rows too many tags."""
    if not edit.add_ids:
        return
    links = Transaction.tags.through.objects.filter(transaction__in=rows.order_by().values("pk"))
    others: Any = links.exclude(tag__in=edit.tag_ids).values("transaction")
    room = MOST_TAGS - len(edit.add_ids)
    if count := others.annotate(count=Count("pk")).filter(count__gt=room).count():
        noun = "transaction" if count == 1 else "transactions"
        raise ValidationError({"tags": f"{count} {noun} would have more than {MOST_TAGS} tags."})


def _summary(
    category: Category | None, add_tags: Iterable[str], remove_tags: Iterable[str], notes: str
) -> str:
    parts = []
    if category is not UNCHANGED:
        parts.append(f"Category: {category.name}" if category else "Category removed")
    parts += [f"+{name}" for name in add_tags] + [f"−{name}" for name in remove_tags]
    if notes is not UNCHANGED:
        parts.append("Notes")
    return ", ".join(parts)[:200]


def _deleted_title(staged: Changes) -> str:
    if len(staged) > 1:
        return f"{len(staged):,} transactions"
    return Transaction.objects.get(pk=staged[0][0]).title[:200]


def _record(actor: User | None, action: str, change: Change, count: int) -> None:
    trail.record(actor=actor, action=action, target=change, summary=change.summary, count=count)
