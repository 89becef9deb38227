# Two commands: `make demo` and `make test`. Both make the environment first.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
ACTIVATE := $(VENV)\Scripts\activate
else
BIN := $(VENV)/bin
ACTIVATE := source $(VENV)/bin/activate
endif
# a running shell's settings must not change results
export PYTHONPATH :=
export PYTHONUTF8 := 1

.DEFAULT_GOAL := help

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

$(VENV)/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/tested: $(VENV)/installed setup.cfg
	$(BIN)/python -m pip install --quiet -e '.[test]'
	@touch $@

# setuptools warns of every editable installation; a newcomer takes it for a fault
$(VENV)/installed $(VENV)/tested: export PYTHONWARNINGS := ignore

install: $(VENV)/installed  ## Make the environment and install riskmap into it
	@echo 'riskmap is in $(BIN); in this terminal: $(ACTIVATE)'

demo: install  ## Build the Linzi example to out/linzi
	$(BIN)/riskmap build examples/linzi/riskmap.yaml --out out/linzi

test: $(VENV)/tested  ## Run the whole test suite
	sh tests/setup.sh $(BIN)/python
	$(BIN)/python -m pytest

qgis: $(VENV)/tested  ## Open a delivered project in real QGIS and check its pixels (Debian; as root it installs python3-qgis)
	sh tests/setup_qgis.sh
	$(BIN)/python -m pytest tests/test_qgis.py -rs

bench: $(VENV)/tested  ## Run the benchmarks (ratios against a baseline in the same run)
	$(BIN)/python -m pip install --quiet -e '.[test,bench]'
	$(BIN)/python -m pytest -o python_files='bench_*.py' tests/bench -q -s

check: $(VENV)/tested  ## Lint, types
	$(BIN)/python -m pip install --quiet ruff mypy types-PyYAML
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy riskmap

docs: $(VENV)/tested  ## Write the pages that are made from the code (CLI.md, API.md, tables)
	$(BIN)/python tests/make_docs.py

examples: install  ## Build all five examples, each to out/<name>
	$(BIN)/riskmap build examples/linzi/riskmap.yaml examples/haian/riskmap.yaml examples/hegang/riskmap.yaml examples/yonghe/riskmap.yaml examples/linjiang/riskmap.yaml

wheel:  ## Build the wheel into dist/, from clean folders
	rm -rf build dist *.egg-info
	$(PYTHON) -m venv $(VENV)-build
	$(VENV)-build/$(notdir $(BIN))/python -m pip install --quiet build
	$(VENV)-build/$(notdir $(BIN))/python -m build --wheel
	rm -rf $(VENV)-build

wheelhouse: wheel  ## Make a folder from which pip installs without internet
	rm -rf wheelhouse
	$(PYTHON) -m pip wheel --quiet --wheel-dir wheelhouse dist/*.whl
	@echo 'pip install --no-index --find-links wheelhouse riskmap'

clean:  ## Remove what was made (not out/)
	rm -rf $(VENV) build dist wheelhouse *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis

.PHONY: help install demo test qgis bench check docs examples wheel wheelhouse clean
