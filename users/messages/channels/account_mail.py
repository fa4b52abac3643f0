"""Account emails, sent in the background so that requests neither wait nor fail.

They contain links that grant access, so they are stored in no table or queue: staff can read the
outbox, and a broker stores its messages. Mails lost with a process can be requested again.
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
    """Send in the background; in tests, or without another thread, immediately."""
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
