"""The Dockerfile's image, built and run where there is neither a container engine nor Docker Hub.

buildah builds it. Both base images are stand-ins: Debian's packages of the same release, with this
machine's Python and Node in them. A container is a process with a file system and process ids of
its own, which cannot write to the image, has no privileges and runs as the image's user; like a
container without an init it has the id 1, so it gets only the signals it asked for. It shares this
machine's network.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests import servers
from tests.rehearsal import ROOT

RELEASE, MIRROR = "trixie", "http://deb.debian.org/debian"
# What Python and Node of this machine are linked with.
LIBRARIES = (
    *("ca-certificates", "libbz2-1.0", "libcrypt1", "libexpat1", "libffi8", "liblzma5"),
    *("libncursesw6", "libreadline8t64", "libsqlite3-0", "libssl3t64", "libstdc++6"),
    *("libuuid1", "zlib1g"),
)
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
NAME = "banking-dashboard"
# Runs as root in namespaces of its own and becomes the image's user at the very end.
ENTER = """
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
mount --bind "$DATA" "$ROOT/data"
mount -o remount,bind,ro "$ROOT"
exec chroot "$ROOT" setpriv --reuid "$OWNER" --regid "$OWNER" --clear-groups --no-new-privs \
    --inh-caps=-all --bounding-set=-all -- env -i --chdir="$DIRECTORY" "$@"
"""


class Image:
    """The built image, open as a folder."""

    def __init__(self, root: Path, described: dict[str, Any]) -> None:
        config = described["Docker"]["config"]
        self.root = root
        self.user, self.directory = config["User"], config["WorkingDir"]
        people = (line.split(":") for line in (root / "etc/passwd").read_text().splitlines())
        [home] = [person[5] for person in people if person[0] == self.user]
        self.environment = {"HOME": home} | dict(line.split("=", 1) for line in config["Env"])
        self.command: list[str] = config["Cmd"]
        self.health_check: list[str] = config["Healthcheck"]["Test"][1:]

    def start(
        self, command: list[str], environment: dict[str, str], data: Path, log: Path
    ) -> "Container":
        return Container(self, command, environment, data, log)

    def run(self, command: list[str], environment: dict[str, str], data: Path) -> str:
        """What a container that ends by itself wrote."""
        log = data.parent / "run.log"
        log.unlink(missing_ok=True)
        code = self.start(command, environment, data, log).process.wait(timeout=300)
        if code:
            raise SystemExit(f"{' '.join(command)} ended with {code}: {log.read_text()[-2000:]}")
        return log.read_text()


class Container:
    """A running process of the image."""

    def __init__(
        self, image: Image, command: list[str], environment: dict[str, str], data: Path, log: Path
    ) -> None:
        place = {
            "ROOT": str(image.root),
            "DATA": str(data),
            "OWNER": image.user,
            "DIRECTORY": image.directory,
        }
        given = [f"{name}={value}" for name, value in (image.environment | environment).items()]
        with log.open("a") as output:
            self.process = subprocess.Popen(
                [
                    *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
                    *("sh", "-ec", ENTER, "sh", *given, *command),
                ],
                env={"PATH": os.environ["PATH"], **place},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def signal(self, number: int) -> None:
        """Send the signal to the container's process, which `unshare` only waits for."""
        pid = self.process.pid
        [child] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(int(child), number)

    def kill(self) -> None:
        """Its processes end with it."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def image(folder: Path) -> Iterator[Image]:
    """The image of this folder's Dockerfile, built in that folder."""
    folder.mkdir(exist_ok=True)
    try:
        for base in bases():
            _stand_in(folder, base)
        build = ("build", "--isolation", "chroot", "--pull-never", "--layers=false")
        _buildah(folder, *build, "--format", "docker", "--tag", NAME, str(ROOT))
        described = json.loads(_buildah(folder, "inspect", "--type", "image", NAME))
        container = _buildah(folder, "from", "--pull-never", NAME)
        yield Image(Path(_buildah(folder, "mount", container)), described)
    finally:
        # What no name belongs to any longer is an earlier build.
        for leave in (["umount", "--all"], ["rm", "--all"], ["rmi", "--prune", "--force"]):
            _buildah(folder, *leave)


def bases() -> set[str]:
    """The images that the Dockerfile builds upon."""
    return set(re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.M))


def _buildah(folder: Path, *arguments: str) -> str:
    store = ["--root", folder / "images", "--runroot", folder / "run"]
    program = servers.program("buildah", "buildah")
    result = subprocess.run([program, *store, *arguments], stdout=subprocess.PIPE, text=True)
    if result.returncode:
        raise SystemExit(f"buildah {arguments[0]} ended with {result.returncode}.")
    return result.stdout.strip()


def _stand_in(folder: Path, base: str) -> None:
    """Make an image with that base's name, if it is not there."""
    name = f"docker.io/library/{base}"
    if name in _buildah(folder, "images", "--format", "{{.Name}}:{{.Tag}}").split():
        return
    container = _buildah(folder, "from", "scratch")
    _buildah(folder, "add", "--quiet", container, str(_debian(folder)), "/")
    if base.startswith("python:"):
        _add_python(folder, container)
    elif base.startswith("node:"):
        _add_node(folder, container)
    else:
        raise SystemExit(f"There is no stand-in for {base}.")
    _buildah(folder, "commit", "--quiet", "--rm", container, name)


def _debian(folder: Path) -> Path:
    """Debian's smallest system of the release, with this machine's certificates."""
    system = folder / "debian"
    if not (system / "complete").exists():
        program = servers.program("debootstrap", "debootstrap")
        chosen = ["--variant=minbase", f"--include={','.join(LIBRARIES)}"]
        command = [program, *chosen, RELEASE, system, MIRROR]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if Path(CERTIFICATES).exists():
            shutil.copy(CERTIFICATES, f"{system}{CERTIFICATES}")
        (system / "complete").touch()
    return system


def _add_python(folder: Path, container: str) -> None:
    """This machine's Python without the packages installed in it."""
    prefix = Path(sys.base_prefix)
    if prefix == Path("/usr"):
        raise SystemExit("This machine's Python belongs to the system and cannot be copied.")
    copy = folder / "python"
    ignored = shutil.ignore_patterns("site-packages", "test", "__pycache__", "idlelib", "*.a")
    for part in ("bin", "lib"):
        shutil.copytree(
            prefix / part, copy / part, ignore=ignored, symlinks=True, dirs_exist_ok=True
        )
    _buildah(folder, "add", "--quiet", container, str(copy), "/usr/local")
    settings = folder / "pip.conf"
    settings.write_text(f"[global]\ncert = {CERTIFICATES}\n")
    _buildah(folder, "add", "--quiet", container, str(settings), "/etc/pip.conf")
    _buildah(folder, "run", "--isolation", "chroot", container, "ldconfig")
    shutil.rmtree(copy)


def _add_node(folder: Path, container: str) -> None:
    """This machine's Node and npm."""
    node, npm = (Path(servers.program(name, name)).resolve() for name in ("node", "npm"))
    _buildah(folder, "add", "--quiet", container, str(node), "/usr/local/bin/node")
    package = npm.parent.parent
    _buildah(folder, "add", "--quiet", container, str(package), "/usr/local/lib/npm")
    link = ("ln", "-s", "/usr/local/lib/npm/bin/npm-cli.js", "/usr/local/bin/npm")
    _buildah(folder, "run", "--isolation", "chroot", container, *link)
    own = ("NODE_EXTRA_CA_CERTS", "NPM_CONFIG_CAFILE")
    chosen = [word for name in own for word in ("--env", f"{name}={CERTIFICATES}")]
    _buildah(folder, "config", *chosen, container)
