"""Account emails in our wording and design; their links use SITE_URL.

allauth decides when to send one and names its template. A link never uses the request's host: a
forged Host header could redirect a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from banking.kernel.formats import date_format
from banking.kernel.region import region
from users.messages.channels.account_mail import send_soon
from users.models import User
from users.user_agents import device_name

WELCOME = "users/email/welcome"
PARTNER_INVITATION = "users/email/partner_invitation"


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one mail: `link` names the context entry with the button's URL.

    `greets`: the address is known to be the person's, so the mail may use their name.
    """

    subject: str
    text: str
    action: str = ""
    link: str = ""
    note: str = ""
    greets: bool = True


_THREE_DAYS = "This link works once, for 3 days."
_CONFIRM = Words(
    subject="Confirm your email address",
    text="Confirm {email} as the address you sign in to {site} with.",
    action="Confirm email address",
    link="activate_url",
    note="This link works for 3 days. If you didn’t ask for it, you can ignore this email.",
    greets=False,
)
_PASSWORD_CHANGED = Words("Your password was changed", "The password of your account was changed.")

WORDS = {
    "account/email/email_confirmation": _CONFIRM,
    "account/email/email_confirmation_signup": Words(
        subject="Confirm your email address",
        text="Thanks for signing up for {site}. Confirm that {email} is your address to finish"
        " setting up your account.",
        action="Confirm email address",
        link="activate_url",
        note="This link works for 3 days. If you didn’t sign up, you can ignore this email.",
        greets=False,
    ),
    "account/email/password_reset_key": Words(
        subject="Reset your password",
        text="We received a request to reset the password of your {site} account.",
        action="Choose a new password",
        link="password_reset_url",
        note=f"{_THREE_DAYS} If you didn’t ask for it, you can ignore this email: your password"
        " stays as it is.",
    ),
    "account/email/unknown_account": Words(
        subject="There’s no account with this address",
        text="Someone asked to reset the password for {email}, but there’s no {site} account with"
        " this address. If it was you, try another address or create an account.",
        action="Create an account",
        link="signup_url",
        note="If it wasn’t you, you can ignore this email.",
        greets=False,
    ),
    "account/email/account_already_exists": Words(
        subject="You already have an account",
        text="Someone tried to sign up for {site} with {email}, but there already is an account"
        " with this address. If it was you, sign in, or reset your password if you forgot it.",
        action="Reset password",
        link="password_reset_url",
        note="If it wasn’t you, you can ignore this email.",
        greets=False,
    ),
    "account/email/password_changed": _PASSWORD_CHANGED,
    "account/email/password_reset": _PASSWORD_CHANGED,
    "account/email/password_set": Words("Your password is set", "Your account has a password now."),
    "account/email/email_changed": Words(
        "Your email address was changed", "You now sign in with {to_email}, not with {from_email}."
    ),
    "account/email/email_confirm": Words(
        "Your email address is confirmed", "You confirmed that {email} is your address."
    ),
    "account/email/email_deleted": Words(
        "An email address was removed", "{deleted_email} was removed from your account."
    ),
    "mfa/email/totp_activated": Words(
        "Authenticator app turned on",
        "From now on, signing in also asks for a code from your authenticator app.",
    ),
    "mfa/email/totp_deactivated": Words(
        "Authenticator app turned off",
        "Signing in no longer asks for a code from your authenticator app.",
    ),
    "mfa/email/recovery_codes_generated": Words(
        "You have new recovery codes",
        "New recovery codes were created for your account. The old ones no longer work.",
    ),
    "mfa/email/webauthn_added": Words("Passkey added", "A passkey was added to your account."),
    "mfa/email/webauthn_removed": Words(
        "Passkey removed", "A passkey was removed from your account."
    ),
    WELCOME: Words(
        subject="Set up your {site} account",
        text="A {site} account was created for you. You sign in with {email}. Choose a password to"
        " get started.",
        action="Choose a password",
        link="password_reset_url",
        note=f"{_THREE_DAYS} After that, choose “Forgot your password?” on the sign-in page to get"
        " a new one.",
    ),
    PARTNER_INVITATION: Words(
        subject="{inviter} wants to share accounts with you",
        text="{inviter} invited you to see some of their accounts on {site}. To look at the"
        " invitation, create an account with {email} and confirm the address. Nothing is shared"
        " until you accept.",
        action="Create an account",
        link="signup_url",
        note="Already signed up? Sign in and confirm your address. If you don’t know {inviter}, you"
        " can ignore this email.",
        greets=False,
    ),
}
_NOT_YOU = "If this wasn’t you, reset your password right away and check your security settings."


def send_account_mail(template: str, email: str, context: Mapping[str, Any]) -> None:
    """Send the mail for allauth's template in the background."""
    send_soon(account_mail(template, email, context), template)


def send_partner_invitation(*, email: str, inviter: User) -> None:
    """Invite somebody without a login to sign up: an account was shared with their address."""
    signup_url = f"{reverse('account_signup')}?{urlencode({'email': email})}"
    about = {"inviter": inviter.get_full_name(), "signup_url": signup_url}
    send_account_mail(PARTNER_INVITATION, email, about)


def account_mail(template: str, email: str, context: Mapping[str, Any]) -> EmailMultiAlternatives:
    """One account mail as text and HTML. Raises KeyError for an unknown template."""
    words, user = WORDS[template], context.get("user")
    names = {"site": settings.SITE_NAME, "email": email} | dict(context)
    is_notice = not words.link
    link = reverse("users:security") if is_notice else str(context[words.link])
    shown = {
        "site_name": settings.SITE_NAME,
        "subject": words.subject.format_map(names),
        "greeting": f"Hello {user.get_short_name()}," if user and words.greets else "Hello,",
        "text": words.text.format_map(names),
        "details": _details(context, user) if is_notice else [],
        "action": words.action or "Check security settings",
        "link": site_link(link),
        "note": (words.note or _NOT_YOU).format_map(names),
    }
    message = EmailMultiAlternatives(
        subject=" ".join(shown["subject"].split()),
        body=render_to_string("users/email/account.txt", shown),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("users/email/account.html", shown), "text/html")
    return message


def site_link(address: str) -> str:
    """The URL moved to SITE_URL, whatever its host was."""
    parts = urlsplit(address)
    query = f"?{parts.query}" if parts.query else ""
    return f"{settings.SITE_URL.rstrip('/')}{parts.path}{query}"


def _details(context: Mapping[str, Any], user: User | None) -> list[tuple[str, str]]:
    """When and where a change was made, in the user's time zone."""
    zone = user.timezone if user else "UTC"
    with timezone.override(ZoneInfo(zone)), region(user.locale if user else None):
        at = timezone.localtime(context.get("timestamp") or timezone.now())
        when = f"{date_format(at, 'DATETIME_FORMAT')} ({zone.replace('_', ' ')})"
    device = device_name(context.get("user_agent") or "")
    details = [("When", when), ("Device", device), ("IP address", context.get("ip") or "")]
    return [(label, value) for label, value in details if value]
