"""Files that bring down what reads them: who is blamed, who is not, and when it ends."""

import itertools
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from application.kit import (
    COMPLETED,
    FAILED,
    MAKE,
    QUEUED,
    TEN,
    FakeApp,
    FakeChild,
    Script,
    all_jobs,
    assert_clean,
    job_of,
    statuses,
    wait_for,
    work,
    write_files,
)

from ingest_desktop.application.progress import ProgressBoard
from ingest_desktop.application.scheduler import Scheduler
from ingest_desktop.application.work import ActiveJob
from ingest_desktop.domain.enums import JobPhase
from ingest_desktop.domain.errors import ReaderCrashed, ReaderNotStarted
from ingest_desktop.domain.interfaces.repository import Claim, Progressed
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.domain.wire import LookItem, LookLot, Message, SegmentTask
from ingest_desktop.infrastructure.hands import in_hand
from ingest_desktop.workers.producer import MAX_DEATHS

MANY = 2**40


def killed_while(app: FakeApp, worker: str) -> None:
    """As a kill leaves things: the lock is free, all else stays as it is. The workers of ``app`` were never started."""
    app.repository.worker_hands.pop(worker).close(remove=False)
    app.repository.worker_locks.pop(worker).release(remove=False)


def claimed(app: FakeApp, limit: int = 50) -> tuple[str, list[Claim]]:
    worker = app.repository.register_worker("doomed")
    return worker, app.repository.claim(worker, limit=limit, max_bytes=MANY)


def die_in(app: FakeApp, name: str) -> None:
    """A run that claims all there is and is killed while it reads one file."""
    worker, claims = claimed(app)
    claim = next(claim for claim in claims if claim.path.endswith(name))
    app.repository.note_in_hand(worker, 0, claims[0])
    app.repository.note_in_hand(worker, 0, claim)
    app.repository.note_in_hand(worker, 1, None)
    killed_while(app, worker)


def crashes(app: FakeApp) -> dict[str, int]:
    return {job.original_filename: job.crashes for job in all_jobs(app) if job.crashes}


# --- a child dies --------------------------------------------------------------------------------


def test_neighbours_of_a_killer_lose_nothing_and_are_read_once(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, TEN)
    script.fail(("2.txt", "7.txt"), ReaderCrashed("It died."))
    fake.service.submit([str(docs)])
    work(fake)
    assert {name for name, status in statuses(fake).items() if status is FAILED} == {"2.txt", "7.txt"}
    assert crashes(fake) == {"2.txt": 2, "7.txt": 2} or crashes(fake) == {"2.txt": 2, "7.txt": 3}
    assert {path: script.looked.count(path) for path in script.looked} == {
        str(docs / name): 1 for name in TEN if name not in ("2.txt", "7.txt")
    }
    assert_clean(fake)


def test_a_killer_behind_answers_that_were_held_back_is_found(fake: FakeApp, script: Script, docs: Path) -> None:
    """A child sends small answers late: the file that seems to be in hand is not the one that killed it."""
    write_files(docs, TEN)
    inner = FakeChild.run

    class Late(FakeChild):
        def run(self, task: LookLot | SegmentTask, on_message: Callable[[Message], None]) -> None:
            held: list[Message] = []
            inner(self, task, held.append)  # what was answered before a death is lost
            for message in held:
                on_message(message)

    script.fail("7.txt", ReaderCrashed("It died."))
    script.child = lambda: Late(script)  # type: ignore[method-assign]
    fake.service.submit([str(docs)])
    work(fake)
    found = statuses(fake)
    assert found.pop("7.txt") is FAILED and set(found.values()) == {COMPLETED}
    assert job_of(fake, docs / "7.txt").error_code == "quarantined"
    assert_clean(fake)


def test_a_segment_that_kills_twice_is_told_from_two_that_kill_once(
    make_fake: MAKE, script: Script, docs: Path
) -> None:
    fake = make_fake()
    write_files(docs, {"long.txt": "\n".join(f"line{n}" for n in range(8)), "worse.txt": "\n".join("abcd")})
    script.segments_of = lambda _path: 4
    died: set[tuple[str, int]] = set()

    def die(_child: FakeChild, task: SegmentTask) -> None:
        here = (task.path, task.number)
        if task.path.endswith("worse.txt") and task.number == 2:
            raise ReaderCrashed("Always.")
        if here not in died:
            died.add(here)
            raise ReaderCrashed("Once.")

    script.before_segment = die
    fake.service.submit([str(docs)])
    work(fake)
    assert statuses(fake) == {"long.txt": COMPLETED, "worse.txt": FAILED}
    job = job_of(fake, docs / "worse.txt")
    assert (job.error_code, "Always." in (job.error_message or "")) == ("quarantined", True)
    most = max(crashes(fake).values())  # what was stored between two deaths clears the count
    assert 1 <= most < fake.settings.crash_limit  # a restart must not take them for killed in a row


def test_a_process_that_cannot_be_started_is_nobodys_fault(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake(max_attempts=2)
    write_files(docs, {"a.txt": "text", "long.txt": "\n".join("abcd")})
    script.segments_of = lambda path: 4 if path.endswith("long.txt") else 1
    told: list[str] = []
    is_told, tries = threading.Event(), itertools.count(1)

    class Strip:
        def trouble(self, code: str, _message: str, _hint: str) -> None:
            told.append(code)
            is_told.set()

        def __getattr__(self, _name: str) -> object:
            return lambda *_args: None

    def fail(_child: FakeChild, _task: object) -> None:
        if next(tries) <= 2 * MAX_DEATHS or not is_told.is_set():  # more often than a file may be tried
            raise ReaderNotStarted("no more processes")

    fake.events.subscribe(Strip())  # type: ignore[arg-type]
    script.before_file = script.before_segment = fail
    fake.service.submit([str(docs)])
    work(fake)
    for job in all_jobs(fake):
        assert (job.status, job.attempts, job.crashes) == (COMPLETED, 1, 0)
    wait_for(lambda: told == ["reader_not_started", ""], "the strip goes away")


# --- the program dies ----------------------------------------------------------------------------


def test_only_what_was_read_is_suspect_and_read_last_and_alone(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake(workers=3)
    write_files(docs, TEN)
    fake.service.submit([str(docs)])
    die_in(fake, "3.txt")
    reading = threading.Semaphore(0)
    beside: list[int] = []
    busy: set[str] = set()
    lock = threading.Lock()

    def look(_child: FakeChild, item: LookItem) -> None:
        with lock:
            busy.add(item.path)
        if item.path.endswith("3.txt"):
            reading.acquire(timeout=0.2)  # others would come now, if they were let
            with lock:
                beside.append(len(busy))
        with lock:
            busy.discard(item.path)

    script.before_file = look
    work(fake)
    assert crashes(fake) == {}  # it has ended
    assert set(statuses(fake).values()) == {COMPLETED} and beside == [1]
    assert script.looked[-1] == str(docs / "3.txt")
    reasons = {e.reason for e in fake.service.history(job_of(fake, docs / "3.txt").id)}
    assert "its worker died while it was read" in reasons
    assert "its worker died" in {e.reason for e in fake.service.history(job_of(fake, docs / "4.txt").id)}


def test_a_program_that_dies_over_one_file_again_and_again_gives_it_up(make_fake: MAKE, docs: Path) -> None:
    fake = make_fake(crash_limit=3)
    write_files(docs, TEN)
    fake.service.submit([str(docs)])
    for _ in range(3):
        die_in(fake, "3.txt")
    work(fake)
    job = job_of(fake, docs / "3.txt")
    assert (job.status, job.error_code, job.crashes) == (FAILED, "quarantined", 3)
    assert "3 times" in (job.error_message or "")
    assert sum(status is COMPLETED for status in statuses(fake).values()) == 9
    work(fake)
    assert job_of(fake, docs / "3.txt").status is FAILED  # nobody tries it by itself
    fake.service.retry(JobSelector(job_ids=(job.id,)))  # but a person may
    work(fake)
    assert (job_of(fake, docs / "3.txt").status, crashes(fake)) == (COMPLETED, {})
    assert_clean(fake)


def test_headway_between_two_kills_clears_suspicion(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake(crash_limit=3)
    write_files(docs, {"book.txt": "\n".join(f"line{n}" for n in range(40))})
    fake.service.submit([str(docs)])
    for done in range(1, 9):  # eight kills in a row, a further segment stored before each
        worker, (claim,) = claimed(fake)
        fake.repository.note_in_hand(worker, 0, claim)
        fake.repository.note_progress([Progressed(claim.job_id, claim.token, JobPhase.EXTRACTING, done, 40, "byte")])
        killed_while(fake, worker)
    assert fake.repository.register_worker("next") and crashes(fake) == {"book.txt": 1}
    work(fake)
    assert statuses(fake) == {"book.txt": COMPLETED}


def test_a_suspect_that_makes_headway_lets_others_be_read(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake(workers=2)
    write_files(docs, {"book.txt": "\n".join(f"line{n}" for n in range(40))})
    fake.service.submit([str(docs)])
    die_in(fake, "book.txt")
    script.segments_of = lambda path: 4 if path.endswith("book.txt") else 1
    stored = threading.Event()

    def hold(_child: FakeChild, task: SegmentTask) -> None:
        if task.number == 3:
            assert stored.wait(30)  # the last one goes on when the others' text is there

    script.before_segment = hold
    fake.service.start()
    write_files(docs, {"other.txt": "a small one"})
    fake.service.submit([str(docs / "other.txt")])
    fake.events.subscribe(_Until(stored, fake, docs / "other.txt"))
    assert fake.lifecycle.drain(30)
    assert set(statuses(fake).values()) == {COMPLETED} and stored.is_set()


class _Until:
    """Sets an event when a file's job has completed."""

    def __init__(self, event: threading.Event, app: FakeApp, path: Path) -> None:
        self._event, self._app, self._path = event, app, path

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return self._look

    def _look(self, *_: object) -> None:
        if job_of(self._app, self._path).status is COMPLETED:
            self._event.set()


def test_a_clean_end_blames_nobody(fake: FakeApp, docs: Path) -> None:
    write_files(docs, TEN)
    fake.service.submit([str(docs)])
    worker, claims = claimed(fake)
    fake.repository.note_in_hand(worker, 0, claims[0])
    (hands,) = (fake.repository.root / "locks").glob("*.hands")
    assert in_hand(hands) == [(claims[0].job_id, claims[0].token)]
    fake.repository.unregister_worker(worker)
    assert not hands.exists()
    work(fake)
    assert crashes(fake) == {} and set(statuses(fake).values()) == {COMPLETED}


def test_a_file_that_was_taken_away_before_the_kill_is_not_blamed(fake: FakeApp, docs: Path) -> None:
    write_files(docs, TEN)
    fake.service.submit([str(docs)])
    worker, claims = claimed(fake)
    fake.repository.note_in_hand(worker, 0, claims[0])
    fake.service.pause(JobSelector(job_ids=(str(claims[0].job_id),)))
    killed_while(fake, worker)
    fake.repository.register_worker("next")
    assert crashes(fake) == {}


def test_what_was_in_hand_at_another_start_of_the_system_is_no_suspect(fake: FakeApp, docs: Path) -> None:
    write_files(docs, TEN)
    fake.service.submit([str(docs)])
    die_in(fake, "3.txt")
    (hands,) = (fake.repository.root / "locks").glob("*.hands")
    hands.write_bytes(b"?" * 36 + hands.read_bytes()[36:])
    fake.repository.register_worker("next")
    assert crashes(fake) == {} and not hands.exists()


@pytest.mark.parametrize("torn", [b"", b"short", None])
def test_a_torn_list_of_what_was_in_hand_is_no_trouble(fake: FakeApp, docs: Path, torn: bytes | None) -> None:
    write_files(docs, TEN)
    fake.service.submit([str(docs)])
    die_in(fake, "3.txt")
    (hands,) = (fake.repository.root / "locks").glob("*.hands")
    hands.write_bytes(hands.read_bytes()[:-5] if torn is None else torn)
    fake.repository.register_worker("next")
    assert sum(status is QUEUED for status in statuses(fake).values()) == 10


def test_suspects_do_not_hoard_the_queue(fake: FakeApp, docs: Path) -> None:
    """While a suspect is read nothing is handed out, so nothing is claimed."""
    write_files(docs, TEN)
    fake.service.submit([str(docs)])
    die_in(fake, "0.txt")
    worker = fake.repository.register_worker("next")
    scheduler = Scheduler(fake.repository, fake.contents, fake.settings, ProgressBoard(), worker_id=worker)
    handed: list[list[ActiveJob]] = []
    while len(handed) < 2:
        task = scheduler.next_task(0.05)
        assert task is not None
        handed.append(task[1])
        if len(handed) == 1:
            assert scheduler.next_task(0.01) is None  # the suspect waits until the lot is back
            scheduler.returned(task[1])
    assert [job.claim.path for job in handed[1]] == [str(docs / "0.txt")]
    write_files(docs, {"late.txt": "x"})
    fake.service.submit([str(docs / "late.txt")])
    scheduler.wake()
    assert scheduler.next_task(0.01) is None
    assert job_of(fake, docs / "late.txt").status is QUEUED
    scheduler.returned(handed[1])
    assert scheduler.next_task(5) is not None
