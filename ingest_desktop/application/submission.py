"""From dropped paths to jobs: search, leave out what is known, add in slices."""

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ingest_desktop.application.discovery import Walk, kind_of
from ingest_desktop.application.patience import patiently
from ingest_desktop.domain.errors import DuplicateJobError, IngestError, QueueFullError, StoreError
from ingest_desktop.domain.interfaces.contents import ContentStores
from ingest_desktop.domain.interfaces.events import JobEvents
from ingest_desktop.domain.interfaces.repository import ContentStore, FoundFile, KnownPath, Repository, SameContent
from ingest_desktop.domain.models import Batch, DiscoveryReport, JobQuery, Submission
from ingest_desktop.domain.models.jobs import filename_of
from ingest_desktop.domain.text import one_line

_log = logging.getLogger(__name__)

LEFT_OUT_TOLD = 1_000
ROOM_SECONDS = 0.5  # between two looks whether there is room in a full queue
FIRST_SLICE = 64  # so that rows appear at once
SLICE = 1_000
SLICE_SECONDS = 0.25
ALREADY_TOLD = 100_000

Hold = Callable[[], bool]
"""Asked now and then while a drop waits for room in a full queue; False ends the wait."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What is in a drop, before anything is added.

    ``kinds`` counts by lower-case file ending; ``sizes`` are their bytes; ``known`` counts those among them that are in
    the list already or were read before and have not changed since.
    """

    files: int = 0
    bytes: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)


class Submitter:
    """Adds files. Any thread; several drops may be searched at once."""

    def __init__(
        self,
        repository: Repository,
        contents: ContentStores,
        events: JobEvents,
        is_current: Callable[[str], bool],
        own_folder: str | None = None,
        *,
        takes_all: Callable[[], bool] = lambda: False,
    ) -> None:
        """``is_current`` says whether a stored recipe is what would be done today; ``takes_all``: see ``Walk``."""
        self._repository = repository
        self._contents = contents
        self._events = events
        self._is_current = is_current
        self._own_folder = own_folder  # the program's own data is nobody's document
        self._takes_all = takes_all

    def _walk(
        self,
        stop: threading.Event | None,
        without: Collection[str] = (),
        on_skip: Callable[[str, str], None] | None = None,
    ) -> Walk:
        return Walk(
            stop=stop,
            own_folder=self._own_folder,
            without=frozenset(without),
            takes_all=self._takes_all(),
            on_skip=on_skip,
        )

    def left_out(
        self, paths: Sequence[str], without: Collection[str] = (), stop: threading.Event | None = None
    ) -> dict[str, list[str]]:
        """Which files and folders ``submit`` leaves out of these paths, by reason: the first thousand of each."""
        found: dict[str, list[str]] = {}

        def keep(reason: str, path: str) -> None:
            kept = found.setdefault(reason, [])
            if len(kept) < LEFT_OUT_TOLD:
                kept.append(path)

        walk = self._walk(stop, without, keep)
        for _ in patiently(lambda: slices(walk.files(paths)), lambda: walk.looked_at, stop):
            pass
        return found

    def preflight(
        self,
        paths: Sequence[str],
        kb_id: str,
        stop: threading.Event | None = None,
        told: Callable[[int], None] | None = None,
    ) -> Preflight:
        """Count what is there, found as ``submit`` finds it; ``told`` gets how many files were found so far."""
        walk = self._walk(stop)
        kinds: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        already: Counter[str] = Counter()
        known: dict[str, KnownPath] | None = None
        for files in patiently(lambda: slices(walk.files(paths)), lambda: walk.looked_at, stop):
            if known is None:
                known = self._unchanged_below(kb_id, [os.path.abspath(path) for path in paths], stop)
            listed = self._repository.listed_paths(kb_id, [found.path for found in files])
            for found in files:
                kind = kind_of(found.path)
                kinds[kind] += 1
                sizes[kind] += found.size
                already[kind] += found.path in listed or _is_same(known.get(found.path), found)
            if told is not None:
                told(kinds.total())
        return Preflight(kinds.total(), sizes.total(), dict(kinds), dict(sizes), dict(+already), dict(walk.skipped))

    def submit(
        self,
        paths: Sequence[str],
        *,
        kb_id: str,
        priority: int,
        origin: str,
        stop: threading.Event | None,
        on_added: Callable[[], None],
        without: Collection[str] = (),
        hold: Hold | None = None,
    ) -> Submission:
        """See ``IngestionService.submit``."""
        roots = list(dict.fromkeys(os.path.abspath(path) for path in paths))
        batch = self._repository.create_batch(
            kb_id, roots, origin=origin, priority=priority, label=label_of(roots), without=sorted(without)
        )
        return self._discover(batch, roots, without, stop, on_added, hold)

    def resume(self, *, stop: threading.Event | None, on_added: Callable[[], None], hold: Hold | None = None) -> int:
        """Search on where a crash or a quit cut a drop short. Files that have their job already are left alone.

        One that cannot go on now (the queue is full, its knowledge base is in the trash) waits for the next time.
        """
        cut_short = self._repository.unfinished_discoveries()
        for batch, sources in cut_short:
            try:
                roots = [source.path for source in sources if source.kind != "without"]
                without = [source.path for source in sources if source.kind == "without"]
                self._discover(batch, roots, without, stop, on_added, hold, resumed=True)
            except IngestError as error:  # a full queue, a damaged knowledge base: the others go on
                _log.warning("search put off", extra={"batch_id": batch.batch_id, "cause": str(error)})
        return len(cut_short)

    def _discover(
        self,
        batch: Batch,
        roots: Sequence[str],
        without: Collection[str],
        stop: threading.Event | None,
        on_added: Callable[[], None],
        hold: Hold | None,
        *,
        resumed: bool = False,
    ) -> Submission:
        walk = self._walk(stop, without)
        round_ = _Round(batch.batch_id)
        known = self._unchanged_below(batch.kb_id, roots, stop)
        done = self._paths_of(batch.batch_id) if resumed else set[str]()

        def found(this: Walk) -> Iterator[list[FoundFile]]:
            files = (file for file in this.files(roots) if file.path not in done)
            return patiently(lambda: slices(files), lambda: this.looked_at, stop)

        room = _Room(self._repository, self._events, batch.batch_id, stop, hold)
        room.count_all = lambda: sum(map(len, found(self._walk(stop, without))))
        with room.held_no_longer(round_, walk):
            for files in room.fitting(found(walk), round_, walk):
                same = {f.path: _same_content(known[f.path]) for f in files if _is_same(known.get(f.path), f)}
                try:
                    added = self._repository.add_jobs(batch.batch_id, files, known=same)
                except QueueFullError as error:  # as many as have room are added now, the rest when there is more
                    room.hold_back(files, error)
                    continue
                round_.count(len(files), added.added, added.already_listed, added.unchanged, added.already)
                if added.added:
                    on_added()
                if added.added or added.unchanged:
                    self._events.jobs_added(batch.batch_id, added.added + added.unchanged)
                self._events.discovery_changed(round_.report(walk.skipped, held=room.held(round_)))
        is_finished = not (stop and stop.is_set()) and not room.given_up
        if is_finished:  # else the batch stays unfinished, so that ``resume`` searches on
            self._repository.finish_discovery(batch.batch_id, dict(walk.skipped))
        report = round_.report(walk.skipped, finished=is_finished)
        self._events.discovery_changed(report)
        if report.found and report.unchanged == report.found:
            self._events.batch_finished(batch.batch_id)
        if len(roots) == 1 and report.found == 1 and report.already_listed == 1 and not resumed:
            message = f"{one_line(filename_of(roots[0]))} is already in the list."
            raise DuplicateJobError(message, job_id=round_.already[0])
        return Submission(
            batch=self._repository.batch(batch.batch_id), report=report, already_listed=tuple(round_.already)
        )

    def _paths_of(self, batch_id: str) -> set[str]:
        """Paths that have a job of this batch, also one that has ended or was deleted."""
        paths: set[str] = set()
        for deleted in (False, True):
            for ids in self._repository.job_ids(JobQuery(batch_id=batch_id, deleted=deleted), part=2_000):
                paths.update(job.source_path for job in self._repository.jobs_by_ids(ids))
        return paths

    def _unchanged_below(self, kb_id: str, roots: Sequence[str], stop: threading.Event | None) -> dict[str, KnownPath]:
        """What the knowledge base has below the roots that would be read the same way today, and has text."""
        found: dict[str, KnownPath] = {}
        verdicts: dict[str, bool] = {}
        folders = next(patiently(lambda: [[root for root in roots if os.path.isdir(root)]], lambda: 0, stop), [])
        files = sorted(set(roots) - set(folders))  # asked for together: there may be thousands
        for known in (*(self._known_below(kb_id, folder) for folder in folders), self._known_of(kb_id, files)):
            for path, entry in known.items():
                current = verdicts.get(entry.recipe)
                if current is None:
                    current = verdicts[entry.recipe] = self._is_current(entry.recipe)
                if current and entry.chunks and entry.visible:
                    found[path] = entry
        return found

    def _known_below(self, kb_id: str, folder: str) -> dict[str, KnownPath]:
        """What is known below a folder. Of a knowledge base that cannot be read nothing is: its jobs will say why."""
        return self._asked(kb_id, lambda store: store.known_paths(folder))

    def _known_of(self, kb_id: str, files: Sequence[str]) -> dict[str, KnownPath]:
        """What is known of these paths."""
        return self._asked(kb_id, lambda store: store.known(files)) if files else {}

    def _asked(self, kb_id: str, ask: Callable[[ContentStore], dict[str, KnownPath]]) -> dict[str, KnownPath]:
        try:
            return ask(self._contents.of(kb_id))
        except StoreError as error:
            _log.warning("content not readable", extra={"kb_id": kb_id, "code": error.code, "cause": str(error)})
            return {}


class _Round:
    """The running sums of one search."""

    def __init__(self, batch_id: str) -> None:
        self._batch_id = batch_id
        self._found = self._added = self._listed = self._unchanged = 0
        self.already: list[str] = []

    def count(self, found: int, added: int, listed: int, unchanged: int, already: Iterable[str]) -> None:
        """Add a slice."""
        self._found += found
        self._added += added
        self._listed += listed
        self._unchanged += unchanged
        self.already.extend(already)
        del self.already[ALREADY_TOLD:]

    @property
    def found(self) -> int:
        """Files that were handed to the ledger so far."""
        return self._found

    def report(self, skipped: Counter[str], *, finished: bool = False, held: int = 0) -> DiscoveryReport:
        """The sums so far."""
        return DiscoveryReport(
            batch_id=self._batch_id,
            found=self._found,
            added=self._added,
            already_listed=self._listed,
            unchanged=self._unchanged,
            skipped=dict(skipped),
            held=held,
            finished=finished,
        )


class _Room:
    """Holds back what does not fit into the queue, and hands it on as room appears."""

    def __init__(
        self,
        repository: Repository,
        events: JobEvents,
        batch_id: str,
        stop: threading.Event | None,
        hold: Hold | None,
    ) -> None:
        self._repository, self._events, self._batch_id = repository, events, batch_id
        self._stop, self._hold = stop or threading.Event(), hold
        self._back: list[FoundFile] = []  # what did not fit
        self._refusal = QueueFullError("The queue is full.")
        self._all = 0  # how many files the search has, once somebody had to wait
        self.count_all: Callable[[], int] = lambda: 0
        self.given_up = False  # the batch was cancelled, or the search stopped, while files were held back

    def hold_back(self, files: list[FoundFile], error: QueueFullError) -> None:
        """These did not fit, or somebody else was faster. The error tells the limit, should it be of no use to wait."""
        self._back, self._refusal = files + self._back, error

    def held(self, round_: _Round) -> int:
        """How many files still have to be added, as far as somebody counted them."""
        return max(0, self._all - round_.found)

    @contextmanager
    def held_no_longer(self, round_: _Round, walk: Walk) -> Iterator[None]:
        """When the search ends in an error, the batch was deleted say, whoever was told of files that wait hears that none does."""
        try:
            yield
        except IngestError:
            if self.held(round_):
                self._events.discovery_changed(round_.report(walk.skipped))
            raise

    def fitting(self, parts: Iterable[list[FoundFile]], round_: _Round, walk: Walk) -> Iterator[list[FoundFile]]:
        """The parts, each cut to the room that there is when one did not fit whole."""
        for part in parts:
            yield part
            while self._back:
                back, self._back = self._back, []
                room = self._wait(round_, walk)
                if not room:
                    self.given_up = True
                    return
                self._back = back[room:]
                yield back[:room]

    def _wait(self, round_: _Round, walk: Walk) -> int:
        """How many jobs may be added now; 0 when the search is over.

        Raises:
            QueueFullError: There is no room, and it is of no use to wait.
        """
        if not self._all:
            self._all = self.count_all()
        self._events.discovery_changed(round_.report(walk.skipped, held=self.held(round_)))
        while not self._stop.is_set():
            room = self._repository.room()
            if room:
                return room
            if not self._repository.batch(self._batch_id).discovering:
                return 0  # it was cancelled meanwhile
            wanted = self._hold is not None and self._hold()
            if not wanted and not self._repository.room():  # the last of the work may have made some just now
                raise self._refusal
            self._stop.wait(ROOM_SECONDS)
        return 0


def slices(files: Iterator[FoundFile]) -> Iterator[list[FoundFile]]:
    """Cut a stream of files: a small first slice, then large ones, and none older than a quarter of a second."""
    part: list[FoundFile] = []
    limit, started = FIRST_SLICE, time.monotonic()
    for found in files:
        part.append(found)
        if len(part) >= limit or time.monotonic() - started >= SLICE_SECONDS:
            yield part
            part, limit, started = [], SLICE, time.monotonic()
    if part:
        yield part


def _is_same(known: KnownPath | None, found: FoundFile) -> bool:
    return known is not None and tuple(known.signature) == tuple(found[1:])


def _same_content(known: KnownPath) -> SameContent:
    return SameContent(known.document_id, known.sha256, known.media_type, known.chunks, known.gaps)


def label_of(roots: Sequence[str]) -> str:
    """What a batch is called: its one path's name, or the first and how many more."""
    if not roots:
        return ""
    first = filename_of(roots[0])
    return first if len(roots) == 1 else f"{first} and {len(roots) - 1} more"
