# The commands of the course. They need Python 3.11 or newer and make; `make help` lists them.

PYTHON ?= python3
JOBS ?= 2
CELL_TIMEOUT ?= 120

ifeq ($(OS),Windows_NT)
  BIN := .venv/Scripts
else
  BIN := .venv/bin
endif
RUN := $(BIN)/python
READY := .venv/.ready
NOTEBOOKS := README.ipynb $(wildcard chapters/*.ipynb exercises/*.ipynb solutions/*.ipynb)

# The validation: every code cell of the course is run again, every text output compared.
# --dist loadfile: the cells of one notebook share one kernel, so they stay together.
NBVAL := $(RUN) -m pytest --nbval --nbval-current-env --nbval-cell-timeout $(CELL_TIMEOUT) \
         -n $(JOBS) --dist loadfile README.ipynb chapters exercises solutions

export PYTHONHASHSEED := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# uv trusts the certificates that this machine trusts, as pip does.
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1
# Tests and builds never see a learner's own answers.
NO_LEARNER = LEARNTORCH_HOME=":memory:"

.DEFAULT_GOAL := help
.PHONY: help setup lab test chapters check-chapters exercises mutants graduate profile tricks sizes golden parity machines browser browser-exercises book accessibility feedback nbgrader bench bench-gpu lint format clean

help: ## list the commands
	@echo "make COMMAND, where COMMAND is one of"
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | \
	  while IFS="$$(printf '\t')" read -r name text; do printf '  %-16s %s\n' "$$name" "$$text"; done
	@echo "The first of them sets up .venv, once. PYTHON=python3.12 picks another Python."

# --- Set-up ----------------------------------------------------------------------------------------

setup: $(READY) ## make .venv and install what the course needs

# uv is several times faster than pip; where it cannot work, pip does the same.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "The course needs Python 3.11 or newer, and $(PYTHON) is older or missing."; \
	  echo "Name another one: make PYTHON=python3.12 lab"; exit 1; }
	@test -x $(RUN) || $(PYTHON) -m venv .venv || { \
	  echo "Python could not make .venv. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing into .venv, once. This takes a minute or two."
	@$(RUN) -m pip install --quiet uv || echo "uv is not to be had here; pip will do."
	@$(RUN) -m uv pip install --quiet --python $(RUN) -c constraints.txt -e '.[lab,test]' || \
	  $(RUN) -m pip install --quiet -c constraints.txt -e '.[lab,test]'
	@$(RUN) -c 'import matplotlib.font_manager' 2>/dev/null  # builds the font cache now, in silence
	@$(RUN) -c 'import learntorch, jupyterlab, nbval'
	@touch $@

# With an NVIDIA driver: CuPy for the CUDA version that the driver speaks.
.venv/.gpu: $(READY)
	@if version=$$(nvidia-smi 2>/dev/null | sed -nE 's/.*CUDA[A-Za-z ]*Version: *([0-9]+).*/\1/p' | head -n 1) \
	    && [ -n "$$version" ]; then \
	  extra=gpu12; if [ "$$version" -ge 13 ]; then extra=gpu13; fi; \
	  echo "Found an NVIDIA driver: installing CuPy ($$extra)."; \
	  $(RUN) -m uv pip install --quiet --python $(RUN) -c constraints.txt -e ".[$$extra]" || \
	    $(RUN) -m pip install --quiet -c constraints.txt -e ".[$$extra]" || \
	    echo "CuPy could not be installed. The course runs on the CPU."; \
	fi
	@touch $@

# JupyterLab shows pictures and answers of a notebook that it has not run only if it is trusted.
.venv/.trusted: $(READY) $(NOTEBOOKS)
	@$(BIN)/jupyter trust $(NOTEBOOKS) > /dev/null
	@touch $@

# --- For learners ----------------------------------------------------------------------------------

lab: $(READY) .venv/.gpu .venv/.trusted ## set everything up and open the course in JupyterLab
	JUPYTER_CONFIG_PATH="$(CURDIR)/jupyter" $(BIN)/jupyter lab $(LAB_ARGS)

test: lint ## run every test, and every code cell of the course
	@mkdir -p build
	$(NO_LEARNER) $(RUN) -m pytest -n $(JOBS)
	$(NO_LEARNER) $(NBVAL)

# --- For authors -----------------------------------------------------------------------------------

lint: $(READY) ## check style and layout, notebooks included
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check

format: $(READY) ## lay out the code, in the sources of the chapters too
	$(RUN) tools/notebooks.py --format
	$(RUN) -m ruff check --fix
	$(RUN) -m ruff format

chapters: $(READY) ## build the notebooks that are older than their sources (ALL=1: all of them)
	$(RUN) tools/notebooks.py $(if $(ALL),--all)

check-chapters: $(READY) ## say which notebooks are not up to date, and validate them all
	$(RUN) tools/notebooks.py --check
	$(NO_LEARNER) $(NBVAL)

# Other processors, simulated: BLAS and NumPy choose their code by what the processor can do.
machines: $(READY) ## validate the course as older processors would compute it
	for core in Nehalem Prescott; do \
	  echo "== $$core"; \
	  $(NO_LEARNER) OPENBLAS_CORETYPE=$$core OPENBLAS_NUM_THREADS=1 NPY_DISABLE_CPU_FEATURES=X86_V3 \
	    $(NBVAL) || exit 1; \
	done

browser: .venv/.browser .venv/.trusted ## open every chapter in a real browser and run it (needs Chromium)
	$(RUN) tools/browser.py $(CHAPTERS)
	$(RUN) tools/browser_widgets.py

browser-exercises: .venv/.browser ## act out a newcomer's path through the exercises in a real browser
	$(RUN) tools/browser_exercises.py

.venv/.browser: $(READY)
	@$(RUN) -m uv pip install --quiet --python $(RUN) -c constraints.txt -e '.[browser]' || \
	  $(RUN) -m pip install --quiet -c constraints.txt -e '.[browser]'
	@touch $@

book: .venv/.book ## the whole course as HTML pages and as one PDF, in build/book (needs Chromium)
	$(RUN) tools/book.py

.venv/.book: $(READY)
	@$(RUN) -m uv pip install --quiet --python $(RUN) -c constraints.txt -e '.[book]' || \
	  $(RUN) -m pip install --quiet -c constraints.txt -e '.[book]'
	@touch $@

AXE_VERSION := 4.14.1
AXE := build/axe-$(AXE_VERSION)/node_modules/axe-core/axe.min.js

accessibility: book $(AXE) ## check every page of the book with axe-core, in both colour schemes (needs npm)
	$(RUN) tools/accessibility.py --axe $(AXE)

$(AXE):
	@command -v npm > /dev/null || { echo "npm is missing. On Debian and Ubuntu: apt install npm"; exit 1; }
	npm install --no-fund --no-audit --no-save --prefix build/axe-$(AXE_VERSION) axe-core@$(AXE_VERSION)
	@touch $@

# Real PyTorch, in an environment of its own. ORACLE=path/to/python uses one that is there already;
# it needs torch, matplotlib, ipykernel and hypothesis.
ifdef ORACLE
  ORACLE_READY :=
else
  ORACLE := .venv-oracle$(BIN:.venv%=%)/python
  ORACLE_READY := .venv-oracle/.ready
endif

# pip may take the large build, with CUDA. For the small one, where uv can reach it:
# make graduate ORACLE_INSTALL="uv pip install --python .venv-oracle/bin/python --torch-backend cpu"
ORACLE_INSTALL ?= $(ORACLE) -m pip install --quiet

.venv-oracle/.ready: pyproject.toml
	@test -x $(ORACLE) || $(PYTHON) -m venv .venv-oracle
	@echo "Installing PyTorch into .venv-oracle, once."
	@$(ORACLE_INSTALL) $$($(PYTHON) -c 'import tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["oracle"])')
	@touch $@

graduate: $(READY) $(ORACLE_READY) ## run every chapter on real PyTorch and compare what it prints
	$(RUN) tools/graduate.py --python $(ORACLE) $(CHAPTERS)

parity: $(ORACLE_READY) ## run drawn programs on PyTorch and here and compare all that can be seen (COUNT=20000 SEED=0)
	$(ORACLE) tools/parity.py --count $(or $(COUNT),20000) --seed $(or $(SEED),0) --jobs $(JOBS)

golden: $(ORACLE_READY) ## record the reference values of the tests from real PyTorch
	for recorder in tools/record_*.py; do echo "$$recorder"; $(ORACLE) $$recorder || exit 1; done

exercises: $(READY) ## build exercises/ and solutions/ from their definitions (ALL=1: all of them)
	$(RUN) tools/exercises.py $(if $(ALL),--all) $(CHAPTERS)

mutants: $(READY) ## change every solution in small ways, and see that the checks notice
	$(RUN) tools/prove_exercises.py --mutants $(EXERCISES)

feedback: $(READY) ## how long a learner waits for feedback, exercise by exercise (EXERCISES="softmax 04")
	$(RUN) benchmarks/feedback.py $(EXERCISES)

nbgrader: $(READY) ## write the exercises as nbgrader assignments into build/nbgrader (CHAPTERS="03 04")
	$(RUN) tools/nbgrader.py $(CHAPTERS)

bench: $(ORACLE_READY) ## learntorch against PyTorch on the nets of the course (THREADS=2, PEERS=1, SAVE=1)
	$(if $(PEERS),@$(ORACLE) -m pip install --quiet $$($(PYTHON) -c 'import tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["peers"])'))
	$(ORACLE) benchmarks/bench.py $(if $(THREADS),--threads $(THREADS)) $(if $(PEERS),--peers) $(if $(SAVE),--save) $(WORKLOADS)

bench-gpu: $(ORACLE_READY) ## learntorch on CuPy against PyTorch on the same GPU, if there is one (SAVE=1)
	$(ORACLE) benchmarks/gpu.py $(if $(SAVE),--save) $(WORKLOADS)

tricks: $(READY) ## what each trick for speed is worth on the net that it was made for (SAVE=1)
	$(RUN) benchmarks/tricks.py $(if $(SAVE),--save)

profile: $(READY) ## where the time of a step goes, rule by rule and in the tape (WORKLOADS=W3)
	$(RUN) benchmarks/breakdown.py $(WORKLOADS)

sizes: $(ORACLE_READY) ## how the time of a step grows with batch, width, depth and chain length, beside PyTorch (SAVE=1)
	$(ORACLE) benchmarks/sizes.py $(if $(SAVE),--save)

clean: ## remove everything that the commands made
	rm -rf .venv .venv-oracle build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +
