"""`make` installs what is missing or outdated, and explains failures in a sentence."""

import ast
import stat
import sys
from pathlib import Path

import pytest

from banking.launcher import install

pytestmark = pytest.mark.once


@pytest.fixture
def house(tmp_path, monkeypatch) -> Path:
    """An empty checkout, and a PATH with only the programs that a test adds."""
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "PYTHON", tmp_path / ".venv/bin/python")
    monkeypatch.setattr(install, "STAMPS", tmp_path / ".venv/installed.json")
    monkeypatch.setattr(install, "TYPESCRIPT", tmp_path / "typescript")
    monkeypatch.setattr(install, "AXE", tmp_path / "axe")
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\n")
    (tmp_path / "requirements.lock").write_text("# nothing\n")
    (tmp_path / "requirements-dev.lock").write_text("# nothing\n")
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "programs").mkdir()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    return tmp_path


def put_program(house: Path, name: str, script: str) -> None:
    program = house / "programs" / name
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {house}/calls\n{script}\n')
    program.chmod(program.stat().st_mode | stat.S_IEXEC)


def calls(house: Path) -> list[str]:
    file = house / "calls"
    return file.read_text().splitlines() if file.exists() else []


def test_front_end_packages_are_reinstalled_only_when_the_lock_changes(house):
    put_program(house, "npm", "/bin/mkdir -p node_modules")
    install.install_node_packages(house)
    install.install_node_packages(house)
    assert len(calls(house)) == 1
    assert "npm ci --ignore-scripts" in calls(house)[0]
    (house / "package-lock.json").write_text('{"new": true}')
    install.install_node_packages(house)
    assert len(calls(house)) == 2


def test_what_only_the_tests_need_from_npm_is_installed_for_developers_alone(house, monkeypatch):
    monkeypatch.chdir(house)
    put_program(house, "uv", "")
    put_program(house, "npm", "/bin/mkdir -p node_modules")
    folders = (house / "typescript", house / "axe")
    for folder in folders:
        folder.mkdir()
        (folder / "package-lock.json").write_text("{}")
    assert install.main([]) == 0
    assert not any((folder / "node_modules").exists() for folder in folders)
    assert install.main(["--dev"]) == 0
    assert all((folder / "node_modules/.installed").exists() for folder in folders)
    assert len([call for call in calls(house) if "npm ci" in call]) == 3


def test_python_packages_are_reinstalled_only_when_their_list_changes(house):
    put_program(house, "uv", "")
    install.install_packages("requirements-dev.txt")
    install.install_packages("requirements-dev.txt")
    install.install_packages("requirements.txt")  # the other list includes it
    assert len(calls(house)) == 1
    (house / "requirements.txt").write_text("# changed\n")
    install.install_packages("requirements.txt")
    assert len(calls(house)) == 2


def test_uv_installs_by_hash_and_pip_from_the_pinned_list(house):
    put_program(house, "uv", "")
    install.install_packages("requirements-dev.txt")
    assert calls(house)[0].endswith(" --require-hashes -r requirements-dev.lock")
    (house / "programs/uv").unlink()
    (house / ".venv/bin/python").unlink()
    put_program(house, "python", "")
    (house / "programs/python").rename(house / ".venv/bin/python")
    (house / "requirements.txt").write_text("# changed\n")
    install.install_packages("requirements.txt")
    assert calls(house)[1].endswith(" -r requirements.txt")
    assert "--require-hashes" not in calls(house)[1]


def test_unreachable_registry_is_reported_with_advice(house, capsys, monkeypatch):
    put_program(house, "uv", "")
    put_program(house, "npm", "echo 'getaddrinfo ENOTFOUND' >&2; exit 1")
    monkeypatch.chdir(house)
    assert install.main([]) == 1
    said = capsys.readouterr().err
    assert "getaddrinfo ENOTFOUND" in said
    assert "The front-end packages could not be installed. If the npm registry" in said
    assert not (house / "node_modules/.installed").exists()


def test_broken_environment_is_recreated(house):
    put_program(house, "uv", "")
    assert install._environment_works()
    (house / ".venv/bin/python").unlink()
    (house / ".venv/bin/python").symlink_to(house / "a python that was upgraded away")
    install.create_environment()
    [call] = calls(house)
    assert f"--clear --python {sys.executable}" in call


def test_installer_needs_only_the_standard_library():
    tree = ast.parse(Path(install.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert names <= sys.stdlib_module_names
