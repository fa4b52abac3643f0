"""JSON parsing in the API."""

import codecs
import json
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils.json import strict_constant


class JsonParser(JSONParser):
    """Refuses JSON with duplicate names: one of the two values would be lost."""

    def parse(self, stream: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            text = codecs.getreader("utf-8")(stream)
            return json.load(text, parse_constant=strict_constant, object_pairs_hook=_object)
        except ValueError as error:
            raise ParseError(f"This is not JSON: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object contains the same name twice.")
    return found
