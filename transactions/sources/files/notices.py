"""What the owner of a file should know about it: codes with values, put into words when shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class NoticeCode(StrEnum):
    """Everything to say about a file, its lines and its columns.

    `transactions/models/notice_words.py` has the words.
    """

    # About the file itself.
    NO_TRANSACTIONS = "no_transactions"
    INVESTMENTS_ONLY = "investments_only"
    BANK_MESSAGE = "bank_message"
    SEVERAL_CURRENCIES = "several_currencies"
    NOT_CONNECTED = "not_connected"
    INTERIM_REPORT = "interim_report"
    INFORMATION_LINES = "information_lines"
    INVESTMENT_LINES = "investment_lines"
    SECURITIES_LINES = "securities_lines"
    CORRECTION_LINES = "correction_lines"
    POSITIVE_DEBITS = "positive_debits"
    OPENING_LINES = "opening_lines"
    LAST_RECORD_OPEN = "last_record_open"
    OFX_NOT_CLOSED = "ofx_not_closed"
    ONE_SHEET = "one_sheet"
    ENCODING_GUESSED = "encoding_guessed"
    # About the file beside the account.
    FOREIGN_LINES = "foreign_lines"
    OTHER_ACCOUNTS = "other_accounts"
    OPENING_UNKNOWN = "opening_unknown"
    BALANCE_GAP = "balance_gap"
    NOT_LISTED = "not_listed"
    MORE_NOT_LISTED = "more_not_listed"
    PENDING_NOT_LISTED = "pending_not_listed"
    MORE_PENDING_NOT_LISTED = "more_pending_not_listed"
    STILL_PENDING = "still_pending"
    # Why a file can't be read.
    FILE_EMPTY = "file_empty"
    FILE_GONE = "file_gone"
    NO_LINES = "no_lines"
    TOO_MANY_LINES = "too_many_lines"
    JSON = "json"
    ZIP_ARCHIVE = "zip_archive"
    OTHER_ARCHIVE = "other_archive"
    OTHER_DOCUMENT = "other_document"
    OTHER_FILE = "other_file"
    NO_TEXT_FILE = "no_text_file"
    BINARY_FILE = "binary_file"
    NOT_TEXT = "not_text"
    WRONG_ENCODING = "wrong_encoding"
    ARCHIVE_DAMAGED = "archive_damaged"
    OLD_EXCEL = "old_excel"
    EXCEL_XML = "excel_xml"
    WEB_PAGE = "web_page"
    OTHER_ISO_MESSAGE = "other_iso_message"
    OTHER_XML = "other_xml"
    NOT_OFX = "not_ofx"
    OFX_WITH_DOCTYPE = "ofx_with_doctype"
    NOT_MT940 = "not_mt940"
    NOT_QIF = "not_qif"
    NOT_XML = "not_xml"
    XML_WITH_DOCTYPE = "xml_with_doctype"
    XML_NESTED = "xml_nested"
    XML_DAMAGED = "xml_damaged"
    NOT_CAMT = "not_camt"
    WORKBOOK_PROTECTED = "workbook_protected"
    WORKBOOK_DAMAGED = "workbook_damaged"
    WORKBOOK_EMPTY = "workbook_empty"
    WORKBOOK_PARTS = "workbook_parts"
    WORKBOOK_LARGE = "workbook_large"
    WORKBOOK_UNPACKED = "workbook_unpacked"
    WORKBOOK_TEXTS = "workbook_texts"
    WORKBOOK_CELL = "workbook_cell"
    SHEET_LARGE = "sheet_large"
    OWN_CELL_LONG = "own_cell_long"
    NO_TABLE = "no_table"
    NO_MONEY_LINE = "no_money_line"
    ONLY_HEADINGS = "only_headings"
    ONLY_HEADINGS_NO_AMOUNT = "only_headings_no_amount"
    ONLY_HEADINGS_NO_DATE = "only_headings_no_date"
    NO_AMOUNT_COLUMN = "no_amount_column"
    UNREAD_AMOUNT_IN = "unread_amount_in"
    UNREAD_AMOUNT = "unread_amount"
    COMMAS_APART = "commas_apart"
    AMOUNTS_IN_CENTS = "amounts_in_cents"
    CROATIAN_MONTHS = "croatian_months"
    TURNED_DAYS = "turned_days"
    MAPPING_INCOMPLETE = "mapping_incomplete"
    # Why an import stopped.
    NOT_FINISHED = "not_finished"
    ACCOUNT_IN_TRASH = "account_in_trash"
    ACCOUNT_ARCHIVED = "account_archived"
    # Why a line can't be used, or was left out.
    DATE_MISSING = "date_missing"
    AMOUNT_MISSING = "amount_missing"
    NOT_AMOUNT = "not_amount"
    NOT_AMOUNT_WITH_POINT = "not_amount_with_point"
    NOT_AMOUNT_WITH_COMMA = "not_amount_with_comma"
    TWO_AMOUNTS = "two_amounts"
    SEVERAL_SIGNS = "several_signs"
    AMOUNT_TOO_LONG = "amount_too_long"
    TOO_MANY_DECIMALS = "too_many_decimals"
    AMOUNT_TOO_LARGE = "amount_too_large"
    AMOUNT_TOO_PRECISE = "amount_too_precise"
    NOT_CURRENCY = "not_currency"
    FOREIGN_LINE = "foreign_line"
    NOT_DATE = "not_date"
    NOT_DATE_LIKE = "not_date_like"
    NO_MONTH = "no_month"
    NOT_A_DAY = "not_a_day"
    ODD_YEAR = "odd_year"
    OTHER_CALENDAR = "other_calendar"
    NUL_BYTE = "nul_byte"
    BAD_BYTES = "bad_bytes"
    IN_AND_OUT = "in_and_out"
    UNKNOWN_DIRECTION = "unknown_direction"
    NO_DIRECTION = "no_direction"
    BALANCE_UNSAID = "balance_unsaid"
    MAY_BE_TOTAL = "may_be_total"
    LINE_INCOMPLETE = "line_incomplete"
    LINE_CUT = "line_cut"
    LINE_WITHDRAWN = "line_withdrawn"
    NOT_MT940_LINE = "not_mt940_line"
    NOT_STATUS = "not_status"
    PARTS_DIFFER = "parts_differ"
    NEVER_BOOKED = "never_booked"
    NO_MONEY_MOVED = "no_money_moved"
    # What only the owner of a table knows.
    ASK_DATE_COLUMN = "ask_date_column"
    ASK_DATE_ORDER = "ask_date_order"
    ASK_DECIMAL_MARK = "ask_decimal_mark"
    ASK_OPENING_LINE = "ask_opening_line"
    ASK_LETTER = "ask_letter"
    ASK_ONE_WAY = "ask_one_way"
    ASK_BLANK_AMOUNT = "ask_blank_amount"
    ASK_AMOUNTS_DIFFER = "ask_amounts_differ"
    ASK_AMOUNT_TWINS = "ask_amount_twins"
    ASK_AMOUNT_COLUMN = "ask_amount_column"
    ASK_AMOUNT_CURRENCY = "ask_amount_currency"
    ASK_SPARSE_COLUMN = "ask_sparse_column"
    ASK_OLDEST = "ask_oldest"
    ASK_SIGN = "ask_sign"
    ASK_SIGN_UNMARKED = "ask_sign_unmarked"
    ASK_HEADINGS = "ask_headings"
    ASK_FEE = "ask_fee"
    ASK_MIXED_COLUMN = "ask_mixed_column"
    ASK_NEGATIVE_IN = "ask_negative_in"
    ASK_UNNAMED_PAIR = "ask_unnamed_pair"
    # Why the first answer is the likeliest.
    FIRST_DATE = "first_date"
    EARLIER_DATE = "earlier_date"
    DATES_CLOSE = "dates_close"
    AS_WRITTEN_BEFORE = "as_written_before"
    AS_READ_BEFORE = "as_read_before"
    DOLLARS = "dollars"
    QUICKEN = "quicken"
    CURRENCY_MONTH_FIRST = "currency_month_first"
    CURRENCY_DAY_FIRST = "currency_day_first"
    REGION_MONTH_FIRST = "region_month_first"
    REGION_DAY_FIRST = "region_day_first"
    THREE_DECIMALS = "three_decimals"
    TWO_DECIMALS = "two_decimals"
    REGION_GROUPS = "region_groups"
    REGION_DECIMALS = "region_decimals"
    LAST_IS_BALANCE = "last_is_balance"
    LETTER_OUT = "letter_out"
    LETTER_IN = "letter_in"
    HEADING_SAYS = "heading_says"
    HEADINGS_SAY = "headings_say"
    BEST_HEADING = "best_heading"
    HEADING_CURRENCY = "heading_currency"
    ON_MORE_LINES = "on_more_lines"
    OUT_ON_MORE_LINES = "out_on_more_lines"
    MOSTLY_OUT = "mostly_out"
    HAS_MINUS = "has_minus"
    HAS_DECIMALS = "has_decimals"
    LINE_SAYS_IN = "line_says_in"
    WORDS_SAY_IN = "words_say_in"
    WORDS_SAY_OUT = "words_say_out"
    CARD_PURCHASES = "card_purchases"
    CARD_PAYMENT = "card_payment"
    FEE_ON_TOP = "fee_on_top"
    MINUS_IS_OUT = "minus_is_out"
    NO_MINUS = "no_minus"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to know: its code and the values its words need.

    Values are JSON: text, whole counts, ISO dates, and amounts as decimal text in `currency`.
    """

    code: NoticeCode
    values: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": str(self.code), "values": dict(self.values)}


class RowError(ValueError):
    """Why a line or a cell can't be used, and which field is wrong; "" for the whole line."""

    def __init__(self, code: NoticeCode, attr: str = "", **values: Any) -> None:
        super().__init__(code)
        self.notice = Notice(code, values)
        self.attr = attr

    def at(self, attr: str) -> "RowError":
        """The same problem at another field."""
        return RowError(self.notice.code, attr, **self.notice.values)
