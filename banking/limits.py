"""The rates, sizes, windows and retention that users and operators notice, on one page.

The environment may change the rates (RATE_LIMITS) and token lifetimes. Limits of a file format
rather than of this product are next to its reader in transactions/sources/files, and thresholds of
a calculation next to the calculation (alerts/scanners, transactions/matching, insights/recurring).
"""

from datetime import timedelta
from decimal import Decimal

# --- Retention ----------------------------------------------------------------------------------

# An ended bank connection can be restored for this long; then access is revoked at the bank.
CONNECTION_UNDO_FOR = timedelta(days=1)
# Deleted rows, undo data of bulk changes, and uploaded files.
TRASH_FOR = timedelta(days=30)
# Statements, reports and archives; they can be made again.
EXPORTS_FOR = timedelta(days=7)
# The response to a command with an Idempotency-Key, for clients that retry.
IDEMPOTENCY_KEYS_FOR = timedelta(days=7)
# The progress of an import, for its page.
IMPORT_PROGRESS_FOR = timedelta(hours=1)
# The forecast's hit rate: one value per day, as the forecast uses whole days.
HIT_RATE_SECONDS = 24 * 3600
# What comes until payday, for the same reason.
OUTLOOK_SECONDS = 24 * 3600
# A person's pages and overview, while nothing on them changes.
PAGE_SECONDS = 3600
# Finished syncs of connected banks; each connection keeps its latest.
SYNC_RUNS_FOR = timedelta(days=90)
# The latest responses of exchange rate sources.
RATE_FETCHES_KEPT = 1_000
# A browser that signed in to an account stays known to it for a year, up to this many accounts.
KNOWN_DEVICE_SECONDS = 365 * 24 * 3600
KNOWN_DEVICE_ACCOUNTS = 8
# A place with a sign-in this recently is not new.
KNOWN_LOGIN_FOR = timedelta(days=90)

# --- Sign-in ------------------------------------------------------------------------------------

ACCESS_TOKEN_MINUTES = 30
REFRESH_TOKEN_DAYS = 7
SESSION_SECONDS = 14 * 24 * 3600
# How long a step-up allows sensitive actions, on pages and in the API.
STEP_UP_SECONDS = 300
# How long a sign-in counts as a step-up for staff actions on users.
SIGN_IN_PROVES_SECONDS = 900
PASSWORD_CHARACTERS = 8
# The admin site shows an account as locked for as long as "sign-in-account" below counts.
LOCKED_FOR = timedelta(minutes=15)
# How long support may see a customer's record after stating a reason.
CUSTOMER_OPEN_FOR = timedelta(minutes=30)
# A right password resets the count of wrong ones within this window.
FORGIVEN_SECONDS = 24 * 3600
# Longer than a used code, with its two neighbors, would stay valid.
TOTP_MEMORY_SECONDS = 180
# The time to enter the first code of a new app.
TOTP_SETUP_SECONDS = 600
# Within this time, a reused refresh token is a race or a lost response, not a theft.
REUSE_GRACE = timedelta(seconds=10)

# --- Rates: (count, window in seconds) -----------------------------------------------------------

Rate = tuple[int, int]

# A demo is tried by scripts, all signing in as the same six users from one address.
DEMO_FACTOR = 50
DEMO_NAMES = ("sign-up", "api-read", "api-write", "export-pdf", "export-all")
DEFAULTS: dict[str, Rate] = {
    "sign-in-account": (5, 900),
    # From all addresses together: against guessing from a thousand addresses.
    "sign-in-everywhere": (10, 900),
    "sign-in-address": (20, 3600),
    "sign-in-network": (100, 3600),
    "otp": (5, 300),
    # There is nothing to guess here; each attempt costs a signature.
    "passkey": (30, 300),
    "sign-up": (20, 3600),
    "audit-verification": (20, 600),
    # Searching while typing asks several times a word; collecting customers takes thousands.
    "staff-search": (300, 600),
    "share-invitation": (30, 3600),
    "mail-address": (20, 3600),
    "mail-recipient": (5, 3600),
    "invitation-recipient": (3, 86_400),
    "api-read": (120, 60),
    # Not 30: entering a month of receipts or categorizing by hand is not an attack.
    "api-write": (120, 60),
    # Twelve single statements make a year; the full export reads everything from the database.
    "export-pdf": (30, 3600),
    "export-all": (5, 3600),
}


def rate_limits(changes: dict[str, str], *, is_demo: bool) -> dict[str, Rate | None]:
    """Every limit as (count, seconds) or None; `changes` as in {"sign-up": "50/3600"} or "off"."""
    rates: dict[str, Rate | None] = dict(DEFAULTS)
    if is_demo:
        for name in DEMO_NAMES:
            count, seconds = DEFAULTS[name]
            rates[name] = (count * DEMO_FACTOR, seconds)
    for name, text in changes.items():
        if name not in DEFAULTS:
            raise ValueError(f"RATE_LIMITS: there is no limit called {name!r}")
        most, _, window = text.partition("/")
        rates[name] = None if text == "off" else (int(most), int(window))
    return rates


# --- Pages and lists ----------------------------------------------------------------------------

# Rows: transactions, the trash, an import, a change or a preview, points.
LINES_A_PAGE = 50
STATEMENTS_A_PAGE = 24
# Taller items with text: alerts, transfers.
CARDS_A_PAGE = 30
FILES_A_PAGE = 20
RULES_A_PAGE = 100
EVENTS_A_PAGE = 40
# The API's page size: the default, and the maximum.
API_PAGE_ROWS = 50
API_PAGE_MAX_ROWS = 200
# Unpaged lists show this many and say if there are more.
BILLS_SHOWN = 200
CHANGES_LISTED = 100
MERCHANTS_SHOWN = 100
LEARNED_SHOWN = 300
# Merchants with uncategorized transactions: a page, the examples of each, and how many spellings
# are read to form the groups.
GROUPS_A_PAGE = 25
GROUP_EXAMPLES = 3
MERCHANTS_GROUPED = 10_000
# Staff pages: rows of a customer's section, suggestions while typing, results on the search page.
CUSTOMER_SECTION_ROWS = 10
CUSTOMERS_SUGGESTED = 8
CUSTOMERS_FOUND = 50
CUSTOMER_SEARCH_LEAST = 3
# Staff lists count and page through this many rows; filters narrow what is beyond.
STAFF_ROWS_COUNTED = 10_000
STAFF_LIST_ROWS = 50
# How often a job counts every customer and month for the staff home (banking/schedule.py).
PLATFORM_COUNT_EVERY = timedelta(minutes=15)
# What no index finds is looked for in this many of the newest rows, a few milliseconds' work.
STAFF_SEARCH_ROWS = 10_000
# Within days, in this many of their newest rows: these lie all over the table, a block each.
STAFF_SEARCH_ROWS_IN_DAYS = 2_500
# How long a request waits for a second admin.
APPROVAL_FOR = timedelta(hours=48)
# A person's own wish to be erased waits as long as the law gives us (GDPR, article 12: a month).
OWN_ERASURE_FOR = timedelta(days=30)
APPROVALS_LISTED = 50
# Verifying the audit trail: events a step, steps a task, how many problems are named, and how long
# the result can be read.
AUDIT_WALK_STEP = 2_000
AUDIT_WALK_STEPS = 200
AUDIT_WALK_PROBLEMS = 50
AUDIT_WALK_FOR = timedelta(hours=12)
# A queue shows and counts this many of its items, the oldest first.
QUEUE_ROWS = 100
# Failures older than this are history, not work.
QUEUE_LOOKS_BACK = timedelta(days=30)
# The badge shows "99+" from this count.
ALERTS_COUNTED = 99
# Listed ids of rows that an undo skipped, and listed lines that an import cannot read.
LEFT_LISTED = 100
IMPORT_ERRORS_LISTED = 100

# --- Requests and uploads -----------------------------------------------------------------------

# A request's body, and the part of an upload held in memory.
REQUEST_BYTES = 5 * 1024 * 1024
REQUEST_FIELDS = 5_000
# The allowance for a multipart body beyond the file itself.
FORM_OVERHEAD_BYTES = 64 * 1024
IMPORT_MAX_BYTES = 25 * 1024 * 1024
IMPORT_MAX_ROWS = 250_000
IMPORT_COLUMNS = 200
# Receipts: the largest file, and the most per transaction.
RECEIPT_BYTES = 5 * 1024 * 1024
RECEIPTS_PER_TRANSACTION = 10
# A typed date may be this many years before and after the user's today.
TYPED_YEARS_BACK = 100
TYPED_YEARS_AHEAD = 5
SEARCH_LENGTH = 200
SORT_KEYS = 3
IDEMPOTENCY_KEY_LENGTH = 200
# Individually selected transactions, on the page and in the API.
ROWS_CHOSEN = 1_000
ROWS_CHOSEN_BY_API = 10_000

# --- Per user -----------------------------------------------------------------------------------

MOST_CATEGORIES = 500
MOST_RULES = 5_000
MOST_SAVED_VIEWS = 50
# Latest transactions categorized by hand that categories are learned from.
CHOICES_LEARNED_FROM = 20_000
MOST_BANK_CONNECTIONS = 50
# A person can start this many syncs of one bank connection a day.
MOST_MANUAL_SYNCS = 24
# Accounts in one invitation.
SHARED_ACCOUNTS = 200
PATTERN_LENGTH = 200
# Instructions of a compiled pattern: words need ten, "\\w{3,30}\\s+\\d+" about 300. One automaton
# holds all patterns of a person; it takes time and memory by their sum.
PATTERN_PROGRAM = 2_000
RULE_BOOK_PROGRAM = 500_000
MOST_POINTS = 10**12
POINTS_PER_UNIT = 1_000_000

# --- In the request, or in the worker -----------------------------------------------------------

# Larger files are read by the worker; the page shows the progress.
IMPORT_INLINE_BYTES = 256 * 1024
# Larger changes run in the worker, with this many rows per commit and commits per task.
CHANGE_INLINE_ROWS = 2_000
CHANGE_STEP_ROWS = 1_000
CHANGE_STEPS_A_TASK = 300
# Months of foreign accounts that one run of the worker adds up: some seconds of work.
CONVERTED_MONTHS_A_RUN = 2_000
# Up to this many rows, a request counts what rules would change, to decide where to apply them.
CHANGE_INLINE_SCAN = 20_000
# A rule preview checks this many of the latest transactions; fewer while the user is typing.
RULE_PREVIEW_ROWS = 50_000
RULE_DRAFT_ROWS = 20_000
# Above this, rows that an undo would skip are reported afterward instead of in advance.
UNDO_COUNTED_ROWS = 20_000
# Statements up to the first number of lines are drawn in the request; above the second, the layout
# needs too much memory for a worker, and only the CSV is offered.
STATEMENT_LINES_INLINE = 100
STATEMENT_PDF_LINES = 5_000
EXPORT_DAYS = 3_660
# Files kept per user; and files that a sweep resumes at a time.
EXPORTS_KEPT = 100
EXPORTS_AT_ONCE = 20
EXPORT_PIECE_BYTES = 512 * 1024

# --- Connected banks ----------------------------------------------------------------------------

# Spread out, so that connections created together do not always sync together.
SYNC_JITTER = timedelta(minutes=20)
# While the provider is still preparing a new connection's history.
SYNC_WHILE_PREPARING = timedelta(minutes=2)
# Longer than a task may take. A dead worker blocks the connection for this long.
SYNC_LEASE = timedelta(minutes=15)
SYNC_FIRST_RETRY = timedelta(minutes=15)
# An owner who cannot help hears of a failing bank after this many failures in a row.
SYNC_FAILURES_TO_TELL = 2
# Connections that one tick of the schedule queues.
SYNCS_AT_ONCE = 200
# What a SimpleFIN bridge allows per connection; of these, the schedule keeps some for itself.
SIMPLEFIN_REQUESTS_A_DAY = 24
SCHEDULED_REQUESTS = 6
# So many booked lines may be missing from a bank's list at once before we doubt the list.
MOST_WITHDRAWN_UNASKED = 5

# --- Dead workers, lost messages ----------------------------------------------------------------

# The sweep resumes imports that have waited this long for a worker, a few at a time.
IMPORT_OVERDUE_AFTER = timedelta(minutes=2)
SWEEP_LIMIT = 5
# A worker without progress on an import or change for this long is considered dead.
SILENT_FOR = timedelta(seconds=60)
# An export reports at each step; the longest step takes under a minute.
EXPORT_SILENT_FOR = timedelta(minutes=3)
WORK_GIVEN_UP_AFTER = timedelta(hours=6)
EXPORT_ATTEMPTS = 3
# Attempts at a stalled change, at least a minute apart.
CHANGE_ATTEMPTS = 5
# Messages sent per task; a claimed message becomes free again after this long.
MESSAGES_AT_ONCE = 50
# Messages to one person in one email.
MESSAGES_IN_ONE = 20
MESSAGE_CLAIM_FOR = timedelta(minutes=15)
# Account emails waiting for the sending thread.
MAILS_WAITING = 500
SMS_LENGTH = 480

# --- Matching the same payment ------------------------------------------------------------------

# How many days apart two records of one payment may lie. Card purchases before a long weekend are
# booked up to five days later; a person may enter a payment before or after its day.
MATCH_WITHIN_DAYS = 5
# How far off an entry may lie whose own line another one has taken: each lies within the days above
# of the line that it took.
DISPLACED_WITHIN_DAYS = 2 * MATCH_WITHIN_DAYS
# A card hold may stand for two weeks before the bank books it; it is almost never booked earlier.
PENDING_DAYS_BEFORE = 3
PENDING_DAYS_AFTER = 14
# How far the two amounts of a transfer between currencies may be from the day's rate: what banks
# and card schemes add to it.
TRANSFER_RATE_MARGIN = Decimal("0.04")
# If the same bank id appears on days further apart, it may be two transactions: some banks reuse
# ids.
SAME_BANK_ID_DAYS = 35
# A tip or exchange rate changes the amount of a pending transaction by at most this share.
PENDING_CHANGE_PERCENT = 20
# Review answers applied to the next file, the latest per account.
ANSWERS_REMEMBERED = 5_000
# Questions answered at once: each answer is a separate change of the ledger.
ANSWERS_AT_ONCE = 200

# --- Time windows of the figures ----------------------------------------------------------------

BANK_SYNC_EVERY = timedelta(hours=4)
# No reminder is sent before this hour of the user's day.
REMINDERS_FROM_HOUR = 8
RATES_EVERY = timedelta(hours=6)
RATES_AFTER_FAILURE = timedelta(hours=1)
# A rate that moved by more than this share since its last value, at most this old, waits for staff.
RATE_JUMP_SHARE = Decimal("0.20")
RATE_JUMP_DAYS = 90
# Without a response for this long, the page says that rates are late.
RATES_LATE_AFTER = timedelta(hours=24)
# On weekends and holidays an older rate is used, but at most this old.
RATE_AGE_DAYS = 7
RATE_CHART_DAYS = 90
# Bill occurrences are created this far ahead; missed ones are caught up this far back.
BILL_AHEAD_DAYS = 35
BILL_CATCH_UP_DAYS = 31
# A series not settled for this long is not continued automatically.
BILL_FORGOTTEN_DAYS = 400
REMINDER_LEAD_DAYS = 60
POINTS_WARNING_DAYS = 60
# Months of rollover a budget includes.
ROLLOVER_MONTHS = 24
FORECAST_LEAST_DAYS = 90
FORECAST_HISTORY_DAYS = 365
