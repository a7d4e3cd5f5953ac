# Gatehouse. `make run` and `make test` need Python 3.11+ and make. They install everything else themselves.
SHELL := /bin/sh
PY := .venv/bin/python
export PYTHONDONTWRITEBYTECODE := 1
UV ?= $(or $(shell command -v uv),$(CURDIR)/.venv-boot/bin/uv)
CODE := app.py gates.py chalicelib infra tests bench
# Node of infra/setup.sh, where the machine has none.
export PATH := $(CURDIR)/.local/node-bin:$(PATH)

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

run: setup pages ## Run the platform on this machine with demo data (PORT, DATA, DEMO=0, ENGINE=dynamodb-local)
	@exec $(PY) -m infra.local

test: setup engine localstripe tixclient campusclient apiclient pages browser ## Run every test, and print branch coverage (floor 90 %)
	@mkdir -p .local; (cd reader-agent && exec .venv/bin/python -m pytest -n 2 --dist loadgroup tests) >.local/reader-agent-tests 2>&1 & agent=$$!; \
	COVERAGE=1 FETCH=0 PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n 3 --dist loadgroup tests; platform=$$?; \
	wait $$agent; agent=$$?; echo; echo "Tests of the reader agent, which ran beside:"; cat .local/reader-agent-tests; \
	exit $$((platform + agent))

test-all: setup engine localstripe tixclient campusclient apiclient pages browser ## Run the tests of all days once, of which `make test` has a day's share
	@FETCH=0 $(PY) -m pytest -n 3 --dist loadgroup $(filter-out %_client/,$(wildcard tests/[a-z]*/)) tests/test_*.py

test-fast: setup ## Run rules, tables and workers only, without an engine (the inner loop)
	@FETCH=0 $(PY) -m pytest -n auto --dist loadgroup -m "not engine and not ministack" tests/domain tests/table tests/workers

fuzz: setup ## Send each route wrong requests at full size (FUZZ_REQUESTS, FUZZ_SEED)
	@FUZZ_REQUESTS=$(or $(FUZZ_REQUESTS),3000) FETCH=0 $(PY) -m pytest tests/contract/test_fuzz.py tests/contract/test_fuzz_principals.py

check: setup lint audit test ## Run the one gate: format, lint, types, import contracts, audit, tests

check-next: setup engine next ## Run the tests of rules, routes and workers on Python 3.13, which Lambda runs, if it is installed
	@if [ -x .venv-next/bin/python ]; then FETCH=0 .venv-next/bin/python -m pytest -n 2 --dist loadgroup tests/domain tests/portals tests/workers; fi

lint: setup pages ## Check format, lint rules, types (Python 3.11 and 3.13) and import contracts
	@$(PY) -m ruff format --check $(CODE) reader-agent
	@$(PY) -m ruff check $(CODE) reader-agent
	@$(PY) -m infra.console_checks
	@$(PY) -m mypy --python-version 3.13 & next=$$!; $(PY) -m mypy; now=$$?; wait $$next && exit $$now
	@.venv/bin/lint-imports
	@cd reader-agent && .venv/bin/python -m mypy

audit: setup ## Look for insecure code (bandit) and for known holes in the pinned packages (pip-audit)
	@$(PY) -m infra.audit

format: setup ## Format the code and apply safe lint fixes
	@$(PY) -m ruff check --fix -q $(CODE) reader-agent; $(PY) -m ruff format $(CODE) reader-agent

truth: setup engine ## Run races, fault matrices and costs at full size, and the whole fuzz
	@FETCH=0 FAULTS=all TRUTH_TICKETS=2000 SALE_BUYERS=500 LEDGER_OPERATIONS=10000 NUMBERING_TICKETS=500 PAYOUT_ORDERS=200 FUZZ_REQUESTS=3000 $(PY) -m pytest tests/truth tests/faults tests/cost tests/domain tests/contract/test_fuzz.py tests/contract/test_fuzz_principals.py -x
	@cd reader-agent && READER_KEPT=300 READER_PEOPLE=52 READER_EVERY=1 READER_TAPS=500 READER_KILLS=20 READER_HUB_TICKETS=1000 READER_EVENINGS=60 READER_DEEDS=120 .venv/bin/python -m pytest tests/test_outage.py tests/test_hub_event.py tests/test_random_evening.py

mutants: setup engine pages ## Seed bugs one by one, and require that a test fails for each
	@FETCH=0 $(PY) -m tests.mutants

bench: setup engine ## Measure cost and speed
	@$(PY) -m bench && $(PY) -m bench.audit_log && $(PY) -m bench.scale

scale: setup engine ## Record what the busiest deeds take of DynamoDB, and simulate its partitions under six rushes
	@$(PY) -m bench.scale --record --plots docs/plots

cost: setup engine ## Print what scans, orders, cards and a month cost on AWS (ARGS=--quick)
	@$(PY) -m bench.cost $(ARGS)

load: setup ## Rehearse the rushes of an evening at small size (URL=http://127.0.0.1:8000, ARGS="--help" explains)
	@$(PY) -m bench.rehearsal --url $(or $(URL),http://127.0.0.1:8000) $(ARGS)

console: pages console-checks ## Build the console, and check its types, style, budgets and rules

console-checks: setup
	@$(PY) -m infra.console_checks

screenshots: setup pages browser ## Photograph every page of the console into docs/screenshots (PAGES="shop gate")
	@$(PY) -m tests.console.screenshots $(PAGES)

client: setup apiclient ## Write a typed TypeScript client into tests/api_client/build, and compile a journey with it
	@$(PY) -m infra.api_document tests/api_client/openapi.json
	@cd tests/api_client && DOCUMENT=openapi.json npm run --silent client

package: setup ## Build the template and the archive that are deployed (STAGE=dev)
	@$(PY) -m infra.package --stage $(or $(STAGE),dev)

deploy: setup ## Build and deploy a stage, show its changes, ask, wait, and check it (STAGE=dev, ARGS="--help" explains)
	@$(PY) -m infra.deploy deploy --stage $(or $(STAGE),dev) $(ARGS)

rollback: setup ## Deploy the release of a stage before the present one again (STAGE=dev)
	@$(PY) -m infra.deploy rollback --stage $(or $(STAGE),dev) $(ARGS)

destroy: setup ## Delete the stack of a stage that is not production (STAGE=dev, ARGS=--data for its data too)
	@$(PY) -m infra.deploy destroy --stage $(or $(STAGE),dev) $(ARGS)

deploy-local: setup ## Deploy the package to MiniStack and use it through its API Gateway
	@$(PY) -m infra.deploy_local

first-admin: setup ## Print a one-time link for the first administrator (STAGE=prod, ARGS="--help" explains)
	@$(PY) -m infra.first_admin $(if $(STAGE),--stage $(STAGE)) $(ARGS)

recover-staff: setup ## Give a member of staff a new way in whom no colleague can help (STAGE=prod, ARGS="--help" explains)
	@$(PY) -m infra.staff_recovery $(if $(STAGE),--stage $(STAGE)) $(ARGS)

campus: setup ## Create a campus (NAME=, TIMEZONE=; ADMIN_EMAIL=, ADMIN_NAME= and URL= make a link for its first admin)
	@$(PY) -m infra.campus $(if $(STAGE),--stage $(STAGE)) $(if $(NAME),--name "$(NAME)") \
	$(if $(TIMEZONE),--timezone "$(TIMEZONE)") $(if $(ADMIN_EMAIL),--admin-email "$(ADMIN_EMAIL)") \
	$(if $(ADMIN_NAME),--admin-name "$(ADMIN_NAME)") $(if $(URL),--url "$(URL)") $(ARGS)

audit-verify: setup ## Verify the audit log, and name its first break (STAGE=prod, ARGS="--help" explains)
	@$(PY) -m infra.audit_log $(if $(STAGE),--stage $(STAGE)) $(ARGS)

campus-erase: setup ## Erase one person of the campus portal (STAGE=prod USER=usr_…, ARGS="--help" explains)
	@$(PY) -m infra.campus_erase $(if $(STAGE),--stage $(STAGE)) $(if $(filter usr_%,$(USER)),--user $(USER)) $(ARGS)

seed: setup ## Fill an event with tickets and cards (see ARGS="--help")
	@$(PY) -m infra.local.seed $(ARGS)

rotate: setup ## Give a secret a fresh key (STAGE=prod NAME=sessions, ARGS="--help" explains)
	@$(PY) -m infra.rotate $(if $(STAGE),--stage $(STAGE)) $(if $(NAME),--name $(NAME)) $(ARGS)

redrive: setup ## Replay dead letters of the stream and the queues (STAGE=prod, ARGS="--help" explains)
	@$(PY) -m infra.redrive $(if $(STAGE),--stage $(STAGE)) $(ARGS)

logs: setup ## Answer a saved query from a stage's log, or list them (QUERY=refusals STAGE=prod SINCE=1h, ARGS="--help" explains)
	@$(PY) -m infra.logs logs $(if $(STAGE),--stage $(STAGE)) $(if $(QUERY),--query $(QUERY)) $(if $(SINCE),--since $(SINCE)) $(ARGS)

trace: setup ## Follow one request, scan or order through the log (ID=, SCAN=, REQUEST= or ORDER=; STAGE=prod SINCE=1h)
	@$(PY) -m infra.logs trace $(if $(STAGE),--stage $(STAGE)) $(if $(firstword $(ID) $(SCAN) $(REQUEST) $(ORDER)),--id $(firstword $(ID) $(SCAN) $(REQUEST) $(ORDER))) $(if $(SINCE),--since $(SINCE)) $(ARGS)

relist: setup ## Write the list entries of rows that were stored before their list was declared (STAGE=prod)
	@$(PY) -m infra.relist $(if $(STAGE),--stage $(STAGE)) $(ARGS)

rebuild: setup ## Make every projection of a restored table again, and compare (STAGE=prod, ARGS="--help" explains)
	@$(PY) -m infra.rebuild $(if $(STAGE),--stage $(STAGE)) $(ARGS)
drill: setup engine ## Lose a table, restore it at a minute, rebuild it and compare, at full size (ARGS="--tickets 5000 …")
	@$(PY) -m infra.rebuild.drill $(ARGS)

erase-again: setup ## After a restore, erase again who was erased after its minute (STAGE=prod)
	@$(PY) -m infra.rebuild.erase_again $(if $(STAGE),--stage $(STAGE)) $(ARGS)

upgrade-items: setup ## Write items of a former shape in the newest one (STAGE=prod, ARGS="--dry-run" counts them)
	@$(PY) -m infra.rebuild.upgrade $(if $(STAGE),--stage $(STAGE)) $(ARGS)

prewarm: setup ## Before a big event, warm table and containers; shows, asks (STAGE=prod, ARGS="--help" explains)
	@$(PY) -m infra.prewarm $(if $(STAGE),--stage $(STAGE)) $(ARGS)

restore: setup ## Restore the table to a minute as another one (STAGE=prod MINUTE=2026-11-28T08:30Z)
	@$(PY) -m infra.rebuild.restore $(if $(STAGE),--stage $(STAGE)) $(if $(MINUTE),--minute "$(MINUTE)") $(ARGS)

export-query: setup ## Sums of journals and admissions by event, from an export's files (FOLDER=…)
	@$(PY) -m infra.rebuild.exported $(FOLDER) $(ARGS)
.PHONY: prewarm rebuild drill erase-again upgrade-items restore export-query

lock: setup ## Compile every requirements file with hashes
	@files=$$(git ls-files '*requirements*.in') && for file in $$files; do (cd $$(dirname $$file) && $(UV) pip compile --universal --python-version 3.11 --generate-hashes -q -o $$(basename $$file .in).txt $$(basename $$file)) || exit 1; done

clean: ## Remove environments, builds and local data
	@rm -rf .venv .venv-boot .venv-ministack .venv-localstripe .venv-next .local build reader-agent/.venv tests/tix_client/node_modules tests/campus_client/node_modules tests/api_client/node_modules tests/api_client/build console/node_modules console/src/ui/api/schema.ts

setup:
	@infra/setup.sh app ministack reader

pages: setup
	@infra/setup.sh console

browser: setup
	@infra/setup.sh browser

engine: setup
	@infra/setup.sh engine

devices: setup ## Install what the tests of PC/SC, scanners and signals need (Debian packages, some of it built here)
	@infra/setup.sh devices

localstripe: setup
	@infra/setup.sh localstripe

tixclient: setup
	@infra/setup.sh tixclient

campusclient: setup
	@infra/setup.sh campusclient

apiclient: setup
	@infra/setup.sh apiclient

next: setup
	@infra/setup.sh next

.PHONY: help run test test-all test-fast fuzz check check-next next lint audit format truth mutants bench scale cost load package deploy rollback destroy deploy-local first-admin recover-staff campus audit-verify campus-erase seed rotate redrive logs trace relist lock clean setup engine localstripe devices tixclient campusclient apiclient client console console-checks screenshots pages browser
