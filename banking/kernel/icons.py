"""Icons of the lucide package: those that we name are in one file, others drawn where shown.

The package opens its archive for every icon (29 ms) and copies a tree for every drawing (0.1 ms); a
page shows a hundred. So a page refers to the icons in `static/i.svg`, which a browser loads once;
each of them names the file, so its name is short. After naming an icon in a template or module,
write that file again, or the icon is drawn on each page that shows it:

    .venv/bin/python -m banking.kernel.icons
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

from django.templatetags.static import static

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_ROOT = Path(__file__).resolve().parent.parent.parent
_FILE = "i.svg"
_SIMPLE = re.compile(r"[\w-]+")
_QUOTED = re.compile(r"""["']([a-z0-9-]+)["']""")


class NoSuchIconError(LookupError):
    """The package has no icon with this name."""


@cache
def _archive() -> ZipFile:
    return ZipFile(files("lucide").joinpath("lucide.zip").open("rb"))


@lru_cache(maxsize=4096)
def draw(name: str, size: int, attributes: tuple[tuple[str, str], ...] = ()) -> str:
    """The icon as SVG, `size` px wide, with extra attributes. Raises NoSuchIconError."""
    if name in collected():
        written = "".join(f" {key}={_quoted(value)}" for key, value in attributes)
        # The stylesheet makes it as high as wide.
        return f"<svg width={size}{written}>{shapes(name)}</svg>"
    svg = _read(name)
    svg.attrib |= {"width": str(size), "height": str(size), **dict(attributes)}
    return ElementTree.tostring(svg, encoding="unicode")


def _quoted(value: str) -> str:
    """The attribute's value, in quotes if it needs any."""
    return value if _SIMPLE.fullmatch(value) else f'"{value}"'


@lru_cache(maxsize=4096)
def shapes(name: str) -> str:
    """The icon for inside an <svg> of any size. Raises NoSuchIconError."""
    if name in collected():
        return f'<use href="{static(_FILE)}#{name}"/>'
    return f'<svg viewBox="0 0 24 24">{_strokes(name)}</svg>'


def _strokes(name: str) -> str:
    return "".join(ElementTree.tostring(shape, encoding="unicode") for shape in _read(name))


def _read(name: str) -> ElementTree.Element:
    try:
        source = _archive().read(f"{name}.svg")
    except KeyError as error:
        raise NoSuchIconError(name) from error
    svg = ElementTree.fromstring(source)  # noqa: S314 - a file of the package
    for node in svg.iter():
        node.tag = node.tag.removeprefix(_NAMESPACE)
        node.text = node.tail = None
    return svg


# --- The icons in one file ------------------------------------------------------------------------


@cache
def collected() -> frozenset[str]:
    """The names of the icons in our file."""
    text = (_ROOT / "static" / _FILE).read_text(encoding="utf-8")
    return frozenset(re.findall(r'<symbol id="([a-z0-9-]+)"', text))


def collection(names: Iterable[str]) -> str:
    """A file with these icons, each as a symbol of its name."""
    symbols = (
        f'<symbol id="{name}" viewBox="0 0 24 24">{_strokes(name)}</symbol>\n' for name in names
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{"".join(symbols)}</svg>\n'


def _named() -> list[str]:
    """The icons that our templates and modules name."""
    known = {name.removesuffix(".svg") for name in _archive().namelist()}
    sources = [*_ROOT.glob("templates/**/*.html"), *_ROOT.glob("[a-z]*/**/*.py")]
    ours = [path for path in sources if not {"tests", "node_modules"} & {*path.parts}]
    words = (_QUOTED.findall(path.read_text(encoding="utf-8")) for path in ours)
    return sorted(known & {word for found in words for word in found})


if __name__ == "__main__":
    (_ROOT / "static" / _FILE).write_text(collection(_named()), encoding="utf-8")
