"""pypdf: the second opinion on files and pages that PDFium refuses. Slow and pure Python, so it is imported late."""

import io
import logging
import zlib
from collections.abc import Iterator
from typing import Any

from ingest_desktop.domain.errors import IngestError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.extraction.readers.pdf_keys import keys
from ingest_desktop.extraction.readers.pdf_pages import Page, PageRefused
from ingest_desktop.extraction.unlocking import still_locked

_MAX_BOOKMARKS = 5000
_MAX_DEPTH = 8
_MAX_REMARKS = 2000  # of a page
_LOOKED_AT_BYTES = 1024 * 1024  # of what is drawn on a page that seems to be bare, unpacked
_EMPTY_BYTES = 16  # no more are there when nothing was packed
_SUM_BYTES = 4  # at the end of what is packed


class PypdfDocument:
    """An open document.

    Args:
        source: Its bytes, or where they are.
        for_pages: Find out how many pages there are: all of them have to be listed for that.

    Raises:
        SourceEncrypted: It asks for a password.
        SourceMalformed: pypdf cannot open it either.
    """

    by_password = False

    def __init__(self, source: SourceFile, *, for_pages: bool = True) -> None:
        import pypdf

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)
        stream = io.BytesIO(source.data) if source.data is not None else source.open()
        self._stream = stream
        try:
            self._reader = pypdf.PdfReader(stream, strict=False)
            if self._reader.is_encrypted:
                key = next(filter(self._reader.decrypt, _keys(source)), None)
                if key is None:
                    raise still_locked(source.passwords)
                self.by_password = bool(key)
            self.pages = len(self._reader.pages) if for_pages else 0
        except IngestError:
            stream.close()
            raise
        except Exception as error:
            stream.close()
            raise SourceMalformed("The file begins like a PDF document but cannot be opened as one.") from error

    def page(self, index: int) -> Page:
        """A page, counted from 0: its text, and what is written on it in fields and notes. Raises whatever pypdf raises."""
        page = self._reader.pages[index]
        remarks, holds_files = _remarks(page)
        return Page(page.extract_text().replace("\0", ""), remarks, holds_files=holds_files)

    @property
    def catalogue(self) -> Any:
        """The dictionary that all else is found from."""
        return self._reader.root_object

    @property
    def attached(self) -> bool:
        """Whether there may be files attached to the document."""
        try:
            names = self.catalogue.get("/Names")
            return names is not None and "/EmbeddedFiles" in names.get_object()
        except IngestError:
            raise
        except Exception:  # noqa: BLE001  what is damaged lists nothing
            return False

    def attachments(self) -> list[str]:
        """Nothing: what pypdf can name it can also get."""
        return []

    def annotations(self, index: int) -> list[Any]:
        """The notes on a page, counted from 0. Raises whatever pypdf raises."""
        return list(self._reader.pages[index].get("/Annots") or ())[:_MAX_REMARKS]

    def is_damaged(self, index: int) -> bool:
        """Whether what is drawn on a page, counted from 0, cannot be had, or not unpacked.

        To be asked of pages that seem to be bare: of a long content only the beginning is looked at.
        """
        try:
            page = self._reader.pages[index]
            content = page.get("/Contents")
            if content is None:
                return False
            parts = content.get_object()
            return any(map(_is_damaged, parts if isinstance(parts, list) else [parts]))
        except IngestError:
            raise
        except Exception:  # noqa: BLE001  that is what was asked
            return True

    def picture(self, index: int) -> tuple[bytes, int | None]:
        """pypdf draws no pages."""
        raise PageRefused(f"nothing here draws page {index + 1}")

    def metadata(self) -> dict[str, str]:
        """What the document says of itself."""
        try:
            found = {str(key).lstrip("/"): str(value).strip() for key, value in (self._reader.metadata or {}).items()}
        except IngestError:
            raise
        except Exception:  # noqa: BLE001  metadata are welcome, not needed
            return {}
        return {key: value[:500] for key, value in found.items() if value}

    def outline(self) -> tuple[tuple[int, int, str], ...]:
        """The bookmarks in order: level from 1, page from 1, title."""
        found: list[tuple[int, int, str]] = []
        try:
            self._collect(self._reader.outline, 1, found)
        except IngestError:
            raise
        except Exception:  # noqa: BLE001  an outline is welcome, not needed
            return tuple(found)
        return tuple(found)

    def _collect(self, entries: list[Any], level: int, found: list[tuple[int, int, str]]) -> None:
        for entry in entries:
            if len(found) >= _MAX_BOOKMARKS:
                return
            if isinstance(entry, list):
                if level < _MAX_DEPTH:
                    self._collect(entry, level + 1, found)
                continue
            page = self._reader.get_destination_page_number(entry)
            title = " ".join(str(entry.title or "").split())
            if page is not None and title:
                found.append((level, page + 1, title[:500]))

    def close(self) -> None:
        """Give everything back."""
        self._stream.close()


def _keys(source: SourceFile) -> Iterator[str | bytes]:
    yield ""
    for password in source.passwords:
        yield password
        if not password.isascii():
            yield from keys(password)


def _is_damaged(part: Any) -> bool:
    """Whether a stream cannot be unpacked. Raises whatever pypdf raises over it."""
    stream = part.get_object()
    if "/Filter" not in stream:
        return not hasattr(stream, "get_data")
    packed = stream._data
    if stream["/Filter"] != "/FlateDecode" or "/DecodeParms" in stream:
        return bool(packed) and not stream.get_data() and len(packed) > _EMPTY_BYTES
    try:
        found = zlib.decompressobj().decompress(packed, _LOOKED_AT_BYTES)
    except zlib.error:  # a false sum at the end of what is whole is common, and no harm
        found = zlib.decompressobj().decompress(packed[:-_SUM_BYTES], _LOOKED_AT_BYTES)
    return not found and len(packed) > _EMPTY_BYTES


def _remarks(page: Any) -> tuple[tuple[str, ...], bool]:
    """Values of form fields and the text of notes on a page, as far as they are to be had; whether notes hold files."""
    found: list[str] = []
    holds_files = False
    try:
        for entry in (page.get("/Annots") or ())[:_MAX_REMARKS]:
            note = entry.get_object()
            holds_files = holds_files or note.get("/Subtype") == "/FileAttachment"
            name, value = (note.get("/T"), note.get("/V")) if note.get("/Subtype") == "/Widget" else (None, None)
            if isinstance(value, list):  # several choices
                value = ", ".join([str(one) for one in value[:_MAX_REMARKS]])
            said = value if isinstance(value, str) and not value.startswith("/") else note.get("/Contents")
            if isinstance(said, str) and said.strip() and note.get("/Subtype") not in ("/Link", "/Popup"):
                found.append(f"{name}: {said.strip()}" if isinstance(name, str) else said.strip())
    except IngestError:
        raise
    except Exception:  # noqa: BLE001  notes are welcome; the text is what counts
        return tuple(found), holds_files
    return tuple(dict.fromkeys(found)), holds_files
