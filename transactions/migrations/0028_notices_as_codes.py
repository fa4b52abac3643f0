"""What a receipt warns of becomes a code with values, shown in the reader's language and formats."""

import re
from datetime import date, datetime

from django.db import migrations

# The sentences of earlier versions, most telling first. Dates in them were written in English.
SENTENCES = [
    ("several_currencies", "This file contains several currencies: {currencies}."),
    ("interim_report", "This is an interim report (MT942). The day's final statement comes later."),
    (
        "information_lines",
        "{count} line{s} for information only (status INFO), not booked: left out.",
    ),
    (
        "securities_lines",
        "{count} investment line{s} (purchases, sales, transfers of securities) skipped; only cash lines are imported.",
    ),
    ("investment_lines", "{count} investment line{s} skipped; only cash is imported."),
    (
        "correction_lines",
        "{count} line{s} correcting an earlier file; check the lines of that file too.",
    ),
    (
        "positive_debits",
        "{count} line{s} labeled as debit but positive, which in this format means money in. Check their direction.",
    ),
    (
        "opening_lines",
        "{count} line{s} called “Opening Balance” read like any other. Leave it out if the account already has its opening balance.",
    ),
    ("last_record_open", "The last record has no “^” at its end; the file may be cut short."),
    ("ofx_not_closed", "The file ends before its closing </OFX>; lines may be missing."),
    ("foreign_lines", "The file has lines in {currencies}; {account} is in {currency}."),
    (
        "opening_unknown",
        "The file doesn't say what {account} held before its first line, so the new account starts at 0. You can change its opening balance under Accounts.",
    ),
    (
        "balance_gap",
        "The file's opening balance {opening} plus its lines ({total}) doesn't equal its closing balance {closing}: {gap} {currency} is missing.",
    ),
    (
        "more_pending_not_listed",
        "The bank no longer lists the pending line {count} more of these days.",
    ),
    ("more_not_listed", "The bank no longer lists {count} more of these days."),
    (
        "pending_not_listed",
        "The bank no longer lists the pending line {description}, {amount} {currency} on {on}.",
    ),
    ("not_listed", "The bank no longer lists {description}, {amount} {currency} on {on}."),
    (
        "still_pending",
        "{description}, {amount} {currency}, has been pending since {on}. This file doesn't list it as posted. Delete it if it was canceled or posted with another amount.",
    ),
]
AMOUNT, CODE = r"-?\d+(?:\.\d+)?", "[A-Z]{3}"
VALUES = {
    "count": r"\d[\d,]*",
    "s": "s?",
    "on": r"\d{1,2} [A-Z][a-z]+ \d{4}",
    "currency": CODE,
    "currencies": f"{CODE}(?:, {CODE})*",
    **dict.fromkeys(("amount", "opening", "total", "closing", "gap"), AMOUNT),
}
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


PATTERNS = [(code, pattern_of(sentence)) for code, sentence in SENTENCES]
WORDS = dict(SENTENCES)


def notice_of(stored):
    """The code and values of a sentence; what is no known sentence stays."""
    if not isinstance(stored, str):
        return stored
    for code, pattern in PATTERNS:
        if found := pattern.fullmatch(stored):
            return {"code": code, "values": values_of(found.groupdict())}
    return stored


def values_of(texts):
    values = {name: text for name, text in texts.items() if name != "s"}
    if "count" in values:
        values["count"] = int(values["count"].replace(",", ""))
    if "currencies" in values:
        values["currencies"] = values["currencies"].split(", ")
    if "on" in values:
        on = datetime.strptime(f"{values['on']} +0000", "%d %B %Y %z").date()
        values["on"] = on.isoformat()
    return values


def sentence_of(stored):
    """The sentence of a notice as earlier versions wrote it; "" where they had none alike."""
    if isinstance(stored, str):
        return stored
    values = dict(stored["values"])
    if "count" in values:
        values |= {"count": f"{values['count']:,}", "s": "" if values["count"] == 1 else "s"}
    if "currencies" in values:
        values["currencies"] = ", ".join(values["currencies"])
    if "on" in values:
        on = date.fromisoformat(values["on"])
        values["on"] = f"{on.day} {on:%B %Y}"
    return WORDS.get(stored["code"], "").format(**values)


def rewrite(write):
    def step(apps, schema_editor):
        batches = apps.get_model("transactions", "ImportBatch").objects
        rows = batches.using(schema_editor.connection.alias)
        changed = []
        warned = rows.exclude(warnings=[]).only("pk", "warnings").order_by("pk")
        for batch in warned.iterator(chunk_size=AT_ONCE):
            before = batch.warnings
            batch.warnings = [said for said in map(write, before) if said]
            if batch.warnings != before:
                changed.append(batch)
        rows.bulk_update(changed, ["warnings"], batch_size=AT_ONCE)

    return step


class Migration(migrations.Migration):
    dependencies = [("transactions", "0027_deleted_categories_that_come_back")]

    operations = [migrations.RunPython(rewrite(notice_of), rewrite(sentence_of))]
