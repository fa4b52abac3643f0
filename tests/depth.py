"""How deep the long searches go: a part in `make test`, all of it in `make search`.

The part is as fixed as the whole: the same examples, seeds and days in every run.
"""

import os

IS_FULL = os.environ.get("SEARCH_DEPTH") == "full"


def up_to(full: int, *, quick: int) -> int:
    """How many examples, rounds or days a search takes. Mark its test `search`."""
    return full if IS_FULL else quick
