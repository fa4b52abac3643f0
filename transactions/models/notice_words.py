"""The sentence of every notice, and the names of the files that are no statements."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

# By `NoticeCode`. A count chooses the form by `count` and is written as `number`.
SENTENCES: dict[str, Any] = {
    "no_transactions": _("This %(format)s file contains no transactions."),
    "investments_only": _("It is an investment statement, of which only cash lines are imported."),
    "bank_message": _("The bank's message: “%(message)s”."),
    "several_currencies": _("This file contains several currencies: %(currencies)s."),
    "not_connected": _(
        "The statements in this file don't connect: one closes with %(closing)s, the next opens"
        " with %(opening)s."
    ),
    "interim_report": _(
        "This is an interim report (MT942). The day's final statement comes later."
    ),
    "information_lines": ngettext_lazy(
        "%(number)s line for information only (status INFO), not booked: left out.",
        "%(number)s lines for information only (status INFO), not booked: left out.",
        "count",
    ),
    "investment_lines": ngettext_lazy(
        "%(number)s investment line skipped; only cash is imported.",
        "%(number)s investment lines skipped; only cash is imported.",
        "count",
    ),
    "securities_lines": ngettext_lazy(
        "%(number)s investment line (purchases, sales, transfers of securities) skipped; only"
        " cash lines are imported.",
        "%(number)s investment lines (purchases, sales, transfers of securities) skipped; only"
        " cash lines are imported.",
        "count",
    ),
    "correction_lines": ngettext_lazy(
        "%(number)s line correcting an earlier file; check the lines of that file too.",
        "%(number)s lines correcting an earlier file; check the lines of that file too.",
        "count",
    ),
    "positive_debits": ngettext_lazy(
        "%(number)s line labeled as debit but positive, which in this format means money in."
        " Check its direction.",
        "%(number)s lines labeled as debit but positive, which in this format means money in."
        " Check their direction.",
        "count",
    ),
    "opening_lines": ngettext_lazy(
        "%(number)s line called “Opening Balance” read like any other. Leave it out if the"
        " account already has its opening balance.",
        "%(number)s lines called “Opening Balance” read like any other. Leave them out if the"
        " account already has its opening balance.",
        "count",
    ),
    "last_record_open": _("The last record has no “^” at its end; the file may be cut short."),
    "ofx_not_closed": _("The file ends before its closing </OFX>; lines may be missing."),
    "one_sheet": _("Only the sheet “%(sheet)s” is read; left out: %(others)s."),
    "encoding_guessed": _(
        "The file was read as %(encoding)s, but %(others)s would fit almost as well. If accented"
        " letters look wrong, choose another encoding under “Match columns”."
    ),
    "unknown_states": _(
        "We don’t recognize the status “%(words)s”. Those lines are read as booked; leave out any"
        " that never happened."
    ),
    "unknown_words": _(
        "The column “%(column)s” says “%(words)s” on %(count)s of %(rows)s lines, and we don’t"
        " know what that means. Those lines are read as booked; leave out any that are pending or"
        " were declined."
    ),
    "foreign_lines": _("The file has lines in %(currencies)s; %(account)s is in %(currency)s."),
    "other_accounts": _(
        "The file also has lines from other accounts, which are not imported: %(parts)s."
    ),
    "opening_unknown": _(
        "The file doesn't say what %(account)s held before its first line, so the new account"
        " starts at 0. You can change its opening balance under Accounts."
    ),
    "debt_in_credit": _(
        "The file says %(account)s ends %(closing)s in credit. If that's what you owe, change its"
        " opening balance under Accounts."
    ),
    "balance_gap": _(
        "The file's opening balance %(opening)s plus its lines (%(total)s) doesn't equal its"
        " closing balance %(closing)s; the difference is %(gap)s."
    ),
    "not_listed": _("The bank no longer lists %(description)s, %(amount)s on %(on)s."),
    "more_not_listed": ngettext_lazy(
        "The bank no longer lists %(number)s more transaction of these days.",
        "The bank no longer lists %(number)s more transactions of these days.",
        "count",
    ),
    "pending_not_listed": _(
        "The bank no longer lists the pending line %(description)s, %(amount)s on %(on)s. Under"
        " Review you can keep or remove it."
    ),
    "more_pending_not_listed": ngettext_lazy(
        "The bank no longer lists %(number)s more pending line of these days.",
        "The bank no longer lists %(number)s more pending lines of these days.",
        "count",
    ),
    "still_pending": _(
        "%(description)s, %(amount)s, has been pending since %(on)s. This file doesn't list it as"
        " posted. Under Review you can keep it, or remove it if it was canceled."
    ),
    # Why a file can't be read.
    "file_empty": _("The file is empty."),
    "file_gone": _("We no longer have this file. Upload it again."),
    "no_lines": _("This file has no transactions."),
    "too_many_lines": _(
        "The file has more than %(number)s lines. Export a shorter period, or several files."
    ),
    "json": _(
        "This is JSON, not a bank statement. Export the statement as CSV, OFX, QFX, QIF, "
        "CAMT.053, MT940 or XLSX instead."
    ),
    "zip_archive": _("This is a ZIP archive. Unpack it and choose the statement inside."),
    "other_archive": _("This is %(kind)s. Unpack it and choose the statement inside."),
    "other_document": _("This is %(kind)s. Save it as CSV or XLSX and choose that file."),
    "other_file": _(
        "This is %(kind)s. Export the statement as CSV, OFX, QFX, QIF, CAMT.053, MT940 or XLSX "
        "instead."
    ),
    "no_text_file": _("The file is %(kind)s, not a text file with one line per payment."),
    "binary_file": _(
        "This is a binary file, not a bank statement. Export the statement as CSV, OFX, QFX, "
        "QIF, CAMT.053, MT940 or XLSX instead."
    ),
    "not_text": _("The file isn't text, so it can't be read."),
    "wrong_encoding": _("The file isn't encoded in %(encoding)s."),
    "archive_damaged": _(
        "This archive or workbook is damaged. Download the statement from the bank again."
    ),
    "old_excel": _(
        "This is an old Excel workbook (.xls). Save it as XLSX or CSV and choose that file."
    ),
    "excel_xml": _(
        "This is an Excel 2003 XML workbook. Save it as XLSX or CSV and choose that file."
    ),
    "web_page": _(
        "This is a web page, not a statement file. Sign in to the bank and use its download or "
        "export button. Export the statement as CSV, OFX, QFX, QIF, CAMT.053, MT940 or XLSX "
        "instead."
    ),
    "other_iso_message": _(
        "This is an ISO 20022 message (%(message)s), but not a statement. Export CAMT.053 from "
        "the bank."
    ),
    "other_xml": _(
        "This XML is not a bank statement. Export the statement as CSV, OFX, QFX, QIF, "
        "CAMT.053, MT940 or XLSX instead."
    ),
    "not_ofx": _("This is not an OFX file: it has no <OFX> section."),
    "ofx_with_doctype": _(
        "This OFX file defines its own document type, which statements never do. Download it "
        "from the bank again."
    ),
    "not_mt940": _("This is not an MT940 file: it has no line like “:61:” or “:60F:”."),
    "not_qif": _("This is not a QIF file: it has no line like “!Type:Bank”."),
    "not_xml": _("This is not a CAMT file: it is not XML."),
    "xml_with_doctype": _(
        "This XML file defines its own document type or entities, which statements never do. "
        "Download it from the bank again."
    ),
    "xml_nested": _("This XML file is nested too deeply for a bank statement."),
    "xml_damaged": _("This XML file is damaged in line %(line)s, column %(column)s."),
    "not_camt": _("This XML file is not a CAMT.052, CAMT.053 or CAMT.054 statement."),
    "workbook_protected": _(
        "This workbook is protected by a password. Save a copy without one and choose that."
    ),
    "workbook_damaged": _(
        "This workbook is damaged and can't be read. Download it again, or save it as CSV."
    ),
    "workbook_empty": _("This workbook is empty. Choose the workbook with the transactions."),
    "workbook_parts": _("This workbook has too many parts for a bank statement."),
    "workbook_large": _(
        "This workbook is too large. Save the statement as CSV, or export a shorter period."
    ),
    "workbook_unpacked": _(
        "This workbook unpacks to more than %(megabytes)s MB. Save the statement as CSV, or "
        "export a shorter period."
    ),
    "workbook_texts": _(
        "The texts in this workbook are too long. Save the statement as CSV, or export a "
        "shorter period."
    ),
    "workbook_cell": _(
        "A cell in this workbook is too long. Save the statement as CSV, or export a shorter "
        "period."
    ),
    "sheet_large": _(
        "This sheet reaches row %(row)s, column %(column)s; %(rows)s rows or %(cells)s cells is"
        " the limit. Save the statement as CSV, or export a shorter period."
    ),
    "own_cell_long": _("A cell in the file is too long. Export it again."),
    "no_table": _("The file isn't a table: no line has columns."),
    "no_money_line": _("No line in the file has both a date and an amount."),
    "only_headings": _("The file has headings but no line with a date and an amount."),
    "only_headings_no_amount": _(
        "The file has headings but no line with a date and an amount. In line %(line)s, "
        "“%(text)s” can't be read as an amount."
    ),
    "only_headings_no_date": _(
        "The file has headings but no line with a date and an amount. In line %(line)s, "
        "“%(text)s” can't be read as a date."
    ),
    "no_amount_column": _("No column in the file has an amount on every line."),
    "unread_amount_in": _("“%(text)s” in “%(heading)s” can't be read as an amount."),
    "unread_amount": _("“%(text)s” can't be read as an amount."),
    "commas_apart": _(
        "The amounts seem to use a decimal comma, but commas also separate the columns: "
        "“%(text)s” and “%(other)s” ended up apart. Export the file with semicolons or quotes."
    ),
    "amounts_in_cents": _(
        "The amounts in “%(heading)s” are counted in cents. Export the file with amounts in "
        "whole units, such as 12.50."
    ),
    "croatian_months": _(
        "These month names mean different months in Croatian than in Polish and Czech: "
        "“listopad” is October or November. Export the file with numeric dates."
    ),
    "turned_days": _(
        "Some dates in this file are stored as dates and others as text: a spreadsheet has "
        "probably swapped day and month where it could. Use the file as the bank exported it."
    ),
    "apart_by_direction": _(
        "Money in and money out are in separate tables of this file, “%(text)s” and “%(other)s”. "
        "Import each table as a file of its own."
    ),
    "future_days": _(
        "Every date in this file is years ahead, such as “%(text)s”: its years may be those of "
        "another calendar. Export the file with years such as %(year)s."
    ),
    "mapping_incomplete": _(
        "The file can't be read yet. Match its columns again, beginning with “%(field)s”."
    ),
    # Why an import stopped.
    "not_finished": _("We couldn't finish the import. Nothing was added. Try again."),
    "account_in_trash": _("This account is in the trash."),
    "account_archived": _("This account is archived. Reactivate it first."),
    # Why a line can't be used, or was left out.
    "date_missing": _("The date is missing."),
    "amount_missing": _("The amount is missing."),
    "not_amount": _("“%(text)s” is not an amount."),
    "not_amount_with_point": _("“%(text)s” is not an amount written with a decimal point."),
    "not_amount_with_comma": _("“%(text)s” is not an amount written with a decimal comma."),
    "two_amounts": _("“%(text)s” can be read as two different amounts."),
    "several_signs": _("“%(text)s” has more than one sign, so its direction is unclear."),
    "amount_too_long": _("“%(text)s” is larger than the largest amount we can store."),
    "too_many_decimals": _("“%(text)s” has more than %(decimals)s decimals."),
    "amount_too_large": _("The amount is too large."),
    "amount_too_precise": _("%(decimals_of)s, but this amount is %(plain)s."),
    "not_currency": _("“%(text)s” is not a currency."),
    "foreign_line": _("This line is in %(foreign)s; %(account)s is in %(currency)s."),
    "not_date": _("“%(text)s” is not a date."),
    "not_date_like": _("“%(text)s” is not a date written like %(example)s."),
    "no_month": _("“%(text)s” does not name a month."),
    "not_a_day": _("“%(text)s” is not a day in the calendar."),
    "odd_year": _("“%(text)s” is in the year %(year)s, which can't be right."),
    "other_calendar": _("“%(text)s” has the year %(year)s of a calendar we can't read."),
    "nul_byte": _("The line contains a NUL byte, so it is damaged."),
    "bad_bytes": _("The line contains bytes that aren't valid in the file's encoding."),
    "in_and_out": _("Both money in and money out are filled in."),
    "unknown_direction": _("“%(text)s” doesn't say whether this was money in or money out."),
    "no_direction": _("The entry does not say whether it is a credit or a debit."),
    "balance_unsaid": _("The balance doesn't show whether this was money in or money out."),
    "may_be_total": _(
        "This is the sum of all lines above, so it may be a total and not a payment."
    ),
    "may_be_balance": _("“%(text)s” may be a stated balance and not a payment."),
    "cells_moved": _(
        "The line has more cells than there are headings, so its amount may be in another column; "
        "the last cell is “%(text)s”."
    ),
    "cut_amount": _(
        "A comma inside an amount seems to have cut it in two: “%(text)s” and “%(other)s”."
    ),
    "line_incomplete": _("The line is incomplete."),
    "line_cut": _("The file ends in the middle of this line."),
    "line_withdrawn": _(
        "The bank withdraws an earlier line here; delete that transaction yourself."
    ),
    "not_mt940_line": _("The line :61: isn't a valid transaction."),
    "not_status": _("“%(text)s” isn't a status. Use Posted, Pending or Planned."),
    "parts_differ": _("The split's parts don't add up to the amount."),
    "never_booked": _("Left out: its status says it was declined, canceled or reversed."),
    "no_money_moved": _("No money moved: the amount is zero."),
    # What only the owner of a table knows.
    "ask_date_column": _(
        "Several columns contain dates, and no heading says which is the transaction date."
    ),
    "ask_date_order": _(
        "The dates can be read in more than one order, such as day first or month first."
    ),
    "ask_decimal_mark": _("The separator before three digits could mark thousands or decimals."),
    "ask_opening_line": _(
        "The first amount equals its balance, so it may be an opening balance, not a payment."
    ),
    "ask_letter": _("Every line has the same letter, so it could mean money in or money out."),
    "ask_one_way": _("There is a column for money in or money out, but not for both."),
    "ask_blank_amount": _("The column labeled as the amount is blank on most lines."),
    "ask_amounts_differ": _("Several columns are labeled as an amount, and they differ."),
    "ask_amount_twins": _("Two columns with almost the same heading contain amounts."),
    "ask_amount_column": _("More than one column could be the amount."),
    "ask_amount_currency": _(
        "Only one of two amounts names the account's currency, and they differ."
    ),
    "ask_sparse_column": _(
        "Many lines have no amount in this column, but another column is filled on every line."
    ),
    "ask_oldest": _("The file doesn't say whether the oldest amount was money in or money out."),
    "ask_sign": _("Positive amounts could be money in or, as on many cards, money out."),
    "ask_sign_unmarked": _(
        "No amount is negative. Positive amounts could be money in or, as on many cards, money out."
    ),
    "ask_two_words": _("A column with two different words may say which way the money went."),
    "ask_headings": _("The balance contradicts these headings, so they may be swapped."),
    "ask_fee": _("There is a fee next to the amount; the amount may already include it."),
    "ask_mixed_column": _(
        "A column for money in or money out has both positive and negative amounts."
    ),
    "ask_negative_in": _("The amounts in the money-in column are negative."),
    "ask_unnamed_pair": _("Two columns contain amounts, and nothing says which one is money out."),
    # Why the first answer is the likeliest.
    "first_date": _("Banks usually list the transaction date before other dates."),
    "earlier_date": _("Its dates come before the others, and banks book after the payment."),
    "dates_close": _("Read this way, the dates lie closest together."),
    "as_written_before": _("The last file you imported into this account was written this way."),
    "as_read_before": _("The last file you imported into this account was read this way."),
    "dollars": _("The amounts are in dollars, and US banks write the month first."),
    "quicken": _("Quicken, which this format comes from, writes the month first."),
    "currency_month_first": _(
        "Banks that keep accounts in %(currency)s usually write the month first."
    ),
    "currency_day_first": _(
        "Banks that keep accounts in %(currency)s usually write the day first."
    ),
    "region_month_first": _("Your region usually writes the month first."),
    "region_day_first": _("Your region usually writes the day first."),
    "three_decimals": _("Amounts in %(currency)s have three decimals."),
    "two_decimals": _("Amounts in %(currency)s have two decimals, not three."),
    "region_groups": _("Your region uses this mark between thousands."),
    "region_decimals": _("Your region uses this mark before decimals."),
    "last_is_balance": _("The last line only states the balance too."),
    "letter_out": _("Banks use “%(text)s” for money out."),
    "letter_in": _("Banks use “%(text)s” for money in."),
    "heading_says": _("This is what the heading says."),
    "headings_say": _("This is what the headings say."),
    "best_heading": _("Its heading says “amount” most clearly."),
    "heading_currency": _("Its heading names %(currency)s, the currency of your account."),
    "on_more_lines": _("This column has an amount on more lines."),
    "word_on_more_lines": _(
        "Most lines on a statement are money out, and “%(text)s” is on more of them."
    ),
    "out_on_more_lines": _(
        "Read this way, more of the lines are money out, as on most statements."
    ),
    "mostly_out": _("Most lines on a statement are money out."),
    "has_minus": _("This column has minus signs, as amounts usually do."),
    "has_decimals": _("This column has decimals, as amounts usually do."),
    "line_says_in": _("The words on this line say money in."),
    "words_say_in": _("The wording points to money in."),
    "words_say_out": _("The wording points to money out."),
    "card_purchases": _("Most lines on a card are purchases, and those are money out."),
    "card_payment": _("A payment to the card is money in."),
    "fee_on_top": _("Banks that list a fee apart usually charge it on top of the amount."),
    "minus_is_out": _("Most banks write money out with a minus."),
    "no_minus": _("The file has no minus signs, and most banks write money out with a minus."),
}
# Files that are no statements, by the name that `kind` gives them.
KINDS = {
    "pdf_document": _("a PDF document"),
    "png_image": _("a PNG image"),
    "jpeg_image": _("a JPEG image"),
    "gif_image": _("a GIF image"),
    "tiff_image": _("a TIFF image"),
    "bitmap_image": _("a bitmap image"),
    "media_file": _("a media file"),
    "gzip_archive": _("a gzip archive"),
    "bzip2_archive": _("a bzip2 archive"),
    "xz_archive": _("an xz archive"),
    "7_zip_archive": _("a 7-Zip archive"),
    "rar_archive": _("a RAR archive"),
    "zstd_archive": _("a zstd archive"),
    "database": _("a database"),
    "program": _("a program"),
    "word_processor_document": _("a word processor document"),
    "opendocument_file": _("an OpenDocument file"),
    "binary_excel_workbook_xlsb": _("a binary Excel workbook (.xlsb)"),
    "word_document": _("a Word document"),
    "powerpoint_presentation": _("a PowerPoint presentation"),
    "apple_numbers_document": _("an Apple Numbers document"),
    "empty_zip_archive": _("an empty ZIP archive"),
    "old_office_document": _("an old Office document"),
    "zip_or_office": _("a ZIP archive or an Office document"),
}
