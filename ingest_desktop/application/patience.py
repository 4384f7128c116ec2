"""Searches of folders that do not hang with the file system they look into.

A call to a network folder whose server is gone may never return. So the search runs in a thread of its own, which is
left behind when nothing moves in it for long; whoever asked goes on, and hears why.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ingest_desktop.domain.errors import SourceUnreadable

PATIENCE_SECONDS: Final = 60.0  # a folder of a million names takes long to list, and nothing moves meanwhile
LOOK_SECONDS: Final = 0.2  # between two looks whether somebody wants it to stop
AHEAD: Final = 2  # what is found and not yet taken: a search waits then, so that memory does not grow with it
SILENT: Final = (
    "The disk or the network folder does not answer. What was found of this drop is in the list; "
    "the rest is looked for at the next start."
)

T = TypeVar("T")


@dataclass(slots=True)
class _End:
    """The last that a search hands over: why it ended, if not by itself."""

    error: BaseException | None


class _Search(Generic[T]):
    """One search, and the thread that it runs in. It is a daemon: where it hangs it ends with the process."""

    def __init__(self, find: Callable[[], Iterable[T]]) -> None:
        self._find = find
        self.found: queue.Queue[tuple[T] | _End] = queue.Queue(AHEAD)
        self.left = threading.Event()
        threading.Thread(target=self._run, name="search", daemon=True).start()

    def _run(self) -> None:
        try:
            for item in self._find():
                if not self._hand_over((item,)):
                    return
            error: BaseException | None = None
        except BaseException as raised:  # noqa: BLE001 - it is raised again where it is waited for
            error = raised
        self._hand_over(_End(error))

    def _hand_over(self, item: tuple[T] | _End) -> bool:
        while not self.left.is_set():
            try:
                self.found.put(item, timeout=LOOK_SECONDS)
            except queue.Full:
                continue
            return True
        return False


def patiently(
    find: Callable[[], Iterable[T]],
    moved: Callable[[], int],
    stop: threading.Event | None = None,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Iterator[T]:
    """What a search finds, item by item.

    Args:
        find: The search. It is called and run in another thread.
        moved: A number that changes while the search gets on. Any thread may ask for it.
        stop: Ends the wait at once; so does closing the iterator.
        patience_seconds: The longest time in which nothing moves.

    Raises:
        SourceUnreadable: Nothing moved for that long. And whatever ``find`` raises.
    """
    search = _Search(find)
    try:
        seen, since = moved(), time.monotonic()
        while not (stop is not None and stop.is_set()):
            try:
                item = search.found.get(timeout=min(LOOK_SECONDS, patience_seconds))
            except queue.Empty:
                if moved() != seen:
                    seen, since = moved(), time.monotonic()
                elif time.monotonic() - since >= patience_seconds:
                    raise SourceUnreadable(SILENT) from None
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item[0]
            seen, since = moved(), time.monotonic()
    finally:
        search.left.set()
