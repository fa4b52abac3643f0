"""Icons of the lucide package, each drawn once and cached.

The package opens its archive for every icon (29 ms) and copies a tree for every drawing (0.1 ms); a
list draws hundreds.
"""

from functools import cache, lru_cache
from importlib.resources import files
from xml.etree import ElementTree
from zipfile import ZipFile

_NAMESPACE = "{http://www.w3.org/2000/svg}"


class NoSuchIconError(LookupError):
    """The package has no icon with this name."""


@cache
def _archive() -> ZipFile:
    return ZipFile(files("lucide").joinpath("lucide.zip").open("rb"))


@lru_cache(maxsize=4096)
def draw(name: str, size: int, attributes: tuple[tuple[str, str], ...] = ()) -> str:
    """The icon as SVG, `size` px wide, with extra attributes. Raises NoSuchIconError."""
    try:
        source = _archive().read(f"{name}.svg")
    except KeyError as error:
        raise NoSuchIconError(name) from error
    svg = ElementTree.fromstring(source)  # noqa: S314 - a file of the package
    for node in svg.iter():
        node.tag = node.tag.removeprefix(_NAMESPACE)
        node.text = node.tail = None
    svg.attrib |= {"width": str(size), "height": str(size), **dict(attributes)}
    return ElementTree.tostring(svg, encoding="unicode")
