"""Logging: one line per event, JSON for machines, text for people.

A line contains the request's id, the user's id and the duration; never a secret, an amount, or a
URL's query. Errors also go to Sentry where it is configured, without personal data.
"""

import re
import sys
import time
from collections.abc import Callable
from typing import Any, cast

import sentry_sdk
import structlog
from django.db import DatabaseError
from django.db.backends.signals import connection_created
from django_structlog.signals import bind_extra_request_metadata

from banking.kernel.counters import (
    database_connections,
    database_errors,
    database_slow_statements,
)

SECRET_NAMES = re.compile(
    "password|secret|token|authorization|cookie|api_?key|otp|amount|balance|session_key", re.I
)
# URLs that are themselves secret: password reset and email confirmation.
SECRET_PATHS = re.compile(r"(/(?:key|confirm-email)/)[^/?\s]+")
QUIET = ("DisallowedHost", "RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent")
SLOW_QUERY_SECONDS = 0.5

slow_queries = structlog.get_logger("banking.slow_queries")


def configuration(*, level: str, style: str) -> dict[str, Any]:
    """Django's LOGGING: all logs, including libraries', go through one formatter to stderr.

    `style` is "text", "json", or "auto": text in a terminal, otherwise JSON.
    """
    is_text = style == "text" or (style == "auto" and sys.stderr.isatty())
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *(_for_people() if is_text else _for_machines()),
                ],
                "foreign_pre_chain": _common_processors(),
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            # Already logged, with the request's id, as request_finished or request_failed.
            "django.request": {"level": "CRITICAL"},
            # Refused requests with a traceback each: any scanner could fill the log.
            **{f"django.security.{name}": {"level": "CRITICAL"} for name in QUIET},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # At DEBUG it logs requests with their query for each variable a template lacks.
            "django.template": {"level": "INFO"},
            # At DEBUG it logs full URLs: an exchange rate provider needs its key in one.
            "urllib3": {"level": "INFO"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }


def start(*, sentry_dsn: str) -> None:
    """Called once per process, when the settings are loaded."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common_processors(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    bind_extra_request_metadata.connect(_remember_start, dispatch_uid="banking.logs")
    connection_created.connect(_watch_queries, dispatch_uid="banking.logs")
    if sentry_dsn:
        sentry_sdk.init(
            dsn=sentry_dsn,
            send_default_pii=False,
            include_local_variables=False,
            max_request_body_size="never",
            before_send=cast(Any, _without_query),
            before_breadcrumb=lambda crumb, hint: None,
        )


def _common_processors() -> list[Callable]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_duration,
        remove_secrets,
        structlog.processors.StackInfoRenderer(),
    ]


def _for_machines() -> list[Callable]:
    # Without format_exc_info a traceback would be written as "<traceback object>".
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _for_people() -> list[Callable]:
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(exception_formatter=plain)]


# --- Processors ---------------------------------------------------------------------------------


def add_duration(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Add the duration to the last line of a request."""
    started = event.pop("request_started_at", None)
    if started is not None and event.get("event") in {"request_finished", "request_failed"}:
        event["duration_ms"] = round((time.perf_counter() - started) * 1000, 1)
    return event


def remove_secrets(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Remove values of secret fields, queries of URLs, and one-time links."""
    for name, value in event.items():
        if SECRET_NAMES.search(name):
            event[name] = "[removed]"
        elif name == "request" and isinstance(value, str):
            event[name] = SECRET_PATHS.sub(r"\1[removed]", value.partition("?")[0])
    return event


def _without_query(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any]:
    request = event.get("request", {})
    for part in ("query_string", "cookies", "data", "headers"):
        request.pop(part, None)
    if "url" in request:
        request["url"] = SECRET_PATHS.sub(r"\1[removed]", request["url"])
    return event


# --- Watchers -----------------------------------------------------------------------------------


def _remember_start(sender: Any, **kwargs: Any) -> None:
    structlog.contextvars.bind_contextvars(request_started_at=time.perf_counter())


def _watch_queries(sender: Any, connection: Any, **kwargs: Any) -> None:
    database_connections.labels(connection.alias).inc()
    if watch_query not in connection.execute_wrappers:
        connection.execute_wrappers.append(watch_query)


def watch_query(
    execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Count failed statements; log one that takes more than half a second, without its values."""
    started = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    except DatabaseError as error:
        database_errors.labels(type(error).__name__).inc()
        raise
    finally:
        seconds = time.perf_counter() - started
        if seconds >= SLOW_QUERY_SECONDS:
            database_slow_statements.inc()
            slow_queries.warning(
                "slow_query", duration_ms=round(seconds * 1000, 1), sql=str(sql)[:2000]
            )
