"""The saved view form."""

from django import forms
from django.utils.translation import gettext_lazy as _

from banking.kernel.forms import Form


class SavedViewForm(Form):
    """The view's name. Its filters come from the list's URL."""

    name = forms.CharField(label=_("Name"), max_length=60)
