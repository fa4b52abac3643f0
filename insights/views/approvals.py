"""The staff site's page of acts that wait for a second admin, and the answers to them."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from banking.limits import APPROVALS_LISTED
from insights.models import Approval
from insights.staff.approving import approve, reject, waiting_approvals, withdraw
from insights.views.staff import page
from users.policy import Ability, may, require
from users.services import second_admin
from users.signed_in import user_of
from users.step_up import ask_for_staff_step_up


@require_GET
def approvals(request: HttpRequest) -> HttpResponse:
    """What waits, and how the latest requests ended."""
    reader, now = user_of(request), timezone.now()
    require(reader, Ability.READ_EVERYTHING)
    waiting = list(waiting_approvals(now))
    ended = Approval.objects.exclude(pk__in=[row.pk for row in waiting])
    return page(
        request,
        "admin/approvals.html",
        title="Approvals",
        waiting=waiting,
        ended=ended.select_related("requested_by", "decided_by")[:APPROVALS_LISTED],
        may_decide=may(reader, Ability.MANAGE_USERS),
        is_needed=second_admin.is_needed(),
        now=now,
    )


def _answer(answer: Callable[..., Approval], success_text: str) -> Callable[..., HttpResponse]:
    @require_POST
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        actor = user_of(request)
        require(actor, Ability.MANAGE_USERS)
        row = get_object_or_404(Approval, pk=pk)
        if answer is approve:
            ask_for_staff_step_up(request)
        try:
            answer(actor=actor, approval=row, at=timezone.now())
            messages.success(request, success_text)
        except ValidationError as error:
            messages.error(request, error.messages[0])
        return redirect("admin:approvals")

    return view


def urls() -> list[URLPattern]:
    """The pages, behind the staff site's door."""
    pages: list[tuple[str, Callable[..., HttpResponse], str]] = [
        ("approvals/", approvals, "approvals"),
        ("approvals/<int:pk>/approve/", _answer(approve, "Approved."), "approval_approve"),
        ("approvals/<int:pk>/reject/", _answer(reject, "Rejected."), "approval_reject"),
        ("approvals/<int:pk>/withdraw/", _answer(withdraw, "Withdrawn."), "approval_withdraw"),
    ]
    return [path(route, admin.site.admin_view(view), name=name) for route, view, name in pages]
