"""Set up and remove an authenticator app through the API, without a browser."""

from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter as get_factors_adapter
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction

from banking.kernel.encryption import decrypt, encrypt
from banking.limits import TOTP_SETUP_SECONDS
from users import limits
from users.allauth_private import TOTP, RecoveryCodes, generate_totp_secret, validate_totp_code
from users.demo import require_own_sign_in
from users.models import User
from users.services.factors import record_factor_changed
from users.services.sessions import lock_user, note_first_use

_KINDS = Authenticator.Type


@dataclass(frozen=True, slots=True)
class TotpSetup:
    """The secret for the app, as text or as a URL for a QR code."""

    secret: str
    otpauth_uri: str
    expires_in: int


def begin_totp(*, user: User) -> TotpSetup:
    """Create a secret that waits ten minutes for its first code; two-factor stays off until then.

    Raises ValidationError if an app is set up already, or if the email is not confirmed: somebody
    could sign up with a stranger's address and lock its owner out for good.
    """
    _refuse_setup(user)
    secret = generate_totp_secret()
    cache.set(_key(user), encrypt(secret), TOTP_SETUP_SECONDS)
    uri = get_factors_adapter().build_totp_url(user, secret)
    return TotpSetup(secret, uri, TOTP_SETUP_SECONDS)


def confirm_totp(*, user: User, code: str) -> list[str]:
    """Turn the app on with a code from it. Returns the recovery codes, shown only once.

    Raises ValidationError at `code`; guesses are limited as at sign-in.
    """
    kept = cache.get(_key(user))
    if kept is None:
        raise ValidationError(
            {"code": ValidationError("Request a secret first.", code="setup_missing")}
        )
    secret, code = decrypt(kept), "".join(code.split())
    limits.consume("otp", str(user.pk))
    if not validate_totp_code(secret, code):
        raise ValidationError(
            {"code": ValidationError("This code is incorrect.", code="otp_wrong")}
        )
    limits.give_back("otp", str(user.pk))
    with db_transaction.atomic():
        lock_user(user.pk)
        _refuse_setup(user)
        app = TOTP.activate(user, secret).instance
        note_first_use(app, code)
        Authenticator.objects.filter(user=user, type=_KINDS.RECOVERY_CODES).delete()
        codes: list[str] = RecoveryCodes.activate(user).get_unused_codes()
        record_factor_changed(user=user, change="totp.activated")
    cache.delete(_key(user))
    get_adapter().send_notification_mail("mfa/email/totp_activated", user)
    return codes


def remove_totp(*, user: User) -> None:
    """Turn the app off; without a passkey, the recovery codes are removed too. Safe to repeat."""
    with db_transaction.atomic():
        lock_user(user.pk)
        own = Authenticator.objects.filter(user=user)
        if not own.filter(type=_KINDS.TOTP).delete()[0]:
            return
        if not own.exclude(type=_KINDS.RECOVERY_CODES).exists():
            own.delete()
        record_factor_changed(user=user, change="totp.deactivated")
    get_adapter().send_notification_mail("mfa/email/totp_deactivated", user)


def _refuse_setup(user: User) -> None:
    require_own_sign_in(user)
    if Authenticator.objects.filter(user=user, type=_KINDS.TOTP).exists():
        raise ValidationError(
            "An authenticator app is already set up. Remove it first.", code="already_on"
        )
    if EmailAddress.objects.filter(user=user, verified=False).exists():
        raise ValidationError("Confirm your email address first.", code="email_not_confirmed")


def _key(user: User) -> str:
    return f"totp-setup:{user.pk}"
