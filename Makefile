# Every command runs from .venv. deploy/install.py fills it once; after that no network is needed.

PYTHON ?= python3
ARGS ?=
RUN := .venv/bin/python

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install up demo test check bench fmt lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 16

install: ## fill .venv; the other commands do it by themselves
	@$(PYTHON) deploy/install.py

up: install ## the whole system on this machine; Ctrl-C stops it
	@$(RUN) -m deploy.local

demo: install ## a whole reporting period in the system that runs
	@$(RUN) -m deploy.demo $(ARGS)

test: install ## every test; ARGS="-k words" chooses some
	@$(RUN) -m pytest $(ARGS)

check: install ## format, lint, types, import rules, then every test
	$(RUN) -m ruff format --check
	$(RUN) -m ruff check
	$(RUN) -m mypy
	.venv/bin/lint-imports
	@$(MAKE) --no-print-directory test

bench: install ## measure speed
	@$(RUN) -m tests.bench $(ARGS)

fmt: install ## format, and correct what ruff can
	$(RUN) -m ruff format
	$(RUN) -m ruff check --fix

lock: install ## write requirements.lock from pyproject.toml
	$(RUN) -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header --no-emit-index-url --extra local --extra dev pyproject.toml -o requirements.lock

clean: ## remove caches and what was built; .venv and the data in .local stay
	rm -rf build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
