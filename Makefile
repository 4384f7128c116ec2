# The commands of this project. Needs python3 (3.11 or newer), make and the package registry; see README.md.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
SOURCES := ingest_desktop tests docs packaging
ARGS ?=
N ?= 10000
START ?= 0

.PHONY: help run test format bench torture audit lock docs screenshots deb samples clean fuzz formats
help:  ## Show this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/.ready: requirements.lock pyproject.toml packaging/setup_venv.sh
	@sh packaging/setup_venv.sh "$(PYTHON)"

run: $(VENV)/.ready  ## Start the window; without a display, show the same job on the sample documents
	@sh packaging/linux/system_libraries.sh run
	@$(PY) packaging/run.py $(ARGS)

test: $(VENV)/.ready  ## Format check, lint, types and all tests: what CI runs
	@sh packaging/linux/system_libraries.sh test
	@failed=; \
	for step in "ruff format --check $(SOURCES)" "ruff check $(SOURCES)" "mypy"; do \
		echo "== $$step"; $(PY) -m $$step || failed="$$failed '$${step%% --*}'"; \
	done; \
	[ -z "$$failed" ] || echo "FAILED:$$failed (the tests follow)"; \
	$(PY) -m pytest --numprocesses=auto --dist=loadfile $(ARGS) && [ -z "$$failed" ]

format: $(VENV)/.ready  ## Format and mend what the linter can mend
	$(PY) -m ruff format $(SOURCES)
	$(PY) -m ruff check --fix $(SOURCES)

bench: $(VENV)/.ready  ## Measure, and print ratios
	@sh packaging/linux/system_libraries.sh run
	$(PY) tests/bench/run.py $(ARGS)

torture: $(VENV)/.ready  ## Break the program, ROUNDS=50 [SEED=1] [ONLY=kill,power,...], and write docs/reliability.md
	@sh packaging/linux/system_libraries.sh test
	PYTHONPATH=.:tests $(PY) -m faults --rounds $(or $(ROUNDS),50) --seed $(or $(SEED),1) --first $(or $(FIRST),1) \
		--only "$(ONLY)" --name "$(NAME)" $(ARGS)

lock:  ## Write the lock files anew (ARGS=--upgrade takes the newest versions)
	PYTHON="$(PYTHON)" sh packaging/lock.sh $(ARGS)

audit:  ## Ask the public advisories about every locked version (needs a network)
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet pip-audit
	build/audit/bin/python -m pip_audit --disable-pip --require-hashes -r requirements.lock
	build/audit/bin/python -m pip_audit --disable-pip --require-hashes -r requirements-build.lock

formats: $(VENV)/.ready  ## Read the whole corpus and write docs/formats.md
	@sh packaging/linux/system_libraries.sh run
	$(PY) docs/make_formats.py $(ARGS)

fuzz: $(VENV)/.ready  ## Try N=10000 broken files on every reader (START=0 goes on where an earlier run ended)
	nice -n 10 $(PY) tests/fuzz/run.py --count $(N) --start $(START) $(ARGS)

docs: $(VENV)/.ready  ## Write the generated pages of docs/, and the dialog's words for translators
	$(PY) docs/make_configuration.py
	$(PY) docs/make_setting_texts.py
	$(PY) docs/make_states.py

screenshots: $(VENV)/.ready  ## Draw docs/screenshots anew
	@sh packaging/linux/system_libraries.sh run
	$(PY) docs/make_screenshots.py $(ARGS)

samples: $(VENV)/.ready  ## Write resources/samples anew
	$(PY) docs/make_samples.py

deb:  ## Build the Debian package into dist/
	PYTHON="$(PYTHON)" sh packaging/linux/build_deb.sh

clean:  ## Remove all that was built, .venv included
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find ingest_desktop tests docs packaging -name __pycache__ -type d -prune -exec rm -rf {} +
