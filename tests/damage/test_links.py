"""A link that a person names is a name of its own: its text is stored once, whichever name came first."""

import os
import sys
from pathlib import Path

from application.kit import FakeApp, Script, all_jobs, exported, work, write_files

from ingest_desktop.domain.enums import Outcome


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
