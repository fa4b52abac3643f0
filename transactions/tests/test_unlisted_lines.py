"""A pending transaction that the bank's later file does not list: keep it or remove it."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from transactions.ledger_check import check_ledger
from transactions.models import ImportBatch, ReviewItem, Transaction
from transactions.tests.test_one_payment_by_format import Door, camt, csv

HOTEL = ("2026-03-13", "HOTEL SEA", "-100.00")
PAY, TEA = ("2026-03-10", "Pay", "100.00"), ("2026-03-20", "Tea", "-2.00")


@pytest.fixture
def door(api_for, alice, checking):
    return Door(api_for(alice), checking)


@pytest.fixture
def dropped(door):
    """The question about a pending line that the bank dropped."""
    door.post(csv([HOTEL], is_pending=True))
    assert door.post(csv([PAY, TEA])) == {"read": 2, "added": 2}
    (item,) = door.questions()
    return item


def answer(door, item, decision):
    url = f"/api/review/{item['id']}"
    return door.api.post(url, {"decision": decision}, format="json")


def hotel() -> Transaction:
    return Transaction.objects.get(description="HOTEL SEA")


@pytest.mark.slow
def test_dropped_pending_line_is_asked_about(door, dropped):
    assert (dropped["kind"], dropped["candidate"]) == ("unlisted", None)
    assert dropped["incoming"]["transaction"] == hotel().pk
    assert dropped["incoming"]["is_pending"] is True
    assert dropped["reason"].startswith("Your bank listed this as pending on March 13, 2026")
    assert door.ledger() == (Decimal(1098), 3)


@pytest.mark.slow
def test_removed_line_goes_to_the_trash_until_undone(door, dropped):
    answered = answer(door, dropped, "remove")
    assert (answered.status_code, answered.json()["status"]) == (200, "removed")
    assert door.questions() == []
    assert door.ledger() == (Decimal(1098), 2)
    assert door.api.post(f"/api/review/{dropped['id']}/undo").json()["status"] == "open"
    assert door.ledger() == (Decimal(1098), 3)
    assert [item["id"] for item in door.questions()] == [dropped["id"]]


@pytest.mark.slow
@pytest.mark.once
def test_kept_line_is_not_asked_about_again_and_can_still_be_booked(door, dropped):
    assert answer(door, dropped, "keep").json()["status"] == "kept"
    again = door.api.post(
        "/api/transactions/import",
        {
            "file": _file(csv([PAY, TEA, ("2026-04-20", "Bus", "-1.00")])),
            "account": door.account.pk,
        },
        format="multipart",
    )
    assert again.json()["warnings"] == []
    assert door.questions() == []
    door.post(csv([PAY, ("2026-03-15", "HOTEL SEA", "-100.00"), TEA]))
    assert hotel().status == "posted"
    assert check_ledger(door.account.pk).is_clean


def _file(text):
    return SimpleUploadedFile("b.csv", text.encode())


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("is_pending", [True, False])
def test_question_is_withdrawn_once_the_bank_lists_the_line_again(door, dropped, is_pending):
    if is_pending:
        door.post(csv([HOTEL], is_pending=True).replace("HOTEL", "hotel"))
    else:
        door.post(csv([("2026-03-15", "HOTEL SEA", "-100.00")]))
    assert door.questions() == []
    assert Transaction.objects.filter(signed_amount=-100, deleted_at=None).count() == 1


@pytest.mark.parametrize("is_pending", [True, False])
def test_question_comes_back_if_the_file_that_listed_the_line_is_undone(door, dropped, is_pending):
    """Answered by nobody, it was withdrawn by that file alone."""
    door.post(csv([("2026-03-13", "hotel sea", "-100.00")], is_pending=is_pending))
    assert door.questions() == []
    batch = ImportBatch.objects.latest("pk")
    door.api.post(f"/api/imports/{batch.pk}/revert", {}, format="json")
    (item,) = door.questions()
    assert (item["kind"], item["incoming"]["transaction"]) == ("unlisted", hotel().pk)
    assert item["reason"] == dropped["reason"]
    assert hotel().status == "pending"


@pytest.mark.slow
@pytest.mark.once
def test_question_goes_with_the_import_that_raised_it(door, dropped):
    batch = ImportBatch.objects.latest("pk")
    door.api.post(f"/api/imports/{batch.pk}/revert", {}, format="json")
    assert door.questions() == []
    assert hotel().status == "pending"


@pytest.mark.parametrize("typed", ["first", "last"])
def test_line_that_a_question_kept_back_is_asked_about_once_that_is_answered(door, typed):
    """The later file comes while the line itself waits, or while an entry is compared with it."""
    if typed == "first":
        type_entry(door)
        door.post(csv([HOTEL], is_pending=True))
    else:
        door.post(csv([HOTEL], is_pending=True))
        type_entry(door)
    door.post(csv([PAY, TEA]))
    (item,) = door.questions()
    assert item["kind"] == "match"
    answered = answer(door, item, "different").json()
    (left,) = door.questions()
    assert (left["kind"], left["incoming"]["transaction"]) == ("unlisted", hotel().pk)
    door.api.post(f"/api/review/{answered['id']}/undo")
    assert [item["id"] for item in door.questions()] == [answered["id"]]


def type_entry(door):
    body = {"account": door.account.pk, "amount": "100.00"}
    body |= {"description": "Hotel Sea", "txn_date": "2026-03-14"}
    assert door.api.post("/api/transactions", body, format="json").status_code == 201


@pytest.mark.once
def test_line_that_a_still_later_file_lists_is_not_asked_about_after_all(door):
    """Each file is asked in its turn, as if the question before had been answered at once."""
    door.post(csv([HOTEL], is_pending=True))
    type_entry(door)
    door.post(csv([PAY, TEA]))
    door.post(csv([("2026-03-13", "hotel sea", "-100.00")], is_pending=True))
    (item,) = door.questions()
    answer(door, item, "different")
    assert door.questions() == []
    assert hotel().status == "pending"


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("decision", ["same", "different", "Keep", "", None, 7])
def test_other_answers_are_refused(door, dropped, decision):
    refused = answer(door, dropped, decision)
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "decision")
    assert len(door.questions()) == 1


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("decision", ["keep", "remove"])
def test_questions_about_matches_take_no_such_answer(door, decision):
    door.post(csv([PAY, HOTEL, TEA]))
    door.post(camt([("2026-03-14", "Hotel Sea", "-100.00")]))
    (item,) = door.questions()
    assert item["kind"] == "match"
    assert answer(door, item, decision).status_code == 400


@pytest.mark.slow
def test_one_answer_to_all_reaches_only_the_questions_that_take_it(door, dropped):
    door.post(camt([("2026-03-19", "Tea", "-2.00")]))
    assert len(door.questions()) == 2
    told = door.api.post("/api/review", {"decision": "same"}, format="json").json()
    assert told == {"decided": 1, "open": 1, "errors": []}
    told = door.api.post("/api/review", {"decision": "remove"}, format="json").json()
    assert told == {"decided": 1, "open": 0, "errors": []}


@pytest.mark.slow
@pytest.mark.once
def test_line_booked_in_between_cannot_be_removed(door, dropped):
    Transaction.objects.filter(pk=hotel().pk).update(status="posted")
    assert answer(door, dropped, "remove").status_code == 400
    assert hotel().deleted_at is None


@pytest.mark.slow
@pytest.mark.once
def test_line_that_is_pending_for_weeks_is_asked_about_once(door):
    door.post(csv([HOTEL], is_pending=True))
    door.post(csv([("2026-03-16", "Tea", "-3"), ("2026-03-29", "Pay", "10")]))
    door.post(csv([("2026-04-16", "Tea", "-3"), ("2026-04-29", "Pay", "10")]))
    (item,) = door.questions()
    assert item["reason"].startswith("This has been pending since March 13, 2026.")


@pytest.mark.slow
@pytest.mark.once
def test_pages_offer_both_answers_and_their_undo(door, dropped, client_for, alice):
    client = client_for(alice)
    batch = ImportBatch.objects.latest("pk")
    receipt = client.get(reverse("transactions:import_receipt", args=[batch.pk])).content.decode()
    assert "Keep or remove 1 pending line" in receipt
    assert "Pending, but your bank no longer lists it" in client.get("/").content.decode()
    page = client.get(reverse("transactions:review_list")).content.decode()
    assert "Keep pending" in page
    assert "All are payments I have" not in page
    url = reverse("transactions:review_decide", args=[dropped["id"]])
    told = client.post(url, {"decision": "remove"}, follow=True).content.decode()
    assert "Moved to the trash." in told
    assert "Removed ·" in told
    client.post(reverse("transactions:review_undo", args=[dropped["id"]]))
    assert ReviewItem.objects.open().count() == 1
