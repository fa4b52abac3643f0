"""Every rate, size, window and retention of the product, each with its reason, on one page.

The environment may change the rates (RATE_LIMITS) and how long tokens live. What belongs to a
format rather than to this product stays beside its reader in transactions/sources/files.
"""

from datetime import timedelta

# --- How long things are kept -------------------------------------------------------------------

# What people delete, what undoes a change of many rows, and the files they uploaded.
TRASH_FOR = timedelta(days=30)
# Statements, reports and archives that were made; they can be made again.
EXPORTS_FOR = timedelta(days=7)
# The answer to a command with an Idempotency-Key, for clients that ask again.
IDEMPOTENCY_KEYS_FOR = timedelta(days=7)
# How far an import is, for its page.
IMPORT_PROGRESS_FOR = timedelta(hours=1)
# How often the forecast was right: a day's figure, as the forecast looks at whole days.
HIT_RATE_SECONDS = 24 * 3600
# Answers of the sources of exchange rates, the latest.
RATE_FETCHES_KEPT = 1_000
# A device that signed in to an account is known to it for a year, up to so many accounts.
KNOWN_DEVICE_SECONDS = 365 * 24 * 3600
KNOWN_DEVICE_ACCOUNTS = 8
# A place somebody signed in from this recently is not new.
KNOWN_LOGIN_FOR = timedelta(days=90)

# --- Sign-in ------------------------------------------------------------------------------------

ACCESS_TOKEN_MINUTES = 30
REFRESH_TOKEN_DAYS = 7
SESSION_SECONDS = 14 * 24 * 3600
# How long a factor proven again opens what is sensitive, on the page and at the API.
STEP_UP_SECONDS = 300
# How long having signed in does so for what staff do to people.
SIGN_IN_PROVES_SECONDS = 900
# Staff show an account as locked for as long as "sign-in-account" below counts.
LOCKED_FOR = timedelta(minutes=15)
# A right password forgives the wrong ones before it, for this long.
FORGIVEN_SECONDS = 24 * 3600
# A used code is refused for longer than it, the one before it and the one after it are accepted.
TOTP_MEMORY_SECONDS = 180
# How long a new app has to make its first code.
TOTP_SETUP_SECONDS = 600
# How long after its use a refresh token that comes again is a race or a lost answer, no theft.
REUSE_GRACE = timedelta(seconds=10)

# --- Rates: (how many, in how many seconds) ------------------------------------------------------

Rate = tuple[int, int]

# A demo is tried by scripts, all of them the same six people from one address.
DEMO_FACTOR = 50
DEMO_NAMES = ("sign-up", "api-read", "api-write", "export-pdf", "export-all")
DEFAULTS: dict[str, Rate] = {
    "sign-in-account": (5, 900),
    # From wherever: whoever guesses from a thousand addresses.
    "sign-in-everywhere": (10, 900),
    "sign-in-address": (20, 3600),
    "sign-in-network": (100, 3600),
    "otp": (5, 300),
    # Nothing can be guessed there; each try costs a signature.
    "passkey": (30, 300),
    "sign-up": (20, 3600),
    "audit-verification": (20, 600),
    "share-invitation": (30, 3600),
    "mail-address": (20, 3600),
    "mail-recipient": (5, 3600),
    "invitation-recipient": (3, 86_400),
    "api-read": (120, 60),
    # Not 30: whoever enters a month of receipts or categorises by hand is not an attack.
    "api-write": (120, 60),
    # A year's statements one by one are 12; everything of mine is read whole from the database.
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

# Lines: transactions, the trash, the rows of an import, a change or a preview, points.
LINES_A_PAGE = 50
STATEMENTS_A_PAGE = 24
# Taller things with text of their own: alerts, transfers.
CARDS_A_PAGE = 30
FILES_A_PAGE = 20
RULES_A_PAGE = 100
EVENTS_A_PAGE = 40
# The API's pages: unless asked otherwise, and at most.
API_PAGE_ROWS = 50
API_PAGE_MAX_ROWS = 200
# Lists that do not page show this many and say that there are more.
BILLS_SHOWN = 200
CHANGES_LISTED = 100
MERCHANTS_SHOWN = 100
# The badge says "99+" from there on.
ALERTS_COUNTED = 99
# Ids listed of the rows an undo left alone, and lines listed of those an import cannot read.
LEFT_LISTED = 100
IMPORT_ERRORS_LISTED = 100

# --- What people send ---------------------------------------------------------------------------

# A request's body, and what of an upload is held in memory.
REQUEST_BYTES = 5 * 1024 * 1024
REQUEST_FIELDS = 5_000
# What a multipart body is allowed beyond the file itself.
FORM_OVERHEAD_BYTES = 64 * 1024
IMPORT_MAX_BYTES = 25 * 1024 * 1024
IMPORT_MAX_ROWS = 250_000
IMPORT_COLUMNS = 200
# A date typed by hand lies between so many years before and after the person's today.
TYPED_YEARS_BACK = 100
TYPED_YEARS_AHEAD = 5
SEARCH_LENGTH = 200
SORT_KEYS = 3
IDEMPOTENCY_KEY_LENGTH = 200
# Transactions chosen one by one, on the page and by the API.
ROWS_CHOSEN = 1_000
ROWS_CHOSEN_BY_API = 10_000

# --- How much one person has --------------------------------------------------------------------

MOST_CATEGORIES = 500
MOST_RULES = 5_000
MOST_SAVED_VIEWS = 50
# Accounts named in one invitation.
SHARED_ACCOUNTS = 200
PATTERN_LENGTH = 200
# Instructions of a compiled pattern: words need ten, "\\w{3,30}\\s+\\d+" about 300. One automaton
# holds all patterns of a person; it takes time and memory by their sum.
PATTERN_PROGRAM = 2_000
RULE_BOOK_PROGRAM = 500_000
MOST_POINTS = 10**12
POINTS_PER_UNIT = 1_000_000

# --- Within the request, or by the worker -------------------------------------------------------

# Files above this size are read by the worker; the page shows how far it is.
IMPORT_INLINE_BYTES = 256 * 1024
# Changes of more rows are done by the worker, so many rows to a commit, so many commits to a task.
CHANGE_INLINE_ROWS = 2_000
CHANGE_STEP_ROWS = 1_000
CHANGE_STEPS_A_TASK = 300
# Up to so many rows a request counts what rules would change, to know where to apply them.
CHANGE_INLINE_SCAN = 20_000
# A preview of a rule looks at so many of the latest transactions; while somebody types, at fewer.
RULE_PREVIEW_ROWS = 50_000
RULE_DRAFT_ROWS = 20_000
# Above this, what an undo would leave alone is told afterwards instead of before.
UNDO_COUNTED_ROWS = 20_000
# A statement of so few lines is drawn within a second; above the second number its layout needs
# more memory than a worker should take, and the CSV remains.
STATEMENT_LINES_INLINE = 100
STATEMENT_PDF_LINES = 5_000
EXPORT_DAYS = 3_660
# Files one person keeps; and those a sweep takes up at a time.
EXPORTS_KEPT = 100
EXPORTS_AT_ONCE = 20
EXPORT_PIECE_BYTES = 512 * 1024

# --- Workers that die, messages that get lost ---------------------------------------------------

# An import that has waited this long for a worker is taken up by the sweep, so many at a time.
IMPORT_OVERDUE_AFTER = timedelta(minutes=2)
SWEEP_LIMIT = 5
# A worker that has not moved an import or a change for this long has died.
SILENT_FOR = timedelta(seconds=60)
# An export reports at each step; the longest step takes under a minute.
EXPORT_SILENT_FOR = timedelta(minutes=3)
WORK_GIVEN_UP_AFTER = timedelta(hours=6)
EXPORT_ATTEMPTS = 3
# Attempts at a change that does not move, a minute and more apart.
CHANGE_ATTEMPTS = 5
# Messages sent by one task; one that a worker claimed is free again after this long.
MESSAGES_AT_ONCE = 50
MESSAGE_CLAIM_FOR = timedelta(minutes=15)
# Sign-in mails that wait for the sending thread.
MAILS_WAITING = 500
SMS_LENGTH = 480

# --- One payment, one line -----------------------------------------------------------------------

# How many days apart two records of one payment may lie. Card purchases before a long weekend are
# booked up to five days later; a person may enter a payment before or after its day.
MATCH_WITHIN_DAYS = 5
# A hold on a card may stand for two weeks before the bank books it; it never books much earlier.
PENDING_DAYS_BEFORE = 3
PENDING_DAYS_AFTER = 14
# One id of the bank's on days further apart may be two lines: some banks use ids again.
SAME_BANK_ID_DAYS = 35
# A tip or a rate of exchange moves the amount of a pending line by at most this share.
PENDING_CHANGE_PERCENT = 20
# Answers under Review that count for the next file, the latest of an account.
ANSWERS_REMEMBERED = 5_000
# Questions answered at once: each is a change of the ledger of its own.
ANSWERS_AT_ONCE = 200

# --- Windows of the figures ---------------------------------------------------------------------

RATES_EVERY = timedelta(hours=6)
RATES_AFTER_FAILURE = timedelta(hours=1)
# Without an answer for this long, the page says that rates are late.
RATES_LATE_AFTER = timedelta(hours=24)
# Over weekends and holidays an older rate stands in; further back there is none.
RATE_AGE_DAYS = 7
RATE_CHART_DAYS = 90
# Occurrences of a bill are made so far ahead; one that was forgotten is caught up so far back.
BILL_AHEAD_DAYS = 35
BILL_CATCH_UP_DAYS = 31
# A series nobody has settled for so long is not carried on by itself.
BILL_FORGOTTEN_DAYS = 400
REMINDER_LEAD_DAYS = 60
POINTS_WARNING_DAYS = 60
# Months whose remainders a budget carries on.
ROLLOVER_MONTHS = 24
FORECAST_LEAST_DAYS = 90
FORECAST_HISTORY_DAYS = 365
