"""Join files that WeasyPrint has made but not written: their pages, tags and margins.

None may have links or forms. Bookmarks and metadata are those of the first.
"""

import re
from collections.abc import Iterable, Mapping, Set
from io import BytesIO
from typing import Any

import pydyf

_REFERENCE = re.compile(rb"(\d+) 0 R")
_MARGINS = "margins"


class Joined:
    """The first file, with the pages of others after its own."""

    def __init__(self, first: pydyf.PDF) -> None:
        self._file = first
        self._document, self._owners = _tags(first)
        self._pages = _pages(first)

    @property
    def page_count(self) -> int:
        return len(self._pages)

    def append(self, part: pydyf.PDF) -> None:
        """Add the pages of another file, and its tags to the one document."""
        file, pages, before = self._file, _pages(part), len(self._pages)
        document, owners = _tags(part)
        for page in pages:
            page["StructParents"] += before
        same = {part.pages.number: file.pages.number, document.number: self._document.number}
        left_out = {part.catalog.number, _tag_tree(part).number, owners.number}
        numbers = self._take(part, same, left_out, pages)
        self._pages += [file.objects[numbers[page.number]] for page in pages]
        for page in self._pages[before:]:
            file.pages["Kids"].extend([page.number, 0, "R"])
        file.pages["Count"] = len(self._pages)
        self._document["K"].extend(_renumbered(document["K"], numbers))
        for place, elements in enumerate(owners["Nums"][1::2], start=before):
            self._owners["Nums"].extend([place, _renumbered(elements, numbers)])

    def add_margins(self, margins: pydyf.PDF) -> None:
        """Draw the pages of an untagged file over those that are there, one each."""
        drawn = _pages(margins)
        forms = [_object(margins, page["Contents"]) for page in drawn]
        for page, form in zip(drawn, forms, strict=True):
            shape = {"Type": "/XObject", "Subtype": "/Form", "BBox": page["MediaBox"]}
            form.extra |= shape | {"Resources": page["Resources"]}
        left_out = {margins.catalog.number, margins.pages.number, *(page.number for page in drawn)}
        numbers = self._take(margins, {}, left_out, [])
        # Not part of what is read aloud, and free of what a page leaves set.
        begin = pydyf.Stream([b"q"])
        end = pydyf.Stream([b"Q /Artifact BMC", f"/{_MARGINS} Do", b"EMC"])
        self._file.add_object(begin)
        self._file.add_object(end)
        for page, form in zip(self._pages, forms, strict=True):
            page["Contents"] = pydyf.Array([begin.reference, page["Contents"], end.reference])
            page["Resources"]["XObject"][_MARGINS] = b"%d 0 R" % numbers[form.number]

    def written(self) -> bytes:
        """The PDF file."""
        output = BytesIO()
        self._file.write(output, compress=True)
        return output.getvalue()

    def _take(
        self,
        part: pydyf.PDF,
        same: Mapping[int, int],
        left_out: Set[int],
        pages: Iterable[pydyf.Dictionary],
    ) -> dict[int, int]:
        """Take over the objects of a part that are not the `same` here. Returns their new numbers.

        All but its pages are kept as the bytes of the file, in a fraction of the memory.
        """
        gone = left_out | same.keys()
        kept = [one for one in part.objects[1:] if one.number not in gone]
        first = len(self._file.objects)
        numbers = {**same, **{one.number: new for new, one in enumerate(kept, start=first)}}
        open_ones = {page.number for page in pages}
        for one in kept:
            moved = _renumbered(one, numbers)
            self._file.add_object(moved if one.number in open_ones else _Finished(moved))
        return numbers


class _Finished(pydyf.Object):
    """An object of which only its bytes in the file are kept."""

    data = b""
    compressible = False

    def __init__(self, original: pydyf.Object) -> None:
        super().__init__()
        self.data, self.compressible = original.data, original.compressible


def _object(file: pydyf.PDF, reference: bytes) -> Any:
    return file.objects[int(reference.split()[0])]


def _pages(file: pydyf.PDF) -> list[pydyf.Dictionary]:
    """The pages, each with resources of its own."""
    pages = [file.objects[number] for number in file.pages["Kids"][::3]]
    for page in pages:
        shared = _object(file, page["Resources"])
        pictures = pydyf.Dictionary(shared["XObject"])
        page["Resources"] = pydyf.Dictionary({**shared, "XObject": pictures})
    return pages


def _tag_tree(file: pydyf.PDF) -> pydyf.Dictionary:
    return _object(file, file.catalog["StructTreeRoot"])


def _tags(file: pydyf.PDF) -> tuple[pydyf.Dictionary, pydyf.Dictionary]:
    """The element of the whole document, and which elements the contents of each page belong to."""
    tree = _tag_tree(file)
    return _object(file, tree["K"][0]), _object(file, tree["ParentTree"])


def _renumbered(value: Any, numbers: Mapping[int, int]) -> Any:
    """A copy of an object or value in which each reference has the new number."""
    if isinstance(value, bytes):
        return _REFERENCE.sub(lambda found: b"%d 0 R" % numbers[int(found[1])], value)
    if isinstance(value, pydyf.Stream):
        return pydyf.Stream(value.stream, _renumbered(value.extra, numbers), value.compress)
    if isinstance(value, dict):
        return pydyf.Dictionary({key: _renumbered(one, numbers) for key, one in value.items()})
    if isinstance(value, list):
        return pydyf.Array([_renumbered(one, numbers) for one in value])
    return value
