"""axe-core in a browser test: what it finds wrong with a page's accessibility."""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from banking.launcher.install import AXE, install_node_packages

# WCAG 2.2 AA, by name because some of its rules are off by default, and axe's own good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A page in the dark has the same structure and other colors.
COLORS = ["color-contrast"]
# Colors fade into the others: Django's links take a sixth of a second, which nobody waits for here.
# What waits for a request is paused, or turns for ever.
_CHECK = """async rules => {
  document.getAnimations()
    .filter(fade => fade.playState === "running")
    .filter(fade => fade.effect.getComputedTiming().endTime < Infinity)
    .forEach(fade => fade.finish());
  const { violations, passes } = await axe.run(
    document, { runOnly: rules, resultTypes: ["violations"] }
  );
  return { violations, passes: passes.length };
}"""


@cache
def _axe() -> str:
    install_node_packages(AXE)
    return (AXE / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def violations(page: Page, scheme: str, rules: list[str]) -> list[str]:
    """What axe-core finds on this page in the color scheme, "light" or "dark".

    Each as "rule: what is wrong, at the element".
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = page.evaluate(_CHECK, rules)
    assert found["passes"], "axe-core looked at the page."
    return [_words(scheme, rule, node) for rule in found["violations"] for node in rule["nodes"]]


def _words(scheme: str, rule: dict[str, Any], node: dict[str, Any]) -> str:
    at = " ".join(str(part) for part in node["target"])
    return f"{rule['id']} ({scheme}): {rule['help']}, at {at}: {node['html'][:120]}"
