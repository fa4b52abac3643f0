"""Bank lines know an announcement, imports an account opened for them; reasons become codes that are shown in the reader's language."""

import re
from datetime import date, datetime

from django.db import migrations, models

# The sentences of earlier versions. Dates in them were written in English.
SENTENCES = {
    "This account already has a transaction with this bank reference.": "same_id",
    "This transaction is already in your account.": "same_line",
    "Your bank has posted this pending transaction.": "now_booked",
    "Your account has the same transaction under a different bank reference.": "other_id",
    "The account has this id of the bank's with another amount.": "other_amount",
    "The account has this id of the bank's on another day, in other words.": "other_day",
    "This line is already waiting for your review.": "is_asked",
    "A similar line is already waiting for your review.": "like_asked",
    "This date is unusually far from today. Please check it.": "odd_date",
    "You entered this on {on}.": "entered",
    "You paid this bill here on {on}.": "paid",
    "You paid this bill here on {on}, in other words.": "paid_otherwise",
    "You made this transfer here on {on}.": "moved",
    "You made this transfer here on {on}, in other words.": "moved_otherwise",
    "The bank listed this on {on}.": "listed",
    "The bank listed this on {on}, in other words.": "listed_otherwise",
    "You planned this for {on}.": "planned",
    "The bank listed this as pending on {on}.": "announced",
    "The bank listed this as pending on {on}, in other words.": "announced_otherwise",
    "This may be the line pending on {on}, with another amount.": "changed_pending",
    "This may be the line planned on {on}, with another amount.": "changed_planned",
    "The account has a payment of this amount on {on}. Is it the same one?": "already_there",
    "Your account has this bank reference with a different amount.": "other_amount",
    "Your account has this bank reference on another day, with different text.": "other_day",
    "You paid this bill here on {on}, with different text.": "paid_otherwise",
    "You made this transfer here on {on}, with different text.": "moved_otherwise",
    "The bank listed this on {on}, with different text.": "listed_otherwise",
    "The bank listed this as pending on {on}, with different text.": "announced_otherwise",
    "This may be the line pending on {on}, with a different amount.": "changed_pending",
    "This may be the line planned on {on}, with a different amount.": "changed_planned",
}
DAY = re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}")
AT_ONCE = 1000


def code_of(reason):
    """The code for a sentence; what is no known sentence stays."""
    day = DAY.search(reason)
    code = SENTENCES.get(DAY.sub("{on}", reason, count=1) if day else reason)
    if code is None:
        return reason
    if day is None:
        return code
    on = datetime.strptime(f"{day[0]} +0000", "%d %B %Y %z").date()
    return f"{code}@{on.isoformat()}"


def sentence_of(reason):
    """The sentence for a code, as earlier versions wrote it."""
    code, _, day = reason.partition("@")
    sentence = {value: key for key, value in SENTENCES.items()}.get(code, reason)
    if not day:
        return sentence
    on = date.fromisoformat(day)
    return sentence.replace("{on}", f"{on.day} {on:%B %Y}")


def rewrite(write):
    """A step that rewrites the reasons of questions and of the import lines they are about.

    Other import lines keep their sentences, which are shown as they are.
    """

    def step(apps, schema_editor):
        alias = schema_editor.connection.alias
        questions = apps.get_model("transactions", "ReviewItem").objects.using(alias)
        lines = apps.get_model("transactions", "ImportRow").objects.using(alias)
        for rows, name in ((questions, "reason"), (lines.filter(verdict="review"), "error")):
            changed = []
            for row in rows.only("pk", name).order_by("pk").iterator(chunk_size=AT_ONCE):
                before = getattr(row, name)
                setattr(row, name, write(before))
                if getattr(row, name) != before:
                    changed.append(row)
            rows.bulk_update(changed, [name], batch_size=AT_ONCE)

    return step


class Migration(migrations.Migration):
    dependencies = [("transactions", "0023_daily_totals")]

    operations = [
        migrations.AddField(
            model_name="bankline",
            name="is_pending",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="opens_account",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(rewrite(code_of), rewrite(sentence_of)),
    ]
