"""A statement covers the days that its file states, not only those between its lines."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from transactions.statement_proof import prove_page, statements_of
from transactions.tests.import_samples import imported

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def swift(day: str) -> str:
    return day[2:].replace("-", "")


def mt940(start, end, opening, closing, *lines):
    entries = "".join(
        f":61:{swift(on)}D{amount}NMSCNONREF\n:86:{text}\n" for on, amount, text in lines
    )
    return (
        f":20:A\n:25:10020030/77\n:28C:1/1\n:60F:C{swift(start)}EUR{opening}\n{entries}"
        f":62F:C{swift(end)}EUR{closing}\n-\n"
    ).encode()


def ofx(start, end, closing, as_of, *lines):
    records = "".join(
        f"<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>{on.replace('-', '')}<TRNAMT>-{amount}<FITID>{on}{text}"
        f"<NAME>{text}</STMTTRN>"
        for on, amount, text in lines
    )
    start, end, as_of = (day.replace("-", "") for day in (start, end, as_of))
    return (
        "OFXHEADER:100\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM>"
        f"<ACCTID>77</BANKACCTFROM><BANKTRANLIST><DTSTART>{start}000000<DTEND>{end}235959[-5:EST]"
        f"{records}</BANKTRANLIST><LEDGERBAL><BALAMT>{closing}<DTASOF>{as_of}</LEDGERBAL>"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()


def camt(period, opening, closing, end, *lines):
    def balance(code, amount, on):
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt>"
            f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>"
        )

    entries = "".join(
        f"<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt>"
        f"<Dt>{on}</Dt></BookgDt><AddtlNtryInf>{text}</AddtlNtryInf></Ntry>"
        for on, amount, text in lines
    )
    return (
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'><BkToCstmrStmt><Stmt>"
        f"<Id>S</Id>{period}<Acct><Id><IBAN>DE89370400440000000077</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{balance(*opening)}{balance('CLBD', closing, end)}{entries}</Stmt></BkToCstmrStmt>"
        "</Document>"
    ).encode()


def period(start, end):
    return f"<FrToDt><FrDtTm>{start}</FrDtTm><ToDtTm>{end}</ToDtTm></FrToDt>"


JANUARY = (date(2026, 1, 1), date(2026, 1, 31))
LINE = ("2026-01-09", "10.00", "KIOSK")
IN_SWIFT = ("2026-01-09", "10,00", "KIOSK")
MIDNIGHTS = period("2026-01-01T00:00:00", "2026-02-01T00:00:00")


def proofs(account):
    account.refresh_from_db()
    return prove_page(account, list(statements_of(account)))


@pytest.mark.parametrize(
    "content",
    [
        mt940("2026-01-01", "2026-01-31", "1000,00", "990,00", IN_SWIFT),
        ofx("2026-01-01", "2026-01-31", "990.00", "2026-01-31", LINE),
        camt(period("2026-01-01T00:00:00+01:00", "2026-01-31T23:59:59+01:00"),
             ("OPBD", "1000.00", "2025-12-31"), "990.00", "2026-01-30", LINE),
        camt(MIDNIGHTS, ("OPBD", "1000.00", "2026-01-01"), "990.00", "2026-01-31", LINE),
        camt("", ("OPBD", "1000.00", "2026-01-01"), "990.00", "2026-01-31", LINE),
        camt("", ("PRCD", "1000.00", "2025-12-31"), "990.00", "2026-01-31", LINE),
    ],
    ids=["mt940", "ofx", "camt", "camt-midnights", "camt-balances", "camt-previous"],
)  # fmt: skip
def test_period_is_as_stated(checking, content):
    imported(checking, content)
    (proof,) = proofs(checking)
    assert ((proof.first, proof.last), proof.difference) == (JANUARY, 0)


def test_lines_outside_the_stated_days_widen_the_period(checking):
    lines = [("2025-12-30", "1.00", "BUS"), LINE, ("2026-02-02", "2.00", "TRAM")]
    imported(checking, ofx("2026-01-01", "2026-01-31", "987.00", "2026-01-31", *lines))
    (proof,) = proofs(checking)
    assert (proof.first, proof.last) == (date(2025, 12, 30), date(2026, 2, 2))
    assert proof.difference == 0


@pytest.mark.slow
def test_statements_that_state_adjacent_days_leave_no_gap(checking, api_for, client_for):
    imported(checking, ofx("2026-01-01", "2026-01-31", "990.00", "2026-01-31", LINE))
    february = ("2026-02-17", "5.00", "MARKET")
    imported(checking, ofx("2026-02-01", "2026-02-28", "985.00", "2026-02-28", february))
    april = ("2026-04-17", "4.00", "GARAGE")
    imported(checking, ofx("2026-04-01", "2026-04-30", "981.00", "2026-04-30", april))
    api = api_for(checking.user).get(f"/api/accounts/{checking.pk}/statements").json()["results"]
    assert [(one["first"], one["last"], one["gap"]) for one in api] == [
        ("2026-04-01", "2026-04-30", {"first": "2026-03-01", "last": "2026-03-31"}),
        ("2026-02-01", "2026-02-28", None),
        ("2026-01-01", "2026-01-31", None),
    ]
    page = client_for(checking.user).get(reverse("accounts:account_statements", args=[checking.pk]))
    text = " ".join(page.content.decode().split())
    assert "No statement covers Mar 1, 2026 – Mar 31, 2026." in text
    assert text.count("No statement covers") == 1
    assert "Feb 1, 2026 – Feb 28, 2026" in text


@pytest.mark.parametrize(("opening", "follows"), [("990,00", True), ("995,00", False)])
def test_mt940_opens_with_the_balance_of_the_evening_before(checking, opening, follows):
    imported(checking, mt940("2025-12-31", "2026-01-31", "1000,00", "990,00", IN_SWIFT))
    later = ("2026-02-17", "5,00", "MARKET")
    imported(checking, mt940("2026-01-31", "2026-02-28", opening, "985,00", later))
    latest, _first = proofs(checking)
    assert (latest.first, latest.last) == (date(2026, 2, 1), date(2026, 2, 28))
    assert (latest.gap, latest.follows_on) == (None, follows)


def test_balance_of_a_later_day_is_compared_with_that_day(checking, client_for):
    """A download of January in March states the balance of March."""
    imported(checking, ofx("2026-02-01", "2026-02-28", "985.00", "2026-02-28",
                           ("2026-02-17", "5.00", "MARKET")))  # fmt: skip
    imported(checking, ofx("2026-01-01", "2026-01-31", "985.00", "2026-03-05", LINE))
    february, january = proofs(checking)
    assert (january.closing_on, january.difference) == (date(2026, 3, 5), Decimal(0))
    assert february.difference == 0
    page = client_for(checking.user).get(reverse("accounts:account_statements", args=[checking.pk]))
    assert "on Mar 5, 2026" in " ".join(page.content.decode().split())


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("1970-01-01", "2026-01-31", (date(2026, 1, 9), date(2026, 1, 31))),
        ("2026-01-01", "2099-12-31", (date(2026, 1, 1), None)),
        ("2026-01-20", "2026-01-02", (date(2026, 1, 9), date(2026, 1, 9))),
    ],
)
def test_days_that_cannot_be_true_are_not_believed(checking, start, end, days):
    batch = imported(checking, ofx(start, end, "990.00", "2026-01-09", LINE))
    (proof,) = proofs(checking)
    assert (proof.first, proof.last) == (days[0], days[1] or batch.created_at.date())
    assert proof.difference == 0


def test_days_without_lines_belong_to_a_statement_of_several_messages(checking):
    content = mt940("2026-01-08", "2026-01-09", "1000,00", "990,00", IN_SWIFT)
    content += mt940("2026-01-09", "2026-01-12", "990,00", "990,00")
    imported(checking, content)
    (proof,) = proofs(checking)
    assert (proof.first, proof.last, proof.difference) == (
        date(2026, 1, 8), date(2026, 1, 12), 0,
    )  # fmt: skip
