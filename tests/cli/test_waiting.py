"""Waiting for jobs that were in the list already, however many, whoever works on them."""

from pathlib import Path

from application.kit import real_app, write_files

from cli.door import Door
from ingest_desktop.cli_working import _Others
from ingest_desktop.domain.models import JobSelector


def test_all_that_was_listed_already_is_waited_for(door: Door, tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {f"{number:04d}.txt": f"heron {number}" for number in range(1_203)})
    assert door("add", str(docs)) == 0
    jobs = door.json("add", "--wait", str(docs))
    assert len(jobs) == 1_203 and {job["outcome"] for job in jobs} == {"ingested"}
    assert all(job["receipt"]["chunks_stored"] == 1 for job in jobs)


def test_a_look_at_others_forgets_what_is_over(tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {f"{number:04d}.txt": "heron" for number in range(1_203)})
    app = real_app(tmp_path / "data")
    try:
        app.service.submit([str(docs)])
        others = _Others(app, [str(number) for number in range(1, 1_204)])
        assert others.look() == 1_203
        app.service.cancel(JobSelector(job_ids=tuple(str(number) for number in range(1, 700))))
        assert others.look() == 1_203 - 699
        app.service.delete(JobSelector(job_ids=tuple(str(number) for number in range(700, 1_203))))
        assert others.look() == 1  # what was deleted does not come to an end
        app.service.pause(JobSelector(everything=True))
        assert (others.look(), others.running) == (0, 0)
    finally:
        app.close()
