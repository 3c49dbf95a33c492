# Edgewise: make demo, make test; `make setup` alone sets up, `make help` lists.

PYTHON := .venv/bin/python
QGIS_PYTHON ?= /usr/bin/python3
IMAGE ?=
MODEL ?=
REPORT ?=

.PHONY: help setup setup-qgis demo test lint plugin docs translations screenshots chain walkthrough constraints clean

help:  ## list the targets
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: .venv/ready  ## make the engine's Python environment

.venv/ready: pyproject.toml engine/requirements.txt engine/constraints.txt .ci/setup
	.ci/setup
	@touch $@

setup-qgis:  ## install QGIS from the distribution where it is absent
	.ci/setup-qgis

demo: setup  ## the whole story on made data; make demo IMAGE=my.tif maps yours with the shipped student (or MODEL=...)
ifeq ($(IMAGE),)
	$(PYTHON) -m engine.run demo --output demo --progress bar
else
	@mkdir -p demo
	$(PYTHON) -m engine.run segment --image "$(IMAGE)" $(if $(MODEL),--model "$(MODEL)") --output demo/classes.tif \
	    --confidence demo/confidence.tif --progress bar
endif

lint: setup  ## check style and types, and that every Python of ours has the pinned packages
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	for version in 3.10 3.11 3.12 3.13; do .venv/bin/uv pip compile -q --python-version $$version --all-extras \
	    -c engine/constraints.txt pyproject.toml -o /dev/null || exit 1; done

test: setup setup-qgis  ## run all tests, those in real QGIS included
	$(PYTHON) -m pytest --ignore tests/qgis --numprocesses auto --maxprocesses 4 --dist loadfile
	QT_QPA_PLATFORM=offscreen $(QGIS_PYTHON) -m pytest tests/qgis

test-%:  ## run the tests in QGIS on trixie, forky, jammy or noble, as root; TESTS="tests/geo ..." adds tests of the engine
	.ci/test-in $* $(TESTS)

plugin:  ## write the installable plugin, build/edgewise-<version>.zip
	python3 .ci/package.py

docs:  ## write docs/algorithms from the specs
	python3 .ci/docs.py

translations:  ## bring qgis_plugin/i18n up to date with the sentences in the code
	python3 .ci/translations.py

screenshots: setup setup-qgis  ## take the pictures of docs/img in QGIS; needs `make demo` before; REPORT=file.html takes a report
	QGIS_PYTHON=$(QGIS_PYTHON) REPORT="$(REPORT)" .ci/screenshots

chain: setup-qgis  ## write the Processing model that travels with the plugin anew
	$(QGIS_PYTHON) .ci/chain.py

walkthrough: setup  ## train, distill and assess on the real scenes of docs/walkthrough.md; long, resumes
	$(PYTHON) benchmarks/walkthrough.py

constraints: setup  ## pin every package anew
	.venv/bin/uv pip compile -q --universal --python-version 3.10 --all-extras --no-annotate --no-header --upgrade \
	    pyproject.toml -o engine/constraints.txt

clean:  ## remove what the other targets made
	rm -rf .venv build demo .pytest_cache .ruff_cache .mypy_cache .hypothesis
