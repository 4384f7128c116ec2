"""Mailboxes: each message by its number, segments, and memory that does not grow."""

import io
import tracemalloc
from pathlib import Path

from ingest_desktop.domain.interfaces.extraction import SegmentNotes, SourceFile
from ingest_desktop.domain.models import Location
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.readers.mbox import MboxReader, message_starts

from .blocks_kit import tell, texts
from .mail_kit import LETTERS


def test_mailbox_gives_each_message_with_its_number() -> None:
    data = "".join(LETTERS).encode()
    plan, blocks, notes = tell(MboxReader(), data, "a.mbox", ExtractOptions(segment_bytes=1000))

    assert (plan.unit, plan.units) == ("message", 40)
    assert len(plan.segments) == 5
    assert plan.segments[-1].stop == len(data)
    assert [block.text for block in blocks if block.level] == [f"Letter {number}" for number in range(1, 41)]
    assert [dict(block.extra)["message"] for block in blocks if block.level] == list(range(1, 41))
    assert texts(blocks)[2] == "Text of 1.\nFrom here quoted.\n\nFrom now on it is a paragraph."
    assert (notes.units_seen, notes.units_with_text) == (40, 40)
    assert Location(**dict(blocks[-1].extra)).message == 40


def test_segments_of_a_mailbox_are_the_same_however_it_is_cut_into_reads() -> None:
    data = "".join(LETTERS).encode()
    whole = list(message_starts(io.BytesIO(data)))
    assert len(whole) == 40
    assert all(data.startswith(b"From a@b", place) for place in whole)
    assert list(message_starts(io.BytesIO(data), whole[7], whole[11])) == whole[7:11]


def test_a_long_message_has_a_segment_of_its_own() -> None:
    long = LETTERS[1].replace("Text of", "x" * 5000 + " Text of")
    data = (LETTERS[0] + long + LETTERS[2] + LETTERS[3]).encode()
    plan, blocks, _ = tell(MboxReader(), data, "a.mbox", ExtractOptions(segment_bytes=2000))
    assert [segment.first_line for segment in plan.segments] == [1, 2, 3]
    assert [dict(block.extra)["message"] for block in blocks if block.level] == [1, 2, 3, 4]


def test_mailboxes_of_other_programs() -> None:
    thunderbird = (
        b"From - Mon Jan 01 10:00:00 2024\r\nX-Mozilla-Status: 0001\r\nSubject: One\r\n\r\nFirst\r\n"
        b"From - Mon Jan 01 10:00:01 2024\r\nX-Mozilla-Status: 0001\r\nSubject: Two\r\n\r\n"
        b"From the start: this is text.\r\n"
    )
    plan, blocks, _ = tell(MboxReader(), thunderbird, "Inbox")
    assert plan.units == 2
    assert texts(blocks)[-1] == "From the start: this is text."


def test_trouble_with_a_message_is_noted_under_its_number() -> None:
    sealed = "From a@b Sun May 12 09:14:00 2024\nFrom: a\nSubject: S\nContent-Type: application/pkcs7-mime\n\nx\n\n"
    _, _, notes = tell(MboxReader(), (LETTERS[0] + sealed + LETTERS[1]).encode(), "a.mbox")
    assert notes.units_failed == [(2, "Its text is encrypted.")]
    assert notes.units_seen == 3
    options = ExtractOptions(max_expanded_bytes=300)
    long = LETTERS[1].replace("Text of", "x" * 500)
    _, blocks, notes = tell(MboxReader(), (LETTERS[0] + long + LETTERS[2]).encode(), "a.mbox", options)
    assert [number for number, _ in notes.units_failed] == [2]
    assert [block.text for block in blocks if block.level] == ["Letter 1", "Letter 3"]


def test_memory_does_not_grow_with_the_mailbox(tmp_path: Path) -> None:
    path = tmp_path / "a.mbox"
    with path.open("w", encoding="utf-8", newline="") as stream:
        for number in range(3000):
            stream.write(LETTERS[number % 40].replace("Text of", "long line of words " * 500))
    source = SourceFile(str(path), path.stat().st_size, path.read_bytes()[:65536])
    reader, options = MboxReader(), ExtractOptions(segment_bytes=256 * 1024)
    tracemalloc.start()
    try:
        plan = reader.plan(source, options)
        for _ in reader.read(source, plan, plan.segments[-1], options, SegmentNotes()):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert plan.units == 3000
    assert source.size > 25_000_000
    assert peak < 8_000_000
