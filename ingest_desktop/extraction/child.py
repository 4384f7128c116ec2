"""The child process: takes tasks from its standard input, reads files, and sends back what it found.

Started as ``python -m ingest_desktop.extraction.child``; a frozen build calls ``main`` when its first argument is
``--extraction-child``. Imports no Qt, no SQL and no pydantic. Libraries cannot disturb the frames: what they print
goes nowhere.
"""

import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from ingest_desktop.domain.errors import LeftOut
from ingest_desktop.domain.wire import (
    ExtractOptions,
    Failed,
    LookItem,
    LookLot,
    Message,
    Ready,
    Secrets,
    SegmentTask,
    Task,
    TaskDone,
    Unsettled,
    Working,
)
from ingest_desktop.extraction import probe
from ingest_desktop.extraction.frames import pack, read_frame
from ingest_desktop.extraction.limits import ChildLimits, Limiter, peak_bytes
from ingest_desktop.extraction.look import NotSettled, Progress, as_source_error, look, read_segment
from ingest_desktop.extraction.registry import Registry
from ingest_desktop.extraction.sandbox import close_network

FLAG = "--extraction-child"
_WORKING_EVERY_SECONDS = 0.2
_COALESCE_BYTES = 128 * 1024  # messages travel together until there is so much of them
_GC_THRESHOLD = 50_000


class Outbox:
    """Sends messages. Small ones wait for each other, but not for a file that may bring the process down."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def put(self, message: Message) -> None:
        """Send a message soon: the stream holds it back until it is full, or told to ``flush``.

        Raises:
            TypeError: There is something in the message that cannot be sent; nothing was.
            MemoryError: There is no room to pack it; nothing was sent.
        """
        self._stream.write(pack(message))

    def flush(self) -> None:
        """Send what waits, now."""
        self._stream.flush()


class Server:
    """Does tasks, one after the other."""

    def __init__(self, outbox: Outbox, limiter: Limiter, registry: Registry) -> None:
        self._outbox, self._limiter, self._registry = outbox, limiter, registry
        self._next_working = 0.0

    def run(self, task: Task) -> None:
        """Do one task and send ``TaskDone`` at its end. Trouble with a file is sent, never raised."""
        self._next_working = time.monotonic() + _WORKING_EVERY_SECONDS
        if isinstance(task, LookLot):
            for item in task.items:
                self._file(item.key, item.secrets, partial(self._look, item, task.options))
        else:
            read = partial(read_segment, task, self._registry, self._progress(task.key))
            self._file(task.key, task.secrets, read)
        self._outbox.put(TaskDone(peak_bytes()))
        self._outbox.flush()

    def _look(self, item: LookItem, options: ExtractOptions) -> Message:
        try:
            return look(item, options, self._registry, self._progress(item.key), self._outbox.flush)
        except NotSettled as young:
            return Unsettled(item.key, young.signature, young.wait_seconds)

    def _file(self, key: int, secrets: Secrets, work: Callable[[], Message]) -> None:
        self._limiter.begin_file()
        try:
            message = work()
            self._limiter.end_file()
        except Exception as error:  # noqa: BLE001  no file can take the process down
            self._limiter.end_file()
            if isinstance(error, MemoryError):  # the answer needs some of what the parser still holds
                traceback.clear_frames(error.__traceback__)
            message = self._failed(key, error, secrets)
        try:
            self._outbox.put(message)
        except (TypeError, MemoryError) as error:
            del message
            self._outbox.put(self._failed(key, error, secrets))

    def _failed(self, key: int, error: Exception, secrets: Secrets) -> Failed:
        mapped = as_source_error(error)
        detail = "" if mapped is error else "".join(traceback.format_exception(error, limit=-20))[-8000:]
        if secrets:  # what a library says may hold what it was given
            detail = "" if mapped is error else "".join(traceback.format_tb(error.__traceback__, limit=-20))[-8000:]
        reason = mapped.reason if isinstance(mapped, LeftOut) else ""
        return Failed(key, mapped.code, _without(secrets, str(mapped)), detail, mapped.final, reason)

    def _progress(self, key: int) -> Progress:
        def progress(phase: str, done: int, total: int, unit: str) -> None:
            now = time.monotonic()
            if now >= self._next_working:
                self._next_working = now + _WORKING_EVERY_SECONDS
                self._outbox.put(Working(key, phase, done, total, unit))
                self._outbox.flush()

        return progress


def _without(secrets: Secrets, sentence: str) -> str:
    """A sentence of a reader without any password, should one have got into it.

    Plain words stay: our own sentences say "password", and to blot it out there would tell that it is one.
    """
    for secret in secrets:
        if len(secret) > 2 and not (secret.isascii() and secret.isalpha()):
            sentence = sentence.replace(secret, "…")
    return sentence


def main() -> int:
    """Serve tasks until the parent closes the pipe."""
    if sys.argv[2:3] == [probe.FLAG]:  # a frozen build has one door for all its processes
        return probe.main()
    # Ctrl+C, a closed terminal and the end of a session reach the whole group; the parent decides when we end.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    inbox, stream = _take_pipes()
    close_network()
    try:
        limits: ChildLimits = read_frame(inbox)
        limiter = Limiter(limits)
        limiter.settle()
        gc.freeze()
        gc.set_threshold(_GC_THRESHOLD, 20, 100)
        outbox = Outbox(stream)
        server = Server(outbox, limiter, Registry())
        outbox.put(Ready())
        outbox.flush()
        while True:
            task: LookLot | SegmentTask = read_frame(inbox)
            server.run(task)
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return 0


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Our own ends of the pipes; what else the process reads or prints is cut off from them."""
    inbox = os.fdopen(os.dup(0), "rb", buffering=1024 * 1024)
    outbox = os.fdopen(os.dup(1), "wb", buffering=_COALESCE_BYTES)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(inbox.fileno(), os.O_BINARY)
        msvcrt.setmode(outbox.fileno(), os.O_BINARY)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  lives as long as the process
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    return inbox, outbox


if __name__ == "__main__":
    sys.exit(main())
