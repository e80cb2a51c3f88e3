# Needs python3 (3.10 or newer) with venv and pip. Everything is installed into .venv.
PYTHON ?= python3
BIN = .venv/bin
DEMO = runs/demo

.PHONY: install demo test test-all check docs release test-web test-web-long benchmark-web clean

install: .venv/installed

.venv/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -e '.[dev]'
	touch $@

# DFR-Net on synthetic clips: every subject is tested by a network that never saw it.
demo: install
	$(BIN)/dfr-keras fit --dataset synthetic-strong --size 56 --flow dis --model dfrnet \
	    --validation none --epochs 10 --learning-rate 5e-4 --batch-size 16 --run-dir $(DEMO)
	$(BIN)/dfr-keras report $(DEMO)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Two processes of one thread each: more threads than cores wait for each other and take twice as long.
test test-all: export OMP_NUM_THREADS = 1
test test-all: export OPENBLAS_NUM_THREADS = 1
test: install
	$(BIN)/pytest -n 2 --dist worksteal

test-all: install
	$(BIN)/pytest -n 2 --dist worksteal -m "slow or not slow"

# The documentation site, build/docs/index.html. A warning, a dead link among them, is an error.
docs: .venv/docs-installed
	$(BIN)/python -m sphinx -W --keep-going -q -E -b html docs build/docs

.venv/docs-installed: .venv/installed
	$(BIN)/pip install --quiet -e '.[docs]'
	touch $@

# dist/: sdist, wheel, SBOM and documentation of the commit that is checked out; docs/releasing.md.
release: .venv/docs-installed .venv/release-installed
	$(BIN)/python .ci/release.py

.venv/release-installed: .ci/release-tools.txt .venv/docs-installed
	$(BIN)/pip install --quiet -r .ci/release-tools.txt
	touch $@

# The page of dfr-keras web in a real browser: needs Node 20 or newer and npm beside Python. docs/web.md.
test-web: build/web/expected.json web/node_modules/.package-lock.json
	cd web && npm test

# All of it: 20 clips, and ten minutes of a camera.
test-web-long: web/node_modules/.package-lock.json install
	$(BIN)/python tests/web/page_fixtures.py build/web --clips 20
	cd web && DFR_WEB_LONG=1 npm test

benchmark-web: build/web/expected.json web/node_modules/.package-lock.json
	cd web && node benchmark.mjs

build/web/expected.json: .venv/installed $(wildcard web/page/*) $(wildcard web/*.py) tests/web/page_fixtures.py
	$(BIN)/python tests/web/page_fixtures.py build/web --clips 4

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-fund --no-audit
	touch $@

clean:
	rm -rf .venv runs build dist docs/api web/node_modules *.egg-info
