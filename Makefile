# Needs python3 (3.10 or newer) with venv and pip. Everything is installed into .venv.
PYTHON ?= python3
BIN = .venv/bin
DEMO = runs/demo

.PHONY: install demo test test-all check clean

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

clean:
	rm -rf .venv runs build dist *.egg-info
