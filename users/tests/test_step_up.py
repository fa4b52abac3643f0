"""Sensitive actions require a step-up, on pages and in the API."""

import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from tests.builders import PASSWORD, step_up
from users.api.step_up import require_step_up
from users.models import AuditEvent
from users.services import people
from users.step_up import SALT, step_up_required

pytestmark = pytest.mark.once


@step_up_required
def sensitive(request):
    return HttpResponse(f"{request.method} {request.POST.get('note', '')}")


class SensitiveApi(APIView):
    def post(self, request):
        require_step_up(request)
        return Response({"done": True})


urlpatterns = [
    path("", include("banking.urls")),
    path("sensitive/", sensitive),
    path("api/sensitive", SensitiveApi.as_view()),
]


@pytest.fixture(autouse=True)
def _urls(settings):
    settings.ROOT_URLCONF = __name__


def step_up_events() -> list[tuple[str, dict]]:
    events = AuditEvent.objects.filter(action__startswith="users.step_up").order_by("id")
    return list(events.values_list("action", "changes"))


def signed_in(user, password: str = PASSWORD) -> APIClient:
    client = APIClient()
    answer = client.post("/api/auth/login", {"email": user.email, "password": password})
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access']}")
    return client


def proof_of(client: APIClient, password: str = PASSWORD) -> str:
    return client.post("/api/auth/step-up", {"password": password}).json()["step_up"]


def code_of(answer) -> str:
    return answer.json()["errors"][0]["code"]


# --- Pages ------------------------------------------------------------------------------------


def test_a_post_is_completed_after_the_password_with_all_its_fields(alice):
    client = Client()
    client.post("/users/login/", {"login": alice.email, "password": PASSWORD})
    asked = client.post("/sensitive/", {"note": "kept"})
    assert (asked.status_code, asked["Location"]) == (
        302,
        "/users/reauthenticate/?next=%2Fsensitive%2F",
    )
    wrong = client.post(asked["Location"], {"password": "wrong", "next": "/sensitive/"})
    assert b"POST" not in wrong.content
    done = client.post(asked["Location"], {"password": PASSWORD, "next": "/sensitive/"})
    assert done.content == b"POST kept"
    assert client.get("/sensitive/").content == b"GET "
    assert step_up_events() == [
        ("users.step_up.failed", {"email": "a***@example.com"}),
        ("users.step_up.succeeded", {"by": "page", "factor": "password"}),
    ]


def test_an_htmx_request_sends_the_whole_page_to_the_proof_and_back(client_for, alice):
    client = client_for(alice)
    part = {"HX-Request": "true", "HX-Current-URL": "http://testserver/bills/?page=2"}
    shown = client.get("/sensitive/", headers=part)
    assert shown["HX-Redirect"] == "/users/reauthenticate/?next=%2Fbills%2F%3Fpage%3D2"
    sent = client.post("/sensitive/", {"note": "kept"}, headers=part)
    away = sent["HX-Redirect"]
    assert away == "/users/reauthenticate/?next=%2Fsensitive%2F"
    done = client.post(away, {"password": PASSWORD, "next": "/sensitive/"})
    assert done.content == b"POST kept"


def test_a_proof_on_the_page_expires_after_five_minutes(client_for, alice, settings):
    client = client_for(alice)
    step_up(client, alice)
    assert client.get("/sensitive/").status_code == 200
    settings.STEP_UP_SECONDS = 0
    assert client.get("/sensitive/").status_code == 302


def test_a_proof_does_not_count_for_another_user_in_the_same_session(client_for, alice, bob):
    client = client_for(alice)
    step_up(client, bob)
    assert client.get("/sensitive/").status_code == 302


# --- The API ----------------------------------------------------------------------------------


def test_the_api_requires_a_proof_and_accepts_it(alice):
    client = signed_in(alice)
    refused = client.post("/api/sensitive")
    assert (refused.status_code, code_of(refused)) == (403, "step_up_required")
    answer = client.post("/api/auth/step-up", {"password": PASSWORD})
    assert answer.json()["expires_in"] == 300
    assert answer["Cache-Control"] == "private, no-store"
    done = client.post("/api/sensitive", HTTP_X_STEP_UP=answer.json()["step_up"])
    assert done.json() == {"done": True}
    assert step_up_events() == [("users.step_up.succeeded", {"by": "api", "factor": "password"})]
    # A step-up request is not recorded as a refusal.
    assert not AuditEvent.objects.filter(action="users.access.refused").exists()


def test_a_proof_is_valid_only_for_its_user_client_and_version(alice, bob):
    mine, other_client, theirs = signed_in(alice), signed_in(alice), signed_in(bob)
    proof = proof_of(mine)
    forged = signing.dumps([alice.pk, 0, ""], salt=SALT, key="another key")
    for client, token in [(other_client, proof), (theirs, proof), (mine, forged), (mine, "x:y:z")]:
        refused = client.post("/api/sensitive", HTTP_X_STEP_UP=token)
        assert (refused.status_code, code_of(refused)) == (403, "step_up_required")
    assert mine.post("/api/sensitive", HTTP_X_STEP_UP=proof).status_code == 200


def test_an_api_proof_ends_after_five_minutes_and_with_the_password(alice, api_for, settings):
    client = api_for(alice)
    step_up(client, alice)
    assert client.post("/api/sensitive").status_code == 200
    settings.STEP_UP_SECONDS = -1
    assert client.post("/api/sensitive").status_code == 403
    settings.STEP_UP_SECONDS = 300
    people.change_password(actor=alice, user=alice, password="another-Pass-99")
    alice.refresh_from_db()
    client.force_authenticate(alice)
    assert client.post("/api/sensitive").status_code == 403


def test_a_browser_session_can_use_its_pages_proof_in_the_api(client_for, alice):
    client = client_for(alice)
    assert client.post("/api/sensitive").status_code == 403
    step_up(client, alice)
    assert client.post("/api/sensitive").status_code == 200


def test_wrong_factors_are_counted_recorded_and_prove_nothing(alice):
    client = signed_in(alice)
    answers = [client.post("/api/auth/step-up", {"password": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [400] * 5 + [429]
    assert code_of(answers[0]) == "wrong_credentials"
    assert client.post("/api/auth/step-up", {"password": PASSWORD}).status_code == 429
    assert code_of(client.post("/api/auth/step-up", {"otp": "123456"})) == "otp_wrong"
    assert client.post("/api/auth/step-up", {}).status_code == 400
    assert APIClient().post("/api/auth/step-up", {"password": PASSWORD}).status_code == 401
    actions = [action for action, _ in step_up_events()]
    assert actions == ["users.step_up.failed"] * 5 + ["users.step_up.locked"] + [
        "users.step_up.failed"
    ]
    # Failed step-ups do not lock the sign-in.
    assert signed_in(alice).post("/api/sensitive").status_code == 403
