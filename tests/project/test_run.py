"""What `make run` does where there is no display: the README promises a picture of the window."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_headless_run_saves_a_picture_of_the_window(tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    ran = subprocess.run(
        [
            sys.executable,
            str(ROOT / "packaging" / "window_picture.py"),
            str(picture),
            "--data-dir",
            str(tmp_path / "d"),
        ],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 5_000
