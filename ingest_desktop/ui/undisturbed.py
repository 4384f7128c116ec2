"""Painting in one go, beside threads that are busy with Python, too."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

PATIENCE_SECONDS = 0.05  # longer than any paint takes

P = ParamSpec("P")
R = TypeVar("R")


def undisturbed(paint: Callable[P, R]) -> Callable[P, R]:
    """Let no other thread ask for the interpreter while ``paint`` runs in the UI thread.

    The window lets threads ask often (``door.SWITCH_SECONDS``), so that it gets the interpreter soon itself. While it
    paints this would turn against it: it would stop every millisecond, and wait each time for whoever came in between.

    Only for calls of a few milliseconds that keep the interpreter throughout, as Qt's painting does: whoever gives it
    up (by emitting a signal, reading a file) asks for it as patiently afterwards.
    """

    @functools.wraps(paint)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        before = sys.getswitchinterval()
        sys.setswitchinterval(PATIENCE_SECONDS)
        try:
            return paint(*args, **kwargs)
        finally:
            sys.setswitchinterval(before)

    return call
