"""The container image, built and used for real: `make rehearse-image`.

The Dockerfile's image is built (tests/containers.py) and runs docker-compose.yml's commands on a
PostgreSQL and a Valkey of their own: migrate, demo, two web servers behind nginx, worker and beat.
A statement is drawn by the worker. Both web servers are stopped by SIGTERM and replaced under load,
one of them with a slow request in hand; the worker is stopped while it draws. Anything else than
the wanted end ends the rehearsal. The folder keeps the stand-ins of the base images for next time.
"""

import argparse
import contextlib
import http.client
import io
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import yaml
from pypdf import PdfReader

from tests import servers
from tests.containers import Container, Image, image
from tests.rehearsal import READY_SECONDS, ROOT, Load, ask, nginx, signed_in

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
STOP_SECONDS = 60
# Shorter than a page waits for a lock.
SLOW_SECONDS = 2
CLIENTS = 4
# Lines of the logs that are worth a look.
LOUD = re.compile(r'"level": "(warning|error|critical)"|Traceback|Fontconfig')
OTHERS_CODE = r"find /app /venv ! -type l \( ! -user root -o -perm /go+w \)"
NOT_HERE = (
    "Not shown on this machine: Docker's own base images and the images of PostgreSQL and Valkey;"
    " docker compose itself, with its networks, limits and start again after a crash."
)


class Instance:
    """Containers of one instance, and what they are asked."""

    def __init__(self, built: Image, folder: Path, database: str, valkey: str) -> None:
        self.image, self.folder, self.database = built, folder, database
        self.data = folder / "data"
        self.data.mkdir()
        owner = int(built.run(["id", "-u"], {}, self.data))
        for path in (folder, self.data):
            subprocess.run(["chown", str(owner), path], check=True)
        self.environment = settings(database, valkey)

    def start(self, name: str, command: list[str]) -> Container:
        return self.image.start(command, self.environment, self.data, self.folder / f"{name}.log")

    def service(self, name: str) -> Container:
        return self.start(name, COMPOSE[name]["command"])

    def web(self, port: int) -> Container:
        """The image's own command, on another port."""
        web = self.start("web", at(port, self.image.command))
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if ask(port, "GET", "/readyz")[0] == 200:
                    return web
            time.sleep(0.2)
        raise SystemExit(f"A web server was not ready: {self.log('web')[-2000:]}")

    def run(self, *command: str) -> str:
        return self.image.run(list(command), self.environment, self.data)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


def settings(database: str, valkey: str) -> dict[str, str]:
    """docker-compose.yml's environment with secrets and addresses of this machine."""
    secrets = ("SECRET_KEY", "JWT_SIGNING_KEY", "FIELD_ENCRYPTION_KEY", "METRICS_TOKEN")
    return (
        COMPOSE["web"]["environment"]
        | {name: f"{name}-of-the-rehearsal".ljust(64, "x") for name in secrets}
        | {
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": valkey,
            "REDIS_URL": valkey,
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "SITE_URL": "http://localhost:8000",
            "DEMO": "true",
            "HTTPS": "false",
            "BEHIND_PROXY": "true",
            "TRUSTED_PROXY_COUNT": "1",
            "RATE_LIMITS": "api-read=off,api-write=off",
        }
    )


def at(port: int, command: list[str]) -> list[str]:
    return [word.replace("8000", str(port)) for word in command]


def rehearse(folder: Path, say: Any) -> None:
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        built = stack.enter_context(image(folder))
        say(f"image built in {time.monotonic() - began:.0f} s")
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="image-")))
        database = stack.enter_context(servers.postgresql_server(forgetful=True)).url
        stores = stack.enter_context(servers.sentinels())
        valkey = f"redis://127.0.0.1:{stores.port}/0"
        instance = Instance(built, place, database, valkey)
        for name in ("migrate", "demo"):
            instance.run(*COMPOSE[name]["command"])
            say(f"{name}: ended with 0")
        beat, worker = (instance.service(name) for name in ("beat", "worker"))
        ports = [servers.free_port() for _ in range(2)]
        webs = {port: instance.web(port) for port in ports}
        for container in (beat, worker, *webs.values()):
            stack.callback(container.kill)
        instance.run(*at(ports[0], built.health_check))
        say("web, worker and beat: ready, and the image's health check ended with 0")
        load = signed_in(stack.enter_context(nginx(place, ports)))
        say(draw(load))
        say(replace(instance, webs, load, stack))
        say(stop_worker(instance, worker, load, stack))
        say(f"beat on SIGTERM: ended with {stop(beat)}")
        check(instance, say)


def draw(load: Load) -> str:
    """Let a web server draw a short statement, and the worker a long one. They must have text in
    our own typefaces.
    """
    month = ask_for_statement(load, time.strftime("%Y-%m-01"), wanted=201)
    found = [f"by the web server {described(file_of(load, month))}"]
    years = ask_for_statement(load, "2024-01-01")
    found.append(f"by the worker {described(file_of(load, years))}")
    return f"statements: {', '.join(found)}"


def described(file: bytes) -> str:
    """A PDF's size and typefaces."""
    reader = PdfReader(io.BytesIO(file))
    fonts = {
        str(font.get_object()["/BaseFont"]).partition("+")[2]
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    }
    text = reader.pages[0].extract_text()
    if not any(char.isdigit() for char in text):
        raise SystemExit(f"The statement has no text: {text[:200]}")
    return f"{len(reader.pages)} pages in {' and '.join(sorted(fonts))}"


def ask_for_statement(load: Load, first_day: str, *, wanted: int = 202) -> int:
    """Ask for a statement from that day until today: its number. A short one is answered with 201,
    once it is drawn.
    """
    body = {
        "account": load.accounts[0],
        "date_from": first_day,
        "date_to": time.strftime("%Y-%m-%d"),
    }
    status, answer = ask(
        load.port, "POST", "/api/export/pdf", body, token=load.token, key=str(time.monotonic())
    )
    if status != wanted:
        raise SystemExit(f"No statement was promised: {status} {answer}")
    return answer["id"]


def status_of(load: Load, number: int) -> str:
    return ask(load.port, "GET", f"/api/exports/{number}", token=load.token)[1]["status"]


def wait_for(load: Load, number: int, *wanted: str) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while (status := status_of(load, number)) not in wanted:
        if time.monotonic() > deadline or status == "failed":
            raise SystemExit(f"The statement is {status}.")
        time.sleep(0.02)
    return status


def file_of(load: Load, number: int) -> bytes:
    wait_for(load, number, "done")
    connection = http.client.HTTPConnection("127.0.0.1", load.port, timeout=60)
    headers = {"Host": "localhost", "Authorization": f"Bearer {load.token}"}
    connection.request("GET", f"/api/exports/{number}/file", headers=headers)
    answer = connection.getresponse()
    found = answer.read()
    connection.close()
    return found


def replace(
    instance: Instance, webs: dict[int, Container], load: Load, stack: contextlib.ExitStack
) -> str:
    """Stop each web server under load, the first with a slow request in hand, and replace it."""
    codes, slow = [], []
    with ThreadPoolExecutor(CLIENTS + 1) as threads:
        clients = [threads.submit(load.run, number) for number in range(CLIENTS)]
        try:
            for port, web in list(webs.items()):
                time.sleep(2)
                with psycopg.connect(instance.database) as held:
                    held.execute("LOCK TABLE bills_bill IN ACCESS EXCLUSIVE MODE")
                    path = "/api/bills"
                    waiting = threads.submit(ask, port, "GET", path, token=load.token)
                    time.sleep(SLOW_SECONDS / 2)
                    web.signal(signal.SIGTERM)
                    time.sleep(SLOW_SECONDS / 2)
                slow.append(waiting.result()[0])
                codes.append(web.process.wait(timeout=STOP_SECONDS))
                webs[port] = instance.web(port)
                stack.callback(webs[port].kill)
        finally:
            load.is_over = True
        for client in clients:
            client.result()
    if load.failures or slow != [200, 200]:
        raise SystemExit(f"Failed: {load.failures[:5]}, slow requests {slow}")
    return (
        f"web on SIGTERM, both in turn: ended with {codes}, slow requests in hand answered {slow};"
        f" {sum(load.answers.values())} requests meanwhile, {len(load.booked)} of them transfers,"
        f" 0 failed, the longest {load.longest:.2f} s"
    )


def stop_worker(
    instance: Instance, worker: Container, load: Load, stack: contextlib.ExitStack
) -> str:
    """Stop the worker while it draws: that statement is made by it, another by the next one."""
    first = ask_for_statement(load, "2024-01-01")
    wait_for(load, first, "running")
    worker.signal(signal.SIGTERM)
    time.sleep(1)
    second = ask_for_statement(load, "2024-01-02")
    code = worker.process.wait(timeout=STOP_SECONDS)
    statuses = [status_of(load, number) for number in (first, second)]
    if statuses != ["done", "queued"]:
        raise SystemExit(f"The worker left statements {statuses}: {instance.log('worker')[-2000:]}")
    stack.callback(instance.service("worker").kill)
    wait_for(load, second, "done")
    return (
        f"worker on SIGTERM while it drew: ended with {code}, the statement was made;"
        " one asked for meanwhile was made by the next worker"
    )


def stop(container: Container) -> int:
    container.signal(signal.SIGTERM)
    return container.process.wait(timeout=STOP_SECONDS)


def check(instance: Instance, say: Any) -> None:
    """The product's own checks and a backup, by the image's programs; its code stays as it is."""
    for name in ("check_ledger", "verify_audit", "check_engine"):
        instance.run("python", "manage.py", name)
        say(f"{name}: clean")
    instance.run("python", "manage.py", "backup", "/data/backup")
    say("backup: written")
    instance.run("sh", "-c", f'touch /data/own && test -z "$({OTHERS_CODE})"')
    say("the code belongs to root and only root may write it; /data may be written")
    size = subprocess.run(["du", "-smx", instance.image.root], stdout=subprocess.PIPE, check=True)
    say(f"{int(size.stdout.split()[0])} MiB in the image")
    for name in ("web", "worker", "beat"):
        unwanted = [line for line in instance.log(name).splitlines() if LOUD.search(line)]
        say(f"{name}: {len(unwanted)} warnings and errors in the log {unwanted[:2] or ''}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "banking-image"
    )

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    rehearse(parser.parse_args().folder, say)
    say(NOT_HERE)


if __name__ == "__main__":
    main()
