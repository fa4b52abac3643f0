"""The rates between currencies, and where they came from."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from banking.kernel.fields import CurrencyField


class ExchangeRate(models.Model):
    """One `base` = `rate` `quote` on the date `rate_on`, from one source."""

    base = CurrencyField()
    quote = CurrencyField()
    # Stored as text: rates have more digits than money, and SQLite would store decimals as floats.
    rate = models.CharField(max_length=32)
    rate_on = models.DateField()
    source = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-rate_on", "base", "quote"]
        constraints = [
            models.UniqueConstraint(
                fields=["base", "quote", "rate_on"], name="exchange_rate_once_per_day"
            ),
        ]
        indexes = [models.Index(fields=["quote", "rate_on"], name="exchange_rate_by_quote")]

    def __str__(self) -> str:
        return f"{self.rate_on} 1 {self.base} = {self.rate} {self.quote}"


class RateMonth(models.Model):
    """How often the rates of a month's days have changed: what was converted before is out of date.

    A rate serves its own day and the seven after it, so it may change two months.
    """

    month = models.DateField(unique=True)
    version = models.IntegerField(default=0)

    class Meta:
        ordering = ["-month"]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}, version {self.version}"


class HeldRate(models.Model):
    """An implausible rate, too far from the last known one. Staff accept or refuse it.

    Until then it is not used; the last good rate stays valid for its seven days.
    """

    class Status(models.TextChoices):
        HELD = "held", _("Held")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")

    base = CurrencyField()
    quote = CurrencyField()
    rate = models.CharField(max_length=32)
    rate_on = models.DateField()
    source = models.CharField(max_length=40)
    known_rate = models.CharField(max_length=32)
    known_on = models.DateField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.HELD)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "rate waiting for review"
        verbose_name_plural = "rates waiting for review"
        ordering = ["-rate_on", "base", "quote"]
        constraints = [
            models.UniqueConstraint(
                fields=["base", "quote", "rate_on"], name="held_rate_once_per_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rate_on} 1 {self.base} = {self.rate} {self.quote}?"


class RateFetch(models.Model):
    """One request to a rate source and its outcome."""

    source = models.CharField(max_length=40)
    asked_at = models.DateTimeField(db_index=True)
    has_succeeded = models.BooleanField(_("succeeded"))
    message = models.CharField(max_length=200, blank=True)
    rate_on = models.DateField(_("rates of"), null=True)
    stored_count = models.PositiveIntegerField(_("stored"), default=0)
    held_count = models.PositiveIntegerField(_("held"), default=0)

    class Meta:
        verbose_name = "rate update"
        verbose_name_plural = "rate updates"
        ordering = ["-asked_at", "-id"]

    def __str__(self) -> str:
        return f"{self.source} at {self.asked_at:%Y-%m-%d %H:%M}"
