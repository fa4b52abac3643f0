"""When a browser session was last used, to the nearest five minutes."""

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession

from users.models import User

STEP = timedelta(minutes=5)


def note_use(
    *, user: User, session_key: str, ip: str | None, user_agent: str, at: datetime
) -> None:
    """Store the time unless another process has just done so. Records no audit event.

    Creates the device's row for a session that has none, such as one begun in code.
    """
    known = UserSession.objects.filter(session_key=session_key)
    seen = {"last_seen_at": at, "user_agent": user_agent[:200], **({"ip": ip} if ip else {})}
    changed = known.filter(last_seen_at__lt=at - STEP).update(**seen)
    if not changed and ip and not known.exists():
        UserSession.objects.get_or_create(session_key=session_key, defaults={"user": user, **seen})
