"""PDFium by its raw calls: the fewest Python objects a page."""

import ctypes
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pypdfium2.raw as raw

from ingest_desktop.domain.errors import SourceEncrypted, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.extraction.readers.pdf_keys import keys
from ingest_desktop.extraction.readers.pdf_ligatures import Ligatures, may_have
from ingest_desktop.extraction.readers.pdf_pages import Page, PageRefused, Pictured, is_usable
from ingest_desktop.extraction.readers.pdfium_boxes import CUT_MARKS, SOFT_HYPHEN, PlacedText
from ingest_desktop.extraction.readers.pdfium_pictures import drawn, look_at
from ingest_desktop.extraction.readers.pdfium_remarks import Remarks
from ingest_desktop.extraction.readers.pdfium_spaces import made_by_moves, missing_spaces
from ingest_desktop.extraction.unlocking import still_locked

_TAGS = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate")
_MAX_BOOKMARKS = 5000
_MAX_DEPTH = 8
_MAX_ATTACHMENTS = 1000  # that are named
_MAX_CHARS_PER_PAGE = 20_000_000

NO_PASSWORD = "The document is locked with certificates, or in another way that no password opens."

_LAM = "\u0644"
_ALEF_LAM = re.compile("[\u0622\u0623\u0625\u0627\u0671]\u0644")

_ready: list[bool] = []


class PdfiumDocument:
    """An open document. Not thread-safe; keeps the bytes it was opened from alive."""

    def __init__(self, source: SourceFile) -> None:
        if not _ready:
            import pypdfium2

            _ready.append(bool(pypdfium2.PDFIUM_INFO))  # importing it has initialised the library
        self._data = source.data
        self._source: SourceFile | None = source
        self._key: bytes | None = None
        self._buffer: Any = None
        self._remarks: Remarks | None = None
        self._placed: list[PlacedText] = []  # pages that may be open still
        self._handle: Any = None
        for key in _keys(source):
            self._key = key
            self._handle = _loaded(source, key)
            code = 0 if self._handle else raw.FPDF_GetLastError()
            if code != raw.FPDF_ERR_PASSWORD:
                break
        if not self._handle:
            if code == raw.FPDF_ERR_SECURITY:
                raise SourceEncrypted(NO_PASSWORD)
            if code == raw.FPDF_ERR_PASSWORD:
                raise still_locked(source.passwords)
            raise SourceMalformed("The file begins like a PDF document but cannot be opened as one.")
        self.pages: int = raw.FPDF_GetPageCount(self._handle)
        self.attached = raw.FPDFDoc_GetAttachmentCount(self._handle) > 0
        self._lacks_spaces = made_by_moves(self._handle)
        self._ligatures = Ligatures(source)

    def page(self, index: int) -> Page:
        """A page, counted from 0: its text, what is written on it in fields and notes, whether it is a picture of text.

        It stays open until its ``placed`` or the document is closed.

        Raises:
            PageRefused: The page cannot be loaded.
        """
        page = raw.FPDF_LoadPage(self._handle, index)
        if not page:
            raise PageRefused("PDFium does not load it")
        placed: PlacedText | None = None
        try:
            placed = self._text(page)
            text = placed.clean
            remarks: tuple[str, ...] = ()
            holds_files = False
            if raw.FPDFPage_GetAnnotCount(page) > 0:
                if self._remarks is None:
                    self._remarks = Remarks(self._handle, self._reopened)
                remarks = self._remarks.of(page, text, index)
                holds_files = self._remarks.holds_files
            pictured = Pictured()
            if not is_usable(text):
                pictured = look_at(page, text)
            self._placed = [one for one in self._placed if one.is_open]
            self._placed.append(placed)
            is_bare = not text and raw.FPDFPage_CountObjects(page) == 0
            return Page(text, remarks, pictured, placed, holds_files, is_bare)
        except BaseException:
            if placed is not None:
                placed.close()
            else:
                raw.FPDF_ClosePage(page)
            raise

    def picture(self, index: int) -> tuple[bytes, int]:
        """A page, counted from 0, as it is printed, in shades of grey: a PGM file, and its dots per inch.

        Raises:
            PageRefused: The page cannot be loaded or drawn.
        """
        page = raw.FPDF_LoadPage(self._handle, index)
        if not page:
            raise PageRefused("PDFium does not load it")
        try:
            return drawn(page)
        finally:
            raw.FPDF_ClosePage(page)

    def _text(self, page: Any) -> PlacedText:
        """The text of a page, which closes it from now on."""
        textpage = raw.FPDFText_LoadPage(page)
        if not textpage:
            raise PageRefused("PDFium finds no way into its text")
        try:
            count = raw.FPDFText_CountChars(textpage)
            if count <= 0:
                return PlacedText(page, textpage, "", "", 0)
            if count > _MAX_CHARS_PER_PAGE:
                raise PageRefused(f"it claims {count:,} characters")
            text = self._get(textpage, count)
            if _LAM in text:
                text = _ligatures(textpage, text, count)
            if (self._lacks_spaces or may_have(text)) and len(text) == count:
                spaces = missing_spaces(textpage, text) if self._lacks_spaces else []
                letters = self._ligatures.on(textpage, text) if may_have(text) else {}
                more = sorted([*spaces, *[at + 1 for at, new in letters.items() for _ in new[1:]]])
                return PlacedText(page, textpage, text, self._clean(_mended(text, spaces, letters)), count, more)
            return PlacedText(page, textpage, text, self._clean(text), count)
        except BaseException:
            raw.FPDFText_ClosePage(textpage)
            raise

    def _get(self, textpage: Any, count: int) -> str:
        if self._buffer is None or len(self._buffer) < count + 1:
            self._buffer = (ctypes.c_ushort * max(count + 1, 8192))()
        written = raw.FPDFText_GetText(textpage, 0, count, self._buffer)
        size = 2 * max(written - 1, 0)
        return ctypes.string_at(self._buffer, size).decode("utf-16-le", "replace")

    @staticmethod
    def _clean(text: str) -> str:
        """Newlines, words joined again that a line end cut, no NULs."""
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        for mark in CUT_MARKS:
            if mark in text:
                text = text.replace(mark + "\n", "").replace(mark, "")
        return text.replace(SOFT_HYPHEN + "\n", "")

    def metadata(self) -> dict[str, str]:
        """What the document says of itself."""
        found = {}
        buffer = ctypes.create_string_buffer(1024)
        for tag in _TAGS:
            size = raw.FPDF_GetMetaText(self._handle, tag.encode(), buffer, 1024)
            if 2 < size <= 1024:
                text = buffer.raw[: size - 2].decode("utf-16-le", "replace").replace("\0", "").strip()
                if text:
                    found[tag] = text
        return found

    def attachments(self) -> list[str]:
        """The names of the files that are attached to the document, as far as they are told."""
        found = []
        buffer = (ctypes.c_ushort * 1024)()
        for number in range(min(raw.FPDFDoc_GetAttachmentCount(self._handle), _MAX_ATTACHMENTS)):
            attachment = raw.FPDFDoc_GetAttachment(self._handle, number)
            size = raw.FPDFAttachment_GetName(attachment, buffer, 2048) if attachment else 0
            found.append(ctypes.string_at(buffer, size - 2).decode("utf-16-le", "replace") if 2 < size <= 2048 else "")
        return found

    def outline(self) -> tuple[tuple[int, int, str], ...]:
        """The bookmarks in order: level from 1, page from 1, title. Loops in the file end at a bound."""
        found: list[tuple[int, int, str]] = []
        seen: set[int] = set()
        first = raw.FPDFBookmark_GetFirstChild(self._handle, None)
        if first:
            self._walk_pages()
        pending: list[tuple[Any, int]] = [(first, 1)]
        while pending and len(found) < _MAX_BOOKMARKS:
            mark, level = pending.pop()
            if not mark:
                continue
            address = ctypes.cast(mark, ctypes.c_void_p).value or 0
            if address in seen:
                continue
            seen.add(address)
            page, title = self._target(mark), self._title(mark)
            if page and title:
                found.append((level, page, title))
            pending.append((raw.FPDFBookmark_GetNextSibling(self._handle, mark), level))
            if level < _MAX_DEPTH:
                pending.append((raw.FPDFBookmark_GetFirstChild(self._handle, mark), level + 1))
        return tuple(found)

    def _walk_pages(self) -> None:
        """Let PDFium see every page once. It then knows their numbers; else it walks the pages anew for each bookmark."""
        size = raw.FS_SIZEF()
        for index in range(self.pages):
            raw.FPDF_GetPageSizeByIndexF(self._handle, index, size)

    def _target(self, mark: Any) -> int:
        """The 1-based page of a bookmark; 0 when it leads elsewhere."""
        target = raw.FPDFBookmark_GetDest(self._handle, mark)
        if not target:
            action = raw.FPDFBookmark_GetAction(mark)
            target = raw.FPDFAction_GetDest(self._handle, action) if action else None
        return raw.FPDFDest_GetDestPageIndex(self._handle, target) + 1 if target else 0

    @staticmethod
    def _title(mark: Any) -> str:
        buffer = ctypes.create_string_buffer(1024)
        size = raw.FPDFBookmark_GetTitle(mark, buffer, 1024)
        if not 2 < size <= 1024:
            return ""
        return " ".join(ctypes.string_at(buffer, size - 2).decode("utf-16-le", "replace").replace("\0", "").split())

    def close(self) -> None:
        """Give everything back. Any number of times."""
        handle, self._handle = self._handle, None
        for placed in self._placed:
            placed.close()
        self._placed = []
        if self._remarks is not None:
            self._remarks.close()
            self._remarks = None
        if handle:
            raw.FPDF_CloseDocument(handle)
        self._data = self._source = None

    def _reopened(self) -> Any:
        """The handle of the same document once more, for whoever changes it."""
        return _loaded(self._source, self._key) if self._source is not None else None


def _ligatures(textpage: Any, text: str, count: int) -> str:
    """Lam before alef where one shape stands for both: PDFium turns such a pair around with the rest of the line."""
    if len(text) != count:  # then places in the text are not those that PDFium counts
        return text
    signs = list(text)
    for found in _ALEF_LAM.finditer(text):
        at = found.start()
        if _origin(textpage, at) == _origin(textpage, at + 1) and raw.FPDFText_GetUnicode(textpage, at) == ord(
            signs[at]
        ):
            signs[at], signs[at + 1] = signs[at + 1], signs[at]
    return "".join(signs)


def _mended(text: str, spaces: Sequence[int], letters: Mapping[int, str]) -> str:
    """A text with a space before each of some characters, and letters in the place of others."""
    pieces, done = [], 0
    for at in sorted({*spaces, *letters}):
        pieces.append(text[done:at])
        done = at
        if at in spaces:
            pieces.append(" ")
        if at in letters:
            pieces.append(letters[at])
            done += 1
    return "".join([*pieces, text[done:]])


def _origin(textpage: Any, index: int) -> tuple[float, float]:
    """Where on the page the shape of a character begins."""
    across, up = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(textpage, index, ctypes.byref(across), ctypes.byref(up))
    return across.value, up.value


def _keys(source: SourceFile) -> Iterator[bytes | None]:
    yield None
    for password in source.passwords:
        yield from keys(password)


def _loaded(source: SourceFile, key: bytes | None) -> Any:
    """The handle of a document; nothing when PDFium does not open it."""
    if source.data is not None:
        return raw.FPDF_LoadMemDocument64(source.data, len(source.data), key)
    name = source.path.encode("utf-8") if os.name == "nt" else os.fsencode(source.path)
    return raw.FPDF_LoadDocument(name, key)
