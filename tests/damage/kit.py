"""A store to be damaged, and ways of damaging it."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from application.kit import FakeApp, Script, write_files

from ingest_desktop.application.snapshots import take_snapshot
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.infrastructure import rights
from ingest_desktop.infrastructure.disk_store import DiskStore

FILES = 90


def script() -> Script:
    found = Script()
    found.segments_of = lambda path: 3 if "long" in path else 1
    return found


class Rights:
    """Takes away the right to write below a folder; whoever runs the tests may be root, who always has it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.forbidden = ""  # a part of the path
        withheld = rights._withheld
        monkeypatch.setattr(rights, "_withheld", lambda path: path if self._is_below(path) else withheld(path))

    def _is_below(self, path: Path) -> bool:
        return bool(self.forbidden) and self.forbidden in path.as_posix()


def open_fake(root: Path, **changes: Any) -> FakeApp:
    return FakeApp(root, script(), **changes)


def fill(folder: Path) -> Path:
    """A store in ``folder/data``: documents that can be found, deleted ones, and jobs that wait, paused."""
    text = {f"d{n:03d}.txt": "\n".join(f"word{n} line{k} heron stork owl" for k in range(12)) for n in range(FILES)}
    text |= {f"long{n}.txt": "\n".join(f"long{n} line{k} " + "egret " * 40 for k in range(90)) for n in range(4)}
    docs = write_files(folder / "docs", text)
    later = write_files(folder / "later", {f"w{n}.txt": f"waits{n}" for n in range(9)})
    app = open_fake(folder / "data")
    app.service.submit([str(docs)])
    app.service.start()
    assert app.lifecycle.drain(60)
    app.lifecycle.stop(10)
    app.service.delete(JobSelector(job_ids=("3", "4")))
    app.housekeeping.deliver()
    made = app.service.submit([str(later)])
    app.service.pause(JobSelector(batch_id=made.batch.batch_id))
    assert app.check() == []
    take_snapshot(app.repository, DiskStore(folder / "data" / "staged"))
    app.close()
    return folder


def copy_of(filled: Path, folder: Path) -> Path:
    """A copy of a store's data folder. The documents stay where they are."""
    return Path(shutil.copytree(filled / "data", folder / "data"))


def page_size(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA page_size").fetchone()[0])


def spoil_pages(path: Path, pages: list[int], draw: random.Random) -> None:
    """Overwrite pages (the first is 1) with noise, or with nothing."""
    size = page_size(path)
    noise = [draw.choice((draw.randbytes(size), bytes(size))) for _ in pages]
    with open(path, "rb+") as stream:
        for page, data in zip(pages, noise, strict=True):
            stream.seek((page - 1) * size)
            stream.write(data)


def pages_of(path: Path) -> int:
    return path.stat().st_size // page_size(path)
