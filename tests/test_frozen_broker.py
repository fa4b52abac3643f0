"""A real Valkey as broker that is frozen and back: no page waits for it, and no work is lost."""

import os
import signal
from concurrent.futures import wait
from threading import Event
from time import monotonic

import pytest
import redis

from banking import readiness
from banking.kernel import stores, waking
from banking.kernel.waking import BrokerAwayError
from tests import servers
from transactions.tasks import check_import

pytestmark = pytest.mark.once
CHANGED = ("broker_url", "broker_read_url", "broker_write_url", "task_always_eager")


@pytest.fixture
def broker(settings, tmp_path):
    """A client of the Valkey that is the broker; `frozen` stops its process."""
    app = check_import.app
    before = {name: app.conf[name] for name in CHANGED}
    with servers.valkey() as url:
        address = stores.broker_url(url)
        app.conf.update(zip(CHANGED, (address, address, address, False), strict=True))
        settings.CELERY_BROKER_TRANSPORT_OPTIONS = stores.broker_options(address, tmp_path)
        waking.publishing_connection.cache_clear()
        waking.breaker.away_until = 0.0
        client = redis.from_url(url)
        process = client.info("server")["process_id"]
        client.process = process
        yield client
        os.kill(process, signal.SIGCONT)
    app.conf.update(before)
    waking.publishing_connection.cache_clear()
    waking.breaker.away_until = 0.0


def test_a_frozen_broker_is_waited_for_once(broker):
    waking.publish(check_import, 1)
    assert broker.llen("celery") == 1
    os.kill(broker.process, signal.SIGSTOP)
    begun = monotonic()
    for _ in range(50):
        with pytest.raises(BrokerAwayError):
            waking.publish(check_import, 2)
    assert monotonic() - begun < 25 * stores.PUBLISH_SECONDS
    os.kill(broker.process, signal.SIGCONT)
    waking.breaker.away_until = 0.0  # The moment is over.
    waking.publish(check_import, 3)
    assert broker.llen("celery") >= 2


def test_readiness_names_the_frozen_broker(broker, db):
    assert waking.is_broker_there()
    os.kill(broker.process, signal.SIGSTOP)
    assert not waking.is_broker_there()


@pytest.mark.slow
def test_readiness_does_not_wait_for_a_frozen_server_nor_ask_it_twice(client, db, monkeypatch):
    thaw, asked = Event(), []

    def frozen() -> bool:
        asked.append("database")
        return thaw.wait()

    monkeypatch.setitem(readiness.PROBES, "database", frozen)
    for _ in range(2):
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["database"] is False
    assert asked == ["database"]
    thaw.set()
    wait([readiness._waiting["database"]])
    assert client.get("/readyz").json()["checks"]["database"] is True
