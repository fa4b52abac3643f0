"""One request for every URL that changes something, as its owner would send it.

tests/test_commands.py asserts that each request succeeds, leaves an audit event, and ignores or
rejects forbidden extra fields. Add one line for every new unsafe URL, or the suite fails: `name,
body, actions`; `ready` sets up what the request needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.services import delete_account
from alerts.services import delete as delete_alert
from bills.services.planning import delete_bill
from budgets.services import delete_budget
from rewards.services import delete_program
from tests.builders import PASSWORD
from tests.command_bodies import (
    World,
    account_entries,
    answered_review,
    as_form,
    at_work,
    bill_entries,
    budget_entries,
    budget_last_month,
    category_entries,
    changed_together,
    checked_import,
    chosen_at_kiosk,
    disconnected,
    dismissal,
    done_import,
    entry_entries,
    gone,
    gone_transaction,
    ids,
    import_of_two_accounts,
    left_out_import,
    loose_transaction,
    mapped_body,
    mapped_form,
    mapping_entries,
    matching_rule,
    no_accounts,
    nothing,
    other_rule,
    paid,
    parts,
    parts_entries,
    pay_entries,
    payment_there,
    receipt,
    reward_entries,
    rule_entries,
    same_decision,
    sample_gone,
    sampled,
    shared_by_owner,
    shared_with_owner,
    spent_for_months,
    split,
    statement_entries,
    statement_form,
    transaction_entries,
    transfer_entries,
    uncategorized_at_kiosk,
    upload,
)
from transactions.services.rule_editing import delete_rule

Body = Callable[[World], dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """`body` holds form entries, or JSON for URLs under /api/."""

    name: str
    method: str
    body: Body
    actions: tuple[str, ...]
    ready: Callable[[World], None]

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


def does(
    name: str,
    body: Body | dict[str, Any] = nothing,
    *actions: str,
    ready: Callable[[World], None] = nothing,
    methods: str = "POST",
) -> list[Command]:
    make_body = body if callable(body) else lambda world: dict(body)
    return [Command(name, method, make_body, actions, ready) for method in methods.split()]


SUBSCRIBE = {"type": "low_balance", "threshold": "75.00", "channels": ["in_app"]}
PROFILE = {
    "name": "A new name",
    "base_currency": "USD",
    "timezone": "UTC",
    "locale": "en-US",
    "theme": "dark",
}
PUT_PATCH = "PUT PATCH"
# Paying a bill earns points in the program that rewards bill payments.
PAID = ("transactions.transaction.created", "rewards.points.earn", "bills.bill.paid")
UNPAID = ("rewards.points.taken_back", "transactions.transaction.deleted", "bills.bill.unpaid")
# Four accounts with their histories, five budgets, two bills.
SAMPLE_ADDED = (
    *(("accounts.account.opened", "transactions.history.posted") * 4),
    *(("budgets.budget.created",) * 5),
    *(("bills.bill.created",) * 2),
    "insights.sample.added",
)
SAMPLE_REMOVED = (
    *(("bills.bill.deleted",) * 2),
    *(("budgets.budget.deleted",) * 5),
    *(("accounts.account.deleted",) * 4),
    "insights.sample.removed",
)
SAMPLE_RESTORED = (
    *(("accounts.account.restored",) * 4),
    *(("budgets.budget.restored",) * 5),
    *(("bills.bill.restored",) * 2),
    "insights.sample.restored",
)

ACCOUNTS = [
    *does("accounts:account_create", account_entries, "accounts.account.opened"),
    *does("accounts:account_edit", account_entries, "accounts.account.edited"),
    *does("accounts:account_archive", nothing, "accounts.account.edited"),
    *does("accounts:account_delete", nothing, "accounts.account.deleted"),
    *does("accounts:account_restore", nothing, "accounts.account.restored",
          ready=gone("account", delete_account)),
    *does("api_account_list", account_entries, "accounts.account.opened"),
    *does("api_account_detail", account_entries, "accounts.account.edited", methods=PUT_PATCH),
    *does("api_account_detail", nothing, "accounts.account.deleted", methods="DELETE"),
    *does("api_account_restore", nothing, "accounts.account.restored",
          ready=gone("account", delete_account)),
]  # fmt: skip
BANK = {"provider": "sandbox", "institution": "northwind"}
MADE = ("transactions.connection.made", "transactions.connection.sync_requested")
ASKED = "transactions.connection.sync_requested"
CONNECTIONS = [
    *does("transactions:connection_connect", BANK, "transactions.connection.made"),
    *does("transactions:connection_accounts", mapped_form, "accounts.account.opened",
          "transactions.connection.mapped", ASKED),
    *does("transactions:connection_sync", nothing, ASKED),
    *does("transactions:connection_reconnect", nothing, "transactions.connection.renewed", ASKED),
    *does("transactions:connection_disconnect", {"data": "keep"}, "transactions.connection.ended"),
    *does("transactions:connection_undo", nothing, "transactions.connection.restored",
          ready=disconnected),
    *does("transactions:connection_play", {"action": "post"}, "transactions.connection.played",
          ASKED),
    *does("api_connection_list", BANK, *MADE),
    *does("api_connection_accounts", mapped_body, "accounts.account.opened",
          "transactions.connection.mapped", ASKED, methods="PUT"),
    *does("api_connection_sync", nothing, ASKED),
    *does("api_connection_reconnect", nothing, "transactions.connection.renewed", ASKED),
    *does("api_connection_detail", nothing, "transactions.connection.ended", methods="DELETE"),
]  # fmt: skip
SHARING = [
    *does("accounts:share_list",
          lambda w: {"email": "new@example.com", "level": "viewer", "accounts": [w["account"].pk]},
          "accounts.share.invited"),
    *does("accounts:share_accept", nothing, *["accounts.share.accepted"] * 2,
          ready=shared_with_owner),
    *does("accounts:share_end", nothing, *["accounts.share.revoked"] * 2, ready=shared_by_owner),
    *does("accounts:share_level", {"level": "analyst"}, *["accounts.share.level_changed"] * 2,
          ready=shared_by_owner),
    *does("accounts:share_view_as", nothing, "accounts.view_as.started", ready=shared_by_owner),
    *does("api_share_list",
          lambda w: {"email": "new@example.com", "level": "viewer", "account": w["account"].pk},
          "accounts.share.invited"),
    *does("api_share_accept", nothing, *["accounts.share.accepted"] * 2, ready=shared_with_owner),
    *does("api_share_decline", nothing, *["accounts.share.declined"] * 2, ready=shared_with_owner),
    *does("api_share_detail", {"level": "analyst"}, *["accounts.share.level_changed"] * 2,
          ready=shared_by_owner, methods="PATCH"),
    *does("api_share_detail", nothing, *["accounts.share.revoked"] * 2,
          ready=shared_by_owner, methods="DELETE"),
]  # fmt: skip
TRANSACTIONS = [
    *does("transactions:transaction_create", transaction_entries,
          "transactions.transaction.created"),
    *does("transactions:transaction_edit", transaction_entries, "transactions.transaction.edited",
          ready=loose_transaction),
    *does("transactions:transaction_notes", {"notes": "a note", "tags": "x"},
          "transactions.transaction.edited"),
    *does("transactions:transaction_category", {"category": "groceries"},
          "transactions.transaction.edited", ready=loose_transaction),
    *does("transactions:transaction_split", parts_entries, "transactions.transaction.split",
          ready=loose_transaction),
    *does("transactions:transaction_unsplit", nothing, "transactions.transaction.unsplit",
          ready=split),
    *does("transactions:attachment_create", receipt, "transactions.attachment.added"),
    *does("transactions:attachment_delete", nothing, "transactions.attachment.removed"),
    *does("transactions:transaction_delete", nothing, "transactions.transaction.deleted",
          ready=loose_transaction),
    *does("transactions:transaction_restore", nothing, "transactions.transaction.restored",
          ready=gone_transaction),
    *does("transactions:transaction_bulk", lambda w: ids(w) | {"do": "notes", "notes": "x"},
          "transactions.transactions.edited"),
    *does("transactions:trash_restore", ids, "transactions.transactions.restored",
          ready=gone_transaction),
    *does("transactions:change_undo", nothing, "transactions.batch.undone", ready=changed_together),
    *does("transactions:change_stop", nothing, "transactions.batch.stopped", ready=at_work),
    *does("transactions:view_create", {"name": "mine", "query": "search=tea"},
          "transactions.view.saved"),
    *does("transactions:view_edit", {"name": "other"}, "transactions.view.edited"),
    *does("transactions:view_delete", nothing, "transactions.view.deleted"),
    *does("transactions:transfer_create", as_form(transfer_entries, date="on"),
          *["transactions.transaction.created"] * 2, "transactions.transfer.created"),
    *does("transactions:transfer_confirm", nothing, "transactions.transfer.confirmed"),
    *does("transactions:transfer_reject", nothing, "transactions.transfer.rejected"),
    *does("api_transaction_list", transaction_entries, "transactions.transaction.created"),
    *does("api_transaction_detail", transaction_entries, "transactions.transaction.edited",
          ready=loose_transaction, methods=PUT_PATCH),
    *does("api_transaction_detail", nothing, "transactions.transaction.deleted",
          ready=loose_transaction, methods="DELETE"),
    *does("api_transaction_restore", nothing, "transactions.transaction.restored",
          ready=gone_transaction),
    *does("api_transaction_category", {"category": "groceries"}, "transactions.transaction.edited",
          ready=loose_transaction, methods="PUT"),
    *does("api_transaction_splits", parts, "transactions.transaction.split",
          ready=loose_transaction, methods="PUT"),
    *does("api_attachment_list", receipt, "transactions.attachment.added"),
    *does("api_attachment_detail", nothing, "transactions.attachment.removed", methods="DELETE"),
    *does("api_view_list", {"name": "mine", "query": "search=tea"}, "transactions.view.saved"),
    *does("api_view_detail", {"name": "other"}, "transactions.view.edited", methods="PATCH"),
    *does("api_view_detail", nothing, "transactions.view.deleted", methods="DELETE"),
    *does("api_transfer_list", transfer_entries,
          *["transactions.transaction.created"] * 2, "transactions.transfer.created"),
    *does("transactions:review_decide", {"decision": "same"}, "transactions.review.decided"),
    *does("transactions:review_decide_all", {"decision": "different"},
          "transactions.review.decided"),
    *does("transactions:review_undo", nothing, "transactions.review.undone", ready=answered_review),
    *does("api_review_list", {"decision": "different"}, "transactions.review.decided"),
    *does("api_review_detail", {"decision": "same"}, "transactions.review.decided"),
    *does("api_review_undo", nothing, "transactions.review.undone", ready=answered_review),
    *does("api_transfer_confirm", nothing, "transactions.transfer.confirmed"),
    *does("api_transfer_reject", nothing, "transactions.transfer.rejected"),
    *does("api_bulk_categorize", lambda w: ids(w) | {"category": "groceries"},
          "transactions.transactions.edited", ready=loose_transaction),
    *does("api_change_undo", nothing, "transactions.batch.undone", ready=changed_together),
    *does("api_change_stop", nothing, "transactions.batch.stopped", ready=at_work),
]  # fmt: skip
CATEGORIES = [
    *does("transactions:category_create", category_entries, "transactions.category.created"),
    *does("transactions:category_edit", category_entries, "transactions.category.edited"),
    *does("transactions:category_delete", {"target": "groceries", "rules": "delete"},
          "transactions.category.deleted"),
    *does("api_category_list", category_entries, "transactions.category.created"),
    *does("api_category_detail", category_entries, "transactions.category.edited",
          methods=PUT_PATCH),
    *does("api_category_detail", nothing, "transactions.category.deleted", methods="DELETE"),
    *does("transactions:group_settle",
          {"payee": "kiosk quill", "txn_type": "expense", "category": "groceries"},
          "transactions.transactions.edited", ready=uncategorized_at_kiosk),
    *does("api_group_list",
          {"merchant": "Kiosk Quill", "txn_type": "expense", "category": "groceries"},
          "transactions.transactions.edited", ready=uncategorized_at_kiosk),
    *does("transactions:learned_forget", {"payee": "kiosk quill", "txn_type": "expense"},
          "transactions.choices.forgotten", ready=chosen_at_kiosk),
    *does("transactions:learned_remember", nothing, "transactions.choices.remembered"),
    *does("api_learned_forget", {"merchant": "Kiosk Quill", "txn_type": "expense"},
          "transactions.choices.forgotten", ready=chosen_at_kiosk),
    *does("api_forgotten_detail", nothing, "transactions.choices.remembered", methods="DELETE"),
    *does("transactions:rule_create", rule_entries, "transactions.rule.created"),
    *does("transactions:rule_edit", rule_entries, "transactions.rule.edited"),
    *does("transactions:rule_apply", nothing, "transactions.rules.applied", ready=matching_rule),
    *does("transactions:rule_apply_all", nothing, "transactions.rules.applied",
          ready=matching_rule),
    *does("transactions:rule_move", {"to": "later"}, "transactions.rule.moved", ready=other_rule),
    *does("transactions:rule_delete", nothing, "transactions.rule.deleted"),
    *does("transactions:rule_restore", nothing, "transactions.rule.restored",
          ready=gone("rule", delete_rule, at=timezone.now())),
    *does("api_rule_list", rule_entries, "transactions.rule.created"),
    *does("api_rule_detail", rule_entries, "transactions.rule.edited", methods=PUT_PATCH),
    *does("api_rule_detail", nothing, "transactions.rule.deleted", methods="DELETE"),
    *does("api_rule_apply", nothing, "transactions.rules.applied", ready=matching_rule),
    *does("api_rule_apply_all", nothing, "transactions.rules.applied", ready=matching_rule),
]  # fmt: skip
IMPORTS = [
    *does("transactions:import_start", upload, "transactions.import.uploaded"),
    *does("transactions:import_map", mapping_entries, "transactions.import.mapped",
          ready=checked_import),
    *does("transactions:import_accounts",
          lambda w: {"part_0": w["account"].pk, "part_1": "skip"},
          "transactions.import.routed", ready=import_of_two_accounts),
    *does("transactions:import_rows_choose", {"choice": "leave", "all": "new"},
          "transactions.import.rows_left_out", ready=checked_import),
    *does("transactions:import_rows_choose",
          lambda w: {"choice": "add", "ids": [w["import_row"].pk]},
          "transactions.import.rows_included", ready=left_out_import),
    *does("transactions:import_row_edit",
          {"txn_date": "2026-03-03", "amount": "-9.00", "description": "Milk"},
          "transactions.import.row_corrected", ready=checked_import),
    *does("transactions:import_confirm", nothing, "transactions.import.confirmed",
          ready=checked_import),
    *does("transactions:import_revert", nothing, "transactions.import.reverted",
          ready=done_import),
    *does("transactions:import_discard", nothing, "transactions.import.discarded",
          ready=checked_import),
    *does("api_transaction_import", upload, "transactions.import.uploaded",
          "transactions.import.confirmed"),
    *does("api_import_confirm", nothing, "transactions.import.confirmed", ready=checked_import),
    *does("api_import_revert", nothing, "transactions.import.reverted", ready=done_import),
    *does("api_import_detail", nothing, "transactions.import.discarded",
          ready=checked_import, methods="DELETE"),
]  # fmt: skip
PLANS = [
    *does("budgets:budget_create", budget_entries, "budgets.budget.created"),
    *does("budgets:budget_copy", nothing, "budgets.month.copied", ready=budget_last_month),
    *does("budgets:budget_adopt", {"category": ["groceries"]}, "budgets.suggestions.adopted",
          ready=spent_for_months),
    *does("budgets:budget_edit", budget_entries, "budgets.budget.edited"),
    *does("budgets:budget_delete", nothing, "budgets.budget.deleted"),
    *does("budgets:budget_restore", nothing, "budgets.budget.restored",
          ready=gone("budget", delete_budget)),
    *does("api_budget_list", budget_entries, "budgets.budget.created"),
    *does("api_budget_copy_last_month", nothing, "budgets.month.copied", ready=budget_last_month),
    *does("api_budget_suggestions", {"categories": ["groceries"]}, "budgets.suggestions.adopted",
          ready=spent_for_months),
    *does("api_budget_detail", budget_entries, "budgets.budget.edited", methods=PUT_PATCH),
    *does("api_budget_detail", nothing, "budgets.budget.deleted", methods="DELETE"),
    *does("api_budget_restore", nothing, "budgets.budget.restored",
          ready=gone("budget", delete_budget)),
    *does("bills:bill_create", bill_entries, "bills.bill.created"),
    *does("bills:bill_edit", bill_entries, "bills.bill.edited"),
    *does("bills:bill_pay", as_form(pay_entries, paid_on="on"), *PAID),
    *does("bills:bill_unpay", nothing, *UNPAID,
          ready=paid),
    *does("bills:bill_skip", nothing, "bills.bill.skipped"),
    *does("bills:bill_auto_pay", {"auto_pay": "1"}, "bills.bill.edited"),
    *does("bills:bill_match", lambda w: {"transaction": w["payment"].pk}, *PAID[1:],
          ready=payment_there),
    *does("bills:bill_remind", nothing, "bills.bill.reminded"),
    *does("bills:bill_delete", nothing, "bills.bill.deleted"),
    *does("bills:bill_restore", nothing, "bills.bill.restored", ready=gone("bill", delete_bill)),
    *does("api_bill_list", bill_entries, "bills.bill.created"),
    *does("api_bill_detail", bill_entries, "bills.bill.edited", methods=PUT_PATCH),
    *does("api_bill_detail", nothing, "bills.bill.deleted", methods="DELETE"),
    *does("api_bill_pay", pay_entries, *PAID,
          methods="POST PUT"),
    *does("api_bill_unpay", nothing, *UNPAID,
          ready=paid),
    *does("api_bill_skip", nothing, "bills.bill.skipped"),
    *does("api_bill_match", lambda w: {"transaction": w["payment"].pk}, *PAID[1:],
          ready=payment_there),
    *does("api_bill_restore", nothing, "bills.bill.restored", ready=gone("bill", delete_bill)),
    *does("api_bill_remind", nothing, "bills.bill.reminded"),
    *does("rewards:reward_create", reward_entries, "rewards.program.created"),
    *does("rewards:reward_edit", reward_entries, "rewards.program.edited"),
    *does("rewards:entry_create", as_form(entry_entries, occurred_on="on"),
          "rewards.points.earn"),
    *does("rewards:reward_delete", nothing, "rewards.program.deleted"),
    *does("rewards:reward_restore", nothing, "rewards.program.restored",
          ready=gone("reward", delete_program)),
    *does("api_reward_list", reward_entries, "rewards.program.created"),
    *does("api_reward_detail", reward_entries, "rewards.program.edited", methods=PUT_PATCH),
    *does("api_reward_detail", nothing, "rewards.program.deleted", methods="DELETE"),
    *does("api_reward_restore", nothing, "rewards.program.restored",
          ready=gone("reward", delete_program)),
    *does("api_reward_entries", entry_entries, "rewards.points.earn"),
    *does("insights:home_cards", {"card": "worth", "act": "hide"}, "insights.home.arranged"),
    *does("insights:sample_add", nothing, *SAMPLE_ADDED, ready=no_accounts),
    *does("insights:sample_remove", nothing, *SAMPLE_REMOVED, ready=sampled),
    *does("insights:sample_restore", nothing, *SAMPLE_RESTORED, ready=sample_gone),
    *does("insights:recurring_dismiss", as_form(dismissal, txn_type="direction", merchant="name"),
          "insights.recurring.dismissed"),
    *does("insights:recurring_restore", nothing, "insights.recurring.restored"),
    *does("api_recurring_dismiss", dismissal, "insights.recurring.dismissed"),
    *does("api_recurring_restore", nothing, "insights.recurring.restored", methods="DELETE"),
    *does("insights:same_answer", as_form(same_decision, merchant="name"),
          "insights.same.answered"),
    *does("insights:same_undo", nothing, "insights.same.withdrawn"),
    *does("api_same_answer", same_decision, "insights.same.answered"),
    *does("api_same_undo", nothing, "insights.same.withdrawn", methods="DELETE"),
]  # fmt: skip
ALERTS = [
    *does("alerts:alert_dismiss", nothing, "alerts.alert.dismissed"),
    *does("alerts:alert_delete", nothing, "alerts.alert.deleted"),
    *does("alerts:alert_restore", nothing, "alerts.alert.restored",
          ready=gone("alert", delete_alert)),
    *does("alerts:subscription_list",
          {"quiet_hours": "1", "quiet_from": "22:00", "quiet_until": "07:00"},
          "users.quiet_hours.changed"),
    *does("api_alert_subscribe", SUBSCRIBE, "alerts.subscription.changed"),
    *does("api_alert_dismiss", nothing, "alerts.alert.dismissed", methods="POST PUT"),
    *does("api_alert_detail", nothing, "alerts.alert.deleted", methods="DELETE"),
    *does("api_alert_restore", nothing, "alerts.alert.restored",
          ready=gone("alert", delete_alert)),
]  # fmt: skip
PEOPLE = [
    *does("users:profile", PROFILE, "users.profile.updated"),
    *does("users:verification_request", nothing, "users.kyc_status.changed"),
    *does("users:theme_set", {"theme": "dark"}, "users.profile.updated"),
    *does("users:privacy", lambda w: {"confirm": w["owner"].email}, "users.details.erased",
          "users.user.erased"),
    *does("users:sign_out_everywhere", nothing, "users.sessions.ended"),
    *does("users-me", PROFILE, "users.profile.updated", methods=PUT_PATCH),
    *does("users-me", lambda w: {"confirm": w["owner"].email}, "users.details.erased",
          "users.user.erased", methods="DELETE"),
    *does("users-me-erase", lambda w: {"confirm": w["owner"].email}, "users.details.erased",
          "users.user.erased"),
    *does("users-me-sessions", nothing, "users.sessions.ended", methods="DELETE"),
    *does("auth-password-change", {"current_password": PASSWORD, "password": "Fresh-Horse-9"},
          "users.step_up.succeeded", "users.password.changed", "users.sign_in.succeeded"),
    *does("auth-step-up", {"password": PASSWORD}, "users.step_up.succeeded"),
    *does("account_change_password",
          {"oldpassword": PASSWORD, "password1": "Fresh-Horse-9", "password2": "Fresh-Horse-9"},
          "users.step_up.succeeded", "users.password.changed"),
]  # fmt: skip
EXPORTS = [
    *does("insights:export_statement", statement_form, "insights.export.requested"),
    *does("insights:export_report", lambda w: {"month": f"{w['today']:%Y-%m}"},
          "insights.export.requested"),
    *does("insights:export_everything", nothing, "insights.export.requested"),
    *does("insights:export_delete", nothing, "insights.export.deleted"),
    *does("api_export_pdf", statement_entries, "insights.export.requested"),
    *does("api_export_all", nothing, "insights.export.requested"),
    *does("api_export_detail", nothing, "insights.export.deleted", methods="DELETE"),
    *does("api_export_csv", nothing, "transactions.export.csv"),
]  # fmt: skip
COMMANDS = [
    *ACCOUNTS, *CONNECTIONS, *SHARING, *TRANSACTIONS, *CATEGORIES, *IMPORTS, *PLANS, *ALERTS,
    *PEOPLE, *EXPORTS
]  # fmt: skip
