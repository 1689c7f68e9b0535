# Each target is a command of its own; `make` alone names them.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help run test check prove bench format clean

help: ## name the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: ## install what is missing, then run all of it on HOST:PORT (127.0.0.1:8000); Ctrl-C stops everything
	@bin/bootstrap run
	@.venv/bin/python bin/build_page.py
	@.venv/bin/quart-assessment run

test: ## all tests and checks but the long counts, two files of tests at a time (at most 20 minutes)
	@bin/bootstrap test
	@.venv/bin/python bin/build_page.py
	@$(MAKE) check
	@.venv/bin/python bin/build_page.py npm test --silent
	@.venv/bin/pytest -m "not prove" --timeout 400 -n 2 --dist loadfile --no-loadscope-reorder

check: ## style, types and floors
	@bin/bootstrap test
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/python bin/build_page.py npm run check --silent

prove: ## the long counts; writes docs/proof.md
	@bin/bootstrap test
	@.venv/bin/pytest -m prove

bench: ## the figures beside their targets and peers; writes docs/performance.md (PART="saves chat" for some of it)
	@bin/bootstrap bench
	@.venv/bin/python -m benchmarks $(PART)

format: ## bring all files into shape
	@bin/bootstrap test
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .
	@.venv/bin/python bin/build_page.py npm run format --silent

clean: ## remove what was installed and built; keeps var/, the data of local runs
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache \
		frontend/node_modules quart_assessment/static
