"""What each action of the audit trail is called, to the people it is about.

A new action gets one line here, or the suite fails. Kinds are what the page narrows by.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

KINDS: dict[str, Any] = {
    "access": _("Sign-in and security"),
    "settings": _("Profile and settings"),
    "accounts": _("Accounts"),
    "sharing": _("Sharing"),
    "transactions": _("Transactions"),
    "imports": _("Imports and exports"),
    "categories": _("Categories and rules"),
    "plans": _("Budgets, bills and rewards"),
    "alerts": _("Alerts and messages"),
}

_ACCESS = {
    "users.sign_in.succeeded": _("Signed in"),
    "users.sign_in.failed": _("Sign-in failed"),
    "users.sign_in.locked": _("Sign-in blocked after too many tries"),
    "users.sign_in.unlocked": _("Sign-in unblocked"),
    "users.sign_in.new_device": _("Signed in on a new device"),
    "users.sign_out.done": _("Signed out"),
    "users.step_up.succeeded": _("Proved again that it is you"),
    "users.step_up.failed": _("Failed to prove again that it is you"),
    "users.step_up.locked": _("Proving blocked after too many tries"),
    "users.password.changed": _("Password changed"),
    "users.email.confirmed": _("Email address confirmed"),
    "users.email.change_requested": _("Change of the email address asked for"),
    "users.session.ended": _("One browser signed out"),
    "users.sessions.ended": _("Signed out everywhere"),
    "users.tokens.revoked": _("One app signed out"),
    "users.token.refreshed": _("An app stayed signed in"),
    "users.totp.activated": _("Codes by app switched on"),
    "users.totp.deactivated": _("Codes by app switched off"),
    "users.recovery_codes.generated": _("New recovery codes made"),
    "users.recovery_codes.viewed": _("Recovery codes looked at"),
    "users.passkey.added": _("Passkey added"),
    "users.passkey.removed": _("Passkey removed"),
    "users.passkey.renamed": _("Passkey renamed"),
    "users.access.refused": _("Access refused"),
    "users.role.changed": _("Role changed"),
    "users.user.activated": _("Access opened again"),
    "users.user.deactivated": _("Access closed"),
}
_SETTINGS = {
    "users.user.signed_up": _("Signed up"),
    "users.user.created": _("Account with us opened by staff"),
    "users.user.erased": _("Everything erased"),
    "users.details.erased": _("Details of the record erased"),
    "users.profile.updated": _("Profile changed"),
    "users.kyc_status.changed": _("Identity check moved on"),
    "users.quiet_hours.changed": _("Quiet hours changed"),
    "users.notifications.opted_in": _("Messages switched on again"),
    "users.notifications.opted_out": _("Messages switched off"),
}
_ACCOUNTS = {
    "accounts.account.opened": _("Account added"),
    "accounts.account.edited": _("Account changed"),
    "accounts.account.deleted": _("Account moved to the trash"),
    "accounts.account.restored": _("Account restored"),
    "accounts.exchange_rates.stored": _("Exchange rates stored"),
    "accounts.held_rate.accepted": _("Exchange rate accepted"),
    "accounts.held_rate.refused": _("Exchange rate refused"),
}
_SHARING = {
    "accounts.share.invited": _("Account offered to somebody"),
    "accounts.share.accepted": _("Shared account accepted"),
    "accounts.share.declined": _("Shared account declined"),
    "accounts.share.revoked": _("Sharing ended by the owner"),
    "accounts.share.left": _("Shared account left"),
    "accounts.share.level_changed": _("Level of sharing changed"),
    "accounts.view_as.started": _("Began to look as somebody else would"),
    "accounts.view_as.stopped": _("Stopped looking as somebody else would"),
}
_TRANSACTIONS = {
    "transactions.transaction.created": _("Transaction added"),
    "transactions.transaction.edited": _("Transaction changed"),
    "transactions.transaction.deleted": _("Transaction moved to the trash"),
    "transactions.transaction.restored": _("Transaction restored"),
    "transactions.transaction.split": _("Transaction split"),
    "transactions.transaction.unsplit": _("Split taken back"),
    "transactions.transactions.edited": _("Transactions changed together"),
    "transactions.transactions.deleted": _("Transactions moved to the trash"),
    "transactions.transactions.restored": _("Transactions restored"),
    "transactions.history.posted": _("Past transactions added"),
    "transactions.batch.requested": _("Change of many transactions asked for"),
    "transactions.batch.stopped": _("Change of many transactions stopped"),
    "transactions.batch.ended": _("Change of many transactions finished"),
    "transactions.batch.undone": _("Change of many transactions undone"),
    "transactions.trash.purged": _("Old trash removed"),
    "transactions.attachment.added": _("Receipt added"),
    "transactions.attachment.removed": _("Receipt removed"),
    "transactions.transfer.created": _("Transfer made"),
    "transactions.transfer.confirmed": _("Transfer confirmed"),
    "transactions.transfer.rejected": _("Transfer said to be none"),
    "transactions.view.saved": _("View saved"),
    "transactions.view.edited": _("View changed"),
    "transactions.view.deleted": _("View removed"),
}
_IMPORTS = {
    "transactions.import.uploaded": _("Statement uploaded"),
    "transactions.import.mapped": _("Columns of a statement chosen"),
    "transactions.import.row_corrected": _("Row of a statement corrected"),
    "transactions.import.rows_included": _("Rows of a statement taken in"),
    "transactions.import.rows_left_out": _("Rows of a statement left out"),
    "transactions.import.rows_matched": _("Rows of a statement matched to transactions"),
    "transactions.review.decided": _("Review answered"),
    "transactions.review.undone": _("Review answer undone"),
    "transactions.sync.brought_in": _("Bank transactions synced"),
    "transactions.import.requested": _("Import started"),
    "transactions.import.confirmed": _("Statement imported"),
    "transactions.import.reverted": _("Import taken back"),
    "transactions.import.discarded": _("Import thrown away"),
    "transactions.export.csv": _("Transactions exported"),
    "insights.export.requested": _("Export asked for"),
    "insights.export.ready": _("Export made"),
    "insights.export.failed": _("Export failed"),
    "insights.export.downloaded": _("Export downloaded"),
    "insights.export.deleted": _("Export removed"),
    "insights.export.expired": _("Export removed after its time"),
}
_CATEGORIES = {
    "transactions.category.created": _("Category added"),
    "transactions.category.edited": _("Category changed"),
    "transactions.category.deleted": _("Category removed"),
    "transactions.rule.created": _("Rule added"),
    "transactions.rule.edited": _("Rule changed"),
    "transactions.rule.deleted": _("Rule removed"),
    "transactions.rule.restored": _("Rule restored"),
    "transactions.rule.moved": _("Rule moved"),
    "transactions.rules.applied": _("Rules applied"),
}
_PLANS = {
    "budgets.budget.created": _("Budget added"),
    "budgets.budget.edited": _("Budget changed"),
    "budgets.budget.deleted": _("Budget moved to the trash"),
    "budgets.budget.restored": _("Budget restored"),
    "budgets.month.copied": _("Budgets copied from the month before"),
    "budgets.suggestions.adopted": _("Suggested budgets adopted"),
    "insights.recurring.dismissed": _("Said not to be recurring"),
    "insights.recurring.restored": _("Said to be recurring after all"),
    "budgets.trash.purged": _("Old budgets removed"),
    "bills.bill.created": _("Bill added"),
    "bills.bill.edited": _("Bill changed"),
    "bills.bill.deleted": _("Bill moved to the trash"),
    "bills.bill.restored": _("Bill restored"),
    "bills.bill.taken_up": _("Bill taken up again"),
    "bills.bill.skipped": _("Bill skipped"),
    "bills.bill.paid": _("Bill paid"),
    "bills.bill.unpaid": _("Payment of a bill taken back"),
    "bills.bill.auto_pay_failed": _("Bill could not be paid by itself"),
    "bills.bill.reminded": _("Reminder of a bill sent"),
    "bills.trash.purged": _("Old bills removed"),
    "rewards.program.created": _("Rewards programme added"),
    "rewards.program.edited": _("Rewards programme changed"),
    "rewards.program.deleted": _("Rewards programme moved to the trash"),
    "rewards.program.restored": _("Rewards programme restored"),
    "rewards.points.earn": _("Points earned"),
    "rewards.points.redeem": _("Points redeemed"),
    "rewards.points.adjust": _("Points corrected"),
    "rewards.points.expire": _("Points expired"),
    "rewards.points.taken_back": _("Points taken back"),
}
_ALERTS = {
    "alerts.alert.raised": _("Alert raised"),
    "alerts.alert.dismissed": _("Alert dismissed"),
    "alerts.alert.deleted": _("Alert deleted"),
    "alerts.alert.restored": _("Alert restored"),
    "alerts.subscription.changed": _("What to be told about changed"),
    "users.notification.sent_again": _("Message sent again by staff"),
}

WORDS: dict[str, dict[str, Any]] = {
    "access": _ACCESS,
    "settings": _SETTINGS,
    "accounts": _ACCOUNTS,
    "sharing": _SHARING,
    "transactions": _TRANSACTIONS,
    "imports": _IMPORTS,
    "categories": _CATEGORIES,
    "plans": _PLANS,
    "alerts": _ALERTS,
}
KIND_OF = {action: kind for kind, words in WORDS.items() for action in words}


def words_for(action: str) -> str:
    """ "Bill paid" for "bills.bill.paid"; an action nobody named yet by its own last words."""
    kind = KIND_OF.get(action)
    if kind is None:
        return " ".join(action.split(".")[1:]).replace("_", " ").capitalize()
    return str(WORDS[kind][action])
