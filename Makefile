# The portal's commands. `make help` lists them. Works with GNU make 3.81 (macOS) and later.

# The first Python on this machine that is new enough; PYTHON=... chooses another.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; \
	done)
HOST ?= 127.0.0.1
PORT ?= 5000
# Extra words for pytest and the benchmarks: make test ARGS='-k login'
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
RUN := $(VENV)/.stamp-run
DEV := $(VENV)/.stamp-dev
LOCK := --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

.DEFAULT_GOAL := help
.PHONY: help setup demo run test lint bench migrate secrets lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  demo and run take PORT (default 5000) and HOST (default 127.0.0.1);"
	@echo "  test and bench take ARGS, for example: make test ARGS='-k login'"

setup: $(RUN) ## Make .venv and install the pinned packages
	@echo "Ready: make demo, or make secrets and make run."

demo: $(RUN) ## Start the portal with demo data and a simulated AI service
	@HOST='$(HOST)' PORT='$(PORT)' exec $(PY) -m pwb.demo

run: $(RUN) ## Start the portal with production settings
	@HOST='$(HOST)' PORT='$(PORT)' exec $(PY) -m pwb.serve

test: $(DEV) ## Run the whole test suite
	@$(PY) -m pytest $(ARGS)

lint: $(DEV) ## Check format, style, types and the layers of imports
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

bench: $(DEV) ## Run the benchmarks
	@$(PY) bench/run.py $(ARGS)

migrate: $(RUN) ## Bring the database to the newest revision
	@$(PY) -m pwb.serve --migrate-only

secrets: $(RUN) ## Write SECRET_KEY and CREDENTIALS_KEYS to instance/secrets.env, unless they are there
	@$(PY) -m pwb.secrets_file

lock: $(DEV) ## Pin the newest packages that fit requirements.in and requirements-dev.in
	@CUSTOM_COMPILE_COMMAND='make lock' $(PY) -m piptools compile --quiet --upgrade $(LOCK) requirements.in
	@CUSTOM_COMPILE_COMMAND='make lock' $(PY) -m piptools compile --quiet --upgrade $(LOCK) requirements-dev.in

# A new interpreter has none of the packages: the stamps of the old one go.
$(PY):
	@test -n '$(PYTHON)' || { echo "This needs Python 3.11 or newer as python3, or make PYTHON=/path/to/python3."; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "$(PYTHON) is not Python 3.11 or newer: install one, or give its path with make PYTHON=..."; exit 1; }
	@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) lacks its venv module (on Debian and Ubuntu: apt install python3-venv)."; exit 1; }
	@rm -f $(RUN) $(DEV)
	@'$(PYTHON)' -m venv $(VENV)

$(RUN): requirements.txt $(PY)
	@echo "Installing the pinned packages into $(VENV) ..."
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip --upgrade >/dev/null
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $(RUN)

$(DEV): requirements-dev.txt $(RUN)
	@echo "Installing the development packages into $(VENV) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(DEV)
