"""A store with a million chunks after SIGKILL: how soon does work go on? By hand only: making the store takes minutes."""

import hashlib
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from faults.corpus import long_text
from faults.fault import Verdict
from faults.judge import ask_history, ask_queue, calm_of, opened
from faults.kills import CONSUMER, point_text
from faults.program import Program, run_to_end
from ingest_desktop.bootstrap import App
from ingest_desktop.domain.interfaces.repository import Finished, FoundFile, SameContent, SegmentIn
from ingest_desktop.domain.wire import ChunkRow, DocumentPlan, FileSignature, SegmentResult, SegmentSpec

DOCUMENTS, CHUNKS = 10_000, 100
PART = 250  # documents in a transaction
RECIPE = "text/1 seg=65536 chunk=900 overlap=0"
WORDS = "anchor bay chart dune estuary fathom gull hull inlet jetty keel lagoon mast north oar pier quay reef sail tide".split()
LIMIT_SECONDS = 2.0


def build(data: Path, documents: int = DOCUMENTS) -> None:
    """Write a store through the stores' own doors, as the consumer and the search for files do."""
    with opened(data) as app:
        store = app.contents.of("library")
        batch = app.repository.create_batch("library", ["/made"], origin="command", priority=0, label="made")
        made = _documents(documents)
        while part := [document for _, document in zip(range(PART), made, strict=False)]:
            _store_part(app, batch.batch_id, part)
        app.repository.finish_discovery(batch.batch_id, {})
        assert store.chunk_count() == documents * CHUNKS


Made = tuple[str, DocumentPlan, SegmentResult]


def _documents(count: int) -> Iterator[Made]:
    draw = random.Random(1)
    for number in range(count):
        rows = [ChunkRow(f"{number} {place} " + " ".join(draw.choices(WORDS, k=24))) for place in range(CHUNKS)]
        size = sum(len(row.text) for row in rows)
        sha256 = hashlib.sha256(str(number).encode()).hexdigest()
        signature = FileSignature(size, 1, number + 1, 1)
        plan = DocumentPlan(sha256, signature, "text/plain", "text", 1, "byte", size, (SegmentSpec(0, 0, size),))
        yield f"/made/{number:06d}.txt", plan, SegmentResult(0, rows, 1, 1, chars=size)


def _store_part(app: App, batch_id: str, part: list[Made]) -> None:
    store = app.contents.of("library")
    store.add_segments([SegmentIn(plan, RECIPE, result) for _, plan, result in part])
    lives = store.finish([Finished(path, 1, plan, RECIPE) for path, plan, _ in part])
    store.commit()
    known = {
        path: SameContent(live.document_id, plan.sha256, plan.media_type, CHUNKS)
        for (path, plan, _), live in zip(part, lives, strict=True)
    }
    files = [FoundFile(path, *plan.signature) for path, plan, _ in part]
    app.repository.add_jobs(batch_id, files, known=known)


class Recovery:
    """New files are read into the large store by a program that is killed at random; the next start is measured."""

    group = "recovery"
    name = f"a store of {DOCUMENTS * CHUNKS:,} chunks, everything killed"
    most_rounds = 20

    def prepare(self, work: Path, seed: int) -> None:
        self._data = work / "million" / "data"
        mark = self._data.parent / "made"
        if not mark.exists():
            shutil.rmtree(self._data.parent, ignore_errors=True)
            self._data.parent.mkdir(parents=True)
            build(self._data)
            mark.touch()

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        data, files = self._data, work / "files"
        files.mkdir()
        for place in range(60):
            (files / f"{place}.txt").write_text(long_text(f"round {number} of {draw.random()}, file {place}", 200_000))
        (work / "calm").mkdir()
        run_to_end(work / "calm" / "data", "add", "--wait", str(files))
        calm = {chunk[0]: chunk[4] for chunk in calm_of(work / "calm" / "data").chunks}
        where = f"{CONSUMER}._note_stored:before"
        point = point_text(where, draw.randint(2, 100), draw).removesuffix(":group") + ":group"
        program = Program.start(data, "add", "--wait", str(files), point=point)
        program.finish()
        log = data / "knowledge_bases" / "library" / "kb.db-wal"
        waiting = log.stat().st_size / 1e6 if log.exists() else 0.0
        verdict = Verdict(hits=int(program.was_struck))
        last = run_to_end(data, "run")
        claimed, stored = last.resumed_seconds(), last.stored_seconds()
        verdict.notes.append(f"log of {waiting:.0f} MB, first claim {claimed} s, first result stored {stored} s")
        if claimed is not None:
            verdict.recovery_seconds.append(claimed)
            if claimed > LIMIT_SECONDS:
                verdict.wrong.append(f"work went on after {claimed:.2f} s only")
        with opened(data) as app:
            _compare(app, files, calm, verdict)
            ask_queue(app, verdict)
            ask_history(app, verdict)
            if number == 1:  # takes its time
                verdict.wrong += [f"check: {finding.code}: {finding.message}" for finding in app.check()]
        return verdict


def _compare(app: App, files: Path, calm: dict[str, str], verdict: Verdict) -> None:
    store = app.contents.of("library")
    known = store.known([str(path) for path in files.iterdir()])
    found = [chunk.chunk_id for path in known.values() for chunk in store.chunks(path.document_id)]
    verdict.lost += len(calm.keys() - set(found))
    verdict.doubled += len(found) - len(set(found))
    verdict.mixed += len(set(found) - calm.keys())


FAULTS = (Recovery(),)
