"""The sandbox bank's whole life in a real browser, as a demo household would try it."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import expect

from tests.builders import PASSWORD, make_user
from transactions.models import Transaction

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("SCREENSHOTS", "")


@pytest.fixture(params=[(1440, 900), (390, 844)], ids=["wide", "phone"])
def signed_in(request, page, live_server, transactional_db, client_for):
    owner = make_user("owner@example.com", base_currency="USD")
    page.set_viewport_size({"width": request.param[0], "height": request.param[1]})
    cookie = client_for(owner).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    yield page
    assert errors == []


def shoot(page, name: str) -> None:
    """A picture for the eye, light and dark, if SCREENSHOTS names a folder."""
    if not SHOTS:
        return
    width = page.viewport_size["width"]
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        path = Path(SHOTS) / f"{name}-{width}-{theme}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
    page.emulate_media(color_scheme="light")


def confirm_password(page) -> None:
    """Connecting asks for the password again."""
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def play(page, what: str) -> None:
    page.get_by_role("button", name=what).click()


def test_sandbox_bank_from_connecting_to_disconnecting(signed_in, live_server):
    page = signed_in
    page.goto(f"{live_server.url}/transactions/connections/")
    shoot(page, "1-empty")
    page.get_by_role("link", name="Connect a bank").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect a bank")
    shoot(page, "2-picker")
    page.get_by_role("link", name="Northwind Credit Union").click()
    confirm_password(page)
    expect(page.get_by_role("radio", name="Northwind Credit Union")).to_be_checked()
    shoot(page, "3-chosen")
    page.get_by_role("button", name="Connect").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Choose accounts")
    shoot(page, "4-accounts")
    page.get_by_role("button", name="Save and sync").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Northwind Credit Union")
    runs = page.get_by_role("region", name="Latest syncs")
    expect(runs).to_contain_text("new transactions")
    shoot(page, "5-synced")
    known = Transaction.objects.count()
    assert known > 200

    # A pending charge arrives, gets a category, and keeps it when it is posted.
    play(page, "Add a pending charge")
    expect(runs.get_by_role("listitem").first).to_contain_text("1 new transaction")
    hotel = Transaction.objects.get(description__contains="HOTEL SEA VIEW")
    assert (hotel.status, str(hotel.signed_amount)) == ("pending", "-184.0000")
    page.goto(f"{live_server.url}/transactions/{hotel.pk}/category/")
    choice = page.get_by_role("combobox", name="Category")
    choice.fill("Hotels")
    choice.press("Enter")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hotel Sea View", ignore_case=True)
    page.goto(f"{live_server.url}/transactions/connections/")
    page.get_by_role("link", name="Northwind Credit Union").click()
    play(page, "Post the pending charge")
    expect(runs.get_by_role("listitem")).to_have_count(3)
    hotel.refresh_from_db()
    assert (hotel.status, str(hotel.signed_amount)) == ("posted", "-191.5000")
    assert (hotel.category.slug, hotel.category_source) == ("hotels", "manual")
    assert Transaction.objects.count() == known + 1

    # The bank wants a new sign-in; afterwards it syncs again.
    play(page, "Require a new sign-in")
    expect(page.get_by_role("alert")).to_contain_text("Your bank asks you to sign in again.")
    shoot(page, "6-needs-login")
    page.goto(f"{live_server.url}/accounts/")
    expect(page.get_by_text("Sign in again").first).to_be_visible()
    shoot(page, "7-accounts-needs-login")
    page.get_by_role("link", name="Everyday Checking").click()
    page.get_by_role("alert").get_by_role("link", name="Sign in again").click()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("region", name="Accounts")).to_contain_text("Synced")
    page.goto(f"{live_server.url}/accounts/")
    expect(page.get_by_text("Synced").first).to_be_visible()
    shoot(page, "8-accounts-synced")
    page.get_by_role("link", name="Everyday Checking").click()
    shoot(page, "9-account")
    page.goto(f"{page.url}statements/")
    expect(page.get_by_role("region", name="Northwind Credit Union")).to_contain_text("Agrees")
    shoot(page, "10-statements")

    page.goto(f"{live_server.url}/transactions/connections/")
    shoot(page, "11-list")
    page.get_by_role("link", name="Northwind Credit Union").click()
    page.get_by_role("link", name="Disconnect").click()
    shoot(page, "12-disconnect")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("Northwind Credit Union is disconnected.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Northwind Credit Union")
    assert Transaction.objects.filter(deleted_at=None).count() == known + 1
