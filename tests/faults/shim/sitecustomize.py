"""Put on the PYTHONPATH of a process under test: kills it at the n-th passing of a named method of ours.

Python imports this by itself at its start. It reads the environment and, if told so, wraps one function as soon as its module is
imported; the product knows nothing of it.

    FAULT_POINT    module:Class.method:mode:n:delay_ms[:group]
                   modes: before the call; after it; found (after it, counting only calls that return something); inside (a
                   thread kills delay_ms after the call began). With "group" the whole process group dies, children and all.
    FAULT_STRUCK   a file that is made just before the kill
    FAULT_RESUMED  a file that gets the monotonic time, in seconds, when the first jobs were claimed; one beside it, ".stored",
                   gets that of the first stored result
"""

import functools
import importlib.abc
import importlib.machinery
import os
import signal
import sys
import threading
import time

_STORED = ("ingest_desktop.workers.consumer", "Consumer._note_stored")
_CLAIM = ("ingest_desktop.infrastructure.ledger_queue", "LedgerQueue.claim")


class _Point:
    """Counts passings of one function, and strikes at the right one."""

    def __init__(self, mode, passing, delay_ms, whole_group):
        self.mode, self.left, self.delay_ms, self.whole_group = mode, passing, delay_ms, whole_group
        self.lock = threading.Lock()

    def wrap(self, function):
        @functools.wraps(function)
        def passing(*arguments, **named):
            if self.mode == "before" and self.is_it():
                self.strike()
            if self.mode == "inside" and self.is_it():
                clock = threading.Timer(self.delay_ms / 1000, self.strike)
                clock.daemon = True
                clock.start()
            found = function(*arguments, **named)
            if (self.mode == "after" or (self.mode == "found" and found)) and self.is_it():
                self.strike()
            return found

        return passing

    def is_it(self):
        with self.lock:
            self.left -= 1
            return self.left == 0

    def strike(self):
        with open(os.environ["FAULT_STRUCK"], "w", encoding="utf-8") as mark:
            mark.write(os.environ["FAULT_POINT"])
        if self.whole_group:
            os.killpg(os.getpgrp(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


class _Resumed:
    """Notes when the first jobs were claimed."""

    def __init__(self, path, counts_nothing):
        self.path, self.counts_nothing, self.told = path, counts_nothing, False

    def wrap(self, function):
        @functools.wraps(function)
        def passing(*arguments, **named):
            found = function(*arguments, **named)
            if (found or self.counts_nothing) and not self.told:
                self.told = True
                with open(self.path, "w", encoding="utf-8") as mark:
                    mark.write(repr(time.monotonic()))
            return found

        return passing


class _Finder(importlib.abc.MetaPathFinder):
    """Wraps functions of modules as these are imported."""

    def __init__(self, wanted):
        self.wanted = wanted  # module -> [(dotted name, wrapper)]

    def find_spec(self, name, path, target=None):
        if name not in self.wanted:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module
            spec.loader.exec_module = functools.partial(self.execute, execute, self.wanted[name])
        return spec

    @staticmethod
    def execute(original, wrappers, module):
        original(module)
        for dotted, wrapper in wrappers:
            *outer, last = dotted.split(".")
            holder = functools.reduce(getattr, outer, module)
            setattr(holder, last, wrapper.wrap(getattr(holder, last)))  # AttributeError: the point has another name now


def _install():
    wanted = {}
    if point := os.environ.get("FAULT_POINT"):
        module, dotted, mode, passing, delay_ms, *group = point.split(":")
        struck = _Point(mode, int(passing), float(delay_ms), bool(group))
        wanted.setdefault(module, []).append((dotted, struck))
    if resumed := os.environ.get("FAULT_RESUMED"):
        for (module, dotted), path in ((_CLAIM, resumed), (_STORED, f"{resumed}.stored")):
            wanted.setdefault(module, []).append((dotted, _Resumed(path, (module, dotted) == _STORED)))
    if wanted:
        sys.meta_path.insert(0, _Finder(wanted))


_install()
