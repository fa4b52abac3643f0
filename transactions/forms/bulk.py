"""The bulk action form of the transactions list."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from banking.kernel.forms import Form
from transactions.forms.choosing import CategorySelect, category_choices
from transactions.forms.entering import TagsField
from transactions.known_categories import categories_of
from transactions.models import Category
from transactions.predefined import UNCATEGORIZED
from users.models import User


class BulkForm(Form):
    """One action on the selected rows. The pressed button (`do`) determines which field applies."""

    do = forms.ChoiceField(
        choices=[(name, name) for name in ("category", "tag", "untag", "notes", "delete")]
    )
    category = forms.ChoiceField(label=_("Category"), required=False, widget=CategorySelect)
    tags = TagsField(help_text="")
    notes = forms.CharField(
        label=_("Notes"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="bulk_%s", **kwargs)
        self.user = user
        choices = category_choices(categories_of(user.pk), _("Choose a category"), with_none=True)
        self.fields["category"].choices = choices
        for field in self.fields.values():
            field.widget.attrs["form"] = "bulk"

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        does = data.get("do")
        if does == "category" and not data.get("category"):
            raise ValidationError({"category": _("Choose a category first.")})
        if does in ("tag", "untag") and not data.get("tags"):
            raise ValidationError({"tags": _("Enter a tag first.")})
        return data

    def changes(self) -> dict[str, Any]:
        """The values as `bulk_edit` expects them."""
        data = self.cleaned_data
        if data["do"] == "tag":
            return {"add_tags": data["tags"]}
        if data["do"] == "untag":
            return {"remove_tags": data["tags"]}
        if data["do"] == "notes":
            return {"notes": data["notes"]}
        if data["category"] == UNCATEGORIZED:
            return {"category": None}
        found = Category.objects.of_owner(self.user.pk).filter(slug=data["category"])
        return {"category": found.order_by("user").last()}
