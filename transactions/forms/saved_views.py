"""The entries of a saved view."""

from django import forms
from django.utils.translation import gettext_lazy as _

from banking.kernel.forms import Form


class SavedViewForm(Form):
    """Its name; the filters come from the list's address."""

    name = forms.CharField(label=_("Name"), max_length=60)
