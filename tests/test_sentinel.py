"""Cache and broker by Sentinel: a killed primary is replaced, and nothing else has to restart."""

import signal

import pytest
import redis
from django.core.cache import caches
from redis.exceptions import RedisError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from banking.kernel import stores, waking
from banking.kernel.cache_breaker import BreakingRedis
from banking.kernel.sentinel import Watched
from tests import servers
from users.engine_check import examine_sentinels
from users.tasks import deliver_notifications

pytestmark = [pytest.mark.once, pytest.mark.slow]
LONGEST_SECONDS = 120


CHANGED = ("broker_url", "broker_read_url", "broker_write_url", "task_always_eager")


@pytest.fixture
def watched(settings, monkeypatch, tmp_path):
    """A service of two, watched by three sentinels, which is cache and broker."""
    app = deliver_notifications.app
    before = {name: app.conf[name] for name in CHANGED}
    with servers.sentinels() as found:
        settings.CACHES = {"default": stores.cache(found.url)}
        address = stores.broker_url(found.url)
        app.conf.update(zip(CHANGED, (address, address, address, False), strict=True))
        settings.CELERY_BROKER_TRANSPORT_OPTIONS = stores.broker_options(found.url, tmp_path)
        monkeypatch.setattr("banking.kernel.cache_breaker.AWAY_SECONDS", 0)
        monkeypatch.setattr(waking, "AWAY_SECONDS", 0)
        waking.publishing_connection.cache_clear()
        yield found
        caches["default"].close()
    app.conf.update(before)
    waking.publishing_connection.cache_clear()
    waking.breaker.away_until = 0
    BreakingRedis.away_until.clear()


def until_it_works(act):
    errors = (RedisError, waking.BrokerAwayError)
    patient = Retrying(
        retry=retry_if_exception_type(errors),
        stop=stop_after_delay(LONGEST_SECONDS),
        wait=wait_fixed(0.1),
    )
    return patient(act)


def test_a_killed_primary_is_replaced_for_cache_and_broker(watched):
    cache = caches["default"]
    cache.set("before", "kept")
    waking.publish(deliver_notifications)
    assert redis.Redis(port=watched.port).wait(1, LONGEST_SECONDS * 1000) == 1
    assert [one.is_missing for one in examine_sentinels(watched.url)] == [False] * 3
    watched.primary.kill()
    until_it_works(lambda: cache.set("after", "new"))
    assert (cache.get("before"), cache.get("after")) == ("kept", "new")
    until_it_works(lambda: waking.publish(deliver_notifications))
    assert waking.is_broker_there()
    now = redis.sentinel.Sentinel(Watched.at(watched.url).sentinels).master_for("bank")
    assert now.llen("celery") == 2


def test_a_late_answer_is_no_other_commands_answer(settings, monkeypatch):
    monkeypatch.setattr("banking.kernel.cache_breaker.AWAY_SECONDS", 0)
    with servers.sentinels(silence_milliseconds=60_000) as found:
        settings.CACHES = {"default": stores.cache(found.url)}
        cache = caches["default"]
        cache.set_many({"first": "of Alice", "second": "of Bob"})
        found.primary.send_signal(signal.SIGSTOP)
        with pytest.raises(RedisError):
            cache.get("first")
        found.primary.send_signal(signal.SIGCONT)
        assert until_it_works(lambda: cache.get("second")) == "of Bob"
        assert cache.get("first") == "of Alice"
        cache.close()
    BreakingRedis.away_until.clear()


def test_the_urls_of_sentinels(tmp_path):
    url = "sentinel://:p%40ss@one,two:26380/bank/2"
    found = Watched.at(url)
    assert found.sentinels == (("one", 26379), ("two", 26380))
    assert (found.service, found.login, found.database) == ("bank", {"password": "p@ss"}, 2)
    assert stores.broker_url(url) == (
        "sentinel://:p%40ss@one:26379/2;sentinel://:p%40ss@two:26380/2"
    )
    assert stores.broker_options(url, tmp_path)["master_name"] == "bank"
    for wrong in ("sentinel://one", "sentinel:///bank", "sentinel://one/bank/x"):
        with pytest.raises(Exception, match="Sentinel URL"):
            Watched.at(wrong)
