"""Reward programs and their points.

Invariant: `Reward.points_balance = Σ points` of its entries, at every commit, and never below zero.
Entries are appended and never changed; only `rewards.services` writes either.
"""

from typing import NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from banking.kernel.fields import AmountField, CurrencyField
from banking.kernel.trash import Trashable
from transactions.models import Transaction
from users.models import User


class RewardQuerySet(models.QuerySet["Reward"]):
    def visible_to(self, user: User) -> "RewardQuerySet":
        """The user's own programs outside the trash."""
        return self.filter(user=user, deleted_at=None)


class Reward(Trashable):
    """A program. `earn_rate` is points per whole unit of the base currency; a bill paid before its
    due date earns `early_bonus_percent` more. `point_value` is what one point is worth.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="rewards"
    )
    program_name = models.CharField(_("program"), max_length=120)
    points_balance = models.BigIntegerField(_("points"), default=0, editable=False)
    point_value = AmountField(_("value of one point"), default=0)
    currency = CurrencyField(_("currency of that value"))
    earn_rate = AmountField(_("points per unit spent"), default=1)
    early_bonus_percent = models.PositiveSmallIntegerField(_("bonus for paying early"), default=10)
    expires_after_months = models.PositiveSmallIntegerField(
        _("points expire after (months)"), null=True, blank=True
    )
    # Bill payments earn points in at most one program per owner.
    earns_on_bills = models.BooleanField(_("earns on bill payments"), default=False)
    last_updated = models.DateTimeField(_("last change of points"), null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RewardQuerySet.as_manager()

    class Meta:
        verbose_name = "rewards program"
        ordering = ["program_name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(points_balance__gte=0),
                name="reward_points_never_negative",
                violation_error_message=_("You don't have enough points."),
            ),
            models.CheckConstraint(
                condition=Q(earn_rate__gte=0) & Q(point_value__gte=0),
                name="reward_rates_not_negative",
                violation_error_message=_("Rates and values can't be negative."),
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(earns_on_bills=True, deleted_at=None),
                name="reward_one_earns_on_bills",
                violation_error_message=_("Another program already earns on bill payments."),
            ),
        ]
        indexes = [models.Index(fields=["user", "deleted_at"], name="reward_by_user")]

    def __str__(self) -> str:
        return self.program_name


class PointsEntry(models.Model):
    """One movement of points: positive in, negative out. Append-only."""

    class Kind(models.TextChoices):
        EARN = "earn", _("Earned")
        REDEEM = "redeem", _("Redeemed")
        EXPIRE = "expire", _("Expired")
        ADJUST = "adjust", _("Adjusted")

    reward = models.ForeignKey(Reward, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    points = models.BigIntegerField()
    occurred_on = models.DateField()
    expires_on = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    # The bonus for paying early; other programs would have given a different one.
    is_early = models.BooleanField(default=False)
    # The payment in the owner's base currency at the time it earned.
    base_amount = AmountField(null=True, blank=True)
    payment = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, null=True, blank=True, related_name="points_entries"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "points entries"
        ordering = ["-occurred_on", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(points=0), name="points_entry_not_zero"),
            models.CheckConstraint(
                condition=Q(kind="adjust")
                | Q(kind="earn", points__gt=0)
                | Q(kind__in=["redeem", "expire"], points__lt=0),
                name="points_entry_sign_fits_kind",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(kind="earn", payment__isnull=False),
                name="points_earned_once_per_payment",
            ),
        ]
        indexes = [
            models.Index(fields=["reward", "-occurred_on", "-id"], name="points_entry_by_day")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.points}"

    def save(self, *args: object, **kwargs: object) -> None:
        if self.pk is not None:
            raise TypeError("Points entries are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("Points entries are never deleted.")
