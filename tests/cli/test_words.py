"""What the command line says: names as they are, numbers with their nouns, and why nothing could be added."""

import os
import sys
from pathlib import Path

import pytest
from application.kit import write_files

from cli.door import Door

ODD = (
    b"a\nb.txt",
    b"t\tab.txt",
    b"\x1b[31mred.txt",
    b"caf\xe9.txt",
    "\u202egnp.txt".encode(),
    "都\u3000市.txt".encode(),
)
SHOWN = ("a\\nb.txt", "t\\tab.txt", "\\x1b[31mred.txt", "caf\\xe9.txt", "\\u202egnp.txt", "都\u3000市.txt")


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not have")
def test_an_odd_name_looks_the_same_wherever_it_is_shown(door: Door, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "odd")
    os.mkdir(folder)
    for number, name in enumerate(ODD):
        with open(os.path.join(folder, name), "w") as stream:
            stream.write(f"needle number {number}")
    assert door("add", "--wait", str(tmp_path / "odd")) == 0, door.err
    assert door("jobs") == 0
    names = [line.split("1  ")[-1] for line in door.out.splitlines()[1:]]
    assert sorted(names) == sorted(SHOWN)
    assert door("search", "needle") == 0
    assert all(f"{tmp_path / 'odd'}/{name}, line 1\n" in door.out for name in SHOWN)
    ids = {os.fsencode(job["source_path"]): job["id"] for job in door.json("jobs")}
    for raw, shown in zip(ODD, SHOWN, strict=True):
        path = os.path.join(folder, raw)
        assert door("show", ids[path]) == 0
        assert door.out.splitlines()[0] == f"Job {ids[path]}: {tmp_path / 'odd'}/{shown}"
        os.unlink(path)
        assert door("add", os.fsdecode(path)) == 2
        assert door.err == f"ingest: There is no {tmp_path / 'odd'}/{shown}. Nothing was added.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not have")
def test_duplicates_with_odd_names_end_as_such(door: Door, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "odd")
    os.mkdir(folder)
    for name in (b"a\xe9.txt", b"b\xe9.txt", b"c.txt"):
        with open(os.path.join(folder, name), "w") as stream:
            stream.write("the same words")
    with open(os.path.join(folder, b"d\xe9.pdf"), "wb") as binary:
        binary.write(bytes(range(256)))
    assert door("add", "--wait", str(tmp_path / "odd")) == 3
    assert "d\\xe9.pdf: failed: unsupported_format" in door.out
    jobs = door.json("jobs")
    assert [job["outcome"] for job in jobs] == ["ingested", "duplicate", "duplicate", None]
    assert jobs[1]["message"] == "Same content as a\\xe9.txt; it is stored once."
    assert jobs[1]["receipt"]["duplicate_path"].endswith("/a\\xe9.txt")
    assert [job["attempts"] for job in jobs] == [1, 1, 1, 1]
    log = (tmp_path / "data" / "logs" / "ingest.log").read_text("utf-8")
    assert "group cannot be stored" not in log
    assert door("check") == 0


def test_one_is_not_many(door: Door, tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "heron", "b.txt": "egret"})
    for number in range(3):
        os.symlink(docs / "a.txt", docs / f"link{number}.txt")
    assert door("add", str(docs / "a.txt"), "--wait") == 0
    assert door("search", "heron") == 0 and "1 hit in 1 document." in door.out
    assert door("stats") == 0 and "1 document, 1 chunk, 1 knowledge base\n" in door.out
    assert door("kb", "list") == 0 and "1 document)" in door.out
    assert door("export", "-o", str(tmp_path / "x.jsonl")) == 0 and "1 chunk written" in door.err
    assert door("add", str(docs)) == 0 and "skipped: 3 links." in door.out
    os.unlink(docs / "link1.txt")
    os.unlink(docs / "link2.txt")
    assert door("add", str(docs)) == 0 and "skipped: 1 link." in door.out


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes and links of this kind")
def test_why_nothing_could_be_added(door: Door, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert door("add", "--wait", str(tmp_path / "pipe")) == 2
    assert door.err == f"ingest: Only files and folders can be added, and not {tmp_path / 'pipe'}. Nothing was added.\n"
    os.symlink("circle", tmp_path / "circle")
    assert door("add", str(tmp_path / "circle" / "a.txt")) == 2
    assert "circle/a.txt cannot be read: Too many levels of symbolic links. Nothing was added." in door.err
    assert door("add", "a\0b") == 2 and "a\\x00b cannot be read" in door.err
    assert door.json("jobs") == []
    folder = tmp_path / "folder"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    assert door("add", "--wait", str(folder)) == 0
    assert "Batch 1: nothing to add was found; skipped: 1 special file." in door.out
    assert "of 0" not in door.err
    write_files(folder, {"a.txt": "heron"})
    assert door("add", "--wait", str(tmp_path / "pipe"), str(folder / "a.txt")) == 0
    assert "1 added; skipped: 1 special file." in door.out
