# One door. `make` prints what there is.
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
PY := .venv/bin/python

SYSTEMS := $(if $(filter full,$(PROFILE)),all,$(WITH))

.DEFAULT_GOAL := help
.PHONY: help setup run stop status logs doctor clean clean-env test lint unit bench faults \
        compile jars-lock db-init db-migrate run-stream docker-up docker-down

help: ## what can be done
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## the environment: wheels and jars (nothing to do when it is there)
	@"$(PYTHON)" bin/setup

run: setup ## start everything and show the first results (WITH=promo, PROFILE=full, MONITORING=1: more)
	@$(if $(MONITORING),WEIR_MONITORING=$(MONITORING)) $(if $(SYSTEMS),WEIR_WITH=$(SYSTEMS)) bin/weir up --wait

stop: ## stop everything
	@bin/weir down

status: ## every component, its memory and restarts
	@bin/weir status

logs: ## follow all logs
	@bin/weir logs -f

doctor: setup ## what stands in the way of a start, and every setting
	@bin/weir doctor

clean: ## stop, then delete the data folder (asks first)
	@bin/weir clean

clean-env: ## delete the environment
	@rm -rf .venv .weir-tools

lint: setup ## ruff, mypy, import-linter, squawk
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .
	@$(PY) -m mypy
	@PYTHONPATH=plugins .venv/bin/lint-imports --no-cache
	@.venv/bin/squawk --config .squawk.toml include/sql/migrations/*.sql

test: setup lint ## everything: unit, architecture, contract, integration, short fault matrix
	@$(PY) -m tests.lanes

unit: setup ## only the tests that need no services
	@$(PY) -m pytest tests/unit tests/architecture

faults: setup ## the long fault matrix of STEP, with a result file
	@$(PY) -m pytest tests -m "long and step$(STEP)" -p no:cacheprovider

bench: setup ## every benchmark; results in benchmarks/results
	@for name in collector window_counts refusals_one_pass; do \
	  echo "benchmarks.$$name"; $(PY) -m "benchmarks.$$name" || exit 1; done

compile: ## requirements.in -> requirements.txt, with hashes
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make compile" requirements.in -o requirements.txt

jars-lock: ## write the sums of the fetched jars after a change of ivy.xml
	@cd .venv/jars.new && sha256sum kafka/*.jar spark/*.jar > ../../ivy.sha256

db-init db-migrate: ## start PostgreSQL and bring its schema up to date
	@bin/weir up --only postgres && bin/weir db migrate

run-stream: ## start the declared streams on the running platform
	@bin/weir streams start wikimedia_domain_counts

docker-up: ## the platform in containers, on three brokers
	@docker compose up --build --detach --wait

docker-down: ## stop the containers; their volumes stay
	@docker compose down
