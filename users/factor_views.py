"""allauth's two-factor pages, with each change recorded in the audit trail."""

from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.views import (
    DownloadRecoveryCodesView,
    GenerateRecoveryCodesView,
    ViewRecoveryCodesView,
)
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, EditWebAuthnView, RemoveWebAuthnView
from django.db import transaction as db_transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from users.demo import require_own_sign_in
from users.services.factors import record_factor_changed
from users.signed_in import UserRequest


class _Recorded:
    """Saves the change and its audit event in one transaction."""

    change = ""
    request: UserRequest

    def form_valid(self, form: Any) -> HttpResponse:
        # Record before allauth mails about the change.
        require_own_sign_in(self.request.user)
        with db_transaction.atomic():
            what = self.what(form)
            response = cast(Any, super()).form_valid(form)
            record_factor_changed(user=self.request.user, change=self.change, **what)
        return response

    def what(self, form: Any) -> dict[str, str]:
        """Additional details of the event."""
        return {}


class _AddressFirst:
    """Requires a confirmed email address; without one, the page says so and shows how to confirm
    it.

    Otherwise somebody could sign up with a stranger's address and lock its owner out for good.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        addresses = EmailAddress.objects.filter(user=request.user, verified=False)
        if address := addresses.order_by("primary").first():
            status = 200 if request.method in ("GET", "HEAD") else 422
            return render(request, "mfa/address_first.html", {"address": address}, status=status)
        return cast(Any, super()).dispatch(request, *args, **kwargs)


class ActivateTotp(_AddressFirst, _Recorded, ActivateTOTPView):
    change = "totp.activated"


class DeactivateTotp(_Recorded, DeactivateTOTPView):
    change = "totp.deactivated"


class GenerateRecoveryCodes(_Recorded, GenerateRecoveryCodesView):
    change = "recovery_codes.generated"


class ShowRecoveryCodes(ViewRecoveryCodesView):
    """Viewing the codes is recorded too: anyone who has seen one can use it to sign in."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        record_factor_changed(user=self.request.user, change="recovery_codes.viewed")
        return context


class DownloadRecoveryCodes(DownloadRecoveryCodesView):
    """Recorded like viewing them."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        record_factor_changed(user=self.request.user, change="recovery_codes.viewed")
        return super().get_context_data(**kwargs)


class AddPasskey(_AddressFirst, _Recorded, AddWebAuthnView):
    change = "passkey.added"

    def what(self, form: Any) -> dict[str, str]:
        return {"name": form.cleaned_data["name"]}


class RenamePasskey(_Recorded, EditWebAuthnView):
    change = "passkey.renamed"

    def what(self, form: Any) -> dict[str, str]:
        return {"name": form.cleaned_data["name"]}


class RemovePasskey(_Recorded, RemoveWebAuthnView):
    change = "passkey.removed"

    def what(self, form: Any) -> dict[str, str]:
        return {"name": str(self.object)}
