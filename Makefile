# `make help` lists the targets. You only need Python >= 3.11 and make; everything else is installed
# into .venv and node_modules, and again when the list of packages changes.

.DEFAULT_GOAL := help
.PHONY: help run manage test test-fast search check format lock bench bench-all bench-compare files matrix fuzz-api rehearse rehearse-backup rehearse-image rehearse-migrations rehearse-patroni rehearse-replica rehearse-sentinels load simulate simulate-fail-overs chaos setup setup-dev clean

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
# Text is UTF-8 in every locale.
export PYTHONUTF8 := 1
ARGS ?=

help: ## List the targets
	@echo "make run                 serve on http://127.0.0.1:8000 (PORT=, HOST=, DATA_DIR=), with demo data"
	@echo "make manage ARGS='...'   a management command with the settings of make run, e.g. check_ledger"
	@echo "make test                every test on SQLite and on PostgreSQL (ARGS= goes to pytest)"
	@echo "make test-fast           the quick ones on SQLite, without servers or a browser"
	@echo "make search              the long searches at their full depth, on both engines, for hours"
	@echo "make check               format, lint, imports, types, templates, migrations, security"
	@echo "make format              fix what the formatters can"
	@echo "make lock                write the lock files, after changing requirements*.txt"
	@echo "make bench               run the quick benchmarks; results are in BENCHMARKS.md"
	@echo "make bench-all           run every benchmark at its full size, for hours"
	@echo "make bench-compare REV=  measure the pages of an earlier commit beside these"
	@echo "make files               measure how well bank files are read: real (STATEMENTS_DIR=), invented, mutated (SEED=, COUNT=)"
	@echo "make matrix              the money's tests on each engine (ARGS='pgbouncer serializable'); results in docs/ENGINES.md"
	@echo "make fuzz-api            test the API against its schema with Schemathesis (ARGS='--seed N --examples N')"
	@echo "make rehearse            upgrade two web processes behind nginx under load (ARGS='--old REVISION --seconds 60')"
	@echo "make rehearse-backup      back up a million transactions while clients transfer, and restore"
	@echo "make rehearse-image       build the container image without Docker, and run and stop its processes under load"
	@echo "make rehearse-migrations  migrate a million transactions back and forward under writers (ARGS='--old REVISION')"
	@echo "make rehearse-patroni     transfer money while primaries of three PostgreSQL are lost (ARGS='--transfers 3000 --kills 10')"
	@echo "make rehearse-replica     look for one's own entries while the replica lags and is killed (ARGS='--people 6 --seconds 60')"
	@echo "make rehearse-sentinels   kill the primary Valkey while people use the product (ARGS='--people 3 --seconds 60')"
	@echo "make load                many people at once on a server of their own (ARGS='--people 200 --seconds 600')"
	@echo "make simulate            schedules of requests, faults and clock steps with the same books as without faults (SEED=, COUNT=500)"
	@echo "make simulate-fail-overs  the same with PostgreSQL killed and started again in the middle (SEED=, COUNT=20)"
	@echo "make chaos               transfer money by many clients while web processes are killed (ARGS='--seed N --transfers 16000 --clients 32 --kills 34')"
	@echo "make clean               remove what was installed here (not the data in var/)"

run: setup ## The product on this machine, until Ctrl-C
	@exec $(BIN)/python -m banking.launcher.serve

manage: setup
	@exec $(BIN)/python -m banking.launcher.serve manage $(ARGS)

test: setup-dev
	@exec $(BIN)/python -m tests.run $(ARGS)

test-fast: setup-dev
	@exec $(BIN)/python -m tests.run --fast $(ARGS)

search: setup-dev
	@exec $(BIN)/python -m tests.run --search $(ARGS)

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
	$(BIN)/python benchmarks/pages.py --rows 10000 --rounds 6
	$(BIN)/python benchmarks/import_100k.py --rows 20000
	$(BIN)/python benchmarks/rules_100k.py --rows 10000
	$(BIN)/python benchmarks/statement_pdf.py ours 1000

bench-all: setup-dev
	@for script in $$(ls benchmarks/*.py | grep -Ev 'oracle|databases'); do \
		echo "== $$script"; $(BIN)/python $$script || exit 1; done

bench-compare: setup-dev
	$(BIN)/python benchmarks/pages.py --rows 10000 --rounds 8 --against $(REV)

matrix: setup-dev
	@exec $(BIN)/python -m tests.matrix $(ARGS)

files: setup-dev
	@DJANGO_SETTINGS_MODULE=banking.settings_test exec $(BIN)/python -c "import django; django.setup(); \
		from transactions.tests.measure_files import main; raise SystemExit(main())"

fuzz-api: setup-dev
	@exec $(BIN)/python -m tests.fuzz_api $(ARGS)

rehearse: setup-dev
	@exec $(BIN)/python -m tests.rehearsal $(ARGS)

rehearse-backup: setup-dev
	@exec $(BIN)/python -m tests.rehearsed_backup $(ARGS)

rehearse-image: setup-dev
	@exec $(BIN)/python -m tests.rehearsed_image $(ARGS)

rehearse-migrations: setup-dev
	@exec $(BIN)/python -m tests.rehearsed_migrations $(ARGS)

rehearse-patroni: setup-dev
	@exec $(BIN)/python -m tests.patroni $(ARGS)

rehearse-replica: setup-dev
	@exec $(BIN)/python -m tests.rehearsed_replica $(ARGS)

rehearse-sentinels: setup-dev
	@exec $(BIN)/python -m tests.rehearsed_sentinels $(ARGS)

load: setup-dev
	@exec $(BIN)/python -m tests.load $(ARGS)

simulate: setup-dev
	@SIMULATION_SEED="$(or $(SEED),books)" SIMULATION_COUNT="$(or $(COUNT),500)" \
		$(BIN)/python -m tests.run tests/test_simulation.py $(ARGS)

simulate-fail-overs: setup-dev
	@exec $(BIN)/python -m tests.fail_overs --seed "$(or $(SEED),books)" --count "$(or $(COUNT),20)"

chaos: setup-dev
	@exec $(BIN)/python -m tests.chaos $(ARGS)

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
