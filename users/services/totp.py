"""The second factor by app, set up and taken away without a browser: what the API asks for."""

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
    """What an app is told, by hand or as a QR code of the address."""

    secret: str
    otpauth_uri: str
    expires_in: int


def begin_totp(*, user: User) -> TotpSetup:
    """A secret that waits ten minutes for the first code made with it; nothing is on yet.

    Raises ValidationError where an app is set up already, or an address is not confirmed: who
    signed up with a stranger's address could keep them out for good.
    """
    _refuse_setup(user)
    secret = generate_totp_secret()
    cache.set(_key(user), encrypt(secret), TOTP_SETUP_SECONDS)
    uri = get_factors_adapter().build_totp_url(user, secret)
    return TotpSetup(secret, uri, TOTP_SETUP_SECONDS)


def confirm_totp(*, user: User, code: str) -> list[str]:
    """Switch the app on with a code it made. Answers the recovery codes, shown this once.

    Raises ValidationError at `code`; guesses count as those at the sign-in do.
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
    """Switch the app off; without a passkey the recovery codes go with it. Twice is once."""
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
