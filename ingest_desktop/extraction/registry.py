"""Which reader reads what: the built-in ones, and those that other packages bring by entry point."""

import importlib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import entry_points

from ingest_desktop.domain.errors import LeftOut, UnsupportedFormat
from ingest_desktop.domain.interfaces.extraction import Reader, SourceFile
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.versions import VERSIONS

GROUP = "ingest_desktop.readers"
_BUILT_IN = {  # by the reader's name; imported when the first file of its kinds comes
    "pdf": "pdf:PdfReader",
    "image": "images:ImageReader",
    "html": "html:HtmlReader",
    "docx": "docx:DocxReader",
    "pptx": "pptx:PptxReader",
    "sheets": "sheets:SheetsReader",
    "odf": "odf:OdfReader",
    "rtf": "rtf:RtfReader",
    "legacy": "legacy:LegacyReader",
    "locked": "locked:LockedReader",
    "markdown": "markdown:MarkdownReader",
    "code": "code:CodeReader",
    "mail": "mail:MailReader",
    "mbox": "mbox:MboxReader",
    "mhtml": "mhtml:MhtmlReader",
    "msg": "msg:MsgReader",
    "winmail": "winmail:WinmailReader",
    "epub": "epub:EpubReader",
    "text": "text:TextReader",
    "csv": "tables:CsvReader",
    "json": "json_data:JsonReader",
    "jsonl": "json_data:JsonLinesReader",
    "xml": "xml_data:XmlReader",
    "yaml": "yaml_data:YamlReader",
    "notebook": "notebook:NotebookReader",
    "subtitles": "subtitles:SubtitleReader",
    "cards": "cards:CardReader",
    "whatsapp": "chats:WhatsAppReader",
    "chatgpt": "chats:ChatGptReader",
    "rst": "rst:RstReader",
    "latex": "latex:LatexReader",
    "asciidoc": "asciidoc:AsciidocReader",
    "zip": "archives:ZipReader",
    "tar": "archives:TarReader",
    "compressed": "compressed:CompressedReader",
    "signed": "signed_files:SignedReader",
    "sealed": "sealed_archives:SealedReader",
}
_READS = {  # the name of the reader of each kind
    kinds.PDF: "pdf",
    kinds.IMAGE: "image",
    kinds.HTML: "html",
    kinds.DOCX: "docx",
    kinds.PPTX: "pptx",
    **dict.fromkeys((kinds.XLSX, kinds.XLSB, kinds.XLS), "sheets"),
    **dict.fromkeys((kinds.ODT, kinds.ODS, kinds.ODP), "odf"),
    kinds.RTF: "rtf",
    **dict.fromkeys((kinds.DOC, kinds.PPT), "legacy"),
    kinds.LOCKED: "locked",
    kinds.MARKDOWN: "markdown",
    kinds.CODE: "code",
    kinds.EML: "mail",
    kinds.MBOX: "mbox",
    kinds.MHTML: "mhtml",
    kinds.MSG: "msg",
    kinds.TNEF: "winmail",
    kinds.EPUB: "epub",
    kinds.TEXT: "text",
    kinds.ZIP: "zip",
    kinds.TAR: "tar",
    **dict.fromkeys((kinds.SEVEN_ZIP, kinds.RAR), "sealed"),
    kinds.COMPRESSED: "compressed",
    kinds.SIGNED: "signed",
    kinds.CSV: "csv",
    kinds.JSON: "json",
    kinds.JSONL: "jsonl",
    kinds.XML: "xml",
    kinds.YAML: "yaml",
    kinds.NOTEBOOK: "notebook",
    kinds.SUBTITLES: "subtitles",
    kinds.CARDS: "cards",
    kinds.WHATSAPP: "whatsapp",
    kinds.CHATGPT: "chatgpt",
    kinds.RST: "rst",
    kinds.LATEX: "latex",
    kinds.ASCIIDOC: "asciidoc",
}
_FAMILIES = (  # what people call them, and a kind that stands for each
    ("PDF", kinds.PDF),
    ("pictures with text (PNG, JPEG, TIFF, WebP, GIF, BMP, JPEG 2000, PBM, PGM, PPM; with tesseract)", kinds.IMAGE),
    ("Word (DOCX; DOC with LibreOffice)", kinds.DOCX),
    ("PowerPoint (PPTX; PPT with LibreOffice)", kinds.PPTX),
    ("Excel (XLSX, XLS, XLSB)", kinds.XLSX),
    ("OpenDocument (ODT, ODS, ODP)", kinds.ODT),
    ("RTF", kinds.RTF),
    ("EPUB", kinds.EPUB),
    ("HTML", kinds.HTML),
    ("saved web pages (MHTML)", kinds.MHTML),
    ("mail (EML, MBOX)", kinds.EML),
    ("Outlook messages (MSG, winmail.dat)", kinds.MSG),
    ("archives (ZIP, TAR, GZ, BZ2, XZ; 7Z and RAR with libarchive)", kinds.ZIP),
    ("Markdown", kinds.MARKDOWN),
    ("reStructuredText", kinds.RST),
    ("LaTeX", kinds.LATEX),
    ("AsciiDoc", kinds.ASCIIDOC),
    ("tables (CSV, TSV)", kinds.CSV),
    ("JSON", kinds.JSON),
    ("XML", kinds.XML),
    ("YAML", kinds.YAML),
    ("Jupyter notebooks", kinds.NOTEBOOK),
    ("subtitles (SRT, WebVTT)", kinds.SUBTITLES),
    ("calendars and address cards (ICS, VCF)", kinds.CARDS),
    ("chats (WhatsApp, Slack, ChatGPT)", kinds.WHATSAPP),
    ("plain text", kinds.TEXT),
    ("source code", kinds.CODE),
)
_CERTAIN = 0.9


class Registry:
    """The readers of one process."""

    def __init__(self, guests: Sequence[Reader] | None = None) -> None:
        self._guests = list(load_guests() if guests is None else guests)

    @property
    def has_guests(self) -> bool:
        """Whether other packages brought readers."""
        return bool(self._guests)

    @property
    def guests(self) -> tuple[Reader, ...]:
        """Those readers."""
        return tuple(self._guests)

    def choose(self, source: SourceFile) -> Reader:
        """The reader that is surest that it can read this file; a guest wins only when surer than a built-in one.

        Raises:
            UnsupportedFormat: Nobody reads it; ``LeftOut`` when it is no document.
        """
        kind = detect.kind_of(source)
        sureness = (0.5 if kind == kinds.TEXT else _CERTAIN) if kind in _READS else 0.0
        best: Reader | None = None
        for guest in self._guests:
            claim = guest.accepts(source)
            if claim > sureness:
                best, sureness = guest, claim
        if best is not None:
            return best
        if kind not in _READS:
            raise unreadable(kind, source)
        return _built_in(_READS[kind])

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
def guests_are_installed() -> bool:
    """Whether other packages bring readers. Looks, and loads none."""
    return bool(entry_points(group=GROUP))


@cache
def reader_version(name: str) -> int | None:
    """The version of a reader that is installed, or None."""
    guests = {guest.name: guest.version for guest in reversed(Registry().guests)}
    return guests.get(name, VERSIONS.get(name))


@cache
def reader_versions() -> tuple[tuple[str, int], ...]:
    """The name and version of every reader that is installed."""
    guests = [(guest.name, guest.version) for guest in Registry().guests]
    return (*guests, *sorted(VERSIONS.items()))


def supported() -> str:
    """What can be read, as a list for people: the one of the guide."""
    *names, last = [name for name, kind in _FAMILIES if kind in _READS]
    return f"{', '.join(names)} and {last}"


def unsupported(kind: str) -> UnsupportedFormat:
    """The error for a file that nobody reads."""
    what = f"Files of this kind ({kind})" if kind in kinds.ALL else kind
    return UnsupportedFormat(f"{what} are not supported. The guide lists what can be read.")


def unreadable(kind: str, source: SourceFile) -> UnsupportedFormat:
    """The error for this file, which nobody reads: ``LeftOut`` for what holds no text, else ``unsupported``."""
    import filetype

    from ingest_desktop.domain.media import SENTENCES, reason_of_kind

    found = filetype.guess(source.head[:8192])
    reason = reason_of_kind(source.path, source.head, kind, found.mime if found is not None else "")
    return unsupported(kind) if reason is None else LeftOut(SENTENCES[reason], reason=reason, kind=kind)


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
def _built_in(name: str) -> Reader:
    module, _, found = _BUILT_IN[name].partition(":")
    reader: Reader = getattr(importlib.import_module(f"ingest_desktop.extraction.readers.{module}"), found)()
    return reader
