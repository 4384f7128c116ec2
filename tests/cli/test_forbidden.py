"""A knowledge base whose file may not be written, at the command line."""

from pathlib import Path

import pytest
from application.kit import write_files
from damage.kit import Rights

from cli.door import Door
from ingest_desktop.domain.errors import StoreForbidden
from ingest_desktop.infrastructure.holding import HOLDS

WHY = HOLDS[StoreForbidden.code].reason


def test_the_reason_is_named_and_its_work_goes_on_at_the_next_start(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = Rights(monkeypatch)
    docs = write_files(tmp_path / "docs", {"a.txt": "heron"})
    assert door("add", "--wait", str(docs)) == 0
    rights.forbidden = "knowledge_bases/library/"
    write_files(docs, {"b.txt": "egret"})
    assert door("add", str(docs)) == 0
    assert door("run") == 5
    assert StoreForbidden.hint in door.err and f"Library (library) is paused: {WHY}." in door.err
    assert door("run") == 5 and "The knowledge base Library is paused." in door.err  # also when it was held before
    assert door("kb", "list") == 0 and f"1 document, paused: {WHY})" in door.out
    assert door.json("kb", "list")[0]["held"] == "store_forbidden"
    assert door("stats") == 0 and f"Paused: Library: {WHY}." in door.out
    rights.forbidden = ""
    assert door("run") == 0 and "paused" not in door.err
    assert door("kb", "list") == 0 and "2 documents)" in door.out
    assert door.json("kb", "list")[0]["held"] is None
