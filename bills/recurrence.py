"""Due dates of recurring bills, always counted from the first date, so that the 31st returns after
February (31 January, 28 February, 31 March).
"""

from datetime import date, timedelta

from banking.kernel.periods import add_months
from bills.models import Bill

MONTHS_OF: dict[str, int] = {
    Bill.Recurrence.MONTHLY: 1,
    Bill.Recurrence.QUARTERLY: 3,
    Bill.Recurrence.YEARLY: 12,
}


def occurrence_date(start: date, recurrence: str, number: int) -> date | None:
    """The date of occurrence `number` (0 = `start`); None if the bill does not repeat."""
    if number == 0:
        return start
    if recurrence == Bill.Recurrence.WEEKLY:
        return start + timedelta(weeks=number)
    months = MONTHS_OF.get(recurrence)
    return add_months(start, months * number) if months else None
