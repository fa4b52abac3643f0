"""A person of `make load`: signed in on pages and in the API, doing one thing after another."""

import http.client
import json
import random
import re
import threading
import time
import urllib.parse
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.cookies import SimpleCookie
from typing import Any

PASSWORD = "load-Passw0rd!"
IMPORTED_LINES = 20
API_READS = (
    *("/api/accounts", "/api/transactions", "/api/dashboard/overview"),
    *("/api/budgets", "/api/bills", "/api/insights/cash-flow"),
)
SLUGS = ("groceries", "restaurants", "rent", "fuel")
# How often each kind is chosen.
WEIGHTS = {
    "home": 20,
    "list": 16,
    "search": 10,
    "API read": 20,
    "categorize": 12,
    "add": 12,
    "import": 4,
    "sync": 2,
    "sign-in": 4,
}
REQUEST_SECONDS = 120
PLAIN = str.maketrans("- ", "__")
MARK = re.compile(r"owner-(\d+)-")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class WrongAnswerError(Exception):
    """An answer that this person should not have got."""


@dataclass
class Told:
    """What one person, or all of them, were told."""

    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)
    # Descriptions of transactions that were acknowledged, and the category last chosen for each row
    # by id.
    booked: list[str] = field(default_factory=list)
    chosen: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Told") -> None:
        for kind, seconds in other.seconds.items():
            self.seconds[kind] += seconds
        self.failures += other.failures
        self.booked += other.booked
        self.chosen |= other.chosen


class Person:
    """The owner of two accounts. Their texts begin with `owner-NUMBER-`, nobody else's do."""

    def __init__(self, number: int, port: int, seed: str) -> None:
        self.number, self.port = number, port
        self.random = random.Random(f"{seed}-{number}")
        self.told = Told()
        self.cookies: dict[str, str] = {}
        self.csrf = self.token = ""
        self.accounts: list[int] = []
        self.rows: list[int] = []
        self.connection = 0

    @property
    def email(self) -> str:
        return email_of(self.number)

    @property
    def password(self) -> str:
        return PASSWORD

    def live(self, pause: float, is_over: threading.Event) -> None:
        """Do what people do, with `pause` seconds between on average, until it is over."""
        if not self.do("sign-in"):
            return
        kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
        while not is_over.wait(self.random.uniform(0, 2 * pause)):
            self.do(self.random.choices(kinds, weights)[0])

    def do(self, kind: str) -> bool:
        """One thing of this kind; whether it went right."""
        begun = time.monotonic()
        try:
            getattr(self, "_" + kind.lower().translate(PLAIN))()
        except (OSError, http.client.HTTPException, WrongAnswerError) as error:
            self.told.failures.append(f"{kind} of {self.email}: {type(error).__name__} {error}")
            return False
        self.told.seconds[kind].append(time.monotonic() - begun)
        return True

    # --- What they do -----------------------------------------------------------------------------

    def _sign_in(self) -> None:
        """On the page, and for the API."""
        self.cookies.pop("session", None)
        self._page("/users/login/")
        self._form("/users/login/", {"login": self.email, "password": self.password}, {302})
        self._page("/")
        credentials = {"email": self.email, "password": self.password}
        self.token = ""
        self.token = self._api("POST", "/api/auth/login", credentials, {200})["access"]
        if not self.accounts:
            found = self._api("GET", "/api/accounts", None, {200})["results"]
            self.accounts = [row["id"] for row in found]
            found = self._api("GET", "/api/transactions", None, {200})["results"]
            self.rows = [row["id"] for row in found]

    def _home(self) -> None:
        self._page("/")

    def _list(self) -> None:
        self._page("/transactions/")

    def _search(self) -> None:
        self._page(f"/transactions/?search={self.random.choice(('market', 'cafe', 'owner'))}")

    def _api_read(self) -> None:
        self._own(json.dumps(self._api("GET", self.random.choice(API_READS), None, {200})))

    def _categorize(self) -> None:
        row, slug = self.random.choice(self.rows), self.random.choice(SLUGS)
        self._form(f"/transactions/{row}/category/", {"category": slug}, {200, 302})
        self.told.chosen[row] = slug

    def _add(self) -> None:
        description = self._new_text("added")
        body = {
            "account": self.accounts[0],
            "txn_type": "expense",
            "amount": str(Decimal(self.random.randint(1, 9999)).scaleb(-2)),
            "txn_date": today(),
            "description": description,
        }
        self._api("POST", "/api/transactions", body, {201}, key=description)
        self.told.booked.append(description)

    def _import(self) -> None:
        """A file of new lines. Each has its own amount, or some could be the same payment."""
        text, first = self._new_text("imported"), 10_000 + len(self.told.booked)
        names = [f"{text}-{line}" for line in range(IMPORTED_LINES)]
        lines = [
            f"{today()},-{Decimal(first + place).scaleb(-2)},{name}"
            for place, name in enumerate(names)
        ]
        file = "\n".join(["Date,Amount,Description", *lines])
        self._upload({"account": str(self.accounts[1])}, file, key=text)
        self.told.booked += names

    def _sync(self) -> None:
        """Connect the bank the first time, and afterward ask it for what is new."""
        if self.connection:
            self._api("POST", f"/api/connections/{self.connection}/sync", None, {202})
            return
        proof = self._api("POST", "/api/auth/step-up", {"password": self.password}, {200})[
            "step_up"
        ]
        bank = {"provider": "sandbox", "institution": "northwind"}
        made = self._api("POST", "/api/connections", bank, {201}, proof=proof)
        choices = [{"id": one["id"], "account": "new"} for one in made["accounts"]]
        path = f"/api/connections/{made['id']}/accounts"
        self._api("PUT", path, {"accounts": choices}, {200}, proof=proof)
        self.connection = made["id"]

    def _new_text(self, what: str) -> str:
        return f"owner-{self.number}-{what}-{self.random.getrandbits(64):016x}"

    # --- How they ask -----------------------------------------------------------------------------

    def _page(self, path: str) -> None:
        """A page, which must show nobody else's texts. Its form's token is kept."""
        text = self._ask("GET", path, None, {200}, {"Cookie": self._cookie()})
        self._own(text)
        found = TOKEN.search(text)
        self.csrf = found[1] if found else self.csrf

    def _form(self, path: str, fields: dict[str, str], wanted: set[int]) -> None:
        body = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": self.csrf})
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": self._cookie(),
        }
        self._own(self._ask("POST", path, body, wanted, headers))

    def _api(
        self, method: str, path: str, body: Any, wanted: set[int], *, key: str = "", proof: str = ""
    ) -> Any:
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {"X-Step-Up": proof} if proof else {}
        sent = None if body is None else json.dumps(body)
        return json.loads(self._ask(method, path, sent, wanted, headers))

    def _upload(self, fields: dict[str, str], file: str, *, key: str) -> None:
        parts = [
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        head = 'Content-Disposition: form-data; name="file"; filename="bank.csv"'
        parts.append(f"--x\r\n{head}\r\nContent-Type: text/csv\r\n\r\n{file}\r\n--x--\r\n")
        headers = {
            "Content-Type": "multipart/form-data; boundary=x",
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": key,
        }
        self._ask("POST", "/api/transactions/import", "".join(parts), {201}, headers)

    def _ask(
        self, method: str, path: str, body: str | None, wanted: set[int], headers: dict[str, str]
    ) -> str:
        """One request on a connection of its own, from an address of this person's own."""
        headers |= {"Host": "localhost", "X-Forwarded-For": f"10.{self.number // 200}"}
        headers["X-Forwarded-For"] += f".{self.number % 200}.7"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_SECONDS)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            for header in answer.headers.get_all("Set-Cookie", []):
                self.cookies |= {name: one.value for name, one in SimpleCookie(header).items()}
        except TimeoutError:
            raise WrongAnswerError(f"{method} {path} got no answer") from None
        finally:
            connection.close()
        if answer.status not in wanted:
            raise WrongAnswerError(f"{method} {path} {answer.status}: {text[:200]}")
        return text

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def _own(self, text: str) -> None:
        others = others_in(text, self.number)
        if others:
            raise WrongAnswerError(f"shows texts of {sorted(others)}")


def others_in(text: str, number: int) -> set[str]:
    """The numbers of other people whose texts are in it."""
    return set(MARK.findall(text)) - {str(number)}


def email_of(number: int) -> str:
    return f"person-{number}@example.com"


def today() -> str:
    return datetime.now(UTC).date().isoformat()
