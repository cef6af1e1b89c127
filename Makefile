# Two commands do everything on a bare machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-fast test-all lint format translations world bench clean help

help:
	@echo "make demo   set up, and do the main job on two invented sites"
	@echo "make test   set up, then lint, type-check and test"
	@echo "make test-fast  lint, type-check, and test what needs no crawl, browser or PostgreSQL"
	@echo "make test-all   all tests with thirty times the generated examples"
	@echo "make lint   lint and type-check only"
	@echo "make translations  update the catalogues of the reading room, name what lacks"
	@echo "make world  crawl real web servers (those that are installed) and compare archives"
	@echo "make bench  measure the extractor and the whole crawl"

# pip 23.2 (Python 3.11's) crashes on an extra that is asked for twice, so pip comes first.
$(READY): pyproject.toml constraints.txt $(wildcard crawler/extraction/_*.pyx crawler/extraction/*/_*.pyx)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Dateline needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv is missing; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade -c constraints.txt pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e . --group dev
	@touch $@

demo: $(READY)
	@$(BIN)/python -m dateline.demo demo-archive

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Most tests wait for processes of their own: twice as many at a time as there are cores.
WORKERS ?= $(shell expr 2 \* $$(nproc 2>/dev/null || echo 2))

test: lint
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

test-fast: lint
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not (crawl or browser or postgresql)"

test-all: lint
	DATELINE_TEST_PROFILE=thorough $(BIN)/pytest -n $(WORKERS) --dist worksteal

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Reads the messages out of templates and code; names what has no French words yet.
translations: $(READY)
	$(BIN)/python -m dateline.web.i18n.extract

# Not part of the tests: it takes minutes, and what it tries depends on the machine.
world: $(READY)
	@$(BIN)/python -m tests.world

bench: $(READY)
	$(BIN)/python -m pip install --quiet -c constraints.txt --group bench
	$(BIN)/python benchmarks/extraction.py ../shared/bench
	$(BIN)/python benchmarks/crawl.py

clean:
	rm -rf $(VENV) demo-archive .mypy_cache .ruff_cache .pytest_cache .hypothesis
