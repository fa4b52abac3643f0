"""Filters and ordering of the transactions list, for the page and the API."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache, reduce
from operator import or_
from typing import Any, cast

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Left, Lower, StrIndex
from django.db.models.lookups import GreaterThan
from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field

from accounts.models import Account, AccountShare, shared_account_ids
from banking.kernel.fields import folded
from banking.kernel.filters import CurrencyFilter, IdFilter, IsoDateFilter
from banking.kernel.typed_fields import AmountFilterField
from banking.kernel.written_once import Asked, WrittenOnce
from banking.limits import SEARCH_LENGTH, SORT_KEYS
from transactions.models import (
    Category,
    ImportBatch,
    ReviewItem,
    Tag,
    Transaction,
    TransactionQuerySet,
    TransactionSplit,
)
from transactions.predefined import UNCATEGORIZED
from transactions.summaries import COUNTED, counted_by_parts
from users.models import User

# The `merchant_is` value for transactions without a merchant.
NO_MERCHANT = "(none)"
# Column name in the URL → field the rows are ordered by.
ORDERINGS = {
    "txn_date": "txn_date",
    "amount": "amount",
    "signed_amount": "signed_amount",
    "merchant": "merchant_key",
    "description": "description_key",
    "created_at": "created_at",
    "account": "account_key",
    "category": "category_key",
}
_COLUMN = f"-?({'|'.join(ORDERINGS)})"
ORDERING_PATTERN = f"^{_COLUMN}(,{_COLUMN}){{0,{SORT_KEYS - 1}}}$"
# Written in any region: groups of thousands, then a mark with one or two digits after it.
_WRITTEN = re.compile(r"([0-9]{1,12}|[0-9]{1,3}(?:[.,'’\s][0-9]{2,3}){1,3})[.,]([0-9]{1,2})")
# Columns of other tables, and text too long for a cursor, are ordered through an annotation.
_KEYS = {
    "description_key": Left("search_text", 80),
    "account_key": Lower("account__name"),
    "category_key": Coalesce(Lower("category__name"), Value("")),
}


class AmountFilter(django_filters.Filter):
    field_class = AmountFilterField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, currency_from="currency", **kwargs)


class WordsField(forms.CharField):
    """Case-insensitive text comparison on every database."""

    def to_python(self, value: Any) -> str:
        return folded(super().to_python(value) or "")


class WordsFilter(django_filters.CharFilter):
    field_class = WordsField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, max_length=SEARCH_LENGTH, **kwargs)


def _amount_in(text: str) -> Decimal | None:
    """The amount a search means, without its sign; None if the text is not an amount.

    `50.54`, `50,5` and `1.234,56` are amounts in every region: a search saves nothing, and people
    copy from banks of other countries. Other texts are read as the region writes them.
    """
    bare = text.strip().lstrip("+-\N{MINUS SIGN}")
    unsigned = "".join(mark for mark in bare if unicodedata.category(mark) != "Sc").strip()
    if written := _WRITTEN.fullmatch(unsigned):
        return Decimal(f"{re.sub(r'[^0-9]', '', written[1])}.{written[2]}")
    with suppress(ValidationError):
        amount = AmountFilterField(required=False).clean(bare)
        return None if amount is None else abs(amount)
    return None


class OrderingField(forms.CharField):
    """Comma-separated names from ORDERINGS; a leading "-" sorts in descending order."""

    def clean(self, value: Any) -> list[str]:
        names = [name.strip() for name in (super().clean(value) or "").split(",")]
        names = [name for name in names if name]
        for name in names:
            if name.removeprefix("-") not in ORDERINGS:
                raise ValidationError(
                    "Sort by one of %(names)s, with “-” before it for descending.",
                    params={"names": ", ".join(ORDERINGS)},
                    code="invalid",
                )
        if len(names) > SORT_KEYS:
            raise ValidationError(f"Sort by at most {SORT_KEYS} columns.", code="invalid")
        return names


class OrderingFilter(django_filters.Filter):
    field_class = OrderingField


class TransactionFilter(django_filters.FilterSet):
    """Every filter of the transactions list.

    A malformed value is an error for its field. A valid value that does not exist or belongs to
    another person (such as their account) matches nothing.
    """

    date_from = IsoDateFilter(field_name="txn_date", lookup_expr="gte", label="From")
    date_to = IsoDateFilter(field_name="txn_date", lookup_expr="lte", label="To")
    amount_min = AmountFilter(field_name="amount", lookup_expr="gte", label="At least")
    amount_max = AmountFilter(field_name="amount", lookup_expr="lte", label="At most")
    merchant = WordsFilter(field_name="merchant_key", lookup_expr="contains", label="Merchant")
    merchant_is = WordsFilter(method="at_merchant", label="Merchant")
    category = django_filters.CharFilter(method="in_category", max_length=60, label="Category")
    txn_type = django_filters.ChoiceFilter(
        choices=Transaction.Type.choices, method="of_type", label="Type"
    )
    account = IdFilter(field_name="account", label="Account")
    currency = CurrencyFilter(label="Currency")
    status = django_filters.ChoiceFilter(choices=Transaction.Status.choices, label="Status")
    tag = django_filters.CharFilter(method="with_tag", max_length=40, label="Tag")
    search = WordsFilter(method="with_words", label="Search")
    transfers = django_filters.ChoiceFilter(
        choices=[("exclude", "Without transfers"), ("only", "Only transfers")],
        method="by_transfer",
        label="Transfers",
    )
    counts_as = django_filters.ChoiceFilter(
        choices=[("income", "Income"), ("spending", "Spending, with its refunds")],
        method="by_meaning",
        label="Counts as",
    )
    shared = django_filters.ChoiceFilter(
        choices=[
            ("exclude", "Only my own"),
            ("only", "Only shared with me"),
            ("analyst", "My own and shared with me as analyst"),
        ],
        method="by_owner",
        label="Accounts",
    )
    import_batch = IdFilter(field_name="import_batch", label="Import")
    ordering = OrderingFilter(method="sorted_by", label="Sort by")

    class Meta:
        model = Transaction
        fields: list[str] = []

    def asking(self) -> list[Asked]:
        """What valid filters ask before they can search."""
        reach = reach_of(self.request.user)
        asked, given = [], self.form.cleaned_data
        if slug := given.get("category"):
            asked += [_IN_CATEGORY.asking(*reach, slug), _ANY_PART.asking(*reach)]
        if words := _words(given.get("search", "")):
            asked += [_TAGS_WITH.asking(*reach, words), _ANY_NOTE_WITH.asking(*reach, words)]
        return asked

    def in_category(self, rows: TransactionQuerySet, name: str, slug: str) -> TransactionQuerySet:
        """Filter by category. A split transaction belongs to the categories of its parts only."""
        if slug == UNCATEGORIZED:
            whole, parts = Q(category=None), TransactionSplit.objects.filter(category=None)
        else:
            ids = _IN_CATEGORY.rows(*reach_of(self.request.user), slug)
            whole, parts = Q(category__in=ids), TransactionSplit.objects.filter(category__in=ids)
        if not _ANY_PART.rows(*reach_of(self.request.user)):
            return rows.filter(whole)
        found = rows.filter(
            Q(whole, is_split=False) | Q(is_split=True, pk__in=parts.values("transaction"))
        )
        return counted_by_parts(found, parts)

    def at_merchant(self, rows: TransactionQuerySet, name: str, key: str) -> TransactionQuerySet:
        """Exactly this merchant, in any case; NO_MERCHANT selects transactions without one."""
        return rows.filter(merchant_key="" if key == NO_MERCHANT else key)

    def of_type(self, rows: TransactionQuerySet, name: str, kind: str) -> TransactionQuerySet:
        if kind == Transaction.Type.INCOME:
            return rows.filter(signed_amount__gt=0)
        return rows.filter(signed_amount__lt=0)

    def with_tag(self, rows: TransactionQuerySet, name: str, tag: str) -> TransactionQuerySet:
        tagged = Transaction.tags.through.objects.filter(
            transaction=OuterRef("pk"), tag__name_key=folded(" ".join(tag.split()))
        )
        return rows.filter(Exists(tagged))

    def with_words(self, rows: TransactionQuerySet, name: str, text: str) -> TransactionQuerySet:
        """Every word is in the row's texts, a tag or a part's note, or is its amount."""
        if (amount := _amount_in(text)) is not None and len(text.split()) > 1:
            return rows.filter(Q(amount=amount) | self._all_found(text))
        return rows.filter(self._all_found(text))

    def _all_found(self, text: str) -> Q:
        """Which tags and whether any part's note have a word is asked first: a condition on other
        tables costs more for each row of a long history than the row's own texts.
        """
        words = _words(text)
        if not words:  # Of a text that is only accents, nothing is left.
            return Q()
        reach = reach_of(self.request.user)
        tags = _TAGS_WITH.rows(*reach, words)
        has_notes = _ANY_NOTE_WITH.rows(*reach, words)
        found = Q()
        for word in words:
            has_word = Q(search_text__contains=word)
            if tag_ids := [pk for pk, key in tags if word in key]:
                tagged = Transaction.tags.through.objects.filter(tag__in=tag_ids)
                has_word |= Q(pk__in=tagged.values("transaction"))
            if has_notes:
                noted = _parts_of(*reach).filter(notes_key__contains=word)
                has_word |= Q(is_split=True, pk__in=noted.values("transaction"))
            if (amount := _amount_in(word)) is not None:
                has_word |= Q(amount=amount)
            found &= has_word
        return found

    def by_transfer(self, rows: TransactionQuerySet, name: str, how: str) -> TransactionQuerySet:
        # A split transaction's own category does not count, and parts are never transfers.
        is_transfer = Q(category__kind=Category.Kind.TRANSFER, is_split=False)
        if how == "only":
            return rows.filter(is_transfer)
        return rows.filter(Q(category=None) | ~is_transfer)

    def by_meaning(self, rows: TransactionQuerySet, name: str, how: str) -> TransactionQuerySet:
        """Filter by income or by spending (money out minus refunds), as figures count them.

        A split transaction counts by its parts of that kind.
        """
        is_expense = Q(category__kind=Category.Kind.EXPENSE)
        if how == "income":
            whole = Q(signed_amount__gt=0) & (Q(category=None) | ~is_expense)
        else:
            whole = Q(signed_amount__lt=0) | is_expense
        parts = TransactionSplit.objects.filter(whole)
        found = rows.filter(
            Q(whole, is_split=False) | Q(is_split=True, pk__in=parts.values("transaction"))
        )
        return found if COUNTED in rows.query.annotations else counted_by_parts(found, parts)

    def by_owner(self, rows: TransactionQuerySet, name: str, how: str) -> TransactionQuerySet:
        own = Q(account__user=self.request.user)
        if how == "analyst":
            levels = shared_account_ids(self.request.user)
            ids = [pk for pk, level in levels.items() if level == AccountShare.Level.ANALYST]
            return rows.filter(own | Q(account__in=ids))
        return rows.exclude(own) if how == "only" else rows.filter(own)

    @extend_schema_field({"type": "string", "pattern": ORDERING_PATTERN})
    def sorted_by(
        self, rows: TransactionQuerySet, name: str, names: list[str]
    ) -> TransactionQuerySet:
        return sort_transactions(rows, names)


# Each form is a copy of its filters and fields, so a page has only those that its address names.
_ALWAYS = {"search", "ordering"}


def filters_named(names: Collection[str]) -> type[TransactionFilter]:
    """TransactionFilter with the search, the order and these filters only."""
    return _with_filters(frozenset(_ALWAYS.union(names) & TransactionFilter.base_filters.keys()))


@lru_cache(maxsize=256)
def _with_filters(names: frozenset[str]) -> type[TransactionFilter]:
    # An amount is read as its currency writes it.
    needed = names | {"currency"} if names & {"amount_min", "amount_max"} else names
    known = TransactionFilter.base_filters
    filters = {name: known[name] for name in known if name in needed}
    narrowed: Any = type(TransactionFilter.__name__, (TransactionFilter,), {})
    narrowed.base_filters = filters
    return cast("type[TransactionFilter]", narrowed)


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(text.split()))


def reach_of(user: User) -> tuple[int, list[int]]:
    """The user and the accounts shared with them, as statements that are written once take them."""
    return user.pk, list(shared_account_ids(user))


def of_owners(name: str, user_id: int, shared_ids: Collection[int]) -> Q:
    """Rows of the people whose transactions this user sees some of."""
    own = Q(**{name: user_id})
    if not shared_ids:
        return own
    return own | Q(**{f"{name}__in": Account.objects.filter(pk__in=shared_ids).values("user")})


def _parts_of(user_id: int, shared_ids: Collection[int]) -> QuerySet[TransactionSplit]:
    return TransactionSplit.objects.filter(of_owners("transaction__user", user_id, shared_ids))


def _any(words: Iterable[str], field: str) -> Q:
    """Whether a folded text has one of these words. Not by LIKE: its pattern is no word itself."""
    return reduce(or_, (Q(GreaterThan(StrIndex(field, Value(word)), 0)) for word in words))


# The categories with that slug: the user's own, and those of owners who share accounts with them.
_IN_CATEGORY = WrittenOnce(
    lambda user_id, shared_ids, slug: Category.objects.filter(
        Q(user=None) | of_owners("user", user_id, shared_ids), Q(slug=slug) | Q(parent__slug=slug)
    ).values_list("pk", flat=True)
)
# One part of a split transaction that the user sees, if there is any.
_ANY_PART = WrittenOnce(
    lambda user_id, shared_ids: (
        TransactionSplit.objects.filter(
            Q(transaction__user=user_id) | Q(transaction__account__in=shared_ids)
        )
        .order_by()
        .values_list("pk", flat=True)[:1]
    )
)
_TAGS_WITH = WrittenOnce(
    lambda user_id, shared_ids, words: Tag.objects.filter(
        of_owners("user", user_id, shared_ids), _any(words, "name_key")
    ).values_list("pk", "name_key")
)
_ANY_NOTE_WITH = WrittenOnce(
    lambda user_id, shared_ids, words: (
        _parts_of(user_id, shared_ids)
        .filter(_any(words, "notes_key"))
        .order_by()
        .values_list("pk", flat=True)[:1]
    )
)


def sort_transactions(rows: TransactionQuerySet, names: list[str]) -> TransactionQuerySet:
    """Sort the rows by these ORDERINGS, with no nulls, for keyset paging."""
    if not names:
        return rows
    keys = [
        ("-" if name.startswith("-") else "") + ORDERINGS[name.removeprefix("-")] for name in names
    ]
    needed = {key.lstrip("-") for key in keys} & set(_KEYS)
    last = "-id" if keys[-1].startswith("-") else "id"
    return rows.annotate(**{name: _KEYS[name] for name in sorted(needed)}).order_by(*keys, last)


def with_plain_amounts(query: QueryDict) -> QueryDict:
    """The query with amounts as plain digits, so that the link works in any region format."""
    for name in ("amount_min", "amount_max"):
        with suppress(ValidationError):
            amount = AmountFilterField(required=False).clean(query.get(name, ""))
            if amount is not None:
                query[name] = f"{amount:f}"
    return query


class ImportFilter(django_filters.FilterSet):
    """Uploads by status and account."""

    status = django_filters.ChoiceFilter(choices=ImportBatch.Status.choices)
    account = IdFilter(field_name="account")

    class Meta:
        model = ImportBatch
        fields: list[str] = []


class ReviewFilter(django_filters.FilterSet):
    """Open questions by account."""

    account = IdFilter(field_name="account")

    class Meta:
        model = ReviewItem
        fields: list[str] = []


class CategoryFilter(django_filters.FilterSet):
    """Categories by what they are for."""

    kind = django_filters.ChoiceFilter(choices=Category.Kind.choices)

    class Meta:
        model = Category
        fields: list[str] = []
