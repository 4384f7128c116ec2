"""A link that a person names is a name of its own: its text is stored once, whichever name came first."""

import os
import sys
from pathlib import Path

import pytest
from application.kit import FakeApp, Script, all_jobs, exported, hits, job_of, real_app, work, write_files

from ingest_desktop.domain.enums import JobStatus, Outcome


def link(target: Path, name: Path) -> Path:
    """A second name of a file: a link, or on Windows, where links ask for a right, a hard one."""
    if sys.platform == "win32":
        os.link(target, name)
    else:
        name.symlink_to(target)
    return name


def test_a_link_to_a_listed_file_is_stored_once(tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"real.txt": "heron"})
    named = link(docs / "real.txt", tmp_path / "latest.txt")
    app = FakeApp(tmp_path / "data", Script())
    app.service.submit([str(docs)])
    work(app)
    app.service.submit([str(named)])
    work(app)
    app.lifecycle.stop(10)
    outcomes = {Path(job.source_path).name: job.outcome for job in all_jobs(app)}
    assert outcomes == {"real.txt": Outcome.INGESTED, "latest.txt": Outcome.DUPLICATE}
    assert [row[0] for row in exported(app)] == [str(docs / "real.txt")]
    assert app.check() == []
    app.close()


@pytest.mark.xfail(sys.platform == "win32", reason="links ask for a right there", run=False)
def test_a_link_that_replaces_a_found_file_is_not_read_and_one_that_is_named_is(tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "heron", "b.txt": "stork"})
    secret = write_files(tmp_path / "elsewhere", {"s.txt": "egret", "t.txt": "crane"})
    named = link(secret / "t.txt", tmp_path / "named.txt")
    app = real_app(tmp_path / "data")
    try:
        app.service.submit([str(docs)])
        app.service.submit([str(named)])
        (docs / "a.txt").unlink()
        (docs / "a.txt").symlink_to(secret / "s.txt")
        work(app)
        job = job_of(app, docs / "a.txt")
        assert (job.status, job.error_code, job.attempts) == (JobStatus.FAILED, "source_changed", 1)
        assert "A link has taken the place of the file" in (job.error_message or "")
        assert [hits(app, word) for word in ("egret", "stork", "crane")] == [[], ["b.txt"], ["named.txt"]]
    finally:
        app.lifecycle.stop(10)
        app.close()
