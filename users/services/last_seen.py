"""When a browser session was last used, to the nearest five minutes."""

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession

STEP = timedelta(minutes=5)


def note_use(*, session_key: str, ip: str | None, user_agent: str, at: datetime) -> None:
    """Store the time unless another process has just done so. Records no audit event."""
    before = UserSession.objects.filter(session_key=session_key, last_seen_at__lt=at - STEP)
    seen = {"last_seen_at": at, "user_agent": user_agent[:200]}
    before.update(**seen, **({"ip": ip} if ip else {}))
