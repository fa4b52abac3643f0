"""Filters of the transactions list kept by a name."""

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.http import QueryDict

from transactions.models import SavedView
from users import audit
from users.models import User

MOST_VIEWS = 50
# Where one stands in the list is no part of a view.
LEFT_OUT = ("cursor",)


@db_transaction.atomic
def save_view(*, actor: User, name: str, query: str) -> SavedView:
    """Keep a query string of the list by a name; raises ValidationError at "name"."""
    kept = QueryDict(query.lstrip("?"), mutable=True)
    for left_out in LEFT_OUT:
        kept.pop(left_out, None)
    if SavedView.objects.filter(user=actor).count() >= MOST_VIEWS:
        raise ValidationError({"name": f"You have {MOST_VIEWS} views already. Remove one first."})
    view = SavedView(user=actor, name=" ".join(name.split()), query=kept.urlencode())
    view.full_clean()
    view.save(force_insert=True)
    audit.record(actor=actor, action="transactions.view.saved", target=view, name=view.name)
    return view


@db_transaction.atomic
def delete_view(*, actor: User, view: SavedView) -> None:
    """Forget a view; the transactions stay as they are."""
    audited = {"target": view, "name": view.name}
    SavedView.objects.filter(pk=view.pk).delete()
    audit.record(actor=actor, action="transactions.view.deleted", **audited)
