"""deploy/ and docker-compose.yml start the processes the image and `make run` start."""

import configparser
import re
import shlex
import shutil
import subprocess
import threading
from itertools import pairwise

import pytest
import yaml
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from banking import limits
from tests.containers import RELEASE, bases
from tests.rehearsed_image import settings as rehearsed_settings
from users.management.commands.migrate import LOCK, alone

pytestmark = pytest.mark.once

ROOT = settings.BASE_DIR
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
MANIFESTS = {
    (found["kind"], found["metadata"]["name"]): found
    for path in sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for found in yaml.safe_load_all(path.read_text())
}
# What differs between machines: where it listens, and what a worker is called.
PLACES = {"--host", "--port", "--hostname"}


def options_of(command):
    """A command's options with their values, without where it runs."""
    words = [word for word in command if word != "--pidfile="]
    found = {
        a: "" if b.startswith("--") else b for a, b in pairwise([*words, "--"]) if a.startswith("-")
    }
    return {name: value for name, value in found.items() if name not in {*PLACES, "--pidfile"}}


def image_command():
    text = (ROOT / "Dockerfile").read_text()
    return re.findall(r'"([^"]*)"', text[text.rindex("\nCMD [") :])


def unit(name):
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(ROOT / "deploy/systemd" / name)
    return parser


def container(name):
    [found] = MANIFESTS["Deployment", f"banking-{name}"]["spec"]["template"]["spec"]["containers"]
    return found


@pytest.mark.parametrize(
    ("part", "service"),
    [("web", "banking-web@"), ("worker", "banking-worker@"), ("beat", "banking-beat")],
)
def test_each_kind_of_deployment_runs_the_same_command(part, service):
    expected = options_of(COMPOSE["services"][part].get("command") or image_command())
    start = unit(f"{service}.service")["Service"]["ExecStart"]
    assert options_of(shlex.split(start)) == expected
    assert options_of(container(part).get("command") or image_command()) == expected
    assert expected


def test_settings_in_deploy_are_settings_of_the_product():
    known = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    known |= {"PROMETHEUS_MULTIPROC_DIR"}
    assert set(MANIFESTS["ConfigMap", "banking"]["data"]) <= known
    assert set(COMPOSE["x-app"]["environment"]) <= known


def test_uploads_pass_the_proxies():
    bytes_allowed = limits.IMPORT_MAX_BYTES + limits.FORM_OVERHEAD_BYTES
    megabytes = -(-bytes_allowed // 1024**2)
    assert f"client_max_body_size {megabytes}m;" in (ROOT / "deploy/nginx/banking.conf").read_text()
    annotations = MANIFESTS["Ingress", "banking"]["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == f"{megabytes}m"


def test_a_worker_may_finish_its_longest_task_and_beat_runs_once():
    worker = MANIFESTS["Deployment", "banking-worker"]["spec"]["template"]["spec"]
    assert worker["terminationGracePeriodSeconds"] > settings.CELERY_TASK_TIME_LIMIT
    beat = MANIFESTS["Deployment", "banking-beat"]["spec"]
    assert (beat["replicas"], beat["strategy"]["type"]) == (1, "Recreate")


def test_the_readmes_commands_make_every_secret_that_compose_needs(tmp_path):
    """CASES 6.17: `docker compose up` as the README said stopped at a missing SECRET_KEY."""
    first, admin = re.search(
        r"in containers:\n\n```\n(.+)\n(.+)\n```", (ROOT / "README.md").read_text()
    ).groups()
    assert first == "sh make-secrets.sh && docker compose up --build -d"
    assert "run --rm web python manage.py createsuperuser" in admin
    shutil.copy(ROOT / "make-secrets.sh", tmp_path)
    script = ["sh", "make-secrets.sh"]
    subprocess.run(script, cwd=tmp_path, check=True, capture_output=True)
    lines = (tmp_path / ".env").read_text().splitlines()
    made = dict(line.split("=") for line in lines if not line.startswith("#"))
    needed = re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text())
    assert set(needed) == {"SECRET_KEY", "POSTGRES_PASSWORD"}
    assert set(needed) <= set(made)
    assert all(re.fullmatch("[A-Za-z0-9]{64}", secret) for secret in made.values())
    assert len(set(made.values())) == len(made)
    # Run again, it keeps the secrets that the data is encrypted with.
    assert subprocess.run(script, cwd=tmp_path, capture_output=True).returncode == 1
    assert (tmp_path / ".env").read_text().splitlines() == lines


def test_the_rehearsed_image_has_a_stand_in_for_each_base_and_every_setting():
    assert {base.partition(":")[0] for base in bases()} == {"python", "node"}
    assert all(f"-{RELEASE}" in base for base in bases() if base.startswith("python:"))
    given = rehearsed_settings("postgres://bank@db/bank", "redis://valkey")
    assert set(COMPOSE["x-app"]["environment"]) <= set(given)
    assert not [name for name, value in given.items() if "$" in value]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_only_one_process_migrates_a_database_at_a_time():
    taken, done = threading.Event(), threading.Event()

    def other():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            taken.set()
            done.wait()
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    taken.wait()
    with pytest.raises(CommandError, match="Another process"), alone("default", wait_seconds=0):
        pass
    done.set()
    thread.join()
    with alone("default"), alone("default"):
        pass


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_migration_may_take_longer_than_a_page():
    def limits():
        names = "statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout"
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in names))
            return cursor.fetchone()

    of_pages = limits()
    with alone("default"):
        assert limits() == ("0", "0", of_pages[2])
    assert limits() == of_pages
    assert "0" not in of_pages
