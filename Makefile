# The set-up, stopping and deleting need nothing but Python; everything else runs in the environment that it makes.
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
ESPACE := .venv/bin/espace
RUFF := .venv/bin/ruff

.DEFAULT_GOAL := help
.PHONY: help run stop reset test check bench chaos-bus chaos-files fuzz-api soak screens sbom pin-digests test-images lock python set-up-run set-up-test

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 18

run: set-up-run ## Set up what is missing, start the portal, stay until Ctrl-C
	@$(ESPACE) run

stop: python ## End the portal of this checkout, from another terminal
	@$(PYTHON) -m ops.stop

reset: python ## End it and delete its data
	@$(PYTHON) -m ops.stop --reset

test: set-up-test ## Run all tests on servers of their own (ARGS=… go to pytest)
	@$(ESPACE) test $(ARGS)

check: set-up-test ## Style, types, layers, templates, and what the contracts promise
	@$(RUFF) check .
	@$(RUFF) format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/djlint --lint --quiet gateway/templates
	@$(ESPACE) contracts check
	@$(ESPACE) contracts gate

bench: set-up-test ## Measure (NAME=start, excel …); writes bench/results/NAME.json
	@$(ESPACE) bench $(NAME)

chaos-bus: set-up-test ## Kill, freeze and stop what delivers events, and count what is lost or doubled
	@$(ESPACE) bench chaos_bus

chaos-files: set-up-test ## Kill what takes uploads in, and the store, and count what is lost or left over
	@$(ESPACE) bench chaos_files

fuzz-api: set-up-test ## Ask the API long what its OpenAPI document promises (EXAMPLES=200 of each operation)
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),200) .venv/bin/python -m pytest -q tests/unit/gateway/test_gateway_api_promises.py

soak: set-up-test ## Use the portal for half an hour with a fault every 20 s (MINUTES=30)
	@SOAK_MINUTES=$(or $(MINUTES),30) $(ESPACE) bench soak

screens: set-up-test ## Draw every page in every state, wide, on a phone and on paper: screens/index.html
	@.venv/bin/python -m tests.pages.screens screens

test-images: set-up-test ## Build the images and test them: services in an image, journeys before the gateway (ARGS=…)
	@.venv/bin/python -m ops.image_tests $(ARGS)

sbom: set-up-run ## List what a release is made of, as CycloneDX in sbom/
	@.venv/bin/python -m ops.sbom

pin-digests: set-up-run ## Name the foreign images by digest in docker-compose.digests.yml (asks their registries)
	@.venv/bin/python -m ops.pin_digests

lock: set-up-run ## Pin every requirement anew, with hashes
	@$(PYTHON) -m ops.lock

python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found: apt-get install python3.11" >&2; exit 1; }

set-up-run: python
	@$(PYTHON) -m ops.bootstrap run

set-up-test: python
	@$(PYTHON) -m ops.bootstrap test
