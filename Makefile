# make          set up, then run the embedded study to its report
# make test     set up, then pass every check and test
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
SITE := $(VENV)/lib/python3.11/site-packages
READY := $(VENV)/ready
VLLM := .venv-vllm
VLLM_READY := $(VLLM)/ready
VALIDATOR := .venv-validator
VALIDATOR_READY := $(VALIDATOR)/ready
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test check unit setup clean help replication test-vllm test-slurm

demo: $(READY) ## run the embedded study to its report (resumes after an interruption)
	@python -m polyglot unlock
	snakemake
	snakemake --report results/demo/report.html --quiet all
	@cat results/demo/tables/leaderboard.md
	@echo "report:  results/demo/report.html"
	@echo "figures: results/demo/figures/   tables: results/demo/tables/"

replication: $(READY) ## the paper's claims, recomputed from its published numbers
	snakemake replication
	@cat results/replication/claims.md

test: $(READY) $(VALIDATOR_READY) check ## every check and test, the embedded study included
	pytest
	@$(MAKE) --no-print-directory test-vllm
	@$(MAKE) --no-print-directory test-slurm

test-vllm: $(READY) $(VLLM_READY) ## the vllm engine on the CPU, in an environment of its own
	OMP_NUM_THREADS=1 $(VLLM)/bin/python -m pytest tests/vllm

test-slurm: $(READY) ## the workflow on a real Slurm, brought up and taken down for it (as root, on Debian)
	tests/slurm/cluster.sh run pytest tests/slurm

unit: $(READY) ## the tests that take seconds
	pytest -m "not slow"

check: $(READY) ## formatting, linting, types
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile rules
	snakemake --lint

setup: $(READY) ## the Python environment in .venv

$(READY): requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed; name it with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements.lock
	@echo "$(CURDIR)/scripts" > $(SITE)/polyglot-score.pth
	@touch $@

$(VLLM_READY): requirements-vllm.lock
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/pip install --quiet --no-deps --requirement requirements-vllm.lock
	@touch $@

$(VALIDATOR_READY): requirements-validator.lock
	$(PYTHON) -m venv $(VALIDATOR)
	$(VALIDATOR)/bin/pip install --quiet --requirement requirements-validator.lock
	@touch $@

clean: ## remove the environment and all results
	rm -rf $(VENV) $(VLLM) $(VALIDATOR) results .snakemake

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12
