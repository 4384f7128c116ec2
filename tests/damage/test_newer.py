"""A knowledge base that a newer version of the program wrote: it waits for that version, and the others go on."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from application.kit import FakeApp, hits, job_of, statuses, wait_for, work, write_files

from damage.kit import open_fake
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import StoreTooNew
from ingest_desktop.infrastructure.caretaking import Caretaker
from ingest_desktop.infrastructure.holding import HOLDS


def make_newer(app: FakeApp, kb_id: str) -> None:
    app.contents.of(kb_id)
    app.contents.close()
    with closing(sqlite3.connect(file_of(app, kb_id))) as bare, bare:
        bare.execute("INSERT INTO schema_migrations VALUES (999, 'future', '')")


def file_of(app: FakeApp, kb_id: str) -> Path:
    return app.settings.data_root / "knowledge_bases" / kb_id / "kb.db"


@pytest.mark.parametrize("name", ["short.txt", "long.txt"])
def test_its_jobs_wait_and_go_on_once_it_can_be_read(tmp_path: Path, name: str) -> None:
    docs = write_files(tmp_path / "docs", {name: "heron\negret\nstork\nowl"})
    others = write_files(tmp_path / "others", {"other.txt": "crane"})
    app = open_fake(tmp_path / "data")
    try:
        second = app.service.create_knowledge_base("Second").kb_id
        make_newer(app, "library")
        app.service.submit([str(docs)])
        app.service.submit([str(others)], kb_id=second)
        work(app)
        assert statuses(app) == {name: JobStatus.PAUSED, "other.txt": JobStatus.COMPLETED}
        job = job_of(app, docs / name)
        assert app.service.history(job.id)[-1].reason == HOLDS[StoreTooNew.code].reason

        care = Caretaker(app.repository, app.contents)
        (found,) = care.care(app.settings, threading.Event())
        assert (found.code, found.where) == ("store_too_new", "library") and "newer version" in found.message
        assert care.care(app.settings, threading.Event()) == [found]  # as long as it is so, and in the same words
        assert statuses(app)[name] is JobStatus.PAUSED

        with closing(sqlite3.connect(file_of(app, "library"))) as bare, bare:
            bare.execute("DELETE FROM schema_migrations WHERE version = 999")
        assert care.care(app.settings, threading.Event()) == []
        assert HOLDS[StoreTooNew.code].over in {entry.reason for entry in app.service.history(job.id)}
        work(app)
        wait_for(lambda: statuses(app)[name] is JobStatus.COMPLETED, "it goes on by itself")
        assert hits(app, "heron") == [name]
    finally:
        app.close()


def test_it_is_found_before_any_file_of_it_is_read(tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "heron"})
    app = open_fake(tmp_path / "data")
    try:
        make_newer(app, "library")
        app.service.submit([str(docs)])
        assert [
            found.code for found in Caretaker(app.repository, app.contents).care(app.settings, threading.Event())
        ] == ["store_too_new"]
        work(app)
        assert statuses(app) == {"a.txt": JobStatus.PAUSED}
        assert app.script.looked == []
    finally:
        app.close()
