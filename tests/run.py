"""`make test`: run every test on SQLite with coverage, and beside it on PostgreSQL.

`python -m tests.run [--fast | --search] [pytest arguments]`; ENGINES=sqlite or ENGINES=postgresql
runs only one. `--fast` (`make test-fast`) skips slow tests and needs no server or browser.
`--search` (`make search`) runs the long searches at their full depth (tests/depth.py). The coverage
threshold in pyproject.toml applies to full runs only.

STATEMENTS_DIR names an optional corpus of real bank files. If it is set, it must exist.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests import servers

ROOT = Path(__file__).resolve().parent.parent
NO_TESTS_COLLECTED = 5
# As many as processors on each engine, and one more on an only one: while a test waits for a
# browser or a worker, another one runs.
PROCESSORS = min(os.cpu_count() or 2, 4)
PROBES = {"PYTEST_PLUGINS": "tests.coverage_probes"}
FAST = "not postgresql and not browser and not worker and not hledger and not slow and not search"


@dataclass
class Outcome:
    """The result of the suite on one engine."""

    engine: str
    code: int
    summary: str


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    scratch = Path(tempfile.mkdtemp(prefix="banking-tests-"))
    try:
        environment = clean_environment(scratch)
        if arguments[:1] == ["--fast"]:
            marks = join_marks(FAST, corpus_marks(environment))
            options = ["--hypothesis-profile=fast", *marks, *arguments[1:]]
            # Nothing here waits, so there is nothing for one more process to do meanwhile.
            outcome = run_pytest("SQLite", options, environment, scratch, PROCESSORS)
            return report([outcome], [], covered=True)
        if arguments[:1] == ["--search"]:
            environment["SEARCH_DEPTH"] = "full"
            return run_engines(arguments[1:], environment, scratch, "search")
        return run_engines(arguments, environment, scratch)
    except servers.MissingError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def run_engines(
    arguments: list[str], environment: dict[str, str], scratch: Path, mark: str = ""
) -> int:
    engines = os.environ.get("ENGINES", "sqlite,postgresql").split(",")
    is_whole = not arguments and not mark and len(engines) == 2
    not_run: list[str] = []
    runs: list[Run] = []
    everywhere = join(mark, corpus_marks(environment))
    workers = PROCESSORS if len(engines) > 1 else PROCESSORS + 1
    with contextlib.ExitStack() as stack:
        everywhere = join(everywhere, find_programs(environment, engines, not_run))
        if is_whole and not is_compiled():
            compile_tests(environment)
        if "sqlite" in engines:
            marks = join_marks("not postgresql", everywhere)
            server = start_valkey(stack, not_run) | (PROBES if is_whole else {})
            run = Run("SQLite", [*marks, *arguments], environment | server, scratch, workers)
            runs.append(stack.enter_context(run))
        if "postgresql" in engines and (server := start_postgresql(stack, not_run)):
            server |= start_valkey(stack, not_run)
            # Browser and file reader tests do not depend on the engine, so one run is enough.
            shared = "not browser and not once" if len(engines) == 2 else ""
            marks = join_marks(shared, everywhere)
            options = [*marks, *arguments]
            run = Run("PostgreSQL", options, environment | server, scratch, workers, first=not runs)
            runs.append(stack.enter_context(run))
        outcomes = [run.finish() for run in runs]
        return report(outcomes, not_run, covered=not is_whole or is_covered(environment))


def is_compiled() -> bool:
    return any((ROOT / "tests" / "__pycache__").glob("*-pytest-*.pyc"))


def compile_tests(environment: dict[str, str]) -> None:
    """Compile the tests of a fresh clone once; otherwise each worker of both engines would, which
    takes 12 s of its processor.

    Half of the tests with the probes of coverage and half without, so that the other modules are
    compiled both ways.
    """
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-qq"]
    apps = sorted(str(path) for path in ROOT.glob("*/tests"))
    halves = [(["tests"], PROBES), (apps, {})]
    processes = [
        subprocess.Popen([*collect, *paths], env=environment | probes, stdout=subprocess.DEVNULL)
        for paths, probes in halves
    ]
    for process in processes:
        process.wait()


def clean_environment(scratch: Path) -> dict[str, str]:
    return servers.environment_without_settings() | {"COVERAGE_FILE": str(scratch / "coverage")}


def corpus_marks(environment: dict[str, str]) -> str:
    """Marker expression that skips the corpus tests if no corpus is configured."""
    folder = environment.get("STATEMENTS_DIR", "")
    if not folder:
        return "not corpus"
    environment["STATEMENTS_DIR"] = str(Path(folder).resolve())
    if not (Path(folder) / "manifest.tsv").is_file():
        raise servers.MissingError(f"STATEMENTS_DIR is {folder}, which has no manifest.tsv.")
    return ""


def find(mark: str, search: Callable[[], str], tests: str, not_run: list[str]) -> tuple[str, str]:
    """The program that the marked tests need, and an expression that skips them without it."""
    try:
        return search(), ""
    except servers.MissingError as error:
        not_run.append(f"{tests}: {error}")
        return "", f"not {mark}"


def find_programs(environment: dict[str, str], engines: list[str], not_run: list[str]) -> str:
    """Marker expression that skips the tests whose program is missing."""
    browser, skips_browser = find("browser", servers.chromium, "the tests in a browser", not_run)
    if browser:
        environment["CHROMIUM"] = browser
    _, skips_hledger = find("hledger", servers.hledger, "the journals read by hledger", not_run)
    skips_pooler = ""
    if "postgresql" in engines:
        pooler = servers.pgbouncer_program
        _, skips_pooler = find("pgbouncer", pooler, "the tests behind a pooler", not_run)
    return join(skips_browser, skips_hledger, skips_pooler)


def start_valkey(stack: contextlib.ExitStack, not_run: list[str]) -> dict[str, str]:
    """The setting that names a new Valkey, for what an in-memory cache cannot test."""
    try:
        return {"TEST_REDIS_URL": stack.enter_context(servers.valkey())}
    except servers.MissingError as error:
        not_run.append(f"the tests with a shared store: {error}")
        return {}


def start_postgresql(stack: contextlib.ExitStack, not_run: list[str]) -> dict[str, str]:
    """The setting that names a new PostgreSQL server; none if it is missing."""
    try:
        return {"DATABASE_URL": stack.enter_context(servers.postgresql())}
    except servers.MissingError as error:
        not_run.append(f"the suite on PostgreSQL: {error}")
        return {}


def join(*expressions: str) -> str:
    return " and ".join(part for part in expressions if part)


def join_marks(*expressions: str) -> list[str]:
    expression = join(*expressions)
    return ["-m", expression] if expression else []


class Run:
    """The suite on one engine, in a process of its own. Leaving it ends the process."""

    def __init__(
        self,
        engine: str,
        options: list[str],
        environment: dict[str, str],
        scratch: Path,
        workers: int,
        *,
        first: bool = True,
    ) -> None:
        self.engine = engine
        self.results = scratch / f"{engine}.xml"
        # The first one prints as it goes; what another one says follows when the first is done.
        self.output = None if first else scratch / f"{engine}.log"
        workers_wanted = environment.get("TEST_WORKERS", str(workers))
        self.command = [
            *(sys.executable, "-m", "pytest", "-n", workers_wanted, "--dist", "worksteal"),
            *("--durations=10", f"--junit-xml={self.results}", "-o", "junit_logging=no", *options),
        ]
        self.environment = environment | {"DATA_DIR": str(scratch / f"data-{engine}")}

    def __enter__(self) -> "Run":
        if self.output is None:
            say(f"\n== {self.engine} ==")
            self.process = subprocess.Popen(self.command, env=self.environment)
        else:
            with self.output.open("wb") as output:
                self.process = subprocess.Popen(
                    self.command, env=self.environment, stdout=output, stderr=output
                )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def finish(self) -> Outcome:
        """Wait for the end, and print what was not printed yet."""
        code = self.process.wait()
        if self.output is not None:
            say(f"\n== {self.engine} ==")
            say(self.output.read_text(errors="replace"))
        return Outcome(self.engine, code, counts(self.results))


def run_pytest(
    engine: str,
    options: list[str],
    environment: dict[str, str],
    scratch: Path,
    workers: int = PROCESSORS + 1,
) -> Outcome:
    """Run the suite on one engine alone."""
    with Run(engine, options, environment, scratch, workers) as run:
        return run.finish()


def counts(results: Path) -> str:
    try:
        suite = ElementTree.parse(results).getroot().find("testsuite")
    except (OSError, ElementTree.ParseError):
        return "no results"
    of = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
    bad = of["failures"] + of["errors"]
    passed = of["tests"] - bad - of["skipped"]
    seconds = float(suite.get("time", "0"))
    return f"{passed} passed, {bad} failed, {of['skipped']} skipped in {seconds:.0f} s"


def is_covered(environment: dict[str, str]) -> bool:
    say("\n== Coverage (on SQLite) ==")
    steps = (["combine", "--quiet"], ["report", "--sort=cover"])
    command = [sys.executable, "-m", "coverage"]
    return all(subprocess.run([*command, *step], env=environment).returncode == 0 for step in steps)


def report(outcomes: list[Outcome], not_run: list[str], covered: bool) -> int:
    say("")
    for outcome in outcomes:
        say(f"{outcome.engine:<11} {outcome.summary}")
    if not covered:
        say("Coverage    below the gate in pyproject.toml")
    for what in not_run:
        say(f"NOT RUN     {what}")
    # A selection of tests may be empty on one engine. A full run may not, and CI may skip nothing.
    has_failed = any(outcome.code not in {0, NO_TESTS_COLLECTED} for outcome in outcomes)
    has_run = any(outcome.code == 0 for outcome in outcomes)
    is_incomplete = bool(not_run) and "CI" in os.environ
    return int(has_failed or not has_run or not covered or is_incomplete)


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
