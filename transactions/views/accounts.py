"""One account with its transactions. banking/urls.py mounts it among the account pages."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import access_level, may_change, may_post_to
from accounts.models import Account
from banking.kernel.keyset import full_ordering, keyset_page
from banking.kernel.snapshot import read_snapshot
from banking.limits import STATEMENTS_A_PAGE
from transactions.list_rows import page_of
from transactions.models import Transaction
from transactions.running_balance import balances_after, daily_balances, monthly_balances
from transactions.statement_proof import prove_page, statements_of
from transactions.views.listing import page_links
from users.signed_in import UserRequest
from users.timezones import local_date

CHART_DAYS, CHART_MONTHS = 90, 12


@require_safe
def account_statements(request: UserRequest, pk: int) -> HttpResponse:
    """The account's statements: the days they cover, and whether they match the ledger."""
    with read_snapshot():
        account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
        statements = statements_of(account)
        page = keyset_page(
            statements, full_ordering(statements), STATEMENTS_A_PAGE, request.GET.get("cursor")
        )
        proofs = prove_page(account, page.rows)
        feed = account.feed
    context = {
        "account": account,
        "proofs": proofs,
        "feed": feed,
        "is_owner": account.user_id == request.user.pk,
        "may_change": may_change(request.user, account),
        **page_links(request.GET, page),
    }
    return render(request, "accounts/account_statements.html", context)


@require_safe
def account_detail(request: UserRequest, pk: int) -> HttpResponse:
    """The account's balance, the transactions behind it, and its history."""
    on = local_date(request.user.timezone, timezone.now())
    by_month = request.GET.get("chart") == "year"
    with read_snapshot():
        visible = Account.objects.visible_to(request.user).select_related("user")
        account = get_object_or_404(visible, pk=pk)
        rows = Transaction.objects.visible_to(request.user).filter(account=account)
        page = page_of(request.user, [account], rows, request.GET.get("cursor"))
        for row, balance in zip(page.rows, balances_after(account, page.rows), strict=True):
            row.balance_after = balance
        points = (
            monthly_balances(account, CHART_MONTHS, on)
            if by_month
            else daily_balances(account, CHART_DAYS, on)
        )
    context = {
        "account": account,
        "access": access_level(request.user, account),
        "feed": account.feed,
        "is_owner": account.user_id == request.user.pk,
        "may_change": may_change(request.user, account),
        "may_post": account.is_active and may_post_to(request.user, account),
        "available": account.balance + account.overdraft_limit,
        "rows": page.rows,
        "points": points,
        "by_month": by_month,
        **page_links(request.GET, page),
    }
    return render(request, "accounts/account_detail.html", context)
