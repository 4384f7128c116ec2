#!/bin/sh
# Builds dist/ingest-desktop_VERSION_ARCH.deb from what is committed: packaging/linux/build_deb.sh
#
# Needs Debian or Ubuntu, python3 (3.11 or newer, with its shared library) and the package registry. What else is
# missing is installed with apt when we are root; otherwise the exact command is printed and we stop.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
python=${PYTHON:-python3}
work=$root/build/deb

missing=""
command -v dpkg-deb >/dev/null 2>&1 || { echo "dpkg-deb is needed: build on Debian or Ubuntu." >&2; exit 1; }
command -v objdump >/dev/null 2>&1 || missing="$missing binutils"
"$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || missing="$missing python3-venv"
# PyInstaller carries Python's shared library along; Debian's python3 is linked without it.
"$python" - <<'PY' || missing="$missing $("$python" -c 'import sys; print("libpython%d.%d" % sys.version_info[:2])')"
import ctypes.util
import sys
import sysconfig
from pathlib import Path

own = Path(sysconfig.get_config_var("LIBDIR") or "") / (sysconfig.get_config_var("INSTSONAME") or "")
known = own.suffix != ".a" and own.is_file()
sys.exit(not (known or ctypes.util.find_library("python%d.%d" % sys.version_info[:2])))
PY
if [ -n "$missing" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "Install what is missing, then run this again:" >&2
        echo "    sudo apt-get install -y --no-install-recommends$missing" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing </dev/null >/dev/null
fi

rm -rf "$work"
mkdir -p "$work/source" dist
if git rev-parse --git-dir >/dev/null 2>&1; then # only what is committed
    git archive HEAD | tar -x -C "$work/source"
else
    cp -r ingest_desktop resources packaging docs pyproject.toml requirements-build.lock README.md LICENSE "$work/source/"
fi
cd "$work/source"
version=$("$python" -c 'import re; print(re.search(r"__version__.*\"(.+)\"", open("ingest_desktop/__init__.py").read())[1])')
arch=$(dpkg --print-architecture)

echo "Installing the locked packages"
"$python" -m venv "$work/venv"
py=$work/venv/bin/python
"$py" -m pip install --quiet --no-input --disable-pip-version-check --require-hashes -r requirements-build.lock </dev/null
"$py" -m pip install --quiet --no-input --disable-pip-version-check --no-deps --no-index --no-build-isolation . </dev/null

echo "Freezing"
# From another folder, so that the installed package (with resources) is taken and not the source beside it.
mkdir "$work/freeze"
(cd "$work/freeze" && "$py" -m PyInstaller --noconfirm --log-level WARN --distpath "$work/frozen" --workpath "$work/freeze/work" \
    "$work/source/packaging/pyinstaller/ingest_desktop.spec")

echo "Packing"
tree=$work/tree
install -d "$tree/opt" "$tree/usr/bin" "$tree/usr/share/applications" "$tree/usr/share/metainfo" \
    "$tree/usr/share/doc/ingest-desktop/licenses" "$tree/usr/share/icons/hicolor/scalable/apps" "$tree/DEBIAN"
cp -a "$work/frozen/ingest-desktop" "$tree/opt/ingest-desktop"
ln -s /opt/ingest-desktop/ingest-desktop "$tree/usr/bin/ingest-desktop"
ln -s /opt/ingest-desktop/ingest "$tree/usr/bin/ingest"
install -m 644 packaging/linux/ingest-desktop.desktop "$tree/usr/share/applications/"
install -m 644 packaging/linux/org.ingestdesktop.IngestDesktop.metainfo.xml "$tree/usr/share/metainfo/"
install -m 644 packaging/linux/copyright "$tree/usr/share/doc/ingest-desktop/copyright"
install -m 644 resources/icons/app.svg "$tree/usr/share/icons/hicolor/scalable/apps/ingest-desktop.svg"
"$py" packaging/draw_icons.py resources/icons/app.svg "$tree/usr/share/icons/hicolor"
"$py" packaging/collect_licenses.py requirements-build.lock "$tree/usr/share/doc/ingest-desktop/licenses"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: ingest-desktop
Version: $version
Architecture: $arch
Maintainer: Ingest Desktop contributors <noreply@ingestdesktop.invalid>
Installed-Size: $(du -sk "$tree" | cut -f1)
Section: utils
Priority: optional
Depends: libc6 (>= $(dpkg-query -W -f '${Version}' libc6 | sed 's/-.*//')), libstdc++6, libglib2.0-0 | libglib2.0-0t64,
 libgl1, libegl1, libfontconfig1, libfreetype6, libxkbcommon0, libdbus-1-3, libxcb-cursor0, libxcb-icccm4, libxcb-keysyms1,
 libxcb-shape0, libxcb-xkb1, libxkbcommon-x11-0, libxcb-image0, libxcb-render-util0, libxcb-randr0, libxcb-xfixes0,
 libxcb-sync1, libxcb-shm0, libxcb-render0, libx11-xcb1
Recommends: fonts-dejavu-core | fonts-noto-core, libwayland-client0, libwayland-cursor0, libwayland-egl1
Suggests: tesseract-ocr, libreoffice-writer, libreoffice-impress, libarchive13 | libarchive13t64, fonts-noto-cjk
Description: make your own documents searchable, offline
 Drop files and folders on the window. Each becomes a job in a queue that
 survives a crash, a power cut and a restart, and a document that can be
 searched at once, with every hit traced to its page or line.
 .
 Holds the window (ingest-desktop) and the command line (ingest).
CONTROL
chmod -R u=rwX,go=rX "$tree" # whatever the umask of who builds it
deb=$root/dist/ingest-desktop_${version}_$arch.deb
dpkg-deb -Zzstd --root-owner-group --build "$tree" "$deb" >/dev/null
echo "$deb: $(du -h "$deb" | cut -f1), $(du -sh "$tree/opt" | cut -f1) installed"
