"""DOC and PPT: another program converts them, and it may be missing, fail or hang."""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ingest_desktop.domain.errors import (
    LimitExceeded,
    ReaderCrashed,
    SourceEncrypted,
    SourceMalformed,
    UnsupportedFormat,
)
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import libreoffice
from ingest_desktop.extraction.host import ChildProcess

from .conftest import read as read_file
from .office_kit import DECK, Read


def ole(stream: str) -> bytes:
    """An OLE file with one empty stream."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[30:32] = (9).to_bytes(2, "little")
    header[48:52] = (0).to_bytes(4, "little")
    header[76:] = b"\xff" * (512 - 76)
    name = stream.encode("utf-16-le") + b"\0\0"
    return bytes(header) + (name.ljust(64, b"\0") + len(name).to_bytes(2, "little")).ljust(512, b"\0")


def test_old_formats_say_what_they_need(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(libreoffice, "_USUAL", ())
    for stream, name in (("WordDocument", "Word 97-2003"), ("PowerPoint Document", "PowerPoint 97-2003")):
        with pytest.raises(UnsupportedFormat, match=f"{name}.*LibreOffice.*Install"):
            Read(ole(stream))


def test_old_formats_behind_a_password_say_so() -> None:
    word = ole("WordDocument") + (b"\xec\xa5" + bytes(8) + (0x0100).to_bytes(2, "little")).ljust(512, b"\0")
    with pytest.raises(SourceEncrypted):
        Read(word, "a.doc")
    slides = bytearray(ole("PowerPoint Document"))
    name = "EncryptedSummary".encode("utf-16-le") + b"\0\0"
    slides[512 + 128 : 512 + 128 + 66] = name.ljust(64, b"\0") + len(name).to_bytes(2, "little")
    with pytest.raises(SourceEncrypted):
        Read(bytes(slides), "a.ppt")


def test_old_formats_are_converted_and_read(office: Any) -> None:
    office("works", DECK)
    read = Read(ole("PowerPoint Document"), "a.ppt")
    assert read.place("no title here") == {"slide": 3}
    assert read.plan.media_type == "application/vnd.ms-powerpoint"


def test_a_document_that_the_office_cannot_read_is_damaged(office: Any) -> None:
    office("nothing")
    with pytest.raises(SourceMalformed):
        Read(ole("WordDocument"), "a.doc")


def test_an_office_that_hangs_is_ended_with_its_children(office: Any) -> None:
    mark: Path = office("hang")
    with pytest.raises(LimitExceeded, match="INGESTION_OFFICE_SECONDS"):
        Read(ole("WordDocument"), "a.doc", ExtractOptions(office_seconds=2.0))
    child = int(mark.read_text("ascii"))
    deadline = time.monotonic() + 10
    while running(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_an_office_ends_and_leaves_nothing_when_the_reading_process_is_killed(
    office: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark: Path = office("hang")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}/bin{os.pathsep}/usr/bin")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    path = tmp_path / "a.doc"
    path.write_bytes(ole("WordDocument"))
    process = ChildProcess(wall_seconds=60, cpu_seconds=30)

    def reads() -> None:
        with pytest.raises(ReaderCrashed):
            read_file(process, path)

    reading = threading.Thread(target=reads)
    reading.start()
    deadline = time.monotonic() + 30
    while not (mark.exists() and mark.read_text("ascii")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert list(temporary.iterdir())
    process.kill()
    reading.join(30)
    while running(int(mark.read_text("ascii"))) or list(temporary.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_folders_that_were_left_behind_are_removed(tmp_path: Path) -> None:
    for name, age in (("ingest-office-old", 7 * 3600), ("ingest-office-new", 60), ("other", 7 * 3600)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "document.doc").write_bytes(b"x")
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    libreoffice._sweep(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {"ingest-office-new", "other"}


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
