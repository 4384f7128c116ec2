"""What rooms of tests share: files that are better made than stored, made once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

os.environ["INGESTION_SETTLE_SECONDS"] = "0"  # tests write files and read them at once; test_settling.py waits

CORPUS = Path(os.environ.get("INGEST_CORPUS") or Path(__file__).resolve().parents[2] / "shared" / "corpus")
NEED_CORPUS = [
    *(
        f"extraction/test_{name}.py"
        for name in "child corpus damaged_office epub outlook passwords pdf rtf workbooks".split()
    ),
    "project/test_formats.py",
]
collect_ignore = [] if CORPUS.is_dir() else NEED_CORPUS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Whoever has the repository alone is told what was not tried."""
    for name in collect_ignore:
        terminalreporter.write_line(f"NOT RUN: tests/{name} reads documents that are not there: {CORPUS}", red=True)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of hostile files, made by the corpus's own script."""
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run([sys.executable, str(CORPUS / "make_hostile.py"), str(folder)], check=True, capture_output=True)
    return folder
