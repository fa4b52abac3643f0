"""`/metrics` is available to the local machine or with the token, and to nobody else."""

import pytest
from django.test import Client

from banking.kernel.metrics import metrics

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(client: Client):
    def ask(**headers: str) -> int:
        return client.get("/metrics", headers=headers).status_code

    return ask


@pytest.mark.slow
@pytest.mark.once
def test_local_machine_can_read_the_metrics(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert b"django_http_requests_total_by_method_total" in answer.content


def test_proxied_requests_are_rejected(ask):
    assert ask(x_forwarded_for="127.0.0.1") == 404


def test_other_machines_get_404(client):
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 404


@pytest.mark.slow
@pytest.mark.once
def test_only_the_correct_token_grants_access(ask, settings):
    settings.METRICS_TOKEN = "right-token"
    assert ask(authorization="Bearer right-token") == 200
    assert ask(authorization="Bearer wrong-token") == 404
    assert ask() == 404


def test_metrics_view_is_at_its_url():
    assert metrics.login_required is False
