"""Imports in the API: one call, single steps, and one error format."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.builders import make_user
from transactions.models import ImportBatch, Transaction
from transactions.tests.import_samples import AMBIGUOUS, MARCH, csv_of


@pytest.fixture
def post(api_for, alice, checking):
    """post(content, **fields): import a file in one call as Alice, into her checking account."""

    def send(content: bytes, *, user=alice, name="march.csv", headers=None, **fields):
        data = {"file": SimpleUploadedFile(name, content), "account": checking.pk} | fields
        return api_for(user).post(
            "/api/transactions/import", data, format="multipart", headers=headers or {}
        )

    return send


def test_one_call_imports_a_self_explanatory_file(post, checking):
    answer = post(csv_of([*MARCH, "2026-02-31,Never,-1.00,EUR"]))
    assert answer.status_code == 201
    receipt = answer.json()
    assert receipt["status"] == "done"
    assert receipt["counts"] == {
        "read": 6,
        "new": 0,
        "added": 5,
        "duplicate": 0,
        "review": 0,
        "skipped": 0,
        "invalid": 1,
    }
    assert (receipt["inflow"], receipt["outflow"], receipt["net"]) == (
        "2500.00",
        "851.57",
        "1648.43",
    )
    assert receipt["balance_after"] == "2648.43"
    assert receipt["errors"] == [
        {"row": 7, "attr": "txn_date", "detail": "“2026-02-31” is not a day in the calendar."}
    ]
    checking.refresh_from_db()
    assert str(checking.balance) == "2648.4300"


def test_same_bytes_again_add_nothing_and_link_to_the_first_import(post):
    first = post(csv_of(MARCH)).json()
    answer = post(csv_of(MARCH))
    assert answer.status_code == 200
    again = answer.json()
    assert (again["id"], again["already_imported_at"]) == (first["id"], first["confirmed_at"])
    assert (again["counts"]["added"], again["counts"]["duplicate"]) == (0, 5)
    assert Transaction.objects.count() == 5
    assert ImportBatch.objects.count() == 1


def test_open_questions_are_named_and_answered_in_a_second_call(post, api_for, alice):
    answer = post(AMBIGUOUS)
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["type"] == "validation_error"
    assert {error["attr"] for error in problem["errors"]} == {"mapping.date_format"}
    assert not Transaction.objects.exists()
    api = api_for(alice)
    waiting = api.get(f"/api/imports/{problem['import_id']}").json()
    assert (waiting["status"], waiting["needs_mapping"]) == ("uploaded", True)
    confirm = f"/api/imports/{problem['import_id']}/confirm"
    refused = api.post(confirm, {}, format="json")
    assert refused.status_code == 400
    done = api.post(confirm, {"mapping": {"date_format": "%d-%m-%Y"}}, format="json")
    assert (done.status_code, done.json()["counts"]["added"]) == (200, 2)
    assert sorted(str(on) for on in Transaction.objects.values_list("txn_date", flat=True)) == [
        "2026-04-03",
        "2026-06-05",
    ]


def test_mapping_can_be_sent_with_the_file(post):
    answer = post(AMBIGUOUS, mapping=json.dumps({"date_format": "%m-%d-%Y"}))
    assert (answer.status_code, answer.json()["counts"]["added"]) == (201, 2)


def test_invalid_mapping_is_rejected_at_its_field_and_stores_nothing(post):
    answer = post(AMBIGUOUS, mapping=json.dumps({"date_format": "yesterday"}))
    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == ["mapping.date_format"]
    assert post(AMBIGUOUS, mapping="[1]").status_code == 400
    assert post(AMBIGUOUS, mapping='{"outflow_flag": "\\ud800"}').status_code == 400
    assert not ImportBatch.objects.exists()


def test_check_only_writes_nothing_and_lists_the_rows(post, api_for, alice):
    batch = post(csv_of(MARCH), confirm="false").json()
    assert (batch["status"], batch["counts"]["new"]) == ("checked", 5)
    assert not Transaction.objects.exists()
    api = api_for(alice)
    rows = api.get(f"/api/imports/{batch['id']}/rows?verdict=new&page_size=2").json()
    assert [row["amount"] for row in rows["results"]] == ["2500.00", "-3.20"]
    assert rows["results"][0]["raw"] == MARCH[0]
    assert rows["next"]
    assert api.get(f"/api/imports/{batch['id']}/rows?verdict=odd").status_code == 400
    assert api.delete(f"/api/imports/{batch['id']}").status_code == 204
    assert not ImportBatch.objects.exists()


@pytest.mark.slow
def test_revert_removes_everything_and_allows_a_new_import(post, api_for, alice):
    batch = post(csv_of(MARCH)).json()
    api = api_for(alice)
    for _ in range(2):
        answer = api.post(f"/api/imports/{batch['id']}/revert")
        assert (answer.status_code, answer.json()["status"]) == (200, "reverted")
    assert not Transaction.objects.filter(deleted_at=None).exists()
    assert post(csv_of(MARCH)).json()["counts"]["added"] == 5
    listed = api.get("/api/imports?status=reverted").json()["results"]
    assert [row["id"] for row in listed] == [batch["id"]]


def test_repeated_idempotency_key_imports_once(post):
    headers = {"Idempotency-Key": "one"}
    first = post(csv_of(MARCH), headers=headers)
    again = post(csv_of(MARCH), headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert post(csv_of(MARCH[:2]), headers=headers).status_code == 422
    assert Transaction.objects.count() == 5


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", 415), (b"%PDF-1.7 x", 415), (b"PK\x03\x04zip", 415), (b"\x00\x01\x02" * 50, 415)],
    ids=["empty", "pdf", "zip", "binary"],
)
def test_unrelated_file_returns_415_with_a_message(post, content, code):
    answer = post(content)
    assert answer.status_code == code
    problem = answer.json()["errors"][0]
    assert (problem["attr"], problem["code"]) == ("file", "not_a_statement")
    assert problem["detail"].endswith(".")
    assert not ImportBatch.objects.exists()


def test_file_without_lines_returns_422(post):
    answer = post(b"Date,Description,Amount\n")
    assert answer.status_code in (415, 422)
    assert not ImportBatch.objects.exists()


def test_oversized_content_length_is_rejected_without_reading(api_for, alice, checking):
    class Endless:
        def read(self, *_):
            raise AssertionError("the body was read")

        readline = read

    answer = api_for(alice).generic(
        "POST",
        "/api/transactions/import",
        b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(200 * 1024 * 1024),
        **{"wsgi.input": Endless()},
    )
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "too_large"


def test_file_above_the_limit_returns_413(post, settings):
    settings.IMPORT_MAX_BYTES = 100
    assert post(csv_of(MARCH)).status_code == 413
    assert not ImportBatch.objects.exists()


def test_strangers_get_404_and_viewers_change_nothing(post, api_for, bob, bobs_account):
    batch = post(csv_of(MARCH), confirm="false").json()
    for method, path in (
        ("get", ""), ("get", "/rows"), ("delete", ""), ("post", "/confirm"), ("post", "/revert"),
    ):  # fmt: skip
        url = f"/api/imports/{batch['id']}{path}"
        absent = f"/api/imports/999999{path}"
        ours, theirs = getattr(api_for(bob), method)(url), getattr(api_for(bob), method)(absent)
        assert (ours.status_code, ours.json()) == (404, theirs.json())
    assert post(csv_of(MARCH), account=bobs_account.pk).status_code == 400
    assert post(csv_of(MARCH), account=999_999).status_code == 400
    viewer = make_user("viewer@example.com", role="viewer")
    assert post(csv_of(MARCH), user=viewer).status_code == 403
    assert not Transaction.objects.exists()


def test_large_file_is_left_to_the_worker(
    post, api_for, alice, settings, django_capture_on_commit_callbacks
):
    settings.IMPORT_INLINE_BYTES = 10
    with django_capture_on_commit_callbacks(execute=True):
        answer = post(csv_of(MARCH))
        assert answer.status_code == 202
        assert answer.json()["status"] == "importing"
        assert not Transaction.objects.exists()
    done = api_for(alice).get(f"/api/imports/{answer.json()['id']}").json()
    assert (done["status"], done["counts"]["added"]) == ("done", 5)


def test_mapping_that_names_the_columns_still_has_to_say_what_positive_means(post, checking):
    content = (
        b"Date,Description,Amount\n01/12/2026,Card payment Tesco,12.00\n"
        b"13/12/2026,Card payment Lidl,7.99\n"
    )
    columns = {"txn_date": 0, "description": [1], "amount": 2, "date_format": "%d-%m-%Y"}
    answer = post(content, mapping=json.dumps(columns))
    assert answer.status_code == 400
    assert [(error["code"], error["attr"]) for error in answer.json()["errors"]] == [
        ("mapping_needed", "mapping.sign_convention")
    ]
    assert not Transaction.objects.exists()
    columns["sign_convention"] = "inverted"
    assert post(content, mapping=json.dumps(columns)).status_code == 201
    checking.refresh_from_db()
    assert str(checking.balance) == "980.0100"
