"""Categories."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from banking.kernel.trash import Trashable
from users.models import User


class CategoryQuerySet(models.QuerySet["Category"]):
    def visible_to(self, user: User) -> "CategoryQuerySet":
        """The predefined categories and the user's own, without deleted ones."""
        return self.of_owner(user.pk)

    def of_owner(self, owner_id: int) -> "CategoryQuerySet":
        """The categories this owner's transactions may have."""
        return self.filter(Q(user=None) | Q(user=owner_id), deleted_at=None)


class Category(Trashable):
    """The purpose of a transaction. There are two levels; a parent and its children have one kind.

    `kind=transfer` excludes transactions from income and spending everywhere. A deleted category is
    kept for the history that refers to it.
    """

    class Kind(models.TextChoices):
        INCOME = "income", _("Income")
        EXPENSE = "expense", _("Expense")
        TRANSFER = "transfer", _("Transfer")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="categories",
    )
    slug = models.SlugField(max_length=60)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    icon = models.CharField(_("icon"), max_length=40, default="tag")
    color = models.CharField(_("color"), max_length=7, default="#64748b")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["kind", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["slug"], condition=Q(user=None), name="category_slug_unique_predefined"
            ),
            models.UniqueConstraint(
                fields=["user", "slug"],
                name="category_slug_unique_per_user",
                violation_error_message=_("You already have a category with this name."),
            ),
        ]

    def __str__(self) -> str:
        return self.name
