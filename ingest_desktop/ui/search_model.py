"""Search results as rows: a heading for each document, its passages below."""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ingest_desktop.domain.models import Hit, SearchPage
from ingest_desktop.domain.models.content import MARK_END, MARK_START
from ingest_desktop.domain.text import one_line
from ingest_desktop.ui import places, words

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
_SPACE = re.compile(r"[^\S\x02\x03]+")
_LEADERS = re.compile(r"(?: ?[.\u00b7\u2026_]){6,}")  # what leads to a number in a table of contents, and tells nothing
_CONTROL = re.compile(r"[\x00\x01\x04-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: a document's heading (``hit`` is its first one) or a passage."""

    hit: Hit
    is_heading: bool
    title: str
    text: str = ""
    marks: tuple[tuple[int, int], ...] = ()  # start and length, in UTF-16 units as Qt counts

    @property
    def key(self) -> tuple[str, str]:
        """What stays the same when it is found again with another rank or snippet."""
        return (self.hit.kb_id, f"document {self.hit.document_id}" if self.is_heading else self.hit.chunk_id)


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse_marks(snippet: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A snippet's text as one line, and where its found words stand in it (UTF-16 units). Never markup."""
    text, marks, start = "", [], -1
    line = _LEADERS.sub(" …", _SPACE.sub(" ", _CONTROL.sub("", snippet)).strip())
    for part in re.split(f"([{MARK_START}{MARK_END}])", line):
        if part == MARK_START:
            start = _units(text) if start < 0 else start
        elif part == MARK_END:
            if start >= 0 and _units(text) > start:
                marks.append((start, _units(text) - start))
            start = -1
        else:
            text += part
    if start >= 0 and _units(text) > start:
        marks.append((start, _units(text) - start))
    return text, tuple(marks)


def entries_of(page: SearchPage) -> list[Entry]:
    """Passages grouped by document; documents in the order of their best passage. Any thread."""
    groups: dict[tuple[str, str], list[Hit]] = {}
    for hit in page.hits:
        groups.setdefault((hit.kb_id, hit.document_id), []).append(hit)
    found = []
    for hits in groups.values():
        path = hits[0].source_path
        found.append(Entry(hits[0], True, one_line(PurePath(path).name or path), one_line(words.folder_of(path))))
        for hit in hits:
            text, marks = parse_marks(hit.snippet)
            found.append(Entry(hit, False, places.line_of(hit.location), text, marks))
    return found


class SearchModel(QAbstractListModel):
    """The rows of one answer."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[Entry] = []

    def show(self, entries: list[Entry]) -> None:
        """Show another answer, as ``entries_of`` makes it; or none."""
        self.beginResetModel()
        self._entries = entries
        self.endResetModel()

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def entry(self, row: int) -> Entry | None:
        """A row, or None outside."""
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def row_of(self, entry: Entry | None) -> int:
        """Where the same passage (or the same document's heading) stands in this answer, or -1."""
        if entry is None:
            return -1
        return next((row for row, other in enumerate(self._entries) if other.key == entry.key), -1)

    def data(self, index: Index, role: int = 0) -> Any:
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.title if entry.is_heading else f"{entry.title}: {entry.text}" if entry.title else entry.text
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return entry.hit.source_path
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self._entries[index.row()].is_heading:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def next_hit(self, row: int, step: int) -> int:
        """The next passage above (-1) or below (1) a row, or -1."""
        row += step
        while 0 <= row < len(self._entries):
            if not self._entries[row].is_heading:
                return row
            row += step
        return -1
