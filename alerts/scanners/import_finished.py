"""A file was imported; one alert per file."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from django.urls import reverse

from alerts.facts import Fact, People, transactions_link
from alerts.models import Alert, AlertType
from banking.kernel.narrowing import sure
from banking.kernel.periods import Period
from banking.kernel.sentences import Part, count
from transactions.models import ImportBatch
from users.models import User
from users.timezones import local_date

KINDS = (AlertType.IMPORT_FINISHED,)
LATE_DAYS = 2


def moments(days: Period) -> tuple[datetime, datetime]:
    """From the start of the first day to the end of the last, in any time zone."""
    start = datetime.combine(days.start, time(), UTC) - timedelta(hours=14)
    return start, datetime.combine(days.end, time(), UTC) + timedelta(hours=12)


def scan(people: People, on: date) -> Iterator[Fact]:
    yield from replay(people, Period(on - timedelta(days=LATE_DAYS), on + timedelta(days=1)))


def replay(people: People, days: Period) -> Iterator[Fact]:
    users = people.by_id
    since, until = moments(days)
    batches = ImportBatch.objects.filter(
        user_id__in=people.ids,
        status=ImportBatch.Status.DONE,
        confirmed_at__gte=since,
        confirmed_at__lt=until,
    ).select_related("account")
    for batch in batches.order_by("confirmed_at", "pk").iterator(chunk_size=2000):
        user = users[batch.user_id]
        on = local_date(user.timezone, sure(batch.confirmed_at))
        if on in days:
            yield judge(batch, on, users)


def judge(batch: ImportBatch, on: date, users: Mapping[int, User]) -> Fact:
    sentence: list[Part] = [
        f"{batch.file_name[:120]} was imported into {batch.account.name}: ",
        count(batch.added_count),
        " added",
    ]
    if batch.duplicate_count:
        sentence += [", ", count(batch.duplicate_count), " already there"]
    if batch.invalid_count:
        sentence += [", ", count(batch.invalid_count), " with errors"]
    return Fact(
        user=users[batch.user_id],
        type=AlertType.IMPORT_FINISHED,
        key=f"import_finished:{batch.pk}",
        on=on,
        sentence=[*sentence, "."],
        severity=Alert.Severity.WARNING if batch.invalid_count else Alert.Severity.INFO,
        link=reverse("transactions:import_receipt", args=[batch.pk]),
        transactions_link=transactions_link(account=batch.account_id),
    )
