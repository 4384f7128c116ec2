"""What rooms of tests share: files that are better made than stored, made once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

os.environ["INGESTION_SETTLE_SECONDS"] = "0"  # tests write files and read them at once; test_settling.py waits

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of hostile files, made by the corpus's own script."""
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run([sys.executable, str(CORPUS / "make_hostile.py"), str(folder)], check=True, capture_output=True)
    return folder
