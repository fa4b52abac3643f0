"""Show, explain and forget what was learned from the person's choices."""

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from banking.kernel.forms import go_back, say_with_undo
from banking.limits import LEARNED_SHOWN
from transactions.learned_words import learned_categories
from transactions.models import ForgottenChoices
from transactions.rules.learning import Payee
from transactions.services.learning import forget_choices, remember_choices
from users.policy import Ability, may, require
from users.signed_in import UserRequest


@require_safe
def learned_list(request: UserRequest) -> HttpResponse:
    """What the person's choices teach, each with its reason, and what they asked us to forget."""
    context = {
        "learned": learned_categories(request.user),
        "forgotten": ForgottenChoices.objects.visible_to(request.user)[:LEARNED_SHOWN],
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
    }
    return render(request, "transactions/learned_list.html", context)


@require_POST
def learned_forget(request: UserRequest) -> HttpResponse:
    """Forget the choices made at a merchant so far. The message offers undo."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    payee = Payee(request.POST.get("payee", ""), request.POST.get("txn_type") == "income")
    try:
        forgotten = forget_choices(actor=request.user, payee=payee, at=timezone.now())
    except ValidationError as error:
        return go_back(request, error, "transactions:learned_list")
    words = _("Your choices at %(merchant)s no longer categorize new transactions.")
    say_with_undo(
        request,
        words % {"merchant": forgotten.title},
        "transactions:learned_remember",
        forgotten.pk,
    )
    return redirect("transactions:learned_list")


@require_POST
def learned_remember(request: UserRequest, pk: int) -> HttpResponse:
    """Count all choices at a merchant again."""
    forgotten = get_object_or_404(ForgottenChoices.objects.visible_to(request.user), pk=pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    remember_choices(actor=request.user, forgotten=forgotten)
    return redirect("transactions:learned_list")
