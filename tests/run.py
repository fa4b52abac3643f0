"""`make test`: run every test on SQLite with coverage and, at the same time, on PostgreSQL.

`python -m tests.run [--fast] [pytest arguments]`; ENGINES=sqlite or ENGINES=postgresql runs only
one. `--fast` (`make test-fast`) skips slow tests and needs no server or browser. The coverage
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
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests import servers

NO_TESTS_COLLECTED = 5
FAST = "not postgresql and not browser and not worker and not hledger and not slow"


@dataclass
class Run:
    """The suite running on one engine. `output` holds what it prints, unless that is shown."""

    engine: str
    process: subprocess.Popen[bytes]
    results: Path
    started: float
    output: Path | None


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
            with contextlib.ExitStack() as stack:
                run = start_pytest("SQLite", options, environment, scratch, stack)
                return report([outcome_of(run)], [], covered=True)
        return run_engines(arguments, environment, scratch)
    except servers.MissingError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def run_engines(arguments: list[str], environment: dict[str, str], scratch: Path) -> int:
    engines = os.environ.get("ENGINES", "sqlite,postgresql").split(",")
    is_whole = not arguments and len(engines) == 2
    not_run: list[str] = []
    runs: list[Run] = []
    everywhere = corpus_marks(environment)
    with contextlib.ExitStack() as stack:
        everywhere = join(everywhere, find_programs(environment, engines, not_run))
        # At the same time: while one waits for a browser or a worker, the other uses the machine.
        if "postgresql" in engines:
            # Browser and file reader tests do not depend on the engine, so one run is enough.
            is_second = len(engines) == 2
            marks = join_marks("not browser and not once" if is_second else "", everywhere)
            output = scratch / "PostgreSQL.txt" if is_second else None
            options = [*marks, *arguments]
            runs += start_on_postgresql(options, environment, scratch, stack, not_run, output)
        if "sqlite" in engines:
            # Coverage is slow, so only one of the two runs has it, and not for every case.
            traced = [*arguments, *coverage_options(scratch, environment, is_whole)]
            options = [*join_marks("not postgresql", everywhere), *traced]
            here = environment | valkey_for("SQLite", stack, not_run)
            runs.insert(0, start_pytest("SQLite", options, here, scratch, stack))
        outcomes = [outcome_of(run) for run in runs]
        return report(outcomes, not_run, covered=not is_whole or is_covered(environment))


def clean_environment(scratch: Path) -> dict[str, str]:
    ours = {"COVERAGE_FILE": str(scratch / "coverage")}
    if sys.version_info >= (3, 12):
        # Coverage through sys.monitoring costs almost nothing.
        ours["COVERAGE_CORE"] = "sysmon"
    return servers.environment_without_settings() | ours


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


def valkey_for(engine: str, stack: contextlib.ExitStack, not_run: list[str]) -> dict[str, str]:
    """Start a Valkey for this run: TEST_REDIS_URL, for what an in-memory cache cannot test."""
    try:
        return {"TEST_REDIS_URL": stack.enter_context(servers.valkey())}
    except servers.MissingError as error:
        not_run.append(f"the tests with a shared store on {engine}: {error}")
        return {}


def join(*expressions: str) -> str:
    return " and ".join(part for part in expressions if part)


def join_marks(*expressions: str) -> list[str]:
    expression = join(*expressions)
    return ["-m", expression] if expression else []


def coverage_options(scratch: Path, environment: dict[str, str], is_whole: bool) -> list[str]:
    if not is_whole:
        return []
    measured = ["--cov", "--cov-append", "--cov-report=", "--cov-fail-under=0"]
    is_cheap = "COVERAGE_CORE" in environment
    return measured if is_cheap else [*measured, "-p", "tests.coverage_sampling"]


def start_on_postgresql(
    options: list[str],
    environment: dict[str, str],
    scratch: Path,
    stack: contextlib.ExitStack,
    not_run: list[str],
    output: Path | None,
) -> list[Run]:
    try:
        url = stack.enter_context(servers.postgresql())
    except servers.MissingError as error:
        not_run.append(f"the suite on PostgreSQL: {error}")
        return []
    here = environment | {"DATABASE_URL": url} | valkey_for("PostgreSQL", stack, not_run)
    return [start_pytest("PostgreSQL", options, here, scratch, stack, output)]


def start_pytest(
    engine: str,
    options: list[str],
    environment: dict[str, str],
    scratch: Path,
    stack: contextlib.ExitStack,
    output: Path | None = None,
) -> Run:
    """Start the suite; it ends with the stack at the latest."""
    results = scratch / f"{engine}.xml"
    workers = ["-n", environment.get("TEST_WORKERS", "2"), "--dist", "worksteal"]
    command = [sys.executable, "-m", "pytest", *workers]
    printed = None if output is None else stack.enter_context(output.open("wb"))
    if output is None:
        say(f"\n== {engine} ==")
    process = subprocess.Popen(
        [*command, "--durations=10", f"--junit-xml={results}", "-o", "junit_logging=no", *options],
        env=environment | {"DATA_DIR": str(scratch / f"data-{engine}")},
        stdout=printed,
        stderr=printed,
    )
    stack.callback(stop, process)
    return Run(engine, process, results, time.monotonic(), output)


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait()


def outcome_of(run: Run) -> Outcome:
    """Wait for the run, and print what it wrote meanwhile."""
    code = run.process.wait()
    seconds = time.monotonic() - run.started
    if run.output is not None:
        say(f"\n== {run.engine} ==\n{run.output.read_text(errors='replace')}")
    return Outcome(run.engine, code, f"{counts(run.results)} in {seconds:.0f} s")


def counts(results: Path) -> str:
    try:
        suite = ElementTree.parse(results).getroot().find("testsuite")
    except (OSError, ElementTree.ParseError):
        return "no results"
    of = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
    bad = of["failures"] + of["errors"]
    passed = of["tests"] - bad - of["skipped"]
    return f"{passed} passed, {bad} failed, {of['skipped']} skipped"


def is_covered(environment: dict[str, str]) -> bool:
    say("\n== Coverage (on SQLite; before Python 3.12, of the first case of each test) ==")
    code = subprocess.run(
        [sys.executable, "-m", "coverage", "report", "--sort=cover"], env=environment
    ).returncode
    return code == 0


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
