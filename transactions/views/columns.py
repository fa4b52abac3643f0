"""The columns of the transactions list: chosen in a menu, kept in the session or in the address."""

from dataclasses import dataclass

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from users.signed_in import UserRequest

# In the address as names with commas: a saved view keeps its columns so.
PARAMETER = "columns"
SESSION_KEY = "transaction_columns"
# What may narrow the list to one account's rows with none left out between them: then each has a
# balance after it.
_NONE_LEFT_OUT = {"account", "date_from", "date_to", "ordering", "cursor", PARAMETER}


@dataclass(frozen=True, slots=True)
class Column:
    """`first` is how the first click sorts, "-" for descending; None where nothing sorts by it."""

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
    """The columns the address asks for, else those the session keeps, else the usual ones."""
    names = request.GET.get(PARAMETER, "").split(",")
    if names == [""]:
        names = request.session.get(SESSION_KEY, USUAL)
    return tuple(column for column in COLUMNS if column.is_fixed or column.name in names)


def has_balances(query: QueryDict) -> bool:
    """Whether the rows of this address follow each other on one account, the latest first."""
    in_order = query.get("ordering", "-txn_date") == "-txn_date"
    return in_order and "account" in query and set(query) <= _NONE_LEFT_OUT


def named(columns: tuple[Column, ...]) -> str:
    """The columns as the address names them; "" for the usual ones."""
    names = tuple(column.name for column in columns)
    return "" if names == USUAL else ",".join(names)


@require_POST
def column_choose(request: UserRequest) -> HttpResponse:
    """Keep the chosen columns in the session; "reset" goes back to the usual ones."""
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
