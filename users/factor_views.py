"""allauth's pages of the second factor, with each change on the audit trail."""

from typing import Any

from allauth.mfa.recovery_codes.views import (
    DownloadRecoveryCodesView,
    GenerateRecoveryCodesView,
    ViewRecoveryCodesView,
)
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, EditWebAuthnView, RemoveWebAuthnView
from django.db import transaction as db_transaction
from django.http import HttpResponse

from users.demo import require_own_sign_in
from users.services.factors import record_factor_changed


class _Recorded:
    """The change and its event are one transaction."""

    change = ""

    def form_valid(self, form: Any) -> HttpResponse:
        # Before allauth mails that it was changed.
        require_own_sign_in(self.request.user)
        with db_transaction.atomic():
            what = self.what(form)
            response = super().form_valid(form)
            record_factor_changed(user=self.request.user, change=self.change, **what)
        return response

    def what(self, form: Any) -> dict[str, str]:
        """What the event says besides."""
        return {}


class ActivateTotp(_Recorded, ActivateTOTPView):
    change = "totp.activated"


class DeactivateTotp(_Recorded, DeactivateTOTPView):
    change = "totp.deactivated"


class GenerateRecoveryCodes(_Recorded, GenerateRecoveryCodesView):
    change = "recovery_codes.generated"


class ShowRecoveryCodes(ViewRecoveryCodesView):
    """Looking at them is told too: whoever has seen one can get in with it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        record_factor_changed(user=self.request.user, change="recovery_codes.viewed")
        return context


class DownloadRecoveryCodes(DownloadRecoveryCodesView):
    """As with looking at them."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        record_factor_changed(user=self.request.user, change="recovery_codes.viewed")
        return super().get_context_data(**kwargs)


class AddPasskey(_Recorded, AddWebAuthnView):
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
