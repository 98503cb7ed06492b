# make demo and make test set up what they need by themselves; see CONTRIBUTING.md.
#   VENV=folder     where the environment lives
#   PYTHON=command  the Python it is made with, 3.10 to 3.12
#   STACK=name      onedl (default) or openmmlab
#   DATA=folder     make demo on a converted HIT-UAV or sen2ships in place of generated scenes
VENV ?= .venv
STACK ?= onedl
ifndef PYTHON
PYTHON := $(firstword $(foreach python,python3.11 python3.12 python3.10 python3,$(shell \
	$(python) -c 'import sys; (3, 10) <= sys.version_info[:2] <= (3, 12) and print("$(python)")' \
	2>/dev/null)))
endif

.DEFAULT_GOAL := help
.PHONY: help env demo test quick lint wheel clean

help:
	@echo 'make env    build the environment in $(VENV), or resume'
	@echo 'make demo   train and compare a baseline and ADLA on generated scenes, or on DATA=FOLDER'
	@echo 'make test   run the tests'
	@echo 'make quick  run the tests that take seconds'
	@echo 'make lint   check format, lint, types, imports between layers and dependencies'
	@echo 'make wheel  build sdist and wheel, and try the wheel in a clean environment'
	@echo 'make clean  remove build results and caches; $(VENV), data and work_dirs stay'

env:
	@if [ -z '$(PYTHON)' ]; then \
		echo 'adla set-up: found no Python 3.10 to 3.12; install one or name it by PYTHON=' >&2; exit 1; fi
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 7))' 2>/dev/null || { \
		echo "adla set-up: '$(PYTHON)' does not run or is too old; name Python 3.10 to 3.12 by PYTHON=" >&2; exit 1; }
	@'$(PYTHON)' tools/env/setup_env.py --venv '$(VENV)' --stack '$(STACK)'

demo: env
	@'$(VENV)/bin/python' -m adla demo $(if $(DATA),--data '$(DATA)')

test: env
	@OMP_NUM_THREADS=1 '$(VENV)/bin/python' -m pytest -q -n auto --maxprocesses=4

quick: env
	@OMP_NUM_THREADS=1 '$(VENV)/bin/python' -m pytest -q -n auto --maxprocesses=4 -m 'not slow'

lint: env
	@'$(VENV)/bin/python' -m ruff format --check .
	@'$(VENV)/bin/python' -m ruff check .
	@'$(VENV)/bin/python' -m mypy
	@'$(VENV)/bin/lint-imports' --no-logo
	@'$(VENV)/bin/deptry' .

wheel: env
	@'$(VENV)/bin/python' .ci/check_wheel.py

clean:
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find adla configs tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
