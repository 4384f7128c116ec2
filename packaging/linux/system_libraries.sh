#!/bin/sh
# Sees to the system libraries that Qt needs: packaging/linux/system_libraries.sh [run|test]
#
# They are looked for by loading Qt's own plugins, so nothing is asked of a machine that has them. What is
# missing is installed with apt when we are root; otherwise the exact command is printed and we stop.
# "test" also wants an X server of its own (Xvfb), fonts for the pictures, and strace, which records what is written.
set -eu
cd "$(dirname "$0")/../.."
[ "$(uname -s)" = Linux ] || exit 0
mode=${1:-run}

offscreen="libglib2.0-0 libgl1 libegl1 libfontconfig1 libxkbcommon0 libdbus-1-3"
xcb="libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0 libxcb-image0
    libxcb-render-util0 libxcb-randr0 libxcb-xfixes0 libxcb-sync1 libxcb-shm0 libxcb-render0 libx11-xcb1"

qt_loads() { # loads every library of the widgets and of both platform plugins; names the first that fails
    .venv/bin/python - <<'PY'
import ctypes
import sys
from pathlib import Path

try:
    import PySide6
    from PySide6 import QtGui, QtSvg, QtWidgets  # noqa: F401

    plugins = Path(PySide6.__file__).parent / "Qt" / "plugins"
    for name in ("platforms/libqoffscreen.so", "platforms/libqxcb.so"):
        ctypes.CDLL(str(plugins / name))
except (ImportError, OSError) as error:
    sys.exit(f"Qt cannot be loaded: {error}")
PY
}

wanted=""
reason=$(qt_loads 2>&1) || wanted="$offscreen $xcb"
# Text needs at least one font, or every picture and window shows empty boxes.
if ! find /usr/share/fonts /usr/local/share/fonts "${HOME:-/nonexistent}/.fonts" "${HOME:-/nonexistent}/.local/share/fonts" \
    \( -name '*.ttf' -o -name '*.otf' -o -name '*.ttc' \) 2>/dev/null | grep -q .; then
    wanted="$wanted fonts-dejavu-core"
fi
if [ "$mode" = test ] && ! command -v Xvfb >/dev/null 2>&1; then
    wanted="$wanted xvfb xauth"
fi
if [ "$mode" = test ] && ! command -v strace >/dev/null 2>&1; then
    wanted="$wanted strace"
fi
wanted=$(echo $wanted)
[ -n "$wanted" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    [ -n "$reason" ] || exit 0
    echo "$reason" >&2
    echo "Install with your system's package manager what Debian calls:" >&2
    echo "    $wanted" >&2
    exit 1
fi
command="apt-get install -y --no-install-recommends $wanted"
if [ "$(id -u)" -ne 0 ]; then
    [ -z "$reason" ] || echo "$reason" >&2
    echo "Some system libraries are missing. Install them, then run make again:" >&2
    echo "    sudo $command" >&2
    exit 1
fi
echo "Installing system libraries: $wanted"
export DEBIAN_FRONTEND=noninteractive
# The package lists of a fresh machine are empty, and stale ones name files that are gone.
$command </dev/null >/dev/null 2>&1 || { apt-get update -qq </dev/null && $command </dev/null >/dev/null; } || {
    echo "apt could not install them; do it by hand, then run make again:" >&2
    echo "    apt-get update && $command" >&2
    exit 1
}
reason=$(qt_loads 2>&1) || { echo "$reason" >&2; exit 1; }
