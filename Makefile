PYTHON ?= python3
VENV ?= .venv
# Where the wheel of torch comes from: an index's address, empty for pip's own, or auto (see .ci/install.py).
TORCH_INDEX ?= auto
BIN := $(VENV)/bin
# One sentence where no Python is there; .ci/install.py says the rest.
INSTALL = command -v $(PYTHON) >/dev/null 2>&1 || \
	{ echo "Error: there is no $(PYTHON) here. Install Python 3.11 or newer, or name one: make PYTHON=python3.12" >&2; exit 1; }; \
	$(PYTHON) .ci/install.py --torch-index "$(TORCH_INDEX)" $(VENV)

.PHONY: demo test lint bench install

demo: install
	$(BIN)/cli demo

# Each process of tests computes on one core: as many processes as cores, up to four.
test: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadscope

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	mkdir -p build/types && ln -sfn ../.. build/types/earshot
	$(BIN)/mypy

bench: install
	@$(INSTALL) train map dev bench
	$(BIN)/python benchmarks/embed.py
	$(BIN)/python benchmarks/search.py

install:
	@$(INSTALL) train map dev
