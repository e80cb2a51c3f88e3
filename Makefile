# Needs python3 (3.10 or newer) with venv and pip. Everything is installed into .venv.
PYTHON ?= python3
BIN = .venv/bin
DEMO = runs/demo

.PHONY: install demo test test-all check docs release clean

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

# Two processes: the tests wait on the starts of TensorFlow more than on arithmetic.
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

clean:
	rm -rf .venv runs build dist docs/api *.egg-info
