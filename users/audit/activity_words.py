"""The label of each audit action, for the people it concerns.

A new action needs one line here, or the tests fail. The activity page filters by kind.
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
    "users.sign_in.locked": _("Sign-in locked after too many attempts"),
    "users.sign_in.unlocked": _("Sign-in unlocked"),
    "users.sign_in.new_device": _("Signed in on a new device"),
    "users.sign_out.done": _("Signed out"),
    "users.step_up.succeeded": _("Identity confirmed"),
    "users.step_up.failed": _("Identity check failed"),
    "users.step_up.locked": _("Identity check locked after too many attempts"),
    "users.password.changed": _("Password changed"),
    "users.email.confirmed": _("Email confirmed"),
    "users.email.change_requested": _("Email change requested"),
    "users.session.ended": _("Browser signed out"),
    "users.sessions.ended": _("Signed out everywhere"),
    "users.tokens.revoked": _("App signed out"),
    "users.token.refreshed": _("App stayed signed in"),
    "users.totp.activated": _("Authenticator app turned on"),
    "users.totp.deactivated": _("Authenticator app turned off"),
    "users.recovery_codes.generated": _("Recovery codes created"),
    "users.recovery_codes.viewed": _("Recovery codes viewed"),
    "users.passkey.added": _("Passkey added"),
    "users.passkey.removed": _("Passkey removed"),
    "users.passkey.renamed": _("Passkey renamed"),
    "users.access.refused": _("Access refused"),
    "users.role.changed": _("Role changed"),
    "users.user.activated": _("Account reactivated by staff"),
    "users.user.deactivated": _("Account deactivated by staff"),
}
_SETTINGS = {
    "users.user.signed_up": _("Signed up"),
    "users.user.created": _("Account created by staff"),
    "users.user.erased": _("Account deleted"),
    "users.details.erased": _("Activity details deleted"),
    "users.profile.updated": _("Profile changed"),
    "users.kyc_status.changed": _("Identity verification updated"),
    "users.quiet_hours.changed": _("Quiet hours changed"),
    "users.notifications.opted_in": _("Emails turned on"),
    "users.notifications.opted_out": _("Unsubscribed from emails"),
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
    "accounts.share.invited": _("Account shared"),
    "accounts.share.accepted": _("Shared account accepted"),
    "accounts.share.declined": _("Shared account declined"),
    "accounts.share.revoked": _("Sharing stopped by the owner"),
    "accounts.share.left": _("Left a shared account"),
    "accounts.share.level_changed": _("Access level changed"),
    "accounts.view_as.started": _("Started viewing as another person"),
    "accounts.view_as.stopped": _("Stopped viewing as another person"),
}
_TRANSACTIONS = {
    "transactions.transaction.created": _("Transaction added"),
    "transactions.transaction.edited": _("Transaction changed"),
    "transactions.transaction.deleted": _("Transaction moved to the trash"),
    "transactions.transaction.restored": _("Transaction restored"),
    "transactions.transaction.posted": _("Planned transaction posted"),
    "transactions.transaction.not_posted": _("Planned transaction not posted"),
    "transactions.transaction.split": _("Transaction split"),
    "transactions.transaction.unsplit": _("Split undone"),
    "transactions.transactions.edited": _("Transactions edited in bulk"),
    "transactions.transactions.planned": _("Future-dated transactions planned"),
    "transactions.transactions.deleted": _("Transactions moved to the trash"),
    "transactions.transactions.restored": _("Transactions restored"),
    "transactions.history.posted": _("Past transactions added"),
    "transactions.batch.requested": _("Bulk change requested"),
    "transactions.batch.stopped": _("Bulk change stopped"),
    "transactions.batch.ended": _("Bulk change finished"),
    "transactions.batch.undone": _("Bulk change undone"),
    "transactions.trash.purged": _("Trash emptied automatically"),
    "transactions.attachment.added": _("Receipt added"),
    "transactions.attachment.removed": _("Receipt removed"),
    "transactions.transfer.created": _("Transfer created"),
    "transactions.transfer.confirmed": _("Transfer confirmed"),
    "transactions.transfer.rejected": _("Transfer rejected"),
    "transactions.view.saved": _("View saved"),
    "transactions.view.edited": _("View changed"),
    "transactions.view.deleted": _("View removed"),
}
_IMPORTS = {
    "transactions.import.uploaded": _("Statement uploaded"),
    "transactions.import.mapped": _("Statement columns matched"),
    "transactions.import.routed": _("Statement accounts chosen"),
    "transactions.import.row_corrected": _("Statement line edited"),
    "transactions.import.rows_included": _("Statement lines included"),
    "transactions.import.rows_left_out": _("Statement lines skipped"),
    "transactions.import.rows_matched": _("Statement lines matched to transactions"),
    "transactions.review.decided": _("Review answered"),
    "transactions.review.undone": _("Review answer undone"),
    "transactions.sync.brought_in": _("Bank transactions synced"),
    "transactions.connection.made": _("Bank connected"),
    "transactions.connection.mapped": _("Accounts of a bank chosen"),
    "transactions.connection.renewed": _("Signed in to a bank again"),
    "transactions.connection.synced": _("Bank synced"),
    "transactions.connection.sync_failed": _("Bank sync failed"),
    "transactions.connection.sync_requested": _("Bank sync asked for"),
    "transactions.connection.played": _("Sandbox bank used"),
    "transactions.connection.ended": _("Bank disconnected"),
    "transactions.connection.restored": _("Bank connected again"),
    "transactions.connection.forgotten": _("Access to a bank ended"),
    "transactions.import.requested": _("Import started"),
    "transactions.import.confirmed": _("Statement imported"),
    "transactions.import.reverted": _("Import undone"),
    "transactions.import.discarded": _("Import discarded"),
    "transactions.export.csv": _("Transactions exported"),
    "insights.export.requested": _("Export requested"),
    "insights.export.ready": _("Export ready"),
    "insights.export.failed": _("Export failed"),
    "insights.export.downloaded": _("Export downloaded"),
    "insights.export.deleted": _("Export deleted"),
    "insights.export.expired": _("Export expired"),
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
    "budgets.month.copied": _("Budgets copied from the previous month"),
    "budgets.suggestions.adopted": _("Suggested budgets added"),
    "insights.recurring.dismissed": _("Marked as not recurring"),
    "insights.recurring.restored": _("Marked as recurring"),
    "insights.same.answered": _("Bill compared with a recurring payment"),
    "insights.same.withdrawn": _("Answer about a bill and a recurring payment undone"),
    "budgets.trash.purged": _("Old budgets deleted"),
    "bills.bill.created": _("Bill added"),
    "bills.bill.edited": _("Bill changed"),
    "bills.bill.deleted": _("Bill moved to the trash"),
    "bills.bill.restored": _("Bill restored"),
    "bills.bill.taken_up": _("Bill reopened"),
    "bills.bill.skipped": _("Bill skipped"),
    "bills.bill.paid": _("Bill paid"),
    "bills.bill.unpaid": _("Bill payment undone"),
    "bills.bill.auto_pay_failed": _("Automatic bill payment failed"),
    "bills.bill.reminded": _("Bill reminder sent"),
    "bills.trash.purged": _("Old bills deleted"),
    "rewards.program.created": _("Rewards program added"),
    "rewards.program.edited": _("Rewards program changed"),
    "rewards.program.deleted": _("Rewards program moved to the trash"),
    "rewards.program.restored": _("Rewards program restored"),
    "rewards.points.earn": _("Points earned"),
    "rewards.points.redeem": _("Points redeemed"),
    "rewards.points.adjust": _("Points adjusted"),
    "rewards.points.expire": _("Points expired"),
    "rewards.points.taken_back": _("Points reversed"),
}
_ALERTS = {
    "alerts.alert.raised": _("Alert sent"),
    "alerts.alert.dismissed": _("Alert dismissed"),
    "alerts.alert.deleted": _("Alert deleted"),
    "alerts.alert.restored": _("Alert restored"),
    "alerts.subscription.changed": _("Notification settings changed"),
    "users.notification.sent_again": _("Message resent by staff"),
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
    """ "Bill paid" for "bills.bill.paid"; an unlisted action is shown by its own last words."""
    kind = KIND_OF.get(action)
    if kind is None:
        return " ".join(action.split(".")[1:]).replace("_", " ").capitalize()
    return str(WORDS[kind][action])
