# CCA Exchange: what a person types. `make` alone prints this list.
#
# Set-up works by stamp files: a step runs again only when the file it was made from has changed,
# so every target can ask for all it needs and a second call is instant.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

VENV_STAMP := $(VENV)/.made
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
ASSET_STAMP := $(VENV)/.installed-assets
PEER_STAMP := $(VENV)/.installed-peers
PROVISION_STAMP := $(VENV)/.provisioned

# Words a person may put behind `make demo` or `make run`.
DEMO_FLAGS = $(if $(filter-out 0 no,$(EXIT)),--exit) $(if $(ACCOUNTS),--accounts $(ACCOUNTS)) $(ARGS)
# One process of tests for each core; tests of one group stay together. ARGS="-n 0" uses one process.
PARALLEL := --numprocesses=logical --maxprocesses=4 --dist=loadgroup
CODE := $(wildcard services shared simulator tools tests benchmarks migrations)

##@ Use it

.PHONY: demo
demo: $(RUN_STAMP) $(ASSET_STAMP) ## Play one billing day against a simulated utility, then keep serving (EXIT=1 leaves after the play; ACCOUNTS=n sets the size)
	@$(BIN)/ccax demo $(DEMO_FLAGS)

.PHONY: run
run: $(RUN_STAMP) $(ASSET_STAMP) ## Start the whole system on embedded defaults, without the play
	@$(BIN)/ccax run $(ARGS)

##@ Work on it

.PHONY: test
test: setup provision ## Set up everything and run every check and every test
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory pytest

.PHONY: check
check: lint types imports dependencies schemas ## Run every static check (lint, types, imports, dependencies, schemas)

.PHONY: lint
lint: $(DEV_STAMP) ## Run ruff: rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: format
format: $(DEV_STAMP) ## Let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: types
types: $(DEV_STAMP) ## Run mypy --strict
	$(BIN)/mypy $(CODE)

.PHONY: imports
imports: $(DEV_STAMP) ## Hold the rules about who may import whom
	$(BIN)/lint-imports

.PHONY: house-rules
house-rules: $(DEV_STAMP) ## Hold the rules about sizes, names, doors and words
	$(BIN)/pytest -q tests/architecture

.PHONY: dependencies
dependencies: $(DEV_STAMP) ## Compare declared with used dependencies
	$(BIN)/deptry .

.PHONY: schemas
schemas: $(DEV_STAMP) ## Hold docker-compose.yml to its published schema
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

.PHONY: pytest
pytest: $(DEV_STAMP) ## Run the tests alone, on every core (ARGS="-k word" chooses)
	$(BIN)/pytest $(PARALLEL) $(ARGS)

.PHONY: coverage
coverage: $(DEV_STAMP) ## Run the tests and tell which lines they reached
	$(BIN)/pytest $(PARALLEL) --cov --cov-report=term:skip-covered $(ARGS)

.PHONY: bench
bench: $(DEV_STAMP) $(PEER_STAMP) ## Measure: the codec and rating beside their peers, what is stored, then the whole loop
	@$(BIN)/python -m benchmarks.codec
	@$(BIN)/python -m benchmarks.rating
	@$(BIN)/python -m benchmarks.rating_storage
	@$(BIN)/python -m benchmarks.rating_copies
	@$(BIN)/python -m benchmarks.intervals
	@$(BIN)/python -m benchmarks.rerun
	@$(BIN)/python -m benchmarks.remittance
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: nightly
nightly: $(DEV_STAMP) ## Prove at length: bills beside PySAM, verdicts beside pyx12, memory of 100 MB files, lists and batches at full size, a million payment lines, a million damaged files
	@$(BIN)/python -m benchmarks.bill_oracle
	@$(BIN)/python -m benchmarks.differential
	@$(BIN)/python -m benchmarks.memory
	@$(BIN)/python -m benchmarks.batches
	@$(BIN)/python -m benchmarks.lists --charges 10000000
	@$(BIN)/python -m benchmarks.reconcile --lines 1000000
	@$(BIN)/python -m benchmarks.fuzz

.PHONY: audit
audit: $(DEV_STAMP) ## Ask the advisory database about the pinned dependencies
	$(BIN)/pip-audit --disable-pip --require-hashes -r requirements/run.txt

.PHONY: pins
pins: ## Compile requirements/*.txt again from pyproject.toml (needs uv)
	tools/pin.sh

##@ Set it up

.PHONY: setup
setup: $(RUN_STAMP) $(DEV_STAMP) $(ASSET_STAMP) ## Make the virtual environment, with development tools and web assets

.PHONY: assets
assets: $(ASSET_STAMP) ## Fetch the front-end files the console needs

.PHONY: provision
provision: $(PROVISION_STAMP) ## Find or install what tests need from outside pip: RabbitMQ, Chromium, sftp

.PHONY: clean
clean: ## Remove what set-up and runs have made (the data in var/ stays)
	rm -rf $(VENV) node_modules benchmarks/peers/node_modules shared/platform/web/static/vendor dist .coverage htmlcov \
	  .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.PHONY: help
help: ## Print this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- stamps -------------------------------------------------------------------------------------

$(VENV_STAMP): tools/make_venv.sh
	@tools/make_venv.sh "$(PYTHON)" "$(VENV)"
	@touch $@

$(RUN_STAMP): $(VENV_STAMP) requirements/build.txt requirements/run.txt pyproject.toml
	@echo "Installing the pinned dependencies into $(VENV) …"
	@$(PIP) install --quiet --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_STAMP): $(RUN_STAMP) requirements/dev.txt
	@echo "Installing the development tools into $(VENV) …"
	@$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

$(ASSET_STAMP): $(RUN_STAMP) package.json package-lock.json tools/assets.py requirements/node.txt
	@$(BIN)/python tools/assets.py
	@touch $@

$(PEER_STAMP): $(RUN_STAMP) tools/peers.py requirements/bench.txt benchmarks/peers/package-lock.json
	@if $(BIN)/python tools/peers.py; then touch $@; fi

$(PROVISION_STAMP): $(RUN_STAMP) tools/provision.py
	@$(BIN)/python tools/provision.py
	@touch $@
