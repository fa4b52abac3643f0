"""Accounts in the API."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import status
from rest_framework.response import Response

from accounts.access import require_change
from accounts.api.serializers import AccountIn, AccountOpenIn, AccountOut
from accounts.filters import AccountFilter
from accounts.models import Account, AccountQuerySet
from accounts.services import delete_account, edit_account, open_account, restore_account
from banking.kernel.api_input import GenericApiView, operation
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest


class AccountApi(GenericApiView):
    """Base of the account views: accounts this user can see."""

    serializer_class = AccountOut

    def get_queryset(self) -> AccountQuerySet:
        return Account.objects.visible_to(self.request.user).with_feed()

    def find(self, pk: int) -> Account:
        return get_object_or_404(self.get_queryset(), pk=pk)

    def show(self, account: Account) -> dict[str, Any]:
        return AccountOut(account, context=self.get_serializer_context()).data


class AccountListApi(AccountApi):
    filterset_class = AccountFilter

    @operation(operation_id="accounts_list", responses=AccountOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List your accounts and those shared with you."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @operation(request=AccountOpenIn, responses={201: AccountOut})
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Create an account."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        data = AccountOpenIn(data=request.data, context=self.get_serializer_context())
        data.is_valid(raise_exception=True)
        fields = {"currency": request.user.base_currency} | data.validated_data
        account = open_account(actor=request.user, user=request.user, **fields)
        return Response(self.show(account), status=status.HTTP_201_CREATED)


class AccountDetailApi(AccountApi):
    @operation(operation_id="accounts_retrieve")
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Get one account."""
        return Response(self.show(self.find(pk)))

    @operation(request=AccountIn, responses=AccountOut)
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Update an account. Its balance is computed from transactions and can't be set."""
        return self._edit(request, pk, partial=False)

    @operation(request=AccountIn, responses=AccountOut)
    def patch(self, request: UserApiRequest, pk: int) -> Response:
        """Update some fields of an account."""
        return self._edit(request, pk, partial=True)

    def _edit(self, request: UserApiRequest, pk: int, *, partial: bool) -> Response:
        account = self.find(pk)
        require_change(request.user, account)
        data = AccountIn(data=request.data, partial=partial)
        data.is_valid(raise_exception=True)
        edited = edit_account(actor=request.user, account=account, **data.validated_data)
        return Response(self.show(edited))

    @operation(responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Move an account and its transactions to the trash."""
        account = self.find(pk)
        require_change(request.user, account)
        delete_account(actor=request.user, account=account)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AccountRestoreApi(AccountApi):
    def get_queryset(self) -> AccountQuerySet:
        return Account.objects.filter(user=self.request.user)

    @operation(request=None, responses=AccountOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Restore one of your accounts from the trash."""
        account = self.find(pk)
        require_change(request.user, account)
        return Response(self.show(restore_account(actor=request.user, account=account)))
