"""Errors with stable codes, frozen models, the checkpoint, progress."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest_desktop.domain import models
from ingest_desktop.domain.enums import JobPhase, JobStatus
from ingest_desktop.domain.errors import DuplicateJobError, IngestError, StateTransitionError, by_code
from ingest_desktop.domain.models import Counts, IngestionState, Job, Location, Progress
from ingest_desktop.domain.models.base import Frozen, iso
from ingest_desktop.domain.models.jobs import JOB_JSON_FIELDS

NOW = datetime(2030, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)

CODES = """
ingest state_transition not_found invalid_request queue queue_empty queue_full duplicate_job source source_unreadable
source_changed source_malformed source_encrypted source_too_large unsupported_format limit_exceeded reader_crashed store
duplicate_chunk store_busy store_full store_faulty store_read_only store_forbidden store_damaged ledger_damaged store_gone store_too_new content_gone
reader_not_started source_gone source_forbidden quarantined left_out
""".split()


def every_error(root: type[IngestError] = IngestError) -> Iterator[type[IngestError]]:
    yield root
    for error in root.__subclasses__():
        if error.__module__ == IngestError.__module__:
            yield from every_error(error)


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in every_error()]
    assert len(codes) == len(set(codes))
    assert set(codes) == set(CODES)  # stored and documented: a code that goes or changes breaks scripts
    assert {code: by_code()[code] for code in codes} == {error.code: error for error in every_error()}


def test_every_error_says_what_to_do() -> None:
    assert all(error.hint.strip().endswith(".") for error in every_error())


def test_errors_carry_what_they_are_about() -> None:
    assert DuplicateJobError("twice", job_id="4").job_id == "4"
    assert "?" in str(StateTransitionError(job_id="", current="queued", target="failed"))


def a_job(**changes: object) -> Job:
    fields: dict[str, object] = {
        "id": "1",
        "kb_id": "library",
        "batch_id": "2",
        "source_path": "/docs/a.txt",
        "original_filename": "a.txt",
        "byte_size": 3,
        "status": JobStatus.QUEUED,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Job.model_validate({**fields, **changes})


@pytest.mark.parametrize("name", models.__all__)
def test_models_are_frozen_and_strict(name: str) -> None:
    model = getattr(models, name)
    if not (isinstance(model, type) and issubclass(model, Frozen)):
        assert name in {"JobOrder", "QueueMove"}
        return
    assert model.model_config["frozen"] and model.model_config["extra"] == "forbid"


def test_a_job_cannot_be_changed() -> None:
    job = a_job()
    with pytest.raises(ValidationError, match="frozen"):
        job.status = JobStatus.RUNNING  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        a_job(colour="red")


def test_a_job_prints_the_stable_fields_in_order() -> None:
    record = a_job(started_at=NOW).to_json()
    assert list(record) == JOB_JSON_FIELDS
    assert record["created_at"] == record["started_at"] == "2030-01-02T03:04:05.678Z"
    assert record["completed_at"] is None and record["receipt"] is None


def test_times_are_printed_in_utc() -> None:
    assert iso(NOW.astimezone(timezone(timedelta(hours=9)))) == "2030-01-02T03:04:05.678Z"


def test_a_location_prints_only_what_applies() -> None:
    assert Location(page=3, heading_path=("A", "B")).to_json() == {"page": 3, "heading_path": ["A", "B"]}
    assert Location().to_json() == {}


@given(total=st.integers(0, 30), done=st.sets(st.integers(0, 29)))
def test_a_checkpoint_knows_what_is_next(total: int, done: set[int]) -> None:
    done = {number for number in done if number < total}
    state = IngestionState(job_id="1", segments_total=total, segments_done=tuple(sorted(done)))
    assert sorted({*state.next_segments, *done}) == list(range(total))
    assert not done & set(state.next_segments)


def test_progress_never_passes_its_end() -> None:
    progress = Progress(phase=JobPhase.EXTRACTING, done=12, total=10, units_per_second=2.0)
    assert (progress.fraction, progress.seconds_left) == (1.0, 0.0)
    assert Progress(phase=JobPhase.HASHING, done=1).fraction is None
    assert Progress(phase=JobPhase.HASHING, done=1, total=9).seconds_left is None
    assert Progress(phase=JobPhase.HASHING, done=1, total=9, units_per_second=4).seconds_left == 2.0


def test_counts_add_up() -> None:
    counts = Counts(by_status={("a", JobStatus.QUEUED): 2, ("b", JobStatus.QUEUED): 3, ("b", JobStatus.FAILED): 4})
    assert (counts.of(JobStatus.QUEUED), counts.of(JobStatus.QUEUED, "b"), counts.total("b")) == (5, 3, 7)
