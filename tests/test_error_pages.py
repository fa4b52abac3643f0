"""Errors are shown in the format of the page or API and reveal nothing about the fault."""

import pytest
from django.db import OperationalError
from django.urls import path

from accounts.api import views as account_api
from banking import urls as house

SECRET = "connection to server at db-7 failed"


def _break(request):
    raise OperationalError(SECRET)


def _fail(request):
    raise RuntimeError(SECRET)


class _Broken:
    handler400 = house.handler400
    handler500 = house.handler500
    urlpatterns = [*house.urlpatterns, path("broken", _break), path("failing", _fail)]


@pytest.fixture
def visitor(client_for, alice, settings):
    settings.ROOT_URLCONF = _Broken
    client = client_for(alice)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize(
    ("address", "status", "heading"),
    [("/broken", 503, "We'll be right back"), ("/failing", 500, "Something went wrong")],
)
def test_server_error_shows_its_page_without_details(visitor, address, status, heading):
    answer = visitor.get(address)
    assert answer.status_code == status
    assert heading in answer.text
    assert SECRET not in answer.text


def test_api_reports_an_unavailable_database(api_for, alice, monkeypatch):
    def away(self):
        raise OperationalError(SECRET)

    monkeypatch.setattr(account_api.AccountListApi, "get_queryset", away)
    client = api_for(alice)
    client.raise_request_exception = False
    answer = client.get("/api/accounts")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert answer.json() == {
        "type": "server_error",
        "errors": [
            {
                "code": "unavailable",
                "detail": "The service is briefly unavailable. Please try again.",
                "attr": None,
            }
        ],
    }


def test_too_many_form_fields_return_400(api_for, client_for, alice, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
    body = {"ids": ["1"] * 1001}
    answer = api_for(alice).post("/api/transactions/import", body, format="multipart")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "parse_error"
    assert client_for(alice).post("/transactions/bulk/", body).status_code == 400


def test_callback_without_a_body_has_no_valid_signature(client):
    assert client.generic("POST", "/api/webhooks/twilio", content_type="").status_code == 403


def test_oversized_body_returns_413(api_for, client_for, alice, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = {"name": "x" * 2000, "currency": "EUR"}
    answer = api_for(alice).post("/api/accounts", body)
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "too_large"
    page = client_for(alice).post("/accounts/new/", body)
    assert page.status_code == 413
    assert not alice.accounts.exists()


@pytest.mark.once
@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/api/nothing", 404, "not_found"),
        ("/api/accounts/null", 404, "not_found"),
        ("/api/transactions?search=%00", 400, "unreadable"),
    ],
)
def test_unknown_api_url_returns_the_standard_error_format(client, address, status, code):
    answer = client.get(address)
    assert answer.status_code == status
    body = answer.json()
    assert body["type"] == "client_error"
    assert [(error["code"], error["attr"]) for error in body["errors"]] == [(code, None)]


@pytest.mark.once
def test_deeply_nested_json_returns_400(api_for, alice):
    answer = api_for(alice).post("/api/accounts", "[" * 100_000, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "parse_error"


@pytest.mark.slow
@pytest.mark.once
def test_schema_lists_the_error_responses_of_every_operation(client):
    schema = client.get("/api/schema", {"format": "json"}).json()
    posting = schema["paths"]["/api/transactions"]["post"]["responses"]
    assert sorted(posting) == [
        "201", "400", "401", "403", "409", "413", "415", "422", "429", "default",
    ]  # fmt: skip
    reading = schema["paths"]["/api/transactions/{id}"]["get"]["responses"]
    assert sorted(reading) == ["200", "400", "401", "403", "404", "429", "default"]
    overview = schema["components"]["schemas"]["OverviewOut"]
    assert not {"budgets", "insights"} & set(overview["required"])
    suggestions = schema["paths"]["/api/budgets/suggestions"]["get"]["responses"]["200"]
    assert suggestions["content"]["application/json"]["schema"]["type"] == "array"


@pytest.mark.slow
def test_no_number_is_too_large_or_too_odd_for_a_door(api_for, client_for, alice):
    """Numbers of 5,000 digits, 30 digits or in another script are rejected or not found, never a
    500.
    """
    page, api = client_for(alice), api_for(alice)
    for odd in ("9" * 5_000, "9" * 30, "00000000000000000000", "²", "٣"):
        for address in ("bulk/", "trash/restore/"):
            answer = page.post(f"/transactions/{address}", {"ids": [odd], "action": "delete"})
            assert answer.status_code in (302, 422), (address, odd[:30])
        for address in (f"new/?from_transaction={odd}", f"preview/?rule={odd}"):
            assert page.get(f"/transactions/rules/{address}").status_code in (200, 400, 404, 405)
        assert api.get(f"/api/insights/merchants?limit=001{odd}").status_code == 400
        assert api.get(f"/api/bills?account={odd}").status_code in (200, 400)
    body = {"ids": [10**30], "category": None}
    assert api.post("/api/transactions/bulk-categorize", body, format="json").status_code == 400
