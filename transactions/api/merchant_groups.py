"""Uncategorized transactions by merchant in the API, and what your choices have taught."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, status
from rest_framework.response import Response

from banking.kernel.api import AmountSerializerField
from banking.kernel.api_input import GenericApiView, Input, operation
from banking.kernel.api_parameters import CURSOR, PAGE_SIZE, page_size_in
from banking.kernel.money import plain_amount
from banking.limits import LEARNED_SHOWN
from transactions import dispatching
from transactions.api.rule_serializers import AppliedOut, applied
from transactions.api.serializers import category_of_owner
from transactions.learned_words import learned_categories
from transactions.merchant_groups import MerchantGroup, find_group, group_page
from transactions.models import ForgottenChoices, Transaction
from transactions.rules.learning import Payee, payee_of
from transactions.services.learning import forget_choices, remember_choices
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest


class GroupTotalOut(serializers.Serializer):
    currency = serializers.CharField()
    amount = AmountSerializerField()


class GroupExampleOut(serializers.ModelSerializer):
    """One of the group's latest transactions; `amount` is positive."""

    amount = AmountSerializerField(currency="currency", read_only=True)

    class Meta:
        model = Transaction
        fields = ["id", "txn_date", "description", "amount", "currency"]


class MerchantGroupOut(serializers.Serializer):
    """One merchant's uncategorized transactions; money in and money out are separate groups.

    `totals` are signed sums by currency; `suggestions` are slugs, likeliest first.
    """

    merchant = serializers.CharField(source="title")
    txn_type = serializers.ChoiceField(choices=Transaction.Type.choices)
    count = serializers.IntegerField()
    last_date = serializers.DateField()
    totals = serializers.SerializerMethodField()
    examples = GroupExampleOut(many=True)
    suggestions = serializers.SerializerMethodField()

    @extend_schema_field(GroupTotalOut(many=True))
    def get_totals(self, group: MerchantGroup) -> list[dict[str, str]]:
        return [
            {"currency": currency, "amount": plain_amount(total, currency)}
            for currency, total in sorted(group.totals.items())
        ]

    def get_suggestions(self, group: MerchantGroup) -> list[str]:
        return [category.slug for category in group.suggestions]


class MerchantGroupPageOut(serializers.Serializer):
    """A page of groups, the largest first; `next` is null at the end."""

    group_count = serializers.IntegerField()
    row_count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    results = MerchantGroupOut(many=True)


class PayeeIn(Input):
    """A merchant's name, with the direction of the money."""

    merchant = serializers.CharField(max_length=500)
    txn_type = serializers.ChoiceField(choices=Transaction.Type.choices)

    def payee(self) -> Payee:
        given = self.validated_data
        is_inflow = given["txn_type"] == Transaction.Type.INCOME
        return payee_of(given["merchant"], is_inflow=is_inflow)


class GroupSettleIn(PayeeIn):
    """A merchant, and the category for all its uncategorized transactions."""

    category = serializers.CharField(max_length=60)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        user_id = self.context["request"].user.pk
        return attrs | {"category": category_of_owner(user_id, attrs["category"])}


class MerchantGroupListApi(GenericApiView):
    serializer_class = MerchantGroupPageOut
    pagination_class = None

    @operation(
        operation_id="transactions_by_merchant",
        responses=MerchantGroupPageOut,
        parameters=[CURSOR, PAGE_SIZE],
    )
    def get(self, request: UserApiRequest) -> Response:
        """Your uncategorized transactions, grouped by merchant."""
        query = request.query_params
        page = group_page(
            request.user, after=query.get("cursor", ""), page_size=page_size_in(query)
        )
        answer = {
            "group_count": page.group_count,
            "row_count": page.row_count,
            "next": self._next(request, page.after),
            "results": page.groups,
        }
        return Response(MerchantGroupPageOut(answer).data)

    @operation(
        operation_id="transactions_by_merchant_settle",
        request=GroupSettleIn,
        responses={200: AppliedOut, 202: AppliedOut},
    )
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Set the category of all uncategorized transactions at one merchant.

        Undo it with its `batch`. If there are none, the count is 0.
        """
        require(request.user, Ability.CHANGE_OWN_DATA)
        data = GroupSettleIn(data=request.data, context=self.get_serializer_context())
        data.is_valid(raise_exception=True)
        group = find_group(request.user, data.payee())
        if group is None:
            return applied(None)
        category = data.validated_data["category"]
        return applied(
            dispatching.settle_group_soon(request.user, group, category=category, at=timezone.now())
        )

    def _next(self, request: UserApiRequest, cursor: str) -> str | None:
        if not cursor:
            return None
        query = request.query_params.copy()
        query["cursor"] = cursor
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


class LearnedCategoryOut(serializers.Serializer):
    """What your choices at one merchant teach: `chosen` of the latest `counted` agree; `reason`
    says so in words.

    `why` is what decides: `always`, `account`, `amount` or `weekday`.
    """

    merchant = serializers.CharField()
    txn_type = serializers.ChoiceField(choices=Transaction.Type.choices)
    category = serializers.CharField(source="category.slug")
    chosen = serializers.IntegerField(source="learned.chosen")
    counted = serializers.IntegerField(source="learned.counted")
    why = serializers.CharField(source="learned.why")
    reason = serializers.CharField()


class ForgottenOut(serializers.ModelSerializer):
    """A merchant whose choices before `forgotten_at` no longer count."""

    merchant = serializers.CharField(source="title", read_only=True)
    txn_type = serializers.SerializerMethodField()

    class Meta:
        model = ForgottenChoices
        fields = ["id", "merchant", "txn_type", "forgotten_at"]

    def get_txn_type(self, forgotten: ForgottenChoices) -> str:
        kinds = Transaction.Type
        return str(kinds.INCOME if forgotten.is_inflow else kinds.EXPENSE)


class LearnedOut(serializers.Serializer):
    learned = LearnedCategoryOut(many=True)
    forgotten = ForgottenOut(many=True)


class LearnedListApi(GenericApiView):
    serializer_class = LearnedOut
    pagination_class = None

    @operation(operation_id="categories_learned", responses=LearnedOut)
    def get(self, request: UserApiRequest) -> Response:
        """What your choices teach, the most frequent merchants first."""
        answer = {
            "learned": learned_categories(request.user),
            "forgotten": ForgottenChoices.objects.visible_to(request.user)[:LEARNED_SHOWN],
        }
        return Response(LearnedOut(answer).data)


class ForgetApi(GenericApiView):
    serializer_class = ForgottenOut
    pagination_class = None

    @operation(
        operation_id="categories_learned_forget", request=PayeeIn, responses={201: ForgottenOut}
    )
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Forget your choices at this merchant so far; later ones count again."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        data = PayeeIn(data=request.data)
        data.is_valid(raise_exception=True)
        forgotten = forget_choices(actor=request.user, payee=data.payee(), at=timezone.now())
        return Response(ForgottenOut(forgotten).data, status=status.HTTP_201_CREATED)


class ForgottenDetailApi(GenericApiView):
    serializer_class = ForgottenOut
    pagination_class = None

    @operation(operation_id="categories_learned_remember", responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Count all your choices at this merchant again."""
        forgotten = get_object_or_404(ForgottenChoices.objects.visible_to(request.user), pk=pk)
        require(request.user, Ability.CHANGE_OWN_DATA)
        remember_choices(actor=request.user, forgotten=forgotten)
        return Response(status=status.HTTP_204_NO_CONTENT)
