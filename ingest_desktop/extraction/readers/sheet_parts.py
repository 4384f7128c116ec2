"""What a workbook package holds beside the values: how far its cells reach, comments, drawn text, charts."""

import re
from collections.abc import Iterator
from typing import Any

from ingest_desktop.extraction.packages import Package, main_part, relations, xml_root
from ingest_desktop.extraction.readers.drawing import chart_lines, children, local, paragraphs

_CELL = re.compile(rb'<(?:[A-Za-z_][\w.-]*:)?c\s[^<>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
_STEP_BYTES = 1024 * 1024
_OVERLAP_BYTES = 256
_MOST_REMARKS = 20_000
_THREAD = "[Threaded comment]"


def sheet_members(package: Package) -> list[str]:
    """The members that hold the sheets of an XLSX package, in the order of the workbook."""
    workbook = main_part(package, "xl/workbook.xml")
    if workbook not in package or workbook.endswith(".bin"):
        return []
    points = relations(package, workbook)
    found = []
    for part in xml_root(package, workbook).iter():
        if local(part) == "sheet":
            ids = [value for name, value in part.attrib.items() if name.rpartition("}")[2] == "id" and "}" in name]
            found.append(points.get(ids[0] if ids else "", ("", ""))[1])
    return found


def widest_area(package: Package) -> int:
    """The cells of the largest rectangle that holds all cells of one sheet, as a reader that keeps it whole would."""
    widest = 0
    for name in package.names:
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            widest = max(widest, _area(package, name))
    return widest


def _area(package: Package, name: str) -> int:
    columns: set[bytes] = set()
    low, high = 1 << 30, 0
    rest = b""
    with package.open(name) as stream:
        while data := stream.read(_STEP_BYTES):
            found = _CELL.findall(rest + data)
            if found:
                rows = [int(row) for _, row in found]
                low, high = min(low, min(rows)), max(high, max(rows))
                columns.update([column for column, _ in found])
            rest = data[-_OVERLAP_BYTES:]
    numbers = [_number(column) for column in columns]
    return (high - low + 1) * (max(numbers) - min(numbers) + 1) if numbers else 0


def _number(column: bytes) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number


def remarks(package: Package, index: int) -> list[str]:
    """Comments, text boxes and charts of a sheet (1-based), each as a text."""
    members = sheet_members(package)
    if not 0 < index <= len(members):
        return []
    found: list[str] = []
    for text in _remarks(package, members[index - 1]):
        found.append(text)
        if len(found) >= _MOST_REMARKS:
            break
    return found


def _remarks(package: Package, sheet: str) -> Iterator[str]:
    for kind, name in relations(package, sheet).values():
        if name not in package:
            continue
        if kind == "comments":
            yield from _comments(xml_root(package, name), "comment")
        elif kind == "threadedComment":
            yield from _comments(xml_root(package, name), "threadedComment")
        elif kind == "drawing":
            yield from _drawing(package, name)


def _comments(root: Any, wanted: str) -> Iterator[str]:
    for comment in root.iter():
        if local(comment) != wanted:
            continue
        for body in children(comment, "text"):
            said = " ".join("".join(body.itertext()).split())
            if said and not said.startswith(_THREAD):
                yield f"{comment.get('ref', '')}: {said}"


def _drawing(package: Package, name: str) -> Iterator[str]:
    said = paragraphs(xml_root(package, name))
    if said:
        yield "\n".join(said)
    for kind, chart in relations(package, name).values():
        if kind == "chart" and chart in package:
            lines = chart_lines(xml_root(package, chart))
            if lines:
                yield "\n".join(lines)
