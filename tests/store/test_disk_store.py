import io
import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import InvalidRequestError, NotFoundError, StoreError, StoreFull
from ingest_desktop.domain.interfaces.persistence import PersistenceStore
from ingest_desktop.infrastructure.disk_store import DiskStore


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "staged")


def test_it_fulfils_the_protocol(store: DiskStore) -> None:
    assert isinstance(store, PersistenceStore)


def test_what_is_written_is_read(store: DiskStore) -> None:
    store.write("state/job-1.json", b"one")
    store.write("state/job-1.json", b"two")
    assert store.read("state/job-1.json") == b"two"
    with store.open("state/job-1.json") as stream:
        assert stream.read() == b"two"


def test_a_stream_is_written_and_counted(store: DiskStore) -> None:
    data = bytes(range(256)) * 10_000
    assert store.write_from("big", io.BytesIO(data)) == len(data)
    assert store.read("big") == data


def test_keys_come_sorted_and_by_prefix(store: DiskStore) -> None:
    for key in ("b", "a/2", "a/1", "ab"):
        store.write(key, b"")
    assert list(store.keys()) == ["a/1", "a/2", "ab", "b"]
    assert list(store.keys("a/")) == ["a/1", "a/2"]
    assert list(DiskStore(store.root / "none").keys()) == []


def test_deleting_leaves_nothing(store: DiskStore) -> None:
    store.write("a/b/c", b"x")
    assert store.delete("a/b/c")
    assert not store.delete("a/b/c")
    assert list(store.root.iterdir()) == []
    for ask in (store.read, store.open):
        with pytest.raises(NotFoundError):
            ask("a/b/c")


class Breaks(io.RawIOBase):
    def __init__(self, error: OSError) -> None:
        self.error, self.calls = error, 0

    def read(self, size: int = -1) -> bytes:
        self.calls += 1
        if self.calls == 2:
            raise self.error
        return b"half"


def test_a_stream_that_breaks_leaves_the_old_blob_and_no_litter(store: DiskStore) -> None:
    store.write("kept", b"old")
    with pytest.raises(ConnectionResetError):
        store.write_from("kept", Breaks(ConnectionResetError()))  # type: ignore[arg-type]
    assert store.read("kept") == b"old"
    assert [path.name for path in store.root.iterdir()] == ["kept"]


@pytest.mark.parametrize(
    "key",
    ["", "/", "a/", "/a", "a//b", "..", "a/../b", ".a", "a/.b", "ä", "a b", "a\\b", "con", "x/NUL.txt", "a.", "a\n"],
)
def test_what_is_no_key_is_refused(store: DiskStore, key: str) -> None:
    with pytest.raises(InvalidRequestError):
        store.write(key, b"")
    with pytest.raises(InvalidRequestError):
        store.delete(key)


@given(st.text(max_size=20))
def test_no_key_leads_out_of_the_folder(key: str) -> None:
    store = DiskStore(Path("/nowhere/staged"))
    try:
        path = store._path(key)
    except InvalidRequestError:
        return
    assert Path(os.path.normpath(path)).relative_to(store.root).as_posix() == key


@pytest.mark.xfail(sys.platform != "linux", reason="the device that is always full is Linux's", strict=True)
def test_a_full_disk_says_so(store: DiskStore) -> None:
    from ingest_desktop.infrastructure.disk_store import _translated

    with pytest.raises(StoreFull), _translated("x"), open("/dev/full", "wb", buffering=0) as stream:
        stream.write(b"x")


def test_other_trouble_is_a_store_error(store: DiskStore) -> None:
    store.write("a", b"")
    with pytest.raises(StoreError):
        store.write("a/b", b"")  # "a" is a file


@pytest.mark.xfail(sys.platform == "win32", reason="Windows keeps rights elsewhere", strict=True)
def test_only_the_owner_may_read(store: DiskStore) -> None:
    store.write("a/b", b"")
    assert stat.S_IMODE((store.root / "a" / "b").stat().st_mode) == 0o600
    assert stat.S_IMODE((store.root / "a").stat().st_mode) == 0o700
