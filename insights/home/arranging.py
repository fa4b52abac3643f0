"""Arrange the cards of the home page, and note visits to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.utils.translation import gettext as _

from insights.home.cards import ACTS, BY_NAME, PLACES, Layout, layout_from, layout_of
from insights.models import HomeState
from users.audit import trail
from users.models import User
from users.policy import Ability, require
from users.timezones import local_date


def arrange_cards(
    *, actor: User, narrow: Sequence[str], wide: Sequence[str], hidden: Sequence[str]
) -> Layout:
    """Save these lists of cards. Raises ValidationError if a card is unknown or listed twice."""
    names = [*narrow, *wide, *hidden]
    if len(names) != len(set(names)) or not set(names) <= BY_NAME.keys():
        raise ValidationError(_("Choose each card once."))
    return _store(actor, layout_of(narrow, wide, hidden))


@db_transaction.atomic
def move_card(*, actor: User, card: str, act: str) -> Layout:
    """Move one card up, down or across, or hide or show it. Raises ValidationError."""
    if card not in BY_NAME or act not in ACTS:
        raise ValidationError(_("Choose one of the cards."))
    return _store(actor, layout_from(_locked(actor)).moved(card, act))


def reset_cards(*, actor: User) -> Layout:
    """Restore the default layout."""
    return _store(actor, layout_of())


@db_transaction.atomic
def _store(actor: User, layout: Layout) -> Layout:
    """Save the layout of the user's own home page. Every role may, as with the theme."""
    require(actor, Ability.ACT)
    state = _locked(actor)
    before = {place: getattr(state, place) for place in PLACES}
    after = {place: layout.names(place) for place in PLACES}
    if before == after:
        return layout
    for place in PLACES:
        setattr(state, place, after[place])
    state.save(update_fields=[*PLACES, "updated_at"])
    places: dict[str, Any] = {place: after[place] for place in PLACES}
    trail.record(actor=actor, action="insights.home.arranged", target=state, **places)
    return layout


def _locked(user: User) -> HomeState:
    """The person's row, created if needed, locked."""
    HomeState.objects.get_or_create(user=user)
    return HomeState.objects.select_for_update().get(user=user)


def note_visit(*, user: User, state: HomeState | None, at: datetime, is_set_up: bool) -> None:
    """Record the first visit of a day, and once that setup is complete. Records no audit event.

    Later visits write nothing, so opening the page usually causes no write.
    """
    if user.is_stand_in:
        return
    is_first_today = (
        state is None or state.visited_at is None or _day(user, at) > _day(user, state.visited_at)
    )
    was_set_up = state is not None and state.set_up_at is not None
    if is_first_today or (is_set_up and not was_set_up):
        _write_visit(user, at, is_first_today=is_first_today, is_set_up=is_set_up)


@db_transaction.atomic
def _write_visit(user: User, at: datetime, *, is_first_today: bool, is_set_up: bool) -> None:
    state = _locked(user)
    if is_first_today and (
        state.visited_at is None or _day(user, at) > _day(user, state.visited_at)
    ):
        state.visited_before_at, state.visited_at = state.visited_at, at
    if is_set_up and state.set_up_at is None:
        state.set_up_at = at
    state.save(update_fields=["visited_at", "visited_before_at", "set_up_at", "updated_at"])


def _day(user: User, at: datetime) -> Any:
    return local_date(user.timezone, at)
