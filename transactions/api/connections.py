"""Bank connections in the API, and Plaid's webhook."""

import contextlib
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from accounts.models import BankConnection, ConnectedAccount
from banking.kernel.api import TooLarge
from banking.kernel.api_input import ApiView, GenericApiView, operation
from banking.kernel.narrowing import sure
from banking.kernel.refusals import REFUSED
from transactions import dispatching
from transactions.api.connection_serializers import (
    AccountChoicesIn,
    ConnectionDetailOut,
    ConnectionIn,
    ConnectionOut,
    LinesKeptOut,
    LinkIn,
    LinkOut,
    ProviderOut,
    ReconnectIn,
    SyncRunOut,
)
from transactions.services import bank_webhooks, connecting, linking
from transactions.sources.banks.plaid_webhook import ForgedWebhookError
from users.api.idempotency import HEADERS, answer_once, idempotent, was_answered
from users.api.step_up import STEP_UP, require_step_up
from users.policy import Ability, require
from users.signed_in import UserApiRequest

KEEP, REMOVE = "keep", "remove"
DATA = OpenApiParameter(
    "data",
    enum=[KEEP, REMOVE],
    description="What happens to its transactions: kept (default), or moved to the trash.",
)
LARGEST_WEBHOOK = 256 * 1024


class ConnectionApi(GenericApiView):
    """Base of the connection views: the user's own connections."""

    serializer_class = ConnectionOut

    def get_queryset(self) -> Any:
        mine = BankConnection.objects.visible_to(self.request.user)
        accounts = Prefetch("connected_accounts", ConnectedAccount.objects.order_by("pk"))
        return mine.prefetch_related(accounts).order_by("institution_name", "pk")

    def find(self, pk: int) -> BankConnection:
        return get_object_or_404(self.get_queryset(), pk=pk)

    def find_to_change(self, pk: int) -> BankConnection:
        connection = self.find(pk)
        require(self.request.user, Ability.CHANGE_OWN_DATA)
        return connection

    def detail(self, pk: int) -> dict[str, Any]:
        context = self.get_serializer_context()
        return dict(ConnectionDetailOut(self.find(pk), context=context).data)

    def read(self, serializer: type, request: UserApiRequest) -> dict[str, Any]:
        data = serializer(data=request.data, context=self.get_serializer_context())
        data.is_valid(raise_exception=True)
        return dict(data.validated_data)


class ProviderListApi(ApiView):
    @operation(operation_id="connections_providers", responses=ProviderOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List the ways to connect a bank."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        providers = [
            {
                "provider": offer.key,
                "name": offer.name,
                "description": offer.description,
                "needs": list(offer.needs),
                "institutions": [{"id": pk, "name": name} for pk, name in offer.institutions],
            }
            for offer in linking.offers()
        ]
        return Response(ProviderOut(providers, many=True).data)


class LinkApi(ConnectionApi):
    @operation(operation_id="connections_link", request=LinkIn, responses={201: LinkOut})
    def post(self, request: UserApiRequest) -> Response:
        """Start connecting with Plaid. Returns a Plaid page to open for the user."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        require_step_up(request)
        wanted = self.read(LinkIn, request)
        pk = wanted.get("connection")
        link_token, address = linking.begin_hosted_link(
            user=request.user,
            connection=self.find(pk) if pk else None,
            return_to=wanted.get("return_to") or settings.SITE_URL,
        )
        link = {"link_token": link_token, "hosted_link_url": address}
        return Response(LinkOut(link).data, status=status.HTTP_201_CREATED)


class ConnectionListApi(ConnectionApi):
    @operation(operation_id="connections_list", responses=ConnectionOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List your bank connections."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @operation(
        operation_id="connections_create",
        request=ConnectionIn,
        responses={201: ConnectionOut},
        parameters=[STEP_UP, *HEADERS],
    )
    def post(self, request: UserApiRequest) -> Response:
        """Connect a bank. Its accounts wait to be assigned; the first sync starts immediately."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        require_step_up(request)

        given = self.read(ConnectionIn, request)
        provider = given.pop("provider")
        _refuse_missing(provider, given)
        user = request.user

        def ask() -> connecting.Asked:
            wanted = linking.with_customer(provider, given, user)
            return connecting.ask_bank(user=user, provider=provider, given=wanted)

        # Do not hold a lock during network requests. A repeated request does not query the bank
        # again.
        asked = None if was_answered(request) else ask()

        def command() -> tuple[int, Any]:
            connection = connecting.connect_bank(
                actor=user, user=user, provider=provider, asked=sure(asked), at=timezone.now()
            )
            dispatching.sync_soon(user, connection, trigger="link", at=timezone.now())
            return status.HTTP_201_CREATED, ConnectionOut(self.find(connection.pk)).data

        return answer_once(request, command)


def _refuse_missing(provider: str, given: dict[str, str]) -> None:
    needs = linking.needs_of(provider)
    missing = [name for name in needs if not given.get(name)]
    if missing:
        raise ValidationError(dict.fromkeys(missing, "This is needed to connect."), code=REFUSED)
    extra = sorted(set(given) - set(needs))
    if extra:
        raise ValidationError(
            dict.fromkeys(extra, "This provider doesn't need this."), code=REFUSED
        )


class ConnectionDetailApi(ConnectionApi):
    @operation(operation_id="connections_retrieve", responses=ConnectionDetailOut)
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Get one connection, with its accounts and latest syncs."""
        return Response(self.detail(pk))

    @operation(
        operation_id="connections_destroy",
        responses={204: None, 200: LinesKeptOut},
        parameters=[DATA],
    )
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """End a connection. Its transactions stay, or go to the trash.

        200 instead of 204: some were to go but cannot, such as the payment of a bill.
        """
        connection = self.find_to_change(pk)
        data = request.query_params.get("data", KEEP)
        if data not in (KEEP, REMOVE):
            raise ValidationError({"data": f"Send {KEEP} or {REMOVE}."})
        ended = connecting.disconnect_bank(
            actor=request.user, connection=connection, keep_data=data == KEEP, at=timezone.now()
        )
        if ended.kept_count:
            return Response(LinesKeptOut(ended).data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ConnectionAccountsApi(ConnectionApi):
    @operation(
        operation_id="connections_map", request=AccountChoicesIn, responses=ConnectionDetailOut
    )
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Choose where each bank account's transactions go: an account of yours, a new one, or
        none.
        """
        connection = self.find_to_change(pk)
        chosen = self.read(AccountChoicesIn, request)["accounts"]
        choices = {choice["id"]: choice["account"] for choice in chosen}
        connecting.map_accounts(actor=request.user, connection=connection, choices=choices)
        dispatching.sync_soon(request.user, connection, trigger="link", at=timezone.now())
        return Response(self.detail(pk))


class ConnectionSyncApi(ConnectionApi):
    @operation(operation_id="connections_sync", request=None, responses={202: SyncRunOut})
    @idempotent
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Sync now. Returns the sync run."""
        connection = self.find_to_change(pk)
        run = dispatching.sync_soon(request.user, connection, trigger="manual", at=timezone.now())
        told = SyncRunOut(run, context=self.get_serializer_context()).data
        return Response(told, status=status.HTTP_202_ACCEPTED)


class ConnectionReconnectApi(ConnectionApi):
    @operation(
        operation_id="connections_reconnect",
        request=ReconnectIn,
        responses=ConnectionDetailOut,
        parameters=[STEP_UP],
    )
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Renew a connection after the bank's sign-in has expired."""
        connection = self.find_to_change(pk)
        require_step_up(request)
        given = self.read(ReconnectIn, request)
        if given:
            _refuse_missing(connection.provider, given)
        linking.renew(actor=request.user, connection=connection, given=given, at=timezone.now())
        dispatching.sync_soon(request.user, connection, trigger="link", at=timezone.now())
        return Response(self.detail(pk))


class _RawParser(BaseParser):
    """Returns the raw body, because Plaid signs the bytes."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream.read(LARGEST_WEBHOOK + 1)


class PlaidWebhookApi(ApiView):
    """Plaid's notification of new data. Signed; repeated, late and reordered calls do no harm."""

    authentication_classes: list = []
    permission_classes = [AllowAny]
    parser_classes = [_RawParser]
    throttle_classes: list = []
    is_strict = False

    def get_authenticate_header(self, request: Any) -> str:
        """Without this header DRF responds 403 instead of 401."""
        return "Plaid-Verification"

    @operation(request=None, responses={204: None})
    def post(self, request: UserApiRequest) -> Response:
        """Receive a webhook. 401 unless Plaid signed it within the last five minutes."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_WEBHOOK:
            raise TooLarge
        try:
            connection = bank_webhooks.take_plaid_webhook(
                body=cast(bytes, request.data) or b"",
                signature=request.headers.get("Plaid-Verification", ""),
                at=timezone.now(),
            )
        except ForgedWebhookError:
            raise AuthenticationFailed("The signature is not Plaid's.") from None
        if connection is not None:
            # The connection may have ended meanwhile.
            with contextlib.suppress(DjangoValidationError):
                dispatching.sync_soon(None, connection, trigger="webhook", at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
