"""Why a file or a line can't be read, and what a table leaves open, become codes with values, shown in the reader's language and formats."""

import json
import re

from django.db import migrations, models

# The sentences of earlier versions. Of two for one code, the later is written when going back.
FILES = [
    ("file_empty", "The file is empty."),
    ("file_gone", "We no longer have this file. Upload it again."),
    ("no_lines", "This file has no transactions."),
    (
        "too_many_lines",
        "The file has more than {count} lines. Export a shorter period, or several files.",
    ),
    (
        "json",
        "This is JSON, not a bank statement. Export the statement as CSV, OFX, QFX, QIF, CAMT.053, MT940 or XLSX instead.",
    ),
    ("zip_archive", "This is a ZIP archive. Unpack it and choose the statement inside."),
    ("other_archive", "This is {kind}. Unpack it and choose the statement inside."),
    ("other_document", "This is {kind}. Save it as CSV or XLSX and choose that file."),
    (
        "other_file",
        "This is {kind}. Export the statement as CSV, OFX, QFX, QIF, CAMT.053, MT940 or XLSX instead.",
    ),
    ("no_text_file", "The file is {kind}, not a text file with one line per payment."),
    (
        "binary_file",
        "This is a binary file, not a bank statement. Export the statement as CSV, OFX, QFX, QIF, CAMT.053, MT940 or XLSX instead.",
    ),
    ("not_text", "The file isn't text, so it can't be read."),
    ("wrong_encoding", "The file isn't encoded in {encoding}."),
    (
        "archive_damaged",
        "This archive or workbook is damaged. Download the statement from the bank again.",
    ),
    (
        "old_excel",
        "This is an old Excel workbook (.xls). Save it as XLSX or CSV and choose that file.",
    ),
    (
        "excel_xml",
        "This is an Excel 2003 XML workbook. Save it as XLSX or CSV and choose that file.",
    ),
    (
        "web_page",
        "This is a web page, not a statement file. Sign in to the bank and use its download or export button. Export the statement as CSV, OFX, QFX, QIF, CAMT.053, MT940 or XLSX instead.",
    ),
    (
        "other_iso_message",
        "This is an ISO 20022 message ({message}), but not a statement. Export CAMT.053 from the bank.",
    ),
    (
        "other_xml",
        "This XML is not a bank statement. Export the statement as CSV, OFX, QFX, QIF, CAMT.053, MT940 or XLSX instead.",
    ),
    ("not_ofx", "This is not an OFX file: it has no <OFX> section."),
    (
        "ofx_with_doctype",
        "This OFX file defines its own document type, which statements never do. Download it from the bank again.",
    ),
    ("not_mt940", "This is not an MT940 file: it has no line like “:61:” or “:60F:”."),
    ("not_qif", "This is not a QIF file: it has no line like “!Type:Bank”."),
    ("not_xml", "This is not a CAMT file: it is not XML."),
    (
        "xml_with_doctype",
        "This XML file defines its own document type or entities, which statements never do. Download it from the bank again.",
    ),
    ("xml_nested", "This XML file is nested too deeply for a bank statement."),
    ("not_camt", "This XML file is not a CAMT.052, CAMT.053 or CAMT.054 statement."),
    (
        "workbook_protected",
        "This workbook is protected by a password. Save a copy without one and choose that.",
    ),
    (
        "workbook_damaged",
        "This workbook is damaged and can't be read. Download it again, or save it as CSV.",
    ),
    ("workbook_empty", "This workbook is empty. Choose the workbook with the transactions."),
    ("workbook_parts", "This workbook has too many parts for a bank statement."),
    (
        "workbook_large",
        "This workbook is too large. Save the statement as CSV, or export a shorter period.",
    ),
    (
        "workbook_unpacked",
        "This workbook unpacks to more than {megabytes} MB. Save the statement as CSV, or export a shorter period.",
    ),
    (
        "workbook_texts",
        "The texts in this workbook are too long. Save the statement as CSV, or export a shorter period.",
    ),
    (
        "workbook_cell",
        "A cell in this workbook is too long. Save the statement as CSV, or export a shorter period.",
    ),
    (
        "sheet_large",
        "This sheet reaches row {row}, column {column}; {rows} rows or {cells} cells is the limit. Save the statement as CSV, or export a shorter period.",
    ),
    ("own_cell_long", "A cell in the file is too long. Export it again."),
    ("no_table", "The file isn't a table: no line has columns."),
    ("no_money_line", "No line in the file has both a date and an amount."),
    ("only_headings", "The file has headings but no line with a date and an amount."),
    (
        "only_headings_no_amount",
        "The file has headings but no line with a date and an amount. In line {line}, “{text}” can't be read as an amount.",
    ),
    (
        "only_headings_no_date",
        "The file has headings but no line with a date and an amount. In line {line}, “{text}” can't be read as a date.",
    ),
    ("no_amount_column", "No column in the file has an amount on every line."),
    ("unread_amount_in", "“{text}” in “{heading}” can't be read as an amount."),
    ("unread_amount", "“{text}” can't be read as an amount."),
    (
        "commas_apart",
        "The amounts seem to use a decimal comma, but commas also separate the columns: “{text}” and “{other}” ended up apart. Export the file with semicolons or quotes.",
    ),
    (
        "amounts_in_cents",
        "The amounts in “{heading}” are counted in cents. Export the file with amounts in whole units, such as 12.50.",
    ),
    (
        "croatian_months",
        "These month names mean different months in Croatian than in Polish and Czech: “listopad” is October or November. Export the file with numeric dates.",
    ),
    (
        "turned_days",
        "Some dates in this file are stored as dates and others as text: a spreadsheet has probably swapped day and month where it could. Use the file as the bank exported it.",
    ),
    (
        "mapping_incomplete",
        "The file can't be read yet. Match its columns again, beginning with “{field}”.",
    ),
    ("not_finished", "We couldn't finish the import. Nothing was added. Try again."),
    ("account_in_trash", "This account is in the trash."),
    ("account_archived", "This account is archived. Reactivate it first."),
    ("no_transactions", "This {format} file contains no transactions."),
    ("investments_only", "It is an investment statement, of which only cash lines are imported."),
    ("bank_message", "The bank's message: “{message}”."),
]
LINES = [
    ("date_missing", "The line has no date."),
    ("date_missing", "The record has no date."),
    ("date_missing", "The entry has no date."),
    ("amount_missing", "The line has no amount."),
    ("amount_missing", "The record has no amount."),
    ("amount_missing", "The entry has no amount."),
    ("date_missing", "The date is missing."),
    ("amount_missing", "The amount is missing."),
    ("not_amount", "“{text}” is not an amount."),
    ("not_amount_with_point", "“{text}” is not an amount written with a decimal point."),
    ("not_amount_with_comma", "“{text}” is not an amount written with a decimal comma."),
    ("two_amounts", "“{text}” can be read as two different amounts."),
    ("several_signs", "“{text}” has more than one sign, so its direction is unclear."),
    ("amount_too_long", "“{text}” is larger than the largest amount we can store."),
    ("too_many_decimals", "“{text}” has more than {decimals} decimals."),
    ("amount_too_large", "The amount is too large."),
    ("amount_too_precise", "{currency} has {places}, but this amount is {plain}."),
    ("amount_too_precise", "{currency} has fewer decimals than this amount, {plain}."),
    ("not_currency", "“{text}” is not a currency."),
    ("foreign_line", "This line is in {foreign}; {account} is in {currency}."),
    ("not_date", "“{text}” is not a date."),
    ("not_date_like", "“{text}” is not a date written like {example}."),
    ("no_month", "“{text}” does not name a month."),
    ("not_a_day", "“{text}” is not a day in the calendar."),
    ("odd_year", "“{text}” is in the year {year}, which can't be right."),
    ("other_calendar", "“{text}” has the year {year} of a calendar we can't read."),
    ("nul_byte", "The line contains a NUL byte, so it is damaged."),
    ("bad_bytes", "The line contains bytes that aren't valid in the file's encoding."),
    ("in_and_out", "Both money in and money out are filled in."),
    ("unknown_direction", "“{text}” doesn't say whether this was money in or money out."),
    ("no_direction", "The entry does not say whether it is a credit or a debit."),
    ("balance_unsaid", "The balance doesn't show whether this was money in or money out."),
    ("may_be_total", "This is the sum of all lines above, so it may be a total and not a payment."),
    ("line_incomplete", "The line is incomplete."),
    ("line_cut", "The file ends in the middle of this line."),
    (
        "line_withdrawn",
        "The bank withdraws an earlier line here; delete that transaction yourself.",
    ),
    ("not_mt940_line", "The line :61: isn't a valid transaction."),
    ("not_status", "“{text}” isn't a status. Use Posted, Pending or Planned."),
    ("parts_differ", "The split's parts don't add up to the amount."),
    ("never_booked", "Left out: its status says it was declined, canceled or reversed."),
    ("no_money_moved", "No money moved: the amount is zero."),
]
QUESTIONS = [
    (
        "ask_date_column",
        "Several columns contain dates, and no heading says which is the transaction date.",
    ),
    (
        "ask_date_order",
        "The dates can be read in more than one order, such as day first or month first.",
    ),
    ("ask_decimal_mark", "The separator before three digits could mark thousands or decimals."),
    (
        "ask_opening_line",
        "The first amount equals its balance, so it may be an opening balance, not a payment.",
    ),
    ("ask_letter", "Every line has the same letter, so it could mean money in or money out."),
    ("ask_one_way", "There is a column for money in or money out, but not for both."),
    ("ask_blank_amount", "The column labeled as the amount is blank on most lines."),
    ("ask_amounts_differ", "Several columns are labeled as an amount, and they differ."),
    ("ask_amount_twins", "Two columns with almost the same heading contain amounts."),
    ("ask_amount_column", "More than one column could be the amount."),
    (
        "ask_amount_currency",
        "Only one of two amounts names the account's currency, and they differ.",
    ),
    (
        "ask_sparse_column",
        "Many lines have no amount in this column, but another column is filled on every line.",
    ),
    ("ask_oldest", "The file doesn't say whether the oldest amount was money in or money out."),
    ("ask_sign", "Positive amounts could be money in or, as on many cards, money out."),
    (
        "ask_sign_unmarked",
        "No amount is negative. Positive amounts could be money in or, as on many cards, money out.",
    ),
    ("ask_headings", "The balance contradicts these headings, so they may be swapped."),
    ("ask_fee", "There is a fee next to the amount; the amount may already include it."),
    (
        "ask_mixed_column",
        "A column for money in or money out has both positive and negative amounts.",
    ),
    ("ask_negative_in", "The amounts in the money-in column are negative."),
    ("ask_unnamed_pair", "Two columns contain amounts, and nothing says which one is money out."),
]
KINDS = {
    "a PDF document": "pdf_document",
    "a PNG image": "png_image",
    "a JPEG image": "jpeg_image",
    "a GIF image": "gif_image",
    "a TIFF image": "tiff_image",
    "a bitmap image": "bitmap_image",
    "a media file": "media_file",
    "a gzip archive": "gzip_archive",
    "a bzip2 archive": "bzip2_archive",
    "an xz archive": "xz_archive",
    "a 7-Zip archive": "7_zip_archive",
    "a RAR archive": "rar_archive",
    "a zstd archive": "zstd_archive",
    "a database": "database",
    "a program": "program",
    "a word processor document": "word_processor_document",
    "an OpenDocument file": "opendocument_file",
    "a binary Excel workbook (.xlsb)": "binary_excel_workbook_xlsb",
    "a Word document": "word_document",
    "a PowerPoint presentation": "powerpoint_presentation",
    "an Apple Numbers document": "apple_numbers_document",
    "an empty ZIP archive": "empty_zip_archive",
    "an old Office document": "old_office_document",
    "a PNG picture": "png_image",
    "a JPEG picture": "jpeg_image",
    "a GIF picture": "gif_image",
    "a ZIP archive or an Office document": "zip_or_office",
}
KIND_NAMES = {code: name for name, code in reversed(KINDS.items())}
WHOLE = r"\d[\d,]*"
VALUES = {
    "kind": "|".join(map(re.escape, KINDS)),
    "currency": "[A-Z]{3}",
    "foreign": "[A-Z]{1,3}",
    "year": r"\d+",
    **dict.fromkeys(("count", "line", "row", "column", "rows", "cells", "megabytes"), WHOLE),
    "decimals": r"\d",
}
NUMBERS = ("count", "line", "row", "column", "rows", "cells", "megabytes", "decimals")
GROUPED = ("count", "row", "column", "rows", "cells")
AT_ONCE = 500


def pattern_of(sentence):
    """The sentence with a group for each of its values."""
    pieces = re.split(r"\{(\w+)\}", sentence)
    names = (f"(?P<{name}>{VALUES.get(name, '.+')})" for name in pieces[1::2])
    texts = (re.escape(text) for text in pieces[0::2])
    return re.compile(
        "".join(piece for pair in zip(texts, [*names, ""], strict=True) for piece in pair),
        re.DOTALL,
    )


PATTERNS = {
    name: [(code, pattern_of(sentence)) for code, sentence in sentences]
    for name, sentences in (("file", FILES), ("line", LINES), ("question", QUESTIONS))
}
WORDS = dict([*FILES, *LINES, *QUESTIONS])


def notice_of(sentence, about):
    """The code and values of a sentence; what is no known sentence stays."""
    for code, pattern in PATTERNS[about]:
        if found := pattern.fullmatch(sentence):
            return {"code": code, "values": values_of(found.groupdict())}
    return sentence


def values_of(texts):
    values = {name: text for name, text in texts.items() if name != "places"}
    for name in NUMBERS:
        if name in values:
            values[name] = int(values[name].replace(",", ""))
    if "kind" in values:
        values["kind"] = KINDS[values["kind"]]
    return values


def sentence_of(notice):
    """The sentence of a notice as earlier versions wrote it; "" where they had none alike."""
    if isinstance(notice, str):
        return notice
    values = dict(notice["values"])
    values |= {name: f"{values[name]:,}" for name in GROUPED if name in values}
    if "kind" in values:
        values["kind"] = KIND_NAMES[values["kind"]]
    return WORDS.get(notice["code"], "").format(**values)


def reason_of(sentence):
    """A line's reason as it is stored: the code, and its values as JSON."""
    notice = notice_of(sentence, "line")
    if isinstance(notice, str):
        return notice
    values = json.dumps(notice["values"], ensure_ascii=False) if notice["values"] else ""
    return f"{notice['code']}@{values}" if values else notice["code"]


def line_sentence_of(reason):
    code, _, values = reason.partition("@")
    if code not in dict(LINES):
        return reason
    return sentence_of({"code": code, "values": json.loads(values or "{}")})


def question_of(warning):
    """A question under its own code; one in words that are not known stays a sentence."""
    if isinstance(warning, str) or warning["code"] != "open_question":
        return warning
    return notice_of(warning["values"]["question"], "question")


def open_question_of(warning):
    if isinstance(warning, str) or warning["code"] not in dict(QUESTIONS):
        return warning
    return {"code": "open_question", "values": {"question": sentence_of(warning)}}


def forward(batch):
    batch.problems = [notice_of(batch.error, "file")] if batch.error else []
    batch.warnings = [question_of(warning) for warning in batch.warnings]


def back(batch):
    batch.error = " ".join(filter(None, map(sentence_of, batch.problems)))[:500]
    batch.warnings = [open_question_of(warning) for warning in batch.warnings]


def rewrite(told, rewrite_batch, write_reason):
    def step(apps, schema_editor):
        alias = schema_editor.connection.alias
        batches = apps.get_model("transactions", "ImportBatch").objects.using(alias)
        changed = []
        for batch in batches.exclude(warnings=[], **told).order_by("pk").iterator(AT_ONCE):
            rewrite_batch(batch)
            changed.append(batch)
        batches.bulk_update(changed, ["problems", "error", "warnings"], batch_size=AT_ONCE)
        rows = apps.get_model("transactions", "ImportRow").objects.using(alias)
        told_rows = rows.filter(verdict__in=["invalid", "skipped"]).exclude(error="")
        changed = []
        for row in told_rows.only("pk", "error").order_by("pk").iterator(AT_ONCE):
            before, row.error = row.error, write_reason(row.error)
            if row.error != before:
                changed.append(row)
        rows.bulk_update(changed, ["error"], batch_size=AT_ONCE)

    return step


class Migration(migrations.Migration):
    dependencies = [("transactions", "0029_fold_texts")]

    operations = [
        migrations.AddField(
            model_name="importbatch",
            name="problems",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.RunPython(
            rewrite({"error": ""}, forward, reason_of),
            rewrite({"problems": []}, back, line_sentence_of),
        ),
        migrations.RemoveField(model_name="importbatch", name="error"),
    ]
