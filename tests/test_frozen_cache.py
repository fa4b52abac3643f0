"""A real Valkey that is frozen, gone and back: pages go on, and sign-in waits for it."""

import os
import signal

import pytest
import redis
from django.core.cache import cache, caches
from redis.exceptions import RedisError

from banking.kernel import stores
from banking.kernel.cache_breaker import BreakingRedis
from banking.kernel.django_private import redis_client
from tests import servers
from users import limits

pytestmark = pytest.mark.once


@pytest.fixture
def valkey(settings):
    """The process id of the Valkey that is the cache."""
    with servers.valkey() as url:
        settings.CACHES = {"default": stores.cache(url)}
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"api-read": (600, 60)}
        BreakingRedis.away_until.clear()
        process = redis.from_url(url).info("server")["process_id"]
        yield process
        os.kill(process, signal.SIGCONT)
        caches["default"].close()
    BreakingRedis.away_until.clear()


@pytest.fixture
def asked(monkeypatch):
    """The commands that were sent to the server and not refused beforehand."""
    sent = []
    plain = BreakingRedis.__mro__[1].execute_command

    def count(self, *args, **options):
        sent.append(args[0])
        return plain(self, *args, **options)

    monkeypatch.setattr(BreakingRedis.__mro__[1], "execute_command", count)
    return sent


def test_commands_share_a_client(settings):
    settings.CACHES = {"default": stores.cache("redis://127.0.0.1:1/0")}
    assert redis_client("one") is redis_client("another")


@pytest.mark.slow
def test_a_frozen_cache_is_asked_once_and_pages_go_on(valkey, asked, client_for, api_for, alice):
    page, api = client_for(alice), api_for(alice)
    assert api.get("/api/accounts").status_code == 200
    os.kill(valkey, signal.SIGSTOP)
    asked.clear()
    for _ in range(3):
        assert page.get("/").status_code == 200
        assert api.get("/api/accounts").status_code == 200
    assert len(asked) == 1
    with pytest.raises(limits.LimitsUnavailableError):
        limits.consume("sign-in-address", "192.0.2.1")
    assert len(asked) == 1


@pytest.mark.slow
def test_a_cache_that_is_back_is_used_again(valkey, asked):
    cache.set("known", "before")
    os.kill(valkey, signal.SIGSTOP)
    with pytest.raises(RedisError):
        cache.get("known")
    os.kill(valkey, signal.SIGCONT)
    with pytest.raises(RedisError, match="a moment ago"):
        cache.get("known")
    BreakingRedis.away_until.clear()  # The moment is over.
    assert cache.get("known") == "before"
