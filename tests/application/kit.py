"""What the tests of the engine share: an engine on a real store, children that read as a test says, waiting for facts."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ingest_desktop.application.events import EventHub
from ingest_desktop.application.housekeeping import Housekeeping
from ingest_desktop.application.ingestion_service import IngestionService
from ingest_desktop.application.lifecycle import Crew, WorkerLifecycle
from ingest_desktop.application.passwords import PasswordBook
from ingest_desktop.application.progress import ProgressBoard
from ingest_desktop.application.reach import Prober
from ingest_desktop.application.scheduler import Scheduler
from ingest_desktop.application.search_service import SearchService
from ingest_desktop.application.submission import Submitter
from ingest_desktop.application.work import ResultQueue
from ingest_desktop.bootstrap import App, build_app
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.cjk import cjk_terms
from ingest_desktop.domain.enums import Actor, JobStatus
from ingest_desktop.domain.errors import ReaderCrashed
from ingest_desktop.domain.models import Job, JobQuery
from ingest_desktop.domain.wire import (
    ChunkRow,
    DocumentPlan,
    Extracted,
    Looked,
    LookItem,
    LookLot,
    Message,
    SegmentResult,
    SegmentSpec,
    SegmentTask,
    Task,
    signature_of,
)
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.search import FullTextIndex
from ingest_desktop.observability.metrics import Metrics
from ingest_desktop.workers.consumer import Consumer
from ingest_desktop.workers.producer import Producer
from ingest_desktop.workers.steward import Steward
from ingest_desktop.workers.threads import ThreadHost

PATIENCE = 30.0  # seconds; a fact that takes longer is a failure
QUEUED, RUNNING, PAUSED = JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.PAUSED
COMPLETED, FAILED, CANCELLED = JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED
TEN = {f"{n}.txt": f"word{n} text" for n in range(10)}


def wait_for(fact: Callable[[], Any], what: str = "") -> Any:
    """Wait until a fact holds, and return it."""
    end = time.monotonic() + PATIENCE
    pause = threading.Event()
    while True:
        found = fact()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"it never came true: {what or fact}")
        pause.wait(0.01)


def quick_settings(root: Path, **changes: Any) -> Settings:
    """Settings under which nothing waits for long."""
    quick = {"workers": 1, "consumer_poll_interval": 0.05, "commit_seconds": 0.05, "retry_base_seconds": 0.02}
    return Settings(data_root=root, **{**quick, "min_free_bytes": 0, "busy_timeout": 5.0, **changes})


def real_app(root: Path, **changes: Any) -> App:
    """The program without a face, with real child processes."""
    return build_app(quick_settings(root, **changes), actor=Actor.COMMAND, label="test")


class Script:
    """What all fake children of a test do: reads lines of a file as chunks; hooks tell it to wait, fail or die."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.looked: list[str] = []
        self.read: list[tuple[str, int]] = []
        self.children: list[FakeChild] = []
        self.kills = 0
        self.before_file: Callable[[FakeChild, LookItem], list[Message] | None] = lambda _child, _item: None
        self.before_segment: Callable[[FakeChild, SegmentTask], list[Message] | None] = lambda _child, _task: None
        self.segments_of: Callable[[str], int] = lambda _path: 1

    def child(self) -> "FakeChild":
        child = FakeChild(self)
        self.children.append(child)
        return child

    def fail(self, name: str | tuple[str, ...], error: Exception) -> None:
        """Reading a file whose name ends so ends with an error."""

        def fail(_child: FakeChild, item: LookItem) -> None:
            if item.path.endswith(name):
                raise error

        self.before_file = fail

    def hang(self, name: str = "") -> threading.Event:
        """A file whose name ends so is read until its child is killed. Returns what is set once it is begun."""
        begun = threading.Event()

        def hang(child: FakeChild, item: LookItem) -> None:
            if item.path.endswith(name):
                begun.set()
                child.hang()

        self.before_file = hang
        return begun

    def hang_once(self, number: int, *, of: int) -> threading.Event:
        """The first child that comes to this segment of so many reads it until it is killed. Returns as ``hang`` does."""
        begun = threading.Event()

        def hang(child: FakeChild, task: SegmentTask) -> None:
            if task.number == number and not begun.is_set():
                begun.set()
                child.hang()

        self.segments_of = lambda _path: of
        self.before_segment = hang
        return begun

    def hold(self) -> tuple[threading.Event, threading.Event]:
        """No file is read before it may. Returns what is set once one is begun, and what to set so that they go on."""
        begun, go_on = threading.Event(), threading.Event()

        def hold(_child: FakeChild, _item: LookItem) -> None:
            begun.set()
            wait_for(go_on.is_set, "told to go on")

        self.before_file = hold
        return begun, go_on


class FakeChild:
    """An ``ExtractionChild`` without a process."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.killed = threading.Event()
        self.closed = False

    @property
    def pid(self) -> int | None:
        return None

    def run(self, task: Task, on_message: Callable[[Message], None]) -> None:
        self.killed.clear()
        self.script.tasks.append(task)
        if isinstance(task, LookLot):
            for item in task.items:
                for message in self.script.before_file(self, item) or [self._look(item)]:
                    self._alive()
                    on_message(message)
        else:
            for message in self.script.before_segment(self, task) or [self._segment(task)]:
                self._alive()
                on_message(message)

    def kill(self) -> None:
        self.script.kills += 1
        self.killed.set()

    def close(self) -> None:
        self.closed = True

    def hang(self, until: threading.Event | None = None) -> None:
        """Read endlessly, until killed or let go."""
        wait_for(lambda: self.killed.is_set() or (until is not None and until.is_set()), "killed")
        self._alive()

    def _alive(self) -> None:
        if self.killed.is_set():
            raise ReaderCrashed("The child was killed.")

    def _look(self, item: LookItem) -> Message:
        self.script.looked.append(item.path)
        plan = plan_file(item.path, self.script.segments_of(item.path))
        if plan.sha256 == item.known_sha256:
            return Looked(item.key, plan, unchanged=True)
        if len(plan.segments) != 1:
            return Looked(item.key, plan)
        return Looked(item.key, plan, result_of(item.path, 0, 1))

    def _segment(self, task: SegmentTask) -> Message:
        self.script.read.append((task.path, task.number))
        return Extracted(task.key, result_of(task.path, task.number, len(task.plan.segments)))


def plan_file(path: str, segments: int) -> DocumentPlan:
    import hashlib

    data = Path(path).read_bytes()
    specs = tuple(SegmentSpec(number, number, number + 1) for number in range(segments))
    sha256, signature = hashlib.sha256(data).hexdigest(), signature_of(os.stat(path))
    return DocumentPlan(sha256, signature, "text/plain", "fake", 1, "byte", segments, specs)


def result_of(path: str, number: int, segments: int) -> SegmentResult:
    lines = Path(path).read_text("utf-8", "replace").splitlines()
    mine = lines[number::segments] if segments > 1 else lines
    rows = [ChunkRow(line, cjk=cjk_terms(line)) for line in mine]
    return SegmentResult(number, rows, 1, int(bool(rows)), chars=sum(map(len, mine)))


class Here:
    """A ``Probe`` that asks in this process."""

    def __init__(self, answer: Callable[[str], bool]) -> None:
        self.can_be_read = answer

    def close(self) -> None:
        """Nothing is to be ended."""


class FakeApp:
    """The engine with scripted children. Fields as those of ``App``, as far as tests need them."""

    def __init__(self, root: Path, script: Script, **changes: Any) -> None:
        self.settings = settings = quick_settings(root, **changes)
        self.script = script
        self.repository = Ledger(root, busy_timeout_seconds=settings.busy_timeout, queue_limit=settings.queue_limit)
        self.contents = KnowledgeBaseStores(
            root / "knowledge_bases",
            backup_dir=root / "backups",
            busy_timeout_seconds=settings.busy_timeout,
            owes_text=self.repository.owes_text,
            ledger=self.repository.path,
        )
        self.events, self.progress, self.metrics = EventHub(), ProgressBoard(), Metrics(enabled=False)
        self.housekeeping = Housekeeping(self.repository, self.contents, settings)
        self.passwords = PasswordBook()
        self.prober: Prober | None = None
        self.lifecycle = WorkerLifecycle(self.repository, self._crew, ThreadHost, label="test")
        submitter = Submitter(self.repository, self.contents, self.events, lambda recipe: recipe.startswith("fake/1 "))
        self.service = IngestionService(
            self.repository,
            self.contents,
            self.lifecycle,
            self.housekeeping,
            submitter,
            self.events,
            self.progress,
            actor=Actor.COMMAND,
            passwords=self.passwords,
        )
        self.search = SearchService(self.repository, self.contents, FullTextIndex(self.contents.of))

    def _crew(self, worker_id: str, batch_id: str | None) -> Crew:
        scheduler = Scheduler(
            self.repository,
            self.contents,
            self.settings,
            self.progress,
            worker_id=worker_id,
            batch_id=batch_id,
            passwords=self.passwords,
        )
        queue = ResultQueue(self.settings.queue_capacity)
        producers = [
            Producer(
                f"producer-{n}",
                scheduler,
                queue,
                self.script.child,
                self.progress,
                poll_seconds=0.05,
                prober=self.prober,
            )
            for n in range(1, self.settings.worker_count + 1)
        ]
        consumer = Consumer(scheduler, queue, self.repository, self.contents, self.settings, self.events, self.metrics)
        steward = Steward(
            scheduler,
            lambda: producers,
            self.repository,
            self.housekeeping,
            self.settings,
            self.events,
            self.progress,
            worker_id=worker_id,
        )
        return Crew(scheduler, queue, producers, consumer, steward, worker_id)

    def check(self) -> list[Any]:
        from ingest_desktop.infrastructure.checks import check_store

        return check_store(self.repository, self.contents)

    def close(self) -> list[str]:
        late = self.lifecycle.stop(PATIENCE)
        self.contents.close()
        self.repository.close()
        return late


AnyApp = App | FakeApp
MAKE = Callable[..., FakeApp]


def write_files(folder: Path, contents: dict[str, str]) -> Path:
    for name, text in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def work(app: AnyApp) -> None:
    """Start, if need be, and wait until the queue is drained."""
    app.service.start()
    assert app.lifecycle.drain(PATIENCE)


def start_until(app: AnyApp, path: Path, begun: threading.Event) -> None:
    """Add a file or folder, start, and wait until a child, or a store, has come to where a test wants it."""
    app.service.submit([str(path)])
    app.service.start()
    assert begun.wait(PATIENCE)


def all_jobs(app: AnyApp, **query: Any) -> list[Job]:
    return app.service.list(JobQuery(**query), limit=1_000)


def job_of(app: AnyApp, path: Path | str) -> Job:
    """The newest job of a path, with its receipt."""
    found = [job for job in all_jobs(app) if job.source_path == str(path)]
    return app.service.job(max((job.id for job in found), key=int))


def statuses(app: AnyApp) -> dict[str, JobStatus]:
    return {job.original_filename: job.status for job in all_jobs(app)}


def hits(app: AnyApp, query: str) -> list[str]:
    return sorted(Path(hit.source_path).name for hit in app.search.search(query).hits)


def exported(app: AnyApp) -> list[tuple[str, str, str, int, str]]:
    return [(c.source_path, c.document_id, c.chunk_id, c.ordinal, c.text) for c in app.search.export()]


def assert_clean(app: AnyApp) -> None:
    assert app.check() == []


def completions(app: AnyApp, jobs: Iterable[Job]) -> dict[str, int]:
    """How often each job was completed, by its history."""
    return {
        job.id: sum(entry.to_status is JobStatus.COMPLETED for entry in app.service.history(job.id)) for job in jobs
    }


def paths(folder: Path, names: Sequence[str]) -> list[str]:
    return [str(folder / name) for name in names]
