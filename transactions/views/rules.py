"""Rules: the list in order of precedence, editing with live matches, preview and application."""

from copy import copy
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from banking.kernel.forms import (
    add_service_errors,
    errors_on,
    go_back,
    row_ids,
    say_with_undo,
    stay,
    tell_refusal,
)
from banking.kernel.keyset import keyset_page
from banking.kernel.snapshot import read_snapshot
from banking.limits import RULE_DRAFT_ROWS, RULES_A_PAGE
from transactions import dispatching
from transactions.forms.rules import CONDITIONS, RuleForm, rule_entries
from transactions.models import CategoryRule, Change, Transaction
from transactions.rules.rule_preview import RulePreview, matching_rows, preview_rules
from transactions.rules.rule_proposals import propose_rule
from transactions.rules.rule_scan import Verdict
from transactions.services.rule_editing import (
    create_rule,
    delete_rule,
    drafted_rule,
    edit_rule,
    move_rule,
    restore_rule,
)
from users.policy import Ability, may, require
from users.signed_in import UserRequest
from users.timezones import local_date

MATCHES_SHOWN = 10
MONTHS_SHOWN = 2
LISTS = {verdict.value: verdict for verdict in (Verdict.CHANGES, Verdict.LOCKED, Verdict.KEPT)}


@require_safe
def rule_list(request: UserRequest) -> HttpResponse:
    """The user's rules in order of precedence."""
    rules = CategoryRule.objects.visible_to(request.user).select_related("category", "account")
    page = keyset_page(rules, ["priority", "id"], RULES_A_PAGE, request.GET.get("cursor"))
    context = {
        "rules": page.rows,
        "newer": page.previous_cursor,
        "older": page.next_cursor,
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
    }
    return render(request, "transactions/rule_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def rule_create(request: UserRequest) -> HttpResponse:
    """Create a rule; `?from_transaction=` proposes one for similar transactions."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    source = _source_of(request)
    form = RuleForm(request.POST or None, initial=_proposed(source), user=request.user)
    if request.method == "POST" and form.is_valid() and "show" not in request.POST:
        with errors_on(form):
            rule = create_rule(actor=request.user, user=request.user, **form.cleaned_data)
            messages.success(request, _("Rule saved. It applies to new transactions from now on."))
            return _after_saving(request, rule)
    return _form_page(request, "transactions/rule_create.html", form, source=source)


@require_http_methods(["GET", "HEAD", "POST"])
def rule_edit(request: UserRequest, pk: int) -> HttpResponse:
    """Change a rule."""
    rule = _find_to_change(request, pk)
    form = RuleForm(request.POST or None, initial=rule_entries(rule), user=request.user)
    if request.method == "POST" and form.is_valid() and "show" not in request.POST:
        with errors_on(form):
            rule = edit_rule(actor=request.user, rule=rule, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return _after_saving(request, rule)
    return _form_page(request, "transactions/rule_edit.html", form, rule=rule)


@require_safe
def rule_matches(request: UserRequest) -> HttpResponse:
    """The current form's matches, shown next to it while the person types."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    form = RuleForm(request.GET, user=request.user)
    rule = _edited_rule(request, request.GET.get("rule", ""))
    context = {"form": form, **_matches(request, form, rule)}
    return render(request, "transactions/_rule_matches.html", context)


@require_safe
def rule_preview(request: UserRequest, pk: int) -> HttpResponse:
    """What applying one rule would do: changed and unchanged rows, and each month's categories."""
    rule = _find(request, pk)
    return _preview_page(request, rule)


@require_safe
def rule_preview_all(request: UserRequest) -> HttpResponse:
    """The same for all rules together."""
    return _preview_page(request, None)


@require_POST
def rule_apply(request: UserRequest, pk: int) -> HttpResponse:
    """Apply one rule to existing transactions. The message offers to undo it."""
    return _apply(request, _find_to_change(request, pk))


@require_POST
def rule_apply_all(request: UserRequest) -> HttpResponse:
    """Apply all rules to existing transactions."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    return _apply(request, None)


@require_POST
def rule_move(request: UserRequest, pk: int) -> HttpResponse:
    """Move a rule up or down by one position."""
    rule = _find_to_change(request, pk)
    steps = 1 if request.POST.get("to") == "later" else -1
    move_rule(actor=request.user, rule=rule, steps=steps)
    return redirect(f"{reverse('transactions:rule_list')}#rule-{pk}")


@require_POST
def rule_delete(request: UserRequest, pk: int) -> HttpResponse:
    """Delete a rule. The message offers to restore it."""
    rule = _find_to_change(request, pk)
    delete_rule(actor=request.user, rule=rule, at=timezone.now())
    words = _("Rule %(title)s deleted. Transactions it categorized don't change.")
    say_with_undo(request, words % {"title": rule.title}, "transactions:rule_restore", pk)
    return redirect("transactions:rule_list")


@require_POST
def rule_restore(request: UserRequest, pk: int) -> HttpResponse:
    """Bring a deleted rule back."""
    rule = get_object_or_404(CategoryRule.objects.filter(user=request.user), pk=pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    try:
        restore_rule(actor=request.user, rule=rule)
    except ValidationError as error:
        tell_refusal(request, error)
    return stay(request, "transactions:rule_list")


def _apply(request: UserRequest, rule: CategoryRule | None) -> HttpResponse:
    try:
        change = dispatching.apply_soon(request.user, at=timezone.now(), rule=rule)
    except ValidationError as error:
        return go_back(request, error, "transactions:rule_list")
    if change is None:
        messages.info(request, _("There was nothing to change."))
        return redirect("transactions:rule_list")
    if not change.is_unfinished:
        _tell(request, change)
    return redirect("transactions:change_detail", change.pk)


def _tell(request: UserRequest, change: Change) -> None:
    words = ngettext(
        "%(count)s transaction has a new category.",
        "%(count)s transactions have a new category.",
        change.row_count,
    )
    say_with_undo(
        request, words % {"count": change.row_count}, "transactions:change_undo", change.pk
    )


def _preview_page(request: UserRequest, rule: CategoryRule | None) -> HttpResponse:
    listed = LISTS.get(request.GET.get("list", ""), Verdict.CHANGES)
    with read_snapshot():
        preview = preview_rules(
            request.user,
            rule,
            on=local_date(request.user.timezone, timezone.now()),
            listed=listed,
            cursor=request.GET.get("cursor"),
        )
    months = _by_month(preview)
    context = {
        "rule": rule,
        "preview": preview,
        "listed": listed.value,
        "latest_months": months[:MONTHS_SHOWN],
        "earlier_months": months[MONTHS_SHOWN:],
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
    }
    return render(request, "transactions/rule_preview.html", context)


def _by_month(preview: RulePreview) -> list[dict[str, Any]]:
    """Group the effects by month."""
    months: list[dict[str, Any]] = []
    for effect in preview.effects:
        if not months or months[-1]["month"] != effect.month:
            months.append({"month": effect.month, "effects": []})
        months[-1]["effects"].append(effect)
    return months


def _matches(request: UserRequest, form: RuleForm, rule: CategoryRule | None) -> dict[str, Any]:
    """The current form's matches; form errors appear at their fields."""
    form.is_valid()
    entries = {name: form.cleaned_data.get(name) for name in form.cleaned_data}
    has_text = entries.get("keyword_pattern") or entries.get("merchant_pattern")
    blockers = {name for name in form.errors if name != "category"}
    if not has_text or blockers:
        return {"matches": None}
    draft = copy(rule) if rule else CategoryRule()
    draft.user = request.user
    # Any category will do while none is chosen: only the matches matter here.
    predefined = (one for one in form.fields["category"].known if one.user_id is None)
    entries["category"] = entries.get("category") or next(predefined)
    try:
        drafted_rule(draft, entries)
    except ValidationError as error:
        add_service_errors(form, error)
        return {"matches": None}
    matches = matching_rows(request.user, draft, limit=RULE_DRAFT_ROWS, page_size=MATCHES_SHOWN)
    return {"matches": matches, "matches_sought": RULE_DRAFT_ROWS}


def _form_page(
    request: UserRequest,
    template: str,
    form: RuleForm,
    rule: CategoryRule | None = None,
    source: Transaction | None = None,
) -> HttpResponse:
    asked = form
    if not form.is_bound:
        known = form.fields["category"].known
        asked = RuleForm(form.initial, user=request.user, categories=known)
    context = {
        "form": form,
        "rule": rule,
        "source": source,
        "has_conditions": any(form[name].value() for name in CONDITIONS),
        **_matches(request, asked, rule),
    }
    is_refused = form.is_bound and bool(form.errors)
    return render(request, template, context, status=422 if is_refused else 200)


def _after_saving(request: UserRequest, rule: CategoryRule) -> HttpResponse:
    if "preview" in request.POST and rule.is_active:
        return redirect("transactions:rule_preview", rule.pk)
    return redirect("transactions:rule_list")


def _source_of(request: UserRequest) -> Transaction | None:
    """The transaction on which to base a rule: the user's own, or 404."""
    pk = request.GET.get("from_transaction", "")
    if not pk:
        return None
    own = Transaction.objects.visible_to(request.user).filter(user=request.user)
    return get_object_or_404(own.select_related("category"), pk__in=row_ids([pk]))


def _proposed(source: Transaction | None) -> dict[str, Any]:
    entries: dict[str, Any] = {"priority": 100, "is_active": True}
    if source is None:
        return entries
    proposal = propose_rule(source)
    return entries | {
        "keyword_pattern": proposal.keyword_pattern,
        "merchant_pattern": proposal.merchant_pattern,
        "category": source.category.slug if source.category else "",
    }


def _edited_rule(request: UserRequest, pk: str) -> CategoryRule | None:
    ids = row_ids([pk])
    return _find(request, ids[0]) if ids else None


def _find(request: UserRequest, pk: int) -> CategoryRule:
    rules = CategoryRule.objects.visible_to(request.user).select_related("category", "account")
    return get_object_or_404(rules, pk=pk)


def _find_to_change(request: UserRequest, pk: int) -> CategoryRule:
    rule = _find(request, pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    return rule
