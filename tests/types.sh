#!/bin/sh
# The types, quickly: with a cache that outlives a clone. `make check` checks them as well.
exec .venv/bin/python -m tests.typing_check --cache-dir="${TYPES_CACHE:-/tmp/mypy-cache}" --no-error-summary
