"""How each kind of export file is made. Refuses data that the owner may no longer see."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import IO

from django.utils.text import slugify

from accounts.models import Account
from banking.kernel.periods import Period
from banking.kernel.snapshot import read_snapshot
from banking.limits import STATEMENT_PDF_LINES
from insights.exports.personal_export import write_archive
from insights.figures.monthly_report import monthly_report
from insights.figures.monthly_report_pdf import monthly_report_pdf
from insights.models import Export
from transactions.statement_pdf import statement_pdf
from transactions.statements import build_statement
from users.policy import Ability, may
from users.timezones import local_date

# Called with the percentage done; raises if the run should stop.
Report = Callable[[int], None]
Maker = Callable[[Export, IO[bytes], datetime, Report], str]


class ExportRefusedError(Exception):
    """The file cannot be made; the text is shown to the person who requested it."""


def _statement(export: Export, file: IO[bytes], at: datetime, report: Report) -> str:
    user, params = export.user, export.params
    start, last = (date.fromisoformat(params[name]) for name in ("date_from", "date_to"))
    with read_snapshot():
        seen = Account.objects.visible_to(user).select_related("user")
        account = seen.filter(pk=params["account"]).first()
        if account is None:
            raise ExportRefusedError("You no longer have access to this account.")
        statement = build_statement(account, Period(start, last + timedelta(days=1)))
    if len(statement.lines) > STATEMENT_PDF_LINES:
        raise ExportRefusedError(
            "More transactions have been added since. Choose a shorter period."
        )
    report(30)
    on = local_date(user.timezone, at)
    file.write(statement_pdf(statement, locale=user.locale, on=on))
    report(95)
    return f"statement-{slugify(account.name) or account.pk}-{start}-{last}.pdf"


def _monthly_report(export: Export, file: IO[bytes], at: datetime, report: Report) -> str:
    user, params = export.user, export.params
    if not may(user, Ability.SEE_INSIGHTS):
        raise ExportRefusedError(Ability.SEE_INSIGHTS.value)
    year, month = map(int, params["month"].split("-"))
    figures = monthly_report(
        user=user,
        month=date(year, month, 1),
        on=local_date(user.timezone, at),
        include_shared=params["include_shared"],
    )
    if {account.pk for account in figures.coverage.accounts if account.user_id != user.pk} - {
        *export.shared_ids
    }:
        raise ExportRefusedError(
            "More accounts have been shared with you since. Create the report again."
        )
    report(40)
    file.write(monthly_report_pdf(figures, locale=user.locale))
    report(95)
    return f"report-{params['month']}.pdf"


def _everything(export: Export, file: IO[bytes], at: datetime, report: Report) -> str:
    write_archive(export.user, file, at=at, report=report)
    return f"everything-{local_date(export.user.timezone, at)}.zip"


MAKERS: dict[str, Maker] = {
    Export.Kind.STATEMENT: _statement,
    Export.Kind.MONTHLY_REPORT: _monthly_report,
    Export.Kind.EVERYTHING: _everything,
}
CONTENT_TYPES = {
    Export.Kind.STATEMENT: "application/pdf",
    Export.Kind.MONTHLY_REPORT: "application/pdf",
    Export.Kind.EVERYTHING: "application/zip",
}
