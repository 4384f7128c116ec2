"""Looks after the store while the program works: finds damage before a person does, and makes the daily copies.

A first look reads each file for a few seconds at most. Once a day every page and index is read, table by table, and only
while nobody asks to stop. A knowledge base that is damaged is paused by itself; see ``holding``.
"""

import logging
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import (
    IngestError,
    LedgerDamaged,
    StoreDamaged,
    StoreError,
    StoreFaulty,
    StoreForbidden,
    StoreTooNew,
)
from ingest_desktop.domain.interfaces.care import CareSettings, Damage
from ingest_desktop.infrastructure.backups import Stopped, back_up_if_due
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores, has_bytes
from ingest_desktop.infrastructure.content_schema import MIGRATIONS
from ingest_desktop.infrastructure.damage import mark_ledger
from ingest_desktop.infrastructure.database import open_read_only, reading, writing
from ingest_desktop.infrastructure.holding import held_bases, hold_base, let_go
from ingest_desktop.infrastructure.ledger import BACKUPS_FOLDER, Ledger
from ingest_desktop.infrastructure.ledger_base import to_micros, to_moment, utc_now
from ingest_desktop.infrastructure.migrations import refuse_newer, stored_version
from ingest_desktop.infrastructure.store_errors import translated_errors
from ingest_desktop.infrastructure.swapping import refuse_emptied

_log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 2.0  # of the first look at one file
WHOLE_EVERY: Final = timedelta(days=1)
_WAITING: Final = (JobStatus.QUEUED, JobStatus.RUNNING)
_STEPS: Final = 20_000  # of SQLite's machine between two looks at the clock
_WHOLE: Final = "looked_through:"
_ERROR_CODE: Final = re.compile(r"error code=(\d+)")


class Caretaker:
    """Fulfils ``StoreCare``. One thread at a time."""

    def __init__(self, ledger: Ledger, contents: KnowledgeBaseStores, clock: Callable[[], datetime] = utc_now) -> None:
        self._ledger = ledger
        self._contents = contents
        self._clock = clock
        self._looked: set[str] = set()
        self._asked: set[str] = set()  # whether their last commits are there
        self._known: dict[str, Damage] = {}

    def care(self, settings: CareSettings, stop: threading.Event) -> list[Damage]:
        """See ``StoreCare``."""
        if not self._ledger.path.exists():  # the data folder is gone: the steward ends the work
            return list(self._known.values())
        self._ledger.reserve.keep(settings.min_free_bytes)
        try:
            return self._round(settings, stop)
        except LedgerDamaged:  # met by a question before it was found
            self._looked.discard("ledger")
            self._look("ledger", self._ledger.path, stop)
            if "ledger" not in self._known:
                raise
            return list(self._known.values())

    def _round(self, settings: CareSettings, stop: threading.Event) -> list[Damage]:
        self.wake()
        self._find_newer()
        with suppress(Stopped):
            for where, path in self._files():
                if not stop.is_set():
                    self._look(where, path, stop)
            for where, path in self._files():
                if where not in self._known and not stop.is_set():
                    self._back_up(where, path, settings, stop)
        lost = self._contents.lost(base.kb_id for base in self._ledger.knowledge_bases())
        held = held_bases(self._ledger)
        self._known = {where: damage for where, damage in self._known.items() if where in {"ledger", *held, *lost}}
        for kb_id in {*held, *lost} - self._known.keys():  # others hold them, too
            code = held.get(kb_id, StoreDamaged.code)
            error = None
            with suppress(IngestError):
                error = self._why_held(kb_id, code)
            if error is not None:
                self._note_held(kb_id, error)
            elif code == StoreDamaged.code:
                self._known[kb_id] = self._damaged(kb_id)
        return list(self._known.values())

    def wake(self) -> list[Damage]:
        """See ``StoreCare``."""
        counts = self._ledger.counts().by_status.items()
        for kb_id in {kb_id for (kb_id, status), number in counts if number and status in _WAITING}:
            self._ask_for_lost(kb_id)
        damaged = []
        for kb_id, code in held_bases(self._ledger).items():
            if code == StoreDamaged.code:  # a repair lets it go
                damaged.append(self._known.get(kb_id) or self._damaged(kb_id))
                continue
            try:
                error = self._why_held(kb_id, code)
            except IngestError:  # damaged, perhaps, or not to be asked now
                continue
            if error is None:
                let_go(self._ledger, kb_id, code)
                self._known.pop(kb_id, None)
            else:
                self._note_held(kb_id, error)
        return [*(damage for damage in self._known.values() if damage not in damaged), *damaged]

    def _damaged(self, kb_id: str) -> Damage:
        return Damage(StoreDamaged.code, kb_id, f"The knowledge base {self._name(kb_id)} is damaged.")

    def _find_newer(self) -> None:
        """Hold what a newer version of the program wrote."""
        for base in self._ledger.knowledge_bases():
            with suppress(IngestError):  # damaged, perhaps: the look that follows finds it
                error = None if base.kb_id in self._looked else self._newer(base.kb_id)
                if error is not None:
                    hold_base(self._ledger, base.kb_id, error.code)
                    self._note_held(base.kb_id, error)

    def _why_held(self, kb_id: str, code: str) -> StoreError | None:
        """What keeps from using one that is held for the error with this code; None when that is over, or it is damage."""
        if code == StoreTooNew.code:
            return self._newer(kb_id)
        return self._contents.forbidden(kb_id) if code == StoreForbidden.code else None

    def _newer(self, kb_id: str) -> StoreTooNew | None:
        path = self._file_of(kb_id)
        try:
            refuse_newer(path, stored_version(path), MIGRATIONS[-1].version)
        except StoreTooNew as error:
            return error
        return None

    def _note_held(self, kb_id: str, error: StoreError) -> None:
        text = f"The knowledge base {self._name(kb_id)} is paused. {error}"
        self._known[kb_id] = Damage(error.code, kb_id, text)

    def _files(self) -> Iterator[tuple[str, Path]]:
        yield "ledger", self._ledger.path
        for base in self._ledger.knowledge_bases():
            yield base.kb_id, self._file_of(base.kb_id)

    def _file_of(self, kb_id: str) -> Path:
        return self._ledger.root / "knowledge_bases" / kb_id / "kb.db"

    def _look(self, where: str, path: Path, stop: threading.Event) -> None:
        """Look into a file for the first time, or through all of it when that is due."""
        if where in self._known:
            return
        try:
            if where != "ledger":
                self._contents.refuse_lost(where)
            if where == "ledger":
                refuse_emptied(path, LedgerDamaged, has_traces=True)
            elif not has_bytes(path):  # nothing was added to it yet, or a full disk ended its making
                return
            if where not in self._looked:
                problem = first_look(path, stop)
                self._looked.add(where)
                if problem is None and where != "ledger":
                    self._ask_for_lost(where)
            elif self._is_due(where):
                problem = look_through(path, stop)
                if problem is None:
                    self._note_whole(where)
            else:
                return
        except StoreDamaged as error:
            problem = str(error)
        except IngestError as error:
            _log.warning("store not looked through", extra={"code": error.code, "cause": str(error)})
            return
        if problem is not None:
            self._note_damage(where, path, problem)

    def _ask_for_lost(self, kb_id: str) -> None:
        """Once for each: where there is work before it begins, as what it stores would hide what is missing."""
        if kb_id in self._asked or any(base.kb_id == kb_id and base.paused for base in self._ledger.knowledge_bases()):
            return
        self._asked.add(kb_id)
        with suppress(IngestError):  # it cannot be used: who looks at it, or wants to write it, tells
            self._read_lost_again(kb_id)

    def _read_lost_again(self, kb_id: str) -> None:
        from ingest_desktop.infrastructure.lost_commits import read_lost_again  # what it knows is of use to few

        number = read_lost_again(self._ledger, self._contents.of(kb_id))
        if number:
            _log.error("last commits lost, files read again", extra={"kb_id": kb_id, "cause": f"{number} jobs"})

    def _note_damage(self, where: str, path: Path, problem: str) -> None:
        _log.error("store damaged", extra={"kb_id": where, "cause": problem})
        if where == "ledger":
            mark_ledger(self._ledger.root, problem)
            text = f"The list of jobs is damaged. {_told(path, problem)}"
            self._known[where] = Damage(LedgerDamaged.code, where, text)
            return
        hold_base(self._ledger, where)
        text = f"The knowledge base {self._name(where)} is damaged and paused. {_told(path, problem)}"
        self._known[where] = Damage(StoreDamaged.code, where, text)

    def _name(self, kb_id: str) -> str:
        return next((base.name for base in self._ledger.knowledge_bases() if base.kb_id == kb_id), kb_id)

    def _is_due(self, where: str) -> bool:
        with reading(self._ledger.engine) as connection:
            sql = "SELECT value FROM app_state WHERE key = ?"
            last = connection.exec_driver_sql(sql, (_WHOLE + where,)).scalar()
        now = self._clock()
        return last is None or not to_moment(int(last)) <= now < to_moment(int(last)) + WHOLE_EVERY

    def _note_whole(self, where: str) -> None:
        with writing(self._ledger.engine, durable=False) as connection:
            sql = "INSERT OR REPLACE INTO app_state (key, value) VALUES (?, ?)"
            connection.exec_driver_sql(sql, (_WHOLE + where, to_micros(self._clock())))

    def _back_up(self, where: str, path: Path, settings: CareSettings, stop: threading.Event) -> None:
        folder = self._ledger.root / BACKUPS_FOLDER
        if where != "ledger":
            if not has_bytes(path) or path.stat().st_size > settings.backup_content_bytes:
                return
            folder = folder / where
        try:
            made = back_up_if_due(
                path, folder, keep=settings.backups, min_free_bytes=settings.min_free_bytes, stop=stop,
                now=self._clock().astimezone(UTC),
            )  # fmt: skip
        except StoreDamaged as error:
            self._note_damage(where, path, str(error))
        except IngestError as error:
            _log.warning("no copy made", extra={"code": error.code, "cause": str(error)})
        else:
            if made is not None:
                _log.info("copy made", extra={"kb_id": where, "size": made.stat().st_size})


def first_look(path: Path, stop: threading.Event) -> str | None:
    """A problem that a few seconds of reading find."""
    end = time.monotonic() + LOOK_SECONDS
    return _asked(path, ["PRAGMA quick_check(1)"], lambda: stop.is_set() or time.monotonic() > end)


def look_through(path: Path, stop: threading.Event) -> str | None:
    """The first problem that reading every page and comparing every index finds, table by table.

    Raises:
        Stopped: ``stop`` was set.
        StoreBusy, StoreError: The file cannot be asked.
    """
    with translated_errors(path), closing(open_read_only(path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    virtual = ("job_names", "chunks_fts", "chunks_terms")  # their rows are in tables of their own
    queries = [f"PRAGMA integrity_check('{name}')" for name in tables if name not in virtual]
    problem = _asked(path, queries, stop.is_set)
    if stop.is_set():
        raise Stopped
    return problem


def _asked(path: Path, queries: list[str], enough: Callable[[], bool]) -> str | None:
    """The first thing that one of these finds. What was not looked at because it was enough counts as sound."""
    with translated_errors(path), closing(open_read_only(path)) as connection:
        connection.set_progress_handler(lambda: int(enough()), _STEPS)
        for query in queries:
            try:
                found = connection.execute(query).fetchone()
            except sqlite3.OperationalError as error:
                if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                    return None
                raise
            except sqlite3.DatabaseError as error:
                return str(error)
            if found is not None and found[0] != "ok":
                _refuse_faulty(path, str(found[0]))
                return str(found[0])
    return None


def _refuse_faulty(path: Path, problem: str) -> None:
    """A page that the disk does not give is not known to be damaged."""
    code = _ERROR_CODE.search(problem)
    if code is not None and int(code[1]) & 0xFF == sqlite3.SQLITE_IOERR:
        raise StoreFaulty(f"The disk that holds the store reports an error: {path} ({problem}).")


def _told(path: Path, problem: str) -> str:
    """Which file it is. What the library says of it is in the log: nobody can do anything with "freelist leaf count"."""
    return problem if str(path) in problem else f"Its file: {path}."
