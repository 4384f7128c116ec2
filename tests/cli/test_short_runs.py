"""Runs that are over in a moment: they clean up, go on when a port is taken, and tell what is paused as not done."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import ingest_desktop


def ingest(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {f"INGESTION_{name}": value for name, value in environment.items()}
    return subprocess.run(
        [sys.executable, "-m", "ingest_desktop.cli", "--data-dir", str(root), *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "INGESTION_WORKERS": "1", **settings},
        check=False,
        timeout=60,
    )


def write(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.txt").write_text(f"tide {number}\n", "utf-8")
    return folder


def test_a_run_with_nothing_to_do_purges_what_was_deleted_long_ago(tmp_path: Path) -> None:
    root, files = tmp_path / "data", write(tmp_path / "files", 3)
    assert ingest(root, "add", str(files), "--wait").returncode == 0
    assert ingest(root, "delete", "--all").returncode == 0
    assert ingest(root, "jobs", "--deleted", "--json").stdout.count("\n") == 3

    assert ingest(root, "run", UNDO_DAYS="0").returncode == 0

    assert ingest(root, "jobs", "--deleted", "--json").stdout == ""
    assert ingest(root, "check").returncode == 0


def test_what_is_paused_is_not_told_as_done(tmp_path: Path) -> None:
    root, files = tmp_path / "data", write(tmp_path / "files", 3)
    ingest(root, "add", str(files))
    ingest(root, "pause", "--all")

    done = ingest(root, "run")

    assert done.stdout.strip() == "3 paused"
    assert done.stderr.splitlines()[-1].endswith("0 of 3")


def test_work_goes_on_when_the_port_for_metrics_is_taken(tmp_path: Path) -> None:
    root, files = tmp_path / "data", write(tmp_path / "files", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = ingest(root, "add", str(files), "--wait", METRICS_PORT=str(taken.getsockname()[1]))

    assert done.returncode == 0
    assert "metrics not served" in (root / "logs" / "ingest.log").read_text("utf-8")


def test_the_window_without_a_screen_says_so(tmp_path: Path) -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["PYTHONPATH"] = str(
        Path(ingest_desktop.__file__).parents[1]
    )  # ours may be relative, and leads nowhere there
    done = subprocess.run(
        [sys.executable, "-c", "from ingest_desktop.__main__ import _has_no_screen; print(_has_no_screen())"],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
        cwd=tmp_path,
    )

    assert done.stdout.strip() == str(sys.platform not in ("win32", "darwin"))
