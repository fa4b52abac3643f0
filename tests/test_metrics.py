"""`/metrics` is there for this machine, or for whoever shows the token; for nobody else."""

import pytest
from django.test import Client

from banking.kernel.metrics import metrics

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(client: Client):
    def ask(**headers: str) -> int:
        return client.get("/metrics", headers=headers).status_code

    return ask


def test_this_machine_reads_the_counts(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert b"django_http_requests_total_by_method_total" in answer.content


def test_nobody_reads_them_through_a_proxy(ask):
    assert ask(x_forwarded_for="127.0.0.1") == 404


def test_another_machine_finds_nothing(client):
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 404


def test_a_token_opens_them_and_nothing_else_does(ask, settings):
    settings.METRICS_TOKEN = "right-token"
    assert ask(authorization="Bearer right-token") == 200
    assert ask(authorization="Bearer wrong-token") == 404
    assert ask() == 404


def test_it_is_the_view_at_that_address():
    assert metrics.login_required is False
