"""Forget a person's choices at one merchant, or count them again."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction

from transactions.models import ForgottenChoices
from transactions.rules.learning import Payee
from transactions.rules.suggestions import suggester_for
from users.audit import trail
from users.models import User


@db_transaction.atomic
def forget_choices(*, actor: User, payee: Payee, at: datetime) -> ForgottenChoices:
    """Forget the choices made at this merchant so far. Later choices count again.

    Learned categories stay. Raises ValidationError if nothing has been learned there.
    """
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    habit = suggester_for(actor.pk).habits.named(payee)
    if habit is None:
        raise ValidationError({"merchant": "You haven't set a category at this merchant."})
    forgotten, _ = ForgottenChoices.objects.update_or_create(
        user=actor,
        payee=payee.key,
        is_inflow=payee.is_inflow,
        defaults={"title": habit.title, "forgotten_at": at},
    )
    trail.record(
        actor=actor,
        action="transactions.choices.forgotten",
        target=forgotten,
        merchant=habit.title,
        is_inflow=payee.is_inflow,
    )
    return forgotten


@db_transaction.atomic
def remember_choices(*, actor: User, forgotten: ForgottenChoices) -> None:
    """Count all choices at this merchant again. Does nothing if they already count."""
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    found = ForgottenChoices.objects.filter(pk=forgotten.pk).first()
    if found is None:
        return
    trail.record(
        actor=actor,
        action="transactions.choices.remembered",
        target=found,
        merchant=found.title,
        is_inflow=found.is_inflow,
    )
    found.delete()
