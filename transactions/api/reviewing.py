"""Possible duplicates in the API."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from accounts.access import require_change
from banking.kernel.api import AmountSerializerField
from banking.kernel.api_fields import id_field
from banking.kernel.api_input import GenericApiView, Input, operation
from transactions.api.serializers import TransactionOut
from transactions.filters import ReviewFilter
from transactions.models import ReviewItem
from transactions.services.reviewing import EVERY_ANSWER, decide, decide_all, undo_decision
from users.policy import Ability, require
from users.signed_in import UserApiRequest


class IncomingLineOut(serializers.ModelSerializer):
    """The incoming transaction. Unless entered by hand, it isn't in any balance until answered.

    If `kind` is `unlisted`, the pending transaction that the bank no longer lists.
    """

    signed_amount = AmountSerializerField(read_only=True)
    transaction = serializers.IntegerField(
        source="transaction_id",
        read_only=True,
        allow_null=True,
        help_text="Set if it was entered by hand, or is pending and no longer listed.",
    )
    import_batch = serializers.IntegerField(
        source="import_row.batch_id", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = ReviewItem
        fields = [
            "txn_date",
            "posted_date",
            "signed_amount",
            "currency",
            "description",
            "merchant",
            "external_id",
            "is_pending",
            "transaction",
            "import_batch",
            "source",
        ]


class ReviewItemOut(serializers.ModelSerializer):
    """One question. Kind `match`: is `incoming` the same payment as `candidate`, or another?
    Kind `unlisted`: keep or remove `incoming`, a pending transaction the bank no longer lists?
    """

    account_name = serializers.CharField(source="account.name", read_only=True)
    kind = serializers.ChoiceField(choices=["match", "unlisted"], read_only=True)
    incoming = IncomingLineOut(source="*", read_only=True)
    candidate = serializers.SerializerMethodField()
    posted = serializers.IntegerField(source="posted_id", read_only=True, allow_null=True)
    reason = serializers.CharField(source="why", read_only=True)

    class Meta:
        model = ReviewItem
        fields = [
            "id",
            "account",
            "account_name",
            "kind",
            "status",
            "incoming",
            "candidate",
            "reason",
            "posted",
            "decided_at",
            "created_at",
        ]

    @extend_schema_field(TransactionOut(allow_null=True))
    def get_candidate(self, item: ReviewItem) -> dict[str, Any] | None:
        return TransactionOut(item.candidate).data if item.candidate else None


class DecisionIn(Input):
    """The answer: the same payment or a different one; about an unlisted one, keep or remove it."""

    decision = serializers.ChoiceField(choices=EVERY_ANSWER)


class DecisionsIn(DecisionIn):
    """One answer to several open questions; without `ids`, to all of the kind that takes it."""

    ids = serializers.ListField(child=id_field(), max_length=1000, required=False)


class DecisionsOut(serializers.Serializer):
    """How many were answered, how many are still open, and why some couldn't be answered."""

    decided = serializers.IntegerField()
    open = serializers.IntegerField()
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]  # a field of that name


class ReviewApi(GenericApiView):
    """Base of the review views: this user's questions."""

    serializer_class = ReviewItemOut

    def get_queryset(self) -> Any:
        found = ReviewItem.objects.visible_to(self.request.user).for_list()
        return found.prefetch_related("candidate__tags")

    def find_to_change(self, pk: int) -> ReviewItem:
        item = get_object_or_404(self.get_queryset(), pk=pk)
        require_change(self.request.user, item.account)
        return item

    def show(self, pk: int) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=pk)).data)


class ReviewListApi(ReviewApi):
    filterset_class = ReviewFilter

    @operation(operation_id="review_list", responses=ReviewItemOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List open questions, newest first."""
        waiting = self.filter_queryset(self.get_queryset().open().order_by("-id"))
        page = self.paginate_queryset(waiting)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @operation(operation_id="review_decide_all", request=DecisionsIn, responses=DecisionsOut)
    def post(self, request: UserApiRequest) -> Response:
        """Give several questions of one kind the same answer: all open ones, or those in `ids`."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        data = DecisionsIn(data=request.data)
        data.is_valid(raise_exception=True)
        items = ReviewItem.objects.visible_to(request.user)
        if "ids" in data.validated_data:
            items = items.filter(pk__in=data.validated_data["ids"])
        decided, errors = decide_all(
            actor=request.user,
            items=items,
            decision=data.validated_data["decision"],
            at=timezone.now(),
        )
        still_open = ReviewItem.objects.visible_to(request.user).open().count()
        return Response({"decided": decided, "open": still_open, "errors": errors})


class ReviewDetailApi(ReviewApi):
    @operation(operation_id="review_retrieve")
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Get one question, open or answered."""
        item = get_object_or_404(self.get_queryset(), pk=pk)
        return Response(self.get_serializer(item).data)

    @operation(operation_id="review_decide", request=DecisionIn, responses=ReviewItemOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Answer "same" or "different", or for kind `unlisted` "keep" or "remove". An answered
        question doesn't change.

        "remove" moves the pending transaction to the trash. After "different", `status` is still
        `open` if another candidate needs an answer.
        """
        item = self.find_to_change(pk)
        data = DecisionIn(data=request.data)
        data.is_valid(raise_exception=True)
        decide(actor=request.user, item=item, at=timezone.now(), **data.validated_data)
        return self.show(pk)


class ReviewUndoApi(ReviewApi):
    @operation(operation_id="review_undo", request=None, responses=ReviewItemOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Reopen an answered question and undo the effect of its answer."""
        undo_decision(actor=request.user, item=self.find_to_change(pk), at=timezone.now())
        return self.show(pk)
