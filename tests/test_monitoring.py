"""What monitoring sees: the product's state as metrics, and alerts and dashboard that use them."""

import json
import re

import pytest
import yaml
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection
from django.db import transaction as db_transaction
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import RateFetch
from accounts.tasks import refresh_rates_at_start
from banking.kernel import stores, waking
from insights.staff import state_metrics
from insights.staff.figures import LEDGER_JOB
from insights.staff.job_log import record_run
from tests import servers
from tests.builders import NOON
from transactions.models import ImportBatch
from users.messages.outbox import notify

pytestmark = pytest.mark.django_db

ROOT = settings.BASE_DIR
# Written by a label's value, not by us.
FUNCTIONS = {
    *("rate", "increase", "delta", "sum", "max", "by", "histogram_quantile", "le", "method"),
    *("status", "state", "kind", "reason", "alias", "job", "task", "limit", "action"),
}


@pytest.fixture
def broker(monkeypatch):
    """A broker, so that there is a queue to measure."""
    with servers.valkey() as url:
        app = waking.current_app
        before = app.conf.broker_write_url
        app.conf.broker_write_url = stores.broker_url(url)
        waking.publishing_connection.cache_clear()
        yield
        app.conf.broker_write_url = before
    waking.publishing_connection.cache_clear()


def shown(client):
    """{(name, label values): number} of /metrics, and the names of all families."""
    families = list(text_string_to_metric_families(client.get("/metrics").text))
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }
    return samples, {family.name for family in families}


def expressions():
    """Every expression of the alert rules and of the dashboard."""
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    yield from (rule["expr"] for group in rules["groups"] for rule in group["rules"])
    board = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text())
    yield from (target["expr"] for panel in board["panels"] for target in panel["targets"])


def names_in(expression):
    bare = re.sub(r'\{[^}]*\}|\[\w+\]|"[^"]*"', "", expression)
    return set(re.findall(r"[a-z_]{4,}", bare)) - FUNCTIONS


@pytest.mark.slow
def test_every_metric_of_alerts_and_dashboard_exists(client, broker, alice):
    for job in (LEDGER_JOB, state_metrics.HEARTBEAT_JOB):
        record_run(name=job, at=NOON, duration_ms=1500, result="True")
    RateFetch.objects.create(source="ECB", asked_at=NOON, has_succeeded=True)
    _, families = shown(client)
    known = families | {f"{name}_total" for name in families} | {f"{n}_bucket" for n in families}
    if connection.vendor != "postgresql":
        known |= {"banking_database_connections", "banking_database_connections_max"}
    named = set().union(*map(names_in, expressions()))
    assert named - known == set()
    assert len(named) > 25


@pytest.mark.slow
def test_state_is_read_when_asked_for(client, broker, alice, checking):
    record_run(name=LEDGER_JOB, at=NOON, duration_ms=1500, result="False")
    ImportBatch.objects.create(user=alice, account=checking, file_name="a", sha256="b")
    notify(
        recipient=alice, kind="bill_due", target_key="bill:1", channels=["email"], subject="s",
        text="t", on=NOON.date(), at=NOON, is_urgent=True,
    )  # fmt: skip
    state, _ = shown(client)
    assert state["banking_state_readable",] == 1
    assert state["banking_broker_up",] == 1
    assert state["banking_queue_messages",] == 0
    assert state["banking_check_passed", "ledger"] == 0
    assert state["banking_job_runs_total", LEDGER_JOB] == 1
    assert state["banking_job_duration_seconds", LEDGER_JOB] == 1.5
    assert state["banking_work_waiting", "import"] == 1
    assert state["banking_work_waiting", "export"] == 0
    assert state["banking_outbox_messages", "pending"] == 1
    assert state["banking_outbox_oldest_seconds",] > 0
    assert state["banking_audit_events",] > 0
    if connection.vendor == "postgresql":
        assert state["banking_database_connections", "active"] >= 1


@pytest.mark.slow
@pytest.mark.once
def test_without_a_database_the_processes_still_answer(client, monkeypatch):
    def fail(at):
        raise OperationalError("db-7")

    monkeypatch.setattr(state_metrics, "read_state", fail)
    state, families = shown(client)
    assert state["banking_state_readable",] == 0
    assert "banking_audit_events" not in families
    assert "database_errors" in families


@pytest.mark.slow
def test_failed_statements_and_refused_sign_ins_are_counted(client, alice):
    refused = ("audit_events_total", "users.sign_in.failed")
    failed = ("database_errors_total", "OperationalError", "ProgrammingError")
    before, _ = shown(client)
    client.post("/users/login/", {"login": alice.email, "password": "wrong"})
    with pytest.raises(DatabaseError), db_transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")
    after, _ = shown(client)
    assert after[refused] - before.get(refused, 0) == 1
    kinds = [(failed[0], kind) for kind in failed[1:]]
    assert sum(after.get(kind, 0) - before.get(kind, 0) for kind in kinds) == 1


@pytest.mark.once
def test_a_new_worker_asks_for_exchange_rates_at_once(settings):
    settings.ECB_BASE_URL = settings.OPEN_ER_API_BASE_URL = "http://127.0.0.1:9"
    refresh_rates_at_start()
    assert RateFetch.objects.filter(has_succeeded=False).exists()
    assert settings.CELERY_WORKER_SEND_TASK_EVENTS
