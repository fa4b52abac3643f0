"""JSON parsing in the API."""

import codecs
import json
import math
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils.json import strict_constant


def read_json(text: str) -> Any:
    """The value of a JSON text. Raises ValueError for what can't be answered or stored: duplicate
    names, of which one would be lost, numbers beyond a float's range and halves of characters.
    """
    value = json.loads(
        text, parse_constant=strict_constant, parse_float=_finite, object_pairs_hook=_object
    )
    # Only an escape can write half a character; two of them write a whole one, such as an emoji.
    if "\\ud" in text.lower():
        _refuse_halves(value)
    return value


class JsonParser(JSONParser):
    """Bodies as `read_json` reads them."""

    def parse(self, stream: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return read_json(codecs.getreader("utf-8")(stream).read())
        except ValueError as error:
            raise ParseError(f"This is not JSON: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object contains the same name twice.")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is out of range.")
    return number


def _refuse_halves(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a text contains half of a surrogate pair.") from None
