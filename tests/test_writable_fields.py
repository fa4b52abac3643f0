"""Every field of every form and command, read from the classes.

tests/test_commands.py sends forbidden fields. These tests ensure that no class declares one by
mistake, and that every field that references an object is tested with another person's.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest
from django import forms
from rest_framework import serializers
from rest_framework.relations import RelatedField

from tests.contracts import APPS
from tests.test_commands import REFERRING

pytestmark = pytest.mark.once
FORBIDDEN = {
    *("id", "pk", "user", "user_id", "owner", "actor", "member", "role", "is_staff"),
    *("is_superuser", "groups", "user_permissions", "session_version", "kyc_status", "balance"),
    *("created_at", "updated_at", "deleted_at", "archived_at", "paid_at"),
    *("fingerprint", "hash", "origin"),
}
# Fields that may be written anyway, with the reason why that is safe.
ALLOWED = {
    ("AccountOpenIn", "balance"): "what a new account opens with",
    ("AccountChoiceIn", "id"): "which account of one's own bank is meant",
    ("PersonIn", "role"): "admins make people (Ability.MANAGE_USERS)",
    ("PersonChangeIn", "role"): "admins, and never their own",
    ("PersonChangeIn", "kyc_status"): "admins, with a reason, and never their own",
    ("MappingForm", "balance"): "which column of a file tells it",
    ("NewUserForm", "role"): "the staff site: admins make people",
    ("UserForm", "role"): "the staff site: admins, and never their own",
}
# References to things that are not anyone's rows, and how to recognize them.
OF_NOBODY = {"filter", "mapping"}


def written_classes() -> Iterator[type]:
    """Every `…In` serializer and every form of ours."""
    for app in APPS:
        package = importlib.import_module(app)
        for found in pkgutil.walk_packages(package.__path__, f"{app}."):
            if {"tests", "migrations", "management"} & set(found.name.split(".")):
                continue
            module = importlib.import_module(found.name)
            for name, one in vars(module).items():
                if inspect.isclass(one) and one.__module__ == found.name:
                    is_command = issubclass(one, serializers.Serializer) and name.endswith("In")
                    if is_command or issubclass(one, forms.BaseForm):
                        yield one


def entries(one: type) -> dict[str, object]:
    declared = getattr(one, "_declared_fields", None) or {}
    return {
        name: field
        for name, field in {**declared, **getattr(one, "base_fields", {})}.items()
        if not getattr(field, "read_only", False)
    }


def test_no_form_or_command_accepts_forbidden_fields():
    found = {
        (serializer.__name__, name)
        for serializer in written_classes()
        for name in FORBIDDEN & set(entries(serializer))
    }
    assert len(list(written_classes())) > 50
    assert found == set(ALLOWED)


def test_every_field_that_references_an_object_is_tested_with_someone_elses():
    kinds = (RelatedField, serializers.ManyRelatedField, forms.ModelChoiceField)
    naming = {
        name
        for serializer in written_classes()
        for name, field in entries(serializer).items()
        if isinstance(field, kinds) or name in ("account", "category", "transaction", "ids")
    }
    assert naming - OF_NOBODY <= REFERRING
