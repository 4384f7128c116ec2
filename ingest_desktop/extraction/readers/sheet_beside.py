"""What a workbook of any of the three formats tells beside the values that calamine reads, sheet by sheet."""

from typing import Final, Protocol

from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.extraction.packages import Package
from ingest_desktop.extraction.readers.binary_book import binary_percents
from ingest_desktop.extraction.readers.old_book_parts import SheetParts, parts_of
from ingest_desktop.extraction.readers.sheet_parts import (
    Area,
    StreamedBook,
    remarks,
    sheet_members,
    strings_trouble,
    uses_strings,
)

_NONE: Final = SheetParts()


class Beside(Protocol):
    """Sheets are told by their number, from 1."""

    def cells(self, index: int) -> int | None:
        """How many cells have a value; None when that is not known."""
        ...

    def percents(self, index: int) -> set[tuple[int, int]]:
        """Row and column (both from 1) of the cells that are shown as percents."""
        ...

    def remarks(self, index: int) -> list[str]:
        """Comments, drawn text and charts, each as a text.

        Raises:
            SourceMalformed: They are damaged.
        """
        ...

    def lost(self, index: int) -> str:
        """Why some of a sheet's cells lack what they hold, which calamine does not say; empty when none do."""
        ...


class PackageBeside:
    """Of an XLSX or XLSB package.

    Args:
        package: The workbook.
        names: Of its sheets, as calamine has them; where they differ, nothing is told.
        areas: How far the cells of the members that are sheets reach.
    """

    def __init__(self, package: Package, names: list[str], areas: dict[str, Area]) -> None:
        self._package, self._areas = package, areas
        members = sheet_members(package)
        self._members = [member for _, member in members] if [name for name, _ in members] == names else []
        self._streamed: StreamedBook | None = None
        self._strings: str | None = None  # what is wrong with the list of strings; None: not looked yet

    def cells(self, index: int) -> int | None:
        area = self._areas.get(self._package.find(self._member(index)) or "")
        return area.cells if area is not None else None

    def percents(self, index: int) -> set[tuple[int, int]]:
        member = self._member(index)
        if not member:
            return set()
        if member.lower().endswith(".bin"):
            return binary_percents(self._package, member)
        if self._streamed is None:
            self._streamed = StreamedBook(self._package)
        return self._streamed.percents(index)

    def remarks(self, index: int) -> list[str]:
        return remarks(self._package, index)

    def lost(self, index: int) -> str:
        member = self._member(index)
        if not member:
            return ""
        if member not in self._package:
            return "The part of the workbook that holds it is missing."
        if self._strings is None:
            self._strings = strings_trouble(self._package)
        return self._strings if self._strings and uses_strings(self._package, member) else ""

    def _member(self, index: int) -> str:
        return self._members[index - 1] if 0 < index <= len(self._members) else ""


class OldBeside:
    """Of an XLS workbook."""

    def __init__(self, source: SourceFile, names: list[str]) -> None:
        self._names, self._parts = names, parts_of(source)

    def cells(self, index: int) -> int | None:
        name = self._names[index - 1]
        return self._parts[name].cells if name in self._parts else None

    def percents(self, index: int) -> set[tuple[int, int]]:
        return self._parts.get(self._names[index - 1], _NONE).percents

    def remarks(self, index: int) -> list[str]:
        return self._parts.get(self._names[index - 1], _NONE).remarks

    def lost(self, index: int) -> str:  # noqa: ARG002  calamine says of this format what it cannot read
        return ""
