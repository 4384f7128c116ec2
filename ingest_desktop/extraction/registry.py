"""Which reader reads what: the built-in ones, and those that other packages bring by entry point."""

import importlib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import entry_points

from ingest_desktop.domain.errors import UnsupportedFormat
from ingest_desktop.domain.interfaces.extraction import Reader, SourceFile
from ingest_desktop.extraction import detect

GROUP = "ingest_desktop.readers"
_BUILT_IN = {  # by the kind of file; imported when the first such file comes
    detect.PDF: "pdf:PdfReader",
    detect.HTML: "html:HtmlReader",
    detect.DOCX: "docx:DocxReader",
    detect.MARKDOWN: "markdown:MarkdownReader",
    detect.CODE: "code:CodeReader",
    detect.TEXT: "text:TextReader",
}
_CERTAIN = 0.9


class Registry:
    """The readers of one process."""

    def __init__(self, guests: Sequence[Reader] | None = None) -> None:
        self._guests = list(load_guests() if guests is None else guests)

    def choose(self, source: SourceFile) -> Reader:
        """The reader that is surest that it can read this file; a guest wins only when surer than a built-in one.

        Raises:
            UnsupportedFormat: Nobody reads it.
            SourceEncrypted: An office document behind a password.
        """
        kind = detect.kind_of(source)
        sureness = (0.5 if kind == detect.TEXT else _CERTAIN) if kind in _BUILT_IN else 0.0
        best: Reader | None = None
        for guest in self._guests:
            claim = guest.accepts(source)
            if claim > sureness:
                best, sureness = guest, claim
        if best is not None:
            return best
        if kind not in _BUILT_IN:
            raise detect.unsupported(kind)
        return _built_in(kind)

    def named(self, name: str) -> Reader:
        """The reader that planned a document.

        Raises:
            UnsupportedFormat: The package that brought it is gone.
        """
        for guest in self._guests:
            if guest.name == name:
                return guest
        if name not in _BUILT_IN:
            raise UnsupportedFormat(f"The reader “{name}” that this document was begun with is not installed.")
        return _built_in(name)


@cache
def reader_version(name: str) -> int | None:
    """The version of a reader that is installed, or None."""
    try:
        return Registry().named(name).version
    except UnsupportedFormat:
        return None


def load_guests() -> list[Reader]:
    """Readers from the entry points of other packages. One that cannot be loaded is left out."""
    guests: list[Reader] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            reader = point.load()()
        except Exception:  # noqa: BLE001  a guest's fault must not stop the others
            continue
        if isinstance(reader, Reader):
            guests.append(reader)
    return guests


@cache
def _built_in(kind: str) -> Reader:
    module, _, name = _BUILT_IN[kind].partition(":")
    reader: Reader = getattr(importlib.import_module(f"ingest_desktop.extraction.readers.{module}"), name)()
    return reader
