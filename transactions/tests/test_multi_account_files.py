"""Files with several accounts: questions, assignment, one receipt each, reverted as one."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from accounts.services import edit_account
from tests.builders import make_account, make_transaction
from transactions.exports import csv_lines
from transactions.ledger_check import check_ledger
from transactions.models import ImportBatch, Transaction, Transfer
from transactions.sources.files.account_parts import PartNames, last_four_in, part_name
from transactions.tasks import confirm_import, resume_imports
from transactions.tests.multi_account_files import FILES, LINES, NAMES, csv_file
from transactions.tests.test_one_payment_by_format import camt
from transactions.tests.test_xlsx_file import workbook

# One of them on both engines: how a file names its accounts does not depend on the engine.
every_format = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name == "csv" else pytest.mark.once) for name in sorted(FILES)],
)


@pytest.fixture
def own(alice):
    """own(name, last_four, **fields): create an account for Alice in EUR with a balance of
    1,000.00.
    """

    def make(name: str, last_four: str = "", **fields) -> Account:
        values = {"currency": "EUR", "opening_balance": Decimal(1000)} | fields
        return make_account(user=alice, name=name, last_four=last_four, **values)

    return make


@pytest.fixture
def post(api_for, alice):
    """post(content, account, **fields): import a file in one call as Alice."""

    def send(content: bytes, account: Account, *, headers=None, accounts=None, **fields):
        data = {"file": SimpleUploadedFile("both.dat", content), "account": account.pk} | fields
        if accounts is not None:
            data["accounts"] = json.dumps(accounts)
        return api_for(alice).post(
            "/api/transactions/import", data, format="multipart", headers=headers or {}
        )

    return send


def amounts_in(account: Account) -> list[Decimal]:
    rows = Transaction.objects.filter(account=account, deleted_at=None).order_by("txn_date")
    return list(rows.values_list("signed_amount", flat=True))


OUT, IN = [Decimal(-10), Decimal(-20)], [Decimal(5)]


@every_format
def test_upload_asks_for_the_accounts_and_posts_nothing(post, own, name):
    plain = own("Everyday")
    answer = post(FILES[name], plain)
    assert answer.status_code == 400
    body = answer.json()
    assert body["type"] == "validation_error"
    assert [(e["code"], e["attr"]) for e in body["errors"]] == [("accounts_needed", "accounts")]
    assert [(p["last4"], p["count"], p["account"]) for p in body["parts"]] == [
        ("1111", 2, None),
        ("2222", 1, None),
    ]
    assert [(p["first_date"], p["last_date"]) for p in body["parts"]] == [
        ("2026-03-02", "2026-03-03"),
        ("2026-03-04", "2026-03-04"),
    ]
    assert "440000" not in answer.content.decode()
    assert not Transaction.objects.exists()


@every_format
def test_account_with_matching_last_four_takes_only_its_lines(post, own, name):
    checking = own("Everyday", "1111")
    answer = post(FILES[name], checking)
    assert answer.status_code == 201
    receipt = answer.json()
    assert receipt["counts"]["read"] == receipt["counts"]["added"] == 2
    assert any("2222 (1 line)" in warning for warning in receipt["warnings"])
    assert [batch["account"] for batch in receipt["batches"]] == [checking.pk]
    assert amounts_in(checking) == OUT
    checking.refresh_from_db()
    assert checking.balance == Decimal(970)


@pytest.mark.slow
@every_format
def test_each_part_goes_to_its_account_and_one_revert_undoes_all(post, own, api_for, alice, name):
    checking, savings = own("Everyday"), own("Rainy days")
    asked = post(FILES[name], checking).json()["parts"]
    answers = dict(zip([p["part"] for p in asked], [checking.pk, savings.pk], strict=True))
    answer = post(FILES[name], checking, accounts=answers)
    assert answer.status_code == 201
    batches = answer.json()["batches"]
    assert [(b["account"], b["counts"]["added"]) for b in batches] == [
        (checking.pk, 2),
        (savings.pk, 1),
    ]
    assert (amounts_in(checking), amounts_in(savings)) == (OUT, IN)
    assert len({b["group"] for b in batches} - {None}) == 1

    again = post(FILES[name], checking, accounts=answers)
    assert again.status_code == 200
    assert again.json()["counts"]["added"] == 0
    assert (amounts_in(checking), amounts_in(savings)) == (OUT, IN)

    reverted = api_for(alice).post(f"/api/imports/{batches[1]['id']}/revert")
    assert [b["status"] for b in reverted.json()["batches"]] == ["reverted", "reverted"]
    assert (amounts_in(checking), amounts_in(savings)) == ([], [])
    for account in (checking, savings):
        account.refresh_from_db()
        assert account.balance == Decimal(1000)


@pytest.mark.slow
def test_one_account_can_be_reverted_alone(post, own, api_for, alice):
    checking, savings = own("Everyday"), own("Rainy days")
    answers = {"Checking 1111": checking.pk, "Savings 2222": savings.pk}
    batches = post(FILES["csv"], checking, accounts=answers).json()["batches"]
    url = f"/api/imports/{batches[1]['id']}/revert"
    api_for(alice).post(url, {"only_this": True}, format="json")
    assert (amounts_in(checking), amounts_in(savings)) == (OUT, [])


def test_parts_can_be_skipped_and_accounts_created(post, own, alice):
    checking = own("Everyday")
    answers = {"Checking 1111": "skip", "Savings 2222": "new"}
    answer = post(FILES["csv"], checking, accounts=answers)
    assert answer.status_code == 201
    opened = Account.objects.get(user=alice, name="Savings 2222")
    assert (opened.last_four, opened.currency, opened.balance) == ("2222", "EUR", Decimal(5))
    assert amounts_in(checking) == []
    assert any("Checking 1111 (2 lines)" in warning for warning in answer.json()["warnings"])


@pytest.mark.parametrize(
    "answers",
    [
        {"Checking 1111": "skip"},
        {"Checking 1111": "skip", "Savings 2222": "skip"},
        {"Checking 1111": "new", "Savings 2222": "skip", "Other": "skip"},
        {"Checking 1111": "new", "Savings 2222": "old"},
        {"Checking 1111": "new", "Savings 2222": 0},
        {"Checking 1111": "new", "Savings 2222": True},
        {"Checking 1111": "new", "Savings 2222": [1]},
    ],
)
def test_invalid_answers_are_rejected_and_leave_nothing(post, own, answers):
    checking = own("Everyday")
    answer = post(FILES["csv"], checking, accounts=answers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "accounts"
    assert not ImportBatch.objects.exists()
    assert Account.objects.count() == 1


def test_parts_never_go_to_other_peoples_accounts_or_other_currencies(post, own, bob):
    checking, dollars = own("Everyday"), own("Trip", currency="USD")
    strange = make_account(user=bob, currency="EUR")
    for wrong in (strange, dollars):
        content = FILES["ofx"]
        answers = {"…1111": checking.pk, "…2222": wrong.pk}
        answer = post(content, checking, accounts=answers)
        error = answer.json()["errors"][0]
        assert (answer.status_code, error["attr"]) == (400, "accounts")
        assert (error["code"] == "does_not_exist") == (wrong is strange)
    assert not Transaction.objects.exists()


@pytest.mark.slow
def test_earlier_answers_are_offered_again(post, own):
    checking, savings = own("Everyday"), own("Rainy days")
    answers = {"Checking 1111": checking.pk, "Savings 2222": savings.pk}
    assert post(FILES["csv"], checking, accounts=answers).status_code == 201
    next_month = FILES["csv"].replace(b"2026-03", b"2026-04")
    asked = post(next_month, checking)
    assert asked.status_code == 400
    assert [p["account"] for p in asked.json()["parts"]] == [checking.pk, savings.pk]


@pytest.mark.slow
def test_skipped_parts_can_be_imported_later(post, own):
    checking, savings = own("Everyday", "1111"), own("Rainy days")
    assert post(FILES["csv"], checking).status_code == 201
    answers = {"Checking 1111": checking.pk, "Savings 2222": savings.pk}
    late = post(FILES["csv"], checking, accounts=answers)
    assert late.status_code == 201
    assert [b["counts"]["added"] for b in late.json()["batches"]] == [0, 1]
    assert (amounts_in(checking), amounts_in(savings)) == (OUT, IN)


def test_one_idempotency_key_makes_one_import(post, own):
    checking, savings = own("Everyday"), own("Rainy days")
    answers = {"Checking 1111": checking.pk, "Savings 2222": savings.pk}
    headers = {"Idempotency-Key": "march-both"}
    first = post(FILES["csv"], checking, accounts=answers, headers=headers)
    second = post(FILES["csv"], checking, accounts=answers, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert ImportBatch.objects.count() == 2


def test_waiting_upload_is_confirmed_with_its_accounts(post, own, api_for, alice):
    checking, savings = own("Everyday"), own("Rainy days")
    waiting = post(FILES["mt940"], checking).json()
    url = f"/api/imports/{waiting['import_id']}/confirm"
    assert api_for(alice).post(url, {}, format="json").status_code == 400
    answers = {p["part"]: a.pk for p, a in zip(waiting["parts"], (checking, savings), strict=True)}
    answer = api_for(alice).post(url, {"accounts": answers}, format="json")
    assert answer.status_code == 200
    balances = [(b["opening_balance"], b["closing_balance"]) for b in answer.json()["batches"]]
    assert balances == [("100.00", "70.00"), ("100.00", "105.00")]
    assert (amounts_in(checking), amounts_in(savings)) == (OUT, IN)


def test_own_export_of_two_accounts_returns_lines_to_each(post, own, alice):
    checking, savings = own("Everyday", "1111"), own("=Rainy days")
    make_transaction(account=checking, amount="-10.00", description="One")
    make_transaction(account=savings, amount="7.00", description="Two")
    content = "".join(csv_lines(Transaction.objects.order_by("pk"), alice)).encode()
    for account in (checking, savings):
        answer = post(content, account)
        assert answer.status_code == 201
        counts = answer.json()["counts"]
        assert (counts["read"], counts["added"], counts["duplicate"]) == (1, 0, 1)
        assert any("other accounts" in warning for warning in answer.json()["warnings"])
    assert (amounts_in(checking), amounts_in(savings)) == ([Decimal(-10)], [Decimal(7)])


def test_file_with_one_account_asks_nothing(post, own):
    content = csv_file(names={"1111": "Whatever 9999", "2222": "Whatever 9999"})
    answer = post(content, own("Everyday", "1111"))
    assert answer.status_code == 201
    assert (answer.json()["counts"]["added"], answer.json()["parts"]) == (3, [])


@pytest.mark.parametrize(
    "heading",
    [
        *("Account", "Account Name", "Konto", "Auftragskonto", "Compte", "Cuenta", "Conto"),
        *("Rekening", "Rachunek", "Číslo účtu", "IBAN", "Account number", "Счет", "账户", "口座"),
    ],
)
def test_account_column_is_recognized_by_its_heading(post, own, heading):
    answer = post(csv_file(heading), own("Everyday"))
    assert [p["part"] for p in answer.json()["parts"]] == ["Checking 1111", "Savings 2222"]


def test_lines_without_an_account_among_others_raise_the_question(post, own):
    names = {"1111": "Checking 1111", "2222": ""}
    answer = post(csv_file(names=names), own("Everyday", "1111"))
    assert answer.status_code == 400
    assert [(part["last4"], part["count"]) for part in answer.json()["parts"]] == [
        ("1111", 2),
        ("", 1),
    ]
    assert not Transaction.objects.exists()


def of_savings() -> dict[str, bytes]:
    """Files that have only lines of Savings 2222."""
    return {
        "csv": csv_file(names={"1111": "Savings 2222", "2222": "Savings 2222"}),
        "camt": camt([("2026-03-04", "INTEREST", "5.00")])
        .replace("0000000001", "4400002222")
        .encode(),
        "own": b"",
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", of_savings())
def test_file_of_another_own_account_is_not_posted_without_asking(post, own, alice, name):
    checking, savings = own("Everyday", "1111"), own("Rainy days", "2222")
    content = of_savings()[name]
    if name == "own":
        make_transaction(account=savings, amount="5.00")
        rows = Transaction.objects.filter(account=savings)
        content = "".join(csv_lines(rows, alice)).encode()
    before = Transaction.objects.count()
    (part,) = post(content, checking).json()["parts"]
    assert (part["last4"], part["account"]) == ("2222", savings.pk)
    assert Transaction.objects.count() == before
    answer = post(content, checking, accounts={part["part"]: checking.pk})
    assert (answer.status_code, answer.json()["account"]) == (201, checking.pk)
    assert post(content, own("Third")).status_code == 400
    assert post(content, savings).status_code in (200, 201)


def test_counterparty_account_is_not_the_owners_account(post, own):
    content = (
        b"Date,Name,IBAN,Description,Amount\n"
        b"2026-03-02,Ann Lee,DE89370400440532013000,Rent,-10.00\n"
        b"2026-03-03,Ann Lee,DE89370400440532013000,Rent,-20.00\n"
        b"2026-03-04,Bo Li,DE02120300000000202051,Gift,5.00\n"
    )
    assert post(content, own("Everyday")).json()["counts"]["added"] == 3


@pytest.mark.parametrize(
    ("account_text", "name", "last_four"),
    [
        ("Checking 1111", "Checking 1111", "1111"),
        ("DE89 3704 0044 0532 0130 00", "…3000", "3000"),
        ("10020030/1234567", "…4567", "4567"),
        ("123456789USD", "…6789USD", "6789"),
        ("**** **** **** 9876", "…9876", "9876"),
        ("My DE89370400440532013000 savings", "My …3000 savings", "3000"),
        ("Max 12", "Max 12", ""),
        ("", "not named", ""),
    ],
)
def test_only_the_last_four_digits_of_a_number_are_kept(account_text, name, last_four):
    assert (part_name(account_text), last_four_in(name)) == (name, last_four)


def test_two_numbers_with_the_same_ending_are_two_parts():
    names = PartNames()
    assert [names.of(number) for number in ("9900001111", "8800001111", "9900001111")] == [
        "…1111",
        "…1111 (2)",
        "…1111",
    ]


# --- Accounts opened for a file ------------------------------------------------------------------


def opened_for(post, own, content, names) -> list[tuple[Decimal, Decimal]]:
    """(opening balance, balance) of the accounts opened for these parts."""
    answer = post(content, own("Everyday"), accounts=dict.fromkeys(names, "new"))
    assert answer.status_code == 201
    found = Account.objects.filter(pk__in=[batch["account"] for batch in answer.json()["batches"]])
    return [(account.opening_balance, account.balance) for account in found.order_by("pk")]


@pytest.mark.slow
def test_new_account_begins_with_the_balance_that_the_file_tells(post, own):
    found = opened_for(post, own, FILES["mt940"], ["…1111", "…2222"])
    assert found == [(Decimal(100), Decimal(70)), (Decimal(100), Decimal(105))]
    assert check_ledger().is_clean


@pytest.mark.slow
def test_new_account_begins_with_what_the_closing_balance_leaves(post, own):
    closing = b"<LEDGERBAL><BALAMT>70.00<DTASOF>20260305</LEDGERBAL></STMTRS>"
    content = FILES["ofx"].replace(b"</STMTRS>", closing, 1)
    found = opened_for(post, own, content, ["…1111", "…2222"])
    assert found == [(Decimal(100), Decimal(70)), (Decimal(0), Decimal(5))]


def test_new_account_without_a_balance_in_the_file_says_so(post, own):
    names = ["Checking 1111", "Savings 2222"]
    answer = post(FILES["csv"], own("Everyday"), accounts=dict.fromkeys(names, "new"))
    assert answer.json()["warnings"] == [
        "The file doesn't say what Checking 1111 held before its first line, so the new account "
        "starts at 0. You can change its opening balance under Accounts."
    ]


def test_account_opened_earlier_for_the_same_file_still_gets_its_balance(upload, own):
    upload(FILES["mt940"], own("Everyday"))
    url = reverse("transactions:import_accounts", args=[ImportBatch.objects.get().pk])
    upload.browser.post(url, {"part_0": "new", "part_1": "skip"})
    opened = Account.objects.get(name="Account 1111")
    upload.browser.post(url, {"part_0": opened.pk, "part_1": "skip"})
    batch = ImportBatch.objects.get()
    upload.browser.post(reverse("transactions:import_confirm", args=[batch.pk]))
    opened.refresh_from_db()
    assert (opened.opening_balance, opened.balance) == (Decimal(100), Decimal(70))


def test_account_in_use_keeps_its_opening_balance(upload, own):
    upload(FILES["mt940"], own("Everyday"))
    batch = ImportBatch.objects.get()
    url = reverse("transactions:import_accounts", args=[batch.pk])
    upload.browser.post(url, {"part_0": "new", "part_1": "skip"})
    opened = Account.objects.get(name="Account 1111")
    make_transaction(account=opened, amount="1.00")
    upload.browser.post(reverse("transactions:import_confirm", args=[batch.pk]))
    opened.refresh_from_db()
    assert (opened.opening_balance, opened.balance) == (Decimal(0), Decimal(-29))


# --- Large files: one account after the other, in the worker --------------------------------------


@pytest.fixture
def large(post, own, settings):
    """The imports of one large file into two accounts, handed to the worker."""
    settings.IMPORT_INLINE_BYTES = 0
    checking, savings = own("Everyday", "1111"), own("Rainy days", "2222")
    answers = {"Checking 1111": checking.pk, "Savings 2222": savings.pk}
    answer = post(FILES["csv"], checking, accounts=answers)
    assert (answer.status_code, Transaction.objects.count()) == (202, 0)
    return list(ImportBatch.objects.order_by("account_id"))


@pytest.mark.slow
def test_large_file_is_confirmed_part_by_part_and_reverted_as_one(large, client_for, alice):
    first, second = large
    browser = client_for(alice)
    progress = reverse("transactions:import_progress", args=[first.pk])
    page = browser.get(progress).content.decode()
    assert "Everyday" in page
    assert "Rainy days" in page
    confirm_import(first.pk)
    # The worker died before the second part: the first is there, and the page waits for the rest.
    assert (amounts_in(first.account), amounts_in(second.account)) == (OUT, [])
    page = browser.get(progress).content.decode()
    assert "Done" in page
    assert "Waiting" in page
    revert = reverse("transactions:import_revert", args=[first.pk])
    refused = browser.post(revert, {"all": "1"}, follow=True)
    assert "still being imported" in refused.content.decode()
    assert amounts_in(first.account) == OUT

    ImportBatch.objects.filter(pk=second.pk).update(updated_at=timezone.now() - timedelta(hours=1))
    assert resume_imports() == 1
    assert amounts_in(second.account) == IN
    assert browser.get(progress).url == reverse("transactions:import_receipt", args=[first.pk])
    browser.post(revert, {"all": "1"})
    assert (amounts_in(first.account), amounts_in(second.account)) == ([], [])
    assert check_ledger().is_clean


def test_large_file_is_requested_for_all_accounts_or_none(upload, own, settings):
    settings.IMPORT_INLINE_BYTES = 0
    checking, savings = own("Everyday"), own("Rainy days")
    upload(FILES["csv"], checking)
    batch = ImportBatch.objects.get()
    url = reverse("transactions:import_accounts", args=[batch.pk])
    upload.browser.post(url, {"part_0": checking.pk, "part_1": savings.pk})
    edit_account(actor=None, account=savings, is_active=False)
    confirm = reverse("transactions:import_confirm", args=[batch.pk])
    refused = upload.browser.post(confirm, {"all": "1"}, follow=True)
    assert "is archived" in refused.content.decode()
    statuses = set(ImportBatch.objects.values_list("status", flat=True))
    assert statuses == {"uploaded"}


# --- The wizard -------------------------------------------------------------------------------


@pytest.fixture
def upload(client_for, alice):
    """upload(content, account): submit the wizard's first page as Alice; returns the next page."""
    browser = client_for(alice)

    def send(content: bytes, account: Account):
        data = {"account": account.pk, "file": SimpleUploadedFile("both.dat", content)}
        return browser.post(reverse("transactions:import_start"), data, follow=True)

    send.browser = browser
    return send


@pytest.mark.slow
@every_format
def test_wizard_asks_imports_all_and_reverts_all(upload, own, name):
    checking, savings = own("Everyday"), own("Rainy days", "2222")
    page = upload(FILES[name], checking)
    batch = ImportBatch.objects.get()
    url = reverse("transactions:import_accounts", args=[batch.pk])
    assert page.redirect_chain[-1][0] == url
    text = page.content.decode()
    assert "1111" in text
    assert "2 lines" in text
    assert "1 line" in text
    assert page.context["form"]["part_1"].initial == str(savings.pk)

    refused = upload.browser.post(url, {"part_0": "", "part_1": "skip"})
    assert refused.status_code == 422
    answers = {"part_0": checking.pk, "part_1": savings.pk}
    check = upload.browser.post(url, answers, follow=True)
    assert "Import all accounts" in check.content.decode()
    assert "Rainy days" in check.content.decode()
    assert not Transaction.objects.exists()

    confirm = reverse("transactions:import_confirm", args=[batch.pk])
    receipt = upload.browser.post(confirm, {"all": "1"}, follow=True)
    assert "Rainy days" in receipt.content.decode()
    assert (amounts_in(checking), amounts_in(savings)) == (OUT, IN)
    revert = reverse("transactions:import_revert", args=[batch.pk])
    assert "Undo for all accounts" in upload.browser.get(revert).content.decode()
    upload.browser.post(revert, {"all": "1"})
    assert (amounts_in(checking), amounts_in(savings)) == ([], [])


@pytest.mark.slow
def test_wizard_confirms_and_reverts_one_account_alone(upload, own):
    checking, savings = own("Everyday"), own("Rainy days")
    upload(FILES["ofx"], checking)
    batch = ImportBatch.objects.get()
    url = reverse("transactions:import_accounts", args=[batch.pk])
    upload.browser.post(url, {"part_0": checking.pk, "part_1": savings.pk})
    upload.browser.post(reverse("transactions:import_confirm", args=[batch.pk]))
    assert (amounts_in(checking), amounts_in(savings)) == (OUT, [])
    other = ImportBatch.objects.exclude(pk=batch.pk).get()
    upload.browser.post(reverse("transactions:import_confirm", args=[other.pk]))
    upload.browser.post(reverse("transactions:import_revert", args=[batch.pk]))
    assert (amounts_in(checking), amounts_in(savings)) == ([], IN)


@pytest.mark.slow
def test_parts_can_be_reassigned_until_one_is_imported(upload, own):
    checking, savings = own("Everyday", "1111"), own("Rainy days")
    upload(FILES["csv"], checking)
    batch = ImportBatch.objects.get()
    assert (batch.status, batch.read_count) == ("checked", 2)
    url = reverse("transactions:import_accounts", args=[batch.pk])
    upload.browser.post(url, {"part_0": savings.pk, "part_1": "skip"})
    batch.refresh_from_db()
    assert (batch.account, batch.parts, batch.read_count) == (savings, ["Checking 1111"], 2)
    upload.browser.post(url, {"part_0": checking.pk, "part_1": savings.pk})
    upload.browser.post(reverse("transactions:import_confirm", args=[batch.pk]))
    other = ImportBatch.objects.exclude(pk=batch.pk).get()
    url = reverse("transactions:import_accounts", args=[other.pk])
    assert upload.browser.post(url, {"part_0": "skip", "part_1": "skip"}).status_code == 422
    assert ImportBatch.objects.count() == 2


def test_discarding_the_upload_discards_all_its_imports(upload, own):
    checking, savings = own("Everyday"), own("Rainy days")
    upload(FILES["csv"], checking)
    batch = ImportBatch.objects.get()
    url = reverse("transactions:import_accounts", args=[batch.pk])
    upload.browser.post(url, {"part_0": checking.pk, "part_1": savings.pk})
    upload.browser.post(reverse("transactions:import_discard", args=[batch.pk]))
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize("year", ["2026", "2019"])
def test_both_sides_of_a_transfer_in_one_file_are_suggested(
    post, own, django_capture_on_commit_callbacks, year
):
    checking, savings = own("Everyday"), own("Rainy days")
    content = (
        b"Date,Account,Description,Amount\n"
        b"2026-03-02,Checking 1111,Transfer to savings,-50.00\n"
        b"2026-03-13,Checking 1111,Kern Bakery,-4.00\n"
        b"2026-03-02,Savings 2222,Transfer from checking,50.00\n"
    ).replace(b"2026", year.encode())
    answers = {"Checking 1111": checking.pk, "Savings 2222": savings.pk}
    with django_capture_on_commit_callbacks(execute=True):
        assert post(content, checking, accounts=answers).status_code == 201
    transfer = Transfer.objects.get()
    assert transfer.status == Transfer.Status.SUGGESTED
    sides = (transfer.outflow_transaction, transfer.inflow_transaction)
    assert [side.account for side in sides] == [checking, savings]


@pytest.mark.slow
def test_own_export_restores_both_accounts_in_another_ledger(post, own, alice, bob, api_for):
    checking, savings = own("Everyday", "1111"), own("Rainy days")
    make_transaction(account=checking, amount="-10.00", description="One")
    make_transaction(account=savings, amount="7.00", description="Two")
    content = "".join(csv_lines(Transaction.objects.order_by("pk"), alice)).encode()
    empty = make_account(user=bob, name="Anything", currency="EUR")
    data = {"file": SimpleUploadedFile("ours.csv", content), "account": empty.pk}
    url = "/api/transactions/import"
    asked = api_for(bob).post(url, data, format="multipart").json()
    assert [(p["part"], p["name"], p["last4"]) for p in asked["parts"]] == [
        ("Everyday …1111", "Everyday", "1111"),
        ("Rainy days", "Rainy days", ""),
    ]
    data = {"file": SimpleUploadedFile("ours.csv", content), "account": empty.pk}
    data["accounts"] = json.dumps({"Everyday …1111": "new", "Rainy days": "new"})
    assert api_for(bob).post(url, data, format="multipart").status_code == 201
    found = Account.objects.filter(user=bob).exclude(pk=empty.pk).order_by("pk")
    assert [(part.name, part.last_four, part.balance) for part in found] == [
        ("Everyday", "1111", Decimal(-10)),
        ("Rainy days", "", Decimal(7)),
    ]


@pytest.mark.slow
def test_a_workbook_with_an_account_column_raises_a_question(post, own):
    rows = [[on, NAMES[key], text, amount] for key, on, text, amount in LINES]
    content = workbook(("March", [["Date", "Account", "Description", "Amount"], *rows]))
    checking, savings = own("Everyday"), own("Rainy days")
    asked = post(content, checking).json()["parts"]
    assert [(p["part"], p["count"]) for p in asked] == [("Checking 1111", 2), ("Savings 2222", 1)]
    answers = {"Checking 1111": checking.pk, "Savings 2222": savings.pk}
    assert post(content, checking, accounts=answers).status_code == 201
    assert (amounts_in(checking), amounts_in(savings)) == (OUT, IN)


def test_a_german_table_with_two_ibans_assigns_lines_to_their_account(post, own):
    content = (
        b"IBAN Auftragskonto;Buchungstag;Name Zahlungsbeteiligter;IBAN Zahlungsbeteiligter;"
        b"Verwendungszweck;Betrag;Waehrung\n"
        b"DE89370400440532013000;13.03.2026;Anna Lang;DE02120300000000202051;Miete;-10,00;EUR\n"
        b"DE89370400440532013000;14.03.2026;Otto Kern;DE02120300000000202052;Brot;-20,00;EUR\n"
        b"DE75512108001245126199;15.03.2026;Bank;DE02120300000000202053;Zinsen;5,00;EUR\n"
    )
    giro = own("Giro", "3000")
    answer = post(content, giro)
    assert (answer.status_code, answer.json()["parts"]) == (201, ["…3000"])
    assert amounts_in(giro) == OUT
    assert "DE7551" not in answer.content.decode()


def test_a_large_file_is_routed_and_waits_for_the_worker(post, own, settings):
    settings.IMPORT_INLINE_BYTES = 0
    checking, savings = own("Everyday"), own("Rainy days")
    answers = {"Checking 1111": checking.pk, "Savings 2222": savings.pk}
    answer = post(FILES["csv"], checking, accounts=answers)
    assert answer.status_code == 202
    for batch in ImportBatch.objects.order_by("pk"):
        confirm_import(batch.pk)
    assert (amounts_in(checking), amounts_in(savings)) == (OUT, IN)


@pytest.mark.slow
@pytest.mark.parametrize("last_four", ["", "7777"])
def test_accounts_of_one_name_are_told_apart_in_our_own_export(post, alice, bob, own, last_four):
    """Both were one part, so one account silently took the other's lines."""
    cards = [own("Card", last_four), own("CARD", last_four), own("Card (2)", last_four)]
    dollars = own("Card", last_four, currency="USD")
    for place, account in enumerate([*cards, dollars], start=1):
        make_transaction(account=account, amount=f"-{place}.00", description=f"Shop {place}")
    content = "".join(csv_lines(Transaction.objects.order_by("pk"), alice)).encode()
    for account in [*cards, dollars]:
        before = amounts_in(account)
        receipt = post(content, account).json()
        assert (receipt["counts"]["read"], receipt["counts"]["added"]) == (1, 0)
        assert amounts_in(account) == before
    likely = post(content, cards[0], accounts={}).json()
    assert likely["errors"][0]["code"] == "accounts_needed"


def test_a_file_of_one_other_account_is_not_called_one_of_several(post, alice, own, client_for):
    here, there = own("Everyday"), own("Rainy day")
    make_transaction(account=there, amount="-5.00")
    content = "".join(csv_lines(Transaction.objects.all(), alice)).encode()
    asked = post(content, here).json()
    sentence = "This file is from “Rainy day”. Choose the account it belongs to."
    assert [error["detail"] for error in asked["errors"]] == [sentence]
    page = client_for(alice).get(f"/transactions/import/{asked['import_id']}/accounts/")
    assert b"may be from another account" in page.content
    assert b"several accounts" not in page.content


def test_number_and_currency_alone_are_no_name(post, own):
    """German banks write the currency behind the account's number."""
    plain = own("Everyday")
    content = FILES["mt940"].replace(b"0000001111", b"0000001111EUR")
    content = content.replace(b"4400001111\n", b"4400001111EUR\n")
    first, second = post(content, plain).json()["parts"]
    assert (first["name"], first["last4"]) == ("", "1111")
    answers = {first["part"]: "new", second["part"]: "skip"}
    assert post(content, plain, accounts=answers).status_code == 201
    assert Account.objects.latest("pk").name == "Account 1111"
