"""A link in the place of a file that a search found is not followed; one that a person named is."""

import sys
from pathlib import Path

import pytest

from ingest_desktop.domain.errors import SourceChanged
from ingest_desktop.domain.wire import ExtractOptions, LookItem, SegmentTask
from ingest_desktop.extraction import look
from ingest_desktop.extraction.registry import Registry

from .conftest import OPTIONS

pytestmark = pytest.mark.xfail(sys.platform == "win32", reason="links ask for a right there", run=False)
REGISTRY = Registry([])
LONG = "".join(f"line {number}\n" for number in range(2_000))


def seen(path: Path, *, follow: bool, options: ExtractOptions = OPTIONS) -> look.Looked:
    return look.look(LookItem(1, str(path), follow=follow), options, REGISTRY, lambda *_: None)


def in_its_place(path: Path, text: str) -> None:
    target = path.with_name("secret")
    target.write_text(text)
    path.unlink()
    path.symlink_to(target)


def test_a_link_is_followed_only_when_it_is_to_be(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("heron")
    assert seen(path, follow=False).result is not None
    in_its_place(path, "egret")
    named = seen(path, follow=True).result
    assert named is not None and named.chunks[0].text == "egret"
    with pytest.raises(SourceChanged, match="A link has taken the place") as refused:
        seen(path, follow=False)
    assert refused.value.final  # to try again by itself is of no use


class Meddled:
    """A path under which a link takes the place of the file just when it is asked for the second time."""

    def __init__(self, path: Path) -> None:
        self.path, self.asked = path, 0

    def __fspath__(self) -> str:
        self.asked += 1
        if self.asked == 2:
            in_its_place(self.path, "egret")
        return str(self.path)


def test_a_link_that_comes_between_the_look_and_the_opening_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("heron")
    meddled = Meddled(path)
    with pytest.raises(SourceChanged, match="A link has taken the place"):
        look._opened(meddled, follow=False)  # type: ignore[arg-type]
    assert meddled.asked == 2


def test_a_link_that_comes_between_two_segments_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(LONG)
    options = ExtractOptions(segment_bytes=4_096)
    plan = seen(path, follow=False, options=options).plan
    assert len(plan.segments) > 1
    task = SegmentTask(1, str(path), plan, 1, options, follow=False)
    assert look.read_segment(task, REGISTRY, lambda *_: None).result.chunks
    path.rename(tmp_path / "moved.txt")
    path.symlink_to(tmp_path / "moved.txt")  # the very same file: its times and its number have not changed
    with pytest.raises(SourceChanged, match="A link has taken the place"):
        look.read_segment(task, REGISTRY, lambda *_: None)
