"""Rules in the API: edit, preview and apply."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from banking.kernel.api_input import GenericApiView, operation
from banking.kernel.api_parameters import CURSOR, PAGE_SIZE, page_size_in
from transactions import dispatching
from transactions.api.rule_serializers import AppliedOut, PreviewOut, RuleIn, RuleOut, applied
from transactions.models import CategoryRule
from transactions.models.rules import CategoryRuleQuerySet
from transactions.rules.rule_preview import preview_rules
from transactions.rules.rule_scan import Verdict
from transactions.services.rule_editing import create_rule, delete_rule, edit_rule
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest
from users.timezones import local_date

APPLIED = {200: AppliedOut, 202: AppliedOut}
LISTS = {verdict.value: verdict for verdict in (Verdict.CHANGES, Verdict.LOCKED, Verdict.KEPT)}
PREVIEW_PARAMETERS = [
    OpenApiParameter("listed", enum=list(LISTS), description="Which rows to list."),
    CURSOR,
    PAGE_SIZE,
]


class RuleApi(GenericApiView):
    """Base of the rule views: the user's own rules in order of priority."""

    serializer_class = RuleOut

    def get_queryset(self) -> CategoryRuleQuerySet:
        mine = CategoryRule.objects.visible_to(self.request.user).in_order()
        return mine.select_related("category")

    def find(self, pk: int) -> CategoryRule:
        return get_object_or_404(self.get_queryset(), pk=pk)

    def find_to_change(self, pk: int) -> CategoryRule:
        rule = self.find(pk)
        require(self.request.user, Ability.CHANGE_OWN_DATA)
        return rule

    def read(self, request: UserApiRequest, *, partial: bool = False) -> dict[str, Any]:
        data = RuleIn(data=request.data, partial=partial, context=self.get_serializer_context())
        data.is_valid(raise_exception=True)
        return data.validated_data

    def preview(self, request: UserApiRequest, rule: CategoryRule | None) -> Response:
        query = request.query_params
        listed = LISTS.get(query.get("listed", Verdict.CHANGES.value))
        if listed is None:
            raise ValidationError({"listed": f"Send one of {', '.join(LISTS)}."})
        preview = preview_rules(
            request.user,
            rule,
            on=local_date(request.user.timezone, timezone.now()),
            listed=listed,
            cursor=query.get("cursor"),
            page_size=page_size_in(query),
        )
        context = {"next": self._next(request, preview.next_cursor)}
        return Response(PreviewOut(preview, context=context).data)

    def apply(self, request: UserApiRequest, rule: CategoryRule | None) -> Response:
        return applied(dispatching.apply_soon(request.user, at=timezone.now(), rule=rule))

    def _next(self, request: UserApiRequest, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        query = request.query_params.copy()
        query["cursor"] = cursor
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


class RuleListApi(RuleApi):
    @operation(operation_id="category_rules_list", responses=RuleOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List your rules in order of priority."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @operation(request=RuleIn, responses={201: RuleOut})
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Create a rule for new transactions."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        rule = create_rule(actor=request.user, user=request.user, **self.read(request))
        return Response(RuleOut(rule).data, status=status.HTTP_201_CREATED)


class RuleDetailApi(RuleApi):
    @operation(operation_id="category_rules_retrieve")
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Get one rule."""
        return Response(RuleOut(self.find(pk)).data)

    @operation(request=RuleIn, responses=RuleOut)
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Update a rule. Transactions it has already categorized don't change."""
        return self._edit(request, pk, partial=False)

    @operation(request=RuleIn, responses=RuleOut)
    def patch(self, request: UserApiRequest, pk: int) -> Response:
        """Update some fields of a rule."""
        return self._edit(request, pk, partial=True)

    def _edit(self, request: UserApiRequest, pk: int, *, partial: bool) -> Response:
        rule = self.find_to_change(pk)
        changes = self.read(request, partial=partial)
        edited = edit_rule(actor=request.user, rule=rule, **changes)
        return Response(RuleOut(edited).data)

    @operation(responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Delete a rule. Transactions it has categorized don't change."""
        rule = self.find_to_change(pk)
        delete_rule(actor=request.user, rule=rule, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class RulePreviewApi(RuleApi):
    @operation(
        operation_id="category_rules_preview",
        request=None,
        responses=PreviewOut,
        parameters=PREVIEW_PARAMETERS,
    )
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Preview this rule: what would change, what stays, and monthly totals."""
        return self.preview(request, self.find(pk))


class RuleApplyApi(RuleApi):
    @operation(operation_id="category_rules_apply", request=None, responses=APPLIED)
    @idempotent
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Apply this rule to existing transactions, except those categorized by hand. Can be
        undone.
        """
        return self.apply(request, self.find_to_change(pk))


class RulePreviewAllApi(RuleApi):
    @operation(
        operation_id="category_rules_preview_all",
        request=None,
        responses=PreviewOut,
        parameters=PREVIEW_PARAMETERS,
    )
    def post(self, request: UserApiRequest) -> Response:
        """Preview applying all rules. Changes nothing."""
        return self.preview(request, None)


class RuleApplyAllApi(RuleApi):
    @operation(operation_id="category_rules_apply_all", request=None, responses=APPLIED)
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Apply all rules in order to existing transactions."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        return self.apply(request, None)
