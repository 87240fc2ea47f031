.PHONY: help demo up wallet test unit check bench clean install

BIN := .venv/bin

help:
	@echo "make demo     a university, a learner and an employer, end to end, on real agents"
	@echo "make up       the same universe, left running, to play with (ctrl+c ends it)"
	@echo "make wallet   the terminal wallet, against a universe started with 'make up'"
	@echo "make test     all tests        make unit    those without agents"
	@echo "make check    ruff, mypy, import contracts"
	@echo "make bench    figures beside raw ACA-Py   make clean   remove what was made here"

install:
	@scripts/bootstrap

demo: install
	@$(BIN)/cairn demo

up: install
	@$(BIN)/cairn up

wallet: install
	@$(BIN)/cairn-wallet

test: install
# Side by side: the integration tests mostly wait for processes, the others compute.
	@$(BIN)/python -m pytest tests/unit tests/tui tests/bench tests/interop -q & quick=$$!; \
	$(BIN)/python -m pytest tests/integration; agents=$$?; wait $$quick && exit $$agents

unit: install
	@$(BIN)/python -m pytest tests/unit tests/tui tests/bench

check: install
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: install
	@$(BIN)/python -m tests.bench.domain
	@$(BIN)/python -m tests.bench.registry
	@$(BIN)/python -m tests.bench.wallet
	@$(BIN)/python -m tests.bench

clean:
	rm -rf .venv .bootstrap .cairn .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
