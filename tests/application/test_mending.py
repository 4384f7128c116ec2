"""With real children: what could not be read is read once a program is there, or a limit was raised; nothing restarts."""

import shutil
from pathlib import Path

import pytest
from extraction.recognition_kit import install, pdf, png

from application.kit import COMPLETED, FAILED, assert_clean, hits, job_of, statuses, wait_for, work, write_files
from ingest_desktop.bootstrap import App
from ingest_desktop.config.settings_checks import save_changes
from ingest_desktop.domain.causes import Cause, Tool
from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.models import JobQuery, JobSelector


def test_text_recognition_arrives_while_the_program_runs(
    real: App, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "kept", monkeypatch)
    there = tmp_path / "there"
    there.mkdir()
    monkeypatch.setenv("PATH", str(there))
    (docs / "scan.png").write_bytes(png())
    write_files(docs, {"nothing.txt": ""})
    real.service.submit([str(docs)])
    work(real)
    attention = real.service.attention
    assert attention.causes() == {Cause.RECOGNITION: 2}
    assert Tool.RECOGNITION not in attention.tools() and not attention.readable()
    for name in ("tesseract", "tesseract.bat"):
        if (tmp_path / "kept" / name).exists():
            shutil.copy(tmp_path / "kept" / name, there)
    assert attention.readable()[Tool.RECOGNITION] == 1  # not the file of no bytes
    assert attention.retry_with(Tool.RECOGNITION).changed == 1
    work(real)
    scan = job_of(real, docs / "scan.png")
    assert scan.outcome is not Outcome.EMPTY and hits(real, "picture") == ["scan.png"]
    assert "tesseract is there" in {entry.reason for entry in real.service.history(scan.id)}
    assert not attention.readable()
    assert_clean(real)


def test_a_file_whose_pages_are_damaged_is_not_offered_text_recognition(real: App, docs: Path) -> None:
    (docs / "torn.pdf").write_bytes(pdf(("", "")).replace(b"/Kids [10 0 R]", b"/Kids [98 0 R]"))
    write_files(docs, {"nothing.txt": ""})
    real.service.submit([str(docs)])
    work(real)
    torn = job_of(real, docs / "torn.pdf")
    assert (torn.status, torn.outcome, torn.gaps) == (COMPLETED, Outcome.EMPTY, 1)
    assert torn.message == ("The page is damaged: neither reader could make sense of it. Nothing of it can be found.")
    assert real.service.attention.causes() == {Cause.RECOGNITION: 1, Cause.DAMAGED: 1}
    for cause, name in ((Cause.DAMAGED, "torn.pdf"), (Cause.RECOGNITION, "nothing.txt")):
        found = real.service.list(JobQuery(attention=True, cause=cause), limit=10)
        assert [job.original_filename for job in found] == [name]
    assert_clean(real)


def test_a_raised_limit_holds_at_once(real: App, docs: Path) -> None:
    write_files(docs, {"large.txt": "word " * 2_000, "small.txt": "words"})
    real.apply_settings(save_changes(real.settings, {"max_file_bytes": 4_000, "workers": 1}))
    real.service.submit([str(docs)])
    work(real)
    assert statuses(real) == {"large.txt": FAILED, "small.txt": COMPLETED}
    (hit,) = real.service.attention.limits(JobQuery(attention=True))
    assert (hit.setting, len(hit.jobs), hit.needed) == ("max_file_bytes", 1, 10_000)
    assert real.service.attention.limits_of(job_of(real, docs / "small.txt").id) == []
    real.apply_settings(save_changes(real.settings, {hit.setting: 16_000}))
    real.service.retry(JobSelector(job_ids=hit.jobs))
    wait_for(lambda: statuses(real)["large.txt"] is COMPLETED)
    assert_clean(real)


def test_a_raised_queue_limit_holds_at_once(real: App) -> None:
    real.apply_settings(save_changes(real.settings, {"queue_limit": 7}))
    assert real.repository.room() == 7
