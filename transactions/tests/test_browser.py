"""The transactions list and the import in a real browser, with mouse and keyboard."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from tests.builders import make_account, make_transaction, make_user
from transactions.models import CategoryRule, ImportBatch, Transaction
from transactions.tests.import_samples import AMBIGUOUS
from users.timezones import local_date

pytestmark = pytest.mark.browser


@pytest.fixture
def owner(transactional_db):
    return make_user("owner@example.com", base_currency="EUR", timezone="Europe/Berlin")


@pytest.fixture
def account(owner):
    return make_account(user=owner, name="Everyday", opening_balance="1000.00")


@pytest.fixture
def signed_in(page, live_server, owner, client_for):
    """A signed-in page; any page error fails the test."""
    cookie = client_for(owner).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    yield page
    assert errors == []


def choose(box, words):
    """Choose the first option that a combobox offers for these words."""
    box.fill(words)
    box.press("Enter")
    expect(box).to_have_attribute("aria-expanded", "false")


def test_file_is_imported_with_the_wizard_and_reverted(signed_in, live_server, account):
    page = signed_in
    page.goto(f"{live_server.url}/transactions/import/")
    choose(page.get_by_label("Account"), account.name)
    file = {"name": "march.csv", "mimeType": "text/csv", "buffer": AMBIGUOUS}
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator(".dropzone__title")).to_contain_text("march.csv")
    page.get_by_role("button", name="Continue").click()

    # Whether 03/04 is in March or April it asks, and shows what each answer would mean.
    expect(page.get_by_role("heading", level=1)).to_have_text("Match columns")
    style = page.get_by_label("Date format")
    preview = page.locator("#import-preview")
    style.select_option("%d-%m-%Y")
    expect(preview).to_contain_text("Apr 3, 2026")
    style.select_option("%m-%d-%Y")
    expect(preview).to_contain_text("Mar 4, 2026")
    page.get_by_role("button", name="Review lines").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    assert not Transaction.objects.exists()
    page.get_by_role("button", name="Add 2 transactions").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Import receipt")
    expect(page.locator("main")).to_contain_text("2 transactions added.")
    assert sorted(str(row.txn_date) for row in Transaction.objects.all()) == [
        "2026-03-04",
        "2026-05-06",
    ]
    page.get_by_role("link", name="Undo import").click()
    page.get_by_role("button", name="Undo import").click()
    expect(page.locator("main")).to_contain_text("Undone on")
    assert not Transaction.objects.filter(deleted_at=None).exists()
    assert ImportBatch.objects.get().status == "reverted"


def test_forms_await_the_first_field_also_after_a_choice_and_in_a_combobox(
    signed_in, live_server, account
):
    page = signed_in
    page.goto(f"{live_server.url}/transactions/new/")
    expect(page.get_by_label("Amount", exact=True)).to_be_focused()
    page.get_by_label("Amount", exact=True).fill("5")
    page.get_by_label("Merchant").fill("Kiosk")
    page.locator("main form").evaluate("form => { form.noValidate = true }")
    page.get_by_label("Merchant").press("Enter")
    # Refused: the cursor waits in the box of the account that is missing.
    expect(page.get_by_role("combobox", name="Account")).to_be_focused()
    page.goto(f"{live_server.url}/budgets/new/")
    expect(page.get_by_role("combobox", name="Category")).to_be_focused()


def test_a_pending_row_has_two_lines_on_the_phone(signed_in, live_server, account):
    row = make_transaction(
        account=account, amount="-5.00", status="pending", description="Pending shop",
        merchant="The Very Long Merchant of the Seven Hills", txn_date=timezone.now().date(),
    )  # fmt: skip
    page = signed_in
    page.set_viewport_size({"width": 390, "height": 844})
    for address, second in (("", account.name), ("?ordering=-amount", "2026")):
        page.goto(f"{live_server.url}/transactions/{address}")
        note = page.locator(f"#row-{row.pk} [data-cell=note]")
        expect(note).to_contain_text(second)
        expect(note.get_by_text("Pending", exact=True)).to_be_visible()
        expect(page.locator(f"#row-{row.pk} [data-cell=title] .badge")).to_be_hidden()
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(page.locator(f"#row-{row.pk} [data-cell=title] .badge")).to_be_visible()
    expect(note.get_by_text("Pending", exact=True)).to_be_hidden()


def test_list_works_with_mouse_and_keyboard(signed_in, live_server, account):
    today = local_date(account.user.timezone, timezone.now())
    rows = [
        make_transaction(
            account=account,
            amount=f"-{number}.00",
            description=f"SHOP {number} BERLIN",
            merchant=f"Shop {number}",
            txn_date=today - timedelta(days=number),
        )
        for number in range(1, 6)
    ]
    page, keys = signed_in, signed_in.keyboard
    page.goto(f"{live_server.url}/transactions/")

    # The category in its row, and the rule it offers.
    first = page.locator(f"#row-{rows[0].pk}")
    first.get_by_role("link", name="No category").click()
    choice = first.get_by_label("Category of Shop 1")
    # With the focus htmx has made the new cell work.
    expect(choice).to_be_focused()
    # Typing chooses nothing; any part finds it, Enter saves it.
    choice.fill("cery")
    expect(page.locator("[role=option]:visible")).to_have_text(["Nothing matches “cery”."])
    keys.press("Enter")
    expect(choice).to_have_value("cery")
    choice.fill("rocer")
    expect(page.locator("[role=option]:visible")).to_have_text(["GroceriesFood & drink"])
    assert rows[0].category_changes.count() == 0
    keys.press("Enter")
    expect(first.locator("[data-cell=aside] a")).to_contain_text("Groceries")
    expect(first.locator("[data-cell=aside] a")).to_be_focused()
    # Typed before the box is there, it takes the place of the category in it.
    keys.type("cpets")
    expect(page.locator("[role=option]:visible")).to_have_text(["Pets"])
    keys.press("Escape")
    expect(first.locator("[data-cell=aside] a")).to_contain_text("Groceries")
    offer = page.locator("#toasts").get_by_role("link", name="Create rule")
    expect(offer).to_be_visible()

    offer.click()
    words = page.get_by_label("Words in the bank description")
    expect(words).to_have_value("Shop 1")
    # What is typed before htmx has loaded asks for no matches.
    page.wait_for_load_state("load")
    words.fill("shop")
    expect(page.locator("#rule-matches")).to_contain_text("Shop 5")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Rule saved. It applies to new")
    assert CategoryRule.objects.get().category.slug == "groceries"
    page.goto(f"{live_server.url}/transactions/")

    # Tags in their row: Escape leaves them, Enter saves them.
    first.locator("[data-cell=extra] a").click()
    entry = first.get_by_label("Tags for Shop 1")
    expect(entry).to_be_focused()
    entry.fill("lost")
    keys.press("Escape")
    expect(entry).to_have_count(0)
    expect(first.locator("[data-cell=extra] a")).to_be_focused()
    expect(first.locator("[data-cell=extra] .badge")).to_have_count(0)
    keys.press("Enter")
    expect(entry).to_be_focused()
    expect(entry).to_have_value("")
    entry.fill("work, travel")
    keys.press("Enter")
    expect(first.locator("[data-cell=extra] .badge")).to_have_text(["travel", "work"])
    expect(first.locator("[data-cell=extra] a")).to_be_focused()
    entry_of_second = page.get_by_label("Tags for Shop 2")
    keys.press("j")
    keys.press("t")
    expect(entry_of_second).to_be_focused()
    # A tag that exists is offered; taking it sends nothing yet.
    keys.type("new, tra")
    expect(page.locator("[role=option]:visible")).to_have_text(["travel"])
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(entry_of_second).to_have_value("new, travel")
    entry_of_second.fill("x" * 41)
    keys.press("Enter")
    expect(page.locator(f"#row-{rows[1].pk}")).to_contain_text("Use at most 20 tags with up to 40")
    expect(entry_of_second).to_be_focused()
    keys.press("Escape")

    # The keys walk, choose and search, and say what they do.
    keys.press("j")
    expect(page.locator(f"#row-{rows[2].pk} [data-cell=title] > a")).to_be_focused()
    keys.press("k")
    keys.press("c")
    expect(page.get_by_label("Category of Shop 2")).to_be_focused()
    keys.press("Escape")
    keys.press("x")
    bar = page.locator("[data-selection-bar]")
    expect(bar).to_contain_text("1 selected")
    keys.press("?")
    expect(page.locator("#keyboard-help")).to_contain_text("Edit tags")
    keys.press("Escape")
    keys.press("/")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    keys.press("Escape")

    # From there to the fifth with shift, all at once into a category, and back.
    page.locator(f"#row-{rows[4].pk} [name=ids]").click(modifiers=["Shift"])
    expect(bar).to_contain_text("4 selected")
    expect(bar.locator("[data-selection-totals]")).to_contain_text("14.00")
    bar.locator("summary", has_text="Category").click()
    # The menu's field comes when it opens.
    choose(bar.locator(".combobox > input"), "books")
    bar.get_by_role("button", name="Set category").click()
    expect(page.get_by_role("status")).to_contain_text("4 transactions changed.")
    assert Transaction.objects.filter(category__slug="books").count() == 4
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("4 transactions are back to how they were.")
    assert not Transaction.objects.filter(category__slug="books").exists()
    assert sorted(tag.name for tag in rows[0].tags.all()) == ["travel", "work"]

    # Signed out elsewhere: said once, however often it is tried, until it is read.
    page.goto(f"{live_server.url}/transactions/")
    page.context.clear_cookies()
    said = page.locator("#toasts").get_by_text("You've been signed out. Nothing was changed.")
    for row in rows[:2]:
        with page.expect_response(lambda answer: answer.status == 401):
            page.locator(f"#row-{row.pk} [data-cell=aside] a").click()
    expect(said).to_have_count(1)
    page.locator("#toasts").get_by_role("button", name="Close").click()
    expect(said).to_have_count(0)


def test_selection_survives_sorting_and_a_dropped_file_opens_its_form(
    signed_in, live_server, account
):
    today = local_date(account.user.timezone, timezone.now())
    rows = [
        make_transaction(
            account=account, amount=f"-{number}.00", description=f"SHOP {number}", txn_date=today
        )
        for number in (1, 2, 3)
    ]
    page = signed_in
    page.goto(f"{live_server.url}/transactions/")
    page.locator(f"#row-{rows[0].pk} [name=ids]").check()
    page.locator("summary", has_text="Sort").click()
    page.get_by_role("link", name="Largest amount first").click()
    expect(page.locator("[data-cell=title] > a").first).to_have_text("SHOP 3")
    bar = page.locator("[data-selection-bar]")
    expect(bar).to_contain_text("1 selected")
    page.locator(f"#row-{rows[2].pk} [name=ids]").check()

    # A row that the filter leaves out is another list's; there nothing is selected.
    page.goto(f"{live_server.url}/transactions/?search=shop+2")
    expect(bar).to_be_hidden()
    page.locator(f"#row-{rows[1].pk} [name=ids]").check()
    bar.get_by_role("button", name="Clear the selection").click()
    expect(bar).to_be_hidden()

    # The sums come when they are asked for.
    expect(page.locator("main")).not_to_contain_text("Net")
    page.get_by_role("link", name="Totals").click()
    expect(page.get_by_label("Totals")).to_contain_text("€2.00")

    page.evaluate(
        """(text) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([text], "march.csv"));
          for (const kind of ["dragover", "drop"]) {
            const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer });
            document.querySelector("h1").dispatchEvent(event);
          }
        }""",
        AMBIGUOUS.decode(),
    )
    dialog = page.get_by_role("dialog", name="Import a statement")
    expect(dialog).to_contain_text("march.csv")
    dialog.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Match columns")


def test_fifty_merchants_are_categorized_with_the_keyboard_only(signed_in, live_server, account):
    """Five keys a merchant: some two minutes at an unhurried two keys a second."""
    for first in "abcde":
        for second in "klmnoprstu":
            make_transaction(account=account, amount="-5.00", description=f"Zq{first}{second}x")
    page, pressed = signed_in, 0
    page.goto(f"{live_server.url}/transactions/by-merchant/")
    for settled in range(1, 51):
        # Two pages of 25: each begins with "next merchant" and "type a category".
        keys = (*("jc" if settled in (1, 26) else ""), *"coff", "Enter")
        with page.expect_response("**/by-merchant/settle/"):
            for key in keys:
                page.keyboard.press(key)
        pressed += len(keys)
        left = 25 - settled % 25 if settled < 50 else 0
        expect(page.locator("[data-group]")).to_have_count(left)
        # The second page's keys work once its scripts run.
        page.wait_for_load_state("domcontentloaded")
        if left % 25:
            expect(page.locator("[data-group] .combobox > input:focus")).to_have_value("")
    assert not Transaction.objects.filter(category=None).exists()
    assert pressed == 254


def test_fifty_lines_of_ten_merchants_take_at_most_sixty_keys(signed_in, live_server, account):
    for letter in "abcdefghij":
        for _ in range(5):
            make_transaction(account=account, amount="-5.00", description=f"Zqk{letter}x Shop")
    page = signed_in
    page.goto(f"{live_server.url}/transactions/by-merchant/")
    pressed = ["j", "c"]
    for key in pressed:
        page.keyboard.press(key)
    for left in range(9, -1, -1):
        keys = (*"coff", "Enter")
        with page.expect_response("**/by-merchant/settle/"):
            for key in keys:
                page.keyboard.press(key)
        pressed += keys
        expect(page.locator("[data-group]")).to_have_count(left)
        if left:
            expect(page.locator("[data-group] .combobox > input:focus")).to_have_value("")
    assert Transaction.objects.filter(category__slug="coffee").count() == 50
    assert len(pressed) <= 60


@pytest.mark.parametrize(
    ("width", "menus"), [(1440, ["Views", "Sort", "Columns"]), (800, ["Views", "Sort"])]
)
def test_open_menus_stay_inside_the_window(signed_in, live_server, account, width, menus):
    make_transaction(account=account)
    page = signed_in
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{live_server.url}/transactions/")
    for name in menus:
        page.locator("summary", has_text=name).click()
        panel = page.locator("details.menu[open] .menu__panel")
        # Unmoved by its animation, that is, at rest.
        panel.evaluate("panel => Promise.all(panel.getAnimations().map(one => one.finished))")
        box = panel.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        page.keyboard.press("Escape")
