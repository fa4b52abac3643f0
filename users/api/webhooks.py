"""Webhooks; each request proves its sender by a signature."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from banking.kernel.api_input import ApiView, operation
from users.messages.channels.sms import is_signed
from users.messages.outbox import take_callback

_LARGEST_ID = 2**63 - 1


class TwilioWebhookApi(ApiView):
    """The delivery status of an SMS. Signed by Twilio; repeated and late calls change nothing."""

    authentication_classes: list = []
    permission_classes = [AllowAny]
    parser_classes = [FormParser]
    throttle_classes: list = []
    # Twilio decides which fields it sends, and adds more over the years.
    is_strict = False

    @operation(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Receive a status callback. An unsigned call gets 403."""
        # A request without a body has no form: a plain, unsigned dict.
        sent: Any = request.data
        form = dict(sent.lists()) if sent else {}
        # Twilio signed the public URL, which a proxy may have changed.
        url = settings.SITE_URL.rstrip("/") + request.get_full_path()
        signature = request.headers.get("X-Twilio-Signature", "")
        is_ours = sent.get("AccountSid") == settings.TWILIO_ACCOUNT_SID
        if not is_signed(url=url, form=form, signature=signature) or not is_ours:
            raise PermissionDenied("The signature is not Twilio's.")
        number = request.query_params.get("notification", "")
        if number.isdecimal() and number.isascii() and int(number) <= _LARGEST_ID:
            take_callback(
                notification_id=int(number),
                provider_id=sent.get("MessageSid", "")[:120],
                status=sent.get("MessageStatus", "")[:40],
                error_code=sent.get("ErrorCode", "")[:40],
                at=timezone.now(),
            )
        return Response(status=status.HTTP_204_NO_CONTENT)
