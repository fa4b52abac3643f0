"""A person's rules: what they may hold, their order, and who may touch them."""

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


def test_a_rule_is_kept_with_its_words_tidied(alice):
    rule = make_rule(alice, keyword_pattern="  netflix   com ")
    assert (rule.keyword_pattern, rule.priority, rule.is_active) == ("netflix com", 100, True)
    assert AuditEvent.objects.get(action="transactions.rule.created").target_id == rule.pk


def test_a_bad_pattern_gets_the_compilers_message_at_its_field(alice):
    errors = refused(user=alice, keyword_pattern="", merchant_pattern="(unclosed")
    assert errors == {"merchant_pattern": ["This pattern isn't valid: missing ): (unclosed."]}


def test_a_pattern_that_would_take_a_large_automaton_is_refused(alice):
    errors = refused(user=alice, keyword_pattern="", merchant_pattern=r"(\pL{1,10}){1,10}x")
    assert list(errors) == ["merchant_pattern"]


def test_patterns_too_large_together_are_refused_at_the_last_of_them(alice, monkeypatch):
    monkeypatch.setattr("transactions.rules.rule_book.RULE_BOOK_PROGRAM", 40)
    make_rule(alice, merchant_pattern="netflix.*com")
    with pytest.raises(ValidationError) as caught:
        make_rule(alice, merchant_pattern="spotify.*com.*sweden")
    assert list(caught.value.message_dict) == ["merchant_pattern"]
    assert CategoryRule.objects.count() == 1


def test_a_rule_needs_a_text(alice):
    assert refused(user=alice, keyword_pattern=" ") == {
        "__all__": ["Enter words or a pattern to look for."]
    }


def test_amounts_are_in_order_and_not_negative(alice):
    errors = refused(user=alice, amount_min=Decimal(5), amount_max=Decimal(4))
    assert errors == {"__all__": ["The maximum amount is below the minimum."]}
    errors = refused(user=alice, amount_min=Decimal(-5))
    assert errors == {"amount_min": ["Enter amounts without a minus. Rules ignore the sign."]}


def test_category_and_account_are_ones_own(alice, bob, bobs_account):
    bobs = Category.objects.create(user=bob, slug="bobs", name="Bob's", kind="expense")
    with pytest.raises(ValidationError) as caught:
        rule_editing.create_rule(actor=alice, user=alice, category=bobs, keyword_pattern="x")
    assert list(caught.value.message_dict) == ["category"]
    assert list(refused(user=alice, account=bobs_account)) == ["account"]


def test_there_is_an_end_to_rules(alice, monkeypatch):
    monkeypatch.setattr(rule_editing, "MOST_RULES", 1)
    make_rule(alice)
    with pytest.raises(ValidationError, match="at most 1 rules"):
        make_rule(alice)


def test_an_edit_is_checked_and_recorded_and_nothing_changed_records_nothing(alice):
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


def test_a_deleted_rule_is_gone_but_for_the_history_that_names_it(alice, checking):
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


def test_moving_a_rule_puts_it_before_the_one_above(alice):
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


def test_an_entry_without_a_category_gets_the_rules_or_the_built_in_maps(alice, checking):
    make_rule(alice, "pets", keyword_pattern="tesco")
    ruled, known, unknown = (entered(checking, text) for text in ("Tesco", "LIDL 12", "Zxq"))
    assert [(row.category and row.category.slug, row.category_source) for row in (
        ruled, known, unknown
    )] == [("pets", "rule"), ("groceries", "import"), (None, "none")]  # fmt: skip
    changes = CategoryChange.objects.order_by("transaction_id")
    assert [(one.transaction_id, one.by) for one in changes] == [
        (ruled.pk, "rule"),
        (known.pk, "import"),
    ]


def test_an_entry_with_a_category_keeps_it_as_chosen_by_hand(alice, checking):
    make_rule(alice, "pets", keyword_pattern="tesco")
    row = entered(checking, "Tesco", category=category("groceries"))
    assert (row.category.slug, row.category_source) == ("groceries", "manual")
    assert not CategoryChange.objects.exists()


def test_the_rules_of_the_accounts_owner_decide_not_the_actors(alice, bob, checking):
    make_rule(bob, "pets", keyword_pattern="zxq")
    row = post_transaction(
        actor=bob,
        account=checking,
        signed_amount=Decimal("-1.00"),
        txn_date=timezone.now().date(),
        description="Zxq",
    )
    assert row.category is None


def test_no_category_can_be_asked_for(alice, checking):
    assert make_transaction(account=checking, description="LIDL").category is None
    assert Transaction.objects.get().category_source == "none"
