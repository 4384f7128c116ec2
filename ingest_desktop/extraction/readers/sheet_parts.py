"""What a workbook package holds beside the values: how far its cells reach, comments, drawn text, charts."""

import contextlib
import datetime
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.packages import Package, forget, main_part, relations, xml_events, xml_root
from ingest_desktop.extraction.readers.binary_book import binary_comments, binary_members, records
from ingest_desktop.extraction.readers.cell_formats import BUILT_IN_TIMES, column_number, time_kind
from ingest_desktop.extraction.readers.drawing import chart_lines, child, children, local, paragraphs
from ingest_desktop.extraction.readers.grid import Row, percent, shown

_CELL = re.compile(rb'<(?:[A-Za-z_][\w.-]*:)?c\s[^<>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
_CELL_TAG = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?c\s[^<>]*>")
_STYLE = re.compile(rb'\ss="([0-9]{1,6})"')
_SHARED_CELL = re.compile(rb"""\st=["']s["']""")
_STRINGS_END = re.compile(rb"sst\s*(?:/\s*)?>\s*(?:<!--[^<>]*-->\s*)*$|<(?:[A-Za-z_][\w.-]*:)?sst\s[^<>]*/>\s*$")
_MOST_PERCENTS = 1_000_000
_SHEET_NAME = re.compile(r"(?:^|/)worksheets/(?:sheet)?([^/]+)\.xml$", re.IGNORECASE)
_BINARY_NAME = re.compile(r"(?:^|/)worksheets/[^/]+\.bin$", re.IGNORECASE)
_STEP_BYTES = 1024 * 1024
_OVERLAP_BYTES = 256
_MOST_REMARKS = 20_000
_MOST_COLUMNS = 16_384
_REFERENCE = re.compile("([A-Z]{1,3})[0-9]")
_THREAD = "[Threaded comment]"


def sheet_members(package: Package) -> list[tuple[str, str]]:
    """The names of the sheets of a package and the members that hold them, in the order of the workbook."""
    workbook = main_part(package, "xl/workbook.xml")
    if workbook.endswith(".bin"):
        return binary_members(package)
    found = []
    try:
        points = relations(package, workbook)
        for part in xml_root(package, workbook).iter():
            if local(part) == "sheet":
                ids = [value for name, value in part.attrib.items() if name.startswith("{") and name.endswith("}id")]
                found.append((part.get("name") or "Sheet", points.get(ids[0] if ids else "", ("", ""))[1]))
    except SourceMalformed:
        found = []
    return found if any(member in package for _, member in found) else _numbered(package)


def _numbered(package: Package) -> list[tuple[str, str]]:
    """Sheets by the numbers in their names, for a workbook that has lost its list of them."""
    numbers = [(found.group(1), name) for name in package.names if (found := _SHEET_NAME.search(name))]
    numbered = sorted((int(number), name) for number, name in numbers if number.isdecimal() and len(number) < 7)
    return [(f"Sheet{number}", name) for number, name in numbered]


class Area(NamedTuple):
    """How far the cells of a sheet reach."""

    bottom: int  # the last row
    rectangle: int  # cells of the smallest rectangle around them
    cells: int  # how many there are


def areas_of(package: Package) -> dict[str, Area]:
    """How far the cells of each member that is a sheet reach."""
    areas = {name: area_of(package, name) for name in package.names if _SHEET_NAME.search(name)}
    return areas | {name: binary_area(package, name) for name in package.names if _BINARY_NAME.search(name)}


def widest_area(areas: dict[str, Area]) -> int:
    """The largest rectangle around all cells of one sheet, in cells: a reader that keeps it whole needs so many."""
    return max([area.rectangle for area in areas.values()], default=0)


def area_of(package: Package, name: str) -> Area:
    """How far the cells of a sheet reach, from their own words: what the sheet declares is often wrong."""
    columns: set[bytes] = set()
    low, high, count = 1 << 30, 0, 0
    rest = b""
    with contextlib.suppress(SourceMalformed), package.open(name) as stream:  # what stands before damage counts
        while data := stream.read(_STEP_BYTES):
            buffer = rest + data
            end = max(buffer.rfind(b"<"), len(buffer) - _OVERLAP_BYTES)  # a tag that goes on is looked at next time
            found = _CELL.findall(buffer, 0, end)
            if found:
                rows = [int(row) for _, row in found]
                low, high, count = min(low, min(rows)), max(high, max(rows)), count + len(rows)
                columns.update([column for column, _ in found])
            rest = buffer[end:]
    numbers = [column_number(column.decode("ascii")) for column in columns]
    return Area(high, (high - low + 1) * (max(numbers) - min(numbers) + 1), count) if numbers else Area(0, 0, 0)


def binary_area(package: Package, name: str) -> Area:
    """As ``area_of``, for a sheet of an XLSB."""
    row = low = high = left = right = -1
    count = 0
    try:
        data = package.read(name)
    except SourceMalformed:
        return Area(0, 0, 0)  # its reader will say so
    for kind, body in records(data):
        if kind == 0 and len(body) >= 4:
            row = int.from_bytes(body[:4], "little")
        elif 2 <= kind <= 11 and len(body) >= 8 and row >= 0:  # cells with a value
            column = int.from_bytes(body[:4], "little")
            low, high = row if low < 0 else min(low, row), max(high, row)
            left, right = column if left < 0 else min(left, column), max(right, column)
            count += 1
    return Area(high + 1, (high - low + 1) * (right - left + 1), count) if count else Area(0, 0, 0)


def strings_trouble(package: Package) -> str:
    """What is wrong with the list of strings that cells point to; empty when nothing is.

    It is unpacked once more for that: calamine gives cells without text where the list is damaged, and does not say so.
    """
    workbook = main_part(package, "xl/workbook.xml")
    try:
        points = dict(relations(package, workbook).values())
    except SourceMalformed:
        points = {}
    name = points.get("sharedStrings", "xl/sharedStrings.xml")
    if name not in package:
        if workbook.endswith(".bin"):
            return ""  # whether its cells point to one is not looked at
        return "Its texts are missing: the workbook has lost the list of them."
    end = b""
    try:
        with package.open(name) as stream:
            while data := stream.read(_STEP_BYTES):
                end = (end + data)[-_OVERLAP_BYTES:]
    except SourceMalformed as error:
        return f"Some of its texts may be missing or wrong. {error}"
    if name.lower().endswith(".xml") and not _STRINGS_END.search(end.replace(b"\0", b"")):
        return "Some of its texts are missing: the workbook's list of them ends early."
    return ""


def uses_strings(package: Package, name: str) -> bool:
    """Whether a cell of a sheet points to the list of strings; of a binary sheet it is taken for granted."""
    if not name.lower().endswith(".xml"):
        return True
    rest = b""
    with contextlib.suppress(SourceMalformed), package.open(name) as stream:
        while data := stream.read(_STEP_BYTES):
            buffer = rest + data
            if _SHARED_CELL.search(buffer):
                return True
            rest = buffer[-_OVERLAP_BYTES:]
    return False


def remarks(package: Package, index: int) -> list[str]:
    """Comments, text boxes and charts of a sheet (1-based), each as a text."""
    members = sheet_members(package)
    if not 0 < index <= len(members):
        return []
    found: list[str] = []
    for text in _remarks(package, members[index - 1][1]):
        found.append(text)
        if len(found) >= _MOST_REMARKS:
            break
    return found


def _remarks(package: Package, sheet: str) -> Iterator[str]:
    for kind, name in relations(package, sheet).values():
        if name not in package:
            continue
        if kind == "comments" and name.lower().endswith(".bin"):
            yield from binary_comments(package.read(name))
        elif kind == "comments":
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


class StreamedBook:
    """The sheets of an XLSX package row by row from their XML, in constant memory but for the shared strings.

    Slower than calamine by an order, so only for what calamine refuses, or would need too much memory for.
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        is_binary = main_part(package, "xl/workbook.xml").endswith(".bin")
        self._members = [] if is_binary else sheet_members(package)
        self.names = [name for name, _ in self._members]
        self._strings: list[str] | None = None
        self._times: list[str] | None = None
        self._epoch = datetime.datetime(1899, 12, 30)
        workbook = main_part(package, "xl/workbook.xml")
        self._others = {"sharedStrings": "xl/sharedStrings.xml", "styles": "xl/styles.xml"}
        with contextlib.suppress(SourceMalformed):
            self._others.update(relations(package, workbook).values())
        with contextlib.suppress(SourceMalformed):
            for part in xml_root(package, workbook).iter():
                if local(part) == "workbookPr" and part.get("date1904") in ("1", "true"):
                    self._epoch = datetime.datetime(1904, 1, 1)

    def area(self, index: int) -> Area:
        """How far the cells of a sheet (1-based) reach."""
        member = self._members[index - 1][1]
        return area_of(self.package, member) if member in self.package else Area(0, 0, 0)

    def percents(self, index: int) -> set[tuple[int, int]]:
        """Row and column (both 1-based) of the cells of a sheet that are shown as percents; not more than a million."""
        styles = {str(style).encode() for style, kind in enumerate(self._formats()) if kind == "percent"}
        member = self._members[index - 1][1] if 0 < index <= len(self._members) else ""
        found: set[tuple[int, int]] = set()
        if not styles or member not in self.package:
            return found
        rest = b""
        with contextlib.suppress(SourceMalformed), self.package.open(member) as stream:
            while (data := stream.read(_STEP_BYTES)) and len(found) < _MOST_PERCENTS:
                buffer = rest + data
                end = max(buffer.rfind(b"<"), len(buffer) - _OVERLAP_BYTES)
                for cell in _CELL_TAG.finditer(buffer, 0, end):
                    style, place = _STYLE.search(cell[0]), _CELL.match(cell[0])
                    if style and place and style[1] in styles:
                        found.add((int(place[2]), column_number(place[1].decode("ascii"))))
                rest = buffer[end:]
        return found

    def rows(self, index: int) -> Iterator[Row]:
        """The rows of a sheet (1-based) that have cells.

        Raises:
            SourceMalformed: It is damaged. Rows before the damage stand.
        """
        member = self._members[index - 1][1]
        if member not in self.package:
            return
        number = 0
        for _, element in xml_events(self.package, member, ("end",)):
            if local(element) == "row":
                said = element.get("r", "")
                number = int(said) if said.isdecimal() and len(said) < 8 else number + 1
                yield number, self._cells(element)
                forget(element)

    def _cells(self, row: Any) -> list[str]:
        cells: list[str] = []
        for cell in children(row, "c"):
            found = _REFERENCE.match(cell.get("r", ""))
            column = min(column_number(found.group(1)), _MOST_COLUMNS) if found else len(cells) + 1
            text = self._value(cell)
            if text and column > len(cells):
                cells += [""] * (column - len(cells) - 1)
                cells.append(text)
        return cells

    def _value(self, cell: Any) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return shown("".join(_plain_text(part) for part in children(cell, "is")))
        value = child(cell, "v")
        said = value.text if value is not None and value.text else ""
        if kind == "s":
            strings = self._shared()
            return strings[int(said)] if said.isdecimal() and len(said) < 10 and int(said) < len(strings) else ""
        if kind == "b":
            return shown(said.strip() == "1")
        if kind != "n" or not said:
            return "" if kind == "e" else shown(said)
        try:
            number = float(said)
        except ValueError:
            return shown(said)
        return self._number(number, cell.get("s", ""))

    def _number(self, number: float, style: str) -> str:
        times = self._formats()
        kind = times[int(style)] if style.isdecimal() and len(style) < 7 and int(style) < len(times) else ""
        if kind == "percent":
            return percent(number)
        if not kind or not 0 <= number < 2_958_466:  # the year 10000
            return shown(number)
        if kind == "span":
            return shown(datetime.timedelta(days=number))
        moment = self._epoch + datetime.timedelta(seconds=round(number * 86400))
        return shown(moment.time() if number < 1 else moment)

    def _shared(self) -> list[str]:
        """The strings that cells share."""
        if self._strings is None:
            self._strings = []
            name = self._others.get("sharedStrings", "")
            with contextlib.suppress(SourceMalformed):  # what stands before the damage is there
                for _, element in xml_events(self.package, name, ("end",)):
                    if local(element) == "si":
                        self._strings.append(shown(_plain_text(element)))
                        forget(element)
        return self._strings

    def _formats(self) -> list[str]:
        """For each style of a cell ``date``, ``span`` (hours past a day), ``percent`` or nothing."""
        if self._times is None:
            self._times = []
            own = {}
            try:
                root = xml_root(self.package, self._others.get("styles", ""))
            except SourceMalformed:  # dates are numbers then
                return self._times
            for part in root.iter():
                if local(part) == "numFmt":
                    own[part.get("numFmtId")] = time_kind(part.get("formatCode") or "")
                elif local(part) == "cellXfs":
                    ids = [style.get("numFmtId", "") for style in children(part, "xf")]
                    self._times = [own.get(key, BUILT_IN_TIMES.get(key, "")) for key in ids]
        return self._times


def _plain_text(element: Any) -> str:
    """The text of a string, its runs joined; how it is pronounced left out."""
    said = []
    for part in element.iter():
        if local(part) == "t" and part.text and local(part.getparent()) != "rPh":
            said.append(part.text)
    return "".join(said)
