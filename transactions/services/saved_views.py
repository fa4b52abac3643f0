"""Saved filters and columns of the transactions list."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.http import QueryDict

from banking.limits import MOST_SAVED_VIEWS
from transactions.models import SavedView
from users.audit import trail
from users.models import User

# The page position is not part of a view.
LEFT_OUT = ("cursor",)


@db_transaction.atomic
def save_view(*, actor: User, name: str, query: str) -> SavedView:
    """Save a query string of the list under a name. Raises ValidationError at "name"."""
    _lock_views(actor)
    if SavedView.objects.filter(user=actor).count() >= MOST_SAVED_VIEWS:
        sentence = f"You already have {MOST_SAVED_VIEWS} views. Delete one first."
        raise ValidationError({"name": sentence})
    view = _checked(SavedView(user=actor), name, query)
    view.save(force_insert=True)
    trail.record(actor=actor, action="transactions.view.saved", target=view, **_facts(view))
    return view


@db_transaction.atomic
def edit_view(
    *, actor: User, view: SavedView, name: str | None = None, query: str | None = None
) -> SavedView:
    """Rename a view or change its query. Raises ValidationError at "name"."""
    _lock_views(view.user)
    view = SavedView.objects.select_for_update().get(pk=view.pk)
    before = _facts(view)
    _checked(view, view.name if name is None else name, view.query if query is None else query)
    after = _facts(view)
    changed = [field for field in before if before[field] != after[field]]
    if not changed:
        return view
    view.save(update_fields=changed)
    trail.record_edit(
        actor=actor, action="transactions.view.edited", target=view, before=before, after=after
    )
    return view


@db_transaction.atomic
def delete_view(*, actor: User, view: SavedView) -> None:
    """Delete a view. The transactions stay as they are."""
    audited: dict[str, Any] = {"target": view, **_facts(view)}
    SavedView.objects.filter(pk=view.pk).delete()
    trail.record(actor=actor, action="transactions.view.deleted", **audited)


def _lock_views(user: User) -> None:
    """Lock the owner's row so that names stay unique and the per-user limit holds."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _checked(view: SavedView, name: str, query: str) -> SavedView:
    """The unsaved view with this name and query."""
    kept = QueryDict(query.lstrip("?"), mutable=True)
    for left_out in LEFT_OUT:
        kept.pop(left_out, None)
    view.name, view.query = " ".join(name.split()), kept.urlencode()
    view.full_clean(validate_constraints=False)
    others = SavedView.objects.filter(user=view.user, name=view.name).exclude(pk=view.pk)
    if others.exists():
        raise ValidationError({"name": "You already have a view with this name."})
    return view


def _facts(view: SavedView) -> dict[str, Any]:
    return {"name": view.name, "query": view.query}
