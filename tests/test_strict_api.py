"""The API accepts only what its schema lists, for every URL and method.

New URLs are covered automatically: through the view's base class, the serializers of its bodies,
and one request with an unknown name.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve, reverse
from rest_framework import serializers

from banking.kernel.api import AmountSerializerField
from banking.kernel.api_input import ApiView, Input, StrictInput, accepted_parameters
from banking.schema import OneSchema
from tests.builders import make_account, make_user, step_up
from tests.contracts import APPS
from tests.routes import OBJECTS
from tests.world import everything, things_of
from users.management.commands.list_urls import Url, all_urls

pytestmark = [pytest.mark.django_db, pytest.mark.once]
# Endpoints with external formats: the schema view and signed calls from providers.
NOT_OURS = {"schema", "webhooks-twilio", "api_plaid_webhook"}
API = [url for url in all_urls() if url.pattern.startswith("/api/") and url.name not in NOT_OURS]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return OneSchema().get_schema()


def view_of(url: Url) -> Any:
    return resolve(re.sub(r"<\w+:\w+>", "1", url.pattern)).func.cls


def inputs() -> Iterator[type[serializers.Serializer]]:
    for app in APPS:
        if find_spec(f"{app}.api") is None:
            continue
        package = importlib.import_module(f"{app}.api")
        for found in pkgutil.walk_packages(package.__path__, f"{app}.api."):
            module = importlib.import_module(found.name)
            for name, one in vars(module).items():
                is_own = inspect.isclass(one) and one.__module__ == found.name
                if is_own and issubclass(one, serializers.Serializer) and name.endswith("In"):
                    yield one


def test_every_view_rejects_unknown_parameters():
    lenient = {url.name for url in API if not issubclass(view_of(url), StrictInput)}
    assert lenient == set(), "Derive it from banking.kernel.api_input.ApiView or GenericApiView."
    assert not {url.name for url in API if not view_of(url).is_strict}
    assert len(API) > 80


def test_every_body_rejects_unknown_fields_at_any_depth():
    found = list(inputs())
    assert len(found) > 30
    for serializer in found:
        sentence = f"Derive {serializer.__name__} from banking.kernel.api_input.Input."
        assert issubclass(serializer, Input), sentence
        for field in (
            serializer(context={"request": None}).fields.values()
            if not _needs_user(serializer)
            else ()
        ):
            child = getattr(field, "child", field)
            if isinstance(child, serializers.Serializer):
                assert isinstance(child, Input), (serializer, child)


def _needs_user(one: type) -> bool:
    return "get_fields" in vars(one)


def test_schema_lists_exactly_the_accepted_parameters(schema):
    documented = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            query = [
                parameter["name"]
                for parameter in operation.get("parameters", [])
                if parameter["in"] == "query"
            ]
            documented[path, method.upper()] = set(query)
    walked = 0
    for url in API:
        path = re.sub(r"<\w+:(\w+)>", r"{\1}", url.pattern).replace("{pk}", "{id}")
        for method in url.methods:
            taken = accepted_parameters(view_of(url)(), method)
            assert set(taken) == documented[path, method], (url.name, method)
            walked += 1
    assert walked > 130


def outputs(base: type = serializers.ModelSerializer) -> Iterator[Any]:
    for one in base.__subclasses__():
        yield from outputs(one)
        if hasattr(one, "Meta") and one.__module__.split(".")[0] in APPS:
            yield one


def may_be_empty(model: Any, source: str) -> bool:
    """Whether a column on the way of `source` is nullable."""
    columns = {field.name: field for field in model._meta.concrete_fields}
    name, _, rest = source.partition(".")
    column = columns.get(name)
    if column is None:
        return False
    return column.null or bool(rest and may_be_empty(column.related_model, rest))


def test_what_a_column_may_lack_the_schema_lets_be_null():
    seen, faults = 0, []
    for serializer in outputs():
        for name, field in serializer._declared_fields.items():
            if not isinstance(field, serializers.SerializerMethodField) and field.read_only:
                seen += 1
                empty = may_be_empty(serializer.Meta.model, field.source or name)
                if empty and not field.allow_null and field.default is serializers.empty:
                    faults.append((serializer.__name__, name))
    assert seen > 30
    assert faults == []


def args_of(url: Url, things: dict[str, Any]) -> dict[str, int]:
    on = OBJECTS.get(url.name)
    kinds = {"pk": on.thing, **on.args} if on else {}
    if url.name.startswith("api_admin_user"):
        kinds = {"pk": "owner"}
    names = re.findall(r"<\w+:(\w+)>", url.pattern)
    return {name: things[kinds[name]].pk if name in kinds else 1 for name in names}


@pytest.mark.slow
def test_an_unknown_parameter_returns_400_everywhere_and_changes_nothing():
    owner, admin = make_user(), make_user("root@example.com", role="admin")
    things = things_of(owner) | {"owner": owner}
    client, staff = Client(), Client()
    for caller, user in ((client, owner), (staff, admin)):
        caller.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        step_up(caller, user)
    before = everything()
    for url in API:
        asker = staff if url.name.startswith("api_admin_") else client
        address = reverse(url.name, kwargs=args_of(url, things))
        for method in url.methods:
            answer = asker.generic(method, f"{address}?categry=groceries")
            assert_names(answer, "unknown_parameter", "categry", (url.name, method))
            if method == "GET":
                continue
            form = {"file": "x"} if takes_a_file(url) and method == "POST" else None
            if form:
                answer = asker.post(address, form | {"amount_paid": "1"})
            else:
                body = '{"amount_paid": "1"}'
                answer = asker.generic(method, address, body, content_type="application/json")
            assert_names(answer, "unknown_field", "amount_paid", (url.name, method))
    assert everything() == before


def takes_a_file(url: Url) -> bool:
    return url.name in ("api_transaction_import", "api_attachment_list")


def assert_names(answer: Any, code: str, attr: str, asked: Any) -> None:
    assert answer.status_code == 400, (asked, answer.content)
    body = answer.json()
    assert body["type"] == "validation_error", asked
    found = [error for error in body["errors"] if error["code"] == code]
    assert [error["attr"] for error in found] == [attr], (asked, body)
    assert "allowed" in found[0]["detail"] or "takes no" in found[0]["detail"], asked


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/transactions?limit=5", "limit"),
        ("/api/transactions?Category=food", "Category"),
        ("/api/bills?auto_pay=true", "auto_pay"),
        ("/api/accounts?type=savings", "type"),
        ("/api/alerts?unread=true", "unread"),
        ("/api/users/me?verbose=1", "verbose"),
        ("/api/insights/net-worth?from=2026-01-01", "from"),
        ("/api/insights/burn-rate?period=quarter", "period"),
        ("/api/dashboard/overview?currency=EUR", "currency"),
        ("/api/transactions?%00x=1&%20=2", " "),
    ],
)
def test_unknown_parameter_error_lists_the_valid_ones(path, name):
    client = Client()
    client.force_login(make_user(), backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get(path)
    if "%00" in path:
        assert answer.status_code == 400
        return
    assert_names(answer, "unknown_parameter", name, path)


def test_a_repeated_parameter_is_rejected():
    client = Client()
    client.force_login(make_user(), backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get("/api/transactions?status=posted&status=pending")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "repeated_parameter"


class NestedIn(Input):
    amount = serializers.CharField()


class OuterIn(Input):
    parts = NestedIn(many=True)
    read_me = serializers.CharField(read_only=True)


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"parts": [{"amount": "1"}, {"amount": "1", "amout": "2"}]}, {1: {"amout"}}),
        ({"parts": [{"amout": "2"}]}, {0: {"amount", "amout"}}),
        ({"parts": [], "read_me": "x"}, {"read_me"}),
        ({"parts": [], "a\ud800b": 1}, {"a?b"}),
        ({"parts": [], **{f"x{number}": 1 for number in range(500)}}, 20),
        ({"parts": [], "x" * 5000: 1}, {"x" * 100}),
    ],
)
def test_nested_objects_and_unusual_names(data, errors):
    asked = OuterIn(data=data)
    assert not asked.is_valid()
    if isinstance(errors, dict):
        assert {at: set(one) for at, one in asked.errors["parts"].items()} == errors
    elif isinstance(errors, int):
        assert len(asked.errors) == errors
    else:
        assert set(asked.errors) == errors


class DayIn(Input):
    day = serializers.DateField()


@pytest.mark.parametrize("text", ["20260331", "2026-W14-2", "2026-3-31", "2026-02-30", "", " "])
def test_a_day_in_a_body_is_written_like_in_the_schema(text):
    assert DayIn(data={"day": "2026-03-31"}).is_valid()
    asked = DayIn(data={"day": text})
    assert not asked.is_valid()
    assert asked.errors == {"day": ["Send a date such as 2026-03-31."]}


def test_both_kinds_of_view_share_one_base():
    assert issubclass(ApiView, StrictInput)


@pytest.mark.parametrize(
    ("path", "name", "right", "wrong"),
    [
        ("/api/bills", "due_from", ["2026-03-31"], ["03/31/2026", "2026-3-31", "20260331"]),
        ("/api/bills", "account", ["1"], ["0", "-1", "1.0", "9223372036854775808"]),
        ("/api/imports", "account", ["1", "999999"], ["0", "x"]),
        ("/api/review", "account", ["1", "999999"], ["0", "x"]),
        ("/api/budgets", "month", ["12"], ["0", "13", "1.5"]),
        ("/api/accounts", "is_active", ["true", "false"], ["yes", "2"]),
        ("/api/accounts", "currency", ["EUR"], ["XXX", "EU"]),
        ("/api/transactions", "ordering", ["-amount,txn_date"], ["balance", "amount;id"]),
        ("/api/transactions", "search", ["x" * 200], ["x" * 201]),
        ("/api/insights/cash-flow", "month", ["2025-12"], ["2025-13", "2025-1", "1949-12"]),
        ("/api/insights/cash-flow", "date_from", ["2020-12-01"], ["20201201", "2020-W49-2"]),
        ("/api/insights/merchants", "limit", ["1", "100"], ["0", "101"]),
        ("/api/insights/yearly", "year", ["1951", "2100"], ["1950", "2101"]),
        ("/api/currency/rates", "on", ["2026-03-31"], ["20260331", "31.3.2026"]),
        ("/api/transactions", "page_size", ["0", "200", "201", "-5"], ["x", "1_0", "٣", "1.5"]),
    ],
)
def test_a_parameter_is_bounded_in_the_schema_as_it_is_read(schema, path, name, right, wrong):
    asked = schema["paths"][path]["get"]["parameters"]
    [parameter_schema] = [parameter["schema"] for parameter in asked if parameter["name"] == name]
    client = Client()
    client.force_login(make_user(), backend="django.contrib.auth.backends.ModelBackend")
    for texts, status in ((right, 200), (wrong, 400)):
        for text in texts:
            answer = client.get(path, {name: text})
            assert answer.status_code == status, (text, answer.content)
            if status == 400:
                assert [error["attr"] for error in answer.json()["errors"]] == [name]

    is_bounded = bool(set(parameter_schema) - {"type", "default"})
    assert is_bounded == (parameter_schema["type"] != "boolean" and name != "page_size")


def test_bodies_are_closed_in_the_schema(schema):
    found = {
        name: one.get("additionalProperties")
        for name, one in schema["components"]["schemas"].items()
        if name.endswith("Request") and one.get("type") == "object"
    }
    assert set(found.values()) == {False}
    assert len(found) > 40


AMOUNTS = ["0", "0.00", "0.0001", "0.00001", "1", "12.50", "9" * 12, "9" * 13, "-1", "-0.5"]
AMOUNTS += ["1.2345", "1.23456", ".5", "5.", "1,000", "1e3", "+1", " 1", "", "x", "٣", "0.0010"]


@pytest.mark.parametrize("options", [{}, {"signed": False}, {"positive": True}])
def test_an_amount_is_bounded_in_the_schema_as_it_is_read(options):
    field = AmountSerializerField(**options)
    described = field._spectacular_annotation["field"]
    for text in AMOUNTS:
        try:
            field.run_validation(text)
        except serializers.ValidationError:
            is_read = False
        else:
            is_read = True
        assert bool(re.search(described["pattern"], text, re.ASCII)) == is_read, text


@pytest.mark.parametrize(
    ("body", "name", "right", "wrong"),
    [
        ("ProfileInRequest", "phone", ["+49 30 901820", "030/901820"], ["abc", "1"]),
        ("ProfileInRequest", "base_currency", ["EUR", "eur"], ["EURO", "E1R"]),
        ("PdfExportInRequest", "period", ["2025", "2025-Q4", "last_month"], ["2025-13", "25"]),
        ("PdfExportInRequest", "month", ["2025-12"], ["2025-00", "0000-00"]),
        ("AccountInRequest", "name", ["x", " x "], [" ", "\t"]),
    ],
)
def test_a_text_is_bounded_in_the_schema_as_it_is_read(schema, body, name, right, wrong):
    described = schema["components"]["schemas"][body]["properties"][name]
    pattern = described.get("pattern") or described["oneOf"][0]["pattern"]
    assert [bool(re.search(pattern, text)) for text in right] == [True] * len(right)
    assert [bool(re.search(pattern, text)) for text in wrong] == [False] * len(wrong)


def test_ids_and_filters_in_bodies_are_bounded_in_the_schema(schema):
    shapes = schema["components"]["schemas"]
    an_id = {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**63 - 1}
    found = [
        {name: described[name] for name in an_id}
        for shape in (
            shapes["TransferInRequest"],
            shapes["BillInRequest"],
            shapes["InviteInRequest"],
        )
        for field, described in shape["properties"].items()
        if field in ("source", "target", "account")
    ]
    assert found == [an_id] * 4
    filters = shapes["CsvExportRequest"]
    assert filters["additionalProperties"] is False
    assert {"date_from", "amount_min", "format", "account"} <= set(filters["properties"])


def test_a_rule_beyond_the_schema_refuses_with_a_code_of_its_own():
    client = Client()
    alice = make_user()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    account = make_account(user=alice).pk
    for path, body, attr in (
        ("/api/transfers", {"source": account, "target": account, "amount": "1"}, "target"),
        ("/api/alerts/backtest", {"type": "bill_due", "threshold": "1"}, "threshold"),
        ("/api/budgets", {"category": "salary", "limit_amount": "1"}, "category"),
        ("/api/categories/rules", {"category": "rent"}, None),
        ("/api/export/pdf", {}, "account"),
        ("/api/export/pdf", {"account": account, "date_from": "1999-01-01"}, "date_from"),
    ):
        answer = client.post(path, body, content_type="application/json")
        assert answer.status_code == 400, answer.json()
        [error] = answer.json()["errors"]
        assert error["code"] == "refused", (path, error)
        assert attr is None or error["attr"] == attr


@pytest.mark.parametrize(
    "query", ["month=2026-01&date_from=null", "month=2026-01&date_to=1.1.2026"]
)
def test_a_value_that_another_outweighs_is_read_as_well(query):
    client = Client()
    client.force_login(make_user(), backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get(f"/api/insights/cash-flow?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == query.partition("&")[2].partition("=")[0]
