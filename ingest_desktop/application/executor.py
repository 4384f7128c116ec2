"""Runs coroutines for code that lives in plain threads, on one event loop that is reused.

For the clients of network services to come (embedders, a distributed engine): opening a loop for each call
would also open a connection for each.
"""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class AsyncExecutor:
    """One loop in one daemon thread, started at the first call. Any thread may call, also one with a loop of its own."""

    def __init__(self, name: str = "async-executor") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def run(self, coroutine: Coroutine[Any, Any, T], timeout_seconds: float | None = None) -> T:
        """Run a coroutine to its end and return its result.

        The caller's thread waits, even when it runs a loop itself: the work is done on the other loop, so nothing
        is re-entered. Give coroutines to ``submit`` from async code that should not block.

        Raises:
            TimeoutError: It took longer; the coroutine was cancelled.
            RuntimeError: Called from the executor's own thread (it would wait for itself), or after ``close``.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("A coroutine of the executor must await, not run, another one.")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._running_loop(coroutine))
        try:
            return future.result(timeout_seconds)
        except TimeoutError:
            future.cancel()
            raise

    async def submit(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await a coroutine that runs on the executor's loop, from any other loop."""
        loop = self._running_loop(coroutine)
        if asyncio.get_running_loop() is loop:
            return await coroutine
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, loop))

    def close(self, timeout_seconds: float = 5.0) -> bool:
        """Cancel what runs and end the thread; True if it ended in time. Any number of times."""
        with self._lock:
            is_first, self._closed = not self._closed, True
            loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return True
        if is_first:
            loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout_seconds)
        return not thread.is_alive()

    def _running_loop(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._closed:
                coroutine.close()
                raise RuntimeError("The executor is closed.")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._work, args=(self._loop,), name=self._name, daemon=True)
                self._thread.start()
            return self._loop

    @staticmethod
    def _work(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
