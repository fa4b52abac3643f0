"""The documentation names things that exist, and its commands work."""

import json
import os
import re
import shlex
import stat
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

import banking
from tests.fuzz_api import BEYOND_A_SCHEMA
from tests.test_project import DOCUMENTS, text_of

ROOT = settings.BASE_DIR
# --- Names --------------------------------------------------------------------------------------


@pytest.mark.once
def test_every_link_resolves():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [
        (page.relative_to(ROOT).as_posix(), target)
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target
    ]
    assert len(links) > 20
    assert [link for link in links if not (ROOT / link[0]).parent.joinpath(link[1]).exists()] == []


@pytest.mark.once
def test_the_index_lists_every_page_in_docs():
    listed = set(re.findall(r"\]\(([\w.]+\.md)\)", text_of("docs/README.md")))
    assert listed == {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}


@pytest.mark.once
def test_percentages_in_prose_have_no_space_before_the_sign():
    code = re.compile(r"```.*?```|`[^`\n]*`", re.S)
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    prose = {page.name: code.sub("", page.read_text(encoding="utf-8")) for page in pages}
    assert [name for name, text in prose.items() if re.search(r"\d[ \u00a0]%", text)] == []


@pytest.mark.once
def test_architecture_walkthroughs_are_complete():
    walks = text_of("docs/ARCHITECTURE.md").partition("## Walks")[2].split("\n### ")[1:]
    assert len(walks) >= 4
    assert all(len(re.findall(r"`[\w/]+\.py::\w+`", walk)) >= 4 for walk in walks)


@pytest.mark.once
def test_every_make_target_in_the_docs_exists():
    targets = set(re.findall(r"^([a-z][\w-]*):", text_of("Makefile"), re.M))
    for name in (*DOCUMENTS, ".github/workflows/ci.yml", ".ci/run"):
        # Only inside code, because "make" is also an ordinary English verb.
        code = re.findall(r"(?:^|run: |`)make ([a-z][\w-]*)", text_of(name), re.M)
        assert set(code) <= targets, name


@pytest.mark.once
def test_there_is_one_version_number():
    newest = re.search(r"^## (\d+\.\d+\.\d+)", text_of("CHANGELOG.md"), re.M)
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    versions = {
        banking.__version__,
        newest[1] if newest else "",
        project["version"],
        settings.SPECTACULAR_SETTINGS["VERSION"],
    }
    assert versions == {banking.__version__}


# --- The secrets of docker compose --------------------------------------------------------------


@pytest.mark.once
def test_docker_compose_needs_only_the_documented_secrets(tmp_path):
    script = tmp_path / "make-secrets.sh"
    script.write_text(text_of("make-secrets.sh"))
    command = ["sh", str(script)]
    first = subprocess.run(command, capture_output=True, text=True)
    assert (first.returncode, first.stderr) == (0, "")
    made = tmp_path / ".env"
    before = made.read_text()
    secrets = dict(re.findall(r"^([A-Z_]+)=([A-Za-z0-9]{64})$", before, re.M))
    demanded = set(re.findall(r"\$\{([A-Z_]+):\?", text_of("docker-compose.yml")))
    assert demanded == {"SECRET_KEY", "POSTGRES_PASSWORD"}
    assert demanded | {"JWT_SIGNING_KEY", "FIELD_ENCRYPTION_KEY"} <= set(secrets)
    assert len(set(secrets.values())) == len(secrets)
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    again = subprocess.run(command, capture_output=True, text=True)
    assert (again.returncode, made.read_text()) == (1, before)


# --- The commands of the API guide --------------------------------------------------------------


@dataclass
class Curl:
    """One curl command of the guide, parsed."""

    status: int
    variable: str
    key: str
    url: str = ""
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


def commands() -> list[tuple[int, str]]:
    blocks = re.findall(r"```sh\n# (\d{3})\n(.+?)\n```", text_of("docs/API.md"), re.S)
    return [(int(status), command) for status, command in blocks]


def take_apart(status: int, command: str, known: dict[str, str]) -> Curl:
    """Parse `NAME=$(curl … | jq -r .key)` or a plain `curl …` as the shell would."""
    found = re.fullmatch(r"(?:(\w+)=\$\()?(curl .+?)(?: \| jq -r \.(\w+)\))?", command)
    assert found, command
    curl = Curl(status, found[1] or "", found[3] or "")
    words = iter(shlex.split(found[2])[1:])
    for word in words:
        if word == "-H":
            name, _, value = filled(next(words), known).partition(": ")
            curl.headers[name] = value
        elif word == "-d":
            curl.body = filled(next(words), known)
        elif word == "-X":
            curl.method = next(words)
        elif word != "-s":
            curl.url = filled(word, known)
    curl.method = curl.method or ("POST" if curl.body else "GET")
    return curl


def filled(word: str, known: dict[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda found: known[found[1]], word)


def send(curl: Curl) -> Any:
    return Client().generic(
        curl.method,
        curl.url,
        curl.body,
        content_type=curl.headers.get("Content-Type", "application/octet-stream"),
        headers=curl.headers,
    )


@pytest.mark.django_db
def test_commands_of_the_api_guide_return_what_it_says():
    known = {"API": "/api"}
    answers = []
    for status, command in commands():
        curl = take_apart(status, command, known)
        response = send(curl)
        assert response.status_code == status, f"{command}\n{response.content.decode()}"
        answers.append(response)
        if curl.variable:
            known[curl.variable] = str(response.json()[curl.key])
    assert len(answers) >= 14
    created = [json.loads(answer.content) for answer in answers if answer.status_code == 201][-2:]
    assert created[0]["id"] == created[1]["id"]
    refused = [answer.json() for answer in answers if answer.status_code in {400, 401, 404, 422}]
    assert all({"type", "errors"} <= set(refusal) for refusal in refused)


@pytest.mark.once
def test_scripts_are_executable():
    scripts = [Path("make-secrets.sh"), Path(".ci/run"), Path("manage.py")]
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []


@pytest.mark.once
def test_api_guide_explains_every_refusal_beyond_the_schema():
    guide = text_of("docs/API.md")
    for code in BEYOND_A_SCHEMA:
        assert f"`{code}`" in guide or (code.startswith("password_") and "`password_…`" in guide)
