"""The worked examples of docs/extending.md are installed as a stranger would, found by entry point, and used."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import BinaryIO

import pytest

from ingest_desktop.domain.errors import InvalidRequestError, NotFoundError
from ingest_desktop.domain.interfaces.persistence import PersistenceStore

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"

CAPTIONS = """\
1
00:00:01,000 --> 00:00:04,200
<i>The lamp</i> is out
at Skerry Point.

2
00:01:07,500 --> 00:01:09,000
Row!

3
no times here
"""

READ_ONE = """
import json, sys
from ingest_desktop.domain.interfaces.extraction import SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.registry import Registry

path = sys.argv[1]
data = open(path, "rb").read()
source = SourceFile(path, len(data), data[:65536], data)
reader = Registry().choose(source)
options, notes = ExtractOptions(), SegmentNotes()
plan = reader.plan(source, options)
blocks = [block for segment in plan.segments for block in reader.read(source, plan, segment, options, notes)]
loaded = {name.split(".")[0] for name in sys.modules} & {"PySide6", "sqlalchemy", "pydantic"}
print(json.dumps([reader.name, [[b.text, b.line_start, b.extra] for b in blocks], notes.units_failed, sorted(loaded)]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both example packages, built and installed by pip without a network."""
    target = tmp_path_factory.mktemp("guests")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    packages = [str(EXAMPLES / name) for name in ("subtitles", "one_file_store")]
    done = subprocess.run(
        [*command, "--disable-pip-version-check", "--target", str(target), *packages],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return target


def read_by_registry(path: Path, guests: Path | None) -> list[object]:
    places = [str(ROOT), *([str(guests)] if guests else [])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    done = subprocess.run(
        [sys.executable, "-c", READ_ONE, str(path)], capture_output=True, text=True, env=env, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


def test_an_installed_reader_reads_its_format(installed: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.srt"
    film.write_text(CAPTIONS, "utf-8")
    assert read_by_registry(film, installed) == [
        "captions",
        [["The lamp is out\nat Skerry Point.", 3, [["time", "00:00:01"]]], ["Row!", 8, [["time", "00:01:07"]]]],
        [[3, "Line 10: the caption has no times."]],
        [],
    ]


def test_without_it_the_built_in_reader_has_the_file(tmp_path: Path) -> None:
    film = tmp_path / "film.srt"
    film.write_text(CAPTIONS, "utf-8")
    assert read_by_registry(film, None)[0] == "subtitles"


def test_an_installed_reader_leaves_other_files_alone(installed: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("1\nA list that begins like subtitles\n", "utf-8")
    assert read_by_registry(note, installed)[0] == "text"


# --- the store ---------------------------------------------------------------------------------


@pytest.fixture
def store(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PersistenceStore]:
    monkeypatch.syspath_prepend(str(installed))
    (point,) = (point for point in entry_points(group="ingest_desktop.persistence") if point.name == "one-file")
    store = opened(point, tmp_path)
    yield store
    store.close()


def opened(point: EntryPoint, folder: Path) -> PersistenceStore:
    store = point.load()(folder)
    assert isinstance(store, PersistenceStore)
    return store


class FailingStream(io.RawIOBase):
    """Gives some bytes and then breaks, as a network drive does."""

    def __init__(self) -> None:
        self.calls = 0

    def read(self, size: int = -1) -> bytes:
        self.calls += 1
        if self.calls > 2:
            raise OSError("gone")
        return b"x" * size


def test_the_store_keeps_blobs(store: PersistenceStore, tmp_path: Path) -> None:
    big = bytes(range(256)) * 10_000
    store.write("state/a.json", b"{}")
    store.write("state/a.json", b"{1}")
    store.write("state/empty", b"")
    assert store.write_from("staged/big", io.BytesIO(big)) == len(big)
    assert (store.read("state/a.json"), store.read("state/empty")) == (b"{1}", b"")
    with store.open("staged/big") as stream:
        assert stream.read() == big
    assert list(store.keys()) == ["staged/big", "state/a.json", "state/empty"]
    assert list(store.keys("state/")) == ["state/a.json", "state/empty"]
    assert (store.delete("state/empty"), store.delete("state/empty")) == (True, False)


def test_what_is_not_there_is_not_found(store: PersistenceStore) -> None:
    with pytest.raises(NotFoundError):
        store.read("nothing")
    with pytest.raises(NotFoundError):
        store.open("nothing")


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "a b", "a\\b", "ä"])
def test_a_key_that_is_none_is_refused(store: PersistenceStore, key: str) -> None:
    for call in (store.read, store.open, store.delete, lambda key: store.write(key, b"")):
        with pytest.raises(InvalidRequestError):
            call(key)


def test_a_broken_stream_leaves_the_old_blob(store: PersistenceStore) -> None:
    broken: BinaryIO = FailingStream()  # type: ignore[assignment]
    store.write("a", b"old")
    with pytest.raises(OSError, match="gone"):
        store.write_from("a", broken)
    assert store.read("a") == b"old"


def test_threads_may_share_it(store: PersistenceStore) -> None:
    threads = [threading.Thread(target=store.write, args=(f"t/{n}", bytes([n]) * 1000)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.read(f"t/{n}") for n in range(8)] == [bytes([n]) * 1000 for n in range(8)]
