"""Clients built from the schema: a validator, a generated client, and an app that uses it."""

import compileall
import importlib
import json
import os
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.db import connection
from openapi_spec_validator import validate

from banking.launcher.install import TYPESCRIPT, install_node_packages, path_of_node
from banking.schema import OneSchema
from tests.builders import PASSWORD
from tests.live_server import granian

pytestmark = [pytest.mark.once, pytest.mark.worker]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made = OneSchema().get_schema()
    return json.loads(json.dumps(made, default=str))


@pytest.fixture(scope="module")
def client(schema, tmp_path_factory) -> Iterator[ModuleType]:
    """Generate the openapi-python-client package and import it."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "schema.json").write_text(json.dumps(schema))
    made = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate"),
            *("--path", "schema.json", "--output-path", "tally_client", "--meta", "none"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield importlib.import_module("tally_client")
    sys.path.remove(str(folder))


def test_schema_is_valid(schema):
    validate(schema)


def test_schema_describes_responses_bodies_and_downloads(schema):
    for name, shape in schema["components"]["schemas"].items():
        if name.endswith("Out") and name != "OverviewOut" and "properties" in shape:
            assert set(shape["required"]) == set(shape["properties"]), name
        for field, property_schema in shape.get("properties", {}).items():
            assert not (
                property_schema.get("minLength") and property_schema.get("default") == ""
            ), (name, field)
    kinds = set()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            body = set(operation.get("requestBody", {}).get("content", {}))
            assert body <= {"application/json"} or body == {"multipart/form-data"}, (path, method)
            for answer in operation["responses"].values():
                kinds |= set(answer.get("content", {}))
    assert "*/*" not in kinds
    assert {"application/pdf", "application/zip", "text/csv", "image/png"} <= kinds
    assert "requestBody" in schema["paths"]["/api/users/me"]["delete"]


def test_every_module_of_the_generated_client_imports(client):
    assert compileall.compile_dir(client.__path__[0], quiet=1)
    names = [
        package.name for package in pkgutil.walk_packages(client.__path__, f"{client.__name__}.")
    ]
    for name in names:
        importlib.import_module(name)
    assert len(names) > 300


# What an app relies on: names, optional and required fields, and the answers' statuses. `tsc`
# fails on a line marked "@ts-expect-error" that has none.
TYPESCRIPT_APP = """
import type { components, operations, paths } from "./schema";

type Row = components["schemas"]["TransactionOut"];
type Sent = components["schemas"]["TransactionInRequest"];
type Asked = NonNullable<operations["transactions_list"]["parameters"]["query"]>;
type Page = paths["/api/transactions"]["get"]["responses"]["200"]["content"]["application/json"];

export const sent: Sent = { account: 1, amount: "1.50", description: "Tea" };
export const asked: Asked = { page_size: 200, txn_type: "expense", date_from: "2026-01-31" };
export const amounts = (page: Page): string[] => page.results.map((row: Row) => row.amount);
// @ts-expect-error an amount is a string
export const number: Sent = { account: 1, amount: 1.5, description: "Tea" };
// @ts-expect-error no such type
export const misread: Asked = { txn_type: "expence" };
"""


def test_typescript_types_are_generated_and_check(schema, tmp_path):
    install_node_packages(TYPESCRIPT)
    programs = TYPESCRIPT / "node_modules/.bin"
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    (tmp_path / "app.ts").write_text(TYPESCRIPT_APP)
    npm = shutil.which("npm") or str(Path(sys.executable).with_name("npm"))
    for command in (
        [programs / "openapi-typescript", "schema.json", "--output", "schema.ts"],
        [programs / "tsc", "--noEmit", "--strict", "app.ts", "schema.ts"],
    ):
        made = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | {"PATH": path_of_node(npm)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stdout + made.stderr
    assert "transactions_list" in (tmp_path / "schema.ts").read_text()


@pytest.fixture
def address(tmp_path, transactional_db) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with granian(tmp_path, Path(connection.settings_dict["NAME"])) as served:
        yield served


def call(client: ModuleType, operation: str, /, **arguments: Any) -> Any:
    """Call one operation, wherever the generator put it, and return the parsed response."""
    [module] = [
        package.name
        for package in pkgutil.walk_packages(client.api.__path__, f"{client.__name__}.api.")
        if package.name.rpartition(".")[2] == operation
    ]
    answer = importlib.import_module(module).sync_detailed(**arguments)
    assert answer.status_code < 300, answer.content
    return answer.parsed


def test_app_works_with_the_generated_client(client, address):
    models = importlib.import_module(f"{client.__name__}.models")
    importlib.import_module(f"{client.__name__}.api")
    nobody, today = client.Client(base_url=address), datetime.now(UTC).date()
    person = models.SignUpInRequest(name="Ada", email="ada@example.com", password=PASSWORD)
    signed_in = call(client, "auth_signup", client=nobody, body=person)
    assert signed_in.expires_in == 1800
    app = client.AuthenticatedClient(base_url=address, token=signed_in.access)

    def make(operation: str, body: Any, **more: Any) -> Any:
        return call(client, operation, client=app, body=body, **more)

    main, pot = (
        make(
            "accounts_create",
            models.AccountOpenInRequest(name=n, currency="EUR", opening_balance=b),
        )
        for n, b in (("Main", "1000.00"), ("Pot", "0"))
    )
    for number in range(5):
        row = models.TransactionInRequest(
            account=main.id, amount="1.50", description=f"Tea {number}"
        )
        made = make("transactions_create", row, idempotency_key=f"tea-{number}")
    assert (made.amount, made.signed_amount) == ("1.50", "-1.50")
    move = models.TransferInRequest(source=main.id, target=pot.id, amount="100")
    assert make("transfers_create", move, idempotency_key="move").target_amount == "100.00"
    due = models.BillInRequest(
        biller_name="Water", amount_due="20", due_date=today + timedelta(days=3), currency="EUR",
        account=main.id,
    )  # fmt: skip
    bill = make("bills_create", due)
    assert make("bills_pay", models.PayInRequest(), id=bill.id).amount_paid == "20.00"
    limit = models.BudgetInRequest(category="food", limit_amount="300", currency="EUR")
    assert make("budgets_create", limit).limit_amount == "300.00"

    seen, cursor = [], client.types.UNSET
    while cursor is not None:
        page = call(client, "transactions_list", client=app, page_size=3, cursor=cursor)
        seen += [row.id for row in page.results]
        cursor = page.next_.rpartition("cursor=")[2].partition("&")[0] if page.next_ else None
    assert len(seen) == len(set(seen)) == 8

    fresh = call(
        client,
        "auth_refresh",
        client=nobody,
        body=models.RefreshInRequest(refresh=signed_in.refresh),
    )
    app = client.AuthenticatedClient(base_url=address, token=fresh.access)
    me = call(client, "users_me", client=app)
    assert (me.email, me.email_confirmed, me.mfa_enabled) == ("ada@example.com", False, False)
    call(client, "auth_logout", client=app, body=models.SignOutInRequest(refresh=fresh.refresh))
    with pytest.raises(AssertionError, match="session_ended"):
        call(client, "users_me", client=app)
