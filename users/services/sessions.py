"""Signing in and out: rate-limited password checks, browser sessions, API tokens.

A refresh token can be used once. Each use creates its successor in the same family. A second use
within ten seconds counts as a race or a lost response and ends nothing; a later one ends the
family, because one of the two users is a thief. Everything that ends or renews sessions locks the
user's row first, so that neither can miss the other's rows.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction as db_transaction
from django.db.models import Exists, OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework_simplejwt.tokens import AccessToken

from banking.limits import REUSE_GRACE, TOTP_MEMORY_SECONDS
from users import limits
from users.audit import trail
from users.audit.trail import current_request_info
from users.masking import masked_email
from users.messages.outbox import notify
from users.models import Notification, RefreshSession, User
from users.network import network_of
from users.services.factors import cancel_email_change
from users.timezones import local_date
from users.user_agents import device_name


class WrongTokenError(Exception):
    """The refresh token is unknown, expired, ended or already used."""


class TokenRaceError(Exception):
    """Another request used the same refresh token moments ago."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a signed-in API client."""

    access: str
    refresh: str

    @property
    def expires_in(self) -> int:
        """Lifetime of the access token in seconds."""
        return int(AccessToken.lifetime.total_seconds())


def lock_user(pk: int) -> User:
    """The user's current row, locked until commit; rows that refer to it can still be inserted."""
    return User.objects.select_for_update(no_key=True).get(pk=pk)


# --- Passwords --------------------------------------------------------------------------------


def check_password(
    *, email: str, password: str, device: str | None = None, purpose: str = "sign_in"
) -> User | None:
    """The active user with this email and password, or None; wrong guesses are limited.

    Guesses count per account and IP address, per IP address, per network and per account; guesses
    from a browser the account has used before (`device`) count separately. Each is counted before
    the password is checked, so that parallel guesses cannot exceed the limit; a right one is given
    back. `purpose` prefixes the failure events: sign_in or step_up.
    """
    email = email.strip().lower()
    try:
        counted = _count_guess(email, device)
    except limits.LimitReachedError as error:
        if error.is_first:
            _record_failure(email, f"users.{purpose}.locked")
        raise
    user = authenticate(None, email=email, password=password)
    if user is None:
        _record_failure(email, f"users.{purpose}.failed")
        return None
    for name, key in counted:
        limits.give_back(name, key)
    return user


def _count_guess(email: str, device: str | None) -> list[tuple[str, str]]:
    if device:
        own = ("sign-in-account", f"{email} on {device}")
        limits.consume(*own)
        return [own]
    ip = current_request_info().ip
    counted = [
        ("sign-in-account", f"{email} from {ip}"),
        ("sign-in-address", ip or ""),
        ("sign-in-network", network_of(ip)),
    ]
    for name, key in counted:
        limits.consume(name, key)
    everywhere = ("sign-in-everywhere", f"{email} at all")
    try:
        limits.consume(*everywhere)
    except limits.LimitReachedError:
        # Guesses from everywhere lock the account, except for addresses its owner uses.
        if not _is_known_address(email, ip):
            raise
        return counted
    return [*counted, everywhere]


def _is_known_address(email: str, ip: str | None) -> bool:
    """Whether the account is signed in from there, by page or API."""
    people = User.objects.filter(email=email)
    known = (
        model.objects.filter(user__in=people, ip=ip) for model in (UserSession, RefreshSession)
    )
    return ip is not None and any(rows.exists() for rows in known)


def check_otp(*, user: User, code: str, purpose: str = "sign_in") -> bool:
    """Whether the code is valid now for one of the user's authenticators; five tries in 5 min."""
    authenticator = find_authenticator(user=user, code=code, purpose=purpose)
    if authenticator is not None:
        authenticator.record_usage()
    return authenticator is not None


def find_authenticator(*, user: User, code: str, purpose: str) -> Authenticator | None:
    """The authenticator (app or recovery codes) for which the code is valid and unused."""
    limits.consume("otp", str(user.pk))
    code = "".join(code.split())
    types = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]
    for authenticator in Authenticator.objects.filter(user=user, type__in=types):
        if authenticator.wrap().validate_code(code) and note_first_use(authenticator, code):
            limits.give_back("otp", str(user.pk))
            return authenticator
    trail.record(actor=None, action=f"users.{purpose}.failed", target=user, reason="otp")
    return None


def note_first_use(authenticator: Authenticator, code: str) -> bool:
    """Whether this is the code's first use; if so, remember it as used.

    allauth forgets a used code after one period, although neighboring codes stay valid longer.
    """
    if authenticator.type != Authenticator.Type.TOTP:
        return True  # Used recovery codes are tracked in the database.
    key = salted_hmac("users.otp", f"{authenticator.pk}:{code}").hexdigest()
    return cache.add(f"otp-used:{key}", 1, timeout=TOTP_MEMORY_SECONDS)


def record_passkey_refused(*, user: User | None, purpose: str) -> None:
    """Record a refused passkey. The event names nobody, because the claimed user is unverified."""
    trail.record(actor=None, action=f"users.{purpose}.failed", target=user, reason="passkey")


def prove_password(*, user: User, password: str, by: str, device: str | None = None) -> bool:
    """Step-up of a signed-in user by password. `by`: page or api."""
    known = check_password(email=user.email, password=password, device=device, purpose="step_up")
    if known is None or known.pk != user.pk:
        return False
    record_stepped_up(user=user, by=by, factor="password")
    return True


def prove_code(*, user: User, code: str, by: str) -> bool:
    """Step-up of a signed-in user by a two-factor code. `by`: page or api."""
    if not check_otp(user=user, code=code, purpose="step_up"):
        return False
    record_stepped_up(user=user, by=by, factor="code")
    return True


def record_stepped_up(*, user: User, by: str, factor: str) -> None:
    """Record that a signed-in user proved a factor again."""
    trail.record(actor=user, action="users.step_up.succeeded", target=user, by=by, factor=factor)


def needs_otp(user: User) -> bool:
    """Whether the user has two-factor authentication on."""
    return cast(bool, Authenticator.objects.filter(user=user).exists())


def _record_failure(email: str, action: str) -> None:
    user = User.objects.filter(email=email).first()
    trail.record(actor=None, action=action, target=user, email=masked_email(email))


def record_signed_in(*, user: User, by: str) -> None:
    """Record a sign-in by page or API."""
    trail.record(actor=user, action="users.sign_in.succeeded", target=user, by=by)


def record_signed_out(*, user: User, by: str) -> None:
    """Record a sign-out."""
    trail.record(actor=user, action="users.sign_out.done", target=user, by=by)


# --- API tokens -------------------------------------------------------------------------------


@db_transaction.atomic
def start_tokens(*, user: User, at: datetime, user_agent: str = "") -> Tokens:
    """Sign an API client in: create a new family with its first refresh token."""
    locked = lock_user(user.pk)
    User.objects.filter(pk=locked.pk).update(last_login=at)
    tokens = _next_tokens(locked, uuid.uuid4(), at, user_agent)
    record_signed_in(user=locked, by="api")
    return tokens


def rotate_tokens(*, refresh: str, started_at: datetime, user_agent: str = "") -> Tokens:
    """Exchange a refresh token for its successor; exactly one of several parallel requests gets it.

    A use within REUSE_GRACE of the first one raises TokenRaceError and ends nothing. A later one is
    reuse: it ends the family and notifies the owner. `started_at` is when the request began, before
    it waited for the user's row. Raises WrongTokenError for every other token without a successor.
    """
    hashed = _hash_of(refresh)
    seen = RefreshSession.objects.filter(token_hash=hashed).first()
    if seen is None:
        raise WrongTokenError
    with db_transaction.atomic():
        user = lock_user(seen.user_id)
        token = RefreshSession.objects.get(pk=seen.pk)
        if token.revoked_at is None and token.used_at is not None:
            if started_at - token.used_at <= REUSE_GRACE:
                raise TokenRaceError
            _tell_of_reuse(user, token, started_at)
            end_family(user=user, family=token.family, reason="reuse")
        elif token.revoked_at is None and token.expires_at > started_at and user.is_active:
            return _use(token, user, user_agent)
    raise WrongTokenError


def _tell_of_reuse(user: User, token: RefreshSession, at: datetime) -> None:
    notify(
        recipient=user,
        kind="token_reuse",
        target_key=f"family:{token.family}",
        channels=[Notification.Channel.EMAIL],
        subject="We signed out one of your apps",
        text=(
            f"We signed out {device_name(token.user_agent)} because its access key was used twice,"
            " so someone may have copied it. Sign in there again. If you don't recognize this"
            " app, change your password."
        ),
        link=reverse("users:security"),
        on=local_date(user.timezone, at),
        at=at,
        is_urgent=True,
    )


def _use(token: RefreshSession, user: User, user_agent: str) -> Tokens:
    unused = RefreshSession.objects.filter(pk=token.pk, used_at=None, revoked_at=None)
    if unused.update(used_at=timezone.now()) != 1:
        raise TokenRaceError
    tokens = _next_tokens(user, token.family, timezone.now(), user_agent)
    trail.record(actor=user, action="users.token.refreshed", target=user, family=token.family)
    return tokens


def _next_tokens(user: User, family: uuid.UUID, at: datetime, user_agent: str) -> Tokens:
    refresh = secrets.token_urlsafe(48)
    RefreshSession.objects.create(
        user=user,
        family=family,
        token_hash=_hash_of(refresh),
        expires_at=at + settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"],
        ip=current_request_info().ip,
        user_agent=user_agent[:200],
    )
    access = AccessToken.for_user(user)
    access["role"] = user.role
    access["version"] = user.session_version
    access["family"] = str(family)
    return Tokens(str(access), refresh)


def _hash_of(refresh: str) -> str:
    return hashlib.sha256(refresh.encode("utf-8", "replace")).hexdigest()


@db_transaction.atomic
def end_family(*, user: User, family: uuid.UUID, reason: str, actor: User | None = None) -> bool:
    """End one API client's tokens, including the access token; False if nothing was left to end."""
    lock_user(user.pk)
    live = RefreshSession.objects.filter(user=user, family=family, revoked_at=None)
    if not live.update(revoked_at=timezone.now()):
        return False
    trail.record(
        actor=actor, action="users.tokens.revoked", target=user, family=family, reason=reason
    )
    return True


def family_began_at(user: User, family: str) -> datetime | None:
    """When the client signed in."""
    rows = RefreshSession.objects.filter(user=user, family=family).order_by("id")
    return rows.values_list("created_at", flat=True).first()


def family_of(refresh: str) -> RefreshSession | None:
    """The stored half of a refresh token."""
    return (
        RefreshSession.objects.filter(token_hash=_hash_of(refresh)).select_related("user").first()
    )


# --- Ending sessions --------------------------------------------------------------------------


def end_everything(locked: User, *, kept_session: str = "") -> None:
    """End the locked user's browser sessions and tokens; the caller saves `session_version`.

    Update the kept session with `update_session_auth_hash`.
    """
    locked.session_version += 1
    live = RefreshSession.objects.filter(user=locked, revoked_at=None)
    live.update(revoked_at=timezone.now())
    others = UserSession.objects.filter(user=locked).exclude(session_key=kept_session)
    keys = list(others.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    others.delete()


@db_transaction.atomic
def sign_out_everywhere(*, actor: User | None, user: User) -> User:
    """End every browser session and every token of the user, at once."""
    locked = lock_user(user.pk)
    end_everything(locked)
    locked.save(update_fields=["session_version", "updated_at"])
    ended = cancel_email_change(locked)
    trail.record(actor=actor, action="users.sessions.ended", target=locked, **ended)
    return locked


@db_transaction.atomic
def end_session(*, actor: User, session: UserSession) -> None:
    """End one browser session."""
    Session.objects.filter(session_key=session.session_key).delete()
    UserSession.objects.filter(pk=session.pk).delete()
    trail.record(
        actor=actor,
        action="users.session.ended",
        owner_id=session.user_id,
        user_agent=session.user_agent,
    )


def live_sessions(user: User, at: datetime) -> list[UserSession]:
    """The user's browser sessions, newest first."""
    alive = Session.objects.filter(expire_date__gt=at).values("session_key")
    sessions = UserSession.objects.filter(user=user, session_key__in=alive)
    return list(sessions.order_by("-last_seen_at"))


def live_families(user: User, at: datetime) -> list[RefreshSession]:
    """The newest token of each of the user's families, newest first."""
    tokens = RefreshSession.objects.filter(user=user, used_at=None, revoked_at=None)
    return list(tokens.filter(expires_at__gt=at).order_by("-created_at"))


def purge_expired(*, at: datetime) -> int:
    """Delete tokens and sessions that can no longer be used.

    An active family keeps its first token, which records when the client signed in.
    """
    family = RefreshSession.objects.filter(family=OuterRef("family"))
    first = Subquery(family.order_by("id").values("pk")[:1])
    living = Exists(family.filter(expires_at__gte=at, revoked_at=None))
    old = RefreshSession.objects.filter(expires_at__lt=at).exclude(living, pk=first)
    removed, _ = old.delete()
    expired, _ = Session.objects.filter(expire_date__lt=at).delete()
    alive = Session.objects.values("session_key")
    orphans, _ = UserSession.objects.exclude(session_key__in=alive).delete()
    return cast(int, removed + expired + orphans)
