"""Categories in the API."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from banking.kernel.api import KeysetPagination
from banking.kernel.api_input import GenericApiView, operation
from transactions import dispatching
from transactions.api.rule_serializers import AppliedOut, applied
from transactions.api.serializers import CategoryIn, CategoryOut, category_of_owner
from transactions.filters import CategoryFilter
from transactions.models import Category, CategoryQuerySet
from transactions.services.categories import create_category, edit_category
from transactions.services.category_removal import PARENT
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest


class CategoryPagination(KeysetPagination):
    """A whole category tree usually fits on one page."""

    page_size = 200


class CategoryApi(GenericApiView):
    """Base of the category views: predefined categories and the user's own."""

    serializer_class = CategoryOut
    pagination_class = CategoryPagination

    def get_queryset(self) -> CategoryQuerySet:
        return Category.objects.visible_to(self.request.user).select_related("parent")

    def find(self, pk: int) -> Category:
        return get_object_or_404(self.get_queryset(), pk=pk)

    def find_to_change(self, pk: int) -> Category:
        category = self.find(pk)
        require(self.request.user, Ability.CHANGE_OWN_DATA)
        if category.user_id is None:
            raise PermissionDenied("You can't change built-in categories. Add your own instead.")
        return category

    def read(self, request: UserApiRequest, *, partial: bool = False) -> dict[str, Any]:
        data = CategoryIn(data=request.data, partial=partial, context=self.get_serializer_context())
        data.is_valid(raise_exception=True)
        return data.validated_data


class CategoryListApi(CategoryApi):
    filterset_class = CategoryFilter

    @operation(operation_id="categories_list", responses=CategoryOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List the predefined categories and your own."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @operation(request=CategoryIn, responses={201: CategoryOut})
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Create a category."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        category = create_category(actor=request.user, user=request.user, **self.read(request))
        return Response(CategoryOut(category).data, status=status.HTTP_201_CREATED)


class CategoryDetailApi(CategoryApi):
    @operation(operation_id="categories_retrieve")
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Get one category."""
        return Response(CategoryOut(self.find(pk)).data)

    @operation(request=CategoryIn, responses=CategoryOut)
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Update one of your categories."""
        return self._edit(request, pk, partial=False)

    @operation(request=CategoryIn, responses=CategoryOut)
    def patch(self, request: UserApiRequest, pk: int) -> Response:
        """Update some fields of one of your categories."""
        return self._edit(request, pk, partial=True)

    def _edit(self, request: UserApiRequest, pk: int, *, partial: bool) -> Response:
        category = self.find_to_change(pk)
        changes = self.read(request, partial=partial)
        edited = edit_category(actor=request.user, category=category, **changes)
        return Response(CategoryOut(edited).data)

    @operation(
        responses={204: None, 202: AppliedOut},
        parameters=[
            OpenApiParameter(
                "move_to",
                {"type": "string", "maxLength": 60},
                description="A slug; empty for none. Default: its parent.",
            ),
            OpenApiParameter("rules", enum=["move", "delete"], description="Default: move."),
        ],
    )
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Delete one of your categories. Its transactions and rules move to its parent, or to
        `move_to`. Without either, transactions become uncategorized and rules are deleted.

        `Location` is the change, which can be undone for 30 days. Large moves continue in the
        background: 202.
        """
        category = self.find_to_change(pk)
        query, target = request.query_params, PARENT
        if "move_to" in query:
            target = category_of_owner(request.user.pk, query["move_to"])
        if query.get("rules", "move") not in ("move", "delete"):
            raise ValidationError({"rules": "Send move or delete."})
        with_rules = query.get("rules") != "delete"
        change = dispatching.remove_category_soon(
            request.user, category, target=target, with_rules=with_rules
        )
        if change is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        if change.is_unfinished:
            return applied(change)
        url = reverse("api_change_undo", args=[change.pk])
        return Response(status=status.HTTP_204_NO_CONTENT, headers={"Location": url})
