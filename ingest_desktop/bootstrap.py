"""The one place that knows every room: builds the program out of them.

A long room, and ``build_app`` a long function, as all that anybody is handed is handed over here.
"""

import logging
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest_desktop.application.events import EventHub
from ingest_desktop.application.housekeeping import Housekeeping
from ingest_desktop.application.ingestion_service import IngestionService
from ingest_desktop.application.lifecycle import Crew, WorkerLifecycle
from ingest_desktop.application.passwords import PasswordBook
from ingest_desktop.application.progress import ProgressBoard
from ingest_desktop.application.reach import Prober, Reach
from ingest_desktop.application.scheduler import Scheduler
from ingest_desktop.application.search_service import SearchService
from ingest_desktop.application.snapshots import take_quietly
from ingest_desktop.application.submission import Submitter
from ingest_desktop.application.work import ResultQueue
from ingest_desktop.config.settings import Settings
from ingest_desktop.config.settings_checks import unknown_settings
from ingest_desktop.domain.causes import Tool
from ingest_desktop.domain.enums import Actor
from ingest_desktop.domain.errors import LedgerDamaged, StoreBusy, StoreDamaged
from ingest_desktop.domain.interfaces.checks import Finding, Mended
from ingest_desktop.domain.interfaces.persistence import PersistenceStore
from ingest_desktop.domain.interfaces.workers import Worker, WorkerHost
from ingest_desktop.domain.wire import ExtractOptions, recipe_of
from ingest_desktop.extraction.host import ChildProcess
from ingest_desktop.extraction.nested import steady_shape
from ingest_desktop.extraction.probing import ProbeProcess
from ingest_desktop.extraction.registry import guests_are_installed, reader_version
from ingest_desktop.infrastructure.caretaking import Caretaker
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores
from ingest_desktop.infrastructure.damage import refuse_marked_ledger
from ingest_desktop.infrastructure.holding import held_bases
from ingest_desktop.infrastructure.ledger import BACKUPS_FOLDER, LEDGER_FILE, Ledger
from ingest_desktop.infrastructure.ledger_rescue import knows_worker
from ingest_desktop.infrastructure.persistence import open_persistence
from ingest_desktop.infrastructure.power import battery_charge
from ingest_desktop.infrastructure.search import FullTextIndex
from ingest_desktop.infrastructure.swapping import finish_swap, refuse_emptied
from ingest_desktop.observability.metrics import Metrics
from ingest_desktop.workers.care_watch import CareWatch
from ingest_desktop.workers.consumer import Consumer
from ingest_desktop.workers.power_watch import PowerWatch
from ingest_desktop.workers.producer import Producer
from ingest_desktop.workers.steward import Steward
from ingest_desktop.workers.threads import ThreadHost

_log = logging.getLogger(__name__)
_RECIPE = re.compile(r"(?P<reader>\S+)/(?P<version>\d+) ")


@dataclass(slots=True)
class App:
    """The program without a face. Any thread; ``close`` ends its workers and its files."""

    settings: Settings
    repository: Ledger
    contents: KnowledgeBaseStores
    service: IngestionService
    search: SearchService
    lifecycle: WorkerLifecycle
    housekeeping: Housekeeping
    events: EventHub
    progress: ProgressBoard
    metrics: Metrics
    persistence: PersistenceStore
    reach: Reach
    passwords: PasswordBook
    prober: Prober

    def apply_settings(self, settings: Settings) -> None:
        """Go by these settings from now on. Blocks while the workers finish what is in hand and start anew.

        A recipe must not change in the middle of a document, so the workers take new settings only between two
        runs. Settings that are not marked live need a restart of the program.
        """
        self.settings = settings
        self.housekeeping.use(settings)
        self.repository.queue_limit = settings.queue_limit
        if self.lifecycle.crew is not None:
            self.lifecycle.stop(settings.thread_join_timeout)
            self.lifecycle.start()

    def store_bytes(self) -> int:
        """What the store takes on the disk, in bytes."""
        total = self.contents.bytes_used()
        for file in self.settings.data_root.glob("ledger.db*"):  # with what SQLite has not folded into it yet
            try:
                total += file.stat().st_size
            except OSError:  # a side file that just went
                continue
        return total

    def check(self, sample: int = 0) -> list[Finding]:
        """Prove the promises on this store; what does not hold. Reads everything, changes nothing.

        Args:
            sample: So many documents of each knowledge base, at most, are read again from their originals.
        """
        from ingest_desktop.infrastructure.checks import check_store

        findings = check_store(self.repository, self.contents)
        if sample > 0:
            findings += self._check_sample(sample, {finding.where for finding in findings})
        return findings

    def _check_sample(self, sample: int, without: set[str]) -> list[Finding]:
        """Of knowledge bases that nothing else was found in."""
        from ingest_desktop.proving import check_sample

        bases = [base.kb_id for base in self.repository.knowledge_bases() if not without & {base.kb_id, "ledger"}]
        child = _child(self.settings)
        try:
            options = self.settings.extract_options
            return [f for kb_id in bases for f in check_sample(self.contents.of(kb_id), child, options, sample)]
        finally:
            child.close()

    def repair_knowledge_base(self, kb_id: str, progress: Callable[[str], None]) -> list[Mended]:
        """Repair one knowledge base while the program is open: the workers end, and start anew afterwards. Blocks.

        A damaged ledger opens no ``App``: for that, and for everything at once, see ``repairing.repair``.

        Raises:
            StoreBusy: Another process has it open, or a worker did not end in time.
            StoreFull, StoreError: The mended file cannot be written; the damaged one is as it was.
        """
        from ingest_desktop.infrastructure.repair import repair_content
        from ingest_desktop.repairing import read_again

        path = self.settings.data_root / "knowledge_bases" / kb_id / "kb.db"

        worked = self.lifecycle.crew is not None
        if self.lifecycle.stop(self.settings.thread_join_timeout):
            raise StoreBusy("A worker did not end in time. Quit the program and start it again.")
        try:
            with self.contents.kept_shut(kb_id):
                done = repair_content(path, progress)
            done += read_again(self.repository, self.contents, kb_id)
            self.events.stand(())  # others that are damaged are told of again by those who look after the store
            return done
        finally:
            if worked:
                self.lifecycle.start()

    def damaged_bases(self) -> list[str]:
        """Ids of the knowledge bases that their damage has paused and nobody has repaired, or whose file is lost."""
        lost = self.contents.lost(base.kb_id for base in self.repository.knowledge_bases())
        damaged = [kb_id for kb_id, code in self.held_bases().items() if code == StoreDamaged.code]
        return list(dict.fromkeys([*damaged, *lost]))

    def held_bases(self) -> dict[str, str]:
        """The knowledge bases that are paused because they cannot be used, with the code of the error that tells why."""
        return held_bases(self.repository)

    @property
    def store_is_gone(self) -> bool:
        """Whether work was given up because the data folder vanished."""
        crew = self.lifecycle.crew
        return crew is not None and isinstance(crew.steward, Steward) and crew.steward.store_is_gone

    def go_on_if_back(self) -> bool:
        """Take up the work again when the data folder had vanished and is back, with the same store; whether it did.

        Any thread, but blocks while the workers start anew. Costs next to nothing while nothing had vanished.

        Raises:
            StoreBusy, StoreError: It is back and cannot be used yet. Try again later.
        """
        crew = self.lifecycle.crew
        if crew is None or not self.store_is_gone:
            return False
        if not knows_worker(self.repository.path, crew.worker_id):
            return False  # not there, or another store in its place
        # What is open leads to the folder that went: the workers' last words shall reach the one that came.
        self.repository.engine.dispose()
        for store in self.contents.opened():
            store.engine.dispose()
        if self.lifecycle.stop(self.settings.thread_join_timeout):
            raise StoreBusy("A worker did not end in time. Quit the program and start it again.")
        self.contents.close()
        self.lifecycle.start(batch_id=crew.batch_id)
        self.events.trouble("", "", "")
        return True

    def mend(self, findings: Sequence[Finding]) -> list[Mended]:
        """Mend what can be derived of what ``check`` found; what was done. Check again to see what is left.

        Raises:
            StoreReadOnly, StoreBusy, StoreFull: The store cannot be written.
        """
        from ingest_desktop.infrastructure.fixes import fix_store

        return fix_store(self.repository, self.contents, findings)

    def close(self) -> list[str]:
        """Finish the segments in hand, commit, end every thread and child; names of threads that did not end."""
        self.reach.stop()
        late = self.lifecycle.stop(self.settings.thread_join_timeout)
        self.prober.close()
        is_there = self.repository.path.exists()  # else the data folder is gone: no piece of it is made anew
        if self.lifecycle.has_worked and is_there:
            take_quietly(self.repository, self.persistence)
            self.repository.reserve.keep(self.settings.min_free_bytes)  # a short run had no care taken of the store
        if not late:  # a late thread may still use them
            self.contents.close()
            self.repository.close()
        return late


def build_app(
    settings: Settings,
    *,
    actor: Actor,
    label: str,
    worker_host: Callable[[Worker], WorkerHost] | None = None,
    read_only_ok: bool = False,
) -> App:
    """Open the store and put the rooms together. Touches the disk; starts no worker.

    Args:
        actor: Who asks, for the history of jobs.
        label: What this process is called in the list of workers.
        worker_host: Hosts a worker in a thread; plain threads unless given.
        read_only_ok: Whether a store that we may not write is good enough, because nothing will be changed.

    Raises:
        StoreTooNew, StoreDamaged, StoreBusy, StoreFull, StoreError: The store cannot be opened.
    """
    root = settings.data_root
    unknown = unknown_settings(root)
    _guard_ledger(root)
    repository = Ledger(
        root,
        lease_seconds=settings.lease_seconds,
        longest_wait_seconds=max(settings.retry_cap_seconds, settings.retry_base_seconds),
        queue_limit=settings.queue_limit,
        busy_timeout_seconds=settings.busy_timeout,
        read_only_ok=read_only_ok,
        reserve_bytes=settings.reserve_bytes,
    )
    for name in unknown:  # now that there is a folder for the log
        _log.warning("unknown setting", extra={"cause": str(name)})
    contents = KnowledgeBaseStores(
        root / "knowledge_bases",
        backup_dir=root / "backups",
        busy_timeout_seconds=settings.busy_timeout,
        read_only_ok=read_only_ok,
        floor_bytes=settings.content_floor_bytes,
        owes_text=repository.owes_text,
        ledger=repository.path,
    )
    persistence = open_persistence(settings.persistence, root)
    hub, board, metrics = EventHub(), ProgressBoard(), Metrics(enabled=settings.enable_metrics)
    passwords = PasswordBook()
    metrics.count_jobs_with(lambda: _by_status(repository))
    housekeeping = Housekeeping(repository, contents, settings)

    prober = Prober(ProbeProcess)

    def make_crew(worker_id: str, batch_id: str | None) -> Crew:
        return _crew(
            worker_id,
            batch_id,
            app.settings,
            repository,
            contents,
            housekeeping,
            hub,
            board,
            metrics,
            passwords,
            prober,
        )

    def is_current(recipe: str) -> bool:
        return recipe_is_current(recipe, app.settings.extract_options)

    lifecycle = WorkerLifecycle(repository, make_crew, worker_host or ThreadHost, label=label)
    submitter = Submitter(
        repository, contents, hub, is_current, own_folder=os.path.abspath(root), takes_all=guests_are_installed
    )
    reach = Reach(repository, lambda job_ids: service.on_retried(job_ids), prober)
    service = IngestionService(
        repository,
        contents,
        lifecycle,
        housekeeping,
        submitter,
        hub,
        board,
        actor=actor,
        tools=lambda: tools_there(app.settings.extract_options),
        reach=reach,
        passwords=passwords,
    )
    search = SearchService(repository, contents, FullTextIndex(contents.of))
    app = App(
        settings,
        repository,
        contents,
        service,
        search,
        lifecycle,
        housekeeping,
        hub,
        board,
        metrics,
        persistence,
        reach,
        passwords,
        prober,
    )
    return app


def _guard_ledger(root: Path) -> None:
    """Finish a repair that was killed, and let nobody take a ledger that is lost, or lost its bytes, for a new one."""
    path = root / LEDGER_FILE
    finish_swap(path)
    if path.is_dir():
        raise LedgerDamaged(f"The store's file is a folder: {path}.")
    has_traces = any((root / "knowledge_bases").glob("*/kb.db")) or any((root / BACKUPS_FOLDER).glob("ledger-*.db"))
    refuse_emptied(path, LedgerDamaged, has_traces=has_traces)
    if has_traces and not path.exists():  # asked in this order: whoever makes a store makes the ledger first
        raise LedgerDamaged(f"The store's file is not there any more: {path}.")
    refuse_marked_ledger(root)


def _crew(
    worker_id: str,
    batch_id: str | None,
    settings: Settings,
    repository: Ledger,
    contents: KnowledgeBaseStores,
    housekeeping: Housekeeping,
    hub: EventHub,
    board: ProgressBoard,
    metrics: Metrics,
    passwords: PasswordBook,
    prober: Prober,
) -> Crew:
    scheduler = Scheduler(
        repository, contents, settings, board, worker_id=worker_id, batch_id=batch_id, passwords=passwords
    )
    queue = ResultQueue(settings.queue_capacity)

    poll = settings.consumer_poll_interval
    producers = [
        Producer(
            f"producer-{number}", scheduler, queue, lambda: _child(settings), board, poll_seconds=poll, prober=prober
        )
        for number in range(1, settings.worker_count + 1)
    ]
    consumer = Consumer(scheduler, queue, repository, contents, settings, hub, metrics)
    power = PowerWatch(scheduler, settings, hub, battery_charge)
    care = CareWatch(Caretaker(repository, contents), settings, scheduler, hub)
    steward = Steward(
        scheduler,
        lambda: producers,
        repository,
        housekeeping,
        settings,
        hub,
        board,
        worker_id=worker_id,
        power=power,
        care=care,
    )
    steward.watch_disk()  # before the first claim
    care.wake()
    return Crew(scheduler, queue, producers, consumer, steward, worker_id, batch_id)


def _child(settings: Settings) -> ChildProcess:
    return ChildProcess(
        memory_bytes=settings.child_memory_bytes,
        cpu_seconds=settings.child_cpu_seconds,
        wall_seconds=settings.child_wall_seconds,
        tasks=settings.child_tasks,
        recycle_bytes=settings.child_recycle_bytes,
        nice=settings.child_nice,
    )


def tools_there(options: ExtractOptions) -> frozenset[Tool]:
    """The programs of others that would be used now. Looks at a few places on the disk; starts nothing."""
    from ingest_desktop.extraction.libreoffice import find_office
    from ingest_desktop.extraction.ocr import find_program

    found = {Tool.RECOGNITION: options.ocr and find_program(), Tool.OFFICE: find_office()}
    return frozenset(tool for tool, program in found.items() if program)


def recipe_is_current(recipe: str, options: ExtractOptions) -> bool:
    """Whether a stored recipe is what would be done today: reader, its version, sizes."""
    match = _RECIPE.match(recipe)
    if match is None:
        return False
    reader, version = match["reader"], int(match["version"])
    if reader_version(reader) != version:
        return False
    plain = recipe.partition(" ocr=")[0]  # whether text recognition is there today is for a person to act on
    plain = plain.partition(" unlocked=")[0]  # so are passwords
    plain = plain.partition(" inside=")[0].partition(" office=")[0]  # and what another program made of it
    shapes: tuple[str, ...] = ("",)
    if " inner=" in plain:
        steady = steady_shape(options)
        shapes = (steady, f"segment={options.segment_bytes} {steady}")
    return any(
        recipe_of(reader, version, options, unit, shape) == plain
        for unit in ("page", "byte", "whole")
        for shape in shapes
    )


def _by_status(repository: Ledger) -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, status), number in repository.counts().by_status.items():
        found[status.value] = found.get(status.value, 0) + number
    return found
