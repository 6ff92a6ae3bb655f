# Everything a developer or CI does. Start with `make demo` or `make test`; needs Python 3.11 or
# newer (with its venv module), make and git. Choose the Python with `make test PYTHON=python3.12`.

ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
  if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
  then echo "$$p"; exit; fi; done; echo python3)
endif
PYTHON_VERSION := $(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)

VENV := .venv
BIN := $(VENV)/bin
# Three processes on two CPUs: many tests wait for servers and for one another.
WORKERS := 3
# How many cases of each test: all. On a second Python one, and none of those that wait for servers,
# notebooks and kills, or measure memory.
CASES :=
WAITING := bucket* buckets* *tutorial *web demo_s3 *killed *killed_* memory* *remote challenge* tune listing_addresses
OTHER_CASES := --cases 1 $(patsubst %,--ignore-glob=tests/functional/test_%.py,$(WAITING))
SOURCES := $(wildcard src tests benchmarks)
DEMO := demo-data

# Exact versions, one file for each Python that CI uses; another Python takes the newest that fit.
LOCK := $(wildcard requirements/py$(subst .,,$(PYTHON_VERSION)).txt)
INSTALL := "$(BIN)/python" -m pip install --quiet $(addprefix --constraint ,$(LOCK))

# Stamps: an environment is made and filled once, and again when what it was made from changes.
MADE := $(VENV)/.made-$(PYTHON_VERSION)
PACKAGE := $(VENV)/.package
FOR_S3 := $(VENV)/.for-s3
FOR_TESTS := $(VENV)/.for-tests
FOR_DEV := $(VENV)/.for-dev
AZURITE_VERSION := 3.35.0
FOR_AZURE := $(VENV)/azurite/.$(AZURITE_VERSION)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# Tests write many small trees: in memory where the system has such a place.
export PYTEST_DEBUG_TEMPROOT ?= $(shell test -d /dev/shm -a -w /dev/shm && echo /dev/shm || echo /tmp)
unexport PYTHONPATH
unexport PYTHONHOME

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo demo-s3 docs docs-check test test-all test-azure bench bench-s3 lint types format wheel lock clean pytest wheel-check test-3.13

help: ## list these targets
	@sed -n 's/^\([a-z][a-z0-9.-]*\):.*## /\1	/p' Makefile | expand -t 14

demo: $(PACKAGE) ## make a sample dataset, lift it, verify it, print the report
	@rm -rf $(DEMO)
	@mkdir $(DEMO)
	$(BIN)/zarrlift demo $(DEMO)/cells-0.4.zarr
	$(BIN)/zarrlift convert $(DEMO)/cells-0.4.zarr $(DEMO)/cells-0.5.zarr
	$(BIN)/zarrlift verify $(DEMO)/cells-0.4.zarr $(DEMO)/cells-0.5.zarr --level full

demo-s3: $(FOR_S3) ## the same between two buckets of a server that it starts
	"$(BIN)/python" -m tests.demo_s3

test: lint types pytest wheel-check docs-check test-3.13 ## everything that CI runs
	@echo "make test: all passed"

test-all: ## the same, all cases on either Python, and the slow, broad variants
	$(MAKE) --no-print-directory test OTHER_CASES=
	"$(BIN)/python" -m pytest -n $(WORKERS) -m slow || [ $$? -eq 5 ]  # 5: none is marked slow

docs: $(FOR_DEV) ## run the tutorial, and build the documentation into build/site
	"$(BIN)/python" -m docs.make_site

test-azure: $(FOR_TESTS) $(FOR_AZURE) ## the tests of az:// against Azurite; needs npm
	AZURITE_FOLDER="$(CURDIR)/$(VENV)/azurite/node_modules/.bin" \
	  "$(BIN)/python" -m pytest -m "slow or not slow" tests/functional/test_azure.py

bench: $(FOR_DEV) ## measure speed and memory, print the tables, draw the chart
	"$(BIN)/python" -m benchmarks --chart bench-data/benchmarks.svg

bench-s3: $(FOR_DEV) ## the same from and to buckets, on a server that it starts
	"$(BIN)/python" -m benchmarks.buckets

lint: $(FOR_DEV) ## style, and which room may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

types: $(FOR_DEV) ## check types strictly
	$(BIN)/mypy $(SOURCES)

format: $(FOR_DEV) ## put the code into form and mend what can be mended
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

wheel: $(FOR_DEV) ## build the source archive and, from it, the wheel
	@rm -rf dist
	@"$(BIN)/python" -m build --outdir dist . >$(VENV)/build.log 2>&1 || { cat $(VENV)/build.log; exit 1; }
	@ls dist/*

lock: ## write the newest versions that pass resolution to requirements/ (PYTHON chooses the file)
	@set -e; tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; trap 'exit 1' INT TERM; \
	"$(PYTHON)" -m venv "$$tmp"; \
	"$$tmp/bin/python" -m pip install --quiet --upgrade pip; \
	"$$tmp/bin/python" -m pip install --quiet --group dev --editable .; \
	file=requirements/py$(subst .,,$(PYTHON_VERSION)).txt; \
	{ echo "# Versions that CI uses on Python $(PYTHON_VERSION). Written by \`make lock\`."; \
	"$$tmp/bin/python" -m pip freeze --exclude-editable --exclude zarrlift; } >"$$tmp/lock"; \
	mv "$$tmp/lock" "$$file"; echo "wrote $$file"

clean: ## remove what these targets made
	rm -rf .venv .venv313 build dist $(DEMO) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- parts of `test` -----------------------------------------------------------------------------

pytest: $(FOR_TESTS)
	"$(BIN)/python" -m pytest -n $(WORKERS) $(CASES)

# The wheel, in an empty environment and from another folder, does what the tree does.
wheel-check: wheel
	@set -e; tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; trap 'exit 1' INT TERM; \
	echo "wheel-check: installing the wheel into an empty environment"; \
	"$(BIN)/python" -m venv "$$tmp/venv"; \
	"$$tmp/venv/bin/python" -m pip install --quiet $(addprefix --constraint ,$(LOCK)) dist/*.whl; \
	mkdir "$$tmp/elsewhere"; cd "$$tmp/elsewhere"; \
	"$$tmp/venv/bin/python" -c 'import importlib.resources as r, pathlib, sys, zarrlift; \
	assert pathlib.Path(zarrlift.__file__).is_relative_to(pathlib.Path(sys.prefix).resolve()), zarrlift.__file__; \
	assert r.files(zarrlift).joinpath("py.typed").is_file(), "py.typed is not in the wheel"'; \
	"$$tmp/venv/bin/zarrlift" demo cells-0.4.zarr --size 8MiB; \
	"$$tmp/venv/bin/zarrlift" convert cells-0.4.zarr cells-0.5.zarr --quiet; \
	"$$tmp/venv/bin/zarrlift" verify cells-0.4.zarr cells-0.5.zarr --level decode; \
	echo "wheel-check: passed"

# The site without the notebooks' output: a link that leads nowhere is an error.
docs-check: $(FOR_DEV)
	"$(BIN)/python" -m docs.make_site --unrun

# The tests once more on Python 3.13, where one is found, with one case of each.
test-3.13:
	@if [ "$(PYTHON_VERSION)" = 3.13 ]; then \
	  echo "Python 3.13: the tests above ran on it"; exit 0; fi; \
	for p in python3.13 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13*/bin/python3.13; do \
	  if "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13) or not sys._is_gil_enabled())' \
	    >/dev/null 2>&1; then \
	    echo "Python 3.13: running the tests on $$p"; \
	    exec $(MAKE) --no-print-directory pytest PYTHON="$$p" VENV=.venv313 CASES="$(OTHER_CASES)"; fi; done; \
	echo "Python 3.13: none found, its tests were SKIPPED"

# --- environments --------------------------------------------------------------------------------

$(MADE):
	@if [ -z "$(PYTHON_VERSION)" ]; then \
	  echo "'$(PYTHON)' does not run as a Python." >&2; \
	  echo "Install Python 3.11 or newer, or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
	  exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "zarrlift needs Python 3.11 or newer, and '$(PYTHON)' is $(PYTHON_VERSION)." >&2; \
	  echo "Name another: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; \
	  exit 1; }
	@echo "Making $(VENV) with Python $(PYTHON_VERSION)"
	@"$(PYTHON)" -m venv --clear $(VENV) || { \
	  echo "'$(PYTHON)' could not make a virtual environment." >&2; \
	  echo "On Debian and Ubuntu: apt install python$(PYTHON_VERSION)-venv" >&2; \
	  exit 1; }
	@touch $@

$(PACKAGE): $(MADE) pyproject.toml $(LOCK)
	@echo "Installing zarrlift into $(VENV)"
	@$(INSTALL) --editable .
	@touch $@

$(FOR_S3): $(PACKAGE)
	@echo "Installing a server and zarr-python into $(VENV)"
	@"$(BIN)/python" -m pip install --quiet --upgrade 'pip>=25.1'  # the first to know --group
	@$(INSTALL) --group s3
	@touch $@

$(FOR_TESTS): $(PACKAGE)
	@echo "Installing what the tests need into $(VENV)"
	@"$(BIN)/python" -m pip install --quiet --upgrade 'pip>=25.1'  # the first to know --group
	@$(INSTALL) --group test
	@touch $@

$(FOR_AZURE):
	@command -v npm >/dev/null || { echo "Azurite comes by npm, which is not installed" >&2; exit 1; }
	@echo "Installing Azurite $(AZURITE_VERSION) into $(VENV)"
	@npm install --silent --no-fund --no-audit --no-save --prefix $(VENV)/azurite azurite@$(AZURITE_VERSION)
	@touch $@

$(FOR_DEV): $(FOR_TESTS)
	@echo "Installing what checking and building need into $(VENV)"
	@$(INSTALL) --group dev
	@touch $@
