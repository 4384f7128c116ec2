"""Threads and who drives them."""

from typing import Protocol


class Worker(Protocol):
    """A loop that runs in a thread of its own until it is told to stop."""

    name: str

    def run(self) -> None:
        """Work until stopped. Catches what its work raises; returns when it is done."""
        ...

    def stop(self) -> None:
        """Ask it to finish what is in hand and return. Any thread, any number of times."""
        ...


class ProducerWorker(Worker, Protocol):
    """Takes work from the scheduler, has a child read it, puts results on the bounded queue."""

    def abort(self) -> None:
        """Give up the task in hand at once: its child is killed. Any thread."""
        ...


class ConsumerWorker(Worker, Protocol):
    """The one writer of content: takes results from the queue, stores them, ends jobs."""


class WorkerHost(Protocol):
    """One worker in one thread: a QThread in the window, a plain thread elsewhere."""

    def start(self) -> None:
        """Start the thread. Once."""
        ...

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread to end; True if it did."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        ...


class LifecycleManager(Protocol):
    """Creates, starts, drains, joins and cancels the workers."""

    def start(self) -> None:
        """Create and start all workers. A second call does nothing."""
        ...

    def drain(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the queue is drained: nothing claimable, nothing in hand, all committed. True when it is."""
        ...

    def stop(self, timeout_seconds: float) -> list[str]:
        """Finish the segments in hand, commit, end every thread. Names of threads that did not end in time."""
        ...

    def cancel(self, timeout_seconds: float) -> list[str]:
        """As ``stop``, but give up what is in hand: children are killed."""
        ...
