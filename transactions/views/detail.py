"""One transaction: view, create, edit, delete, restore and categorize."""

import contextlib
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import may_change, require_change, require_posting
from banking.kernel.forms import (
    came_from,
    errors_on,
    go_back,
    next_url,
    row_ids,
    say_with_undo,
    stay,
)
from banking.kernel.money import parse_amount, plain_amount
from banking.kernel.periods import add_months
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot, snapshot_to_show
from banking.kernel.written_once import WrittenOnce
from transactions.cells import notes_cell, tags_cell
from transactions.forms.entering import (
    CategoryChoiceForm,
    NotesForm,
    TransactionForm,
    asking_choice,
    entries_of,
    new_entries,
)
from transactions.learned_words import why_learned
from transactions.models import (
    Attachment,
    BankLine,
    CategoryChange,
    Transaction,
    TransactionSplit,
)
from transactions.rules.rule_proposals import is_worth_a_rule
from transactions.services.categorizing import set_category
from transactions.services.entering import edit_entry, enter_transaction
from transactions.services.posting import (
    delete_transactions,
    edit_transaction,
    restore_transactions,
)
from users.idempotency import body_hash, run_once
from users.policy import Ability, require
from users.signed_in import UserRequest
from users.timezones import local_date

_CHANGES = WrittenOnce(
    lambda row_id: CategoryChange.objects.filter(transaction_id=row_id).select_related(
        "from_category", "to_category", "actor", "rule"
    )[:50]
)
_BANK_LINES = WrittenOnce(
    lambda row_id: (
        BankLine.objects.filter(transaction_id=row_id)
        .select_related("import_batch")
        .order_by("pk")[:20]
    )
)
_RECEIPTS = WrittenOnce(
    lambda row_id: Attachment.objects.filter(transaction_id=row_id).defer("content")
)
_PARTS = WrittenOnce(
    lambda row_id: TransactionSplit.objects.filter(transaction_id=row_id).select_related("category")
)


@require_safe
def transaction_detail(request: UserRequest, pk: int) -> HttpResponse:
    """Everything known about one transaction."""
    with read_snapshot():
        row = _find(request, pk)
        may = may_change(request.user, row.account)
        asked = [one.asking(pk) for one in (_CHANGES, _BANK_LINES, _RECEIPTS)]
        read_together(*asked, *asking_choice(request.user, row.user_id))
        context = {
            "row": row,
            "changes": _CHANGES.rows(pk),
            "bank_lines": _BANK_LINES.rows(pk),
            "attachments": _RECEIPTS.rows(pk),
            "splits": _PARTS.rows(pk) if row.is_split else [],
            "may_change": may,
            "category_form": CategoryChoiceForm(user=request.user, row=row),
            "notes_form": NotesForm(row=row),
            "offers_rule": may and is_worth_a_rule(row),
            "why_learned": why_learned(row),
            "as_bill": _as_bill(row),
        }
    return render(request, "transactions/transaction_detail.html", context)


def _as_bill(row: Transaction) -> str:
    """The query with which the form for a new bill proposes this payment again next month."""
    entries = {
        "biller_name": row.title,
        "amount_due": plain_amount(row.amount, row.currency),
        "currency": row.currency,
        "due_date": str(add_months(row.txn_date, 1)),
        "account": row.account_id,
        "category": row.category.slug if row.category else "",
    }
    return urlencode(entries)


def transaction_create(request: UserRequest) -> HttpResponse:
    """Enter a transaction by hand."""
    require(request.user, Ability.CREATE_TRANSACTIONS)
    with snapshot_to_show(request):
        form = TransactionForm(request.POST or None, initial=_initial(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            made = _post_once(request, form)
            pk = made["id"]
            say_with_undo(request, _("Saved."), "transactions:transaction_delete", pk)
            if made["asks"]:
                messages.warning(request, f"{made['asks']} {_('Decide under Review.')}")
            if "another" in request.POST:
                data = form.cleaned_data
                same = {"account": data["account"].pk, "date": data["txn_date"]}
                return redirect(f"{reverse('transactions:transaction_create')}?{urlencode(same)}")
            return redirect("transactions:transaction_detail", pk)
    return _form_page(request, "transactions/transaction_create.html", form)


def _initial(request: UserRequest) -> dict[str, Any]:
    """What a new entry begins with: a copy of another (`like`), or the account and date given."""
    entries = new_entries(local_date(request.user.timezone, timezone.now()))
    like = row_ids([request.GET.get("like", "")])
    if like:
        copied = entries_of(_find(request, like[0]))
        return copied | {name: entries[name] for name in ("txn_date", "status", "key")}
    given = ("account", "txn_type", "amount", "merchant", "category")
    entries |= {name: request.GET[name][:200] for name in given if request.GET.get(name)}
    with contextlib.suppress(ValidationError):
        # Our links hold plain digits; the field shows them in the reader's way.
        entries["amount"] = parse_amount(entries.get("amount", ""))
    with contextlib.suppress(ValueError):
        entries["txn_date"] = date.fromisoformat(request.GET.get("date", ""))
    return entries


def _post_once(request: UserRequest, form: TransactionForm) -> dict[str, Any]:
    """Post the form's transaction. Submitting the same form twice (a double click) posts once."""
    fields = form.changes()
    require_posting(request.user, fields["account"])
    body = {name: request.POST.getlist(name) for name in request.POST if name in form.fields}

    def command() -> tuple[int, Any]:
        entered = enter_transaction(actor=request.user, **fields)
        review = entered.review
        return 201, {"id": entered.transaction.pk, "asks": review.why if review else ""}

    key = form.cleaned_data["key"]
    # Different values make a different command, even from the same page after going back.
    key = f"form:{key}:{body_hash(body)}" if key else ""
    return run_once(user=request.user, key=key, body=body, command=command)[1]


def transaction_edit(request: UserRequest, pk: int) -> HttpResponse:
    """Edit a transaction. On an imported one the bank's data is read-only."""
    with snapshot_to_show(request):
        row = _find_to_change(request, pk)
        form = TransactionForm(
            request.POST or None, initial=entries_of(row), user=request.user, row=row
        )
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            review = edit_entry(actor=request.user, transaction=row, **form.changes()).review
            messages.success(request, _("Saved."))
            if review:
                messages.warning(request, f"{review.why} {_('Decide under Review.')}")
            return redirect("transactions:transaction_detail", pk)
    return _form_page(request, "transactions/transaction_edit.html", form, row=row)


@require_http_methods(["GET", "HEAD", "POST"])
def transaction_notes(request: UserRequest, pk: int) -> HttpResponse:
    """Edit notes and tags on a page, or with htmx one of them in its list row."""
    row = _find_to_change(request, pk)
    only = _inline_field(request)
    form = NotesForm(request.POST or None, row=row, only=only)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            edit_transaction(actor=request.user, transaction=row, **form.cleaned_data)
            if only:
                row = _find(request, pk)
                row.may_change = True
                return HttpResponse(tags_cell(row) if only == "tags" else notes_cell(row))
            messages.success(request, _("Saved."))
            return redirect(next_url(request, _url("transaction_detail", pk)))
    template = "transactions/_notes_form.html" if only else "transactions/transaction_notes.html"
    back = came_from(request, _url("transaction_detail", pk))
    return _form_page(request, template, form, row=row, field=only, next=back)


def _inline_field(request: UserRequest) -> str:
    """The field htmx edits in a list row, or "" for the page with both."""
    wanted = request.POST.get("field") or request.GET.get("field")
    return wanted if request.htmx and wanted in ("tags", "notes") else ""


@require_http_methods(["GET", "HEAD", "POST"])
def transaction_category(request: UserRequest, pk: int) -> HttpResponse:
    """Choose a transaction's category on a page, or with htmx in its list row."""
    with snapshot_to_show(request):
        row = _find_to_change(request, pk)
        form = CategoryChoiceForm(request.POST or None, user=request.user, row=row)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            category = form.cleaned_data["category"]
            row = set_category(actor=request.user, transaction=row, category=category)
            if request.htmx:
                row.may_change = True
                context = {"row": row, "offers_rule": is_worth_a_rule(row)}
                return render(request, "transactions/_category_chosen.html", context)
            messages.success(request, _("Saved."))
            return redirect(next_url(request, _url("transaction_detail", pk)))
    inline = "transactions/_category_form.html"
    template = inline if request.htmx else "transactions/transaction_category.html"
    back = came_from(request, _url("transaction_detail", pk))
    return _form_page(request, template, form, row=row, next=back)


@require_POST
def transaction_delete(request: UserRequest, pk: int) -> HttpResponse:
    """Move a transaction to the trash. The message offers to undo it."""
    row = _find_to_change(request, pk)
    try:
        delete_transactions(actor=request.user, rows=Transaction.objects.filter(pk=pk))
    except ValidationError as error:
        return go_back(request, error, "transactions:transaction_detail", pk)
    say_with_undo(
        request,
        _("%(title)s moved to the trash.") % {"title": row.title},
        "transactions:transaction_restore",
        pk,
    )
    back = next_url(request, reverse("transactions:transaction_list"))
    is_gone = back.startswith(_url("transaction_detail", pk))
    return redirect("transactions:transaction_list" if is_gone else back)


@require_POST
def transaction_restore(request: UserRequest, pk: int) -> HttpResponse:
    """Restore a transaction from the trash."""
    reach = Transaction.objects.in_reach_of(request.user).filter(account__deleted_at=None)
    row = get_object_or_404(reach.select_related("account"), pk=pk)
    require_change(request.user, row.account)
    try:
        restore_transactions(actor=request.user, rows=Transaction.objects.filter(pk=pk))
    except ValidationError as error:
        return go_back(request, error, "transactions:transaction_list")
    messages.success(request, _("%(title)s restored.") % {"title": row.title})
    return stay(request, "transactions:transaction_detail", pk)


def _find(request: UserRequest, pk: int) -> Transaction:
    visible = Transaction.objects.visible_to(request.user).for_list()
    return get_object_or_404(visible.select_related("import_batch"), pk=pk)


def _find_to_change(request: UserRequest, pk: int) -> Transaction:
    row = _find(request, pk)
    require_change(request.user, row.account)
    return row


def _url(view_name: str, pk: int) -> str:
    return reverse(f"transactions:{view_name}", args=[pk])


def _form_page(request: UserRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)
