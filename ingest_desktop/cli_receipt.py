"""What ``ingest show`` says of a receipt, and where a hit stands: the words of the window's card, in English."""

from collections.abc import Iterator

from ingest_desktop.domain.languages import NAMES
from ingest_desktop.domain.models import Location, Receipt
from ingest_desktop.domain.text import counted, one_line
from ingest_desktop.domain.units import amount, is_counted, one

LEAST_SECONDS = 0.01  # a phase that took less is not told
MOST_LINES = 24  # of gaps, and of warnings; the rest is counted, and all are in the JSON
_PHASES = {
    "hashing": "checking",
    "extracting": "reading",
    "recognising": "recognising text",
    "chunking": "cutting",
    "indexing": "storing",
}


def receipt_lines(receipt: Receipt) -> Iterator[str]:
    """The receipt line by line; what stands below a line is indented."""
    if units := _units(receipt):
        yield units
    chars = f", {counted(receipt.chars, 'character')}" if receipt.chars else ""
    stored = f", {receipt.chunks_stored:,} are stored" if receipt.chunks_indexed < receipt.chunks_stored else ""
    yield f"{counted(receipt.chunks_indexed, 'chunk')} can be found{stored}{chars}"
    if receipt.duplicate_path:
        yield f"Same content as {one_line(receipt.duplicate_path)} ({receipt.duplicate_of})"
    for fact, said in receipt.facts.items():
        yield f"{fact.capitalize()}: {one_line(said)}"
    if receipt.language:
        yield f"Language: {NAMES.get(receipt.language, receipt.language)} (a guess)"
    elif receipt.chars:
        yield "Language: not clear"
    if receipt.encoding:
        yield f"Encoding: {receipt.encoding}"
    name, _, version = receipt.reader.partition("/")
    if name:
        yield f"Reader: {one_line(name)}, version {version}"
    if receipt.recipe:
        yield f"Recipe: {one_line(receipt.recipe)}"
    if receipt.segments_reused:
        yield f"Kept from an earlier run: {receipt.segments_reused:,} of {counted(receipt.segments, 'part')}"
    if receipt.seconds:
        slow = {phase: value for phase, value in receipt.seconds.items() if value >= LEAST_SECONDS}
        spent = (f"{_PHASES.get(phase, one_line(phase))} {value:.2f} s" for phase, value in slow.items())
        yield f"Time: {', '.join(spent) or 'less than 0.01 s'}"
    yield from _listed("Could not be read", [_gap(receipt.unit, *gap) for gap in receipt.units_failed])
    yield from _listed("Notes", [one_line(said) for said in receipt.warnings])


def _units(receipt: Receipt) -> str:
    """12 pages seen: 9 with text (3 by text recognition), 1 without text, 2 could not be read."""
    failed = len(receipt.units_failed)
    if not is_counted(receipt.unit) or not receipt.units_seen:
        return ""
    seen = f"{amount(receipt.units_seen, receipt.unit)} seen"
    if not (receipt.units_with_text or receipt.units_empty or failed):
        return seen  # nothing was read now, so no more is known
    by_ocr = f" ({receipt.units_by_ocr:,} by text recognition)" if receipt.units_by_ocr else ""
    text, empty = f"{receipt.units_with_text:,} with text{by_ocr}", f"{receipt.units_empty:,} without text"
    return f"{seen}: {text}, {empty}, {failed:,} could not be read"


def _gap(unit: str, number: int, why: str) -> str:
    """One gap. A file in an archive has its name in the reason."""
    if unit == "member" or not is_counted(unit):
        return one_line(why)
    return f"{one(unit).capitalize()} {number:,}: {one_line(why)}"


def _listed(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield from (f"  {line}" for line in lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        yield f"  and {len(lines) - MOST_LINES:,} more"


def place_text(place: Location) -> str:
    """Where a hit stands, to be put behind its path: "/inner.pdf, page 3, Heading"."""
    parts = [one_line(place.sheet)] if place.sheet else []
    for name, number in (
        ("chapter", place.told_chapter),
        ("slide", place.slide),
        ("message", place.message),
        ("cell", place.cell),
    ):
        parts += [f"{name} {number:,}"] if number is not None else []
    parts += _span("page", place.page, place.page_end) + _span("row", place.row_start, place.row_end)
    parts += [f"at {one_line(place.time)}"] if place.time else []
    parts += _span(place.lines or "line", place.line_start, place.line_end) if place.page is None else []
    if place.further_headings:
        parts.append(one_line(" › ".join(place.further_headings)))
    inside = f"/{one_line(place.part)}" if place.part else ""
    return ", ".join([inside, *parts]) if parts else inside


def _span(name: str, first: int | None, last: int | None) -> list[str]:
    if first is None:
        return []
    return [f"{name} {first:,}" if last in (None, first) else f"{name}s {first:,}-{last:,}"]
