"""JSON serializers for transactions and categories."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Account
from banking.kernel.api import AmountSerializerField
from banking.kernel.api_fields import RelatedIdField
from banking.kernel.api_input import Input
from banking.kernel.keyset import full_ordering
from banking.kernel.money import plain_amount
from transactions.models import (
    Category,
    CategoryChange,
    ReviewItem,
    Transaction,
)
from transactions.tags import tag_names
from users.models import User
from users.timezones import local_date


class TransactionOut(serializers.ModelSerializer):
    """A transaction; `category` is a slug."""

    amount = AmountSerializerField(read_only=True)
    signed_amount = AmountSerializerField(read_only=True)
    txn_type = serializers.ChoiceField(choices=Transaction.Type.choices, read_only=True)
    category = serializers.SerializerMethodField()
    category_name = serializers.SerializerMethodField()
    account_name = serializers.CharField(source="account.name", read_only=True)
    tags = serializers.SerializerMethodField()

    class Meta:
        model = Transaction
        fields = [
            "id",
            "user",
            "account",
            "account_name",
            "description",
            "merchant",
            "category",
            "category_name",
            "category_source",
            "is_split",
            "amount",
            "txn_type",
            "signed_amount",
            "currency",
            "txn_date",
            "posted_date",
            "status",
            "notes",
            "tags",
            "origin",
            "external_id",
            "import_batch",
            "deleted_at",
            "created_at",
            "updated_at",
        ]

    def get_category(self, row: Transaction) -> str | None:
        return row.category.slug if row.category else None

    def get_category_name(self, row: Transaction) -> str | None:
        return row.category.name if row.category else None

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_tags(self, row: Transaction) -> list[str]:
        return sorted(tag.name for tag in row.tags.all())

    def to_representation(self, row: Transaction) -> dict[str, Any]:
        """What the fields above say, in a tenth of their time: a list has up to 200 rows."""
        return _with_tags(row, [tag.name for tag in row.tags.all()])


# What `list_of` reads of each row.
_COLUMNS = (
    *("id", "user_id", "account_id", "description", "merchant", "category_source", "is_split"),
    *("signed_amount", "currency", "txn_date", "posted_date", "status", "notes", "origin"),
    *("external_id", "import_batch_id", "deleted_at", "created_at", "updated_at"),
    *("account__name", "category__slug", "category__name"),
)


def columns_of(rows: QuerySet[Transaction]) -> Any:
    """The rows with only the columns that `list_of` shows and their order needs."""
    order = (name.lstrip("-") for name in full_ordering(rows))
    return rows.values_list(*dict.fromkeys((*_COLUMNS, *order)), named=True)


def list_of(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows of `columns_of` as `TransactionOut` shows them; reads their tags with one query."""
    tags = tag_names([row.id for row in rows])
    return [
        _shown(
            row,
            account_name=row.account__name,
            category=(row.category__slug, row.category__name),
            tags=tags.get(row.id, []),
        )
        for row in rows
    ]


def shown_rows(rows: Sequence[Transaction]) -> list[dict[str, Any]]:
    """Transactions as `TransactionOut` shows them; reads their tags with one query."""
    tags = tag_names([row.pk for row in rows])
    return [_with_tags(row, tags.get(row.pk, [])) for row in rows]


def _with_tags(row: Transaction, tags: list[str]) -> dict[str, Any]:
    category = row.category
    return _shown(
        row,
        account_name=row.account.name,
        category=(category.slug, category.name) if category else (None, None),
        tags=tags,
    )


def _shown(
    row: Any, *, account_name: str, category: tuple[str | None, str | None], tags: list[str]
) -> dict[str, Any]:
    amount = plain_amount(row.signed_amount, row.currency)
    return {
        "id": row.id,
        "user": row.user_id,
        "account": row.account_id,
        "account_name": account_name,
        "description": row.description,
        "merchant": row.merchant,
        "category": category[0],
        "category_name": category[1],
        "category_source": row.category_source,
        "is_split": row.is_split,
        "amount": amount.removeprefix("-"),
        "txn_type": Transaction.type_of(row.signed_amount),
        "signed_amount": amount,
        "currency": row.currency,
        "txn_date": row.txn_date.isoformat(),
        "posted_date": row.posted_date and row.posted_date.isoformat(),
        "status": row.status,
        "notes": row.notes,
        "tags": sorted(tags),
        "origin": row.origin,
        "external_id": row.external_id,
        "import_batch": row.import_batch_id,
        "deleted_at": row.deleted_at and _instant(row.deleted_at),
        "created_at": _instant(row.created_at),
        "updated_at": _instant(row.updated_at),
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class EntryReviewOut(serializers.Serializer):
    """The question raised by an entered transaction; answer it at /api/review/{id}."""

    id = serializers.IntegerField()
    candidate = serializers.IntegerField(
        source="candidate_id", help_text="The transaction it may duplicate."
    )
    reason = serializers.CharField(source="why")


class EnteredOut(TransactionOut):
    """An entered transaction, and whether the account may already have it."""

    review = EntryReviewOut(allow_null=True, read_only=True)

    class Meta(TransactionOut.Meta):
        fields = [*TransactionOut.Meta.fields, "review"]

    @staticmethod
    def review_of(item: ReviewItem | None, user: User) -> dict[str, Any]:
        """The `review` field of the response. Only the account's owner gets it."""
        if item is None or item.user_id != user.pk:
            return {"review": None}
        return {"review": EntryReviewOut(item).data}


class CategorySlugField(serializers.CharField):
    """A category slug, or null for none unless `is_needed` says what else to send; the body's
    `validate` looks it up among the owner's categories.
    """

    def __init__(self, *, is_needed: str = "", **kwargs: Any) -> None:
        if is_needed:
            kwargs["error_messages"] = dict.fromkeys(("blank", "null", "required"), is_needed)
        may_be_none = not is_needed
        super().__init__(max_length=60, allow_null=may_be_none, allow_blank=may_be_none, **kwargs)


class VisibleAccountField(RelatedIdField):
    """An account the user can see, by id."""

    def get_queryset(self) -> Any:
        return Account.objects.visible_to(self.context["request"].user)


SAY_WHAT_IT_WAS = "A new transaction needs a `description` or a `merchant`; one of them is enough."


class TransactionIn(Input):
    """Fields of a new or edited transaction; `amount` is positive and `txn_type` sets the
    direction.
    """

    account = VisibleAccountField()
    amount = AmountSerializerField(positive=True)
    txn_type = serializers.ChoiceField(choices=Transaction.Type.choices, required=False)
    txn_date = serializers.DateField(required=False, help_text="Default: today in your time zone.")
    posted_date = serializers.DateField(required=False, allow_null=True)
    description = serializers.CharField(
        max_length=500, required=False, allow_blank=True, help_text=SAY_WHAT_IT_WAS
    )
    merchant = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text=SAY_WHAT_IT_WAS
    )
    category = CategorySlugField(required=False)
    status = serializers.ChoiceField(choices=Transaction.Status.choices, required=False)
    notes = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=20, required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        row: Transaction | None = self.instance
        if row is None:
            self._default(attrs)
        if "category" in attrs:
            account = attrs["account"] if row is None else row.account
            attrs["category"] = category_of_owner(account.user_id, attrs["category"])
        self._sign(attrs, row)
        return attrs

    def _default(self, attrs: dict[str, Any]) -> None:
        attrs.setdefault("txn_date", self._today())
        attrs.setdefault("txn_type", Transaction.Type.EXPENSE)
        attrs.setdefault("description", "")
        if not attrs["description"].strip() and not attrs.get("merchant", "").strip():
            raise serializers.ValidationError(
                {"description": "Enter a description or a merchant."}, code="required"
            )

    def _today(self) -> date:
        return local_date(self.context["request"].user.timezone, timezone.now())

    def _sign(self, attrs: dict[str, Any], row: Transaction | None) -> None:
        amount: Any = attrs.pop("amount", None)
        kind = attrs.pop("txn_type", None)
        if row is not None:
            if amount is None and kind is None:
                return
            amount = abs(row.signed_amount) if amount is None else amount
            kind = kind or row.txn_type
        attrs["signed_amount"] = amount if kind == Transaction.Type.INCOME else -amount


def category_of_owner(owner_id: int, slug: str | None) -> Category | None:
    """The predefined category or the owner's category with that slug; null and "" mean none."""
    if not slug:
        return None
    found = Category.objects.of_owner(owner_id).filter(slug=slug).first()
    if found is None:
        raise serializers.ValidationError(
            {"category": f"Unknown category “{slug}”."}, code="does_not_exist"
        )
    return found


class CategoryChoiceIn(Input):
    """The category for one transaction; null removes it."""

    category = CategorySlugField()


class CategoryChangeOut(serializers.ModelSerializer):
    """One entry of a transaction's category history; a deleted rule keeps its name."""

    rule_title = serializers.SerializerMethodField()

    class Meta:
        model = CategoryChange
        fields = ["id", "transaction", "by", "rule", "rule_title", "actor", "created_at"]

    def get_rule_title(self, change: CategoryChange) -> str | None:
        return change.rule.title if change.rule else None

    def get_fields(self) -> dict[str, serializers.Field]:
        # `from` is a Python keyword, so both fields are declared here.
        fields = super().get_fields()
        for name in ("from", "to"):
            fields[name] = serializers.SlugRelatedField(
                slug_field="slug", read_only=True, allow_null=True, source=f"{name}_category"
            )
        return fields


class CategoryOut(serializers.ModelSerializer):
    """A category; `user` is null for predefined ones."""

    parent: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True, allow_null=True)
    is_predefined = serializers.SerializerMethodField()

    class Meta:
        model = Category
        fields = [
            "id",
            "user",
            "slug",
            "name",
            "kind",
            "parent",
            "icon",
            "color",
            "is_predefined",
            "created_at",
            "updated_at",
        ]

    def get_is_predefined(self, category: Category) -> bool:
        return category.user_id is None


class CategoryIn(Input):
    """Fields of a new or edited category; its slug is derived from the name."""

    name = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(choices=Category.Kind.choices, required=False)
    parent: Any = CategorySlugField(required=False)
    icon = serializers.CharField(max_length=40, required=False)
    color = serializers.RegexField(r"^#[0-9a-fA-F]{6}$", required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        slug = attrs.pop("parent", "absent")
        if slug == "absent":
            return attrs
        user_id = self.context["request"].user.pk
        found = Category.objects.of_owner(user_id).filter(slug=slug).first() if slug else None
        if slug and found is None:
            raise serializers.ValidationError(
                {"parent": f"Unknown category “{slug}”."}, code="does_not_exist"
            )
        return attrs | {"parent": found}
