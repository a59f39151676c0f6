# Set-up, tests and the demo. Everything lands in .venv; nothing else on the machine is touched.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test check lint types contracts
.PHONY: conformance-spf conformance-limbo bench-mail bench-certs bench-evidence bench-durable prove-rotation prove-platform

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/gctrust demo --fast

test: setup
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

check: lint types contracts test

# Any suite file of the named format, through the public API: `make conformance-spf SUITE=FILE`.
conformance-spf: setup
	@$(BIN)/python tests/conformance/spf_suite.py $(SUITE)

conformance-limbo: setup
	@$(BIN)/python tests/conformance/limbo_suite.py $(SUITE)

# Side-by-side figures; the peers are installed apart, under .bench/.
bench-mail: setup
	@$(BIN)/python bench/mail/run.py

bench-certs: setup
	@$(BIN)/python bench/certs/run.py

prove-rotation: setup
	@$(BIN)/python bench/rotation.py

bench-evidence: setup
	@$(BIN)/python bench/evidence/run.py

bench-durable: setup
	@$(BIN)/python bench/durable/run.py

# The official Python SDK against the sandbox, installed apart under .bench/platform.
prove-platform: setup
	@$(BIN)/python prove/platform.py
