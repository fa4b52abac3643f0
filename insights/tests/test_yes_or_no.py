"""An invalid yes/no parameter is reported, not ignored."""

import pytest

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SENTENCE = "Send true or false as include_shared."


@pytest.mark.parametrize(
    "path",
    [
        *("dashboard/overview", "insights/cash-flow", "insights/forecast", "insights/recurring"),
        *("currency/summary", "budgets/month/2026/3"),
    ],
)
def test_the_api_refuses_an_invalid_yes_or_no(alice, api_for, path):
    api = api_for(alice)
    answer = api.get(f"/api/{path}?include_shared=perhaps")
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["attr"], error["detail"]) == (400, "include_shared", SENTENCE)
    assert api.get(f"/api/{path}?include_shared=TRUE").status_code == 200


@pytest.mark.parametrize(
    "path", ["", "insights/cash-flow/", "insights/forecast/", "insights/recurring/", "budgets/"]
)
def test_a_page_reports_an_invalid_yes_or_no_and_shows_the_default(
    alice, checking, client_for, path
):
    answer = client_for(alice).get(f"/{path}?include_shared=perhaps")
    assert (answer.status_code, SENTENCE in answer.content.decode()) == (422, True)
