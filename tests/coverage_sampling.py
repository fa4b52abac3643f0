"""Measure coverage with the first case of every test only, where measuring is slow.

Before Python 3.12 the tracer costs two thirds of a test's own time, and the further cases of a
parametrized test run the lines of the first. What is printed is a lower bound: every test still
runs, and a line that only a later case or a slow test reaches counts as not covered.
"""

from collections.abc import Iterator

import coverage
import pytest

_measured: set[str] = set()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Choose by the place in the collection, which is the same in every process of a run."""
    seen = set()
    for item in items:
        function = item.nodeid.partition("[")[0]
        if function not in seen and item.get_closest_marker("slow") is None:
            _measured.add(item.nodeid)
        seen.add(function)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    measuring = coverage.Coverage.current()
    if measuring is None or item.nodeid in _measured:
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()
