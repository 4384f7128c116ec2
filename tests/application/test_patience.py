"""Searches that hang, and those that only take long."""

import threading
from collections.abc import Iterator

import pytest

from ingest_desktop.application.patience import AHEAD, SILENT, patiently
from ingest_desktop.domain.errors import SourceUnreadable


@pytest.fixture
def silent() -> Iterator[threading.Event]:
    """What a file system waits for that does not answer; it answers when the test is over."""
    answer = threading.Event()
    yield answer
    answer.set()


def test_what_is_found_comes_in_order_and_the_end_is_the_end() -> None:
    assert list(patiently(lambda: iter(range(50)), lambda: 0)) == list(range(50))


def test_a_search_that_does_not_answer_is_left_behind_with_what_it_had_found(silent: threading.Event) -> None:
    def find() -> Iterator[str]:
        yield "a.txt"
        silent.wait()

    found: list[str] = []
    with pytest.raises(SourceUnreadable, match="does not answer") as raised:
        found.extend(patiently(find, lambda: 1, patience_seconds=0.05))
    assert str(raised.value) == SILENT
    held = patiently(find, lambda: 1, patience_seconds=0.05)
    assert next(held) == "a.txt"


def test_a_search_that_finds_nothing_and_gets_on_is_waited_for(silent: threading.Event) -> None:
    looked_at = iter(range(1_000_000))
    asked = 0

    def moved() -> int:
        nonlocal asked
        asked += 1
        if asked == 20:
            silent.set()
        return next(looked_at)

    def find() -> Iterator[str]:
        silent.wait()
        yield "late.txt"

    assert list(patiently(find, moved, patience_seconds=0.01)) == ["late.txt"]


def test_whoever_wants_it_to_stop_waits_for_no_answer(silent: threading.Event) -> None:
    stop = threading.Event()

    def find() -> Iterator[str]:
        stop.set()
        silent.wait()
        yield "never.txt"

    assert list(patiently(find, lambda: 0, stop)) == []


def test_what_a_search_raises_is_raised_where_it_is_waited_for() -> None:
    def find() -> Iterator[str]:
        yield "a.txt"
        raise PermissionError("not yours")

    got = patiently(find, lambda: 0)
    assert next(got) == "a.txt"
    with pytest.raises(PermissionError, match="not yours"):
        next(got)


def test_a_search_does_not_run_far_ahead_and_ends_when_nobody_listens() -> None:
    made: list[int] = []
    ended = threading.Event()

    def find() -> Iterator[int]:
        try:
            for number in range(1_000_000):
                made.append(number)
                yield number
        finally:
            ended.set()

    got = patiently(find, lambda: 0)
    assert next(got) == 0
    got.close()  # type: ignore[attr-defined]
    assert ended.wait(30)
    assert len(made) <= AHEAD + 3
