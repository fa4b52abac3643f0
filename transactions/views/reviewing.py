"""Review possible duplicates side by side."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import require_change
from banking.kernel.forms import row_ids, say_with_undo, stay
from banking.kernel.keyset import keyset_page
from banking.limits import CARDS_A_PAGE
from transactions.models import ReviewItem
from transactions.services.reviewing import decide, decide_all, undo_decision
from users.policy import Ability, may, require
from users.signed_in import UserRequest


@require_safe
def review_list(request: UserRequest) -> HttpResponse:
    """Open questions, and the latest answers with an undo button."""
    mine = ReviewItem.objects.visible_to(request.user).for_list()
    page = keyset_page(mine.open(), ["-id"], CARDS_A_PAGE, request.GET.get("cursor"))
    answered = mine.exclude(status=ReviewItem.Status.OPEN).exclude(decided_by=None)
    context = {
        "items": page.rows,
        "open_count": mine.open().count(),
        "match_count": mine.open().filter(unlisted=None).count(),
        "answered": answered.order_by("-decided_at", "-pk")[:5],
        "newer_url": f"?cursor={page.previous_cursor}" if page.previous_cursor else "",
        "older_url": f"?cursor={page.next_cursor}" if page.next_cursor else "",
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
    }
    return render(request, "transactions/review_list.html", context)


@require_POST
def review_decide(request: UserRequest, pk: int) -> HttpResponse:
    """Answer one question."""
    item = _find_to_change(request, pk)
    try:
        item = decide(
            actor=request.user,
            item=item,
            decision=request.POST.get("decision", ""),
            at=timezone.now(),
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return stay(request, "transactions:review_list")
    if item.status == ReviewItem.Status.OPEN:
        messages.info(request, _("There's another possible match."))
    else:
        say_with_undo(request, _answered(item.status), "transactions:review_undo", pk)
    return stay(request, "transactions:review_list")


def _answered(status: str) -> str:
    return {
        ReviewItem.Status.SAME: _("Matched."),
        ReviewItem.Status.DIFFERENT: _("Kept as two payments."),
        ReviewItem.Status.KEPT: _("Kept as pending."),
        ReviewItem.Status.REMOVED: _("Moved to the trash."),
    }[ReviewItem.Status(status)]


@require_POST
def review_decide_all(request: UserRequest) -> HttpResponse:
    """Give all open questions, or the selected ones, the same answer."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    items = ReviewItem.objects.visible_to(request.user)
    ids = row_ids(request.POST.getlist("ids"))
    if ids:
        items = items.filter(pk__in=ids)
    count, refused = decide_all(
        actor=request.user,
        items=items,
        decision=request.POST.get("decision", ""),
        at=timezone.now(),
    )
    for sentence in dict.fromkeys(refused):
        messages.error(request, sentence)
    if count:
        words = ngettext("%(count)s line answered.", "%(count)s lines answered.", count)
        messages.success(request, words % {"count": count})
    return redirect("transactions:review_list")


@require_POST
def review_undo(request: UserRequest, pk: int) -> HttpResponse:
    """Undo an answer."""
    item = _find_to_change(request, pk)
    try:
        undo_decision(actor=request.user, item=item, at=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Review reopened."))
    return stay(request, "transactions:review_list")


def _find_to_change(request: UserRequest, pk: int) -> ReviewItem:
    items = ReviewItem.objects.visible_to(request.user).select_related("account")
    item = get_object_or_404(items, pk=pk)
    require_change(request.user, item.account)
    return item
