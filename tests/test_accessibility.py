"""The main pages against WCAG 2.2 AA, as far as axe-core can tell, on the narrowest screen, and
by the keyboard alone.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from playwright.sync_api import expect

from alerts.models import Alert
from bills.models import Bill
from bills.services.planning import create_bill
from budgets.models import Budget
from budgets.services import create_budget
from rewards.services import create_program
from tests.accessibility import RULES, violations
from tests.builders import PASSWORD, make_account, make_transaction, make_user
from transactions.models import Category, Transaction
from users.timezones import today_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BEFORE_SIGN_IN = ("/users/login/", "/users/signup/")
PAGES = (
    "/",
    "/dashboard/cards/",
    "/accounts/",
    "/transactions/",
    "/transactions/new/",
    "/transactions/by-merchant/",
    "/transactions/import/",
    "/budgets/",
    "/bills/",
    "/bills/new/",
    "/rewards/",
    "/alerts/",
    "/insights/cash-flow/",
    "/insights/forecast/",
    "/users/profile/",
)
# With nothing in them yet.
PAGES_OF_A_NEW_PERSON = ("/", "/accounts/", "/transactions/", "/budgets/", "/insights/cash-flow/")
# Words and figures that end outside the window, or behind the edge of what hides its overflow.
CUT = """() => {
  const scrolls = node => ["auto", "scroll"].includes(getComputedStyle(node).overflowX);
  const isCut = node => {
    const box = node.getBoundingClientRect();
    if (!box.width || node.closest(".visually-hidden, dialog, .skip-link, .truncate")) return false;
    for (let around = node; around !== document.body; around = around.parentElement) {
      if (scrolls(around)) return false;
      const edge = around.getBoundingClientRect();
      const hides = getComputedStyle(around).overflowX !== "visible";
      if (hides && (box.right > edge.right + 1 || box.left < edge.left - 1)) return true;
      const isWider = around === node && node.scrollWidth > node.clientWidth + 1;
      if (hides && isWider && !node.dataset.tip) return true;
    }
    return box.right > innerWidth + 1 || box.left < -1;
  };
  const words = "main :is(h1, h2, h3, dt, dd, label, legend, .button, data, .badge, input)";
  return [...document.querySelectorAll(words)].filter(isCut).map(node => node.outerHTML);
}"""


@pytest.fixture
def owner(transactional_db):
    """Somebody with a little of everything: pending, uncategorized, overdue, over budget."""
    user = make_user("owner@example.com", base_currency="USD", name="Olga Owner")
    on = today_in(user.timezone)
    account = make_account(
        user=user, name="Everyday Checking", currency="USD", opening_balance="900.00"
    )
    categories = {one.slug: one for one in Category.objects.filter(user=None)}
    for amount, slug, days, status in (
        ("-1234.50", None, 0, "pending"),
        ("-84.10", None, 1, "posted"),
        ("-64.25", "groceries", 0, "posted"),
        ("-5.80", "restaurants", 0, "posted"),
        ("4818.33", "salary", 20, "posted"),
        ("-91.40", "groceries", 40, "posted"),
    ):
        make_transaction(
            account=account, amount=amount, category=slug and categories[slug], status=status,
            description=f"Sound Tribune Digital {days}", txn_date=on - timedelta(days=days),
        )  # fmt: skip
    for slug in ("groceries", "restaurants"):
        create_budget(
            actor=user, user=user, category=categories[slug], year=on.year, month=on.month,
            limit_amount=Decimal("50.00"),
        )  # fmt: skip
    for days in (-4, 3):
        create_bill(
            actor=user, user=user, biller_name="Halvorsen Dental", amount_due=Decimal("1140.00"),
            due_date=on + timedelta(days=days), account=account,
        )  # fmt: skip
    create_program(actor=user, user=user, program_name="Alpine Miles", on=on, points_balance=1700)
    Alert.objects.create(
        user=user, type="bill_due", message="Halvorsen Dental is due.", severity="warning",
        dedupe_key="k", link="/bills/", occurred_on=on,
    )  # fmt: skip
    return user


def faults_of(page, address):
    """What is wrong with a page: on the desk in light, on the phone in dark, and at 320 pixels.

    320 pixels are also 1280 at 400 percent.
    """
    faults = []
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.goto(address)
        faults += [(width, found) for found in violations(page, scheme, RULES)]
    page.set_viewport_size({"width": 320, "height": 900})
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append((320, "scrolls sideways"))
    return faults + [(320, "is cut", html) for html in page.evaluate(CUT)]


def test_the_main_pages_keep_to_wcag_and_fit_the_narrowest_screen(
    page, live_server, owner, client_for
):
    faults = {
        ("", address): faults_of(page, f"{live_server.url}{address}") for address in BEFORE_SIGN_IN
    }
    for person, pages in ((owner, PAGES), (make_user("new@example.com"), PAGES_OF_A_NEW_PERSON)):
        cookie = client_for(person).cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
        )
        for address in pages:
            faults[person.email, address] = faults_of(page, f"{live_server.url}{address}")
    assert {where: found for where, found in faults.items() if found} == {}


# The name of what has the focus; "" if nobody sees that it has.
FOCUSED = """() => {
  const node = document.activeElement;
  const look = getComputedStyle(node);
  const box = node.getBoundingClientRect();
  const isMarked = look.outlineStyle !== "none" || look.boxShadow !== "none";
  const isSeen = node.matches(":focus-visible") && box.bottom > 0 && box.top < innerHeight;
  // The parts of a date are marked by the browser.
  if (node.type !== "date" && (!isMarked || !isSeen)) return "";
  const label = node.labels?.[0] ?? node;
  return node.getAttribute("aria-label") ?? label.textContent.trim().replace(/\\s+/g, " ");
}"""


def tab_to(page, name):
    """Press Tab until the focus is on what is called so, and see it on the way."""
    for _ in range(70):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        assert found, "The focus is visible."
        if found.startswith(name):
            return
    raise AssertionError(f"Tab never came to {name}.")


def skip_the_menus(page):
    tab_to(page, "Skip to main content")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def ask(page, words):
    """Type words into the palette, once the scripts of the new page run."""
    page.wait_for_load_state("domcontentloaded")
    page.keyboard.press("Control+k")
    page.keyboard.type(words)


def go_to(page, words, heading):
    ask(page, words)
    expect(page.get_by_role("dialog").get_by_role("option").first).to_contain_text(heading)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    page.wait_for_load_state("domcontentloaded")


def test_six_journeys_need_no_mouse(page, live_server, owner):
    """Sign in, add an expense, categorize, pay a bill, set a budget, hide a card."""
    page.goto(f"{live_server.url}/users/login/")
    expect(page.get_by_label("Email")).to_be_focused()
    page.keyboard.type(owner.email)
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Olga")

    ask(page, "add expense 12.50 coffee")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_contain_text("12.50")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Merchant")).to_have_value("coffee")
    page.wait_for_load_state("domcontentloaded")
    expect(page.get_by_role("textbox", name="Amount")).to_be_focused()
    tab_to(page, "Account")
    page.keyboard.type("every")
    page.keyboard.press("Enter")
    tab_to(page, "Save")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("$12.50")

    go_to(page, "transactions", "Transactions")
    title = "Sound Tribune Digital 1"
    for _ in range(9):
        page.keyboard.press("j")
        if page.evaluate(FOCUSED).startswith(title):
            break
    # At once: what is typed before the box is there belongs to it.
    page.keyboard.type("cbooks")
    expect(page.get_by_role("option", name="Books")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("row").filter(has_text=title)).to_contain_text("Books")

    go_to(page, "bills", "Bills")
    skip_the_menus(page)
    tab_to(page, "Pay")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Pay")
    tab_to(page, "Pay")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("paid")

    go_to(page, "budgets", "Budgets")
    page.keyboard.press("n")
    page.wait_for_url("**/budgets/new/**", wait_until="domcontentloaded")
    expect(page.get_by_label("Category")).to_be_focused()
    page.keyboard.type("pets")
    page.keyboard.press("Enter")
    tab_to(page, "Monthly limit")
    page.keyboard.type("40")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Budgets")

    page.goto(f"{live_server.url}/dashboard/cards/")
    skip_the_menus(page)
    tab_to(page, "Hide Spending")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Show Spending")).to_be_visible()

    assert Transaction.objects.filter(merchant="coffee").exists()
    assert Bill.objects.filter(paid_at__isnull=False).count() == 1
    assert Budget.objects.filter(category__slug="pets", limit_amount=40).exists()
