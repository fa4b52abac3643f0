"""Each payment appears once, whatever its source and wording."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.builders import make_account, make_transaction
from transactions.ledger_check import check_ledger
from transactions.models import ImportRow, ReviewItem, Transaction, Transfer
from transactions.services.bringing_in import bring_in
from transactions.services.import_confirming import revert_import
from transactions.services.import_verdicts import TWICE_IN_FILE
from transactions.services.reviewing import decide, decide_all, undo_decision
from transactions.services.transfers import transfer_funds
from transactions.sources.files.incoming import IncomingTransaction
from transactions.tests.import_samples import checked, counts_of, csv_of, imported, verdicts_of

H = "Date,Description,Amount"
AT = timezone.now


def balance(account) -> Decimal:
    account.refresh_from_db()
    return account.balance


def ofx(*lines: tuple[str, str, str, str]) -> bytes:
    body = "".join(
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{day}<TRNAMT>{amount}<FITID>{fitid}<NAME>{name}</STMTTRN>"
        for fitid, day, amount, name in lines
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>"
        "<CURDEF>EUR<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST>"
        f"{body}</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()


def synced(day: str, amount: str, words: str, external_id: str, **over) -> IncomingTransaction:
    return IncomingTransaction(
        row_number=1,
        txn_date=date.fromisoformat(day),
        amount=Decimal(amount),
        description=words,
        raw="",
        external_id=external_id,
        **over,
    )


def sync(account, *lines, source="sandbox:1", **over):
    return bring_in(
        actor=account.user, account=account, lines=lines, source=source, at=AT(), **over
    )


def answer(account, decision: str) -> int:
    items = ReviewItem.objects.filter(account=account)
    return decide_all(actor=account.user, items=items, decision=decision, at=AT())[0]


def hand(account, day: str, amount: str, words: str, **over) -> Transaction:
    on = date.fromisoformat(day)
    return make_transaction(account=account, amount=amount, txn_date=on, description=words, **over)


@pytest.mark.parametrize("gap", [1, 2, 5, -1, -3])
@pytest.mark.parametrize("words", ["KERN BAKERY", "Card payment 0042"])
def test_manual_entry_within_the_date_range_raises_a_question(checking, gap, words):
    hand(checking, "2026-03-13", "-10.00", "Kern Bakery")
    day = date(2026, 3, 13) + timedelta(days=gap)
    batch = imported(checking, csv_of([f"{day},{words},-10.00", f"{day},Rent,-1.00"], H))
    assert counts_of(batch) == {"read": 2, "added": 1, "review": 1}
    assert balance(checking) == Decimal("989.00")
    item = ReviewItem.objects.get()
    assert (item.reason, item.why) == ("entered@2026-03-13", "You entered this on March 13, 2026.")
    assert answer(checking, "same") == 1
    assert balance(checking) == Decimal("989.00")
    batch.refresh_from_db()
    assert counts_of(batch) == {"read": 2, "added": 1, "duplicate": 1}
    assert check_ledger().is_clean


@pytest.mark.parametrize("gap", [8, 20, -9])
def test_line_beyond_the_date_range_is_new(checking, gap):
    hand(checking, "2026-03-13", "-10.00", "Kern Bakery")
    day = date(2026, 3, 13) + timedelta(days=gap)
    batch = imported(checking, csv_of([f"{day},KERN BAKERY,-10.00"], H))
    assert counts_of(batch) == {"read": 1, "added": 1}


@pytest.mark.slow
def test_same_completes_the_transaction_and_keeps_the_persons_data(checking, groceries, alice):
    row = hand(
        checking, "2026-03-13", "-10.00", "Kern Bakery", category=groceries, notes="rolls",
        tags=["breakfast"],
    )  # fmt: skip
    before = Transaction.objects.filter(pk=row.pk).values().get()
    batch = imported(checking, ofx(("F1", "20260314", "-10.00", "KERN BAKERY 0042")))
    item = ReviewItem.objects.get()
    decide(actor=alice, item=item, decision="same", at=AT())
    row.refresh_from_db()
    assert (row.description, row.txn_date, row.external_id) == (
        "KERN BAKERY 0042",
        date(2026, 3, 14),
        "F1",
    )
    assert (row.category, row.notes, row.origin) == (groceries, "rolls", "manual")
    assert [tag.name for tag in row.tags.all()] == ["breakfast"]
    known = ("F1", "20260314", "-10.00", "KERN BAKERY 0042")
    again = imported(checking, ofx(known, ("F2", "20260320", "-1", "X")))
    assert counts_of(again) == {"read": 2, "added": 1, "duplicate": 1}
    revert_import(actor=alice, batch=batch, at=AT())
    after = Transaction.objects.filter(pk=row.pk).values().get()
    assert {**after, "updated_at": None} == {**before, "updated_at": None}
    assert check_ledger().is_clean


@pytest.mark.slow
def test_different_posts_the_line_and_the_answer_can_be_undone(checking, alice):
    hand(checking, "2026-03-13", "-10.00", "Kern Bakery")
    batch = imported(checking, csv_of(["2026-03-14,KERN BAKERY,-10.00"], H))
    item = decide(actor=alice, item=ReviewItem.objects.get(), decision="different", at=AT())
    assert (balance(checking), item.posted.import_batch) == (Decimal("980.00"), batch)
    item = undo_decision(actor=alice, item=item, at=AT())
    assert (balance(checking), item.status) == (Decimal("990.00"), "open")
    decide(actor=alice, item=item, decision="same", at=AT())
    undo_decision(actor=alice, item=item, at=AT())
    batch.refresh_from_db()
    assert counts_of(batch) == {"read": 1, "review": 1}
    assert Transaction.objects.get(deleted_at=None).description == "Kern Bakery"
    assert check_ledger().is_clean


@pytest.mark.slow
def test_answer_is_remembered_for_the_next_file(checking):
    hand(checking, "2026-03-13", "-10.00", "Kern Bakery")
    imported(checking, csv_of(["2026-03-14,CARD 0042,-10.00"], H))
    answer(checking, "different")
    overlap = ["2026-03-14,CARD 0042,-10.00", "2026-03-19,Tea,-2.00"]
    assert counts_of(imported(checking, csv_of(overlap, H))) == {
        "read": 2,
        "added": 1,
        "duplicate": 1,
    }


def test_waiting_line_raises_only_one_question(checking):
    hand(checking, "2026-03-13", "-10.00", "Kern Bakery")
    imported(checking, csv_of(["2026-03-14,CARD 0042,-10.00"], H))
    again = imported(checking, csv_of(["2026-03-14,CARD 0042,-10.00", "2026-03-18,Tea,-2"], H))
    assert counts_of(again) == {"read": 2, "added": 1, "duplicate": 1}
    assert ReviewItem.objects.count() == 1


def test_csv_line_matches_the_same_ofx_line_a_day_later(checking):
    imported(checking, csv_of(["2026-03-13,KERN BAKERY,-10.00"], H))
    batch = imported(checking, ofx(("F1", "20260314", "-10.00", "Kern Bakery")))
    assert counts_of(batch) == {"read": 1, "review": 1}


def test_other_format_with_same_date_and_payee_matches(checking):
    imported(checking, csv_of(["2026-03-13,Card payment KERN BAKERY,-10.00"], H))
    batch = imported(checking, ofx(("F1", "20260313", "-10.00", "Kern Bakery")))
    assert counts_of(batch) == {"read": 1, "duplicate": 1}
    assert Transaction.objects.get().external_id == "F1"


PENDING = "Date,Description,Amount,Status"


@pytest.mark.slow
def test_pending_line_is_booked_days_later(checking, alice):
    imported(
        checking,
        csv_of(["2026-03-13,HOTEL SEA,-100.00,pending", "2026-03-12,Pay,10,booked"], PENDING),
    )
    before = Transaction.objects.filter(status="pending").values().get()
    assert balance(checking) == Decimal("1010.00")
    batch = imported(
        checking,
        csv_of(["2026-03-15,HOTEL SEA,-100.00,booked", "2026-03-12,Pay,10,booked"], PENDING),
    )
    assert counts_of(batch) == {"read": 2, "duplicate": 2}
    assert balance(checking) == Decimal("910.00")
    row = Transaction.objects.get(description="HOTEL SEA")
    assert (row.status, row.txn_date) == ("posted", date(2026, 3, 15))
    revert_import(actor=alice, batch=batch, at=AT())
    after = Transaction.objects.filter(status="pending").values().get()
    assert {**after, "updated_at": None} == {**before, "updated_at": None}
    assert balance(checking) == Decimal("1010.00")
    assert check_ledger().is_clean


@pytest.mark.parametrize(("booked", "verdict"), [("-115.00", "review"), ("-130.00", "new")])
def test_changed_pending_amount_raises_a_question(checking, booked, verdict):
    imported(checking, csv_of(["2026-03-13,HOTEL SEA,-100.00,pending"], PENDING))
    batch = checked(checking, csv_of([f"2026-03-15,Hotel Sea,{booked},booked"], PENDING))
    assert verdicts_of(batch) == [verdict]


@pytest.mark.slow
def test_answering_same_for_a_tip_books_the_new_amount(checking):
    imported(checking, csv_of(["2026-03-13,HOTEL SEA,-100.00,pending"], PENDING))
    imported(checking, csv_of(["2026-03-15,Hotel Sea,-115.00,booked"], PENDING))
    answer(checking, "same")
    assert balance(checking) == Decimal("885.00")
    assert Transaction.objects.count() == 1
    assert check_ledger().is_clean


def test_vanished_pending_line_is_reported(checking):
    imported(checking, csv_of(["2026-03-13,HOTEL SEA,-100.00,pending"], PENDING))
    lines = ["2026-03-12,Pay,10,booked", "2026-03-16,Tea,-2,booked"]
    batch = imported(checking, csv_of(lines, PENDING))
    assert batch.warning_texts == [
        "The bank no longer lists the pending line HOTEL SEA, -€100.00 on March 13, 2026. Under"
        " Review you can keep or remove it."
    ]


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize(("decision", "status"), [("same", "pending"), ("different", "posted")])
def test_announcement_is_asked_about_beside_the_line_it_may_be_instead(checking, decision, status):
    """Both lines of the second file may be the one held: which it is settles the other."""
    imported(checking, ofx(("A", "20260326", "-10.00", "KERN BAKERY")))
    lines = ["2026-03-22,KERN BAKERY,-10.00,booked", "2026-03-25,KERN BAKERY,-10.00,pending"]
    assert counts_of(imported(checking, csv_of(lines, PENDING))) == {"read": 2, "review": 2}
    for item in ReviewItem.objects.order_by("pk"):
        # The first one's "same" settles the second.
        answer = "different" if decision == "different" and not item.is_pending else "same"
        decide(actor=checking.user, item=item, decision=answer, at=AT())
    assert not ReviewItem.objects.open().exists()
    rows = Transaction.objects.filter(account=checking, deleted_at=None).exclude(external_id="A")
    assert [row.status for row in rows] == [status]


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("is_synced", [False, True])
@pytest.mark.parametrize("first", ["pk", "-pk"])
@pytest.mark.parametrize(("decision", "held"), [("same", "1990.00"), ("different", "1980.00")])
def test_booking_of_a_pending_line_that_waits_is_asked_about_too(
    alice, decision, held, first, is_synced
):
    """Nobody has answered for the pending line when the bank books it: the booking isn't lost."""
    account = make_account(user=alice, currency="EUR", opening_balance="2000")
    make_transaction(
        account=account, amount="-10.00", txn_date=date(2026, 3, 1), description="Rolls"
    )
    if is_synced:
        sync(account, synced("2026-03-03", "-10", "KERN BAKERY", "p", is_pending=True))
        for _ in range(2):
            sync(account, synced("2026-03-04", "-10", "KERN BAKERY", "p"))
    else:
        imported(account, csv_of(["2026-03-03,KERN BAKERY,-10,pending"], PENDING))
        for words in ("Tea", "Bus"):
            lines = ["2026-03-04,KERN BAKERY,-10,booked", f"2026-03-05,{words},0,booked"]
            imported(account, csv_of(lines, PENDING))
    assert ReviewItem.objects.open().count() == 2
    while item := ReviewItem.objects.open().order_by(first).first():
        is_about_entry = item.candidate.description == "Rolls"
        answer = decision if is_about_entry else "same"
        decide(actor=alice, item=item, decision=answer, at=AT())
    assert balance(account) == Decimal(held)
    live = Transaction.objects.filter(account=account, deleted_at=None)
    assert not live.filter(status="pending").exists()
    assert check_ledger().is_clean


FIRST = ["2026-03-10,Pay,100.00", "2026-03-13,KERN BAKERY,-10.00", "2026-03-20,Tea,-2.00"]


@pytest.mark.slow
def test_reworded_line_within_the_files_days_raises_a_question(checking):
    imported(checking, csv_of(FIRST, H))
    reworded = [line.replace("KERN BAKERY", "Card payment Kern Bakery 0042") for line in FIRST]
    batch = imported(checking, csv_of(reworded, H))
    assert counts_of(batch) == {"read": 3, "duplicate": 2, "review": 1}
    assert batch.warning_texts == []
    unlike = [line.replace("KERN BAKERY", "POS 99 ZZ TOP") for line in FIRST]
    assert counts_of(imported(checking, csv_of(unlike, H)))["read"] == 3
    answer(checking, "same")
    again = imported(checking, csv_of([*reworded, "2026-03-21,Bus,-3.00"], H))
    assert counts_of(again) == {"read": 4, "added": 1, "duplicate": 3}
    assert balance(checking) == Decimal("1085.00")


def test_line_the_bank_no_longer_lists_is_reported(checking):
    imported(checking, csv_of(FIRST, H))
    batch = imported(checking, csv_of([FIRST[0], FIRST[2], "2026-03-22,Bus,-3.00"], H))
    assert batch.warning_texts == [
        "The bank no longer lists KERN BAKERY, -€10.00 on March 13, 2026."
    ]
    assert counts_of(batch) == {"read": 3, "added": 1, "duplicate": 2}


@pytest.mark.parametrize(
    ("held", "again"),
    [
        ("CAFÉ MÜLLER", "CAFE MULLER"),
        ("Łódź Żabka", "lodz zabka"),
        ("Cafe\u0301 Mu\u0308ller", "CAFÉ MÜLLER"),
        ("Smørrebrød Århus", "SMORREBROD ARHUS"),
    ],
)
def test_accents_do_not_make_a_new_line(checking, held, again):
    imported(checking, csv_of([f"2026-03-13,{held},-10.00"], H))
    batch = imported(checking, csv_of([f"2026-03-13,{again},-10.00"], H))
    assert counts_of(batch) == {"read": 1, "duplicate": 1}


@pytest.mark.parametrize("day", ["2062-03-13", "1900-12-31"])
def test_implausible_date_raises_a_question(checking, day):
    batch = imported(checking, csv_of([f"{day},Tea,-10.00", "2026-03-13,Bus,-3.00"], H))
    assert counts_of(batch) == {"read": 2, "added": 1, "review": 1}
    assert ReviewItem.objects.get().why == "This date is unusually far from today. Please check it."
    answer(checking, "same")
    batch.refresh_from_db()
    assert counts_of(batch) == {"read": 2, "added": 1, "skipped": 1}


@pytest.mark.parametrize(
    ("words", "verdict"), [("Transfer RAINY DAY 4711", "duplicate"), ("Bob Baker", "review")]
)
def test_transfer_made_here_is_recognized_by_its_other_side(
    checking, savings, alice, words, verdict
):
    transfer_funds(
        actor=alice, source=checking, target=savings, amount=Decimal(50), on=date(2026, 3, 12)
    )
    batch = imported(checking, csv_of([f"2026-03-13,{words},-50.00"], H))
    assert verdicts_of(batch) == [verdict]
    assert balance(checking) == Decimal("950.00")


def test_identical_payments_stay_separate_across_formats_and_dates(checking):
    twins = ["2026-03-13,Coffee,-3.20", "2026-03-13,Coffee,-3.20", "2026-03-14,Coffee,-3.20"]
    assert imported(checking, csv_of(twins, H)).added_count == 3
    batch = imported(
        checking,
        ofx(
            ("A", "20260313", "-3.20", "Coffee"),
            ("B", "20260313", "-3.20", "Coffee"),
            ("C", "20260313", "-3.20", "Coffee"),
            ("D", "20260314", "-3.20", "Coffee"),
        ),
    )
    assert batch.added_count + batch.review_count == 1
    assert batch.duplicate_count == 3


def test_best_overall_pairing_wins_over_first_come(checking):
    hand(checking, "2026-03-10", "-10.00", "one")
    hand(checking, "2026-03-14", "-10.00", "two")
    lines = ["2026-03-13,A,-10.00", "2026-03-18,B,-10.00"]
    for order in (lines, lines[::-1]):
        batch = checked(checking, csv_of(order, H))
        assert sorted(verdicts_of(batch)) == ["review", "review"]
        found = ImportRow.objects.filter(batch=batch)
        assert dict(found.values_list("description", "match__description")) == {
            "A": "one",
            "B": "two",
        }


@pytest.mark.slow
def test_taken_candidate_frees_the_other_line(checking, alice):
    hand(checking, "2026-03-13", "-10.00", "Kern Bakery")
    imported(checking, csv_of(["2026-03-14,AAA,-10.00"], H))
    imported(checking, ofx(("F1", "20260315", "-10.00", "BBB")))
    items = list(ReviewItem.objects.order_by("pk"))
    decide(actor=alice, item=items[0], decision="same", at=AT())
    assert balance(checking) in (Decimal("990.00"), Decimal("980.00"))
    answer(checking, "different")
    assert balance(checking) == Decimal("980.00")
    assert not ReviewItem.objects.open().exists()


# -- syncs -----------------------------------------------------------------------------------------


def test_sync_posts_once_and_completes_imported_lines(checking):
    imported(checking, csv_of(["2026-03-13,KERN BAKERY,-10.00", "2026-03-10,Pay,100"], H))
    lines = [
        synced("2026-03-13", "-10.00", "Kern Bakery", "p1"),
        synced("2026-03-16", "-4.00", "Tea", "p2"),
    ]
    first = sync(checking, *lines)
    assert (first.read, first.added, first.duplicate, first.review) == (2, 1, 1, 0)
    second = sync(checking, *lines)
    assert (second.added, second.duplicate) == (0, 2)
    assert balance(checking) == Decimal("1086.00")
    assert check_ledger().is_clean


def test_synced_pending_line_is_replaced_by_the_posted_one_with_its_tip(checking, alice):
    sync(checking, synced("2026-03-13", "-50.00", "Trattoria", "p1", is_pending=True))
    assert balance(checking) == Decimal("1000.00")
    posted = synced("2026-03-15", "-58.00", "TRATTORIA ROMA", "q1", replaces="p1")
    result = sync(checking, posted, removed=["p1"])
    assert (result.added, result.duplicate) == (0, 1)
    row = Transaction.objects.get()
    assert (row.status, row.external_id, row.signed_amount) == ("posted", "q1", Decimal("-58"))
    assert balance(checking) == Decimal("942.00")
    assert sync(checking, posted).duplicate == 1
    assert check_ledger().is_clean


def test_two_ids_from_one_connection_are_two_lines(checking):
    assert sync(checking, synced("2026-03-13", "-3.20", "Coffee", "p1")).added == 1
    assert sync(checking, synced("2026-03-13", "-3.20", "Coffee", "p2")).added == 1
    again = [synced("2026-03-13", "-3.20", "Coffee", f"x{n}") for n in (1, 2)]
    assert sync(checking, *again, source="other:7").duplicate == 2
    assert sync(checking, *again, source="other:7").duplicate == 2
    assert balance(checking) == Decimal("993.60")


def test_a_pending_line_listed_beside_its_booked_twin_is_another_payment(checking):
    sync(checking, synced("2026-03-13", "-3.20", "Coffee", "p1"))
    assert sync(checking, synced("2026-03-13", "-3.20", "Coffee", "p2", is_pending=True)).added == 1
    booked = synced("2026-03-13", "-3.20", "Bakery", "p3")
    assert sync(checking, booked).added == 1
    # Both coffees stay what they were.
    assert Transaction.objects.get(external_id="p2").status == "pending"
    assert balance(checking) == Decimal("993.60")


def test_a_bank_moves_its_line_by_many_days_without_a_question(checking):
    sync(checking, synced("2026-03-13", "-3.20", "Coffee", "p1"))
    assert sync(checking, synced("2026-02-13", "-4.20", "Coffee", "p1")).review == 0
    assert not ReviewItem.objects.exists()


def test_synced_question_waits_and_posts_after_different(checking):
    hand(checking, "2026-03-13", "-10.00", "Kern Bakery")
    result = sync(checking, synced("2026-03-15", "-10.00", "POS 12", "p1"))
    assert (result.review, result.added) == (1, 0)
    assert sync(checking, synced("2026-03-15", "-10.00", "POS 12", "p1")).review == 0
    answer(checking, "different")
    assert balance(checking) == Decimal("980.00")
    assert sync(checking, synced("2026-03-15", "-10.00", "POS 12", "p1")).duplicate == 1


def test_withdrawn_pending_lines_are_removed(checking):
    sync(checking, synced("2026-03-13", "-50.00", "Fuel hold", "p1", is_pending=True))
    sync(checking, removed=["p1"])
    assert not Transaction.objects.filter(deleted_at=None).exists()


def test_yen_and_income_are_matched_too(alice):
    yen = make_account(user=alice, name="Yen", currency="JPY", opening_balance="10000")
    hand(yen, "2026-03-13", "1200", "Refund shop")
    lines = ["2026-03-15,REFUND SHOP,1200,JPY", "2026-03-25,Noodles,-900,JPY"]
    batch = imported(yen, csv_of(lines, f"{H},Currency"))
    assert counts_of(batch) == {"read": 2, "added": 1, "review": 1}
    answer(yen, "same")
    assert balance(yen) == Decimal(10300)


# -- what people enter -----------------------------------------------------------------------------

PAID = ["2026-03-13,KERN BAKERY,-10.00,EUR", "2026-03-10,Pay,100.00,EUR"]


def entry(account, day="2026-03-14", amount="10.00", words="Kern Bakery", **over):
    return {"account": account.pk, "amount": amount, "txn_date": day, "description": words} | over


@pytest.mark.slow
def test_api_reports_an_entry_that_the_bank_already_delivered(checking, alice, api_for, groceries):
    imported(checking, csv_of(PAID))
    answer_ = api_for(alice).post(
        "/api/transactions", entry(checking, category="groceries", tags=["rolls"]), format="json"
    )
    assert answer_.status_code == 201
    assert balance(checking) == Decimal("1080.00")
    review = answer_.json()["review"]
    assert review["reason"] == (
        "Your account has a payment of this amount on March 13, 2026. Is it the same one?"
    )
    url = f"/api/review/{review['id']}"
    decided = api_for(alice).post(url, {"decision": "same"}, format="json")
    assert (decided.status_code, decided.json()["status"]) == (200, "same")
    kept = Transaction.objects.get(description="KERN BAKERY", deleted_at=None)
    assert (kept.category, [tag.name for tag in kept.tags.all()]) == (groceries, ["rolls"])
    assert balance(checking) == Decimal("1090.00")
    undone = api_for(alice).post(f"/api/review/{review['id']}/undo")
    assert undone.status_code == 200
    kept.refresh_from_db()
    assert (kept.category_source, balance(checking)) == ("import", Decimal("1080.00"))
    assert check_ledger().is_clean


@pytest.mark.slow
def test_page_reports_such_an_entry_and_home_page_asks_about_it(checking, alice, client_for):
    imported(checking, csv_of(PAID))
    page = client_for(alice).post(
        "/transactions/new/",
        entry(checking, txn_type="expense", status="posted"),
        follow=True,
    )
    assert b"Decide under Review." in page.content
    home = client_for(alice).get("/")
    assert f'action="/transactions/review/{ReviewItem.objects.get().pk}/"' in home.content.decode()
    review = client_for(alice).get("/transactions/review/")
    assert b"Same payment" in review.content
    item = ReviewItem.objects.get()
    client_for(alice).post(f"/transactions/review/{item.pk}/", {"decision": "different"})
    assert b"Nothing to review" in client_for(alice).get("/transactions/review/").content
    assert balance(checking) == Decimal("1080.00")


@pytest.mark.parametrize(
    "over", [{"amount": "10.01"}, {"day": "2026-03-25"}, {"txn_type": "income"}]
)
def test_different_amount_date_or_sign_raises_no_question(checking, alice, api_for, over):
    imported(checking, csv_of(PAID))
    api_for(alice).post("/api/transactions", entry(checking, **over), format="json")
    assert not ReviewItem.objects.exists()


def test_two_manual_entries_are_separate(checking, alice, api_for):
    for _ in range(2):
        made = api_for(alice).post("/api/transactions", entry(checking), format="json")
        assert made.json()["review"] is None
    assert balance(checking) == Decimal("980.00")


@pytest.mark.slow
def test_transfer_made_after_the_bank_delivered_it(checking, savings, alice):
    imported(checking, csv_of(["2026-03-13,To Rainy day,-50.00,EUR", "2026-03-10,Pay,100,EUR"]))
    transfer = transfer_funds(
        actor=alice, source=checking, target=savings, amount=Decimal(50), on=date(2026, 3, 14)
    )
    assert balance(checking) == Decimal("1000.00")
    item = decide(actor=alice, item=ReviewItem.objects.get(), decision="same", at=AT())
    transfer.outflow_transaction.refresh_from_db()
    assert transfer.outflow_transaction.description == "To Rainy day"
    assert balance(checking) == Decimal("1050.00")
    undo_decision(actor=alice, item=item, at=AT())
    assert balance(checking) == Decimal("1000.00")
    assert check_ledger().is_clean


def test_other_half_of_a_transfer_is_suggested_on_entry(checking, savings, alice, api_for):
    hand(checking, "2026-03-13", "-75.00", "to savings")
    made = api_for(alice).post(
        "/api/transactions",
        entry(savings, amount="75.00", txn_type="income", words="from checking"),
        format="json",
    )
    suggested = Transfer.objects.get(status="suggested")
    assert suggested.inflow_transaction_id == made.json()["id"]


def test_planned_payment_matches_the_banks_booking(checking, alice):
    on = timezone.now().date()
    planned = hand(checking, str(on + timedelta(days=3)), "-80.00", "Gym Plus")
    assert (planned.status, balance(checking)) == ("planned", Decimal("1000.00"))
    batch = imported(checking, csv_of([f"{on + timedelta(days=2)},GYM PLUS MUC,-80.00"], H))
    assert counts_of(batch) == {"read": 1, "duplicate": 1}
    planned.refresh_from_db()
    assert (planned.status, balance(checking)) == ("posted", Decimal("920.00"))
    revert_import(actor=alice, batch=batch, at=AT())
    planned.refresh_from_db()
    assert (planned.status, balance(checking)) == ("planned", Decimal("1000.00"))
    assert check_ledger().is_clean


def test_wizard_asks_side_by_side_and_accepts_the_answer(checking, alice, client_for):
    hand(checking, "2026-03-13", "-10.00", "Kern Bakery")
    batch = checked(checking, csv_of(["2026-03-14,CARD 0042,-10.00", "2026-03-15,Tea,-2.00"], H))
    page = client_for(alice).get(f"/transactions/import/{batch.pk}/check/?verdict=review")
    assert b"You entered this on March 13, 2026." in page.content
    client_for(alice).post(
        f"/transactions/import/{batch.pk}/choose/?verdict=review",
        {"all": "review", "choice": "same"},
    )
    client_for(alice).post(f"/transactions/import/{batch.pk}/confirm/")
    batch.refresh_from_db()
    assert counts_of(batch) == {"read": 2, "added": 1, "duplicate": 1}
    assert balance(checking) == Decimal("988.00")
    assert Transaction.objects.get(signed_amount=-10).description == "CARD 0042"
    assert ReviewItem.objects.get().status == "same"


def test_other_peoples_questions_return_404(checking, bob, api_for):
    hand(checking, "2026-03-13", "-10.00", "Kern Bakery")
    imported(checking, csv_of(["2026-03-14,CARD 0042,-10.00"], H))
    item = ReviewItem.objects.get()
    assert api_for(bob).get("/api/review").json()["results"] == []
    refused = api_for(bob).post(f"/api/review/{item.pk}", {"decision": "same"}, format="json")
    assert refused.status_code == 404
    wrong = api_for(checking.user).post(f"/api/review/{item.pk}", {"decision": "x"}, format="json")
    assert wrong.status_code == 400
    listed = api_for(checking.user).get("/api/review").json()["results"]
    assert set(listed[0]) >= {"id", "account", "incoming", "candidate", "reason"}


@pytest.mark.parametrize(("one", "other"), [("DM Köln", "DMKÖLN"), ("B2 Bar", "B2BAR")])
def test_the_same_letters_in_other_spaces_are_asked_about(checking, one, other):
    imported(checking, f"Date,Description,Amount\n2026-03-13,{one},-10.00\n".encode())
    again = f"Date,Description,Amount\n2026-03-13,{other},-10.00\n2026-03-14,Pay,5.00\n".encode()
    assert counts_of(imported(checking, again)) == {"read": 2, "added": 1, "review": 1}


@pytest.mark.slow
def test_file_can_be_imported_again_after_its_matches_are_deleted(checking, alice):
    first = imported(checking, csv_of(PAID))
    again = ofx(("F1", "20260313", "-10.00", "Kern Bakery"), ("F2", "20260310", "100.00", "Pay"))
    assert counts_of(imported(checking, again)) == {"read": 2, "duplicate": 2}
    revert_import(actor=alice, batch=first, at=AT())
    assert balance(checking) == Decimal("1000.00")
    assert counts_of(imported(checking, again)) == {"read": 2, "added": 2}
    assert balance(checking) == Decimal("1090.00")
    assert check_ledger().is_clean


@pytest.mark.slow
def test_transaction_shows_its_other_sources(checking, alice, client_for):
    imported(checking, csv_of(PAID))
    imported(checking, ofx(("F1", "20260313", "-10.00", "Kern Bakery 0042")))
    row = Transaction.objects.get(external_id="F1")
    page = client_for(alice).get(f"/transactions/{row.pk}/")
    assert b"Also listed by your bank" in page.content
    assert b"Kern Bakery 0042" in page.content


@pytest.mark.slow
def test_a_pending_line_leaves_the_entry_it_announces_to_the_booked_one(checking):
    make_transaction(
        account=checking, amount="-10.00", txn_date=date(2026, 3, 2), description="Kern Bakery"
    )
    head = "Date,Description,Amount,Status\n"
    imported(checking, (head + "2026-03-01,KERN BAKERY,-10.00,pending\n").encode())
    item = ReviewItem.objects.open().first()
    if item is not None:
        decide(actor=checking.user, item=item, decision="same", at=timezone.now())
    imported(checking, (head + "2026-03-02,KERN BAKERY,-10.00,booked\n").encode())
    row = Transaction.objects.get(account=checking, deleted_at=None)
    assert (row.status, row.txn_date, row.description) == (
        "posted", date(2026, 3, 2), "KERN BAKERY",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (csv_of(["2026-03-13,KERN BAKERY,-10.00", "2026-03-14,Tea,-2.00"], H), "same_line"),
        (
            ofx(("F1", "20260313", "-10.00", "KERN"), ("F2", "20260314", "-2.00", "TEA")),
            "same_id",
        ),
    ],
)
def test_lines_already_held_are_staged_with_their_verdict_at_once(checking, content, reason):
    """A file with nothing new costs one writing of its lines."""
    imported(checking, content)
    with CaptureQueriesContext(connection) as captured:
        batch = checked(checking, content + b"\n")
    written = [query["sql"] for query in captured if "transactions_importrow" in query["sql"]]
    assert not [sql for sql in written if sql.startswith("UPDATE") and "SET verdict" in sql]
    held = list(Transaction.objects.order_by("txn_date").values_list("pk", flat=True))
    found = batch.rows.order_by("pk").values_list("verdict", "error", "match_id")
    assert list(found) == [("duplicate", reason, pk) for pk in held]


def test_line_twice_in_the_file_with_the_id_of_a_held_one_is_told_twice(checking):
    header = f"{H},Transaction ID"
    lines = ["2026-03-13,KERN BAKERY,-10.00,T-1001", "2026-03-14,Tea,-2.00,T-1002"]
    imported(checking, csv_of(lines, header))
    lines = [lines[0], lines[0], "2026-03-15,Bus,-1.00,T-1003"]
    batch = imported(checking, csv_of(lines, header))
    assert counts_of(batch) == {"read": 3, "added": 1, "duplicate": 2}
    assert list(batch.rows.order_by("pk").values_list("error", flat=True)) == [
        "same_id",
        TWICE_IN_FILE,
        "",
    ]
    assert balance(checking) == Decimal("987.00")


def test_likely_match_that_is_none_is_corrected(checking):
    """The third of three alike has no partner, and one that was kept apart stays apart."""
    twins = ["2026-03-13,Coffee,-3.00", "2026-03-13,Coffee,-3.00"]
    imported(checking, csv_of([*twins, "2026-03-14,Tea,-2.00"], H))
    Transaction.objects.filter(description="Coffee").first().delete()
    batch = imported(checking, csv_of([*twins, "2026-03-14,Tea,-2.00"], H))
    assert counts_of(batch) == {"read": 3, "added": 1, "duplicate": 2}
