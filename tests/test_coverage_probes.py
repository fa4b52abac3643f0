"""The probes count the lines that run, and change nothing else."""

import ast

import pytest

from tests.coverage_probes import ARRAY, add_probes

pytestmark = pytest.mark.once

SOURCE = '''"""What it is."""
from __future__ import annotations

@str
def unused():
    """Never called."""
    return 1

class Shape:
    """A shape."""
    sides: int = 4

def grow(number):
    if number > 10:
        result = "big"
    elif number > 5:
        result = "middle"
    else:
        result = "small"
    try:
        number / (number - 7)
        after = True
    except ZeroDivisionError:
        after = False
    for _ in ():
        after = None
    match number:
        case 7:
            return result, after
        case _:
            return (
                result,
                after,
            )

middle = grow(7)
'''


def test_lines_that_run_are_counted_and_no_others():
    tree = ast.parse(SOURCE)
    add_probes(tree)
    module = {ARRAY: bytearray(60), "__name__": "shapes"}
    exec(compile(tree, "shapes", "exec", dont_inherit=True), module)
    assert module["middle"] == ("middle", False)
    assert module["__doc__"] == "What it is."
    assert module["Shape"].__doc__ == "A shape."
    assert set(vars(module["Shape"])) & {ARRAY} == set()
    ran = {line for line, has_run in enumerate(module[ARRAY]) if has_run}
    assert ran == {4, 5, 9, 11, 13, 14, 16, 17, 20, 21, 23, 24, 25, 27, 28, 29, 36}
