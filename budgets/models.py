"""Budgets: how much a person plans to spend in one category in one month."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import SHARED, Account, AccountShare, accepted_shares, shared_account_ids
from banking.kernel.fields import AmountField, CurrencyField
from banking.kernel.periods import Period, add_months
from banking.kernel.trash import Trashable
from banking.kernel.written_once import Asked, WrittenOnce
from transactions.models import Category
from users.models import User

EARLIEST_YEAR, LATEST_YEAR = 1950, 2100


def owners_shown_to(user: User) -> set[int]:
    """Other owners whose budgets this user may see: those who share all accounts as analyst.

    A budget covers all its owner's accounts, so keeping one account private keeps the budgets
    private too.
    """
    levels = shared_account_ids(user)
    as_analyst = {pk for pk, level in levels.items() if level == AccountShare.Level.ANALYST}
    if not as_analyst:
        return set()
    # A stand-in has no shares of its own, but was told which accounts it sees.
    live = _accounts_beside(as_analyst) if user.is_stand_in else _BESIDE_SHARED.rows(user.pk)
    kept_back: dict[int, bool] = {}
    for pk, owner_id in live:
        kept_back[owner_id] = kept_back.get(owner_id, False) or pk not in as_analyst
    return {owner_id for owner_id, keeps in kept_back.items() if not keeps}


def asking_owners(user: User) -> list[Asked]:
    """What `owners_shown_to` reads."""
    return [SHARED.asking(user.pk), _BESIDE_SHARED.asking(user.pk)]


def _accounts_beside(shared: Any) -> models.QuerySet[Account, tuple[int, int]]:
    """(account, owner) of all accounts outside the trash of those who own these."""
    owners = Account.objects.filter(pk__in=shared, deleted_at=None).values("user_id")
    live = Account.objects.filter(user_id__in=owners, deleted_at=None)
    return live.values_list("pk", "user_id")


_BESIDE_SHARED = WrittenOnce(
    lambda user_id: _accounts_beside(
        accepted_shares(user_id).filter(level=AccountShare.Level.ANALYST).values("account_id")
    )
)


def check_month(year: int, month: int) -> None:
    """Raise ValidationError unless it is a calendar month that a budget may have."""
    if not 1 <= month <= 12:
        raise ValidationError({"month": "Choose a month from 1 to 12."})
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise ValidationError({"year": f"Choose a year from {EARLIEST_YEAR} to {LATEST_YEAR}."})


class BudgetQuerySet(models.QuerySet["Budget"]):
    def visible_to(self, user: User) -> "BudgetQuerySet":
        """Own budgets and those of owners who share everything with the user, without the trash."""
        return self.in_reach_of(user).live()

    def in_reach_of(self, user: User) -> "BudgetQuerySet":
        """As `visible_to`, including the trash: for restoring."""
        reach = Q(user=user)
        if owners := owners_shown_to(user):
            reach |= Q(user_id__in=owners)
        return self.filter(reach)

    def owned_by(self, user: User) -> "BudgetQuerySet":
        """The user's own budgets, without the trash."""
        return self.filter(user=user).live()

    def in_trash_of(self, user: User) -> "BudgetQuerySet":
        """The user's own budgets in the trash, latest first."""
        return self.filter(user=user).exclude(deleted_at=None).order_by("-deleted_at")

    def of_owners(self, owner_ids: Iterable[int]) -> "BudgetQuerySet":
        """Budgets of these owners outside the trash; for background scans."""
        return self.filter(user_id__in=owner_ids).live()

    def live(self) -> "BudgetQuerySet":
        """Outside the trash."""
        return self.filter(deleted_at=None)

    def in_month(self, year: int, month: int) -> "BudgetQuerySet":
        return self.filter(year=year, month=month)

    def in_months(self, first: date, last: date) -> "BudgetQuerySet":
        """From `first`'s month to `last`'s, both inclusive."""
        return self.since(first.year, first.month).until(last.year, last.month)

    def since(self, year: int, month: int) -> "BudgetQuerySet":
        return self.filter(Q(year__gt=year) | Q(year=year, month__gte=month))

    def until(self, year: int, month: int) -> "BudgetQuerySet":
        """Of that month or an earlier one."""
        return self.filter(Q(year__lt=year) | Q(year=year, month__lte=month))

    def to_copy_into(self, user: User, year: int, month: int) -> "BudgetQuerySet":
        """The user's budgets of the previous month whose categories have none in this one."""
        before = add_months(date(year, month, 1), -1)
        return self.to_copy(user, before.year, before.month, year, month)

    def to_copy(
        self, user: User, from_year: int, from_month: int, year: int, month: int
    ) -> "BudgetQuerySet":
        """The user's budgets of one month whose categories have none in another."""
        own = self.owned_by(user)
        taken = own.in_month(year, month).values("category_id")
        return (
            own.in_month(from_year, from_month)
            .filter(category__deleted_at=None, category__kind=Category.Kind.EXPENSE)
            .exclude(category_id__in=taken)
        )

    def for_list(self) -> "BudgetQuerySet":
        """With the category and owner that each row shows."""
        return self.select_related("category__parent", "user")


class Budget(Trashable):
    """A limit for one category in one calendar month; at most one per person outside the trash.

    `rollover`: adds what was left of the previous month's budget, or subtracts what was overspent.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="budgets"
    )
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="budgets")
    month = models.PositiveSmallIntegerField(_("month"))
    year = models.PositiveSmallIntegerField(_("year"))
    limit_amount = AmountField(_("limit"))
    currency = CurrencyField(_("currency"))
    rollover = models.BooleanField(_("carry over"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BudgetQuerySet.as_manager()

    class Meta:
        ordering = ["-year", "-month", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "category", "year", "month"],
                condition=Q(deleted_at=None),
                name="budget_once_per_category_and_month",
                violation_error_message=_("You already have a budget for this category and month."),
            ),
            models.CheckConstraint(
                condition=Q(limit_amount__gte=0),
                name="budget_limit_not_negative",
                violation_error_message=_("Enter zero or more."),
            ),
            models.CheckConstraint(
                condition=Q(month__gte=1, month__lte=12),
                name="budget_month_of_the_calendar",
                violation_error_message=_("Choose a month from 1 to 12."),
            ),
            models.CheckConstraint(
                condition=Q(year__gte=EARLIEST_YEAR, year__lte=LATEST_YEAR),
                name="budget_year_in_range",
                violation_error_message=_("Choose a year from 1950 to 2100."),
            ),
        ]
        indexes = [
            models.Index(
                F("user"),
                F("year").desc(),
                F("month").desc(),
                condition=Q(deleted_at=None),
                name="budget_by_month",
            )
        ]

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02} {self.category_id}"

    @property
    def starts_on(self) -> date:
        """The first day of its month."""
        return date(self.year, self.month, 1)

    @property
    def period(self) -> Period:
        """Its calendar month."""
        return Period.month(self.year, self.month)
