"""Saved views of the transactions list in the API."""

from typing import Any

from django.http import QueryDict
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, status
from rest_framework.response import Response

from banking.kernel.api_input import GenericApiView, Input, operation
from transactions.forms.gone_filters import FINDERS, gone_filters
from transactions.models import SavedView
from transactions.services.saved_views import delete_view, edit_view, save_view
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest


class GoneFilterOut(serializers.Serializer):
    """A filter whose value no longer exists, such as a deleted category."""

    name = serializers.ChoiceField(choices=sorted(FINDERS))
    text = serializers.CharField()


class SavedViewOut(serializers.ModelSerializer):
    """A saved view; `query` is the query string of the transactions list.

    With a filter in `gone`, the view finds nothing until that filter is changed or removed.
    """

    gone = serializers.SerializerMethodField()

    class Meta:
        model = SavedView
        fields = ["id", "name", "query", "gone", "created_at"]

    @extend_schema_field(GoneFilterOut(many=True))
    def get_gone(self, view: SavedView) -> Any:
        return GoneFilterOut(self.context["gone"][view.pk], many=True).data


class SavedViewIn(Input):
    name = serializers.CharField(max_length=60)
    query = serializers.CharField(max_length=2000, allow_blank=True)


class SavedViewEditIn(Input):
    """Fields to change; omitted fields don't change."""

    name = serializers.CharField(max_length=60, required=False)
    query = serializers.CharField(max_length=2000, allow_blank=True, required=False)


class SavedViewApi(GenericApiView):
    serializer_class = SavedViewOut
    pagination_class = None

    def get_queryset(self) -> Any:
        return SavedView.objects.visible_to(self.request.user)

    def told(self, views: list[SavedView]) -> Any:
        """The views as the API shows them."""
        queries = [QueryDict(view.query) for view in views]
        gone = gone_filters(self.request.user, queries)
        keys = [view.pk for view in views]
        context = {**self.get_serializer_context(), "gone": dict(zip(keys, gone, strict=True))}
        return SavedViewOut(views, many=True, context=context).data


class SavedViewListApi(SavedViewApi):
    @operation(operation_id="transaction_views_list", responses=SavedViewOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List your saved views by name."""
        return Response(self.told(list(self.get_queryset())))

    @operation(
        operation_id="transaction_views_save", request=SavedViewIn, responses={201: SavedViewOut}
    )
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Save a query string of the transactions list under a name."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        data = SavedViewIn(data=request.data)
        data.is_valid(raise_exception=True)
        view = save_view(actor=request.user, **data.validated_data)
        return Response(self.told([view])[0], status=status.HTTP_201_CREATED)


class SavedViewDetailApi(SavedViewApi):
    @operation(
        operation_id="transaction_views_edit", request=SavedViewEditIn, responses=SavedViewOut
    )
    def patch(self, request: UserApiRequest, pk: int) -> Response:
        """Rename a saved view, or change its query."""
        view = self._to_change(request, pk)
        data = SavedViewEditIn(data=request.data)
        data.is_valid(raise_exception=True)
        view = edit_view(actor=request.user, view=view, **data.validated_data)
        return Response(self.told([view])[0])

    @operation(operation_id="transaction_views_delete", responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Delete a saved view."""
        view = self._to_change(request, pk)
        delete_view(actor=request.user, view=view)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _to_change(self, request: UserApiRequest, pk: int) -> SavedView:
        view = get_object_or_404(self.get_queryset(), pk=pk)
        require(request.user, Ability.CHANGE_OWN_DATA)
        return view
