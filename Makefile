# Commands for users and developers; `make help` lists them.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
# DVC's stages run `python`: let it be the environment's.
export PATH := $(abspath $(BIN)):$(PATH)
# Optional extras for the environment: make setup EXTRAS=gpu
EXTRAS ?=
# Findings that are let pass, each with its reason in the file.
ACCEPTED = $(shell sed -nE 's/^([A-Z]\S+) .*/--ignore-vuln \1/p' .ci/accepted-vulnerabilities.txt)
# Fail where a package cannot be asked for, too: make audit STRICT= does not.
STRICT ?= --strict
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help setup repro check unit test test-gpu failures damage torture ui bench bench-gpu tensorboard lint audit docs dvc-deps clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.installed  ## make the environment $(VENV) with pinned dependencies
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -e "$(if $(EXTRAS),.[$(EXTRAS)],.)"
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(INSTALL) -e ".[test,tables]"
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(INSTALL) -e ".[test,tables,dev]"
	@touch $@

$(VENV)/.installed-audit: $(VENV)/.installed
	$(INSTALL) -e ".[audit]"
	@touch $@

repro: $(VENV)/.installed  ## set up and run the main job: data to proven model, tracked
	$(BIN)/dvc repro

check: $(VENV)/.installed-dev  ## run linters and fast unit tests side by side, about a minute
	@$(MAKE) --no-print-directory --jobs=2 lint unit

unit: $(VENV)/.installed-dev  ## run fast unit tests, those without a mark
	$(BIN)/python -m pytest --quiet -m "not (repro or semantics or slow)" --ignore tests/repro --ignore tests/semantics

test: $(VENV)/.installed-test  ## set up and run all tests
	$(BIN)/python -m pytest

test-gpu: $(VENV)/.installed-test  ## train, freeze and prove all presets on a GPU
	$(BIN)/python -m pytest -c tests/gpu/pytest.ini tests/gpu

failures: $(VENV)/.installed-test  ## run all tests, and write the failures that they cause to docs/failures.md
	$(BIN)/python -m pytest --write-failures

damage: $(VENV)/.installed-test  ## damage models in all forms some 3,000 times: none may pass for sound
	$(BIN)/python -m tests.verification.damage --values $(or $(VALUES),30)

torture: $(VENV)/.installed-test  ## kill the pipeline KILLS times at random moments, finish it, compare
	$(BIN)/python -m tests.torture --kills $(or $(KILLS),100)

ui: $(VENV)/.installed  ## browse and compare runs in MLflow on http://127.0.0.1:5000
	$(BIN)/pipeline ui

bench: $(VENV)/.installed  ## measure the pipeline beside other ways to do the same, write docs/benchmarks.md
	$(BIN)/python -m benchmarks

bench-gpu: $(VENV)/.installed  ## measure training on a GPU beside other ways, write docs/benchmarks-gpu.md
	$(BIN)/python -m benchmarks.gpu

tensorboard: $(VENV)/.installed  ## show what train.tensorboard=true wrote, on http://127.0.0.1:6006
	$(INSTALL) -e ".[tensorboard]"
	$(BIN)/tensorboard --logdir tensorboard --host 127.0.0.1

lint: $(VENV)/.installed-dev  ## ruff, mypy --strict, import contracts, declared dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src

audit: $(VENV)/.installed-audit  ## ask PyPI for known vulnerabilities of the pinned packages
	$(BIN)/pip-audit $(STRICT) --no-deps --disable-pip -r constraints.txt $(ACCEPTED)

docs: repro  ## write what the documentation takes from the program: parameters, a picture
	$(BIN)/python -c "from pipeline.config import describing; print(describing.describe_all(), end='')" > docs/parameters.md
	cp reports/figures/predictions.png docs/predictions.png

dvc-deps: $(VENV)/.installed-test  ## write what each stage depends on into dvc.yaml
	$(BIN)/python -m tests.stage_deps --write

clean:  ## remove results, runs and resume state; data/raw and the environment stay
	rm -rf data/prepared artifacts reports .resume .spool .tracked.json tensorboard trace.json mlflow.db mlartifacts
