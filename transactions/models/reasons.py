"""Why a line is an existing payment or needs an answer: stored as a code, shown in words.

A stored reason is a code, a code and a date ("entered@2026-03-13"), or what was found on reading
the line: the code of a notice and its values ('not_amount@{"text": "12..34"}'). It is put into
words when it is shown, in the reader's language and formats. Reasons stored as sentences by
earlier versions are shown as they are.
"""

import json
from datetime import date

from django.utils.translation import gettext_lazy as _

from banking.kernel.formats import date_format
from transactions.models.notice_words import SENTENCES as NOTICES
from transactions.models.notices import Notice, notice_text

SAME_ID, SAME_LINE, NOW_BOOKED = "same_id", "same_line", "now_booked"
OTHER_ID, OTHER_AMOUNT, OTHER_DAY = "other_id", "other_amount", "other_day"
IS_ASKED, LIKE_ASKED, ODD_DATE = "is_asked", "like_asked", "odd_date"
LEFT_OUT, ANSWERED_SAME = "left_out", "answered_same"
# With the date of the transaction that the line may be.
ENTERED, PAID, MOVED, LISTED = "entered", "paid", "moved", "listed"
PLANNED, ANNOUNCED, ALREADY_THERE = "planned", "announced", "already_there"
CHANGED_PENDING, CHANGED_PLANNED = "changed_pending", "changed_planned"
# With the date of a pending transaction that a later file does not list.
UNLISTED, OVERDUE = "unlisted", "overdue"
# Added to a code if the two texts differ.
IN_OTHER_WORDS = "_otherwise"

SENTENCES = {
    SAME_ID: _("This account already has a transaction with this bank reference."),
    SAME_LINE: _("This transaction is already in your account."),
    NOW_BOOKED: _("Your bank has posted this pending transaction."),
    OTHER_ID: _("Your account has the same transaction under a different bank reference."),
    OTHER_AMOUNT: _("Your account has this bank reference with a different amount."),
    OTHER_DAY: _("Your account has this bank reference on another day, with different text."),
    IS_ASKED: _("This line is already waiting for your review."),
    LIKE_ASKED: _("A similar line is already waiting for your review."),
    ODD_DATE: _("This date is unusually far from today. Please check it."),
    LEFT_OUT: _("Skipped by you."),
    ANSWERED_SAME: _("You marked it as a transaction you already have."),
    ENTERED: _("You entered this on %(on)s."),
    PAID: _("You paid this bill here on %(on)s."),
    PAID + IN_OTHER_WORDS: _("You paid this bill here on %(on)s, with different text."),
    MOVED: _("You made this transfer here on %(on)s."),
    MOVED + IN_OTHER_WORDS: _("You made this transfer here on %(on)s, with different text."),
    LISTED: _("The bank listed this on %(on)s."),
    LISTED + IN_OTHER_WORDS: _("The bank listed this on %(on)s, with different text."),
    PLANNED: _("You planned this for %(on)s."),
    ANNOUNCED: _("The bank listed this as pending on %(on)s."),
    ANNOUNCED + IN_OTHER_WORDS: _(
        "The bank listed this as pending on %(on)s, with different text."
    ),
    CHANGED_PENDING: _("This may be the line pending on %(on)s, with a different amount."),
    CHANGED_PLANNED: _("This may be the payment planned for %(on)s, with a different amount."),
    UNLISTED: _(
        "Your bank listed this as pending on %(on)s, and no longer does. It may have been canceled."
    ),
    OVERDUE: _("This has been pending since %(on)s. Your bank's later files don't list it."),
    ALREADY_THERE: _("Your account has a payment of this amount on %(on)s. Is it the same one?"),
}


def reason_on(code: str, on: date) -> str:
    """The reason as it is stored: the code and the date it is about."""
    return f"{code}@{on.isoformat()}"


def reason_for(notice: Notice) -> str:
    """What reading the line found, as it is stored: the code and its values."""
    stored = notice.as_json()
    values = json.dumps(stored["values"], ensure_ascii=False) if stored["values"] else ""
    return f"{stored['code']}@{values}" if values else stored["code"]


def reason_text(stored: str) -> str:
    """The reason in the reader's language; a stored sentence as it is."""
    code, _separator, about = stored.partition("@")
    if code in NOTICES:
        return notice_text({"code": code, "values": json.loads(about or "{}")})
    if code not in SENTENCES:
        return stored
    sentence = str(SENTENCES[code])
    return sentence % {"on": date_format(date.fromisoformat(about), "j F Y")} if about else sentence
