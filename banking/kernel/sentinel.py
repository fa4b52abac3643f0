"""Cache and broker by Sentinel: several Valkey or Redis, of which the sentinels name the primary.

One URL names the sentinels, the service they watch, and its database:
`sentinel://:password@host1:26379,host2:26379,host3:26379/bank/0`. The password is the service's.
"""

from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from redis.sentinel import Sentinel, SentinelConnectionPool, SentinelManagedConnection

SENTINEL = "sentinel://"
PORT = 26379


@dataclass(frozen=True)
class Watched:
    """A service and the sentinels that watch it."""

    sentinels: tuple[tuple[str, int], ...]
    service: str
    login: dict[str, str]
    database: int

    @classmethod
    def at(cls, url: str) -> Self:
        """Raises ImproperlyConfigured for a URL without a service."""
        login, _, hosts = urlsplit(url).netloc.rpartition("@")
        service, _, database = urlsplit(url).path.strip("/").partition("/")
        if not hosts or not service or not (database or "0").isdecimal():
            raise ImproperlyConfigured("A Sentinel URL is sentinel://host1,host2/service/0.")
        user, _, password = login.partition(":")
        named = {"username": unquote(user), "password": unquote(password)}
        return cls(
            sentinels=tuple(_address(host) for host in hosts.split(",")),
            service=service,
            login={name: value for name, value in named.items() if value},
            database=int(database or 0),
        )

    def broker_url(self, url: str) -> str:
        """Celery's spelling of the URL, without the service: one for each sentinel."""
        login, at, _ = urlsplit(url).netloc.rpartition("@")
        return ";".join(
            f"{SENTINEL}{login}{at}{host}:{port}/{self.database}" for host, port in self.sentinels
        )


def _address(host: str) -> tuple[str, int]:
    name, _, port = host.partition(":")
    return name, int(port or PORT)


class Connection(SentinelManagedConnection):
    """Closed when an answer does not come.

    redis-py would keep it (its pull request 4292), and the next command would get the late answer:
    one person what was cached for another.
    """

    def read_response(self, *args: Any, **options: Any) -> Any:
        return super().read_response(*args, **{"disconnect_on_error": True} | options)


class Pool(SentinelConnectionPool):
    """Connections to the primary of the moment, for Django's Redis cache."""

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Self:
        watched = Watched.at(url)
        waits = {name: value for name, value in options.items() if name.startswith("socket_")}
        client: Any = Sentinel
        sentinel = client(watched.sentinels, sentinel_kwargs=waits)
        return cls(
            watched.service,
            sentinel,
            db=watched.database,
            connection_class=Connection,
            **watched.login,
            **options,
        )
