"""JSON and JSON lines: each record as lines of "path.to.key: value". What is damaged is read as far as it goes.

A large file is cut where one record ends and the next begins; a stretch that begins inside a list or an object is read
all the same, because the parser here takes values in a row and does not ask for what is around them.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.readers.json_places import Keys, Places, is_balanced
from ingest_desktop.extraction.readers.records import Piece, packed, rows
from ingest_desktop.extraction.readers.slack import lone
from ingest_desktop.extraction.readers.text import TextReader, segment_bytes, segment_text
from ingest_desktop.extraction.readers.twice_encoded import decoded_once
from ingest_desktop.extraction.versions import VERSIONS

_BETWEEN_RECORDS: Final = re.compile(rb'[}\]]\s{0,200},?\s{0,200}(?=\{\s{0,200}"|\[\s{0,200}["\[{\d-])')
_BLANK: Final = re.compile(r"[\s,]*")
_KEY: Final = re.compile(r'"((?:[^"\\\n]|\\.){0,500})"\s*:\s*')
_JUNK: Final = re.compile(r"[^\n,\[\]{}]+|.", re.DOTALL)
_WINDOW: Final = 64 * 1024  # characters
_MOST_STEPS: Final = 64  # times to go into a value that is not whole, in one text
_MOST_PATH: Final = 200
_MOST_NAMED: Final = 50
_MOST_TAKEN_APART: Final = 8  # levels at which a long value is taken apart
_BAD_LINE: Final = "This line is no JSON; it was kept as plain text."
_TRIMMED: Final = " \t\n,"
_SHORT: Final = 80  # characters of a value that may stand in one line with others
_AROUND = 4 * 1024 * 1024


class _Again(str):
    """A key that comes once more in its object, later: equal to no other, so that its value is kept as well."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


def _with_all(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object with all that it holds; a key that it has several times leads to its last value, as everywhere."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    last = {key: place for place, (key, _) in enumerate(pairs)}
    return {key if last[key] == place else _Again(key): value for place, (key, value) in enumerate(pairs)}


_DECODER: Final = json.JSONDecoder(
    parse_float=str, parse_int=str, parse_constant=str, strict=False, object_pairs_hook=_with_all
)


class _Part(NamedTuple):
    """A record, or a part of a long one: its text, the path of what it lies in, its own step from there."""

    text: str
    parent: str
    step: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """One value of a text.

    Attributes:
        name: Its key, empty in a list.
        value: As parsed, or plain text when ``damaged``.
        damaged: It is what is left of a value that is no JSON.
        parent: The path of keys that it lies below: the place of its text, and no part of it.
    """

    name: str
    value: Any
    damaged: bool = False
    parent: str = ""


class JsonReader(TextReader):
    """Reads JSON of any size, valid or not quite."""

    name = "json"
    version = VERSIONS["json"]
    reads = frozenset({kinds.JSON})
    media_type = "application/json"

    def __init__(self) -> None:
        self._places = Places(segment_text, _onward)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        plan = super().plan(source, options)
        return replace(plan, segments=between(source, plan, _BETWEEN_RECORDS))

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        text = decoded_once(segment_text(source, plan, segment))
        whole = len(plan.segments) == 1
        if whole:
            found = _whole(text)
            if found is None and not text.strip():
                return
            if found is None:
                found = list(records(text))
                notes.warnings.append("It is no valid JSON; what could be read of it was read.")
        else:
            keys = self._places.before(source, plan, segment)
            found = _stretch(text, keys)
            self._places.behind(source, segment, keys)
        yield from record_blocks(found, options.chunk_chars, numbered=whole and text.lstrip()[:1] == "[")


class JsonLinesReader(TextReader):
    """Reads JSON lines: a value in each line. A bad line is kept as text and named."""

    name = "jsonl"
    version = VERSIONS["jsonl"]
    reads = frozenset({kinds.JSONL})
    media_type = "application/x-ndjson"

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        plan = super().plan(source, options)
        last = plan.segments[-1]
        data = segment_bytes(source, last)
        count = last.first_line - 1 + data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
        return replace(plan, unit="record", units=count)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        text = segment_text(source, plan, segment)
        pieces = _lines(text, segment.first_line, notes)
        notes.units_seen = len(pieces)
        notes.units_with_text = len(pieces) - len(notes.units_failed)
        yield from packed(pieces, options.chunk_chars, rows, between="\n\n")


def _lines(text: str, first_line: int, notes: SegmentNotes) -> list[Piece]:
    """The records of a text, numbered by their lines. Bad lines are noted and kept as text."""
    pieces: list[Piece] = []
    bad: list[int] = []
    for number, line in enumerate(text.split("\n"), first_line):
        if not line or line.isspace():
            continue
        found = _whole(line, joined=True)
        if found is None:
            bad.append(number)
        pieces.append(Piece(line.strip() if found is None else "\n".join(map(as_text, found)), number))
    notes.units_failed += [(number, _BAD_LINE) for number in bad[:_MOST_NAMED]]
    if len(bad) > _MOST_NAMED:
        notes.warnings.append(f"{len(bad) - _MOST_NAMED:,} more lines are no JSON; they were kept as plain text.")
    return pieces


def between(source: SourceFile, plan: ReaderPlan, boundary: re.Pattern[bytes]) -> tuple[SegmentSpec, ...]:
    """The segments of a plan, moved so that each begins where the pattern ends, when there is such a place near."""
    if len(plan.segments) == 1 or (plan.encoding or "").startswith(("utf-16", "utf-32")):
        return plan.segments
    starts: list[tuple[int, int]] = [(0, 1)]
    for segment in plan.segments[1:]:
        data = segment_bytes(source, replace(segment, stop=min(segment.stop, segment.start + _AROUND)))
        found = boundary.search(data)
        ahead = found.end() if found else 0
        starts.append((segment.start + ahead, segment.first_line + data.count(b"\n", 0, ahead)))
    stops = [start for start, _ in starts[1:]] + [source.size]
    return tuple(
        SegmentSpec(number, start, stop, line)
        for number, ((start, line), stop) in enumerate(zip(starts, stops, strict=True))
    )


def _whole(text: str, *, joined: bool = False) -> list[Record] | None:
    """The records of a text that is one JSON value; None when it is not, or nested too deep.

    ``joined``: the value is one record, whatever it is.
    """
    start = len(text) - len(text.lstrip())
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    if text[end:].strip():
        return None
    if isinstance(value, list) and not joined and any(isinstance(item, dict | list) for item in value):
        return [Record("", item) for item in value]
    if isinstance(value, dict) and not joined:
        return [Record(key, item) for key, item in value.items()]
    return [Record("", value)]


def _stretch(text: str, keys: Keys) -> list[Record]:
    """The records of a stretch; ``keys`` are those open before it, and afterwards those open behind it."""
    found = _whole(f"[{text.strip(_TRIMMED)}]")  # most stretches are items of a list
    if found is None:
        return _onward(text, keys)
    path = _path(keys)
    return [Record(record.name, record.value, parent=path) for record in found] if path else found


def _onward(text: str, keys: Keys) -> list[Record]:
    """The same of one that is no row of whole items."""
    before = list(keys)
    found = list(records(text, keys))
    if is_balanced(text):
        keys[:] = before
    return found


def _path(keys: Keys) -> str:
    return ".".join(filter(None, keys))[:_MOST_PATH]


def records(text: str, outer: Keys | None = None) -> Iterator[Record]:
    """The values that follow each other in a text, with their keys, wherever it begins and ends. Never fails.

    A value that is not whole is gone into: what is whole inside it is read.

    Args:
        text: The text.
        outer: The keys that are open where it begins, changed to those open where it ends: records have the path to
            them as their parent. None: the text stands alone, and the path is part of their names.
    """
    position, length, steps = 0, len(text), 0
    names = outer if outer is not None else []
    while position < length:
        if position > _WINDOW:  # each error of the parser counts all lines before it
            text, position = text[position:], 0
            length = len(text)
        blank = _BLANK.match(text, position)
        position = blank.end() if blank else position
        if position >= length:
            return
        key = _KEY.match(text, position)
        name = _unescaped(key.group(1)) if key else ""
        start = key.end() if key else position
        sign = text[start : start + 1]
        if sign in ("]", "}") and not key:
            position += 1
            if names:
                names.pop()
            continue
        try:
            value, position = _DECODER.raw_decode(text, start)
        except RecursionError:
            steps = _MOST_STEPS
        except ValueError:
            pass
        else:
            path = _path(names)
            yield Record(_joined(path, name), value) if outer is None else Record(name, value, parent=path)
            continue
        if sign in ("[", "{") and steps < _MOST_STEPS:
            steps += 1
            position = start + 1
            names.append(name)
        elif steps >= _MOST_STEPS:
            yield Record("", text[position:], damaged=True)
            return
        else:
            junk = _JUNK.match(text, start)
            position = junk.end() if junk else start + 1
            if rest := text[start:position].strip():
                yield Record(name, rest, damaged=True)


def _unescaped(key: str) -> str:
    if "\\" not in key:
        return key
    try:
        return str(json.loads(f'"{key}"', strict=False))
    except ValueError:
        return key


def record_blocks(found: list[Record], chars: int, *, numbered: bool) -> Iterator[Block]:
    """Blocks of records, with the path of keys and numbers below which all of a block lies.

    Args:
        found: In order.
        chars: The length of a block; a record that is longer is taken apart at its keys and items.
        numbered: They are the items of one list: blocks have their numbers.
    """
    if numbered and len(found) > 1 and any(isinstance(record.value, dict | list) for record in found):
        items = (part for number, record in enumerate(found, 1) for part in _parts(record, number, chars))
        yield from _blocks(items, chars, between="\n\n")
        return
    plain = (part for record in found for part in _parts(record, 0, chars))
    yield from _blocks(plain, chars, between="\n")


def _parts(record: Record, number: int, chars: int) -> Iterator[_Part]:
    """A record in parts that are short enough, or cannot be taken apart; ``number``: of an item, or 0."""
    text = as_text(record)
    if record.damaged or len(text) <= chars:
        if text:
            yield _Part(text, record.parent, record.name, number)
        return
    root = f"[{number}]" if number else record.parent
    stack: list[tuple[str, str, str, Any, int]] = [("", record.name, record.name, record.value, 0)]
    while stack:
        parent, step, path, value, depth = stack.pop()
        text = text if not depth else as_text(Record(path, value))
        if depth < _MOST_TAKEN_APART and len(text) > chars and isinstance(value, dict) and value and not lone(value):
            inner = [(f"{path}.{key}" if path else key, key, item) for key, item in value.items()]
        elif depth < _MOST_TAKEN_APART and len(text) > chars and _has_structure(value):
            inner = [(f"{path}[{place}]", f"[{place}]", item) for place, item in enumerate(value, 1)]
        else:
            if text:
                yield _Part(text, _joined(root, parent), step, number)
            continue
        if len(path) <= _MOST_PATH:
            stack.extend([(path, own, name, item, depth + 1) for name, own, item in reversed(inner)])
        else:
            yield _Part(text, _joined(root, parent), step, number)


def _has_structure(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)


def _joined(parent: str, step: str) -> str:
    return f"{parent}{step}" if not parent or not step or step[0] == "[" else f"{parent}.{step}"


def _blocks(parts: Iterator[_Part], chars: int, *, between: str) -> Iterator[Block]:
    """Neighbours that lie in the same object or list, together."""
    group: list[_Part] = []
    length = 0
    for part in parts:
        size = len(part.text) + len(between)
        if group and (length + size > chars or part.parent != group[0].parent):
            yield _block(group, between)
            group, length = [], 0
        group.append(part)
        length += size
    if group:
        yield _block(group, between)


def _block(group: list[_Part], between: str) -> Block:
    first, last = group[0], group[-1]
    if len(group) == 1:
        path = _joined(first.parent, first.step)
    elif first.parent and first.step[:1] == "[":
        path = f"{first.parent}{first.step} … {last.step}"
    elif not first.parent and not first.number and first.step and last.step:
        path = " … ".join(dict.fromkeys((str(first.step), str(last.step))))  # keys of the outermost object
    else:
        path = first.parent
    extra = (("row_start", first.number), ("row_end", last.number)) if first.number else ()
    text = between.join(part.text for part in group)
    return Block(text, extra=extra, keep=True, path=(path,) if path else ())


def as_text(record: Record) -> str:
    """A record as lines of "path.to.key: value", in the order of the file; a message of Slack as what was said."""
    if record.damaged or not isinstance(record.value, dict | list):
        return _line(record.name, _scalar(record.value))
    if isinstance(record.value, dict) and (message := lone(record.value)):
        return message
    lines: list[str] = []
    stack: list[tuple[str, Any, int]] = [(record.name, record.value, 0)]
    while stack:
        path, value, depth = stack.pop()
        if isinstance(value, dict) and value:
            inner = [(f"{path}.{key}" if path else key, item, depth + 1) for key, item in value.items()]
        elif isinstance(value, list) and value:
            if all(not isinstance(item, dict | list) for item in value):
                lines.append(_line(path, _series([_scalar(item) for item in value])))
                continue
            inner = [(f"{path}[{number}]", item, depth + 1) for number, item in enumerate(value, 1)]
        else:
            lines.append(_line(path, "" if isinstance(value, dict | list) else _scalar(value)))
            continue
        if len(path) > _MOST_PATH:
            inner = [(f"…{name[-_MOST_PATH:]}", item, level) for name, item, level in inner]
        stack.extend(reversed(inner))
    return "\n".join(lines)


def _series(values: list[str]) -> str:
    """Plain values of a list: in a line when they are short."""
    return ", ".join(values) if all(len(value) <= _SHORT for value in values) else "\n".join(values)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").strip()
    return "null" if value is None else ("true" if value is True else "false" if value is False else str(value))


def _line(path: str, value: str) -> str:
    return f"{path}: {value}" if path else value
