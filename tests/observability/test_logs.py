"""Log lines are one object each, carry the ids of the work, and never stop the work."""

import json
import logging
import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.config.settings import Settings, load_settings
from ingest_desktop.observability.logs import (
    JsonLines,
    QuietFileHandler,
    ReadableLines,
    close_logging,
    setup_logging,
    work_context,
)

log = logging.getLogger("ingest_desktop.tests")


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    (tmp_path / "data").mkdir()  # as the store does
    yield load_settings(tmp_path / "data")
    close_logging()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_line_of_work_carries_its_ids_and_fields(settings: Settings) -> None:
    path = setup_logging(settings, console=False)
    with work_context(batch_id="b1", kb_id="k1"), work_context(job_id="j1"):
        log.info("job ended", extra={"outcome": "ingested", "pages": 3})
    log.info("idle")
    first, second = lines(path)
    assert path == settings.data_root / "logs" / "ingest.log"
    assert (first["event"], first["level"], first["outcome"], first["pages"]) == ("job ended", "INFO", "ingested", 3)
    assert (first["job_id"], first["kb_id"], first["batch_id"]) == ("j1", "k1", "b1")
    assert first["time"].endswith("+00:00")
    assert not {"job_id", "kb_id", "batch_id"} & second.keys()


def test_context_ends_with_its_block_also_after_an_error(settings: Settings) -> None:
    path = setup_logging(settings, console=False)
    with pytest.raises(ValueError, match="boom"), work_context(job_id="j1"):
        log.info("inside")
        raise ValueError("boom")
    log.info("outside")
    inside, outside = lines(path)
    assert inside["job_id"] == "j1" and "job_id" not in outside


def test_each_thread_has_its_own_context(settings: Settings) -> None:
    path = setup_logging(settings, console=False)
    both_inside = threading.Barrier(2, timeout=10)

    def work(job: str) -> None:
        with work_context(job_id=job):
            both_inside.wait()
            log.info("at work", extra={"mine": job})

    threads = [threading.Thread(target=work, args=(job,)) for job in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((line["mine"], line["job_id"]) for line in lines(path)) == [("a", "a"), ("b", "b")]


def test_what_the_call_says_of_the_job_wins_over_the_context(settings: Settings) -> None:
    path = setup_logging(settings, console=False)
    with work_context(job_id="lot"):
        log.info("job ended", extra={"job_id": "j7"})
    assert lines(path)[0]["job_id"] == "j7"


def test_a_traceback_stays_on_its_line(settings: Settings) -> None:
    path = setup_logging(settings, console=False)
    try:
        raise RuntimeError("inside")
    except RuntimeError:
        log.exception("broken")
    (line,) = lines(path)
    assert "RuntimeError: inside" in line["traceback"]


def test_what_leaves_a_thread_is_logged(settings: Settings) -> None:
    path = setup_logging(settings, console=False)

    def fall() -> None:
        raise RuntimeError("lost")

    thread = threading.Thread(target=fall, name="consumer")
    thread.start()
    thread.join()
    (line,) = lines(path)
    assert (line["level"], line["failed_thread"]) == ("CRITICAL", "consumer")
    assert "RuntimeError: lost" in line["traceback"]


def test_a_long_field_is_cut(settings: Settings) -> None:
    path = setup_logging(settings, console=False)
    log.warning("x" * 50_000, extra={"text": "y" * 50_000})
    assert path.stat().st_size < 20_000
    assert lines(path)[0]["text"].endswith("[50000 characters]")


def test_the_file_rotates_and_keeps_what_it_should(tmp_path: Path) -> None:
    handler = QuietFileHandler(tmp_path / "x.log", max_bytes=2_000, backups=2)
    handler.setFormatter(JsonLines())
    for number in range(100):
        handler.emit(logging.makeLogRecord({"msg": "line", "number": number}))
    handler.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.log", "x.log.1", "x.log.2"]
    assert handler.lost == 0
    assert all(path.stat().st_size <= 2_000 for path in tmp_path.iterdir())
    assert lines(tmp_path / "x.log")[-1]["number"] == 99


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission bits")
def test_only_the_owner_may_read(settings: Settings) -> None:
    path = setup_logging(settings, console=False)
    log.info("private")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_written_does_not_stop_the_work(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    setup_logging(load_settings(tmp_path), console=False)
    (handler,) = [h for h in logging.getLogger("ingest_desktop").handlers if isinstance(h, QuietFileHandler)]
    log.error("nowhere to go")
    assert handler.lost == 1
    (tmp_path / "logs").unlink()
    log.error("and back again")
    close_logging()
    assert [line["event"] for line in lines(tmp_path / "logs" / "ingest.log")] == ["and back again"]


@pytest.mark.skipif(os.name == "nt", reason="Windows does not let an open file be moved away")
def test_a_file_rotated_by_another_process_is_left_alone(settings: Settings) -> None:
    path = setup_logging(settings, console=False)
    log.info("one")
    path.rename(path.with_suffix(".1"))
    log.info("two")
    assert [line["event"] for line in lines(path)] == ["two"]


def test_console_tells_warnings_in_readable_lines(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging(settings, console=True)
    with work_context(job_id="j1"):
        log.info("detail")
        log.warning("disk low", extra={"free_bytes": 12})
    told = capsys.readouterr().err
    assert told.endswith("WARNING disk low free_bytes=12 job_id=j1\n")
    assert "detail" not in told


def test_setting_up_twice_writes_each_line_once(settings: Settings) -> None:
    setup_logging(settings, console=False)
    path = setup_logging(settings, console=False)
    log.info("once")
    assert len(lines(path)) == 1


def test_closing_gives_the_thread_hook_back(settings: Settings) -> None:
    before = threading.excepthook
    setup_logging(settings, console=False)
    setup_logging(settings, console=False)
    assert threading.excepthook is not before
    close_logging()
    assert threading.excepthook is before


@given(st.text(alphabet=st.characters(codec=None)), st.text(alphabet=st.characters(codec=None)))
def test_any_text_gives_one_line(event: str, value: str) -> None:
    """Paths with undecodable bytes hold lone surrogates; names may hold newlines and control characters."""
    record = logging.makeLogRecord({"msg": "%s", "args": (event,), "path": value})
    as_json = JsonLines().format(record)
    assert "\n" not in as_json
    assert json.loads(as_json.encode("utf-8"))["path"] == value
    readable = ReadableLines().format(record)
    assert "\n" not in readable
    assert readable.encode(sys.getdefaultencoding())
