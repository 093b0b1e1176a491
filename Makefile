# Two commands matter: `make run` and `make test`. Each does all the set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := 2.13.0
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu

.PHONY: run test lint check format faults feel screens audit lock clean

run: $(VENV)/.installed
	$(BIN)/cvmatcher up --demo

test: $(VENV)/.installed
	@BIN=$(BIN) sh tests/browser/chromium.sh
	$(BIN)/pytest --numprocesses 2 --dist loadfile

lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

format: $(VENV)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The long form of the fault tests: every row, 20 seeds, two tries at a time; writes docs/reliability.md. Takes hours.
faults: $(VENV)/.installed
	$(BIN)/python -m tests.faults --seeds 20 --lanes 2 --report docs/reliability.md

# Pictures of every screen, from a real app in Chromium, into docs/screens/.
screens: $(VENV)/.installed
	@BIN=$(BIN) sh tests/browser/chromium.sh
	$(BIN)/python -m tests.browser.screens

# Interaction to next paint, layout shift and order, in Chromium on a processor four times slower.
feel: $(VENV)/.installed
	@BIN=$(BIN) sh tests/browser/chromium.sh
	$(BIN)/python -m tests.browser.feel

# Installs into .venv. torch first: its CPU build where pip finds one, else from PyTorch's own index, else PyPI's build
# (on Linux that one brings gigabytes of CUDA).
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11 to 3.13 is needed; try make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -c 'import torch' 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet 'torch==$(TORCH)+cpu' 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet --retries 0 --timeout 10 --index-url $(TORCH_CPU_INDEX) 'torch==$(TORCH)+cpu' 2>/dev/null \
		|| $(BIN)/python -m pip install 'torch==$(TORCH)'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[embedded,dev]'
	touch $@

# Known holes in what constraints.txt locks, by PyPI's advisories. Where they cannot be had (a mirror without them counts
# as that), it says so, and that nothing was audited; this is no failure.
ADVISORIES := import json, urllib.request as r; json.load(r.urlopen("https://pypi.org/pypi/jinja2/3.1.5/json", timeout=10))["vulnerabilities"][0]
audit:
	@if $(PYTHON) -c '$(ADVISORIES)' 2>/dev/null; then \
		test -x .audit/bin/pip-audit || { $(PYTHON) -m venv .audit && .audit/bin/pip install --quiet pip-audit; }; \
		.audit/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt; \
	else echo "audit: PyPI's advisories cannot be reached from here: nothing was audited"; fi

# Writes constraints.txt anew from what is installed.
lock:
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' > constraints.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
