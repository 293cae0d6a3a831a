# The commands of a checkout. Set-up happens by itself: packages into .venv, fonts into node_modules.

PYTHON ?= python3
BIN := .venv/bin
PARTIES ?= 12
KILLS ?= 1000
MUTANTS ?= 10000
MINUTES ?= 10
PORT ?= 8000

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint ceremony bench torture images install fonts lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(BIN)/.service node_modules/.package-lock.json ## the demo alliance on http://localhost:8000, with sign-in links; PORT=8000
	@$(BIN)/signing-service demo --port $(PORT)

ceremony: $(BIN)/.service node_modules/.package-lock.json ## the whole job over HTTP in the terminal; PARTIES=12
	@$(BIN)/signing-service ceremony --parties $(PARTIES) --folder var/ceremony

bench: system-packages $(BIN)/.dev node_modules/.package-lock.json ## measure, beside pyHanko and pdfsig; FULL=1 for the large cases
	@$(BIN)/python -m bench $(if $(FULL),--full)

torture: system-packages $(BIN)/.dev node_modules/.package-lock.json ## kill real servers while everybody signs, and verify mutants; KILLS= MUTANTS= MINUTES=10, 0 for all, SEED=
	@$(BIN)/python -m torture --kills $(KILLS) --mutants $(MUTANTS) --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

# The tests start a hundred processes, which would compile the service anew each.
test: export PYTHONDONTWRITEBYTECODE =
test: system-packages $(BIN)/.dev node_modules/.package-lock.json tests/oidc/node_modules/.package-lock.json ## all tests; installs what they need; DATABASE=postgresql
	@$(BIN)/python -m pytest $(if $(DATABASE),--database=$(DATABASE)) $(TESTS)

images: system-packages $(BIN)/.dev node_modules/.package-lock.json ## take the pictures in docs/images anew, in the tests' browser and from the printed agreement
	@$(BIN)/python -m bench.pictures
	@PICTURES=docs/images $(BIN)/python -m pytest -q -n 0 tests/web/test_demo_in_chromium.py

lint: $(BIN)/.dev ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/mypy

install: $(BIN)/.service node_modules/.package-lock.json ## only set up: packages into .venv, fonts into node_modules

fonts: node_modules/.package-lock.json ## only the fonts

lock: $(BIN)/.dev ## choose the newest allowed versions anew and write both requirements files
	$(COMPILE) --extra service --output-file requirements.txt
	$(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt

clean: ## remove what set-up made; keys and var stay
	rm -rf .venv node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# ---- set-up ----

COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command 'make lock'

.PHONY: system-packages
system-packages:
	@$(PYTHON) .ci/system_packages.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed")'
	$(PYTHON) -m venv .venv

$(BIN)/.service: requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

$(BIN)/.dev: requirements-dev.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@ $(BIN)/.service

tests/oidc/node_modules/.package-lock.json: tests/oidc/package.json tests/oidc/package-lock.json | $(BIN)/.dev
	@command -v npm > /dev/null || $(BIN)/python -m pip install --quiet --editable '.[node]'
	@$(BIN)/python -m tests.oidc
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json | $(BIN)/python
	@command -v npm > /dev/null || $(BIN)/python -m pip install --quiet --editable '.[node]'
	$(BIN)/signing-service fonts
	@touch $@
