"""A person's own categorization rules."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from banking.kernel.fields import AmountField
from banking.kernel.trash import Trashable
from transactions.models.categories import Category
from users.models import User


class CategoryRuleQuerySet(models.QuerySet["CategoryRule"]):
    def visible_to(self, user: User) -> "CategoryRuleQuerySet":
        """Only the owner can see their rules."""
        return self.filter(user=user, deleted_at=None)

    def in_force(self) -> "CategoryRuleQuerySet":
        """Active rules whose category still exists."""
        return self.filter(is_active=True, deleted_at=None, category__deleted_at=None)

    def in_order(self) -> "CategoryRuleQuerySet":
        """The order of precedence: priority 1 before 2; on ties the older rule first."""
        return self.order_by("priority", "id")


class CategoryRule(Trashable):
    """Assigns a category if all its conditions match; at least one of the two patterns is set.

    `keyword_pattern` is plain text to find in the description. `merchant_pattern` is a regular
    expression (RE2) to find in the merchant or description. Amount limits compare the positive
    amount. A deleted rule is kept for the history that refers to it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="category_rules"
    )
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="rules")
    keyword_pattern = models.CharField(_("words in the description"), max_length=200, blank=True)
    merchant_pattern = models.CharField(_("pattern"), max_length=200, blank=True)
    priority = models.PositiveIntegerField(_("priority"), default=100)
    is_active = models.BooleanField(_("active"), default=True)
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, blank=True, related_name="category_rules"
    )
    amount_min = AmountField(_("amount from"), null=True, blank=True)
    amount_max = AmountField(_("amount to"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CategoryRuleQuerySet.as_manager()

    class Meta:
        verbose_name = "rule"
        ordering = ["priority", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(keyword_pattern="") | ~Q(merchant_pattern=""),
                name="category_rule_has_a_text",
                violation_error_message=_("Enter words or a pattern to look for."),
            ),
            models.CheckConstraint(
                condition=Q(amount_min=None)
                | Q(amount_max=None)
                | Q(amount_max__gte=F("amount_min")),
                name="category_rule_amounts_in_order",
                violation_error_message=_("The maximum amount is below the minimum."),
            ),
        ]
        indexes = [models.Index(fields=["user", "priority", "id"], name="category_rule_order")]

    def __str__(self) -> str:
        return f"{self.title} → {self.category_id}"

    @property
    def title(self) -> str:
        """The rule's pattern, as lists and histories show it."""
        texts = [f"“{self.keyword_pattern}”" if self.keyword_pattern else "", self.merchant_pattern]
        return " and ".join(text for text in texts if text)
