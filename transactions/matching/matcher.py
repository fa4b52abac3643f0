"""The only matcher, for files, bank syncs and manual entries.

Certain evidence comes first: the bank's ID, then date, amount and text. The rest is paired by
amount within a few days. All lines with one amount are paired together, so that their order does
not affect the result. Uncertain pairs become questions. The cost grows linearly with the number of
lines.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from operator import attrgetter
from typing import Any

from banking.limits import (
    DISPLACED_WITHIN_DAYS,
    MATCH_WITHIN_DAYS,
    PENDING_DAYS_AFTER,
    PENDING_DAYS_BEFORE,
    SAME_BANK_ID_DAYS,
)
from transactions.matching.assignment import Cost, best_pairs, clusters, of_one_amount
from transactions.matching.judging import Evidence, Pair
from transactions.matching.lines import (
    BANK,
    NEW,
    PENDING,
    POSTED,
    REVIEW,
    SAME,
    Alias,
    Held,
    Incoming,
    Knowledge,
    Matching,
    Texts,
    Verdict,
)
from transactions.matching.words import NOT_AT_ALL, SURELY
from transactions.models.reasons import (
    CHANGED_PENDING,
    CHANGED_PLANNED,
    IS_ASKED,
    LIKE_ASKED,
    NOW_BOOKED,
    ODD_DATE,
    OTHER_AMOUNT,
    OTHER_DAY,
    OTHER_ID,
    SAME_ID,
    SAME_LINE,
    reason_on,
)


def match(
    incoming: Sequence[Incoming],
    held: Sequence[Held],
    *,
    aliases: Iterable[Alias] = (),
    texts_of_incoming: Texts,
    texts_of_held: Texts,
    knowledge: Knowledge | None = None,
) -> Matching:
    """Compare every incoming line with the account's held transactions and return the verdicts.

    The held transactions must extend DISPLACED_WITHIN_DAYS (PENDING_DAYS_AFTER for pending ones)
    beyond the incoming days, and include every one whose bank ID is among the incoming lines. Texts
    are loaded only for decisions that need them.
    """
    run = _Run(incoming, held, list(aliases), knowledge or Knowledge())
    run.by_id()
    run.by_fingerprint()
    run.read_texts(texts_of_incoming, texts_of_held)
    run.settle_ids()
    run.set_odd_dates_apart()
    run.by_amount(only_certain=True)
    run.by_amount(only_certain=False)
    run.by_late_announcement()
    run.by_changed_amount()
    run.by_displaced_entry()
    return run.result()


class _Run:
    """One matching run: the lines still unmatched on both sides, and the verdicts so far."""

    def __init__(
        self,
        incoming: Sequence[Incoming],
        held: Sequence[Held],
        aliases: list[Alias],
        knowledge: Knowledge,
    ) -> None:
        self.knowledge = knowledge
        self.aliases = aliases
        kin = {alias.pk for alias in aliases if alias.is_kin}
        self.held = {
            line.pk: line if line.is_kin or line.pk not in kin else line._replace(is_kin=True)
            for line in held
        }
        self.all = incoming
        self.open = {line.key: line for line in incoming}
        self.free = dict(self.held)
        self.withdrawn = self._withdrawn()
        self.verdicts: dict[int, Verdict] = {}
        self.doubtful_ids: list[tuple[Incoming, Held]] = []
        self.evidence = Evidence(knowledge, self.withdrawn)

    def take(self, line: Incoming, held: Held | None, kind: str, reason: str) -> None:
        if held is None or held.pk > 0:
            self.verdicts[line.key] = Verdict(kind, held.pk if held else None, reason)
        elif held.question is not None and not line.is_pending:
            self.verdicts[line.key] = held.question
        else:
            self.verdicts[line.key] = Verdict(kind, None, IS_ASKED if kind == SAME else LIKE_ASKED)
        self.open.pop(line.key, None)
        if held is not None:
            self.free.pop(held.pk, None)

    def _withdrawn(self) -> set[int]:
        """Pending lines that the bank has withdrawn: it says so, or a complete list omits them."""
        ids = {line.external_id for line in self.all} - {""}
        names: dict[int, set[str]] = defaultdict(set)
        for alias in self.aliases:
            names[alias.pk].add(alias.external_id)
        return {
            held.pk
            for held in self.held.values()
            if (held.status == PENDING or held.pk in self.knowledge.withdrawn)
            and self._is_withdrawn(held, ids, names)
        }

    def _is_withdrawn(self, held: Held, ids: set[str], names: Mapping[int, set[str]]) -> bool:
        """Whether the bank says so, or a complete list would contain this pending line, which has
        an ID, and has none of its IDs.
        """
        if held.pk in self.knowledge.withdrawn:
            return True
        covers = self.knowledge.covers
        if covers is None or not (held.is_kin and held.external_id):
            return False
        is_listed_day = covers[0] <= held.day <= covers[1]
        return is_listed_day and not ids & {held.external_id, *names[held.pk]}

    # -- certain matches -----------------------------------------------------------------------

    def by_id(self) -> None:
        """Match by the bank's ID, of the line itself or of the pending line it replaces."""
        pks = {line.external_id: line.pk for line in self.held.values() if line.external_id}
        for alias in self.aliases:
            if alias.external_id:
                pks.setdefault(alias.external_id, alias.pk)
        if not pks:
            return
        for line in sorted(self.open.values(), key=_by_content):
            for name in (line.external_id, line.replaces):
                held = self.free.get(pks[name]) if name in pks else None
                if held is None or self.knowledge.keeps_apart(line, held):
                    continue
                self._settle_by_id(line, held, is_replaced=name != line.external_id)
                break

    def _settle_by_id(self, line: Incoming, held: Held, *, is_replaced: bool) -> None:
        if is_replaced or held.status != POSTED:
            self.take(line, held, SAME, SAME_ID if line.is_pending else NOW_BOOKED)
        elif self.knowledge.ids_are_reliable and held.is_kin:
            # The bank corrects its own line.
            self.take(line, held, SAME, SAME_ID)
        elif line.units != held.units:
            self.take(line, held, REVIEW, OTHER_AMOUNT)
        elif abs(line.day - held.day) <= SAME_BANK_ID_DAYS:
            self.take(line, held, SAME, SAME_ID)
        else:
            self.doubtful_ids.append((line, held))

    def settle_ids(self) -> None:
        """If the dates are far apart, the same ID means the same line only with the same text."""
        for line, held in self.doubtful_ids:
            if line.key in self.open and held.pk in self.free:
                kind = SAME if self.evidence.agreement(line, held) else REVIEW
                self.take(line, held, kind, SAME_ID if kind == SAME else OTHER_DAY)

    def by_fingerprint(self) -> None:
        """The k-th line with a date, amount and text is the k-th held transaction with them."""
        lines_of: dict[int, list[Incoming]] = {}
        doubtful = {line.key for line, _ in self.doubtful_ids}
        for line in self.open.values():
            if line.key not in doubtful:
                lines_of.setdefault(line.fingerprint, []).append(line)
        announced = self._announced(lines_of)
        alike = self._held_by_fingerprint(lines_of)
        for fingerprint, held in self._without_rivals(alike).items():
            lines = lines_of[fingerprint]
            if len(lines) == len(held) == 1 and self._is_plain(lines[0], held[0]):
                self.verdicts[lines[0].key] = Verdict(SAME, held[0].pk, SAME_LINE)
                del self.open[lines[0].key], self.free[held[0].pk]
            else:
                self._pair_equals(lines, sorted(held, key=self._most_surely))
        for fingerprint, held in announced.items():
            waiting = [line for line in lines_of[fingerprint] if line.key not in self.verdicts]
            self._pair_equals([line for line in waiting if line.is_pending], held)
        # By content, so that the order of the file has no effect.
        self.open = {line.key: line for line in sorted(self.open.values(), key=_by_content)}

    def _announced(self, wanted: Mapping[int, list[Incoming]]) -> dict[int, list[Held]]:
        """The held transactions that a line with this fingerprint has announced. Only another
        announcement is the same: of booked lines, each must find its own.
        """
        found: dict[int, list[Held]] = {}
        for alias in self.aliases:
            if alias.is_pending and alias.fingerprint in wanted and alias.pk in self.free:
                found.setdefault(alias.fingerprint, []).append(self.free[alias.pk])
        return found

    def _is_plain(self, line: Incoming, held: Held) -> bool:
        """Whether nothing needs weighing, as for nearly all lines of a re-imported file. A
        transaction known in several wordings may be another line's already.
        """
        is_booked = held.status == POSTED and held.pk > 0
        return is_booked and not line.external_id and held.pk in self.free

    def _held_by_fingerprint(self, wanted: Mapping[int, list[Incoming]]) -> dict[int, list[Held]]:
        found: dict[int, list[Held]] = {}
        for held in self.free.values():
            if held.fingerprint in wanted:
                found.setdefault(held.fingerprint, []).append(held)
        for alias in self.aliases:
            held_line = self.free.get(alias.pk)
            if alias.is_pending or held_line is None:
                continue
            if alias.fingerprint in wanted:
                known = found.setdefault(alias.fingerprint, [])
                if held_line not in known:
                    known.append(held_line)
        return found

    def _without_rivals(self, alike: dict[int, list[Held]]) -> dict[int, list[Held]]:
        """Without entries by hand beside a line of the bank with their day and amount that has no
        equal in the file: the texts must tell which of the two it is.
        """
        if all(held.source == BANK for group in alike.values() for held in group):
            return alike
        listed: dict[tuple[int, int], set[int]] = {}
        for held in self.free.values():
            if held.source == BANK and held.status == POSTED and held.fingerprint not in alike:
                listed.setdefault((held.units, held.day), set()).add(held.fingerprint)
        return {
            fingerprint: [
                held
                for held in group
                if held.source == BANK
                or not listed.get((held.units, held.day), set()) - {fingerprint}
            ]
            for fingerprint, group in alike.items()
        }

    def _most_surely(self, held: Held) -> tuple:
        """The bank's own comes before an entry with its day and words, whose line may follow."""
        has_own_id = bool(held.external_id) and held.is_kin
        return (has_own_id, held.status != POSTED, held.source != BANK, held.pk > 0, held.pk)

    def _pair_equals(self, lines: list[Incoming], held: list[Held]) -> None:
        """Lines without an ID take transactions with an ID first, since those are the uncertain
        pairs.
        """
        if len(lines) > 1:
            lines.sort(key=lambda line: (line.external_id == "", line.is_pending, line.external_id))
        # Whether a line without an ID is booked already counts more than another line's ID.
        booked_first = sorted(held, key=lambda other: other.status != POSTED)
        for line in lines:
            for other in held if line.external_id else booked_first:
                if other.pk not in self.free:
                    continue
                if self.evidence.is_other(line, other):
                    continue
                has_other_id = bool(line.external_id and other.external_id and other.is_kin)
                if has_other_id and other.status == POSTED:
                    if self.knowledge.ids_are_reliable:
                        continue
                    self.take(line, other, REVIEW, OTHER_ID)
                else:
                    is_booked = other.status != POSTED and not line.is_pending
                    self.take(line, other, SAME, NOW_BOOKED if is_booked else SAME_LINE)
                break

    def set_odd_dates_apart(self) -> None:
        """Ask the owner about implausible dates."""
        for line in list(self.open.values()):
            if not self.knowledge.earliest <= line.day <= self.knowledge.latest:
                self.take(line, None, REVIEW, ODD_DATE)

    # -- likely matches ------------------------------------------------------------------------

    def read_texts(self, of_incoming: Texts, of_held: Texts) -> None:
        """Load the text of every line that has a possible partner, and of no other."""
        ours = {line.key for line, _ in self.doubtful_ids}
        theirs = {held.pk for _, held in self.doubtful_ids}
        for left, right in self._clusters():
            ours.update(line.key for line in left)
            theirs.update(line.pk for line in right)
        unsure = [line for line in self.free.values() if line.status != POSTED]
        for left, right in self._displaced():
            ours.update(line.key for line in left)
            theirs.update(line.pk for line in right)
        if unsure and self.open:
            theirs.update(line.pk for line in unsure)
            near = self._near_days(unsure)
            ours.update(line.key for line in self.open.values() if line.day in near)
        if theirs and ours:
            self.evidence.our_texts = dict(of_incoming(sorted(ours)))
            self.evidence.their_texts = dict(of_held(sorted(theirs)))

    def _near_days(self, unsure: list[Held]) -> set[int]:
        days = {line.day for line in unsure}
        return {
            day + off for day in days for off in range(-PENDING_DAYS_BEFORE, PENDING_DAYS_AFTER + 1)
        }

    def _clusters(self) -> Iterable[tuple[list[Incoming], list[Held]]]:
        for lines, theirs in of_one_amount(self.open.values(), self.free.values()):
            reach = (
                MATCH_WITHIN_DAYS if all(h.status == POSTED for h in theirs) else PENDING_DAYS_AFTER
            )
            yield from clusters(lines, theirs, reach)

    def _displaced(self) -> Iterable[tuple[list[Incoming], list[Held]]]:
        entries = [held for held in self.free.values() if held.source != BANK]
        if not entries:
            return
        days_of: dict[int, set[int]] = {held.units: set() for held in entries}
        listed: list[Incoming | Held] = [held for held in self.held.values() if held.source == BANK]
        for line in (*self.all, *listed):
            if line.units in days_of:
                days_of[line.units].add(line.day)
        near = range(-MATCH_WITHIN_DAYS, MATCH_WITHIN_DAYS + 1)
        # Only those that a line near them might have been.
        own = [h for h in entries if any(h.day + off in days_of[h.units] for off in near)]
        for lines, theirs in of_one_amount(self.open.values(), own):
            yield from clusters(lines, theirs, DISPLACED_WITHIN_DAYS)

    def by_amount(self, *, only_certain: bool) -> None:
        """Pair lines with the same amount on nearby days: as many and as close as possible."""

        for left, right in list(self._clusters()):
            cost: Cost = self._any_cost
            if only_certain:
                cost = partial(self._certain_cost, _by_day(left), _by_day(right))
            for line, held in best_pairs(left, right, cost):
                pair = self.evidence.judge(line, held)
                if pair is not None:
                    self._pair(line, held, pair, is_certain=only_certain)

    def _pair(self, line: Incoming, held: Held, pair: Pair, *, is_certain: bool) -> None:
        """Match or ask. About a line that the bank has withdrawn there is nothing to ask: the
        other one replaces it if their texts agree, and is new otherwise.
        """
        if held.pk in self.withdrawn and not is_certain:
            if self.evidence.agreement(line, held) != NOT_AT_ALL:
                self.take(line, held, SAME, NOW_BOOKED)
            return
        if is_certain:
            self.take(line, held, SAME, SAME_LINE if held.status == POSTED else NOW_BOOKED)
        else:
            self.take(line, held, REVIEW, pair.reason)

    def _any_cost(self, line: Incoming, held: Held) -> int | None:
        pair = self.evidence.judge(line, held)
        return None if pair is None else pair.cost

    def _certain_cost(
        self,
        lines_of: Mapping[int, list[Incoming]],
        held_of: Mapping[int, list[Held]],
        line: Incoming,
        held: Held,
    ) -> int | None:
        """The cost of a certain pair. On different days, or with what is not booked yet, it is
        certain only without a rival: another possible partner that is as near. Twins are no rivals:
        whichever is taken, the ledger is the same.
        """
        pair = self.evidence.judge(line, held)
        if pair is None or not pair.is_certain:
            return None
        gap = abs(line.day - held.day)
        if not gap and held.status == POSTED:
            is_typed = held.source != BANK
            if is_typed and self._is_for_listed(line, lines_of, held_of):
                return None
            return pair.cost
        theirs = (
            other
            for day in range(line.day - gap, line.day + gap + 1)
            for other in held_of.get(day, ())
            if _as_held(other) != _as_held(held) and self.evidence.judge(line, other) is not None
        )
        ours = (
            other
            for day in range(held.day - gap, held.day + gap + 1)
            for other in lines_of.get(day, ())
            if _as_line(other) != _as_line(line) and self.evidence.judge(other, held) is not None
        )
        has_rival = next(theirs, None) is not None or next(ours, None) is not None
        return None if has_rival else pair.cost

    def _is_for_listed(
        self,
        line: Incoming,
        lines_of: Mapping[int, list[Incoming]],
        held_of: Mapping[int, list[Held]],
    ) -> bool:
        """Whether the bank's earlier lines of this day, now in other words, need all of its lines
        in this file.
        """
        listed = [
            other
            for other in held_of.get(line.day, ())
            if other.source == BANK and other.is_kin and self.evidence.judge(line, other)
        ]
        return len(listed) >= len(lines_of[line.day])

    def by_late_announcement(self) -> None:
        """An older file may announce what the bank has booked since: nobody is asked, as it counts
        in no balance.
        """
        for left, right in list(self._clusters()):
            late = [line for line in left if line.is_pending]
            for line, held in best_pairs(late, right, self.evidence.late_cost):
                self.take(line, held, SAME, SAME_LINE)
        self._ask_about_asked()

    def _ask_about_asked(self) -> None:
        """Ask about announcements of what another line's question took; new, they stay pending."""
        asked: dict[int, list[Held]] = defaultdict(list)
        for verdict in self.verdicts.values():
            # The question that waits about an announcement may be about one farther off.
            if verdict.kind == REVIEW and verdict.held in self.held:
                taken = self.held[verdict.held]
                asked[taken.units].append(taken)
        for line in [line for line in self.open.values() if line.is_pending]:
            held = self.evidence.announced_by(line, asked.get(line.units, ()))
            if held is not None:
                self.take(line, held, REVIEW, self.evidence.reason(held, SURELY))

    # -- pending lines whose amount has changed ------------------------------------------------

    def by_changed_amount(self) -> None:
        """Tips and exchange rates change pending amounts. Ask the owner if the text matches."""
        unsure = [held for held in self.free.values() if held.status != POSTED]
        if not unsure:
            return
        lines_of: dict[int, list[Incoming]] = defaultdict(list)
        for line in self.open.values():
            if not line.is_pending:
                lines_of[line.day].append(line)
        found = [
            (
                abs(line.units - held.units),
                abs(day - held.day),
                _by_content(line),
                held.pk,
                line.key,
            )
            for held in unsure
            for day in range(held.day - PENDING_DAYS_BEFORE, held.day + PENDING_DAYS_AFTER + 1)
            for line in lines_of.get(day, ())
            if self.evidence.may_have_changed(line, held)
        ]
        for _, _, _, pk, key in sorted(found):
            if key in self.open and pk in self.free:
                self._ask_about_amount(self.open[key], self.free[pk])

    def _ask_about_amount(self, line: Incoming, held: Held) -> None:
        if held.pk in self.withdrawn:
            self.take(line, held, SAME, NOW_BOOKED)
            return
        code = CHANGED_PENDING if held.status == PENDING else CHANGED_PLANNED
        self.take(line, held, REVIEW, reason_on(code, date.fromordinal(held.day)))

    # -- entries whose line another one took ---------------------------------------------------

    def by_displaced_entry(self) -> None:
        """An entry takes the bank's line of another one a few days off without a question, so that
        its own is left for that other one: ask.
        """
        for left, right in list(self._displaced()):
            for line, held in best_pairs(left, right, self.evidence.displaced_cost):
                self.take(line, held, REVIEW, self.evidence.reason(held, SURELY))

    # -- result --------------------------------------------------------------------------------

    def result(self) -> Matching:
        """The verdicts, and the transactions that a complete file of the same kind should have
        listed.
        """
        for line in self.open.values():
            self.verdicts[line.key] = Verdict(NEW)
        matching = Matching(self.verdicts)
        covers = self.knowledge.covers
        if covers is None:
            return matching
        for held in sorted(self.free.values(), key=lambda held: (held.day, held.pk)):
            if not held.is_kin or held.pk < 0:
                continue
            if held.status == PENDING and covers[0] <= held.day <= covers[1]:
                matching.vanished.append(held.pk)
            elif held.status == POSTED and self.evidence.is_inside(held.day):
                matching.missing.append(held.pk)
        return matching


# Built in C, because it is asked about every line.
_by_content: Callable[[Incoming], tuple] = attrgetter(
    "day", "units", "fingerprint", "external_id", "is_pending"
)
# What twins have in common, of the incoming lines and of the held ones.
_as_line = attrgetter("fingerprint", "is_pending")
_as_held = attrgetter("fingerprint", "status", "source")


def _by_day(lines: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for line in lines:
        found.setdefault(line.day, []).append(line)
    return found
