# Every target does its own set-up: a fresh machine needs only Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where this is set, each of the many processes of the tests would compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=

# On a terminal, uv shows its progress.
QUIET := $(if $(MAKE_TERMOUT),,--quiet)

.DEFAULT_GOAL := help
.PHONY: help setup chromium browsers local test test-browsers test-fast test-changed test-identity simulate prove-permissions fuzz bench check release lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1  \t/p' $(MAKEFILE_LIST)

setup: .venv/ready .venv-lambda/ready ## create the two environments (other targets do this when needed)

# uv reads the same locks as pip and installs several times faster.
.venv/ready: requirements/dev.txt requirements/uv.txt
	@echo "== setting up .venv (once; mostly downloads)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed. Set PYTHON=/path/to/python3.11.")'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip install $(QUIET) --require-hashes --python $(BIN)/python -r requirements/dev.txt
	@$(BIN)/uv pip install $(QUIET) --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

# The handlers run with boto3 only, as on AWS, so that a new dependency fails at once.
.venv-lambda/ready: .venv/ready requirements/lambda.txt
	@echo "== setting up .venv-lambda"
	@$(PYTHON) -m venv --clear --without-pip .venv-lambda
	@$(BIN)/uv pip install $(QUIET) --require-hashes --python .venv-lambda/bin/python -r requirements/lambda.txt
	@touch $@

# Separate, because the scanner needs another boto3. Only `make check` uses it.
.venv-scan/ready: .venv/ready requirements/scan.txt
	@echo "== setting up .venv-scan"
	@$(PYTHON) -m venv --clear --without-pip .venv-scan
	@$(BIN)/uv pip install $(QUIET) --require-hashes --python .venv-scan/bin/python -r requirements/scan.txt
	@touch $@

# Playwright's package does not contain a browser. Debian's packages need root or sudo.
INSTALL = SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	$$SUDO apt-get update -qq && $$SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq

chromium: ## install Chromium for the browser tests if it is missing (Debian's package; needs root or sudo)
	@for name in "$$CHROMIUM" chromium chromium-browser google-chrome; do \
		[ -n "$$name" ] && command -v "$$name" >/dev/null && exit 0; \
	done; \
	command -v apt-get >/dev/null || { echo "The browser tests need Chromium. Install it, or set CHROMIUM to its path."; exit 1; }; \
	echo "== installing Chromium (once)"; \
	$(INSTALL) chromium >/dev/null

browsers: chromium ## install Firefox, WebKitGTK and a display for them too, where they are missing
	@missing=; \
	command -v "$${FIREFOX:-firefox-esr}" >/dev/null || missing="firefox-esr"; \
	command -v WebKitWebDriver >/dev/null || missing="$$missing webkit2gtk-driver"; \
	command -v Xvfb >/dev/null || missing="$$missing xvfb"; \
	[ -n "$$missing" ] || exit 0; \
	command -v apt-get >/dev/null || { echo "Tests in these engines are skipped: $$missing."; exit 0; }; \
	echo "== installing $$missing (once)"; \
	$(INSTALL) $$missing >/dev/null

local: setup ## deploy template.yaml on this machine and run a whole study (STUDY=path OPEN=0)
	@exec $(BIN)/hippo local $(if $(filter 0,$(OPEN)),--no-open) -- "$${STUDY:-examples/mountain_car}"

# One worker per core. A test module stays in one worker, which has a browser and a platform of its own.
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder

test: setup browsers ## everything: unit, functional, browser, gaps, template, end to end
	$(BIN)/python -m pytest $(PARALLEL)

test-browsers: setup browsers ## every test of the page in Firefox, and the study in Firefox and WebKit
	BROWSER_ENGINE=firefox $(BIN)/python -m pytest $(PARALLEL) tests/browser tests/e2e/test_study_in_engines.py

test-fast: setup ## the inner loop: unit and functional tests, without a browser or a platform
	$(BIN)/python -m pytest -q $(PARALLEL) tests/unit tests/functional

test-changed: setup ## the quick tests that a change since main touches (AGAINST=branch ALL=1 for the slow ones too)
	@tests=$$($(BIN)/python tools/changed_tests.py --against "$${AGAINST:-main}" $(if $(ALL),--all)) && \
	if [ -z "$$tests" ]; then echo "No test is affected by the change."; \
	else echo "$$tests"; $(BIN)/python -m pytest -q $(PARALLEL) $$tests; fi

simulate: setup ## every crash point, pair of faults and order, random histories, and the mutants (docs/explanation/reliability.md)
	@PYTHONPATH=layer:. $(BIN)/python -m tests.simulation
	@$(BIN)/python -m tests.simulation.mutants

fuzz: setup ## send 10,000 malformed requests to a local platform (SEED=n repeats a run)
	@$(BIN)/python -m tests.api $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

test-identity: setup chromium ## many random sequences of three people in one browser (SEQUENCES=100 SEED=n repeats a run)
	@IDENTITY_SEQUENCES=$(or $(SEQUENCES),100) IDENTITY_SEED=$(or $(SEED),$(shell date +%s)) \
		$(BIN)/python -m pytest $(PARALLEL) --dist load tests/browser/test_identity.py

prove-permissions: setup ## record the permissions that each role uses, check the policies against them, and deploy three that lack an action
	@PYTHONPATH=layer:.:tests/template $(BIN)/python -m tests.permissions

bench: setup chromium ## measure: calls, bytes, cold starts, load, frames
	@$(BIN)/python -m bench

check: setup .venv-scan/ready ## the gate: ruff, mypy strict, codespell, prose, cfn-lint, sam validate, security scanner, template tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	for app in functions/*/app.py; do $(BIN)/mypy $$app || exit 1; done
	$(BIN)/codespell
	$(BIN)/python tools/check_prose.py
	$(BIN)/cfn-lint template.yaml
	$(BIN)/sam validate --lint --template template.yaml --region ca-central-1
	$(BIN)/python tools/scan_template.py
	$(BIN)/python -m pytest -q tests/template

release: setup ## check and tag a release (VERSION=x.y.z; see RELEASING.md)
	@$(BIN)/python tools/release.py "$(VERSION)"

lock: .venv/ready ## update the locks after a change of pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml --extra dev -o requirements/dev.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header -c requirements/dev.txt requirements/lambda.in -o requirements/lambda.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header requirements/uv.in -o requirements/uv.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header requirements/scan.in -o requirements/scan.txt

clean: ## remove environments, builds and local data
	rm -rf .venv .venv-lambda .venv-scan .aws-sam .local .artefacts .pytest_cache .mypy_cache .ruff_cache .hypothesis
