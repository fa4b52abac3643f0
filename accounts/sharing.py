"""Every change to account sharing, recorded in the audit trails of both people.

An invitation to an unregistered address is stored and looks like any other to its owner, so
inviting does not reveal who is a customer.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction as db_transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from accounts.models import Account, AccountShare
from accounts.services import lock_accounts
from users import limits
from users.audit import trail
from users.messages.account_mails import send_partner_invitation
from users.messages.confirmation_mail import unconfirmed_address
from users.messages.outbox import EMAIL, notify
from users.models import User
from users.policy import Ability, require
from users.timezones import local_date

Status = AccountShare.Status


def invite(
    *, actor: User, email: str, level: str, accounts: Iterable[Account], at: datetime
) -> list[AccountShare]:
    """Offer some of the actor's own accounts to the holder of this address. Raises ValidationError.

    The response does not depend on whether the address is registered. An unregistered recipient
    gets an email that invites them to sign up.
    """
    require(actor, Ability.CHANGE_OWN_DATA)
    email, accounts = email.strip().lower(), list(accounts)
    if email == actor.email:
        raise ValidationError({"email": "Enter someone else's email."})
    if not accounts:
        raise ValidationError({"accounts": "Choose at least one account."})
    with db_transaction.atomic():
        member = _whose(email)
        shares = _offer(actor, accounts, level, email, member)
        if member is not None and any(share.status == Status.INVITED for share in shares):
            _tell(member, actor, at)
        elif member is None:
            _invite_to_sign_up(email, actor)
        for share in shares:
            _record(actor, "invited", share, account=share.account_id, email=email, level=level)
    return shares


def _whose(email: str) -> User | None:
    """The user registered with an address, unless they have not confirmed it yet.

    Anyone can sign up with another person's address and would otherwise see their invitations.
    """
    unproven = EmailAddress.objects.filter(user=OuterRef("pk"), email=email, verified=False)
    return User.objects.filter(~Exists(unproven), email=email, is_active=True).first()


def has_unconfirmed_address(user: User) -> bool:
    """Whether invitations wait until the user confirms their sign-in address."""
    return unconfirmed_address(user) is not None


@db_transaction.atomic
def share_account(*, actor: User, account: Account, member: User, level: str) -> AccountShare:
    """Offer one account to a known user, without sending an email.

    Asking again changes the level, and re-invites a person who declined or was revoked.
    """
    [share] = _offer(actor, [account], level, member.email, member)
    _record(actor, "invited", share, account=account.pk, email=member.email, level=level)
    return share


@db_transaction.atomic
def accept_share(*, actor: User, share: AccountShare) -> AccountShare:
    """Accept an invitation made to the actor. They can see the account from then on."""
    locked = _locked(share)
    _require_invited(actor, locked)
    if locked.status == Status.ACCEPTED:
        return locked
    if locked.status != Status.INVITED:
        raise ValidationError("This invitation is no longer valid.")
    # They were invited at another of their addresses before; this share replaces the older one.
    _known_beside(locked, actor).delete()
    locked.member, locked.status = actor, Status.ACCEPTED
    locked.full_clean()
    locked.save(update_fields=["member", "status", "updated_at"])
    _record(actor, "accepted", locked, level=locked.level)
    return locked


@db_transaction.atomic
def end_share(*, actor: User, share: AccountShare) -> AccountShare:
    """End a share: the owner revokes it, or the member declines or leaves. Immediate and
    repeatable.
    """
    locked = _locked(share)
    if actor.pk == locked.user_id:
        require(actor, Ability.CHANGE_OWN_DATA)
        word, status = "revoked", Status.REVOKED
    else:
        _require_invited(actor, locked)
        is_new = locked.status == Status.INVITED
        word, status = ("declined", Status.DECLINED) if is_new else ("left", Status.REVOKED)
    if locked.status == Status.REVOKED or (word != "revoked" and not locked.is_open):
        return locked
    before, locked.status = locked.status, status
    if locked.member_id is None and word == "declined":
        locked.member = None if _known_beside(locked, actor).exists() else actor
    locked.save(update_fields=["member", "status", "updated_at"])
    _record(actor, word, locked, status=[before, status])
    return locked


@db_transaction.atomic
def change_level(*, actor: User, share: AccountShare, level: str) -> AccountShare:
    """Change a member's level to viewer or analyst. Takes effect with the next request."""
    require(actor, Ability.CHANGE_OWN_DATA)
    locked = _locked(share)
    if locked.user_id != actor.pk:
        raise PermissionDenied("Only the account's owner can change how it's shared.")
    _require_level(level)
    if not locked.is_open:
        raise ValidationError("This account is no longer shared.")
    before = locked.level
    if before != level:
        locked.level = level
        locked.save(update_fields=["level", "updated_at"])
        _record(actor, "level_changed", locked, level=[before, level])
    return locked


def _offer(
    owner: User, accounts: list[Account], level: str, email: str, member: User | None
) -> list[AccountShare]:
    """Save the invitations. People who can already see an account keep it at the new level."""
    _require_level(level)
    if any(account.user_id != owner.pk for account in accounts):
        raise ValidationError({"account": "You can only share your own accounts."})
    locked = lock_accounts(account.pk for account in accounts)
    to_address = Q(member=None, invited_email=email)
    asked = to_address if member is None else to_address | Q(member=member)
    found = AccountShare.objects.select_for_update(of=("self",)).filter(asked, account__in=locked)
    # If there are two, keep the one that already has a member.
    by_member = sorted(found.order_by("pk"), key=lambda share: share.member_id or 0)
    known = {share.account_id: share for share in by_member}
    return [
        _offer_one(known.get(pk) or AccountShare(user=owner, account=account), level, email, member)
        for pk, account in locked.items()
    ]


def _offer_one(share: AccountShare, level: str, email: str, member: User | None) -> AccountShare:
    if share.status != Status.ACCEPTED:
        share.status = Status.INVITED
    share.level, share.invited_email = level, email
    share.member = member or share.member
    share.full_clean()
    share.save()
    return share


def _tell(member: User, owner: User, at: datetime) -> None:
    """Send one email a day per owner, without naming an account."""
    notify(
        recipient=member,
        kind="share_invited",
        target_key=f"owner:{owner.pk}",
        channels=[EMAIL],
        subject=f"{owner.get_full_name()} wants to share accounts with you",
        text=(
            f"{owner.get_full_name()} invited you to view some of their accounts. Nothing "
            "is shared until you accept. If you don't know this person, decline."
        ),
        link=reverse("accounts:share_list"),
        on=local_date(member.timezone, at),
        at=at,
    )


def _invite_to_sign_up(email: str, owner: User) -> None:
    """Email an address that has no login or is unconfirmed; limited to a few a day.

    Deactivated users get no email. Invitations beyond the limit are stored without an email,
    and nobody is notified.
    """
    if User.objects.filter(email=email, is_active=False).exists():
        return
    try:
        limits.consume("invitation-recipient", email)
    except limits.LimitReachedError:
        return
    db_transaction.on_commit(partial(send_partner_invitation, email=email, inviter=owner))


def _known_beside(share: AccountShare, member: User) -> QuerySet[AccountShare]:
    """The other share of the same account with the same person."""
    return AccountShare.objects.filter(account=share.account_id, member=member).exclude(pk=share.pk)


def _locked(share: AccountShare) -> AccountShare:
    """The current row, locked together with the account's other shares in key order."""
    rows = AccountShare.objects.select_for_update().filter(account=share.account_id)
    found = {row.pk: row for row in rows.order_by("pk")}
    if share.pk not in found:
        # One of the two people was erased at the same moment.
        raise ValidationError("This invitation is no longer valid.")
    return found[share.pk]


def _require_level(level: str) -> None:
    if level not in AccountShare.Level.values:
        raise ValidationError({"level": "Choose viewer or analyst."})


def _require_invited(actor: User, share: AccountShare) -> None:
    if share.member_id == actor.pk:
        return
    is_theirs = (
        share.member_id is None
        and share.user_id != actor.pk
        and EmailAddress.objects.filter(
            user=actor, verified=True, email=share.invited_email
        ).exists()
    )
    if not is_theirs:
        raise PermissionDenied("This invitation is for someone else.")


def _record(actor: User, word: str, share: AccountShare, **changes: Any) -> None:
    """Record the event in the trails of owner and member, locking both in one fixed order."""
    concerned = sorted({share.user_id, share.member_id or share.user_id})
    trail.lock_chains(concerned)
    for owner_id in concerned:
        trail.record(
            actor=actor,
            action=f"accounts.share.{word}",
            target=share,
            owner_id=owner_id,
            **changes,
        )
