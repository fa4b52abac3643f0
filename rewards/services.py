"""All writes of programs and their points, under the program's lock."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db import transaction as db_transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.exchange import RateMissing, convert
from banking.kernel.commands import command
from banking.kernel.money import round_to_minor_unit
from banking.kernel.periods import add_months
from banking.limits import MOST_POINTS, POINTS_PER_UNIT
from rewards.models import PointsEntry, Reward
from rewards.points import expiring_by, points_for
from transactions.models import Transaction
from transactions.services.posting_checks import checked_date, typed_date
from users.audit import trail
from users.models import User
from users.timezones import today_in

HOUSE_PROGRAM = "House points"
EDITABLE = (
    "program_name",
    "point_value",
    "currency",
    "earn_rate",
    "early_bonus_percent",
    "expires_after_months",
    "earns_on_bills",
)


def lock_program(reward: Reward) -> Reward:
    """The program, locked until commit. Raises ValidationError if it is in the trash."""
    locked = Reward.objects.select_for_update().get(pk=reward.pk)
    if locked.deleted_at is not None:
        raise ValidationError("This program is in the trash. Restore it first.")
    return locked


@db_transaction.atomic
def create_program(
    *, actor: User, user: User, program_name: str, on: date, points_balance: int = 0, **fields: Any
) -> Reward:
    """Open a program; existing points are recorded as an `adjust` entry."""
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise TypeError(f"Unknown program field: {', '.join(sorted(unknown))}.")
    fields.setdefault("currency", user.base_currency)
    _lock_owner(user.pk)
    reward = Reward(user=user, program_name=program_name.strip(), **fields)
    if reward.earns_on_bills:
        _stop_earning_elsewhere(user, None)
    _check_terms(reward)
    reward.save()
    if points_balance:
        _append(reward, PointsEntry.Kind.ADJUST, points_balance, on, note="Opening balance")
    trail.record(
        actor=actor,
        action="rewards.program.created",
        target=reward,
        program_name=reward.program_name,
        points=points_balance,
    )
    return reward


@db_transaction.atomic
def edit_program(*, actor: User, reward: Reward, on: date, **changes: Any) -> Reward:
    """Change a program's terms; a new `points_balance` becomes an `adjust` entry."""
    _lock_owner(reward.user_id)
    locked = lock_program(reward)
    before = {
        name: getattr(locked, name)
        for name in EDITABLE
        if name in changes and changes[name] != getattr(locked, name)
    }
    for name in before:
        setattr(locked, name, changes[name])
    if before.get("earns_on_bills") is False:
        _stop_earning_elsewhere(locked.user, locked.pk)
    _check_terms(locked)
    locked.save(update_fields=[*before, "updated_at"])
    difference = changes.get("points_balance", locked.points_balance) - locked.points_balance
    if difference:
        _append(locked, PointsEntry.Kind.ADJUST, difference, on, note="Balance set manually")
    if before or difference:
        trail.record(
            actor=actor,
            action="rewards.program.edited",
            target=locked,
            before=before,
            after={name: getattr(locked, name) for name in before},
            points=difference,
        )
    return locked


@db_transaction.atomic
def delete_program(*, actor: User, reward: Reward) -> None:
    """Move a program to the trash; its points no longer count."""
    locked = Reward.objects.select_for_update().get(pk=reward.pk)
    if locked.deleted_at is None:
        locked.throw_away(timezone.now())
        trail.record(actor=actor, action="rewards.program.deleted", target=locked)


@db_transaction.atomic
def restore_program(*, actor: User, reward: Reward) -> Reward:
    """Take a program out of the trash. It earns on bills only if no other program does now."""
    _lock_owner(reward.user_id)
    locked = Reward.objects.select_for_update().get(pk=reward.pk)
    if locked.deleted_at is not None:
        others = Reward.objects.filter(user=locked.user, earns_on_bills=True, deleted_at=None)
        locked.earns_on_bills = locked.earns_on_bills and not others.exists()
        locked.take_back("earns_on_bills")
        trail.record(actor=actor, action="rewards.program.restored", target=locked)
    return locked


@command
def add_entry(
    *, actor: User, reward: Reward, kind: str, points: int, on: date, note: str = ""
) -> PointsEntry:
    """Earn, redeem or adjust by hand. `points` is positive for earn and redeem, signed for adjust.

    Points count at once, so they have no later date than today. Raises ValidationError, also if
    there are not enough points.
    """
    if kind not in (PointsEntry.Kind.EARN, PointsEntry.Kind.REDEEM, PointsEntry.Kind.ADJUST):
        raise ValidationError({"kind": "Choose earn, redeem or adjust."})
    if points == 0 or (points < 0 and kind != PointsEntry.Kind.ADJUST):
        raise ValidationError({"points": "Enter points above zero."})
    entry_date(on, today=today_in(reward.user.timezone), name="on")
    locked = lock_program(reward)
    signed = -points if kind == PointsEntry.Kind.REDEEM else points
    entry = _append(locked, kind, signed, on, note=note)
    trail.record(
        actor=actor,
        action=f"rewards.points.{kind}",
        target=locked,
        points=signed,
        balance=locked.points_balance,
    )
    return entry


def entry_date(on: date, *, today: date, name: str) -> date:
    """The date of an entry by hand. Raises ValidationError at `name` if points can't have it."""
    typed_date(on, today=today, name=name)
    if on > today:
        sentence = "Points count immediately. Choose today or an earlier day."
        raise ValidationError({name: ValidationError(sentence, code="date_out_of_range")})
    return on


def lock_bill_program(user: User) -> Reward:
    """The program in which the user's bill payments earn, locked; the bank's own program by
    default.

    Call it before posting the payment: the audit chain is always locked last.
    """
    locked = Reward.objects.select_for_update().filter(
        user=user, earns_on_bills=True, deleted_at=None
    )
    reward = locked.first()
    if reward is None:
        try:
            with db_transaction.atomic():
                _open_house_program(user)
        except IntegrityError:
            pass  # Another payment created it first; lock that row.
        reward = locked.get()
    return reward


def _open_house_program(user: User) -> None:
    """Let the bank's own program earn: the existing one, or a new one."""
    houses = Reward.objects.select_for_update().order_by("pk")
    house = houses.filter(user=user, program_name=HOUSE_PROGRAM, deleted_at=None).first()
    if house is None:
        Reward.objects.create(
            user=user,
            program_name=HOUSE_PROGRAM,
            currency=user.base_currency,
            point_value=Decimal("0.0100"),
            earns_on_bills=True,
        )
        return
    house.earns_on_bills = True
    house.save(update_fields=["earns_on_bills", "updated_at"])


def lock_programs_of(payment: Transaction) -> dict[int, Reward]:
    """The programs whose points a payment has changed, locked in order."""
    moved = PointsEntry.objects.filter(payment=payment).values("reward")
    locked = Reward.objects.select_for_update().filter(pk__in=moved).order_by("pk")
    return {reward.pk: reward for reward in locked}


def earn_for_payment(
    *,
    actor: User | None,
    reward: Reward,
    payment: Transaction,
    on: date,
    is_early: bool,
    base_amount: Decimal | None = None,
) -> PointsEntry | None:
    """Award points for a bill's payment in the payment's own transaction, once per payment.

    Points are based on `base_amount` if given (the bill is in the owner's base currency), otherwise
    on the payment at the day's rate. Without a rate nothing is earned; it is never assumed to be
    1:1. The caller holds the lock of `reward`.
    """
    base = reward.user.base_currency
    if base_amount is None:
        try:
            converted = convert(payment.amount, payment.currency, base, on)
        except RateMissing:
            return None
        base_amount = round_to_minor_unit(converted.amount, base)
    # A program at its maximum earns nothing more, but does not block the payment.
    room = MOST_POINTS - reward.points_balance
    points = min(points_for(reward, base_amount, is_early=is_early), room)
    if points <= 0:
        return None
    note = f"{payment.merchant or payment.description}{', paid early' if is_early else ''}"
    # A payment that was undone and repeated earns only once: its points are restored.
    has_earned = PointsEntry.objects.filter(payment=payment, kind=PointsEntry.Kind.EARN).exists()
    kind = PointsEntry.Kind.ADJUST if has_earned else PointsEntry.Kind.EARN
    facts = {"payment": payment, "is_early": is_early, "base_amount": base_amount}
    entry = _append(reward, kind, points, on, note=note[:200], **facts)
    trail.record(
        actor=actor,
        action="rewards.points.earn",
        target=reward,
        points=points,
        balance=reward.points_balance,
        payment=payment.pk,
    )
    return entry


def take_back_points(
    *, actor: User | None, programs: dict[int, Reward], payment: Transaction
) -> int:
    """Remove the points a payment earned, as far as they are left; returns how many.

    `programs` are those of `lock_programs_of`, locked by the caller.
    """
    sums = (
        PointsEntry.objects.filter(payment=payment)
        .order_by()
        .values("reward")
        .annotate(points=Sum("points"))
        .order_by("reward")
        .values_list("reward", "points")
    )
    taken = 0
    for reward_id, earned in list(sums):
        reward = programs[reward_id]
        points = min(earned, reward.points_balance)
        if points <= 0:
            continue
        taken += points
        note = "Payment undone"
        kind, on = PointsEntry.Kind.ADJUST, payment.txn_date
        _append(reward, kind, -points, on, note=note, payment=payment)
        trail.record(
            actor=actor,
            action="rewards.points.taken_back",
            target=reward,
            points=-points,
            balance=reward.points_balance,
            payment=payment.pk,
        )
    return taken


@command
def expire_points(*, reward: Reward, on: date) -> int:
    """Remove points that expired before `on`; returns how many. Safe to repeat."""
    locked = Reward.objects.select_for_update().get(pk=reward.pk)
    if locked.deleted_at is not None:
        return 0
    lots = [
        lot
        for lot in expiring_by(locked.entries.order_by("id"), on)
        if lot.expires_on and lot.expires_on < on
    ]
    gone = sum(lot.points for lot in lots)
    if gone:
        _append(locked, PointsEntry.Kind.EXPIRE, -gone, on, note="Expired")
        trail.record(
            actor=None,
            action="rewards.points.expire",
            target=locked,
            points=-gone,
            balance=locked.points_balance,
        )
    return gone


def _append(
    reward: Reward,
    kind: str,
    points: int,
    on: date,
    *,
    note: str = "",
    **facts: Any,
) -> PointsEntry:
    """Write an entry and update the locked program's balance: both sides of the invariant."""
    balance = reward.points_balance + points
    if balance < 0:
        sentence = f"{reward.program_name} has {reward.points_balance} points."
        raise ValidationError({"points": ValidationError(sentence, code="not_enough_points")})
    checked_date(on, "on")
    if balance > MOST_POINTS:
        raise ValidationError({"points": "This number is too large."})
    expires_on = None
    if points > 0 and reward.expires_after_months:
        expires_on = add_months(on, reward.expires_after_months)
    entry = PointsEntry.objects.create(
        reward=reward,
        kind=kind,
        points=points,
        occurred_on=on,
        expires_on=expires_on,
        note=note.strip(),
        **facts,
    )
    reward.points_balance = balance
    reward.last_updated = timezone.now()
    reward.save(update_fields=["points_balance", "last_updated", "updated_at"])
    return entry


def _check_terms(reward: Reward) -> None:
    reward.full_clean()
    for name in ("point_value", "earn_rate"):
        if getattr(reward, name) > POINTS_PER_UNIT:
            raise ValidationError({name: f"Enter at most {POINTS_PER_UNIT:,}."})


def _lock_owner(owner_id: int) -> None:
    """Lock the owner's row so that only one of their programs earns on bills."""
    User.objects.select_for_update(no_key=True).get(pk=owner_id)


def _stop_earning_elsewhere(user: User, but_id: int | None) -> None:
    others = Reward.objects.filter(user=user, earns_on_bills=True)
    if but_id is not None:
        others = others.exclude(pk=but_id)
    others.update(earns_on_bills=False)
