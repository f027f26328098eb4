# Needs Python 3.11 or later, make, and a package registry for pip.
PYTHON ?= $(firstword $(foreach p,python3.11 python3,$(shell command -v $(p) 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin

# Checksums are no secrets.
UNSEARCHED := ":!*.lock" ":!*package-lock.json" ":!models_store" ":!.secrets.baseline"

.DEFAULT_GOAL := help
.PHONY: help run test lint faults postgres fuzz audit bench images models lock clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(VENV)/run.done ## Install, migrate, start API and worker
	@exec $(BIN)/densely up

test: $(VENV)/dev.done ## Run all tests, and say which lines those within one process do not run
	@# All parts, whatever one of them says. TensorFlow keeps every program that it has traced: the tests of training have
	@# processes to themselves, which end with them.
	@status=0; pytest="pytest -n 2 --dist loadfile"; covered="$(BIN)/python -m slipcover --json --out $(VENV)"; \
	$(BIN)/$$pytest tests/browser tests/e2e || status=1; \
	$$covered/training.json -m $$pytest tests/training || status=1; \
	$$covered/rest.json -m $$pytest $(addprefix --ignore=tests/,browser e2e training) || status=1; \
	$(BIN)/python -m slipcover --merge $(VENV)/training.json $(VENV)/rest.json --out /dev/null; exit $$status

lint: $(VENV)/dev.done $(VENV)/npm.done ## Check style, types and import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --python-version 3.10 --package densely_client
	$(BIN)/lint-imports
	$(BIN)/python clients/python/scripts/generate_sync.py --check
	$(BIN)/python -m clients.python.scripts.check_forms
	$(BIN)/python clients/javascript/node.py --run lint

faults: $(VENV)/dev.done ## Kill, suspend and stop processes 560 times, ask for too much, and see that nothing is lost
	$(BIN)/python -m tests.faults --database sqlite --writing 30
	$(BIN)/python -m tests.faults --database sqlite --faults 250 --real 30
	$(BIN)/python -m tests.faults --database postgresql --faults 250 --real 30
	$(BIN)/python -m tests.faults.overload

postgres: $(VENV)/dev.done ## Run the integration tests, outages of a minute and 280 faults on PostgreSQL: about an hour
	DENSELY_TEST_DATABASE=postgresql $(BIN)/pytest -n 2 --dist loadfile tests/integration tests/e2e/test_postgres.py tests/e2e/test_outages.py
	$(BIN)/python -m tests.faults --database postgresql --faults 250 --real 30

fuzz: $(VENV)/dev.done ## Send the API requests without end, others each time: half an hour
	$(BIN)/python -m tests.fuzz

audit: $(VENV)/dev.done ## Look for secrets in what is committed
	@git ls-files -z -- $(UNSEARCHED) | xargs -0 $(BIN)/detect-secrets-hook --no-verify --baseline .secrets.baseline
	@echo "No secrets that .secrets.baseline does not know."

bench: $(VENV)/run.done ## Measure the figures of docs/benchmarks.md
	$(BIN)/python -m benchmarks.footprint
	$(BIN)/python -m benchmarks.accuracy
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.guarded

images: $(VENV)/dev.done ## Build and start what the images run, without a container engine (as root, with bubblewrap)
	$(BIN)/python -m benchmarks.images

models: $(VENV)/run.done ## Train the bundled models on the real data, through the service
	$(BIN)/python -m benchmarks.bundled_models

lock: $(VENV)/dev.done ## Pin the dependencies anew
	sh -c 'set -e; \
	  compile() { $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-emit-package densely-client --no-annotate --no-header --quiet --upgrade "$$@"; }; \
	  compile --extra train --extra postgres -o requirements.lock; \
	  compile --extra train --extra dev -c requirements.lock -o requirements-dev.lock; \
	  stores="--extra postgres --extra s3 --extra gs --extra az"; \
	  compile $$stores -c requirements-dev.lock -o requirements-api.lock; \
	  compile --extra train $$stores --extra ray -c requirements-dev.lock -c requirements-api.lock -o requirements-scale.lock; \
	  compile --extra gpu $$stores --extra ray -c requirements-scale.lock -o requirements-gpu.lock'

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) clients/javascript/node_modules clients/javascript/build .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/run.done: requirements.lock pyproject.toml clients/python/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Densely needs Python 3.11 or later" if sys.version_info < (3, 11) else 0)'
	@echo "Installing into $(VENV): about a minute."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	@$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable clients/python --editable .
	@touch $@

$(VENV)/dev.done: $(VENV)/run.done requirements-dev.lock
	$(BIN)/pip install --disable-pip-version-check --quiet --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/npm.done: $(VENV)/dev.done clients/javascript/package-lock.json
	@$(BIN)/python clients/javascript/node.py npm ci --silent
	@touch $@
