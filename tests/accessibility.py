"""axe-core in a browser test: what it finds wrong with a page's accessibility."""

from functools import cache

from playwright.sync_api import Page

from banking.launcher.install import AXE, install_node_packages

# A page in the dark has the same structure and other colors.
_DARK = {"runOnly": ["color-contrast"]}
# Colors fade into the others: Django's links take a sixth of a second.
_SETTLED = "() => Promise.all(document.getAnimations().map(fade => fade.finished))"


@cache
def _axe() -> str:
    install_node_packages(AXE)
    return (AXE / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe-core finds on this page, in the light and, for the colors, in the dark.

    Each as "rule: what is wrong, at the element": all rules but the experimental ones, which is
    WCAG 2.2 AA and axe's own good practice.
    """
    page.evaluate(_axe())
    found = []
    for scheme, options in (("light", {}), ("dark", _DARK)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(_SETTLED)
        for rule in page.evaluate("options => axe.run(document, options)", options)["violations"]:
            found += [_words(scheme, rule, node) for node in rule["nodes"]]
    page.emulate_media(color_scheme="light")
    return found


def _words(scheme: str, rule: dict, node: dict) -> str:
    at = " ".join(str(part) for part in node["target"])
    return f"{rule['id']} ({scheme}): {rule['help']}, at {at}: {node['html'][:120]}"
