"""A person's rules: valid values, order and access."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from tests.builders import make_transaction
from transactions.models import Category, CategoryChange, CategoryRule, Transaction
from transactions.services import rule_editing
from transactions.services.posting import post_transaction
from users.models import AuditEvent


def category(slug):
    return Category.objects.get(user=None, slug=slug)


def make_rule(user, slug="streaming", **fields):
    return rule_editing.create_rule(
        actor=user, user=user, category=category(slug), **({"keyword_pattern": "netflix"} | fields)
    )


def refused(**fields):
    with pytest.raises(ValidationError) as caught:
        make_rule(**fields)
    assert not CategoryRule.objects.exists()
    return caught.value.message_dict


def test_rule_text_is_trimmed_and_stored(alice):
    rule = make_rule(alice, keyword_pattern="  netflix   com ")
    assert (rule.keyword_pattern, rule.priority, rule.is_active) == ("netflix com", 100, True)
    assert AuditEvent.objects.get(action="transactions.rule.created").target_id == rule.pk


def test_invalid_pattern_shows_the_compilers_message_at_its_field(alice):
    errors = refused(user=alice, keyword_pattern="", merchant_pattern="(unclosed")
    assert errors == {"merchant_pattern": ["This pattern isn't valid: missing ): (unclosed."]}


def test_pattern_with_a_large_automaton_is_rejected(alice):
    errors = refused(user=alice, keyword_pattern="", merchant_pattern=r"(\pL{1,10}){1,10}x")
    assert list(errors) == ["merchant_pattern"]


def test_patterns_too_large_together_are_rejected_at_the_last_one(alice, monkeypatch):
    monkeypatch.setattr("transactions.rules.rule_book.RULE_BOOK_PROGRAM", 40)
    make_rule(alice, merchant_pattern="netflix.*com")
    with pytest.raises(ValidationError) as caught:
        make_rule(alice, merchant_pattern="spotify.*com.*sweden")
    assert list(caught.value.message_dict) == ["merchant_pattern"]
    assert CategoryRule.objects.count() == 1


def test_rule_requires_a_pattern(alice):
    assert refused(user=alice, keyword_pattern=" ") == {
        "__all__": ["Enter words or a pattern to look for."]
    }


def test_amounts_are_in_order_and_not_negative(alice):
    errors = refused(user=alice, amount_min=Decimal(5), amount_max=Decimal(4))
    assert errors == {"__all__": ["The maximum amount is below the minimum."]}
    errors = refused(user=alice, amount_min=Decimal(-5))
    assert errors == {"amount_min": ["Enter amounts without a minus. Rules ignore the sign."]}


def test_category_and_account_must_be_the_users_own(alice, bob, bobs_account):
    bobs = Category.objects.create(user=bob, slug="bobs", name="Bob's", kind="expense")
    with pytest.raises(ValidationError) as caught:
        rule_editing.create_rule(actor=alice, user=alice, category=bobs, keyword_pattern="x")
    assert list(caught.value.message_dict) == ["category"]
    assert list(refused(user=alice, account=bobs_account)) == ["account"]


def test_number_of_rules_is_limited(alice, monkeypatch):
    monkeypatch.setattr(rule_editing, "MOST_RULES", 1)
    make_rule(alice)
    with pytest.raises(ValidationError, match="at most 1 rules"):
        make_rule(alice)


def test_edit_is_validated_and_audited_unless_nothing_changed(alice):
    rule = make_rule(alice)
    with pytest.raises(ValidationError):
        rule_editing.edit_rule(actor=alice, rule=rule, merchant_pattern="[")
    rule.refresh_from_db()
    assert rule.merchant_pattern == ""
    rule_editing.edit_rule(actor=alice, rule=rule, priority=100)
    assert not AuditEvent.objects.filter(action="transactions.rule.edited").exists()
    rule_editing.edit_rule(actor=alice, rule=rule, priority=7)
    event = AuditEvent.objects.get(action="transactions.rule.edited")
    assert event.changes == {"before": {"priority": 100}, "after": {"priority": 7}}


def test_deleted_rule_remains_only_in_the_history(alice, checking):
    rule = make_rule(alice)
    row = post_transaction(
        actor=alice,
        account=checking,
        signed_amount=Decimal("-9.99"),
        txn_date=timezone.now().date(),
        description="NETFLIX.COM",
    )
    assert (row.category.slug, row.category_source) == ("streaming", "rule")
    rule_editing.delete_rule(actor=alice, rule=rule, at=timezone.now())
    assert not CategoryRule.objects.visible_to(alice).exists()
    change = CategoryChange.objects.get(transaction=row)
    assert (change.by, change.rule.title, change.from_category) == ("rule", "“netflix”", None)
    with pytest.raises(ValidationError, match="deleted"):
        rule_editing.edit_rule(actor=alice, rule=rule, priority=1)


def test_moving_a_rule_up_puts_it_before_the_previous_one(alice):
    first, second, third = (make_rule(alice, keyword_pattern=word) for word in ("a", "b", "c"))
    rule_editing.move_rule(actor=alice, rule=third, steps=-1)
    order = CategoryRule.objects.visible_to(alice).in_order()
    assert list(order.values_list("pk", "priority")) == [
        (first.pk, 10),
        (third.pk, 20),
        (second.pk, 30),
    ]
    rule_editing.move_rule(actor=alice, rule=first, steps=-5)
    assert [rule.pk for rule in order.all()] == [first.pk, third.pk, second.pk]


# --- Entry ---------------------------------------------------------------------------------------


def entered(account, description, **fields):
    return post_transaction(
        actor=account.user,
        account=account,
        signed_amount=Decimal("-9.99"),
        txn_date=timezone.now().date(),
        description=description,
        **fields,
    )


def test_uncategorized_entry_gets_a_category_from_rules_or_the_built_in_map(alice, checking):
    make_rule(alice, "pets", keyword_pattern="tesco")
    ruled, known, unknown = (entered(checking, text) for text in ("Tesco", "LIDL 12", "Zxq"))
    assert [(row.category and row.category.slug, row.category_source) for row in (
        ruled, known, unknown
    )] == [("pets", "rule"), ("groceries", "import"), (None, "none")]  # fmt: skip
    changes = CategoryChange.objects.order_by("transaction_id")
    assert [(change.transaction_id, change.by) for change in changes] == [
        (ruled.pk, "rule"),
        (known.pk, "import"),
    ]


def test_chosen_category_of_an_entry_is_kept(alice, checking):
    make_rule(alice, "pets", keyword_pattern="tesco")
    row = entered(checking, "Tesco", category=category("groceries"))
    assert (row.category.slug, row.category_source) == ("groceries", "manual")
    assert not CategoryChange.objects.exists()


def test_rules_of_the_account_owner_apply_not_the_actors(alice, bob, checking):
    make_rule(bob, "pets", keyword_pattern="zxq")
    row = post_transaction(
        actor=bob,
        account=checking,
        signed_amount=Decimal("-1.00"),
        txn_date=timezone.now().date(),
        description="Zxq",
    )
    assert row.category is None


def test_entry_can_explicitly_have_no_category(alice, checking):
    assert make_transaction(account=checking, description="LIDL").category is None
    assert Transaction.objects.get().category_source == "none"
