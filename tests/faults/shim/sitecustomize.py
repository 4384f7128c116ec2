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

import datetime
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


class _Slow:
    """Makes a method take its time."""

    def __init__(self, seconds):
        self.seconds = seconds

    def wrap(self, function):
        @functools.wraps(function)
        def passing(holder, things, *arguments, **named):
            time.sleep(self.seconds * len(things))
            return function(holder, things, *arguments, **named)

        return passing


class _WrongClock:
    """The wall clock, as far from the right time as a file says. What only ticks is left alone."""

    LOOK_SECONDS = 0.01

    def __init__(self, path):
        self.path, self.seconds, self.next_look = path, 0.0, 0.0
        self.time, self.time_ns, self.ticks = time.time, time.time_ns, time.monotonic

    def wrong_by(self):
        now = self.ticks()
        if now >= self.next_look:
            self.next_look = now + self.LOOK_SECONDS
            try:
                with open(self.path, encoding="ascii") as file:
                    self.seconds = float(file.read())
            except (OSError, ValueError):
                pass  # not set yet
        return self.seconds

    def install(self):
        true, clock = datetime.datetime, self

        class _Kind(type):
            def __instancecheck__(cls, thing):
                return isinstance(thing, true)

        class _Moment(true, metaclass=_Kind):
            """Tells of now. All moments, also those, are of the usual kind."""

            @classmethod
            def now(cls, tz=None):
                return true.now(tz) + datetime.timedelta(seconds=clock.wrong_by())

        time.time = lambda: clock.time() + clock.wrong_by()
        time.time_ns = lambda: clock.time_ns() + int(clock.wrong_by() * 1e9)
        _Moment.__name__ = _Moment.__qualname__ = "datetime"
        datetime.datetime = _Moment


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
    if slow := os.environ.get("FAULT_SLOW"):
        module, dotted, seconds = slow.split(":")
        wanted.setdefault(module, []).append((dotted, _Slow(float(seconds))))
    if clock := os.environ.get("FAULT_CLOCK"):
        _WrongClock(clock).install()
    if wanted:
        sys.meta_path.insert(0, _Finder(wanted))


_install()
