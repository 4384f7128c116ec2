"""A filled store, and one thing in it that is made wrong: what tests of ``ingest check`` break."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from application.kit import FakeApp, FakeChild, Script, job_of, plan_file, result_of, wait_for, work, write_files

from ingest_desktop.domain.enums import Actor
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.domain.wire import Extracted, Failed, Looked, LookItem, Message, SegmentTask
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores
from ingest_desktop.infrastructure.ledger import Ledger


def script() -> Script:
    """Long files have three segments, holed ones gaps, bad ones cannot be read."""
    found = Script()
    found.segments_of = lambda path: 3 if "long" in path else 1

    def file(_child: FakeChild, item: LookItem) -> list[Message] | None:
        if "bad" in item.path:
            return [Failed(item.key, "source_malformed", "It is no document.")]
        if "holed" in item.path:
            result = replace(result_of(item.path, 0, 1), units_failed=[(1, "no text")], units_seen=2)
            return [Looked(item.key, plan_file(item.path, 1), result)]
        return None

    def part(_child: FakeChild, task: SegmentTask) -> list[Message] | None:
        result = result_of(task.path, task.number, 3)
        return [Extracted(task.key, replace(result, units_failed=[(2, "torn")]))] if task.number == 2 else None

    found.before_file, found.before_segment = file, part
    return found


def fill(folder: Path) -> Path:
    """A store in ``folder/data``: two knowledge bases, and jobs of every kind that there is."""
    docs = write_files(
        folder / "docs",
        {
            "a.txt": "heron one\negret\nstork", "b.txt": "owl", "twin.txt": "owl", "empty.txt": "", "bad.txt": "x",
            "long.txt": "one\ntwo\nthree\nfour\nfive", "holed.txt": "half of it", "changed.txt": "before",
            "trash.txt": "thrown away", "again.txt": "deleted and added anew",
        },
    )  # fmt: skip
    other = write_files(folder / "other", {"c.txt": "crane", "d.txt": "dove\nduck", "b.txt": "owl"})
    later = write_files(folder / "later", {f"w{n}.txt": f"waits {n}" for n in range(4)})
    app = FakeApp(folder / "data", script())
    app.service.submit([str(docs)])
    work(app)
    (docs / "changed.txt").write_text("after it was changed")
    app.service.submit([str(docs / "changed.txt"), str(docs / "a.txt")])
    second = app.service.create_knowledge_base("Second").kb_id
    app.service.submit([str(other)], kb_id=second)
    work(app)
    again = job_of(app, docs / "again.txt").id
    app.service.delete(JobSelector(job_ids=(job_of(app, docs / "trash.txt").id, again)))
    wait_for(lambda: app.housekeeping.deliver() >= 0 and not app.repository.outbox(), "the deletion is told")
    app.service.submit([str(docs / "again.txt")])
    work(app)
    assert app.lifecycle.stop(60) == []  # a steward that is late would tell what follows
    untold = JobSelector(job_ids=(job_of(app, other / "d.txt").id,))
    app.repository.delete(untold, actor=Actor.COMMAND)  # told to the outbox alone
    app.service.submit([str(later)])
    app.service.pause(JobSelector(job_ids=(job_of(app, later / "w0.txt").id,)))
    app.service.cancel(JobSelector(job_ids=(job_of(app, later / "w1.txt").id,)))
    assert app.check() == [] and len(app.repository.outbox()) == 1
    app.close()
    return folder


def copy_of(filled: Path, folder: Path) -> Path:
    return Path(shutil.copytree(filled / "data", folder / "data"))


def break_rows(data: Path, where: str, statements: Sequence[str]) -> None:
    """By a connection that no rules hold, not even those of the tables."""
    path = data / "ledger.db" if where == "ledger" else data / "knowledge_bases" / "library" / "kb.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as bare:
        bare.execute("PRAGMA ignore_check_constraints = 1")
        for statement in statements:
            bare.execute(statement)
        bare.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def opened(data: Path) -> tuple[Ledger, KnowledgeBaseStores]:
    ledger = Ledger(data, busy_timeout_seconds=5)
    contents = KnowledgeBaseStores(
        data / "knowledge_bases", backup_dir=data / "backups", busy_timeout_seconds=5, owes_text=ledger.owes_text
    )
    return ledger, contents
