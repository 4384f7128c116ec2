"""A door to a store of its own for each test, and files to add."""

from pathlib import Path

import pytest
from application.kit import write_files

from cli.door import Door


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for long."""
    quick = {"WORKERS": 1, "RETRY_BASE_SECONDS": 0.02, "COMMIT_SECONDS": 0.05, "CONSUMER_POLL_INTERVAL": 0.05}
    for name, value in quick.items():
        monkeypatch.setenv(f"INGESTION_{name}", str(value))


@pytest.fixture
def door(tmp_path: Path, capsys: pytest.CaptureFixture[str], quick: None) -> Door:
    return Door(tmp_path / "data", capsys)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write_files(
        tmp_path / "docs", {"guide.md": "# Harbour\n\nThe old lighthouse.\n", "b.txt": "tides\n\nand waves\n"}
    )


@pytest.fixture
def filled(door: Door, docs: Path) -> Door:
    assert door("add", "--wait", str(docs)) == 0, door.err
    return door
