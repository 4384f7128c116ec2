"""All that a reader says of a file in memory: its blocks, and what it notes of them."""

from ingest_desktop.domain.interfaces.extraction import Block, Reader, ReaderPlan, SegmentNotes
from ingest_desktop.domain.wire import ExtractOptions

from .conftest import memory

OPTIONS = ExtractOptions()


def tell(
    reader: Reader, data: bytes, name: str = "a.eml", options: ExtractOptions = OPTIONS
) -> tuple[ReaderPlan, list[Block], SegmentNotes]:
    """All that a reader says of a file in memory, its segments one after the other."""
    source = memory(data, name)
    plan = reader.plan(source, options)
    blocks: list[Block] = []
    notes = SegmentNotes(units_seen=0, units_with_text=0)
    for segment in plan.segments:
        one = SegmentNotes()
        blocks += reader.read(source, plan, segment, options, one)
        notes.units_seen += one.units_seen
        notes.units_with_text = (notes.units_with_text or 0) + (one.units_with_text or 0)
        notes.units_failed += one.units_failed
        notes.warnings += one.warnings
    return plan, blocks, notes


def texts(blocks: list[Block]) -> list[str]:
    return [block.text for block in blocks if block.text]
