"""Staff journeys in a real browser, by the keyboard alone."""

import io
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Locator, expect

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


def tab_to(page, target: Locator, key: str = "Tab") -> None:
    """Press Tab until this element has the focus; from the top of a page, past its menus."""
    expect(target).to_be_visible()
    for _ in range(60):
        page.keyboard.press(key)
        focused = page.evaluate("document.activeElement.textContent").strip()
        if focused == "Skip to main content":
            page.keyboard.press("Enter")
        elif target.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {target}.")


def press(page, target: Locator, key: str = "Enter") -> None:
    """Go there and press the key."""
    tab_to(page, target)
    page.keyboard.press(key)


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
    expect(page.get_by_role("heading", name="M*** K***")).to_be_visible()
    tab_to(page, page.get_by_label("Why do you need this record?"))
    page.keyboard.type("ticket 4711")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Bills due")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("City Power")
    press(page, page.get_by_role("button", name="Send reminder"))
    expect(page.locator(".messagelist")).to_contain_text("The reminder is on its way.")
    assert Notification.objects.filter(recipient=maria, kind="bill_reminder").count() == 1


def test_an_admin_verifies_a_customer_from_the_queue(page, sign_in, maria):
    request_verification(actor=maria, user=maria)
    sign_in("admin")
    press(page, page.get_by_role("link", name="1 Identity checks"))
    press(page, page.get_by_role("button", name="Assign to me"))
    expect(page.locator(".messagelist")).to_contain_text("Assigned to you.")
    press(page, page.get_by_role("link", name="Identity check requested"))
    tab_to(page, page.get_by_label("Identity check: reason"))
    page.keyboard.type("Passport seen")
    press(page, page.get_by_role("button", name="Verify", exact=True))
    expect(page.locator(".messagelist")).to_contain_text("Identity verified.")
    maria.refresh_from_db()
    assert maria.kyc_status == "verified"
    mail = Notification.objects.get(recipient=maria, kind="identity_check")
    assert "Passport seen" in mail.text


def test_a_rate_is_released_by_two_admins(page, sign_in, live_server, maria, settings):
    settings.FOUR_EYES = True
    HeldRate.objects.create(
        base="USD", quote="EUR", rate="9", rate_on="2026-03-15", source="x", known_rate="0.9",
        known_on="2026-03-14",
    )  # fmt: skip
    sign_in("admin", "first")
    page.goto(f"{live_server.url}/admin/accounts/heldrate/")
    tab_to(page, page.locator("select[name=action]"))
    page.keyboard.type("Accept")
    press(page, page.locator("input[name=_selected_action]"), "Space")
    tab_to(page, page.get_by_role("button", name="Go"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("Waiting for a second admin.")
    page.goto(f"{live_server.url}/admin/approvals/")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    sign_in("admin", "second")
    press(page, page.get_by_role("link", name="1 Approvals"))
    press(page, page.get_by_role("button", name="Approve"))
    expect(page.locator(".messagelist")).to_contain_text("Approved.")
    assert ExchangeRate.objects.get(base="USD", quote="EUR").rate == "9"
    told = AuditEvent.objects.filter(action__startswith="insights.approval.").order_by("id")
    assert list(told.values_list("action", "actor__email")) == [
        ("insights.approval.requested", "first@staff.example"),
        ("insights.approval.approved", "second@staff.example"),
    ]


def test_an_auditor_traces_who_changed_a_category(page, sign_in, live_server, maria):
    account = maria.accounts.get()
    row = make_transaction(account=account, amount="-5.00")
    groceries = Category.objects.get(user=None, slug="groceries")
    set_category(actor=maria, transaction=row, category=groceries)
    event = AuditEvent.objects.filter(target_id=row.pk).first()
    sign_in("auditor")
    page.goto(f"{live_server.url}/admin/users/auditevent/")
    press(page, page.locator("summary", has_text="Object number"))
    tab_to(page, page.locator("input[name=target_id]"))
    page.keyboard.type(str(row.pk))
    page.keyboard.press("Enter")
    expect(page.locator("summary", has_text=f"Object number: {row.pk}")).to_be_visible()
    expect(page.locator("#result_list")).to_contain_text(maria.email)
    press(page, page.locator(f"a[href*='/auditevent/{event.pk}/change/']"))
    diff = page.locator(".staff-diff tr", has_text="category")
    expect(diff.locator("td")).to_have_text(["–", "groceries"])


def test_an_auditor_exports_a_year_of_audit_and_verifies_it_elsewhere(
    page, sign_in, maria, tmp_path
):
    sign_in("auditor")
    press(page, page.get_by_role("link", name="Verify audit trail"))
    expect(page.get_by_role("combobox", name="Find a customer")).to_have_value("")
    form = page.locator("form[action$='/signed-export/']")
    year_ago = timezone.now().date() - timedelta(days=365)
    tab_to(page, form.get_by_label("First day"))
    page.keyboard.type(f"{year_ago:%m%d%Y}")
    expect(form.get_by_label("First day")).to_have_value(year_ago.isoformat())
    with page.expect_download() as download:
        press(page, form.get_by_role("button", name="Export and sign"))
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
