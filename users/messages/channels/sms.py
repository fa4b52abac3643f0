"""SMS by Twilio's REST API; the delivery status arrives later in a signed callback."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

import requests
from django.conf import settings
from django.urls import reverse

from banking.limits import SMS_LENGTH
from users.messages.channels import Outcome, Result
from users.models import Notification, User

TIMEOUTS = (5, 10)
PHONE = re.compile(r"\+[1-9]\d{6,14}")
_PORTS = {"http": 80, "https": 443}


def is_set_up() -> bool:
    return bool(
        settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN and settings.TWILIO_PHONE_NUMBER
    )


def problem(user: User) -> str:
    """Why this user cannot get SMS now; "" if they can."""
    if not is_set_up():
        return "Text messages aren't set up here."
    if not PHONE.fullmatch(phone_of(user)):
        return "Add your phone number with its country code first, such as +49 170 1234567."
    return ""


def phone_of(user: User) -> str:
    """The phone number without separators."""
    return re.sub(r"[\s()./-]", "", user.phone)


def callback_url(notification: Notification) -> str:
    """Contains the notification's id: the callback may arrive before the
    response with Twilio's id.
    """
    address = settings.SITE_URL.rstrip("/") + reverse("webhooks-twilio")
    return f"{address}?notification={notification.pk}"


def send(rows: Sequence[Notification], *, unsubscribe_url: str) -> Outcome:
    """Ask Twilio to send one SMS; messages are never sent together."""
    [notification] = rows
    why_not = problem(notification.recipient)
    if why_not:
        return Outcome(Result.SKIPPED, f"Not sent: {why_not}")
    sid = settings.TWILIO_ACCOUNT_SID
    try:
        answer = requests.post(
            f"{settings.TWILIO_BASE_URL.rstrip('/')}/2010-04-01/Accounts/{sid}/Messages.json",
            auth=(sid, settings.TWILIO_AUTH_TOKEN),
            data={
                "To": phone_of(notification.recipient),
                "From": settings.TWILIO_PHONE_NUMBER,
                "Body": f"{settings.SITE_NAME}: {notification.text}"[:SMS_LENGTH],
                "StatusCallback": callback_url(notification),
            },
            timeout=TIMEOUTS,
            allow_redirects=False,
        )
    except requests.ConnectTimeout as error:
        return Outcome(Result.RETRY, f"No connection: {type(error).__name__}", is_down=True)
    except requests.ConnectionError as error:
        return _broken_off(error)
    except requests.RequestException as error:
        return Outcome(Result.UNKNOWN, f"No response: {type(error).__name__}")
    return _read(answer)


def _broken_off(error: requests.ConnectionError) -> Outcome:
    """Retry if no connection was made. If it broke later, the message may have been sent."""
    if "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error):
        return Outcome(Result.RETRY, "No connection.", is_down=True)
    return Outcome(Result.UNKNOWN, "The connection was lost before a response arrived.")


def _read(answer: requests.Response) -> Outcome:
    try:
        body = answer.json()
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    status = answer.status_code
    if answer.ok and body.get("sid"):
        return Outcome(Result.SENT, f"{status} {body.get('status', '')}", str(body["sid"])[:120])
    words = f"{status} {body.get('code', '')} {body.get('message', '')}".strip()
    if answer.ok:
        return Outcome(Result.UNKNOWN, f"{words} The response has no message id.")
    if status == 429 or status >= 500:
        return Outcome(Result.RETRY, words)
    return Outcome(Result.FAILED, words)


# --- The callback's signature --------------------------------------------------------------------


def is_signed(*, url: str, form: Mapping[str, Sequence[str]], signature: str) -> bool:
    """Whether Twilio signed this request with our token (with or without the URL's port)."""
    if not settings.TWILIO_AUTH_TOKEN:
        return False
    given = signature.encode("utf-8", "replace")
    return any(
        hmac.compare_digest(sign(address, form, settings.TWILIO_AUTH_TOKEN).encode(), given)
        for address in _spellings(url)
    )


def sign(url: str, form: Mapping[str, Sequence[str]], token: str) -> str:
    """base64(HMAC-SHA1(token, URL + each sorted name with each of its sorted unique values))."""
    text = url + "".join(name + value for name in sorted(form) for value in sorted(set(form[name])))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()


def _spellings(url: str) -> list[str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or _PORTS.get(parts.scheme, 443)
    return [urlunsplit(parts._replace(netloc=netloc)) for netloc in (host, f"{host}:{port}")]
