# Everything a newcomer, a maintainer and CI need; each target installs what it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FIND_LINKS := $(if $(PIP_FIND_LINKS),--find-links $(PIP_FIND_LINKS))
STAMP := $(VENV)/.installed
EXAMPLES := src/biasgate/__init__.py src/biasgate/api src/biasgate/repair/front.py
CORE_EXAMPLES := src/biasgate/__init__.py $(addprefix src/biasgate/api/,check.py evaluate.py policy.py)
CORE := build/core/bin/python
TESTS ?= tests/core tests/docs tests/pipelines tests/integration tests/unit tests/manifests tests/golden
WORKERS ?= 2

.DEFAULT_GOAL := help
TORCH_INDEX_URL ?=
IMAGE ?= biasgate@sha256:0000000000000000000000000000000000000000000000000000000000000000
BUILD := DOCKER_BUILDKIT=1 docker build -f images/Containerfile --build-arg TORCH_INDEX_URL=$(TORCH_INDEX_URL)

.PHONY: help venv demo test coverage test-core docs report reader races fuzz hostile faults test-containers lint types images sbom native-pipelines lock clean

help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

venv: $(STAMP) ## Make .venv with pinned packages

$(STAMP): requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip install --quiet --python $(BIN)/python $(FIND_LINKS) -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

demo: venv ## A zoo, a meta-classifier, a biased candidate: caught, repaired, decided, signed
	$(BIN)/biasgate demo

test: venv ## Unit, integration, pipeline and manifest tests, and the examples of the front door's docstrings
	$(BIN)/python -m pytest --doctest-modules $(EXAMPLES)
	$(BIN)/python -m pytest $(TESTS) -n $(WORKERS) --dist loadfile --no-loadscope-reorder

COVERED := gate statistics evaluation registry
coverage: venv ## Lines of gate, statistics, evaluation and registry that their tests run; fails below 90 % in one of them
	$(BIN)/python -m pytest tests/unit tests/integration/registry -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
	  $(addprefix --cov=biasgate.,$(COVERED)) --cov-report=
	for room in $(COVERED); do \
	  echo "$$room: $$($(BIN)/coverage report --include="src/biasgate/$$room/*" --format=total --fail-under=90) %" || exit 1; done

test-core: venv ## The core without any extra, in an environment of its own: predictions, explain, decide, verify
	rm -rf build/core && $(PYTHON) -m venv build/core
	$(BIN)/uv pip install --quiet --python $(CORE) $(FIND_LINKS) -c requirements.txt pytest setuptools
	$(BIN)/uv pip install --quiet --python $(CORE) $(FIND_LINKS) -c requirements.txt --no-build-isolation -e .
	$(CORE) -m pytest tests/core
	$(CORE) -m pytest --doctest-modules $(CORE_EXAMPLES)

docs: venv ## The site in build/site, its reference made from the code; fails at a link that leads nowhere
	$(BIN)/python docs/site/stage.py
	cd build && ../$(BIN)/zensical build --strict

report: venv ## Remake the report's tables and figures that need no new measurement
	cd benchmarks && ../$(BIN)/python repair.py && ../$(BIN)/python repair_arms.py
	$(BIN)/python benchmarks/meta_classifier.py
	$(BIN)/python docs/figures/audit.py

test-containers: venv ## The image and its servers under the manifests' restrictions (needs root and an engine)
	$(BIN)/python -m pytest tests/containers

images: ## The cpu image, biasgate:dev (needs BuildKit; TORCH_INDEX_URL names an index of CPU torch)
	$(BUILD) --target cpu --build-arg REVISION=$$(git rev-parse HEAD) -t biasgate:dev .

sbom: ## build/biasgate.cdx.json: the image's Python packages in CycloneDX
	$(BUILD) --target sbom --output build .

native-pipelines: venv ## Remake manifests/overlays/kfp-native-api after a change to components or pipelines
	BIASGATE_IMAGE=$(IMAGE) $(BIN)/python manifests/overlays/kfp-native-api/compile.py

READER := src/biasgate/detection/reader/readers/digits
reader: venv ## Remake the meta-classifier that `biasgate scan` reads with, and its scores (forty minutes of a core)
	plan=$$($(BIN)/biasgate zoo plan digits_reader --root build/reader --shards 48) && \
	  seq 0 47 | xargs -P 2 -I{} $(BIN)/biasgate zoo train $$plan --root build/reader --shard {} && \
	  $(BIN)/biasgate zoo features $${plan%/*}/shard-00?? --into build/reader/features.parquet
	$(BIN)/biasgate meta-classifier train build/reader/features.parquet --spec digits_reader \
	  --into $(READER).json --json > $(READER).scores.json

races: venv ## 100 races of two gates on an MLflow server with PostgreSQL
	BIASGATE_RACES=100 $(BIN)/python -m pytest tests/integration/registry/test_races.py

fuzz: venv ## 10,000 damaged evidence documents against a naive checker
	BIASGATE_FUZZ=10000 $(BIN)/python -m pytest tests/unit/gate/rules/test_fuzz.py

hostile: venv ## Over 300 hostile candidates through the readers and the sandbox
	$(BIN)/python benchmarks/hostile_files.py

faults: venv ## Spoil every request to MLflow and S3, and kill gate and promoter at every step
	BIASGATE_EVERY=1 $(BIN)/python -m pytest tests/integration/registry/test_network.py tests/integration/registry/test_kills.py

lint: venv ## ruff: style and imports; hadolint: the Containerfile
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/hadolint images/Containerfile

types: venv ## pyright: strict on src, and on components and pipelines save what KFP's decorators do; basic on tests
	$(BIN)/pyright
	$(BIN)/pyright -p tests

lock: venv ## Pin every package anew in requirements.txt, and what the gpu image needs besides in images/gpu.txt
	echo 'torch==2.13.0' > build-constraints.txt
	echo '# Every package of a development install, pinned. Remade by: make lock' > requirements.txt
	$(BIN)/uv pip compile --quiet $(FIND_LINKS) --no-annotate --no-header --extra all --extra dev --extra docs \
	  -c build-constraints.txt pyproject.toml | sed 's/+cpu$$//' | grep -v '^nvidia\|^triton' >> requirements.txt
	rm build-constraints.txt
	echo '# Pins that only the gpu image needs; requirements.txt holds the rest. Remade by: make lock' > images/gpu.txt
	$(BIN)/python images/dependencies.py gpu | $(BIN)/uv pip compile --quiet --no-annotate --no-header \
	  --python-platform x86_64-manylinux_2_28 -c requirements.txt - images/mlflow-server.txt | grep -vxFf requirements.txt | grep -vxFf images/mlflow-server.txt >> images/gpu.txt

clean: ## Remove what the demo and the tests made, .venv excepted
	rm -rf .demo build dist local_outputs .pytest_cache .ruff_cache .hypothesis
