"""The command palette in a browser."""

import pytest
from django.conf import settings
from playwright.sync_api import expect

from tests.accessibility import RULES, violations
from tests.builders import make_account, make_transaction, make_user
from transactions.models import Category
from users.timezones import today_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_palette_answers_and_leads_to_the_lines(page, live_server, client_for):
    owner = make_user("palette@example.com", locale="en-US", timezone="UTC")
    account = make_account(user=owner, currency="USD", opening_balance="100")
    groceries = Category.objects.get(slug="groceries", user=None)
    today = today_in(owner.timezone)
    make_transaction(account=account, amount="-12.50", category=groceries, txn_date=today)
    cookie = client_for(owner).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.goto(f"{live_server.url}/bills/")
    page.keyboard.press("Control+k")
    box = page.get_by_role("dialog").get_by_role("combobox")
    expect(box).to_be_focused()
    options = page.get_by_role("dialog").get_by_role("option")
    expect(options.filter(has_text="Budgets")).to_have_count(1)
    assert violations(page, "dark", RULES) == []

    page.keyboard.type("groceries this month")
    expect(options.first).to_contain_text("$12.50")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Transactions")
    expect(page.get_by_label("Totals", exact=True)).to_contain_text("$12.50")

    # The key of a search belongs to the page that has one, and to the palette elsewhere.
    page.wait_for_load_state("domcontentloaded")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    page.goto(f"{live_server.url}/bills/")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("add expense 3.20 tea")
    expect(options.first).to_contain_text("$3.20")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Merchant")).to_have_value("tea")
    expect(page.get_by_role("textbox", name="Amount")).to_have_value("3.20")
