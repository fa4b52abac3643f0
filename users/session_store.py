"""Browser sessions in the database, each read together with the person signed in with it.

A row of `UserSession` says whose session it is (users/services/last_seen.py sees to it). Nothing is
trusted for being there: `SignedIn` in users/middleware.py checks the person against the session.
"""

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from users.models import User

# One row, with nulls for the person if nobody is known to be signed in.
_READ = f"""
    SELECT person.*, held.session_data FROM {Session._meta.db_table} held
    LEFT JOIN {UserSession._meta.db_table} device ON device.session_key = held.session_key
    LEFT JOIN {User._meta.db_table} person ON person.id = device.user_id
    WHERE held.session_key = %s AND held.expire_date > %s"""  # noqa: S608 - only names of tables


class SessionStore(db.SessionStore):
    """Django's store of sessions in the database; `person` is whose session this is, if known."""

    person: User | None = None

    def load(self) -> dict[str, Any]:
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        found: Any
        for found in User.objects.raw(_READ, [self.session_key, now]):
            self.person = found if found.pk else None
            data: dict[str, Any] = self.decode(found.session_data)
            return data
        self._session_key = None
        return {}
