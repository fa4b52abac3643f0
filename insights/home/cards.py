"""The cards of the home page, their default layout, and a user's own layout."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from insights.models import HomeState

NARROW, WIDE, HIDDEN = "narrow", "wide", "hidden"
PLACES = (NARROW, WIDE, HIDDEN)


@dataclass(frozen=True, slots=True)
class Card:
    """One card: its key and title, its icon and its default column.

    `needs_insights`: hidden from users without access to insights.
    """

    name: str
    title: str | Promise
    icon: str
    column: str
    needs_insights: bool = True


TREND = Card("trend", _("Last 12 months"), "chart-column", WIDE)
CARDS = (
    Card("accounts", _("Accounts"), "landmark", NARROW, needs_insights=False),
    Card("worth", _("Net worth"), "chart-line", NARROW),
    Card("upcoming", _("Upcoming"), "calendar-clock", NARROW, needs_insights=False),
    Card("changes", _("What changed"), "sparkles", NARROW),
    Card("rewards", _("Reward points"), "gift", NARROW, needs_insights=False),
    Card("budgets", _("Budgets"), "piggy-bank", WIDE),
    Card("spending", _("Spending by category"), "chart-pie", WIDE),
    Card("recent", _("Recent transactions"), "receipt-text", WIDE, needs_insights=False),
    TREND,
)
# The narrow column is short with fewer rows; then fewer transactions stand beside it.
ROWS_OF_A_LONG_COLUMN = 10
# Beside it, a viewer's transactions stand alone: fewer rows are long then.
ROWS_LONG_BESIDE_ONE_CARD = 5
RECENT_BESIDE_SHORT, RECENT_BESIDE_LONG = 6, 10
BY_NAME = {card.name: card for card in CARDS}


def recent_shown(rows_beside: int, *, is_alone: bool = False) -> int:
    """How many recent transactions are listed beside so many rows of the narrow column's cards, so
    that neither column ends far above the other.
    """
    long = ROWS_LONG_BESIDE_ONE_CARD if is_alone else ROWS_OF_A_LONG_COLUMN
    is_long = rows_beside >= long
    return RECENT_BESIDE_LONG if is_long else RECENT_BESIDE_SHORT


@dataclass(frozen=True, slots=True)
class Layout:
    """Every card in exactly one of three lists, each in order."""

    narrow: tuple[Card, ...]
    wide: tuple[Card, ...]
    hidden: tuple[Card, ...]

    def names(self, place: str) -> list[str]:
        return [card.name for card in getattr(self, place)]

    def place_of(self, name: str) -> str:
        return next(place for place in PLACES if name in self.names(place))

    def moved(self, name: str, act: str) -> "Layout":
        """The layout after one action on a card: up, down, across, hide or show.

        A card that is shown again or moved across goes to the end of its column.
        """
        lists = {place: self.names(place) for place in PLACES}
        place = self.place_of(name)
        at = lists[place].index(name)
        if act in ("up", "down"):
            other = at + (1 if act == "down" else -1)
            if 0 <= other < len(lists[place]):
                lists[place][at], lists[place][other] = lists[place][other], name
        elif to := _destination(BY_NAME[name], place, act):
            lists[place].remove(name)
            lists[to].append(name)
        return layout_of(**lists)


def _destination(card: Card, place: str, act: str) -> str:
    """The list an action moves the card to; "" if it stays."""
    if act == "hide" and place != HIDDEN:
        return HIDDEN
    if act == "show" and place == HIDDEN:
        return card.column
    if act == "across" and place != HIDDEN:
        return WIDE if place == NARROW else NARROW
    return ""


ACTS = ("up", "down", "across", "hide", "show")


def layout_of(
    narrow: Iterable[str] = (), wide: Iterable[str] = (), hidden: Iterable[str] = ()
) -> Layout:
    """The lists without unknown and repeated cards; missing cards go to their default place."""
    given = {NARROW: narrow, WIDE: wide, HIDDEN: hidden}
    lists: dict[str, list[Card]] = {place: [] for place in PLACES}
    taken: set[str] = set()
    for place, names in given.items():
        for name in names:
            if name in BY_NAME and name not in taken:
                lists[place].append(BY_NAME[name])
                taken.add(name)
    for card in CARDS:
        if card.name not in taken:
            lists[card.column].append(card)
    return Layout(*(tuple(lists[place]) for place in PLACES))


def layout_from(state: HomeState | None) -> Layout:
    """The user's layout, or the default one."""
    if state is None:
        return layout_of()
    return layout_of(state.narrow, state.wide, state.hidden)
