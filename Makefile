# The verbs of this project. Each installs what it needs first; a second run installs nothing.

MAKEFLAGS += --no-print-directory
.PHONY: help demo test lint page browser soak bench test-oldest lock clean
.DEFAULT_GOAL := help

# Two at a time, a file's tests together: they share what is made for them.
workers := --numprocesses 2 --dist loadfile

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s%s\n", $$1, $$2}' Makefile

demo: .venv/installed  ## Train a classifier on handwritten digits
	@.venv/bin/saccade train digits

test: lint page browser  ## Lint, then run the tests
	@.venv/bin/python -m pytest $(workers)

page: .venv/installed  ## Build the pages, if they are older than web/
	@.venv/bin/python hatch_build.py

# Without one the page's tests are skipped; with CI=true they fail.
browser: .venv/installed
	@.venv/bin/python tests/web/browser.py || true

lint: .venv/installed  ## Check style and types, change nothing
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m ruff format --check .
	@.venv/bin/python -m mypy

soak: page browser  ## Run every test, the slow ones on full data sets too
	@.venv/bin/python -m pytest -m "slow or not slow"

bench: .venv/installed  ## Measure saccade beside its peers, and what augmentation is worth (two hours, idle machine)
	@.venv/bin/python benchmarks/run.py
	@.venv/bin/python benchmarks/augmentation.py cats-dogs

# Two lines, because make runs a line that names $(MAKE) even under --dry-run.
test-oldest:  ## Run the tests on Python 3.11, which gets an older JAX
	@if sh -c "$$find_python" find_python 3.11 >/dev/null 2>&1; then $(MAKE) .venv-oldest/installed; fi
	@if [ -f .venv-oldest/installed ]; then .venv-oldest/bin/python -m pytest $(workers); \
	else echo "skipped: no Python 3.11 here"; fi

# `make lock` keeps the pins that still fit pyproject.toml; `make lock UPGRADE=1` takes the newest.
# The images that `saccade deploy` describes install the same versions.
pins := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
    --custom-compile-command "make lock"
deploy := src/saccade/serve/deploy
lock: .venv-lock/bin/uv  ## Write the three lists of pins from pyproject.toml
	@.venv-lock/bin/uv pip compile pyproject.toml --group dev $(pins) \
	    $(if $(UPGRADE),--upgrade) --output-file requirements.txt
	@.venv-lock/bin/uv pip compile --group serve $(pins) \
	    --constraint requirements.txt --no-annotate --output-file $(deploy)/requirements-serve.txt
	@.venv-lock/bin/uv pip compile pyproject.toml --group train $(pins) \
	    --constraint requirements.txt --no-annotate --output-file $(deploy)/requirements-train.txt

clean:  ## Remove environments, caches and builds; runs/ stays
	@rm -rf web/node_modules src/saccade/view/live/page src/saccade/serve/page
	@rm -rf .venv .venv-oldest .venv-lock build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +


# How an environment is made. Its stamp is removed first and written last: a complete environment is
# brought up to date in place, one without a stamp was interrupted and is made anew.
.venv/installed: pythons := 3.13 3.12 3.11
.venv-oldest/installed: pythons := 3.11
.venv/installed .venv-oldest/installed: requirements.txt pyproject.toml
	@if [ ! -f $@ ]; then \
	    python=$$(sh -c "$$find_python" find_python $(pythons)) || exit 1; \
	    echo "Making $(@D) with $$python"; \
	    "$$python" -m venv --clear $(@D); \
	fi
	@rm -f $@
	@echo "Installing into $(@D) (a few minutes the first time)"
	@$(@D)/bin/python -m pip install --quiet --require-hashes -r requirements.txt
	@$(@D)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv-lock/bin/uv:
	@python=$$(sh -c "$$find_python" find_python 3.13 3.12 3.11) && "$$python" -m venv --clear .venv-lock
	@.venv-lock/bin/python -m pip install --quiet uv

# Prints the first interpreter of the versions asked for that really runs and can make environments.
# A name on PATH proves neither: pyenv's shims fail for versions that .python-version rules out, and
# Debian's python3 comes without ensurepip. So every directory on PATH is tried, then pyenv's own.
define find_python
asked=$$*
IFS=:
look() {
    for directory in $$PATH "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin; do
        case $$directory in "$$PWD"/.venv*) continue ;; esac
        [ -x "$$directory/$$1" ] && "$$2" "$$directory/$$1"
    done
}
use() {
    [ "$$("$$1" -c "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])" 2>/dev/null)" = "$$version" ] &&
        echo "$$1" && exit 0
}
tell() {
    echo "  $$1: $$("$$1" -c "import sys; print(sys.version.split()[0]); import ensurepip" 2>&1 | tr '\n' ' ')"
}
for version in "$$@"; do look "python$$version" use; look python3 use; done
{
    echo "saccade needs one of Python $$asked, with venv and ensurepip (Debian: apt install python3-venv)."
    echo "Found here:"
    for name in python3.13 python3.12 python3.11 python3; do look "$$name" tell; done
} >&2
exit 1
endef
export find_python
