#!/bin/sh
# Writes requirements.lock (program, tests, tools) and requirements-build.lock (program, freezing).
#
# Universal: one file for Linux, Windows and macOS and every Python from 3.11 on, with the hashes of all
# files of each release and no index address. With --upgrade the newest versions are taken; without,
# versions that are locked already stay.
set -eu
cd "$(dirname "$0")/.."
UV_VERSION=0.13.9
tools=build/lock-tools
if ! [ -x "$tools/bin/uv" ]; then
    "${PYTHON:-python3}" -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet --no-input "uv==$UV_VERSION"
fi
compile() {
    "$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-config --system-certs --custom-compile-command "make lock" "$@" pyproject.toml
}
compile "$@" --extra dev --output-file requirements.lock
compile "$@" --extra build --constraint requirements.lock --output-file requirements-build.lock
