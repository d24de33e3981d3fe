# `make help` lists the targets.  Everything is installed into .venv, pinned by constraints.txt.
PYTHON ?= python3
DATA ?= quick
VENV := .venv
RUN := $(VENV)/bin
# two processes, a file in each at a time, in the order that tests/conftest.py gives: tests compile mostly on one core
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help reproduce test test-fast check data photo-objects clean distclean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

reproduce: $(VENV)/installed data ## install, make the article's tables again, train the detector's winners, write a report
	$(RUN)/accelnas reproduce

test: $(VENV)/installed-dev data ## install, check style and types, run all tests
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/pyright
	$(RUN)/pytest -q $(PARALLEL)

test-fast: $(VENV)/installed-dev data ## the tests that take less than ten seconds each
	$(RUN)/pytest -q $(PARALLEL) -m "not slow"

data: ## get Fashion-MNIST and photographs from Debian's packages, without root too; says what to do where there is no apt
	@$(PYTHON) -m tasks.data.packages || true # Fashion-MNIST can still be downloaded, photographs may be elsewhere

photo-objects: $(VENV)/installed ## get Tux Paint's stamps (161 MB, Debian) and compose the second data set of scenes
	@$(PYTHON) -m tasks.data.packages stamps
	$(RUN)/accelnas prepare --dataset photo_objects --data $(DATA)

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "accelnas needs Python 3.11 or newer; name it as in: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@test -e $(RUN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "python3 -m venv failed; on Debian and Ubuntu: apt-get install python3-venv"; exit 2; }
	$(RUN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(RUN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,docs,ray]'
	@touch $@

clean: ## remove the virtual environment and builds; trainings, data and measurements stay
	rm -rf $(VENV) build *.egg-info

distclean: ## remove .accelnas as well, with all trainings in it; says what that is and asks (CONFIRM=yes: does not ask)
	@if [ -e .accelnas ]; then \
	  echo "this deletes for good:"; du -sh .accelnas/* 2>/dev/null || true; \
	  if [ "$(CONFIRM)" != yes ]; then \
	    printf 'type yes to delete them: '; read answer || answer=no; \
	    [ "$$answer" = yes ] || { echo "nothing was deleted"; exit 1; }; \
	  fi; \
	  rm -rf .accelnas; \
	fi
	@$(MAKE) --no-print-directory clean
