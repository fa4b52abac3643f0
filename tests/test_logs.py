"""Request logs: who, what and how long; no secrets, amounts or query strings."""

import json
import logging
import logging.config
from io import StringIO

import pytest
import structlog
from django.db import connection
from django.test import Client

from banking import logs

pytestmark = pytest.mark.django_db


@pytest.fixture
def written(settings):
    """Return `written()`: the JSON log lines since the test began."""
    stream = StringIO()
    configuration = logs.configuration(level="INFO", style="json")
    configuration["handlers"]["stderr"]["stream"] = stream
    logging.config.dictConfig(configuration)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.config.dictConfig(settings.LOGGING)


def test_each_request_logs_one_line_with_its_id_user_and_duration(written, client_for, alice):
    client_for(alice).get("/healthz?amount_min=4711&search=doctor")
    [line] = written()
    assert line["event"] == "request_finished"
    assert line["request"] == "GET /healthz"
    assert line["code"] == 200
    assert line["user_id"] == alice.pk
    assert len(line["request_id"]) == 36
    assert line["duration_ms"] > 0
    assert "4711" not in json.dumps(line)


def test_one_time_links_are_not_logged(written):
    Client().get("/users/password/reset/key/1-abc-0123456789abcdef/")
    assert [line["request"] for line in written()] == ["GET /users/password/reset/key/[removed]/"]


@pytest.mark.parametrize("name", ["password", "access_token", "Authorization", "amount", "otp"])
def test_values_named_like_secrets_are_not_logged(written, name):
    structlog.get_logger("banking").info("something", **{name: "4711"})
    [line] = written()
    assert line[name] == "[removed]"


def test_exceptions_are_logged_with_a_traceback_but_no_values(written):
    pin = "4711"
    try:
        raise ValueError(len(pin))
    except ValueError:
        logging.getLogger("some.library").exception("It broke")
    [line] = written()
    assert "test_logs.py" in line["exception"]
    assert "ValueError: 4" in line["exception"]
    assert "4711" not in json.dumps(line)


def test_slow_statements_are_logged_without_values(written, monkeypatch):
    monkeypatch.setattr(logs, "SLOW_QUERY_SECONDS", 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(%s AS INTEGER)", [4711])
    [line] = [line for line in written() if "CAST" in line["sql"]]
    assert line["event"] == "slow_query"
    assert "4711" not in json.dumps(line)


def test_terminals_get_text_and_machines_get_json():
    def last_processor(style):
        processors = logs.configuration(level="INFO", style=style)["formatters"]["lines"][
            "processors"
        ]
        return type(processors[-1])

    assert last_processor("text") is structlog.dev.ConsoleRenderer
    assert last_processor("json") is structlog.processors.JSONRenderer


def test_sentry_receives_errors_without_data():
    event = {
        "request": {
            "url": "https://bank.example/users/password/reset/key/1-abc/",
            "query_string": "search=doctor",
            "cookies": {"session": "s3cret"},
            "data": {"amount": "4711"},
            "headers": {"Authorization": "Bearer s3cret"},
        }
    }
    assert logs._without_query(event, {}) == {
        "request": {"url": "https://bank.example/users/password/reset/key/[removed]/"}
    }
