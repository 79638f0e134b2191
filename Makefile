# Every target does its own set-up: only Python 3.11+, pip and make are needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WORKERS ?= 2

.PHONY: setup run ask pictures test lint licences audit check format bench bench-quick kvpress llama-cpp plots samples cli-docs dist clean

setup: $(VENV)/.dev  ## everything for working on the project

$(VENV)/.pip:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.run: $(VENV)/.pip pyproject.toml constraints.txt
	@echo "installing (about a minute the first time)"
	$(PIP) install --quiet --constraint constraints.txt --editable ".[ui,ocr]"
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) install --quiet --constraint constraints.txt --group dev --editable ".[all]"
	@touch $@

run: $(VENV)/.run  ## the browser app on http://127.0.0.1:7860, with sample documents on the shelf
	$(BIN)/wholedoc ui sample_docs/short_notice.pdf sample_docs/harbour_register.pdf

ask: $(VENV)/.run  ## ask the long sample document a question on the command line
	$(BIN)/wholedoc ask sample_docs/harbour_register.pdf -q "$(or $(QUESTION),$(SAMPLE_QUESTION))"

test: $(VENV)/.dev  ## the tests, WORKERS at a time; a file's tests stay together, and tests/scheduling.py says in which order
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.licences > /dev/null

licences: $(VENV)/.dev  ## the licences of all that is installed to run it; fails for one that is not allowed
	$(BIN)/python -m tools.licences

audit: $(VENV)/.dev  ## known holes in what is installed; needs the network, so it is no part of `make check`
	$(PIP) install --quiet "pip-audit>=2.7"
	$(BIN)/pip-audit --local --skip-editable

check: lint test  ## format, lint, types, who imports whom, licences, tests

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev  ## the measurements of docs/benchmarks.md, or those of NAMES (soak, an hour of load, must be named)
	$(BIN)/python -m benchmarks $(NAMES)

llama-cpp: $(VENV)/.dev  ## llama.cpp, which `make bench` compares with where it is there (compiled: some minutes, a C++ compiler)
	$(PIP) install --constraint constraints.txt --group llama-cpp

plots: $(VENV)/.dev  ## the pictures of docs/benchmarks.md, from the newest measurements
	$(BIN)/python -m benchmarks plots

bench-quick: $(VENV)/.dev  ## the same on short documents, each within two minutes, a quarter of an hour in all
	$(BIN)/python -m benchmarks --quick

kvpress: $(VENV)/.pip  ## what compares with kvpress, in an environment of its own: it wants an older transformers
	$(PYTHON) -m venv .venv-kvpress
	$(PIP) --python .venv-kvpress/bin/python install --quiet --requirement benchmarks/quality/baselines/kvpress.txt

samples: $(VENV)/.dev  ## write the sample documents anew
	$(BIN)/python sample_docs/build.py

cli-docs: $(VENV)/.dev  ## write docs/cli.md, --help of every command, anew
	$(BIN)/python -m tools.cli_docs

pictures: $(VENV)/.dev  ## the README's pictures anew, in a real browser (some minutes; needs chromium and a model that writes)
	$(BIN)/python -m tools.pictures docs/pictures

dist: $(VENV)/.pip  ## wheel and sdist in dist/, checked, installed into an empty environment and asked (needs the index)
	rm -rf dist
	$(PIP) install --quiet --group dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m tools.install_check

clean:
	rm -rf $(VENV) .venv-kvpress .mypy_cache .ruff_cache .pytest_cache

SAMPLE_QUESTION := How much did the master of the Grey Heron have to pay for pumping oil into the water at Lantern Quay?
