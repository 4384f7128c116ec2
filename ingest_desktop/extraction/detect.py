"""What a file is, told from its bytes. The name only decides between kinds of text.

Kinds that a built-in reader reads have a constant; everything else ends as ``UnsupportedFormat``.
"""

import os
import re
import struct

from ingest_desktop.domain.errors import SourceEncrypted, SourceError, UnsupportedFormat
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.extraction.encoding import encoding_of_head, is_utf8

PDF, HTML, DOCX, MARKDOWN, CODE, TEXT = "pdf", "html", "docx", "markdown", "code", "text"
SUPPORTED = "PDF, Word (DOCX), HTML, Markdown, plain text and source code"

_MARKDOWN_NAMES = frozenset((".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".rmd"))
_HTML_NAMES = frozenset((".html", ".htm", ".xhtml", ".xht"))
CODE_NAMES = {
    **dict.fromkeys((".py", ".pyi", ".pyw"), "python"),
    **dict.fromkeys((".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".hxx", ".m", ".mm", ".ino", ".cu"), "c"),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".vue", ".svelte"), "javascript"),
    **dict.fromkeys((".java", ".cs", ".kt", ".kts", ".scala", ".groovy", ".dart", ".swift"), "java"),
    **dict.fromkeys((".go",), "go"),
    **dict.fromkeys((".rs",), "rust"),
    **dict.fromkeys((".rb",), "ruby"),
    **dict.fromkeys((".php",), "php"),
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh"), "shell"),
    **dict.fromkeys((".lua", ".pl", ".pm", ".r", ".jl", ".hs", ".ml", ".ex", ".exs", ".erl", ".clj", ".f90"), "other"),
    **dict.fromkeys((".sql", ".css", ".scss", ".less", ".cmake", ".tf", ".proto", ".asm", ".s", ".ps1"), "other"),
}
_ZIP_NAMES = {  # by what is inside
    "word/": DOCX,
    "xl/": "Excel workbooks (XLSX)",
    "ppt/": "PowerPoint presentations (PPTX)",
}
_MIMETYPES = {
    b"application/epub+zip": "EPUB books",
    b"application/vnd.oasis.opendocument.text": "OpenDocument texts (ODT)",
    b"application/vnd.oasis.opendocument.spreadsheet": "OpenDocument spreadsheets (ODS)",
    b"application/vnd.oasis.opendocument.presentation": "OpenDocument presentations (ODP)",
}
_MAGICS = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"{\\rtf", "Rich Text (RTF) files"),
    (b"\x89PNG\r\n\x1a\n", "PNG images"),
    (b"\xff\xd8\xff", "JPEG images"),
    (b"GIF8", "GIF images"),
    (b"II*\0", "TIFF images"),
    (b"MM\0*", "TIFF images"),
    (b"8BPS", "Photoshop images"),
    (b"\x1f\x8b", "gzip archives"),
    (b"BZh", "bzip2 archives"),
    (b"\xfd7zXZ\0", "xz archives"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip archives"),
    (b"Rar!\x1a\x07", "RAR archives"),
    (b"\x28\xb5\x2f\xfd", "Zstandard archives"),
    (b"ID3", "MP3 audio files"),
    (b"OggS", "Ogg audio files"),
    (b"fLaC", "FLAC audio files"),
    (b"\x1aE\xdf\xa3", "Matroska videos"),
    (b"SQLite format 3\0", "SQLite databases"),
    (b"\x7fELF", "Programs"),
    (b"\xca\xfe\xba\xbe", "Programs"),
    (b"MZ\x90\0", "Programs"),
)
_HTML_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,400}>\s*)?(?:<!--.{0,4000}?-->\s*)*<(?:!doctype\s+html|html|head|body|title)\b",
    re.IGNORECASE | re.DOTALL,
)
_MAIL_START = re.compile(
    rb"(?:From |Return-Path:|Received:|Delivered-To:|MIME-Version:|Message-ID:|From:|Date:|Subject:)"
)
_MAIL_FIELD = re.compile(
    rb"^(?:From|To|Subject|Date|Message-ID|MIME-Version|Received|Return-Path|Content-Type):", re.M | re.I
)
_MAGIC_BYTES = frozenset(magic[:1] for magic, _ in _MAGICS)  # few texts begin with one of these
_CONTROLS = bytes(sorted(set(range(32)) - {0, 7, 8, 9, 10, 12, 13, 14, 15, 26, 27})) + b"\x7f"
_cache: list[tuple[bytes, str, str]] = []  # the last answer: several readers ask for the same file


def kind_of(source: SourceFile) -> str:
    """One of the kinds above, or a phrase that names what the file is in the plural, such as ``PNG images``.

    Raises:
        SourceEncrypted: An office document behind a password.
    """
    if _cache and _cache[0][0] is source.head and _cache[0][1] == source.path:
        return _cache[0][2]
    kind = _kind(source.head, source)
    _cache[:] = [(source.head, source.path, kind)]
    return kind


def confidence(source: SourceFile, kinds: frozenset[str]) -> float:
    """What a built-in reader of these kinds answers to ``accepts``."""
    try:
        kind = kind_of(source)
    except SourceError:
        return 0.0
    return (0.5 if kind == TEXT else 0.9) if kind in kinds else 0.0


def unsupported(kind: str) -> UnsupportedFormat:
    """The error for a file that nobody reads."""
    return UnsupportedFormat(f"{kind} are not supported yet. Supported: {SUPPORTED}.")


def suffix_of(path: str) -> str:
    """The ending of the name, in small letters, with its dot."""
    return os.path.splitext(path)[1].lower()


def _kind(head: bytes, source: SourceFile) -> str:
    for magic, name in _MAGICS if head[:1] in _MAGIC_BYTES else ():
        if head.startswith(magic):
            if name == "zip":
                return _zip_kind(source)
            return _ole_kind(source) if name == "ole" else name
    if b"%PDF-" in head[:1024]:
        return PDF
    other = _other_binary(head)
    if other:
        return other
    if not looks_like_text(head):
        return _guessed_name(head)
    return _text_kind(head, suffix_of(source.path))


def _text_kind(head: bytes, suffix: str) -> str:
    """Which kind of text."""
    marked = encoding_of_head(head)
    if marked and marked.startswith(("utf-16", "utf-32")):
        head = head[: len(head) & ~3].decode(marked, "replace").encode("utf-8", "replace")
    if _HTML_START.match(head):
        return HTML
    if suffix in _MARKDOWN_NAMES:
        return MARKDOWN
    if suffix in CODE_NAMES:
        return CODE
    if suffix in _HTML_NAMES and b"<" in head:
        return HTML
    if head.startswith(b"#!") and suffix == "":
        return CODE
    if suffix in (".eml", ".mbox", ".mbx", "") and _MAIL_START.match(head):
        fields = {name.lower() for name in _MAIL_FIELD.findall(head[:8192])}
        if len(fields) >= 2:
            return "Mail files"
    return TEXT


def looks_like_text(head: bytes) -> bool:
    """Whether these first bytes can be text in any common encoding."""
    if not head or encoding_of_head(head):
        return True
    sample = head[:8192]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    nuls = sample.count(0)
    if controls > len(sample) * 0.01 or nuls > len(sample) * 0.3:
        return False
    if is_utf8(sample, cut=True):
        return True
    letters = len(sample) - len(sample.translate(None, bytes(range(0x80, 0x100))))
    return nuls == 0 or letters < len(sample) * 0.3


def _other_binary(head: bytes) -> str | None:
    """Formats whose mark is not at the very start, or not alone there."""
    if head[4:8] == b"ftyp":
        return "HEIC images" if head[8:12] in (b"heic", b"heix", b"mif1") else "MP4 videos"
    if head[:4] == b"RIFF":
        return {b"WEBP": "WebP images", b"WAVE": "WAV audio files", b"AVI ": "AVI videos"}.get(head[8:12], "RIFF files")
    if head[257:262] == b"ustar":
        return "tar archives"
    if head[:2] == b"BM" and len(head) > 26 and struct.unpack_from("<I", head, 14)[0] in (12, 40, 56, 108, 124):
        return "BMP images"
    if head[:2] in (b"\xff\xfb", b"\xff\xf3") and b"\0" in head[:256]:
        return "MP3 audio files"
    return None


def _guessed_name(head: bytes) -> str:
    """A name for bytes that are no text."""
    import filetype

    found = filetype.guess(head[:8192])
    return f"{found.extension.upper()} files" if found is not None else "Binary files of this type"


def _zip_kind(source: SourceFile) -> str:
    """What a zip file holds, by its first member and its folders."""
    head = source.head
    if head[30:38] == b"mimetype" and head[8:10] == b"\0\0":
        size = struct.unpack_from("<I", head, 18)[0]
        return _MIMETYPES.get(head[38 : 38 + size], "OpenDocument files")
    # The directory of members is at the end; names of the first ones are in the head of all but odd files.
    for folder, name in _ZIP_NAMES.items():
        if folder.encode() in head:
            return name
    if b"[Content_Types].xml" not in head:
        return "ZIP archives"
    import zipfile

    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            names = archive.namelist()[:10_000]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return DOCX if suffix_of(source.path) in (".docx", ".docm", ".dotx") else "ZIP archives"
    for folder, name in _ZIP_NAMES.items():
        if any(member.startswith(folder) for member in names):
            return name
    return "ZIP archives"


def _ole_kind(source: SourceFile) -> str:
    """What an OLE file holds, by the names of its streams (UTF-16 in its directory)."""
    from ingest_desktop.extraction.ole import stream_names

    names = stream_names(source)
    if "EncryptedPackage" in names:
        raise SourceEncrypted("The document is protected by a password.")
    for stream, kind in (
        ("WordDocument", "Word 97-2003 documents (DOC)"),
        ("Workbook", "Excel 97-2003 workbooks (XLS)"),
        ("PowerPoint Document", "PowerPoint 97-2003 presentations (PPT)"),
    ):
        if stream in names:
            return kind
    return "Outlook messages (MSG)" if any(n.startswith("__substg1.0_") for n in names) else "OLE files"
