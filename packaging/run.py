"""What ``make run`` does: the window or, on a machine without a display, the same job without one.

The headless run works on a store of its own under ``build/``, never on a person's data: it adds
``resources/samples``, waits with a progress bar, shows one search and saves a picture of the window.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "resources" / "samples"
FOLDER = ROOT / "build" / "sample-run"
QUERY = "moon OR lamp"


def has_display() -> bool:
    """Whether a window can be opened: asked of Qt in a process of its own, which ends itself when it cannot."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    if os.environ.get("QT_QPA_PLATFORM") in ("offscreen", "minimal"):
        return False
    probe = (
        "import sys; from PySide6.QtGui import QGuiApplication; sys.exit(QGuiApplication([]).primaryScreen() is None)"
    )
    try:
        done = subprocess.run([sys.executable, "-c", probe], capture_output=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def step(title: str, *command: str, env: dict[str, str]) -> int:
    """Run one command, told by its title. Returns its exit code."""
    print(f"\n== {title}", flush=True)
    return subprocess.run([sys.executable, *command], cwd=ROOT, env=env, check=False).returncode


def run_headless() -> int:
    """Add, wait, search, picture. Returns 0 when all of it went well."""
    print("There is no display here, so the window cannot be shown. The same work is done without it.")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    store, picture = FOLDER / "store", FOLDER / "window.png"
    env = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "INGESTION_DATA_ROOT": str(store),
        "INGESTION_METRICS_PORT": "0",
    }
    cli = ("-m", "ingest_desktop.cli", "--data-dir", str(store))
    codes = [
        step(f"ingest add {SAMPLES.relative_to(ROOT)} --wait", *cli, "add", str(SAMPLES), "--wait", env=env),
        step(f'ingest search "{QUERY}"', *cli, "search", QUERY, "--limit", "5", env=env),
        step("a picture of the window", "packaging/window_picture.py", str(picture), "--data-dir", str(store), env=env),
    ]
    if picture.exists():
        print(f"saved {picture.relative_to(ROOT)}")
    else:
        codes.append(1)
    print("\nThe store of this run is in build/sample-run. `.venv/bin/ingest --help` shows the commands.")
    return max(codes)


def main() -> int:
    if not has_display():
        return run_headless()
    return subprocess.run([sys.executable, "-m", "ingest_desktop", *sys.argv[1:]], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
