"""Email by Django's mail settings. Once DATA is sent, a mail may have arrived unless refused."""

import re
import smtplib
from collections.abc import Iterable, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address
from django.template.loader import render_to_string

from users.messages.channels import Outcome, Result
from users.models import Notification, User

NOT_SET_UP = "Not sent because email isn't set up. The message was saved to the mail folder."


def problem(user: User) -> str:
    """Why this user cannot get mail now; "" if they can."""
    return (
        ""
        if settings.SMTP_HOST
        else "Email isn't set up yet. Messages are saved to a folder instead."
    )


def send(rows: Sequence[Notification], *, unsubscribe_url: str) -> Outcome:
    """Send one mail with these messages; without a server, save it to the folder and say so."""
    message = _message(rows, unsubscribe_url)
    connection = get_connection()
    if isinstance(connection, EmailBackend):
        return _by_smtp(connection, message)
    connection.send_messages([message])
    if not settings.SMTP_HOST:
        return Outcome(Result.SKIPPED, NOT_SET_UP)
    return Outcome(Result.SENT, "Sent.", message.extra_headers["Message-ID"])


def words_for(kinds: Iterable[str]) -> str:
    """The kinds of messages in words, such as “budget warning” and “low balance”."""
    return "” and “".join(dict.fromkeys(kind.replace("_", " ") for kind in kinds))


def message_id(notification: Notification) -> str:
    """The same id for every attempt, so that a mail server can detect duplicates."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"<notification-{notification.pk}@{host}>"


def _message(rows: Sequence[Notification], unsubscribe_url: str) -> EmailMultiAlternatives:
    recipient, subject = rows[0].recipient, _subject(rows)
    links = [settings.SITE_URL.rstrip("/") + row.link if row.link else "" for row in rows]
    context = {
        "subject": subject,
        "lines": [{"text": row.text, "link": link} for row, link in zip(rows, links, strict=True)],
        "kind": words_for(row.kind for row in rows),
        "recipient": recipient,
        "link": links[0] if len(rows) == 1 else "",
        "unsubscribe_url": unsubscribe_url,
        "site_name": settings.SITE_NAME,
    }
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string("users/email/notification.txt", context),
        to=[recipient.email],
        headers={
            "Message-ID": message_id(max(rows, key=lambda row: row.pk)),
            "List-Unsubscribe": f"<{unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    html = render_to_string("users/email/notification.html", context)
    message.attach_alternative(html, "text/html")
    return message


def _subject(rows: Sequence[Notification]) -> str:
    """The subject all messages share, or how many there are."""
    subjects = list(dict.fromkeys(" ".join(row.subject.split()) for row in rows))
    if len(rows) == 1:
        return subjects[0]
    return f"{subjects[0]} ({len(rows)})" if len(subjects) == 1 else f"{len(rows)} new alerts"


def _by_smtp(connection: EmailBackend, message: EmailMultiAlternatives) -> Outcome:
    """Send step by step: failures before the text is transferred can be retried."""
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        return Outcome(Result.RETRY, f"No connection: {_words(error)}", is_down=True)
    server = cast(smtplib.SMTP, cast(Any, connection).connection)
    try:
        return _hand_over(server, message)
    finally:
        connection.close()


def _hand_over(server: smtplib.SMTP, message: EmailMultiAlternatives) -> Outcome:
    sender = sanitize_address(message.from_email, "utf-8")
    data = cast(Any, message.message()).as_bytes(linesep="\r\n")
    try:
        server.ehlo_or_helo_if_needed()
        for step, address in ((server.mail, sender), (server.rcpt, message.to[0])):
            code, answer = step(_bare(address))
            if code not in (250, 251):
                return _refused(code, answer)
    except (OSError, smtplib.SMTPException) as error:
        return Outcome(
            Result.RETRY, f"Connection lost before sending: {_words(error)}", is_down=True
        )
    try:
        code, answer = server.data(data)
    except smtplib.SMTPDataError as error:
        return _refused(error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        return Outcome(Result.UNKNOWN, f"Connection lost while sending: {_words(error)}")
    if code != 250:
        return _refused(code, answer)
    return Outcome(Result.SENT, _said(code, answer), message.extra_headers["Message-ID"])


def _bare(address: str) -> str:
    found = re.search(r"<([^<>]+)>\s*$", address)
    return found[1] if found else address


def _refused(code: int, answer: bytes | str) -> Outcome:
    result = Result.RETRY if 400 <= code < 500 else Result.FAILED
    return Outcome(result, _said(code, answer))


def _said(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {text}"


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
