"""Words and addresses that are looked up once are those that Django's own tags give."""

import pytest
from django.conf import settings
from django.template import Context, Engine, engines
from django.urls import NoReverseMatch
from django.utils import translation

pytestmark = pytest.mark.once
TEMPLATES = [
    '{% translate "Save" %}',
    '{% translate "Save & <b>close</b>, 100%" %}',
    '{% translate "Save" as word %}[{{ word }}]{{ word|length }}',
    '{% translate "<You>" as word %}{{ word }}{% autoescape off %}{{ word }}{% endautoescape %}',
    '{% translate "Save"|upper %}{% translate name %}{% translate "May" context "month" %}',
    "{% url 'insights:home' %}{% url 'accounts:account_list' as list_url %}{{ list_url }}?a=1",
    "{% url 'transactions:transaction_detail' 7 %}{% url 'accounts:account_list' %}",
    "{% url 'nowhere' as missing %}[{{ missing }}]",
    "{% blocktranslate %}Hello, {{ name }}{% endblocktranslate %}",
    '{% language "de" %}{% translate "Save" %}{% endlanguage %}{% translate "Save" %}',
]
DJANGO = Engine(libraries={"i18n": "django.templatetags.i18n"})


@pytest.mark.slow
@pytest.mark.parametrize("source", TEMPLATES)
def test_they_say_what_djangos_tags_say_in_every_language(source):
    ours = engines["django"].engine.from_string("{% load i18n %}" + source)
    theirs = DJANGO.from_string("{% load i18n %}" + source)
    languages = [code for code, _name in settings.LANGUAGES]
    for language in [*languages, *languages, "de", None]:
        with translation.override(language):
            said = [one.render(Context({"name": "Cancel"})) for one in (ours, theirs, ours)]
            assert said[0] == said[1] == said[2]


def test_a_missing_page_is_an_error():
    ours = engines["django"].engine.from_string("{% url 'nowhere' %}")
    for _ in range(2):
        with pytest.raises(NoReverseMatch):
            ours.render(Context())


def test_another_set_of_addresses_has_its_own(settings):
    ours = engines["django"].engine.from_string("{% url 'insights:home' as page %}[{{ page }}]")
    assert ours.render(Context()) == "[/]"
    settings.ROOT_URLCONF = "users.urls"
    assert ours.render(Context()) == "[]"
