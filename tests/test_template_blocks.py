"""A block that no template above has is dropped without a word."""

import re

import pytest
from django.conf import settings
from django.template import Context
from django.template.base import Template
from django.template.loader import get_template
from django.template.loader_tags import BlockNode, ExtendsNode

TEMPLATES = settings.BASE_DIR / "templates"
PAGES = [
    str(path.relative_to(TEMPLATES))
    for path in sorted(TEMPLATES.rglob("*.html"))
    if "{% extends" in path.read_text(encoding="utf-8")
]


BLOCK = re.compile(r"{% block ([\w-]+)")


@pytest.mark.once
@pytest.mark.parametrize("name", PAGES)
def test_each_block_of_a_template_has_a_place_above(name):
    template = get_template(name).template
    context = Context()
    context.template = template
    extends = parent_node(template)
    own = {node.name for node in extends.nodelist if isinstance(node, BlockNode)}
    above: set[str] = set()
    while extends is not None:
        parent = extends.get_parent(context)
        above.update(BLOCK.findall(parent.source))
        extends = parent_node(parent)
    assert own <= above


def parent_node(template: Template) -> ExtendsNode | None:
    return next((node for node in template.nodelist if isinstance(node, ExtendsNode)), None)
