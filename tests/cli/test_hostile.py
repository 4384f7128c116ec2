"""Names and texts that are SQL, search syntax, shell words or terminal commands somewhere else are only words here."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cli.door import Door

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows refuses such names, and has other permissions")

EVIL = (
    "'; DROP TABLE ingest_jobs; --",
    '" OR 1=1 --',
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned #",
    "| touch pwned",
    "--data-dir=elsewhere",
    "-rf",
    "\x1b]0;title\x07\x1b[2J",
    "two\nlines.txt",
    "<script>alert(1)</script>".replace("/", "\u2215"),
    "{0.__class__} %s %n ${HOME}",
    "NEAR(a b) * ^ text:b",
    "\u202etxt.md",
)


@posix
def test_a_name_is_only_a_name(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "evil"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(EVIL):
        (folder / name).write_text(f"{name}\nharmless words number{number}")
    assert door("add", str(folder), "--wait") == 0
    assert {job["original_filename"] for job in door.json("jobs")} >= {EVIL[0], EVIL[4]}
    for number, name in enumerate(EVIL):
        (hit,) = door.json("search", f"number{number}")
        assert os.path.basename(hit["source_path"]) == name
    for command in (["jobs"], ["search", "harmless"], ["stats"], ["check"], ["show", "1"]):
        assert door(*command) == 0
        assert "\x1b" not in door.out and "\x07" not in door.out and "\u202e" not in door.out
    assert not list(tmp_path.rglob("pwned"))
    assert not (tmp_path / "elsewhere").exists()


QUERIES = (
    "'; DROP TABLE chunks; --",
    '"',
    '"""',
    "*",
    "^",
    "a^b",
    "NEAR(",
    "NEAR(a b, 99999999999)",
    "text : x",
    "{heading text} : x",
    "AND",
    "NOT",
    "a AND",
    "OR OR OR",
    "(",
    ")))",
    "- - -",
    "-",
    "%' OR '1'='1",
    "\x00",
    "\ufeff",
    "\udcff",
    "🙂" * 500,
    "a " * 5000,
    "(" * 3000,
    "x*" * 200,
)


def test_a_query_is_only_a_query(door: Door, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("apples and pears")
    assert door("add", str(tmp_path / "a.txt"), "--wait") == 0
    codes = {query[:40]: door("search", query) for query in QUERIES}
    assert {query: code for query, code in codes.items() if code not in (0, 2)} == {}
    assert [hit["text"] for hit in door.json("search", "apples")] == ["apples and pears"]
    assert door("check") == 0


@posix
@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_the_store_is_its_owners_alone(tmp_path: Path, mask: int) -> None:
    (tmp_path / "a.txt").write_text("apples and pears")
    store = tmp_path / "made" / "store"
    code = (
        f"import os, sys; os.umask({mask}); from ingest_desktop.cli import main; "
        f"sys.exit(main(['add', {str(tmp_path / 'a.txt')!r}, '--data-dir', {str(store)!r}, '--wait']))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    found = {path: stat.S_IMODE(path.lstat().st_mode) for path in [store, *store.rglob("*")]}
    assert len(found) > 5
    assert {path: oct(mode) for path, mode in found.items() if mode & 0o077} == {}
