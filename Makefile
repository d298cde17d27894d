# One short command for each task, the same by hand and in CI. Paths are relative, so the project's folder may have
# spaces in its name. Works with GNU make 3.81, which macOS has.

UV_VERSION = 0.13.8
IN_ENV = .venv/bin/python -m
UV = .venv/uv-$(UV_VERSION)
READY = .venv/ready

# The clients that `make test-clients` uses have an environment of their own: dbt needs older packages than the pipeline.
CLIENTS = .venv-clients

# `make dag-test`: the day to run, and the folder that keeps its warehouse from call to call.
DAY = 2018-11-05
DAG_TEST = .demo/dag-test

# `make up`: the folder that it keeps from start to start, and the folder with its recent listening.
STATE = .sandbox
BUCKETS = .demo/recent

.DEFAULT_GOAL := help
.PHONY: help env demo dag-test up down test test-docs test-sandbox test-browser test-aws test-clients aws-policy bench lint docs pictures constraints clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 14

env: $(READY) ## create the Python environment .venv; commands that need it do this first
demo: $(READY) ## load a month of generated listening on this machine and ask the warehouse questions
	@AIRFLOW_HOME="$$PWD/.demo/airflow" .venv/bin/python scripts/local.py run -- python scripts/demo.py

dag-test: $(READY) ## run the DAG for one day, DAY=2018-11-05, on the demo's month; the warehouse is kept for the next call
	@.venv/bin/python scripts/local.py run --state "$(DAG_TEST)" -- \
		sh -c 'python scripts/fast_airflow.py dags test sparkify_warehouse "$$1" && python scripts/published.py' sh "$(DAY)"
	@echo "To look into these tables:"
	@echo "  .venv/bin/python scripts/local.py run --state '$(DAG_TEST)' -- psql"

up: $(READY) ## keep the sandbox running with Airflow at http://localhost:8080 and each day's listening once the day ends
	@.venv/bin/python scripts/up.py --state "$(STATE)" --buckets "$(BUCKETS)"

down: ## stop everything that `make up` started; its data stays
	@if [ -x .venv/bin/python ]; then .venv/bin/python scripts/local.py down --state "$(STATE)"; else echo "nothing runs: no .venv"; fi

test: $(READY) ## test the pipeline from the files in S3 to the report
	$(IN_ENV) pytest -n 2 --dist loadfile --no-loadscope-reorder

test-docs: $(READY) ## test the documents with each of their commands, the notebook and the scripts
	$(IN_ENV) pytest tests/docs tests/notebooks tests/scripts tests/benchmarks -n 2 --dist loadfile --no-loadscope-reorder

test-sandbox: $(READY) ## test the sandbox by itself: its Redshift's SQL, COPY, UNLOAD and wire, and how it starts and ends
	$(IN_ENV) pytest tests/sandbox -n 2 --dist loadfile --no-loadscope-reorder

test-browser: $(READY) ## test `make up` and `make down`, and the pages in Chromium
	$(IN_ENV) pytest tests/browser

test-aws: $(READY) ## test the life of a cluster on moto's AWS: runs killed at any point, wrong input, IAM enforced
	$(IN_ENV) pytest tests/aws -n 2

test-clients: $(READY) $(CLIENTS)/ready ## test dbt, awswrangler, SQLAlchemy, drivers and Airflow's operators on the sandbox
	$(IN_ENV) pytest tests/clients/own
	@PYTHONDONTWRITEBYTECODE= $(IN_ENV) sandbox run -- \
		$(CLIENTS)/bin/python -m pytest tests/clients/others --confcutdir tests/clients/others -n 2 --dist loadfile

aws-policy: $(READY) ## update the IAM policies of docs/aws.md from the calls that the tests make
	WRITE_AWS_POLICY=yes $(IN_ENV) pytest tests/aws/test_policy.py -k need

bench: $(READY) ## measure what the sandbox costs, as ratios to the PostgreSQL behind it; takes minutes
	$(IN_ENV) benchmarks

lint: $(READY) ## check style, types and SQL; changes nothing
	$(IN_ENV) ruff check
	$(IN_ENV) ruff format --check
	$(IN_ENV) mypy
	$(IN_ENV) sqlfluff lint include/sql
	@$(IN_ENV) scripts.line_budget

docs: $(READY) ## update the parts of docs/ that are generated from the code
	$(IN_ENV) scripts.data_dictionary
	$(IN_ENV) scripts.sandbox_reference

pictures: $(READY) ## take the screenshots in docs/pictures from a running `make up`
	$(IN_ENV) scripts.pictures

constraints: $(UV) ## pin the newest versions of what the packages of requirements*.txt need in turn
	@for which in -dev -clients; do \
		.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
			--output-file "constraints$${which#-dev}.txt" \
			--custom-compile-command "make constraints" --no-emit-index-url --no-emit-find-links \
			requirements$$which.txt || exit; done

clean: down ## stop everything and remove what the commands made: environment, sandbox, demo data, caches
	rm -rf .venv $(CLIENTS) .demo .sandbox .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(UV):
	@for python in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11 none; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; done; \
	if [ "$$python" = none ]; then echo "Python 3.11 or later is needed: make PYTHON=/path/to/python ..." >&2; exit 1; fi; \
	"$$python" -m venv .venv
	@$(IN_ENV) pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# Compiled to bytecode now, or the first start of Airflow takes twice as long.
$(READY): $(UV) requirements.txt requirements-dev.txt constraints.txt
	.venv/bin/uv pip install --quiet --python .venv/bin/python --compile-bytecode -r requirements-dev.txt -c constraints.txt
	@touch $@

# Not compiled: most of it is never imported, and the rest is compiled on import.
$(CLIENTS)/ready: requirements-clients.txt constraints-clients.txt | $(UV)
	.venv/bin/uv venv --quiet --clear --python .venv/bin/python $(CLIENTS)
	.venv/bin/uv pip install --quiet --python $(CLIENTS)/bin/python -r requirements-clients.txt -c constraints-clients.txt
	@touch $@
