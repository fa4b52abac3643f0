"""A user's activity list: what happened to them and what they did, from the audit trail."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from banking.kernel.formats import date_format, number
from banking.kernel.region import region_tag
from users.audit.activity_words import KIND_OF, WORDS, words_for
from users.audit.trail import chain_name
from users.models import AuditChain, AuditEvent, User
from users.policy import is_staff_role

# Tokens renew automatically every half hour; that is not user activity.
LEFT_OUT = ("users.token.refreshed",)
MOST_DETAILS = 6
# Row ids and digests: correct, but of no use to a person.
_TECHNICAL = {"sha256", "attachment", "family", "account", "member", "category", "transaction",
              "transactions", "batch", "rule", "payment", "mapping", "event_count"}  # fmt: skip
# Their values are our codes, not text a person entered.
_CODES = {"type", "kind", "level", "status", "recurrence", "txn_type", "role", "kyc_status"}

# Values that need no name before them.
_PLAIN = {"type", "kind", "level", "status", "role", "email"}

# What our names for details sound like to people, where they need other words.
_NAMES = {"kyc_status": gettext_lazy("identity check"), "act": gettext_lazy("request")}

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_AMOUNT = re.compile(r"-?\d{1,15}\.(\d{1,4})", re.ASCII)

_THROUGH = {("by", "page"): gettext_lazy("Website"), ("by", "api"): gettext_lazy("App")}


def activity_of(user: User, kind: str = "") -> QuerySet[AuditEvent]:
    """All events in the user's own chain, by anyone, and the user's actions on other people's
    things.

    So a member's actions on a shared account are listed for its owner and for the member.
    """
    own = AuditChain.objects.filter(name=chain_name(user.pk)).values_list("pk", flat=True).first()
    # Sharing is recorded in both people's chains already.
    abroad = Q(actor=user) & ~Q(action__startswith="accounts.share.")
    events = AuditEvent.objects.filter(Q(chain=own) | abroad).exclude(action__in=LEFT_OUT)
    if kind:
        events = events.filter(action__in=list(WORDS[kind]))
    return events.select_related("actor", "chain").order_by("-id")


def describe(event: AuditEvent, reader: User) -> dict[str, Any]:
    """One event in words for its reader: `details` name each value, `said` is what a page shows."""
    details = list(_details(event.changes))[:MOST_DETAILS]
    return {
        "event": event,
        "what": words_for(event.action),
        "kind": KIND_OF.get(event.action, ""),
        "by": who_did(event, reader),
        "is_own": event.actor_id == reader.pk,
        # Details about other members of an account are only for its owner.
        "ip": event.ip or "" if _may_see_place(event, reader) else "",
        "device": event.device if _may_see_place(event, reader) else "",
        "details": details,
        # A count of nothing is not worth a reader's time.
        "said": [_said(name, text) for name, text in details if text != "0"],
    }


def who_did(event: AuditEvent, reader: User) -> str:
    """ "You", the name of someone they share with, staff without a name, or nobody."""
    actor = event.actor
    if actor is None:
        return ""
    if actor.pk == reader.pk:
        return _("You")
    if is_staff_role(actor.role):
        return _("Staff")
    return actor.name or _("Someone") if actor.is_active else _("Deleted user")


def _may_see_place(event: AuditEvent, reader: User) -> bool:
    """A reader sees their own IP addresses, and those of failed sign-ins to their account."""
    return event.actor_id in (None, reader.pk)


def _details(changes: Any) -> Iterable[tuple[str, str]]:
    """("name", "Old → New") pairs, for every format that services use."""
    if not isinstance(changes, Mapping):
        return
    before, after = changes.get("before"), changes.get("after")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        changes = {key: [before[key], after.get(key)] for key in before} | {
            key: value for key, value in changes.items() if key not in ("before", "after")
        }
    for key, value in changes.items():
        if key in _TECHNICAL or isinstance(value, Mapping):
            continue
        if isinstance(value, str) and (key, value) in _THROUGH:
            yield _("through"), str(_THROUGH[key, value])
            continue
        text = _as_change(value) if isinstance(value, list) else _as_text(value)
        if text:
            yield (
                str(_NAMES.get(key) or key.replace("_", " ")),
                text.replace("_", " ") if key in _CODES else text,
            )


def _said(name: str, text: str) -> str:
    """ "analyst", "Website", but "name: Old → New"."""
    return text if name in {*_PLAIN, _("through")} else f"{name}: {text}"


def before_and_after(changes: Any) -> list[tuple[str, str, str]]:
    """(name, before, after) of every detail of an event, for staff: nothing is left out."""
    if not isinstance(changes, Mapping):
        return []
    before, after = changes.get("before"), changes.get("after")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        pairs = {key: [before.get(key), after.get(key)] for key in {**before, **after}}
        changes = pairs | {k: v for k, v in changes.items() if k not in ("before", "after")}
    return [
        (_named(key, value), _in_words(key, value[0] or None), _in_words(key, value[1]))
        if isinstance(value, list) and len(value) == 2
        else (_named(key, value), "", _in_words(key, value))
        for key, value in changes.items()
    ]


def _named(key: str, value: Any) -> str:
    is_way = isinstance(value, str) and (key, value) in _THROUGH
    return _("through") if is_way else str(_NAMES.get(key) or key.replace("_", " "))


def _in_words(key: str, value: Any) -> str:
    """The whole value; our codes and yes and no in words."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = str(value)
    if (key, text) in _THROUGH:
        return str(_THROUGH[key, text])
    return text.replace("_", " ") if key in _CODES else text


def _as_change(values: list) -> str:
    texts = [_as_text(value) or "–" for value in values if not isinstance(value, list | Mapping)]
    return " → ".join(texts) if len(values) == 2 else ", ".join(texts)


def _as_text(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = str(value)[:120]
    return _as_reader_writes(text) if region_tag() else text


def _as_reader_writes(text: str) -> str:
    """Format a date or amount for the page's reader; the API shows it plain."""
    if _DAY.fullmatch(text):
        with suppress(ValueError):
            return date_format(date.fromisoformat(text))
    if amount := _AMOUNT.fullmatch(text):
        return number(Decimal(text), len(amount[1]), is_fixed=True)
    return text
