"""Mails about signing in: sent beside the request, which neither waits for a server nor fails.

They hold links that open an account, so they are in no table and no queue: staff read the outbox,
and a broker keeps what it is given. What is lost with a process can be asked for again.
"""

from concurrent.futures import ThreadPoolExecutor
from smtplib import SMTPException
from threading import BoundedSemaphore

import structlog
from django.conf import settings
from django.core.mail import EmailMessage

from banking.limits import MAILS_WAITING

logger = structlog.get_logger(__name__)

_places = BoundedSemaphore(MAILS_WAITING)
_senders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="account-mail")


def send_soon(message: EmailMessage, template: str) -> None:
    """Send it in a moment; in the tests, and where there is no other thread, at once."""
    if not settings.MAIL_IN_BACKGROUND:
        _send(message, template)
    elif _places.acquire(blocking=False):
        _senders.submit(_send_and_leave, message, template)
    else:
        logger.error("mail_not_sent", template=template, reason="TooManyWaiting")


def _send_and_leave(message: EmailMessage, template: str) -> None:
    try:
        _send(message, template)
    finally:
        _places.release()


def _send(message: EmailMessage, template: str) -> None:
    try:
        message.send()
    except (OSError, SMTPException) as error:
        logger.error("mail_not_sent", template=template, reason=type(error).__name__)
