"""A bill in a real browser: planned, shown in the calendar, paid, and the result."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from bills.models import Bill
from rewards.models import Reward
from tests.builders import PASSWORD, make_account, make_user
from users.timezones import local_date

pytestmark = pytest.mark.browser


@pytest.fixture
def owner(transactional_db):
    owner = make_user("owner@example.com", base_currency="EUR", timezone="Europe/Berlin")
    make_account(user=owner, opening_balance="1000.00")
    return owner


@pytest.fixture
def signed_in(page, live_server, owner, client_for):
    """A page of a signed-in user; browser errors fail the test."""
    cookie = client_for(owner).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    yield page
    assert errors == []


def test_a_recurring_bill_is_planned_shown_paid_and_continued(signed_in, live_server, owner):
    page, base = signed_in, live_server.url
    due = local_date(owner.timezone, timezone.now()) + timedelta(days=2)
    page.goto(f"{base}/bills/new/")
    page.get_by_label("Payee").fill("City Power")
    page.get_by_role("textbox", name="Amount").fill("80")
    page.get_by_role("textbox", name="Due date").fill(str(due))
    page.get_by_label("Repeats").select_option("monthly")
    account = page.get_by_label("Pays from")
    account.press("ArrowDown")
    account.press("ArrowDown")
    account.press("Enter")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("City Power")

    page.goto(f"{base}/bills/calendar/?month={due:%Y-%m}")
    mark = page.locator(f"td:has(time[datetime='{due}']) a")
    expect(mark).to_contain_text("City Power")
    mark.click()

    page.get_by_role("button", name="Turn on auto-pay").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("button", name="Turn off auto-pay")).to_be_visible()
    assert set(Bill.objects.values_list("auto_pay", flat=True)) == {True}
    page.get_by_role("button", name="Turn off auto-pay").click()
    expect(page.get_by_role("button", name="Turn on auto-pay")).to_be_visible()

    page.get_by_role("link", name="Pay", exact=True).click()
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.locator("main")).to_contain_text("Paid")

    page.goto(f"{base}/transactions/")
    expect(page.locator("main")).to_contain_text("City Power")
    page.goto(f"{base}/rewards/")
    expect(page.locator("main")).to_contain_text("88")
    page.goto(f"{base}/bills/")
    upcoming = page.get_by_role("region", name="Upcoming")
    expect(upcoming).to_contain_text("City Power")

    account = owner.accounts.get()
    assert account.balance == Decimal("920.00")
    assert Reward.objects.get().points_balance == 88
    assert Bill.objects.open().get().sequence == 1

    # A long name without spaces must not make a page wider than the window.
    Bill.objects.filter(paid_at=None).update(biller_name="W" * 120)
    page.set_viewport_size({"width": 390, "height": 844})
    here = f"{base}/bills/{Bill.objects.get(paid_at=None).pk}/"
    for address in (here, f"{here}pay/", f"{here}edit/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.goto(here)
    page.get_by_role("button", name="Delete").click()
    said = page.locator(".toast__text")
    expect(said).to_contain_text("moved to the trash")
    assert said.evaluate("text => text.scrollWidth <= text.clientWidth")
