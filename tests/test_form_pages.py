"""Every form's page: the cursor finds a first field, and an error is tied to its field."""

import re

import pytest
from allauth.account.models import EmailAddress

from tests.builders import make_account, step_up

pytestmark = [pytest.mark.django_db, pytest.mark.once]

# Addresses, and whether somebody has signed in there.
FORMS = {
    "/users/login/": False,
    "/users/signup/": False,
    "/users/password/reset/": False,
    "/users/password/change/": True,
    "/accounts/new/": True,
    "/transactions/new/": True,
    "/transactions/transfers/new/": True,
    "/transactions/categories/new/": True,
    "/transactions/rules/new/": True,
    "/budgets/new/": True,
    "/bills/new/": True,
    "/rewards/new/": True,
}


@pytest.mark.parametrize("address", FORMS)
def test_an_empty_form_names_what_is_missing_at_the_field(address, alice, client_for):
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    make_account(user=alice)
    client = client_for(alice if FORMS[address] else None)
    if FORMS[address]:
        step_up(client, alice)
    page = client.get(address).content.decode()
    # fields.js puts the cursor into the first field of these.
    assert re.search(r'class="[^"]*(page--narrow|entrance)|<form[^>]*\sdata-first-field', page)
    assert re.search(r'<form[^>]*class="[^"]*\bform\b', page)

    refused = client.post(address, {"csrfmiddlewaretoken": "sent"}).content.decode()
    wrong = set(re.findall(r"<[^>]*aria-invalid=[^>]*>", refused))
    assert "field--invalid" in refused
    assert wrong
    ids = set(re.findall(r'\bid="([^"]+)"', refused))
    # Choices are described together, by their fieldset.
    groups = set(re.findall(r"<fieldset[^>]*_error[^>]*>", refused))
    for tag in groups | {one for one in wrong if 'type="radio"' not in one}:
        described = re.search(r'aria-describedby="([^"]+)"', tag)[1].split()
        assert any(one.endswith("_error") for one in described)
        assert set(described) <= ids
