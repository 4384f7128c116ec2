"""What a file is, told from its bytes. The name only decides between kinds of text.

Kinds are those of ``kinds``; a file that no built-in reader reads gets a phrase in the plural, such as ``MP4 videos``.
"""

import os
import struct

from ingest_desktop.domain.errors import SourceError
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.extraction import data_kinds, kinds
from ingest_desktop.extraction.encoding import encoding_of_head, is_utf8
from ingest_desktop.extraction.kinds import DOCX, PDF, TEXT
from ingest_desktop.extraction.tars import BLOCK, is_header
from ingest_desktop.extraction.text_kinds import text_kind

_PACKAGES = {  # by a part of the package
    "word/": DOCX,
    "xl/": kinds.XLSX,
    "ppt/": kinds.PPTX,
    "visio/": "Visio drawings (VSDX)",
}
_MIMETYPES = {
    b"application/epub+zip": kinds.EPUB,
    b"application/vnd.oasis.opendocument.text": kinds.ODT,
    b"application/vnd.oasis.opendocument.text-template": kinds.ODT,
    b"application/vnd.oasis.opendocument.spreadsheet": kinds.ODS,
    b"application/vnd.oasis.opendocument.spreadsheet-template": kinds.ODS,
    b"application/vnd.oasis.opendocument.presentation": kinds.ODP,
    b"application/vnd.oasis.opendocument.presentation-template": kinds.ODP,
    b"application/vnd.oasis.opendocument.text-master": kinds.ODT,
    b"application/vnd.oasis.opendocument.text-web": kinds.ODT,
    b"application/vnd.sun.xml.writer": kinds.ODT,  # what OpenDocument was made from, with the same elements
    b"application/vnd.sun.xml.calc": kinds.ODS,
    b"application/vnd.sun.xml.impress": kinds.ODP,
}
_FIRST_MEMBERS = (b"[Content_Types].xml", b"mimetype", b"META-INF/container.xml")  # packages begin with one of these
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")  # how its first block begins, or its end when it holds nothing
_MAGICS = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"{\\rtf", kinds.RTF),
    (b"\x89PNG\r\n\x1a\n", kinds.IMAGE),
    (b"\xff\xd8\xff", kinds.IMAGE),
    (b"GIF87a", kinds.IMAGE),
    (b"GIF89a", kinds.IMAGE),
    *((b"P%d" % form, "pnm") for form in range(1, 7)),
    (b"\0\0\0\x0cjP  \r\n\x87\n", kinds.IMAGE),
    (b"\xff\x4f\xff\x51\0", kinds.IMAGE),
    (b"II*\0", kinds.IMAGE),
    (b"MM\0*", kinds.IMAGE),
    (b"8BPS\0", "Photoshop images"),
    (b"\x1f\x8b", kinds.COMPRESSED),
    *((b"BZh%d%s" % (level, mark), kinds.COMPRESSED) for level in range(1, 10) for mark in _BZIP2_BLOCKS),
    (b"\xfd7zXZ\0", kinds.COMPRESSED),
    (b"7z\xbc\xaf\x27\x1c", kinds.SEVEN_ZIP),
    (b"Rar!\x1a\x07", kinds.RAR),
    (b"\x78\x9f\x3e\x22", kinds.TNEF),
    (b"\x28\xb5\x2f\xfd", "Zstandard archives"),
    *((b"ID3" + version, "MP3 audio files") for version in (b"\2", b"\3", b"\4")),
    (b"OggS\0", "Ogg audio files"),
    (b"fLaC\0", "FLAC audio files"),
    (b"\x1aE\xdf\xa3", "Matroska videos"),
    (b"SQLite format 3\0", "SQLite databases"),
    (b"\x7fELF", "Programs"),
    (b"\xca\xfe\xba\xbe", "Programs"),
    (b"MZ\x90\0", "Programs"),
)
_MAGIC_BYTES = frozenset(magic[:1] for magic, _ in _MAGICS)  # few texts begin with one of these
_RESERVED_BYTES = 512  # NULs at the beginning: fewer belong to a format
_CONTROLS = bytes(sorted(set(range(32)) - {0, 7, 8, 9, 10, 11, 12, 13, 14, 15, 26, 27})) + b"\x7f"
_CMS, _CMS_STARTS = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07", (b"0", b"M")
_cache: list[tuple[bytes, str, str]] = []  # the last answer: several readers ask for the same file


def kind_of(source: SourceFile) -> str:
    """One of the kinds above, or a phrase that names what the file is in the plural, such as ``PNG images``."""
    if _cache and _cache[0][0] is source.head and _cache[0][1] == source.path:
        return _cache[0][2]
    kind = _kind(source.head, source)
    _cache[:] = [(source.head, source.path, kind)]
    return kind


def confidence(source: SourceFile, wanted: frozenset[str]) -> float:
    """What a built-in reader of these kinds answers to ``accepts``."""
    try:
        kind = kind_of(source)
    except SourceError:
        return 0.0
    return (0.5 if kind == TEXT else 0.9) if kind in wanted else 0.0


def suffix_of(path: str) -> str:
    """The ending of the name, in small letters, with its dot."""
    return os.path.splitext(path)[1].lower()


def _kind(head: bytes, source: SourceFile) -> str:
    for magic, name in _MAGICS if head[:1] in _MAGIC_BYTES else ():
        if head.startswith(magic):
            if name == "zip":
                return _zip_kind(source)
            if name == "pnm":
                if not _is_pnm(head, source):
                    continue
                return kinds.IMAGE
            return _ole_kind(source) if name == "ole" else name
    if b"%PDF-" in head[:1024] and _is_pdf(head, source):
        return PDF
    if head[:1] in _CMS_STARTS and suffix_of(source.path) == ".p7m" and _is_cms(head):
        return kinds.SIGNED
    other = _other_binary(head)
    if other:
        return other
    if not looks_like_text(head):
        return kinds.TAR if is_header(head[:BLOCK]) else _guessed_name(head)
    return _text_kind(head, source)


def _text_suffix_of(path: str) -> str:
    """The ending by which a text is read: the inner one of ``guide.rst.txt``, as programs that publish sources name them."""
    suffix = suffix_of(path)
    if suffix == ".txt":
        inner = suffix_of(path[:-4])
        if inner in kinds.MARKUP_NAMES:
            return inner
    return suffix


def _text_kind(head: bytes, source: SourceFile) -> str:
    """Which kind of text."""
    suffix = _text_suffix_of(source.path)
    if head[:1] == b"\0" and _beyond_nuls(head) is not head:
        found = text_kind(_beyond_nuls(head), suffix)
        return found if found == kinds.JSONL else TEXT  # other readers need not take what stands before
    marked = encoding_of_head(head)
    if marked and marked.startswith(("utf-16", "utf-32")):
        head = head[: len(head) & ~3].decode(marked, "replace").encode("utf-8", "replace")
    found = text_kind(head, suffix)
    if head[:1] in data_kinds.STARTS and found not in data_kinds.NOT_ASKED:
        plain = not marked or marked.startswith("utf-8")
        size = source.size if source.size > len(source.head) else len(head)
        found = data_kinds.data_kind(found, head, source.data if plain else None, size) or found
    return found


def _is_pnm(head: bytes, source: SourceFile) -> bool:
    """Whether a PBM, PGM or PPM picture begins here: a mark so short that a text may begin with it, too."""
    from ingest_desktop.extraction.readers.picture_heads import pnm_size

    return pnm_size(head) is not None and (b"\0" in head or suffix_of(source.path) in kinds.PNM_NAMES)


def _is_pdf(head: bytes, source: SourceFile) -> bool:
    """Whether a PDF document begins here or a little further on, and is not only told of in a text."""
    place = head.find(b"%PDF-")
    return place <= 4 or head[place - 1 : place] in (b"\n", b"\r") or suffix_of(source.path) == ".pdf" or b"\0" in head


def looks_like_text(head: bytes) -> bool:
    """Whether these first bytes can be text in any common encoding."""
    if not head or encoding_of_head(head):
        return True
    sample = head[:8192]
    if sample[0] == 0:
        beyond = _beyond_nuls(head)
        if beyond is not head and beyond:
            sample = beyond[:8192]
            if sample.count(0) > len(sample) * 0.05:
                return False
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    nuls = sample.count(0)
    if controls > len(sample) * 0.01 or nuls > len(sample) * 0.3:
        return False
    if is_utf8(sample, cut=True):
        return True
    letters = len(sample) - len(sample.translate(None, bytes(range(0x80, 0x100))))
    return nuls == 0 or letters < len(sample) * 0.3


def _beyond_nuls(head: bytes) -> bytes:
    """What stands behind the NULs of a log that was made larger before it was written, or whose machine went down."""
    beyond = head.lstrip(b"\0")
    return beyond if len(head) - len(beyond) >= _RESERVED_BYTES else head


def _is_cms(head: bytes) -> bool:
    """Whether data begins here that is in one piece with its signature, or encrypted; perhaps as the text of base64."""
    if head[:1] == b"M":
        from ingest_desktop.extraction.mime import from_base64

        head = from_base64(head[:256])
    return _CMS in head[:64]


def _other_binary(head: bytes) -> str | None:
    """Formats whose mark is not at the very start, or not alone there."""
    if head[4:8] == b"ftyp":
        return "HEIC images" if head[8:12] in (b"heic", b"heix", b"mif1") else "MP4 videos"
    if head[:4] == b"RIFF":
        return {b"WEBP": kinds.IMAGE, b"WAVE": "WAV audio files", b"AVI ": "AVI videos"}.get(head[8:12], "RIFF files")
    if head[:8] == b"bplist00" and b"WebMainResource" in head:
        return kinds.MHTML
    if head[60:68] == b"BOOKMOBI":
        return "Kindle books (MOBI)"
    if head[257:262] == b"ustar":
        return kinds.TAR
    if head[:3] == b"]\0\0" and head[13:14] == b"\0" and _is_size(head[5:13]):
        return kinds.COMPRESSED  # LZMA, as it was before xz
    if (
        head[:2] == b"BM"
        and len(head) > 26
        and struct.unpack_from("<I", head, 14)[0] in (12, 16, 40, 52, 56, 64, 108, 124)
    ):
        return kinds.IMAGE
    if head[:2] in (b"\xff\xfb", b"\xff\xf3") and b"\0" in head[:256]:
        return "MP3 audio files"
    return None


def _is_size(raw: bytes) -> bool:
    """Whether eight bytes are the size of a file, or say that it is not known."""
    return raw == b"\xff" * 8 or int.from_bytes(raw, "little") < 1 << 40


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
        found = _MIMETYPES.get(head[38 : 38 + size].strip())
        if found is not None:
            return found
    if not any(name in head for name in _FIRST_MEMBERS) and source.data is None:
        return kinds.ZIP  # a large one is not opened to look: packages have one of these first
    import zipfile

    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            names = archive.namelist()[:10_000]
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                stated = archive.read("mimetype").strip(b"\xef\xbb\xbf \t\r\n\0").lower()
                found = _MIMETYPES.get(stated)
                if found is not None:
                    return found
                if stated.startswith(b"application/vnd.oasis.opendocument."):
                    return "OpenDocument files of this type"
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return _damaged_zip_kind(head, suffix_of(source.path))
    if "META-INF/container.xml" in names and any(name.lower().endswith(".opf") for name in names):
        return kinds.EPUB
    if "[Content_Types].xml" in names:
        if "xl/workbook.bin" in names:
            return kinds.XLSB
        for folder, name in _PACKAGES.items():
            if any(member.startswith(folder) for member in names):
                return name
    return kinds.ZIP


def _damaged_zip_kind(head: bytes, suffix: str) -> str:
    """A zip file without its directory: by the names in its beginning, else by its own."""
    if b"[Content_Types].xml" in head:
        for folder, name in _PACKAGES.items():
            if folder.encode() in head:
                return name
    promised = kinds.PROMISED.get(suffix)
    return promised[0] if promised is not None and promised[0] in _ZIPPED else kinds.ZIP


_ZIPPED = frozenset({DOCX, kinds.PPTX, kinds.XLSX, kinds.XLSB, kinds.ODT, kinds.ODS, kinds.ODP, kinds.EPUB})


def _ole_kind(source: SourceFile) -> str:
    """What an OLE file holds, by the names of its streams (UTF-16 in its directory)."""
    from ingest_desktop.extraction.ole import stream_names

    names = {name.lower() for name in stream_names(source)}
    if "encryptedpackage" in names:
        return kinds.LOCKED
    for stream, kind in (
        ("worddocument", kinds.DOC),
        ("workbook", kinds.XLS),
        ("book", kinds.XLS),
        ("powerpoint document", kinds.PPT),
    ):
        if stream in names:
            return kind
    return kinds.MSG if any(name.startswith("__substg1.0_") for name in names) else "OLE files of this type"
