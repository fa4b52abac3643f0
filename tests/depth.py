"""How deep the long searches go: a part in `make test`, all of it in `make search`.

The part is as fixed as the whole: the same examples, seeds and days in every run.
"""

import os

IS_FULL = os.environ.get("SEARCH_DEPTH") == "full"
IS_POSTGRESQL = bool(os.environ.get("DATABASE_URL"))


def up_to(full: int, *, quick: int, postgresql: int = 0) -> int:
    """How many examples, rounds or days a search takes. Mark its test `search`.

    `postgresql` is what is enough there, where it repeats a search on SQLite through our own code.
    """
    if IS_FULL:
        return full
    return postgresql if IS_POSTGRESQL and postgresql else quick
