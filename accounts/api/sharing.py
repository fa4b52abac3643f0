"""Account sharing in the API. One share gives one person access to one account."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.response import Response

from accounts.models import Account, AccountShare, AccountShareQuerySet
from accounts.sharing import (
    accept_share,
    change_level,
    end_share,
    has_unconfirmed_address,
    invite,
)
from banking.kernel.api_fields import RelatedIdField, id_field
from banking.kernel.api_input import GenericApiView, Input, operation
from banking.kernel.narrowing import sure
from banking.kernel.refusals import REFUSED
from banking.limits import SHARED_ACCOUNTS
from users import limits
from users.api.idempotency import idempotent
from users.api.step_up import STEP_UP, require_step_up
from users.policy import Ability, require
from users.signed_in import UserApiRequest

UNCONFIRMED = (
    "Confirm your email to see invitations: open the link we sent, or request a new one "
    "with POST /api/users/me/confirm-email."
)


class ShareOut(serializers.ModelSerializer):
    """One account shared with one person, as either of the two sees it."""

    account_name = serializers.CharField(source="account.name")
    direction = serializers.SerializerMethodField(help_text="`given` by you, or `received`.")
    email = serializers.SerializerMethodField(help_text="The other person's address.")
    name = serializers.SerializerMethodField(help_text="Their name, once they have accepted.")

    class Meta:
        model = AccountShare
        fields = [
            "id", "account", "account_name", "direction", "email", "name", "level", "status",
            "created_at", "updated_at",
        ]  # fmt: skip

    def _is_given(self, share: AccountShare) -> bool:
        return share.user_id == self.context["request"].user.pk

    def get_direction(self, share: AccountShare) -> str:
        return "given" if self._is_given(share) else "received"

    def get_email(self, share: AccountShare) -> str:
        return share.email if self._is_given(share) else share.user.email

    def get_name(self, share: AccountShare) -> str:
        if not self._is_given(share):
            return share.user.name
        return sure(share.member).name if share.status == AccountShare.Status.ACCEPTED else ""


class InviteIn(Input):
    """Whom to invite and which accounts to share: `account`, `accounts` or `all_accounts`."""

    email = serializers.EmailField(max_length=254)
    level = serializers.ChoiceField(choices=AccountShare.Level.choices)
    account = RelatedIdField(queryset=Account.objects.none(), required=False)
    # Look all of them up in one query, however long the list is.
    accounts = serializers.ListField(
        child=id_field(),
        max_length=SHARED_ACCOUNTS,
        required=False,
    )
    all_accounts = serializers.BooleanField(required=False, help_text="Every account you have now.")

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        fields["account"].queryset = Account.objects.owned_by(self.context["request"].user)
        return fields

    def validate_accounts(self, ids: list[int]) -> list[Account]:
        own = Account.objects.owned_by(self.context["request"].user).in_bulk(ids)
        if missing := set(ids) - set(own):
            sentence = f"Account {min(missing)} does not exist."
            raise serializers.ValidationError(sentence, code="does_not_exist")
        return list(own.values())

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        one, chosen = attrs.pop("account", None), attrs.pop("accounts", [])
        if attrs.pop("all_accounts", False):
            chosen = Account.objects.owned_by(self.context["request"].user)
        accounts = {account.pk: account for account in [*chosen, *([one] if one else [])]}
        if not accounts:
            sentence = "Send an account, a list of accounts, or all_accounts."
            raise serializers.ValidationError({"account": sentence}, code=REFUSED)
        return attrs | {"accounts": list(accounts.values())}


class LevelIn(Input):
    """What the other person may do."""

    level = serializers.ChoiceField(choices=AccountShare.Level.choices)


class ShareApi(GenericApiView):
    """Base of the share views: shares this user has given or been offered."""

    serializer_class = ShareOut

    def get_queryset(self) -> AccountShareQuerySet:
        shares = AccountShare.objects.visible_to(self.request.user)
        return shares.select_related("account", "user", "member").order_by("-id")

    def find(self, pk: int) -> AccountShare:
        return get_object_or_404(self.get_queryset(), pk=pk)

    def show(self, pk: int) -> dict[str, Any]:
        return self.get_serializer(self.find(pk)).data


class ShareListApi(ShareApi):
    @operation(operation_id="shares_list", responses=ShareOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """Accounts you share, and accounts that others share with you or offer to."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @operation(
        request=InviteIn,
        parameters=[STEP_UP],
        responses={
            201: PolymorphicProxySerializer(
                "ShareInvited",
                serializers=[ShareOut, ShareOut(many=True)],
                resource_type_field_name=None,
                many=False,
            )
        },
    )
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Share accounts with someone by email.

        With a single `account` the response is that share, otherwise a list. It is the same whether
        or not the address has a user account.
        """
        require(request.user, Ability.CHANGE_OWN_DATA)
        data = InviteIn(data=request.data, context=self.get_serializer_context())
        data.is_valid(raise_exception=True)
        require_step_up(request)
        limits.consume("share-invitation", str(request.user.pk))
        shares = invite(actor=request.user, at=timezone.now(), **data.validated_data)
        is_one = not {"accounts", "all_accounts"} & set(request.data)
        shown = shares[0] if is_one else shares
        answer = self.get_serializer(shown, many=not is_one).data
        return Response(answer, status=status.HTTP_201_CREATED)


class ShareDetailApi(ShareApi):
    @operation(operation_id="shares_retrieve")
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Get one share."""
        return Response(self.show(pk))

    @operation(request=LevelIn, parameters=[STEP_UP], responses=ShareOut)
    def patch(self, request: UserApiRequest, pk: int) -> Response:
        """Change the access level (viewer or analyst). Only the account's owner may do this."""
        share = self.find(pk)
        if share.user_id != request.user.pk:
            raise PermissionDenied("Only the account's owner can change how it's shared.")
        require(request.user, Ability.CHANGE_OWN_DATA)
        require_step_up(request)
        data = LevelIn(data=request.data)
        data.is_valid(raise_exception=True)
        change_level(actor=request.user, share=share, **data.validated_data)
        return Response(self.show(pk))

    @operation(responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """End a share: the owner revokes it, the other person declines or leaves. Effective
        immediately.
        """
        end_share(actor=request.user, share=self.find(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ShareAcceptApi(ShareApi):
    @operation(request=None, responses=ShareOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Accept an invitation. Confirm your email address first; until then this is a 404."""
        share = self.get_queryset().filter(pk=pk).first()
        if share is None and has_unconfirmed_address(request.user):
            # The same error for every ID, so that it does not reveal pending invitations.
            raise NotFound(UNCONFIRMED)
        accept_share(actor=request.user, share=share or self.find(pk))
        return Response(self.show(pk))


class ShareDeclineApi(ShareApi):
    @operation(request=None, responses={204: None})
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Decline an invitation, or leave an account shared with you."""
        share = self.find(pk)
        if share.user_id == request.user.pk:
            raise PermissionDenied("This invitation is for someone else.")
        end_share(actor=request.user, share=share)
        return Response(status=status.HTTP_204_NO_CONTENT)
