"""How a job ends: its outcome, its sentence and its receipt."""

import time
from collections.abc import Sequence
from datetime import datetime

from ingest_desktop.application.retries import error_class, retry_at
from ingest_desktop.application.work import ActiveJob
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.errors import LeftOut, UnsupportedFormat
from ingest_desktop.domain.facts import facts_of
from ingest_desktop.domain.interfaces.repository import Ending, LiveVersion
from ingest_desktop.domain.media import INSIDE, MEDIA_TYPES
from ingest_desktop.domain.models import Receipt
from ingest_desktop.domain.models.jobs import filename_of
from ingest_desktop.domain.text import one_line, storable
from ingest_desktop.domain.units import amount, is_counted, some_of
from ingest_desktop.domain.wire import DocumentPlan

NO_TEXT_IN_PAGES = "No text was found in it: its pages are probably pictures."
NOTHING_RECOGNISED = "No text was found in it: its pages are blank or pictures, and no text was recognised in them."
INSTALL_OCR = "Install tesseract, then retry."
SWITCH_OCR_ON = "Switch on the recognition of text in pictures in the settings, then retry."
NO_TEXT = "There is no text in it. Nothing of this file can be found."
NO_BYTES = "The file is empty (0 bytes)."
NOW_ANOTHER = "What is found is what the file held before."
_READS_PICTURES = frozenset({"pdf", "image"})


def completion(
    job: ActiveJob, live: LiveVersion | None, indexing_seconds: float | None, plan: DocumentPlan | None = None
) -> Ending:
    """The ending of a job whose document is live; without ``live`` the path still has the content it had.

    Args:
        indexing_seconds: None when nothing was read now, as the content and the recipe are what they were.
    """
    plan = plan or job.plan
    assert plan is not None
    if live is None:
        return _confirmed(job, plan)
    empty = live.outcome is Outcome.EMPTY
    receipt = Receipt(
        unit=plan.unit,
        units_seen=live.units_seen,
        units_with_text=live.units_with_text,
        units_by_ocr=live.units_by_ocr,
        units_empty=max(0, live.units_seen - live.units_with_text - len(live.units_failed)),
        units_failed=live.units_failed,
        chars=live.chars,
        chunks_stored=live.chunk_count,
        chunks_indexed=live.chunk_count,
        segments=live.segments,
        segments_reused=job.reused,
        reader=f"{plan.reader}/{plan.reader_version}",
        recipe=job.recipe or (job.known.recipe if job.known else ""),
        encoding=plan.encoding,
        language=live.language or None,
        facts=facts_of(plan.metadata),
        seconds=_seconds(job, live, plan, indexing_seconds),
        warnings=live.warnings,
        duplicate_of=live.document_id if live.outcome is Outcome.DUPLICATE else None,
        duplicate_path=_storable(live.twin_path),
    )
    return Ending(
        claim=job.claim,
        outcome=live.outcome,
        message=_message(live, plan, empty),
        gaps=len(live.units_failed),
        document_id=live.document_id,
        media_type=plan.media_type,
        checksum=plan.sha256,
        size=plan.signature.size,
        units=live.units_seen if is_counted(plan.unit) else plan.signature.size,
        unit=plan.unit if is_counted(plan.unit) else "byte",
        receipt=receipt,
    )


def _seconds(job: ActiveJob, live: LiveVersion, plan: DocumentPlan, indexing_seconds: float | None) -> dict[str, float]:
    """Seconds of work by phase, in the order of the work. No second is in two of them."""
    if indexing_seconds is None:
        return {"hashing": round(time.monotonic() - job.started, 4)}
    found = {
        "hashing": plan.hashing_seconds,
        "extracting": max(0.0, live.seconds - live.recognising_seconds - live.chunking_seconds),
        "recognising": live.recognising_seconds,
        "chunking": live.chunking_seconds,
        "indexing": indexing_seconds,
    }
    return {phase: round(seconds, 4) for phase, seconds in found.items() if seconds or phase == "extracting"}


def _confirmed(job: ActiveJob, plan: DocumentPlan) -> Ending:
    """Nothing had to be read. When this very job had made the content live before a crash, that is its outcome."""
    known = job.known
    assert known is not None
    job_id = job.claim.job_id
    if known.chunks == 0:
        outcome, message = Outcome.EMPTY, _no_text(plan)
    elif known.job == job_id and known.first_job == job_id and known.twin_path is not None:
        outcome, message = Outcome.DUPLICATE, _twin_sentence(known.twin_path)
    elif known.job == job_id:
        outcome, message = (Outcome.INGESTED if known.first_job == job_id else Outcome.UPDATED), None
    else:
        outcome, message = Outcome.UNCHANGED, "The file has not changed since it was added."
    chunks = known.chunks
    return Ending(
        claim=job.claim,
        outcome=outcome,
        message=message,
        gaps=known.gaps,
        document_id=known.document_id,
        media_type=plan.media_type,
        checksum=plan.sha256,
        size=plan.signature.size,
        units=plan.units if is_counted(plan.unit) else plan.signature.size,
        unit=plan.unit if is_counted(plan.unit) else "byte",
        receipt=Receipt(
            unit=plan.unit,
            units_seen=plan.units if is_counted(plan.unit) else 1,
            chunks_stored=chunks,
            chunks_indexed=chunks,
            reader=f"{plan.reader}/{plan.reader_version}",
            recipe=known.recipe,
            facts=facts_of(plan.metadata),
            seconds={"hashing": round(time.monotonic() - job.started, 4)},
            duplicate_of=known.document_id if outcome is Outcome.DUPLICATE else None,
            duplicate_path=_storable(known.twin_path) if outcome is Outcome.DUPLICATE else None,
        ),
    )


def _storable(path: str | None) -> str | None:
    """A path in a receipt, which is JSON: what is no Unicode in it comes as escapes."""
    return None if path is None else storable(path)


def _twin_sentence(path: str) -> str:
    return f"Same content as {one_line(filename_of(path))}; it is stored once."


def failure(
    job: ActiveJob, code: str, message: str, now: datetime, settings: Settings, *, final: bool = False, reason: str = ""
) -> Ending:
    """The ending of a job whose file could not be read: a retry later, failed with a next step, or left out.

    Args:
        final: Trying again by itself is of no use.
        reason: Of what is left out: one of ``media.REASONS``.
    """
    if code == LeftOut.code:
        if job.known is None:
            return _left_out(job, message, reason)
        before = f" {NOW_ANOTHER}" if job.known.chunks and job.known.visible else ""
        code, message = UnsupportedFormat.code, f"{message}{before}"  # it was a document: a person had better look
    due = None if final else retry_at(code, job.claim.attempts, now, settings)
    plan = job.plan
    return Ending(
        claim=job.claim,
        error_code=code,
        error_message=storable(message),
        message=None if due else error_class(code).hint,
        retry_at=due,
        media_type=plan.media_type if plan else None,
        checksum=plan.sha256 if plan else None,
        size=plan.signature.size if plan else None,
        receipt=_failed_receipt(job),
    )


def _left_out(job: ActiveJob, message: str, reason: str) -> Ending:
    """The ending of a job whose file is no document, which its name did not tell. It is completed: nothing is owed."""
    return Ending(
        claim=job.claim,
        outcome=Outcome.LEFT_OUT,
        message=message,
        media_type=MEDIA_TYPES.get(reason, MEDIA_TYPES["binary"]),
        units=job.claim.size,
        receipt=Receipt(unit="byte"),
    )


def _failed_receipt(job: ActiveJob) -> Receipt:
    """What a job that failed had come to: nothing of it can be found."""
    plan = job.plan
    if plan is None:
        return Receipt(unit="byte")
    return Receipt(
        unit=plan.unit,
        units_seen=job.done_units,
        segments=len(plan.segments) - len(job.missing),
        reader=f"{plan.reader}/{plan.reader_version}",
        recipe=job.recipe,
        encoding=plan.encoding,
    )


def _message(live: LiveVersion, plan: DocumentPlan, empty: bool) -> str | None:
    failed, seen = len(live.units_failed), live.units_seen
    if empty and failed:
        return _nothing_but_gaps(live.units_failed, seen, plan.unit)
    if empty:
        return _no_text(plan, live.warnings)
    if live.outcome is Outcome.DUPLICATE and live.twin_path:
        return _twin_sentence(live.twin_path)
    if failed:
        return partly_read(failed, seen, plan.unit)
    return None


def partly_read(failed: int, seen: int, unit: str) -> str:
    """What is said of a document that has text, and of which a part could not be read."""
    missing = some_of(failed, seen, unit) if is_counted(unit) else "A part of it"
    if is_counted(unit) and failed >= seen:  # there is no rest, but some of them gave a part
        return f"{missing} could not be read whole; what could be read can be found."
    return f"{missing} could not be read; the rest can be found."


def _nothing_but_gaps(gaps: Sequence[tuple[int, str]], seen: int, unit: str) -> str:
    """Why there is no text in a document of which a part could not be read."""
    failed = len(gaps)
    if not is_counted(unit) or (failed >= seen and seen == 1):
        why = gaps[0][1].strip() if failed == 1 else "It could not be read."
        return f"{why if why.endswith('.') else f'{why}.'} Nothing of it can be found."
    if failed >= seen:
        return f"None of its {amount(seen, unit)} could be read. Nothing of it can be found."
    return f"{some_of(failed, seen, unit)} could not be read, and there is no text in the others. Nothing can be found."


def _no_text(plan: DocumentPlan, warnings: tuple[str, ...] = ()) -> str:
    """Why there is no text, and what may mend it."""
    if plan.signature.size == 0:
        return NO_BYTES
    if plan.reader not in _READS_PICTURES:
        left_out = next((warning for warning in warnings if warning.startswith(INSIDE)), None)
        return NO_TEXT if left_out is None else f"There is no text in it. {left_out}"
    if "ocr=" in plan.shape:
        return NOTHING_RECOGNISED
    switched_off = any("(INGESTION_OCR)" in warning for warning in warnings)
    return f"{NO_TEXT_IN_PAGES} {SWITCH_OCR_ON if switched_off else INSTALL_OCR}"
