"""The columns of the transactions list, chosen in a menu and kept in the session or URL."""

from dataclasses import dataclass

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from users.signed_in import UserRequest

# Comma-separated names in the URL, so that a saved view keeps its columns.
PARAMETER = "columns"
SESSION_KEY = "transaction_columns"
# Filters that leave one account's rows without gaps, so that each row can show the balance after
# it.
_NONE_LEFT_OUT = {"account", "date_from", "date_to", "ordering", "cursor", PARAMETER}


@dataclass(frozen=True, slots=True)
class Column:
    """`first` is the first click's sort order, "-" for descending; None if it cannot be sorted."""

    name: str
    title: str | Promise
    first: str | None = ""
    is_fixed: bool = False


COLUMNS = (
    Column("txn_date", _("Date"), "-"),
    Column("merchant", _("Merchant"), is_fixed=True),
    Column("description", _("Bank description")),
    Column("category", _("Category")),
    Column("account", _("Account")),
    Column("tags", _("Tags"), None),
    Column("notes", _("Notes"), None),
    Column("amount", _("Amount"), "-", is_fixed=True),
    Column("balance", _("Balance"), None),
)
USUAL = ("txn_date", "merchant", "category", "account", "tags", "amount")


def chosen_columns(request: UserRequest) -> tuple[Column, ...]:
    """The columns from the URL, or from the session, or the defaults."""
    names = request.GET.get(PARAMETER, "").split(",")
    if names == [""]:
        names = request.session.get(SESSION_KEY, USUAL)
    return tuple(column for column in COLUMNS if column.is_fixed or column.name in names)


def has_balances(query: QueryDict) -> bool:
    """Whether the URL lists consecutive rows of one account, latest first."""
    in_order = query.get("ordering", "-txn_date") == "-txn_date"
    return in_order and "account" in query and set(query) <= _NONE_LEFT_OUT


def named(columns: tuple[Column, ...]) -> str:
    """The columns as the URL names them; "" for the defaults."""
    names = tuple(column.name for column in columns)
    return "" if names == USUAL else ",".join(names)


@require_POST
def column_choose(request: UserRequest) -> HttpResponse:
    """Store the chosen columns in the session; "reset" restores the defaults."""
    query = QueryDict(request.POST.get("query", ""), mutable=True)
    query.pop(PARAMETER, None)
    if "reset" in request.POST:
        request.session.pop(SESSION_KEY, None)
    else:
        known = {column.name for column in COLUMNS}
        chosen = [name for name in request.POST.getlist(PARAMETER) if name in known]
        request.session[SESSION_KEY] = chosen
    address = reverse("transactions:transaction_list")
    return redirect(f"{address}?{query.urlencode()}" if query else address)
