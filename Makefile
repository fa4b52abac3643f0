# `make help` says what there is. Only Python >= 3.11 and make are needed; the rest is set up in
# .venv and node_modules, again only when its list of packages has changed.

.DEFAULT_GOAL := help
.PHONY: help run manage test test-fast check format lock bench files fuzz-api setup setup-dev clean

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
# Texts are UTF-8 in every locale.
export PYTHONUTF8 := 1
ARGS ?=

help: ## What can be made
	@echo "make run                 serve on http://127.0.0.1:8000 (PORT=, HOST=, DATA_DIR=), with demo data"
	@echo "make manage ARGS='...'   a management command with the settings of make run, e.g. check_ledger"
	@echo "make test                every test on SQLite and on PostgreSQL (ARGS= goes to pytest)"
	@echo "make test-fast           the quick ones on SQLite, without servers or a browser"
	@echo "make check               format, lint, import directions, templates, migrations, security"
	@echo "make format              mend what the formatters can"
	@echo "make lock                packages with their hashes, after requirements*.txt have changed"
	@echo "make bench               measure; the figures we keep are in BENCHMARKS.md"
	@echo "make files               how bank files are read: real ones (STATEMENTS_DIR=), invented, mutated (SEED=, COUNT=)"
	@echo "make fuzz-api            the API against its schema, by Schemathesis (ARGS='--seed N --examples N')"
	@echo "make clean               remove what was set up here (not the data in var/)"

run: setup ## The product on this machine, until Ctrl-C
	@exec $(BIN)/python -m banking.launcher.serve

manage: setup
	@exec $(BIN)/python -m banking.launcher.serve manage $(ARGS)

test: setup-dev
	@exec $(BIN)/python -m tests.run $(ARGS)

test-fast: setup-dev
	@exec $(BIN)/python -m tests.run --fast $(ARGS)

check: setup-dev
	@exec $(BIN)/python -m tests.check

format: setup-dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	git ls-files '*.html' | xargs $(BIN)/djade --target-version 5.2

LOCK = PATH="$$PATH:$(BIN)" uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock"

lock: setup-dev
	@command -v uv >/dev/null || $(BIN)/python -m pip install --quiet uv
	@$(LOCK) requirements.txt --output-file requirements.lock
	@$(LOCK) requirements-dev.txt --constraint requirements.lock --output-file requirements-dev.lock

bench: setup-dev
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

files: setup-dev
	@exec $(BIN)/python -m transactions.tests.measure_files

fuzz-api: setup-dev
	@exec $(BIN)/python -m tests.fuzz_api $(ARGS)

setup: python
	@$(PYTHON) -I -X utf8 banking/launcher/install.py

setup-dev: python
	@$(PYTHON) -I -X utf8 banking/launcher/install.py --dev

.PHONY: python
python:
	@if [ -z "$(PYTHON)" ]; then \
	echo "Python 3.11 or newer is needed and was not found. Say where it is: make run PYTHON=/path/to/python3"; exit 1; fi

clean:
	rm -rf .venv node_modules tests/typescript/node_modules staticfiles .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache .coverage* htmlcov
