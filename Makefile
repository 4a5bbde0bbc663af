# `make` alone lists the commands below; each sets up what it needs.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo up test check bench faults races simulate chaos planted campaign stubs docs chart lock clean lint types imports protos tidy

BIN := .venv/bin
PYTHONS := libs services apps sandbox tests tools conftest.py
WORKERS ?= 2

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## watch a hashtag become a shipped order, then try it yourself (ONCE=1 ends after the script)
	@$(BIN)/hashtill demo $(if $(ONCE),--once)

up: setup ## start the six services, the sandbox, PostgreSQL and NATS; Ctrl-C stops them
	@$(BIN)/hashtill up

test: setup ## run every test on real servers, with coverage; 100 % of the branches in domain/ and usecases/
	@$(BIN)/python tools/run_tests.py --workers $(WORKERS)

check: lint types imports protos chart tidy ## hold the code to its rules, in under 30 seconds when warm

bench: setup ## measure complete purchases through the whole suite
	@$(BIN)/hashtill bench purchases --seconds $(or $(SECONDS),30)

races: setup ## race confirmations against the end of their windows, and check every history (ORDERS=100000)
	@$(BIN)/python -m tests.races.program --orders $(or $(ORDERS),100000)

simulate: setup ## play seeds of all services in one process under a virtual clock (SEEDS=1500 ORDERS=23; SEED=42 plays one again)
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),150)) $(if $(ORDERS),--orders $(ORDERS))

chaos: setup ## strike a suite under load by everything that dies, is cut off, full or wrong, and account for every purchase (MINUTES=60)
	@$(BIN)/python -m tests.faults.chaos --minutes $(or $(MINUTES),60)

faults: setup ## strike processes at every failpoint, alone and in pairs (ARGS="--points relay --pairs 0"; `--help`)
	@$(BIN)/python -m tests.faults.failpoints $(ARGS)

planted: setup ## plant every known bug in a copy of the tree; each must be caught by the test it names (ONLY=name, ROTATE=5)
	@$(BIN)/python -m tests.planted $(if $(ONLY),--only $(ONLY)) $(if $(ROTATE),--rotate $(ROTATE))

campaign: setup ## prove everything at length, one after the other (hours); reports go to docs/results and bench/results
	@mkdir -p docs/results
	@$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),10000) --orders 100 > docs/results/simulation.txt
	@$(BIN)/python -m tests.faults.failpoints $(ARGS) --save docs/results/failpoints.txt
	@$(BIN)/python -m tests.faults.chaos --minutes $(or $(MINUTES),60) --save docs/results/chaos.txt
	@$(BIN)/python -m tests.races.program --orders $(or $(ORDERS),100000) > bench/results/races.txt
	@$(BIN)/python -m tests.planted > docs/results/planted.txt
	@$(BIN)/hashtill bench relay --save bench/results/relay.txt
	@$(BIN)/hashtill bench timers --save bench/results/timers.txt

stubs: setup ## generate libs/stubs from protos/
	@$(BIN)/python tools/stubs.py

docs: setup ## draw docs/reference from the protos, the streams, the consumers and the settings
	@$(BIN)/python -m tools.reference

chart: setup ## lint, render and check the Helm chart
	@$(BIN)/python tools/check_chart.py

lock: setup ## pin the newest versions pyproject.toml allows, with hashes, in requirements.lock
	@$(BIN)/uv lock --quiet --upgrade
	@$(BIN)/uv export --quiet --frozen --all-groups --no-header --no-annotate --no-emit-project > requirements.lock
	@echo "requirements.lock holds $$(grep -c '^[a-zA-Z]' requirements.lock) packages."

setup: ## make the environment in .venv from requirements.lock (the other commands do it when it is due)
	@tools/setup.sh

lint: setup
	@$(BIN)/ruff format --quiet --check . || { echo "Run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .

types: setup
	@$(BIN)/mypy --no-error-summary $(wildcard $(PYTHONS))

imports: setup
	@$(BIN)/lint-imports --cache-dir .cache/import-linter

protos: setup
	@$(BIN)/python tools/check_protos.py
	@$(BIN)/python tools/stubs.py --check

tidy: setup
	@$(BIN)/pytest tests/tidy -q --no-header -p no:cacheprovider

clean: ## remove caches and the environment; .data stays
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
