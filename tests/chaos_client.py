"""A client of `make chaos`: a process that transfers money and notes what it was told."""

import http.client
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.rehearsal import ask

# A transfer that no process has decided after this time counts as undecided.
GIVE_UP_SECONDS = 120
PAUSE_SECONDS = 0.1
HOT, IMPOSSIBLE, READ, REPEATED = 0.3, 0.02, 0.2, 0.1
LARGEST_CENTS = 4000
EMAILS = ("one@example.com", "two@example.com")
PASSWORD = "chaos-Passw0rd!"
TRY_AGAIN = {409, 429, 500, 502, 503, 504}
BOOKED, REFUSED = "booked", "refused"
TOTALS: dict[str, Callable[[Any], str | Decimal]] = {
    "/api/accounts": lambda a: sum((Decimal(row["balance"]) for row in a["results"]), Decimal(0)),
    "/api/currency/summary": lambda a: a["total"],
    "/api/insights/net-worth": lambda a: a["net_worth"],
    "/api/dashboard/overview": lambda a: a["accounts"]["total_balance"],
}


@dataclass(frozen=True)
class Household:
    """Accounts of one owner, the first of them the busiest, and what they hold together."""

    token: str
    accounts: list[int]
    total: str


@dataclass(frozen=True)
class Decision:
    """One transfer and its outcome: booked, refused or what else was answered."""

    key: str
    source: int
    target: int
    cents: int
    outcome: str


@dataclass
class Told:
    """What one client, or all of them, was told."""

    decisions: list[Decision] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    # Status codes, and the names of errors where there was no response.
    answers: Counter[str] = field(default_factory=Counter)
    total_reads: int = 0
    wrong_totals: list[str] = field(default_factory=list)
    changed_answers: list[str] = field(default_factory=list)

    def add(self, other: "Told") -> None:
        self.decisions += other.decisions
        self.seconds += other.seconds
        self.answers += other.answers
        self.total_reads += other.total_reads
        self.wrong_totals += other.wrong_totals
        self.changed_answers += other.changed_answers

    @property
    def server_errors(self) -> int:
        return sum(count for status, count in self.answers.items() if status.startswith("5"))

    @property
    def unanswered(self) -> int:
        return sum(count for status, count in self.answers.items() if not status.isdigit())


class Client:
    """One client process: signed in as the owner of a household."""

    def __init__(self, number: int, seed: str, ports: list[int], household: Household) -> None:
        self.random = random.Random(f"{seed}-{number}")
        self.ports, self.port = ports, ports[number % len(ports)]
        self.household = household
        self.told = Told()

    def transfer(self) -> None:
        """Transfer once, until it is decided; sometimes read before or repeat afterward."""
        if self.random.random() < READ:
            self.read_total()
        source, target = self.random.sample(self.household.accounts, 2)
        if self.random.random() < HOT:
            hot = self.household.accounts[0]
            source, target = (hot, target) if target != hot else (source, hot)
        cents = self.random.randint(1, LARGEST_CENTS)
        if self.random.random() < IMPOSSIBLE:
            cents += int(Decimal(self.household.total) * 100)
        key = f"{self.random.getrandbits(64):016x}"
        amount = str(Decimal(cents).scaleb(-2))
        body = {"source": source, "target": target, "amount": amount, "description": key}
        begun = time.monotonic()
        answer = self.until_decided(key, body)
        self.told.seconds.append(time.monotonic() - begun)
        self.told.decisions.append(Decision(key, source, target, cents, outcome_of(*answer)))
        if self.random.random() < REPEATED:
            again = self.until_decided(key, body)
            if again != answer:
                self.told.changed_answers.append(f"{key}: {answer} became {again}")

    def until_decided(self, key: str, body: dict[str, Any]) -> tuple[int, Any]:
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            status, answer = self.ask("POST", "/api/transfers", body, key=key)
            if status and status not in TRY_AGAIN:
                return status, answer
            time.sleep(PAUSE_SECONDS * (0.5 + self.random.random()))
        return 0, "undecided"

    def read_total(self) -> None:
        path = self.random.choice(list(TOTALS))
        status, answer = self.ask("GET", path)
        if status == 200:
            self.told.total_reads += 1
            total = Decimal(TOTALS[path](answer))
            if total != Decimal(self.household.total):
                self.told.wrong_totals.append(f"{path}: {total}")

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "") -> tuple[int, Any]:
        """Ask the processes in turn, as behind a load balancer: who stayed with the one that
        answered would leave those that were killed idle for good.
        """
        self.port = self.ports[(self.ports.index(self.port) + 1) % len(self.ports)]
        try:
            answer = ask(self.port, method, path, body, token=self.household.token, key=key)
        except (OSError, http.client.HTTPException, ValueError) as error:
            # ValueError: the process was killed while it sent the JSON.
            answer = 0, type(error).__name__
        self.told.answers[str(answer[0] or answer[1])] += 1
        return answer


def outcome_of(status: int, answer: Any) -> str:
    """`booked`, `refused` or, for anything that is no decision, what was answered."""
    if status == 201:
        return BOOKED
    codes = {error["code"] for error in answer["errors"]} if status == 400 else set()
    return REFUSED if codes == {"insufficient_funds"} else f"{status} {answer}"[:200]


def run_client(
    number: int, seed: str, ports: list[int], household: Household, turns: int, done: Any, told: Any
) -> None:
    """A client's process: count each decided transfer in `done` and put what it was told."""
    client = Client(number, seed, ports, household)
    for _ in range(turns):
        client.transfer()
        with done.get_lock():
            done.value += 1
    told.put(client.told)
