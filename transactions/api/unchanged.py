"""304 for a list that has not changed since the caller read it, without reading it again.

Every change records an audit event in its own database transaction. So the heads of the audit
chains of everyone whose transactions a person sees, and the system's, say whether anything changed.
"""

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.cache import get_conditional_response

from accounts.models import AccountShare
from banking.kernel.django_private import django_request
from transactions.models import Category
from users.audit import trail
from users.models import AuditChain, User
from users.signed_in import UserApiRequest
from users.timezones import local_date

# Increase this when the answer changes its shape.
_SHAPE = 1


def unless_unchanged(read: Callable[..., Any]) -> Callable[..., Any]:
    """For a `get` of the API: an ETag on the answer, and 304 for `If-None-Match` with the same one.

    Read with two queries, the caller's included.
    """

    @wraps(read)
    def get(self: Any, request: UserApiRequest, *args: Any, **kwargs: Any) -> Any:
        if request.auth is None:  # A page's session may be a view as somebody else.
            return read(self, request, *args, **kwargs)
        # Before the answer is read: a change in between makes the tag older than the answer.
        tag = f'"{_state_of(request)}"'
        unchanged = get_conditional_response(django_request(request), etag=tag)
        answer = read(self, request, *args, **kwargs) if unchanged is None else unchanged
        answer["ETag"] = tag
        return answer

    return get


def _state_of(request: UserApiRequest) -> str:
    user = request.user
    on = local_date(user.timezone, timezone.now())
    state = [_SHAPE, user.pk, on, request.get_full_path(), _heads(user)]
    return sha256(repr(state).encode()).hexdigest()[:40]


def _heads(user: User) -> list[tuple[Any, ...]]:
    """The heads of all chains that concern this person; each with the last change of a predefined
    category, which is in the chain of whoever made it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [trail.chain_name(user.pk), trail.SYSTEM_CHAIN, user.pk])
        return cursor.fetchall()


# Not by the ORM, which takes three times as long to write it as the database to answer it.
_HEADS = f"""
    SELECT name, length, head_hash,
        (SELECT CAST(MAX(updated_at) AS TEXT) FROM {Category._meta.db_table} WHERE user_id IS NULL)
    FROM {AuditChain._meta.db_table}
    WHERE name IN (%s, %s) OR name IN (
        SELECT 'user:' || CAST(user_id AS TEXT) FROM {AccountShare._meta.db_table}
        WHERE member_id = %s
    )
    ORDER BY name"""  # noqa: S608 - only names of tables
