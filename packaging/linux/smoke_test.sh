#!/bin/sh
# Installs the package, starts it under Xvfb, ingests a PDF, removes it: packaging/linux/smoke_test.sh [FILE.deb]
#
# As root, on a machine that may be changed (a container, a virtual machine). Needs xvfb and xdotool, which it installs.
set -eu
cd "$(dirname "$0")/../.."
deb=${1:-$(ls -t dist/ingest-desktop_*.deb 2>/dev/null | head -n 1)}
[ -f "$deb" ] || { echo "no package; make deb first" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || { echo "run as root, on a machine that may be changed" >&2; exit 1; }
deb=$(realpath "$deb")
samples=$(realpath resources/samples)
work=$(mktemp -d)
window=""
display=""
finish() {
    code=$?
    [ -z "$window" ] || kill "$window" 2>/dev/null || true
    [ -z "$display" ] || kill "$display" 2>/dev/null || true
    dpkg --purge ingest-desktop >/dev/null 2>&1 || true
    rm -rf "$work"
    [ "$code" -eq 0 ] && echo "smoke test passed" || echo "SMOKE TEST FAILED" >&2
    exit "$code"
}
trap finish EXIT
trap 'exit 1' INT TERM
fail() { echo "$1" >&2; exit 1; }

export DEBIAN_FRONTEND=noninteractive
tools=""
for tool in Xvfb:xvfb xdotool:xdotool; do
    command -v "${tool%%:*}" >/dev/null 2>&1 || tools="$tools ${tool#*:}"
done
dpkg --unpack "$deb" >/dev/null
# Configures it and installs its Depends; the lists of a fresh machine are empty, hence the second try.
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends -f $tools </dev/null >"$work/apt" 2>&1 ||
    { apt-get update -qq </dev/null && apt-get install -y -qq --no-install-recommends -f $tools </dev/null >"$work/apt" 2>&1; } ||
    { cat "$work/apt" >&2; fail "its dependencies cannot be installed"; }
[ "$(dpkg-query -W -f '${db:Status-Status}' ingest-desktop)" = installed ] || fail "not installed"
echo "installed $(dpkg-query -W -f '${Version}' ingest-desktop)"
for part in /usr/share/applications/ingest-desktop.desktop /usr/share/icons/hicolor/48x48/apps/ingest-desktop.png \
    /usr/share/metainfo/org.ingestdesktop.IngestDesktop.metainfo.xml /usr/share/doc/ingest-desktop/copyright; do
    [ -f "$part" ] || fail "missing: $part"
done

# Nothing of the build machine or of a checkout may be needed: an empty environment, another folder.
mkdir "$work/home"
cd "$work"
clean() { env -i PATH=/usr/bin:/bin HOME="$work/home" LANG=C.UTF-8 INGESTION_DATA_ROOT="$work/store" "$@"; }

clean ingest add "$samples/tide-pools.pdf" "$samples/sourdough.docx" --wait --json >"$work/added" || { cat "$work/added" >&2; fail "ingest add failed"; }
clean ingest jobs --json >"$work/jobs"
[ "$(grep -c '"status": *"completed"' "$work/jobs")" -eq 2 ] || { cat "$work/jobs" >&2; fail "not both completed"; }
clean ingest search anemone --json >"$work/hits"
grep -q '"page": *2' "$work/hits" || { cat "$work/hits" >&2; fail "the PDF is not found by its page"; }
echo "a PDF was read by a child process and is found"

Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp 3>"$work/display" 2>/dev/null &
display=$!
for _ in $(seq 100); do [ -s "$work/display" ] && break; sleep 0.1; done
number=$(cat "$work/display")
[ -n "$number" ] || fail "Xvfb did not start"
clean env DISPLAY=":$number" ingest-desktop >"$work/window" 2>&1 &
window=$!
for _ in $(seq 200); do
    found=$(DISPLAY=":$number" xdotool search --onlyvisible --name "Ingest Desktop" 2>/dev/null | head -n 1 || true)
    [ -n "$found" ] && break
    kill -0 "$window" 2>/dev/null || { cat "$work/window" >&2; fail "the window's process ended"; }
    sleep 0.1
done
[ -n "$found" ] || { cat "$work/window" >&2; fail "no window within 20 s"; }
echo "the window is there"
# The store is shared: what the command adds now, the open window must leave alone or work on, but never block.
clean ingest add "$samples/night-sky.pdf" --wait >/dev/null || fail "adding beside the open window failed"
kill -TERM "$window"
for _ in $(seq 150); do kill -0 "$window" 2>/dev/null || break; sleep 0.1; done
kill -0 "$window" 2>/dev/null && fail "the window did not end within 15 s of SIGTERM"
window=""
clean ingest check >/dev/null || fail "ingest check found something"

dpkg --purge ingest-desktop >/dev/null 2>&1
[ ! -e /opt/ingest-desktop ] && [ ! -e /usr/bin/ingest ] || fail "something was left behind"
[ -d "$work/store" ] || fail "removing the program removed a person's data"
echo "removed; the data stays"
