# Two commands do everything: `make demo` and `make test`. Both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench-test bench clean

help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Make .venv with everything that demo, test and check need

$(READY): setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, but $(PYTHON) is " + sys.version.split()[0] + ": run make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	@touch $@

demo: $(READY)  ## Train nested entities on LitBank and annotate a chapter of a novel (minutes)
	$(BIN)/python -m spacy project run demo .

test: $(READY)  ## Run all tests (under ten minutes)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: $(READY)  ## Lint, check the format and the types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-test: $(READY)  ## Run the programs of benchmarks/ on little data (minutes)
	$(BIN)/python -m pytest -m benchmark

bench: $(READY)  ## Measure what the README quotes (hours); with corpora: make bench DATA=folder
	$(BIN)/python -m benchmarks $(if $(DATA),--data $(DATA))

clean:  ## Remove what the commands above and project.yml made, trained pipelines too
	rm -rf $(VENV) build dist *.egg-info corpus training packages metrics output pretrained project.lock
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
