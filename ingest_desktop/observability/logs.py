"""The log: JSON lines in ``logs/ingest.log``, readable lines on the console, ids of the work on each.

Code logs an event name with fields: ``log.info("job ended", extra={"outcome": "ingested"})``. What a
worker does for a job happens inside ``work_context``; the handlers put its ids on every line. Neither
a document's text nor a password goes into a field. Trouble with writing the log never reaches the work.
"""

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

LOG_FOLDER: Final = "logs"
LOG_FILE: Final = "ingest.log"
ROOT_LOGGER: Final = "ingest_desktop"
WORK_FIELDS: Final = ("job_id", "kb_id", "batch_id")

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", *WORK_FIELDS}
_MAX_FIELD_CHARS: Final = 8_000  # a traceback fits; a document that slipped in does not
_work: ContextVar[Mapping[str, str]] = ContextVar("ingest_desktop_work", default={})  # noqa: B039 - never changed

_replaced_hooks: Final[list[Callable[[threading.ExceptHookArgs], Any]]] = []


class LogSettings(Protocol):
    """The part of the settings that the log needs."""

    @property
    def data_root(self) -> Path:
        """The folder that holds ``logs/``."""
        ...

    @property
    def log_level(self) -> Any:
        """``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``."""
        ...

    @property
    def log_bytes(self) -> int:
        """Size in bytes at which a file is rotated."""
        ...

    @property
    def log_files(self) -> int:
        """How many old files are kept."""
        ...


@contextmanager
def work_context(*, job_id: str | None = None, kb_id: str | None = None, batch_id: str | None = None) -> Iterator[None]:
    """Put these ids on every log line of this thread (or task) until the block ends. Nests; None keeps what is set.

    A context does not follow work into another thread: set it where the work is taken up.
    """
    ids = {"job_id": job_id, "kb_id": kb_id, "batch_id": batch_id}
    token = _work.set({**_work.get(), **{name: value for name, value in ids.items() if value is not None}})
    try:
        yield
    finally:
        _work.reset(token)


def _add_work(record: logging.LogRecord) -> bool:
    """Filter of the handlers, so that lines of every logger, other libraries' too, carry the ids."""
    for name, value in _work.get().items():
        if not hasattr(record, name):  # what the call itself says wins
            setattr(record, name, value)
    return True


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time level logger event``, the ids, then the fields of the call."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": _short(record.getMessage()),
            "thread": record.threadName,
        }
        line.update({name: str(value) for name in WORK_FIELDS if (value := getattr(record, name, None)) is not None})
        line.update(fields_of(record))
        if record.exc_info:
            line["traceback"] = _short(self.formatException(record.exc_info))
        # Paths may hold surrogate escapes; ASCII output writes them as \\udcXX and stays valid UTF-8.
        return json.dumps(line, ensure_ascii=True, default=_plain)


class ReadableLines(logging.Formatter):
    """``12:30:05 WARNING event key=value job_id=...`` for a person at a console; local time."""

    def format(self, record: logging.LogRecord) -> str:
        fields = fields_of(record)
        fields.update({name: getattr(record, name) for name in WORK_FIELDS if getattr(record, name, None) is not None})
        when = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        tail = "".join(f" {name}={_one_line(value)}" for name, value in fields.items())
        text = f"{when} {record.levelname} {_one_line(record.getMessage())}{tail}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What the call gave as ``extra``, each value cut to a bearable length."""
    return {
        name: _short(value) if isinstance(value, str) else value
        for name, value in vars(record).items()
        if name not in _STANDARD and not name.startswith("_")
    }


def _short(text: str) -> str:
    return text if len(text) <= _MAX_FIELD_CHARS else f"{text[:_MAX_FIELD_CHARS]} [{len(text)} characters]"


def _plain(value: object) -> str:
    try:
        return _short(str(value))
    except Exception:  # noqa: BLE001 - a broken __str__ must not cost the line
        return f"<{type(value).__name__}>"


def _one_line(value: object) -> str:
    return _plain(value).replace("\n", "\\n").replace("\r", "\\r")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class QuietFileHandler(RotatingFileHandler):
    """A rotating file, readable by its owner only, that gives up on a line rather than on the work.

    Two processes may log to one store: each appends whole lines, and a rotation that the other
    process holds up (Windows) is tried again at the next line.
    """

    def __init__(self, path: Path, *, max_bytes: int, backups: int) -> None:
        super().__init__(path, maxBytes=max_bytes, backupCount=backups, encoding="utf-8", delay=True)
        self.lost = 0  # lines that could not be written

    def _open(self) -> TextIOWrapper:
        # Not its parents: the data folder is made by the store, and one that has vanished is not made anew.
        Path(self.baseFilename).parent.mkdir(mode=0o700, exist_ok=True)
        return open(self.baseFilename, "a", encoding="utf-8", errors="backslashreplace", opener=_private)

    def emit(self, record: logging.LogRecord) -> None:
        self._follow()
        super().emit(record)

    def doRollover(self) -> None:
        try:
            super().doRollover()
        except OSError:
            if self.stream is None:  # the base class closed it first
                self.stream = self._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - the base class's form
        """A full disk, a vanished folder: count the line and go on; the next one may fare better."""
        self.lost += 1
        self._close_stream()

    def _close_stream(self) -> None:
        """Close the file; the next line opens it anew. Unwritten bytes of a full disk are given up."""
        stream, self.stream = self.stream, None
        try:
            if stream is not None:
                stream.close()
        except OSError:
            pass

    def _follow(self) -> None:
        """Open the file anew when another process has rotated it away, or someone deleted it."""
        if self.stream is None or os.name == "nt":
            return
        try:
            there, ours = os.stat(self.baseFilename), os.fstat(self.stream.fileno())
            moved = (there.st_ino, there.st_dev) != (ours.st_ino, ours.st_dev)
        except OSError:
            moved = True
        if moved:
            self._close_stream()


class QuietConsole(logging.StreamHandler[TextIO]):
    """Standard error; silent once nobody reads it any more (a closed terminal or pipe)."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: there is nowhere to tell it."""


def setup_logging(settings: LogSettings, *, console: bool) -> Path:
    """Log to ``logs/ingest.log`` under the data root and, when asked, to standard error. Any call replaces the last.

    Exceptions that leave a thread are logged as well. Nothing is raised when the folder cannot be
    written; lines are then lost, work is not.

    Args:
        console: Also write readable lines of level WARNING (or the set level, when higher) to standard error.

    Returns:
        The path of the log file.
    """
    path = settings.data_root / LOG_FOLDER / LOG_FILE
    close_logging()
    logger = logging.getLogger(ROOT_LOGGER)
    logger.setLevel(settings.log_level)
    logger.propagate = False  # ours alone: a host program's handlers do not get our lines twice
    _attach(logger, QuietFileHandler(path, max_bytes=settings.log_bytes, backups=settings.log_files), JsonLines())
    if console and sys.stderr is not None:  # None in a windowed program on Windows
        handler = QuietConsole(sys.stderr)
        handler.setLevel(max(logging.WARNING, logger.level))
        _attach(logger, handler, ReadableLines())
    logging.captureWarnings(False)
    if threading.excepthook is not _log_thread_exception:
        _replaced_hooks.append(threading.excepthook)
        threading.excepthook = _log_thread_exception
    return path


def _attach(logger: logging.Logger, handler: logging.Handler, formatter: logging.Formatter) -> None:
    handler.setFormatter(formatter)
    handler.addFilter(_add_work)
    logger.addHandler(handler)


def close_logging() -> None:
    """Take our handlers off and close them. Any number of times."""
    logger = logging.getLogger(ROOT_LOGGER)
    for handler in list(logger.handlers):
        if isinstance(handler, QuietFileHandler | QuietConsole):
            logger.removeHandler(handler)
            handler.close()
    logger.propagate = True
    if threading.excepthook is _log_thread_exception:
        threading.excepthook = _replaced_hooks.pop()


def _log_thread_exception(args: threading.ExceptHookArgs) -> None:
    """Record what left a thread; it would otherwise be printed at best, and nobody looks there."""
    if args.exc_type is SystemExit:
        return
    name = args.thread.name if args.thread else "?"
    exc_info = (args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
    logging.getLogger(ROOT_LOGGER).critical("thread failed", exc_info=exc_info, extra={"failed_thread": name})
