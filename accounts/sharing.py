"""Every change of who sees whose account, told in the trails of both.

An invitation to an address nobody is registered with is kept and looks like any other to its
owner, so that inviting tells nobody who is a customer here.
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
    """Offer some of the actor's own accounts to whoever has this address. Raises ValidationError.

    The answer is the same whether or not somebody is registered with it; who is not gets a mail
    that invites them to sign up.
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
    """Who is registered with an address, unless they have not yet proven that it is theirs.

    Anybody can sign up with somebody else's address, and would be shown what is meant for them.
    """
    unproven = EmailAddress.objects.filter(user=OuterRef("pk"), email=email, verified=False)
    return User.objects.filter(~Exists(unproven), email=email, is_active=True).first()


def has_unconfirmed_address(user: User) -> bool:
    """Whether invitations to the address they sign in with have to wait."""
    return unconfirmed_address(user) is not None


@db_transaction.atomic
def share_account(*, actor: User, account: Account, member: User, level: str) -> AccountShare:
    """Offer one account to somebody known, without a mail.

    Asking again changes the level, and invites anew who declined or was revoked.
    """
    [share] = _offer(actor, [account], level, member.email, member)
    _record(actor, "invited", share, account=account.pk, email=member.email, level=level)
    return share


@db_transaction.atomic
def accept_share(*, actor: User, share: AccountShare) -> AccountShare:
    """Take up an invitation made to the actor; the account is theirs to see from then on."""
    locked = _locked(share)
    _require_invited(actor, locked)
    if locked.status == Status.ACCEPTED:
        return locked
    if locked.status != Status.INVITED:
        raise ValidationError("This invitation is no longer valid.")
    # Invited by another of their addresses before: the newer one takes its place.
    _known_beside(locked, actor).delete()
    locked.member, locked.status = actor, Status.ACCEPTED
    locked.full_clean()
    locked.save(update_fields=["member", "status", "updated_at"])
    _record(actor, "accepted", locked, level=locked.level)
    return locked


@db_transaction.atomic
def end_share(*, actor: User, share: AccountShare) -> AccountShare:
    """The owner takes it back, or whom it is for declines or leaves. At once, and repeatable."""
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
    """Its owner makes a viewer an analyst, or the other way round, from the next request on."""
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
    """The invitations, saved; who sees an account already keeps it at the new level."""
    _require_level(level)
    if any(account.user_id != owner.pk for account in accounts):
        raise ValidationError({"account": "You can only share your own accounts."})
    locked = lock_accounts(account.pk for account in accounts)
    to_address = Q(member=None, invited_email=email)
    asked = to_address if member is None else to_address | Q(member=member)
    found = AccountShare.objects.select_for_update(of=("self",)).filter(asked, account__in=locked)
    # Where there are two, the one that has a member already is kept.
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
    """One mail a day from one owner, which names no account."""
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
    """A mail to an address without a login, or with one that is not confirmed; few a day.

    Nothing goes to somebody who was let out. What the limit holds back is told to nobody, and the
    invitation waits all the same.
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
    """The row as it is now, locked with the others of its account, in key order."""
    rows = AccountShare.objects.select_for_update().filter(account=share.account_id)
    found = {row.pk: row for row in rows.order_by("pk")}
    if share.pk not in found:
        # Whoever gave or got it was erased at the same moment.
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
    """In the trail of the owner and in that of the member, both locked in one order."""
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
