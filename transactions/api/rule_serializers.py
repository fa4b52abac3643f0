"""JSON serializers for rules, previews, changes and bulk commands."""

from decimal import Decimal
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, status
from rest_framework.response import Response

from accounts.models import Account
from banking.kernel.api import AmountSerializerField, InReadersRegion
from banking.kernel.api_fields import RelatedIdField, id_field
from banking.kernel.api_input import Input
from banking.kernel.money import plain_amount
from banking.kernel.refusals import REFUSED
from banking.limits import PATTERN_LENGTH, ROWS_CHOSEN_BY_API
from transactions.api.serializers import CategorySlugField, category_of_owner
from transactions.category_moves import LimitEffect
from transactions.models import CategoryRule, Change
from transactions.rules.rule_preview import MonthEffect, PreviewRow


class RuleOut(serializers.ModelSerializer):
    """A rule; `category` is a slug, and amounts have no sign."""

    category: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    category_name = serializers.CharField(source="category.name", read_only=True)
    amount_min = serializers.SerializerMethodField()
    amount_max = serializers.SerializerMethodField()

    class Meta:
        model = CategoryRule
        fields = [
            "id",
            "user",
            "category",
            "category_name",
            "keyword_pattern",
            "merchant_pattern",
            "priority",
            "is_active",
            "account",
            "amount_min",
            "amount_max",
            "created_at",
            "updated_at",
        ]

    def get_amount_min(self, rule: CategoryRule) -> str | None:
        return _plain(rule.amount_min)

    def get_amount_max(self, rule: CategoryRule) -> str | None:
        return _plain(rule.amount_max)


def _plain(amount: Decimal | None) -> str | None:
    """A rule has no currency, so show at least two decimals."""
    if amount is None:
        return None
    digits = max(2, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:.{digits}f}"


class OwnAccountField(RelatedIdField):
    """One of the user's own accounts, by id."""

    def get_queryset(self) -> Any:
        return Account.objects.owned_by(self.context["request"].user)


class RuleIn(Input):
    """Fields of a new or edited rule; at least one of the two patterns is required."""

    category = CategorySlugField(is_needed="Choose a category.")
    keyword_pattern = serializers.CharField(
        max_length=PATTERN_LENGTH,
        default="",
        allow_blank=True,
        help_text="Plain text found in the description, upper or lower case.",
    )
    merchant_pattern = serializers.CharField(
        max_length=PATTERN_LENGTH,
        default="",
        allow_blank=True,
        help_text="A regular expression (RE2) found in the merchant or the description.",
    )
    priority = serializers.IntegerField(min_value=0, max_value=1_000_000, default=100)
    is_active = serializers.BooleanField(default=True)
    account = OwnAccountField(default=None, allow_null=True)
    amount_min = AmountSerializerField(default=None, allow_null=True, signed=False)
    amount_max = AmountSerializerField(default=None, allow_null=True, signed=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "category" in attrs:
            user_id = self.context["request"].user.pk
            attrs["category"] = category_of_owner(user_id, attrs["category"])
        return attrs


class PreviewRowOut(serializers.Serializer):
    """One transaction: its current category, and the one this rule gives or would have given."""

    transaction = serializers.IntegerField(source="transaction.pk")
    txn_date = serializers.DateField(source="transaction.txn_date")
    title = serializers.CharField(source="transaction.title")
    description = serializers.CharField(source="transaction.description")
    account = serializers.IntegerField(source="transaction.account_id")
    signed_amount = AmountSerializerField(
        source="transaction.signed_amount", currency="transaction.currency"
    )
    currency = serializers.CharField(source="transaction.currency")
    category_source = serializers.CharField(source="transaction.category_source")
    before = serializers.SerializerMethodField()
    after = serializers.CharField(source="after.slug")
    rule = serializers.IntegerField(source="rule.pk", help_text="The rule that sets the category.")

    def get_before(self, row: PreviewRow) -> str | None:
        return row.before.slug if row.before else None


class MonthEffectOut(serializers.Serializer):
    """One category's monthly total before and after: spending, income, or net."""

    month = serializers.SerializerMethodField()
    currency = serializers.CharField()
    category = serializers.SerializerMethodField()
    category_name = serializers.SerializerMethodField()
    measure = serializers.ChoiceField(choices=["spent", "received", "net"])
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()
    change = serializers.SerializerMethodField()

    def get_month(self, effect: MonthEffect) -> str:
        return f"{effect.month:%Y-%m}"

    def get_category(self, effect: MonthEffect) -> str | None:
        return effect.category.slug if effect.category else None

    def get_category_name(self, effect: MonthEffect) -> str | None:
        return effect.category.name if effect.category else None

    def get_before(self, effect: MonthEffect) -> str:
        return plain_amount(effect.before, effect.currency)

    def get_after(self, effect: MonthEffect) -> str:
        return plain_amount(effect.after, effect.currency)

    def get_change(self, effect: MonthEffect) -> str:
        return plain_amount(effect.change, effect.currency)


class LimitEffectOut(serializers.Serializer):
    """A budget this month before and after; a status is on_track, warning or exceeded."""

    name = serializers.CharField()
    currency = serializers.CharField()
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()
    limit_before = serializers.SerializerMethodField()
    limit_after = serializers.SerializerMethodField()
    status_before = serializers.CharField()
    status_after = serializers.CharField()

    def get_before(self, effect: LimitEffect) -> str:
        return plain_amount(effect.before, effect.currency)

    def get_after(self, effect: LimitEffect) -> str:
        return plain_amount(effect.after, effect.currency)

    def get_limit_before(self, effect: LimitEffect) -> str:
        return plain_amount(effect.limit_before, effect.currency)

    def get_limit_after(self, effect: LimitEffect) -> str:
        return plain_amount(effect.limit_after, effect.currency)


class PreviewOut(serializers.Serializer):
    """What applying would change; `results` is one page of the rows selected by `listed`.

    `budgets` are this month's budgets whose spending would change. The preview covers the latest
    `scanned_count` of your `total_count` transactions; applying covers them all.
    """

    scanned_count = serializers.IntegerField()
    total_count = serializers.IntegerField()
    match_count = serializers.IntegerField()
    change_count = serializers.IntegerField()
    same_count = serializers.IntegerField()
    manual_count = serializers.IntegerField()
    kept_count = serializers.IntegerField()
    months = MonthEffectOut(source="effects", many=True)
    month_count = serializers.IntegerField()
    budgets = LimitEffectOut(source="limits", many=True)
    next = serializers.SerializerMethodField()
    results = PreviewRowOut(source="rows", many=True)

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_next(self, preview: Any) -> str | None:
        return self.context.get("next")


class ReferencesOut(serializers.Serializer):
    """What else a change moved: how many bills, budgets, rules …, and how many undoing left
    alone.
    """

    kind = serializers.CharField(source="model_name")
    count = serializers.IntegerField()
    left_count = serializers.IntegerField()


class UndoableChangeOut(InReadersRegion, serializers.ModelSerializer):
    """A change to many transactions, which can be undone for 30 days.

    `skipped_count` counts transactions that were edited by hand in the meantime or, when restoring,
    imported again. If `failed` or `undo_failed`, `error` says why it couldn't continue.
    """

    summary = serializers.CharField(source="title", read_only=True)
    error = serializers.CharField(source="problem", read_only=True)
    can_undo = serializers.SerializerMethodField()
    references = ReferencesOut(many=True, source="references.all", read_only=True)

    class Meta:
        model = Change
        fields = [
            *("id", "kind", "summary", "status", "row_count", "done_count", "total_count"),
            *("skipped_count", "error", "created_at", "undone_at", "can_undo", "references"),
        ]

    def get_can_undo(self, change: Change) -> bool:
        return change.may_be_undone(self.context["at"])


class AppliedOut(serializers.Serializer):
    """How many transactions changed, and the change that undoes it (null if none).

    202 means that it continues in the background: poll `url`.
    """

    count = serializers.IntegerField()
    batch = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=Change.Status.choices)
    url = serializers.CharField(allow_null=True)


def applied(change: Change | None) -> Response:
    """The response for a bulk change: finished (200) or continued by the worker (202)."""
    url = reverse("api_change_undo", args=[change.pk]) if change else None
    answer = {
        "count": change.row_count if change else 0,
        "batch": change.pk if change else None,
        "status": change.status if change else Change.Status.DONE,
        "url": url,
    }
    if change is None or url is None or not change.is_unfinished:
        return Response(answer)
    return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Location": url})


class UndoneOut(serializers.Serializer):
    """How many transactions were restored, and how many were left because they had changed
    since.
    """

    batch = serializers.IntegerField()
    restored_count = serializers.IntegerField()
    left_count = serializers.IntegerField()
    left = serializers.ListField(
        child=serializers.IntegerField(), help_text="Up to a hundred of their ids."
    )
    references = ReferencesOut(many=True)


class BulkCategorizeIn(Input):
    """The transactions (`ids`, or the list's `filter` as an object) and their new category."""

    ids = serializers.ListField(
        child=id_field(),
        max_length=ROWS_CHOSEN_BY_API,
        required=False,
    )
    filter = serializers.DictField(required=False)
    category = CategorySlugField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError("Send either ids or a filter.", code=REFUSED)
        user_id = self.context["request"].user.pk
        return attrs | {"category": category_of_owner(user_id, attrs["category"])}
