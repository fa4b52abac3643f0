"""Staff journeys in a real browser: help a customer, verify somebody, release a rate in pairs."""

import io
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import ExchangeRate, HeldRate
from bills.services.planning import create_bill
from tests.builders import make_account, make_transaction, make_user, step_up
from transactions.models import Category
from transactions.services.categorizing import set_category
from users.models import AuditEvent, Notification, User
from users.services.people import set_role
from users.services.verification import request_verification

pytestmark = pytest.mark.browser


@pytest.fixture
def maria(transactional_db) -> User:
    user = make_user("maria.keller@example.com", name="Maria Keller", base_currency="EUR")
    account = make_account(user=user, opening_balance="1000.00", last_four="4711")
    create_bill(
        actor=user, user=user, biller_name="City Power", amount_due=Decimal(80), currency="EUR",
        due_date=timezone.now().date() + timedelta(days=2), account=account,
    )  # fmt: skip
    return user


@pytest.fixture
def sign_in(page, live_server, client_for):
    """sign_in(role): the page belongs to a member of staff; browser errors fail the test."""
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)

    def enter(role: str, name: str = "") -> User:
        user = make_user(f"{name or role}@staff.example", name=(name or role).capitalize())
        set_role(actor=None, user=user, role=role)
        client = client_for(User.objects.get(pk=user.pk))
        step_up(client, user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.clear_cookies()
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
        )
        page.goto(f"{live_server.url}/admin/")
        return user

    yield enter
    assert errors == []


def tab_to(page, words: str) -> None:
    """Press Tab until what has these words has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if words in page.evaluate("document.activeElement.textContent"):
            return
    raise AssertionError(f"Tab does not reach {words!r}.")


def test_support_finds_a_customer_by_keyboard_and_sends_a_reminder(page, sign_in, maria):
    sign_in("support")
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Find a customer")
    expect(box).to_be_focused()
    page.keyboard.type("kell")
    option = page.get_by_role("option")
    expect(option).to_contain_text("M*** K***")
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.get_by_label("Why do you need this record?").fill("ticket 4711")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Bills due")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("City Power")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "Send reminder")
    page.keyboard.press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("The reminder is on its way.")
    assert Notification.objects.filter(recipient=maria, kind="bill_reminder").count() == 1


def test_an_admin_verifies_a_customer_from_the_queue(page, sign_in, maria):
    request_verification(actor=maria, user=maria)
    sign_in("admin")
    page.get_by_role("link", name="1 Identity checks").click()
    page.get_by_role("button", name="Assign to me").click()
    page.get_by_role("link", name="Identity check requested").click()
    page.get_by_label("Identity check: reason").fill("Passport seen")
    page.get_by_role("button", name="Verify", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("Identity verified.")
    maria.refresh_from_db()
    assert maria.kyc_status == "verified"


def test_a_rate_is_released_by_two_admins(page, sign_in, live_server, maria, settings):
    settings.FOUR_EYES = True
    HeldRate.objects.create(
        base="USD", quote="EUR", rate="9", rate_on="2026-03-15", source="x", known_rate="0.9",
        known_on="2026-03-14",
    )  # fmt: skip
    sign_in("admin", "first")
    page.goto(f"{live_server.url}/admin/accounts/heldrate/")
    page.locator("input[name=_selected_action]").check()
    page.locator("select[name=action]").select_option("accept")
    page.get_by_role("button", name="Go").click()
    expect(page.locator(".messagelist")).to_contain_text("Waiting for a second admin.")
    page.goto(f"{live_server.url}/admin/approvals/")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    sign_in("admin", "second")
    page.get_by_role("link", name="1 Approvals").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".messagelist")).to_contain_text("Approved.")
    assert ExchangeRate.objects.get(base="USD", quote="EUR").rate == "9"


def test_an_auditor_traces_who_changed_a_category(page, sign_in, live_server, maria):
    account = maria.accounts.get()
    row = make_transaction(account=account, amount="-5.00")
    groceries = Category.objects.get(user=None, slug="groceries")
    set_category(actor=maria, transaction=row, category=groceries)
    event = AuditEvent.objects.filter(target_id=row.pk).first()
    sign_in("auditor")
    page.goto(f"{live_server.url}/admin/users/auditevent/")
    page.get_by_text("Object number", exact=False).first.click()
    page.locator("input[name=target_id]").fill(str(row.pk))
    page.keyboard.press("Enter")
    expect(page.locator("#result_list")).to_contain_text(maria.email)
    page.locator(f"a[href*='/auditevent/{event.pk}/change/']").click()
    expect(page.locator(".staff-diff")).to_contain_text("category")


def test_an_auditor_exports_a_year_of_audit_and_verifies_it_elsewhere(
    page, sign_in, maria, tmp_path
):
    sign_in("auditor")
    page.get_by_role("link", name="Verify audit trail").click()
    expect(page.get_by_role("combobox", name="Find a customer")).to_have_value("")
    form = page.locator("form[action$='/signed-export/']")
    year_ago = timezone.now().date() - timedelta(days=365)
    form.get_by_label("First day").fill(year_ago.isoformat())
    with page.expect_download() as download:
        form.get_by_role("button", name="Export and sign").click()
    path = tmp_path / "audit.jsonl"
    download.value.save_as(path)
    out = io.StringIO()
    call_command("verify_audit", "--json", "--file", str(path), stdout=out)
    count = AuditEvent.objects.count()
    assert json.loads(out.getvalue()) == {"intact": True, "events": count, "problems": []}
    path.write_text(path.read_text().replace("City Power", "City Tower"))
    with pytest.raises(SystemExit):
        call_command("verify_audit", "--json", "--file", str(path), stdout=out)


@pytest.mark.parametrize("width", [390, 1440, 1920])
def test_pages_fit_their_width(page, sign_in, live_server, maria, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in("admin")
    for path in (
        "/admin/", f"/admin/customers/{maria.pk}/", "/admin/accounts/account/", "/admin/jobs/",
        "/admin/users/auditevent/", "/admin/queues/verification/", "/admin/approvals/",
        "/admin/users/auditevent/verify/?chain=user:1", "/admin/customers/?q=example",
        "/admin/transactions/transaction/",
    ):  # fmt: skip
        page.goto(f"{live_server.url}{path}")
        fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert page.evaluate(fits), path
