#!/bin/sh
# Makes .venv from the hash-locked file: packaging/setup_venv.sh [PYTHON]. Run by make; safe to run again.
#
# Needs a Python of at least 3.11 and the package registry, nothing else. A Debian without python3-venv
# gets it by apt when we are root; otherwise the exact command is printed and nothing is changed.
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}

if ! command -v "$python" >/dev/null 2>&1; then
    echo "No '$python' found. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "'$python' is too old ($("$python" -V 2>&1)); Python 3.11 or newer is needed: make PYTHON=/path/to/python3" >&2
    exit 1
fi

can_make_venv() { "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; }
if ! can_make_venv; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing python3-venv"
        export DEBIAN_FRONTEND=noninteractive
        apt-get install -y -qq --no-install-recommends python3-venv </dev/null >/dev/null 2>&1 ||
            { apt-get update -qq </dev/null && apt-get install -y -qq --no-install-recommends python3-venv </dev/null >/dev/null; }
    fi
    if ! can_make_venv; then
        echo "'$python' cannot make virtual environments. Install the missing part, then run make again:" >&2
        echo "    sudo apt-get install python3-venv" >&2
        exit 1
    fi
fi

# A .venv of another Python, or one that was moved here from elsewhere, is of no use.
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 ||
    ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear .venv
fi

pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input "$@" </dev/null; }
echo "Installing the locked packages into .venv"
pip install --quiet --require-hashes -r requirements.lock
# The project itself, editable: both commands appear in .venv/bin, resources are found beside the package.
pip install --quiet --no-deps --no-build-isolation --no-index -e .
touch .venv/.ready
