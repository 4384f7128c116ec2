"""Frames: what goes in comes out, and what is no message is refused."""

import io
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest

from ingest_desktop.domain.wire import (
    ChunkRow,
    DocumentPlan,
    Extracted,
    Failed,
    FileSignature,
    Looked,
    Message,
    SegmentResult,
    SegmentSpec,
    TaskDone,
    Unsettled,
    Working,
)
from ingest_desktop.extraction.frames import BadFrame, pack, read_frame, read_message, write_frame

PLAN = DocumentPlan(
    "0" * 64,
    FileSignature(1, 2**62, 2**63 - 1, 4),
    "application/pdf",
    "pdf",
    1,
    "page",
    3,
    (SegmentSpec(0, 1, 4),),
    None,
    "Títle",
    {"author": "某"},
    ((1, 1, "One"),),
    ("odd",),
)
RESULT = SegmentResult(
    0, [ChunkRow("text", "A › B", 1, None, 3, "{}", "中文"), ChunkRow("")], 3, 2, ((3, "why"),), 4, 0.5, ("warned",)
)


@pytest.mark.parametrize(
    "message",
    [
        Looked(7, PLAN, RESULT),
        Looked(8, PLAN, None, unchanged=True),
        Extracted(9, RESULT),
        Failed(1, "source.malformed", "No."),
        Failed(1, "left_out", "A film.", reason="video"),
        Working(1, "extracting", 2, 0, "page"),
        TaskDone(5),
        Unsettled(2, FileSignature(3, 4, 5, 6), 0.5),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_arrives_as_it_was(message: Message) -> None:
    (found,) = [read_message(io.BytesIO(pack(message)))]

    assert found == message
    assert type(found) is type(message)
    if isinstance(found, Looked | Extracted) and found.result is not None:
        assert type(found.result.chunks[0]) is ChunkRow


def test_halves_of_surrogate_pairs_are_replaced_and_all_else_is_kept() -> None:
    broken = Extracted(1, SegmentResult(0, [ChunkRow("a\ud800b", "h\udfff", extra="ü")], warnings=("\udc80",)))

    found = read_message(io.BytesIO(pack(broken)))

    assert found == Extracted(1, SegmentResult(0, [ChunkRow("a\ufffdb", "h\ufffd", extra="ü")], warnings=("\ufffd",)))


def test_what_does_not_belong_into_a_message_is_not_sent() -> None:
    odd: Any = Failed(1, "code", object())  # type: ignore[arg-type]

    with pytest.raises(TypeError):
        pack(odd)


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("never"),))


@pytest.mark.parametrize(
    "frame",
    [
        struct.pack("<BQ", 9, 0),
        struct.pack("<BQ", 0, 2**63),
        struct.pack("<BQ", 0, 3) + b"abc",
        struct.pack("<BQ", 2, 1) + b"\x80",
        struct.pack("<BQ", 4, len(pickle.dumps(_Evil()))) + pickle.dumps(_Evil()),
    ],
    ids=["kind", "length", "no MessagePack", "fields missing", "a pickle"],
)
def test_what_is_no_message_is_refused(frame: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(BadFrame):
        read_message(io.BytesIO(frame))

    assert not list(tmp_path.iterdir())


def test_a_frame_that_breaks_off_is_the_end() -> None:
    whole = pack(Extracted(9, RESULT))

    for length in (0, 5, 20, len(whole) - 1):
        with pytest.raises(EOFError):
            read_message(io.BytesIO(whole[:length]))


def test_a_task_arrives_as_it_was() -> None:
    pipe = io.BytesIO()
    write_frame(pipe, ("a\udc80", 1))
    pipe.seek(0)

    assert read_frame(pipe) == ("a\udc80", 1)
    with pytest.raises(EOFError):
        read_frame(pipe)
