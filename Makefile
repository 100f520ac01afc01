# make demo   sample notes linked to the Human Phenotype Ontology, and a report to look at
# make test   every test          make lint   style, types, layers          make notebooks
#
# Each makes its own environment in .venv. PYTHON chooses the interpreter (3.10 to 3.12); PIP_ARGS
# is passed to pip, for an index with the CPU build of torch, or a mirror. JOBS is how many processes
# share the tests; each takes up to 1.5 GB.

PYTHON ?= python3
PIP_ARGS ?=
JOBS ?= 2
BIN := .venv/bin
RAY := tests/annotate/test_ray.py
# Nothing is downloaded but the packages: a model that is not at hand is an error.
export HF_HUB_OFFLINE := 1

# Several processes share the cores: a thread that waits for another must not hold one meanwhile.
test notebooks: export OMP_WAIT_POLICY := PASSIVE

.PHONY: demo test lint notebooks clean
demo: .venv/.demo
	$(BIN)/linker demo

test: .venv/.test
	$(BIN)/python -m pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder --ignore $(RAY)
# A cluster of several machines is busy enough by itself: beside other work it takes some for dead.
	$(BIN)/python -m pytest $(RAY)

# The demonstration builds it where it is missing.
indexes/hpo/manifest.json: | .venv/.demo
	$(BIN)/linker demo

lint: .venv/.lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Each process is handed two at once, in this order: 03 takes longer than all of the others.
NOTEBOOKS := $(addprefix notebooks/,03* 02* 01* 04*)
notebooks: .venv/.notebooks indexes/hpo/manifest.json
	$(BIN)/python -m pytest -n $(JOBS) --nbmake --nbmake-timeout=480 $(NOTEBOOKS) -W default

# One target an extra: .venv/.test is the environment with the extras [demo,train,test,ray]. One for
# all of them, .venv/.all, spares the resolver its way through the packages where all are wanted.
.venv/.demo: EXTRAS = demo
.venv/.test: EXTRAS = demo,train,test,ray
.venv/.lint: EXTRAS = demo,train,test,lint
.venv/.notebooks: EXTRAS = demo,train,test,ray,notebooks
.venv/.all: EXTRAS = demo,train,test,ray,notebooks,lint
.venv/.demo .venv/.test .venv/.lint .venv/.notebooks .venv/.all: pyproject.toml constraints.txt | .venv/bin/pip
	$(BIN)/python -m pip install -q --no-compile --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e ".[$(EXTRAS)]"
# pip would compile on one core. What a package ships for other versions of Python need not compile.
	$(BIN)/python -W ignore -m compileall -qq -j 0 .venv/lib || true
	@touch $@ $(if $(filter %.all,$@),.venv/.demo .venv/.test .venv/.lint .venv/.notebooks)

# pip comes last: an environment that was left half made has none, and is made again.
.venv/bin/pip:
	@$(PYTHON) -c 'import sys; ok = (3, 10) <= sys.version_info < (3, 13); sys.exit(None if ok else \
	    f"Python {sys.version.split()[0]} found; 3.10 to 3.12 is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv

clean:
	rm -rf .venv demo build *.egg-info
