"""What happens when the program dies after a document's content is committed and before the ledger hears of it."""

from collections.abc import Callable
from pathlib import Path

from application.kit import FakeApp, all_jobs, assert_clean, exported, real_app, work, write_files
from ingest_desktop.bootstrap import App
from ingest_desktop.infrastructure.database import writing


def endings(app: App | FakeApp) -> list[tuple[str, str | None, str | None]]:
    return [(job.original_filename, job.outcome, job.document_id) for job in all_jobs(app)]


def lose_the_ledgers_commit(root: Path) -> None:
    """Put the ledger back to where the jobs ran in a worker that is gone; the content stays."""
    app = real_app(root)
    with writing(app.repository.engine) as connection:
        connection.exec_driver_sql("DELETE FROM job_receipts")
        connection.exec_driver_sql("DELETE FROM job_history WHERE to_status = 'completed'")
        connection.exec_driver_sql(
            "UPDATE ingest_jobs SET status = 'running', active = 1, worker_id = 'w_dead', token = 1, outcome = NULL, document_id = NULL, "
            "checksum = NULL, completed_at = NULL, progress = 0"
        )
    app.close()


def test_a_lost_ledger_commit_is_healed_with_the_same_outcomes(
    make_real: Callable[..., App], docs: Path, tmp_path: Path
) -> None:
    write_files(docs, {"a.txt": "one text", "b.txt": "another text", "empty.txt": ""})
    first = make_real()
    first.service.submit([str(docs)])
    work(first)
    write_files(docs, {"twin.txt": "one text"})
    first.service.submit([str(docs / "twin.txt")])
    work(first)
    before, content = endings(first), exported(first)
    assert {outcome for _, outcome, _ in before} == {"ingested", "duplicate", "empty"}
    first.close()

    lose_the_ledgers_commit(tmp_path / "data")
    again = make_real()
    work(again)
    assert endings(again) == before
    assert exported(again) == content
    assert_clean(again)


def test_new_settings_are_gone_by_without_a_restart(real: App, docs: Path) -> None:
    write_files(docs, {"a.txt": "word " * 400})
    real.service.start()
    real.apply_settings(real.settings.model_copy(update={"chunk_chars": 300}))
    real.service.submit([str(docs)])
    assert real.lifecycle.drain(30)
    chunks = exported(real)
    assert len(chunks) > 5
    assert all(len(str(chunk)) < 1000 for chunk in chunks)
    recipe = all_jobs(real)[0].id and real.service.job(all_jobs(real)[0].id).receipt
    assert recipe is not None and "chunk=300" in recipe.recipe
