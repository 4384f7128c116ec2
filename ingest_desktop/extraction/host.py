"""The parent's side of a reading process: starts it, hands it tasks, limits its time, ends and replaces it."""

import contextlib
import io
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO, Final, cast

from ingest_desktop.domain.errors import LimitExceeded, ReaderCrashed, ReaderNotStarted
from ingest_desktop.domain.interfaces.extraction import TookTooLong
from ingest_desktop.domain.wire import Message, Ready, Task, TaskDone, Working
from ingest_desktop.extraction.frames import BadFrame, read_message, write_frame
from ingest_desktop.extraction.limits import ChildLimits, cpu_message, memory_message, taken_bytes

_MODULE = "ingest_desktop.extraction.child"
_FLAG = "--extraction-child"
_CLOSE_SECONDS = 1.0
_LOOK_MS = 500  # between two looks whether a process that says nothing is still there
_SAMPLE_SECONDS = 0.1  # between two looks at the memory of a process; more often is felt by all files
_EXHAUSTED = 0.5  # of what its limit leaves to a file: a parser that doubles what it has is refused when it has half
_PIPE_BYTES = 1024 * 1024  # with the usual 64 KiB, parent and child wake each other all the time
_BUFFER_BYTES = 256 * 1024
_abandoned: Final[list["subprocess.Popen[bytes]"]] = []  # killed, and hanging in a file system that does not answer


class ChildProcess:
    """One reading process; fulfils ``ExtractionChild``.

    ``run`` and ``close`` belong to one thread, ``kill`` and ``pid`` to any. On Linux the process ends with the
    thread that started it, so that thread has to outlive it.

    Args:
        memory_bytes: Address space of the process. Enforced where the system can.
        cpu_seconds: Processor time of one file or segment.
        wall_seconds: Longest wait for the end of one file or segment.
        tasks: The process is replaced after this many tasks.
        recycle_bytes: The process is replaced between two tasks when its peak memory is above this.
        nice: How far it steps back behind other programs.
    """

    def __init__(
        self,
        *,
        memory_bytes: int = 2048 * 1024 * 1024,
        cpu_seconds: float = 60.0,
        wall_seconds: float = 300.0,
        tasks: int = 2000,
        recycle_bytes: int = 300 * 1024 * 1024,
        nice: int = 10,
    ) -> None:
        self._memory_bytes, self._cpu_seconds, self._wall_seconds = memory_bytes, cpu_seconds, wall_seconds
        self._max_tasks, self._recycle_bytes, self._nice = tasks, recycle_bytes, nice
        self._lock = threading.Lock()  # guards the process handle against a kill from another thread
        self._process: subprocess.Popen[bytes] | None = None
        self._inbox: BinaryIO | None = None  # what the process sends
        self._ready = False  # the process said that it is
        self._tasks = 0
        self._peak_bytes = 0
        self._clock: _Clock | None = None  # of the process
        self._closed = False
        self._overdue = False
        self._ended = False  # by ``kill``: then memory is not the cause
        self._killed_at = 0.0  # ticks, once it was

    @property
    def pid(self) -> int | None:
        """The process id while a process is alive."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def run(self, task: Task, on_message: Callable[[Message], None]) -> None:
        """Send a task and hand over its messages as they arrive. See ``ExtractionChild``."""
        if self._closed:
            raise RuntimeError("The child was closed.")
        if self._process is not None and self._worn_out():
            self._end()
        process = self._process or self._start()
        self._overdue = self._ended = False
        clock = self._clock = self._clock or self._new_clock(process)
        try:
            with clock:
                self._converse(process, task, on_message, clock)
        except (EOFError, OSError) as error:
            raise self._obituary(process, clock.taken) from error
        except BadFrame as error:
            self.kill()
            self._bury(process)
            raise ReaderCrashed(f"The process that read the file answered nonsense ({error}).") from error
        except BaseException:  # the receiver's fault: the rest of the task must not reach the next one
            self.kill()
            self._bury(process)
            raise
        self._tasks += 1

    def kill(self) -> None:
        """End the process at once. Any thread."""
        with self._lock:
            process = self._process
            if process is not None and process.returncode is None:
                self._ended, self._killed_at = True, self._killed_at or time.monotonic()
                self._strike(process)

    def close(self) -> None:
        """End the process in good order, or by force after a second."""
        self._closed = True
        self._end()

    def _worn_out(self) -> bool:
        process = self._process
        if process is not None and process.poll() is not None:
            return True  # it died between two tasks: nobody's fault
        return self._tasks >= self._max_tasks or self._peak_bytes > self._recycle_bytes

    def _converse(
        self, process: "subprocess.Popen[bytes]", task: Task, on_message: Callable[[Message], None], clock: "_Clock"
    ) -> None:
        inbox, outbox = cast(BinaryIO, self._inbox), cast(BinaryIO, process.stdin)
        write_frame(outbox, task)
        outbox.flush()
        if not self._ready:
            if type(read_message(inbox)) is not Ready:
                raise BadFrame("something else than that it is ready")
            self._ready = True
            clock.restart()
        while True:
            message = read_message(inbox)
            if type(message) is TaskDone:
                self._peak_bytes = message.peak_bytes
                return
            if type(message) is not Working or message.phase == "recognising":
                clock.restart()  # each picture has a limit of its own, and so has their number
            on_message(message)

    def _start(self) -> "subprocess.Popen[bytes]":
        """Start a process and tell it its limits."""
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        with self._lock:
            try:
                process = subprocess.Popen(
                    command(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    bufsize=_BUFFER_BYTES,
                    close_fds=True,
                    start_new_session=sys.platform != "win32",  # what it forks can be ended with it
                    creationflags=flags,
                    env=_environment(),
                )
            except OSError as error:
                raise ReaderNotStarted(f"No process that reads files can be started ({error.strerror}).") from error
            self._process, self._killed_at, self._ready = process, 0.0, False
        self._inbox = cast(BinaryIO, process.stdout)
        _widen(self._inbox)
        if sys.platform != "win32":
            answers = _Answers(self._inbox, lambda: self._is_over(process))
            self._inbox = cast(BinaryIO, io.BufferedReader(answers, _BUFFER_BYTES))
        self._tasks = self._peak_bytes = 0
        limits = ChildLimits(self._memory_bytes, self._cpu_seconds, self._nice, os.getpid())
        try:
            write_frame(cast(BinaryIO, process.stdin), limits)
        except OSError as error:
            raise self._obituary(process) from error
        return process

    def _new_clock(self, process: "subprocess.Popen[bytes]") -> "_Clock":
        try:
            return _Clock(self._wall_seconds, self._time_is_up, process.pid, self._memory_bytes)
        except RuntimeError as error:  # a process without a limit of time may hang for ever
            self._end()
            raise ReaderNotStarted("The system lets the program start no more threads.") from error

    def _time_is_up(self) -> None:
        self._overdue = True
        self.kill()

    def _obituary(
        self, process: "subprocess.Popen[bytes]", taken: float = 0.0
    ) -> LimitExceeded | ReaderCrashed | ReaderNotStarted:
        """Bury a dead process and say why it died; ``taken`` is the share of memory that its last file had."""
        code = self._bury(process)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        if not self._ready and (self._overdue or not self._ended):
            why = (
                f"was not ready after {self._wall_seconds:g} seconds"
                if self._overdue
                else f"ended at its start ({how})"
            )
            return ReaderNotStarted(f"The process that reads files {why}.")
        if self._overdue:
            return TookTooLong(
                f"Reading took longer than {self._wall_seconds:g} seconds (INGESTION_CHILD_WALL_SECONDS)."
            )
        if sys.platform != "win32" and code == -signal.SIGXCPU:
            return LimitExceeded(cpu_message(self._cpu_seconds))
        if code < 0 and not self._ended and taken >= _EXHAUSTED:
            return LimitExceeded(memory_message())  # libraries in C and Rust abort or fault when they are refused more
        return ReaderCrashed(f"The process that read the file ended unexpectedly ({how}).")

    def _is_over(self, process: "subprocess.Popen[bytes]") -> bool:
        """Whether nothing more is to be expected of a process: it ended, or was killed and does not end."""
        killed_at = self._killed_at
        return process.poll() is not None or (killed_at > 0 and time.monotonic() - killed_at > _CLOSE_SECONDS)

    def _bury(self, process: "subprocess.Popen[bytes]") -> int:
        """Make sure that the process is gone, or at least that nobody waits for it; its exit code."""
        code = _exit_code(process)
        self._strike(process)  # when it is late; and what it forked, which would live on
        if code is None:
            code = _exit_code(process)
        if code is None:
            _abandoned.append(process)
            code = -signal.SIGTERM
        _abandoned[:] = [lost for lost in _abandoned if lost.poll() is None]
        with self._lock:
            self._process = None
        if self._clock is not None:
            self._clock.close()
            self._clock = None
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what was not yet written has no reader
                cast(BinaryIO, stream).close()
        return code

    def _strike(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill a process with its group. The number of a group is not given anew while there is anybody in it."""
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)

    def _end(self) -> None:
        """End the process in good order: it stops when its input ends."""
        process = self._process
        if process is not None:
            with contextlib.suppress(OSError):
                cast(BinaryIO, process.stdin).close()
            self._bury(process)


class _Answers(io.RawIOBase):
    """What a process sends, up to its end. What it forked may hold the pipe open, so the end of the pipe is not waited for.

    Not for Windows, where nothing is forked.

    Args:
        pipe: What it writes into.
        is_over: Whether nothing more is to be expected of it.
    """

    def __init__(self, pipe: BinaryIO, is_over: Callable[[], bool]) -> None:
        self._descriptor, self._is_over = pipe.fileno(), is_over
        self._ready = select.poll()
        self._ready.register(self._descriptor, select.POLLIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._ready.poll(_LOOK_MS):
            if self._is_over() and not self._ready.poll(0):
                return 0
        return os.readv(self._descriptor, [buffer])


def _exit_code(process: "subprocess.Popen[bytes]") -> int | None:
    """The exit code of a process that is about to end; None when it does not."""
    try:
        return process.wait(_CLOSE_SECONDS)
    except subprocess.TimeoutExpired:
        return None


class _Clock:
    """Calls back when a task of a process makes no headway for too long; watches the memory of it meanwhile.

    One for each process, with one thread: to start a thread for each task is felt. It sleeps while there is none.

    Args:
        seconds: Longest time without headway.
        on_end: Called then, from the clock's thread.
        pid: The process.
        memory_bytes: Address space that the process may have.
    """

    def __init__(self, seconds: float, on_end: Callable[[], None], pid: int, memory_bytes: int) -> None:
        self._seconds, self._on_end, self._pid, self._memory_bytes = seconds, on_end, pid, memory_bytes
        self._before_bytes = self._most_bytes = self._last_bytes = taken_bytes(pid)
        self._pause_seconds = _SAMPLE_SECONDS if self._before_bytes else seconds
        self._changed = threading.Condition()
        self._has_task = self._sleeps = self._closed = False
        self._deadline = 0.0
        threading.Thread(target=self._watch, name="child-clock", daemon=True).start()

    def restart(self) -> None:
        """A file is done: the next one has all its time."""
        self._deadline = time.monotonic() + self._seconds
        self._most_bytes = 0

    @property
    def taken(self) -> float:
        """The most memory that was seen since the last file was done, of what the limit leaves; 0 where nobody tells."""
        room = max(1, self._memory_bytes - self._before_bytes)
        return max(0, self._most_bytes - self._before_bytes) / room

    def __enter__(self) -> None:
        with self._changed:
            self._before_bytes = self._last_bytes
            self.restart()
            self._has_task = True
            if self._sleeps:
                self._changed.notify()

    def __exit__(self, *_: object) -> None:
        with self._changed:  # once we are out, it cannot strike the next task
            self._has_task = False

    def close(self) -> None:
        """The process is gone."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                self._sleeps = not self._has_task
                left = max(0.0, self._deadline - time.monotonic())
                self._changed.wait(None if self._sleeps else min(self._pause_seconds, left))
                if not self._has_task or self._closed:
                    continue
                self._last_bytes = taken_bytes(self._pid)
                self._most_bytes = max(self._most_bytes, self._last_bytes)
                if time.monotonic() >= self._deadline:
                    self._has_task = False  # once is enough
                    self._on_end()


def _widen(pipe: BinaryIO) -> None:
    """Let more travel at once, where the system permits it."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def command() -> list[str]:
    """How to start a reading process from here."""
    if getattr(sys, "frozen", False):
        return [sys.executable, _FLAG]
    return [sys.executable, "-P", "-m", _MODULE]  # without -P, modules in the current folder would be imported


def _environment() -> dict[str, str]:
    """The child's environment: it finds this package wherever the parent did."""
    environment = dict(os.environ)
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    known = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = root + os.pathsep + known if known else root
    return environment
