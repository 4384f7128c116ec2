"""What single pages tell: rows that no sound page leads to are saved, and what cannot be saved is counted and named."""

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from application.kit import all_jobs, quick_settings, work, write_files
from hypothesis import given, settings
from hypothesis import strategies as st

from damage.kit import copy_of, open_fake, page_size, spoil_pages
from ingest_desktop.cli import main
from ingest_desktop.domain.interfaces.checks import RepairReport
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.infrastructure.raw_pages import records_of
from ingest_desktop.infrastructure.repair import problem_of
from ingest_desktop.repairing import repair

FILES, BAD = 90, 60
LEDGER = "ledger.db"

# --- the pages of any file ------------------------------------------------------------------------

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=300),
    st.binary(max_size=6_000),
)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.dictionaries(st.integers(-(2**63), 2**63 - 1), st.tuples(VALUES, VALUES), max_size=30),
    page_bytes=st.sampled_from((512, 4096, 65536)),
    late=st.integers(0, 30),
)
def test_the_pages_tell_the_rows_that_sqlite_tells(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[int, tuple[Any, Any]], page_bytes: int, late: int
) -> None:
    path = tmp_path_factory.mktemp("raw") / "some.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as bare:
        bare.execute(f"PRAGMA page_size = {page_bytes}")
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("CREATE TABLE t (a, b)")
        bare.execute("CREATE INDEX i ON t (b, a)")
        for number, (rowid, row) in enumerate(rows.items()):
            if number == late:
                bare.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            bare.execute("INSERT INTO t (rowid, a, b) VALUES (?, ?, ?)", (rowid, *row))
        bare.execute("BEGIN")
        bare.execute("INSERT INTO t (a, b) VALUES ('not', 'committed')")  # not in the log yet, or not as committed
        found = list(records_of(path))
        bare.execute("ROLLBACK")
        told = bare.execute("SELECT rowid, a, b FROM t").fetchall()
    assert sorted(map(repr, told)) == sorted(repr((r.rowid, *r.values)) for r in found if r.rowid is not None)
    entries = [(b, a, rowid) for rowid, a, b in told]
    assert sorted(map(repr, entries)) == sorted(repr(r.values) for r in found if r.rowid is None)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(0, 40_000))
def test_noise_tells_nothing_and_ends(tmp_path_factory: pytest.TempPathFactory, seed: int, size: int) -> None:
    path = tmp_path_factory.mktemp("noise") / "some.db"
    path.write_bytes(random.Random(seed).randbytes(size))
    assert len(list(records_of(path))) < 20  # by chance some bytes are a record


# --- the list of jobs -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that were read, that failed, and that wait."""
    tmp_path = tmp_path_factory.mktemp("filled")
    docs = write_files(tmp_path / "docs", {f"d{n:03d}.txt": f"word{n} heron" for n in range(FILES)})
    bad = write_files(tmp_path / "bad", {f"bad{n:03d}.txt": f"word{n}" for n in range(BAD)})
    later = write_files(tmp_path / "later", {f"w{n:03d}.txt": f"waits{n}" for n in range(BAD)})
    app = open_fake(tmp_path / "data")
    app.service.submit([str(docs)])
    work(app)
    app.lifecycle.stop(10)
    app.service.submit([str(bad)])
    app.service.cancel(JobSelector(batch_id="2"))
    app.service.submit([str(later)])
    app.close()
    with closing(sqlite3.connect(tmp_path / "data" / LEDGER)) as bare:
        bare.execute("UPDATE ingest_jobs SET status = 'failed', error_code = 'source_gone' WHERE status = 'cancelled'")
        bare.execute("UPDATE job_history SET to_status = 'failed' WHERE to_status = 'cancelled'")
        bare.execute("UPDATE job_history SET from_status = 'running' WHERE to_status = 'failed'")
        bare.commit()
    return tmp_path


@pytest.fixture
def root(filled: Path, tmp_path: Path) -> Path:
    return copy_of(filled, tmp_path)


def rows_of(root: Path, table: str) -> list[tuple[Any, ...]]:
    columns = "id, kb_id, batch_id, source_path, byte_size, mtime_ns, status, priority, queue_position, created_at, error_code"
    with closing(sqlite3.connect(root / LEDGER)) as bare:
        return bare.execute(f"SELECT {columns if table == 'ingest_jobs' else '*'} FROM {table} ORDER BY 1").fetchall()


def pages_about(root: Path, name: str) -> tuple[int, list[int]]:
    """The first page of a table or index, and those below it, in order: what a look at each page finds of its rows."""
    with closing(sqlite3.connect(root / LEDGER)) as bare:
        (first,) = bare.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    size, data = page_size(root / LEDGER), (root / LEDGER).read_bytes()
    page = data[(first - 1) * size : first * size]
    assert page[0] in (2, 5), "it has one page only"
    cells = int.from_bytes(page[3:5])
    places = [int.from_bytes(page[12 + 2 * n : 14 + 2 * n]) for n in range(cells)]
    return first, [*(int.from_bytes(page[at : at + 4]) for at in places), int.from_bytes(page[8:12])]


def spoil(root: Path, pages: list[int]) -> None:
    spoil_pages(root / LEDGER, pages, random.Random(1))
    assert problem_of(root / LEDGER) is not None


def mend(root: Path) -> RepairReport:
    return repair(quick_settings(root))


@pytest.mark.parametrize("how", ["the page that leads to all jobs", "the first page"])
def test_jobs_that_no_page_leads_to_are_all_saved(root: Path, how: str) -> None:
    before = {table: rows_of(root, table) for table in ("ingest_jobs", "ingest_batches", "ingest_sources")}
    spoil(root, [1] if how == "the first page" else [pages_about(root, "ingest_jobs")[0]])
    report = mend(root)
    assert report.left == () and report.unsaved is None
    assert {table: rows_of(root, table) for table in before} == before


def test_jobs_that_wait_are_saved_by_single_pages_of_an_index(root: Path, filled: Path) -> None:
    _, rows = pages_about(root, "ingest_jobs")
    first, entries = pages_about(root, "ux_active")
    spoil(root, [rows[-1], first])  # the newest rows, and what leads to the entries about them
    assert len(entries) > 1
    before = rows_of_path(root, filled)
    report = mend(root)
    assert report.left == () and report.unsaved is None
    app = open_fake(root)
    assert {(job.source_path, job.status.value, job.batch_id) for job in all_jobs(app)} == before
    app.close()


def rows_of_path(root: Path, filled: Path) -> set[tuple[str, str, str]]:
    jobs = {}
    for record in records_of(root / LEDGER):
        if record.rowid is not None and len(record.values) > 30:
            jobs[record.rowid] = (str(record.values[3]), str(record.values[9]), str(record.values[2]))
    docs, later = filled / "docs", filled / "later"
    jobs_known = {row[0] for row in jobs.values()}
    waiting = {(str(p), "queued", "3") for p in later.iterdir() if str(p) not in jobs_known}
    read = {(str(p), "completed", "1") for p in docs.iterdir() if str(p) not in jobs_known}
    return set(jobs.values()) | waiting | read


def failed_page(root: Path) -> int:
    """A page that holds rows of failed jobs alone."""
    _, rows = pages_about(root, "ingest_jobs")
    size, data = page_size(root / LEDGER), (root / LEDGER).read_bytes()
    for page in rows:
        text = data[(page - 1) * size : page * size]
        if text.count(b"failed") > 5 and b"queued" not in text and b"completed" not in text:
            return page
    raise AssertionError("no page has failed jobs alone")


def test_what_cannot_be_saved_is_counted_and_found_again(
    root: Path, filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {row[3] for row in rows_of(root, "ingest_jobs")}
    spoil(root, [failed_page(root)])
    assert main(["--data-dir", str(root), "repair"]) == 5
    told = capsys.readouterr()
    lost = before - {row[3] for row in rows_of(root, "ingest_jobs")}
    assert 5 < len(lost) < 30 and all("bad" in path for path in lost)
    assert f"{len(lost)} jobs that had failed could not be saved." in told.out
    assert f"ingest add --kb library {filled / 'bad'}" in told.err
    assert str(filled / "later") not in told.err
    app = open_fake(root)
    app.service.submit([str(filled / "bad")])
    app.close()
    assert {row[3] for row in rows_of(root, "ingest_jobs")} == before


def test_nothing_is_known_to_be_lost_of_what_was_removed_before(root: Path) -> None:
    with closing(sqlite3.connect(root / LEDGER)) as bare:
        bare.execute("DELETE FROM ingest_jobs WHERE batch_id = 2")
        bare.commit()
        bare.execute("VACUUM")
    spoil(root, [pages_about(root, "ingest_jobs")[0]])
    report = mend(root)
    assert report.unsaved is None


def test_where_what_was_added_is_lost_no_other_place_is_named(root: Path) -> None:
    with closing(sqlite3.connect(root / LEDGER)) as bare:
        bare.execute("DELETE FROM ingest_sources WHERE batch_id = 2")
        bare.commit()
        bare.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spoil(root, [failed_page(root)])
    report = mend(root)
    assert report.unsaved is not None and report.unsaved.is_exact and report.unsaved.places == ()


def test_without_counters_it_is_told_how_many_at_most(root: Path, filled: Path) -> None:
    page = failed_page(root)
    with closing(sqlite3.connect(root / LEDGER)) as bare:
        roots = dict(bare.execute("SELECT name, rootpage FROM sqlite_master"))
    spoil(root, [page, roots["counters"], roots["ix_status"], roots["ix_revision"]])
    report = mend(root)
    assert report.unsaved is not None and not report.unsaved.is_exact
    assert 5 < report.unsaved.number < 30
    assert ("library", str(filled / "bad")) in report.unsaved.places


def test_where_nothing_is_left_it_is_told_that_jobs_may_be_missing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / LEDGER).write_bytes(random.Random(1).randbytes(50_000))
    assert main(["--data-dir", str(root), "repair", "--json"]) == 5
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"unsaved": None, "is_exact": False, "waiting": 0, "failed": 0, "places": []} in told
