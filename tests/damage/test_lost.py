"""A knowledge base whose file is gone, or emptied, is told of and made anew from the originals; never silently."""

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from application.kit import FakeApp, all_jobs, exported, quick_settings, work, write_files

from damage.kit import open_fake
from ingest_desktop.cli import main
from ingest_desktop.domain.errors import StoreDamaged
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.infrastructure.caretaking import Caretaker
from ingest_desktop.infrastructure.holding import held_bases
from ingest_desktop.repairing import repair

KB = "knowledge_bases/library/kb.db"
WAYS = ("file", "folder", "emptied")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FakeApp]:
    docs = write_files(tmp_path / "docs", {"a.txt": "heron", "b.txt": "owl", "long.txt": "one\ntwo\nthree"})
    found = open_fake(tmp_path / "data")
    found.service.submit([str(docs)])
    work(found)
    found.lifecycle.stop(10)
    yield found
    found.close()


def lose(app: FakeApp, how: str) -> Path:
    root = app.settings.data_root
    app.contents.release("library")
    path = root / KB
    if how == "emptied":
        path.write_bytes(b"")
    elif how == "folder":
        shutil.rmtree(path.parent)
    else:
        path.unlink()
    return root


@pytest.mark.parametrize("how", WAYS)
def test_a_lost_knowledge_base_is_told_of_and_read_again(app: FakeApp, how: str) -> None:
    before = exported(app)
    root = lose(app, how)
    with pytest.raises(StoreDamaged, match=r"kb\.db"):
        app.contents.of("library")
    app.service.create_knowledge_base("Two")
    assert app.search.search("heron").unreadable == ("library",)
    assert [(finding.code, finding.where) for finding in app.check()] == [("store_damaged", "library")]
    (damage,) = Caretaker(app.repository, app.contents).care(app.settings, threading.Event())
    assert (damage.code, damage.where) == ("store_damaged", "library")
    assert held_bases(app.repository) == {"library": "store_damaged"}
    assert how == "emptied" or not (root / KB).exists()
    app.close()
    report = repair(quick_settings(root))
    assert report.left == () and "queued to be read again: 3" in report.done[-1].message
    assert bool(list(root.rglob("kb.db.damaged-*"))) is (how == "emptied")
    again = open_fake(root)
    work(again)
    again.lifecycle.stop(10)
    assert again.check() == [] and exported(again) == before and len(all_jobs(again)) == 3
    again.close()


def test_the_commands_say_so(app: FakeApp, capsys: pytest.CaptureFixture[str]) -> None:
    root = lose(app, "file")
    app.close()
    assert main(["--data-dir", str(root), "run"]) == 5
    assert "is lost; see 'ingest repair'" in capsys.readouterr().err
    assert main(["--data-dir", str(root), "check"]) == 5
    assert main(["--data-dir", str(root), "kb", "list"]) == 0
    assert "not readable, paused" in capsys.readouterr().out
    assert not (root / KB).exists()
    assert main(["--data-dir", str(root), "repair"]) == 0
    assert main(["--data-dir", str(root), "check", "--sample", "0"]) == 0


def test_a_repair_that_was_killed_before_it_queued_the_documents_is_finished_by_the_next(app: FakeApp) -> None:
    root = lose(app, "file")
    app.close()
    bare = open_fake(root)
    bare.contents._owes_text = lambda _kb_id: False  # as one that was made anew
    bare.contents.of("library")
    bare.close()
    report = repair(quick_settings(root))
    assert report.left == () and [done.code for done in report.done] == ["document_missing"]


def test_one_whose_text_is_all_deleted_or_that_has_none_yet_is_simply_made(app: FakeApp) -> None:
    made = app.service.create_knowledge_base("Two")
    assert app.contents.of(made.kb_id).document_count() == 0
    app.service.delete(JobSelector(kb_id="library"))
    app.housekeeping.deliver()
    lose(app, "folder")
    assert app.contents.of("library").document_count() == 0


def test_a_file_of_no_bytes_that_a_full_disk_left_of_its_making_is_no_damage(app: FakeApp) -> None:
    made = app.service.create_knowledge_base("Two")
    path = app.settings.data_root / "knowledge_bases" / made.kb_id / "kb.db"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(b"")
    os.utime(path, (1, 1))  # long ago
    damaged = Caretaker(app.repository, app.contents).care(app.settings, threading.Event())
    assert damaged == [] and held_bases(app.repository) == {}
    assert app.contents.of(made.kb_id).document_count() == 0
