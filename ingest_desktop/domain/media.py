"""What holds no text, told by a file's name and its first bytes: for the search of a drop, and for who reads a file.

Both ask here, so that a film is left out alike whether its name tells it, its first bytes, or only the reading of it.
"""

import os
from typing import Final

from ingest_desktop.domain.marks import HEAD_BYTES, is_binary, is_document, medium_of

AUDIO: Final = "mp3 m4a m4b aac ac3 aif aiff aifc alac ape au caf flac mid midi mka mpc ogg oga opus ra wav wma wv"
VIDEO: Final = "3g2 3gp asf avi divx f4v flv m2ts m2v m4v mkv mov mp4 mpe mpeg mpg mxf ogm ogv rm rmvb vob webm wmv y4m"
FONT: Final = "afm eot fon otf pfa pfb pfm ttc ttf woff woff2"
PROGRAM: Final = (
    "a apk appimage beam bin class deb dex dll dylib elc elf exe gem jar msi o pyc pyd pyo rlib rpm so wasm whl xpi"
)
PICTURE: Final = (
    "ani arw avif cr2 cr3 cur dcm dds dng emf emz exr fpx heic heif icns ico jng jxl jxr mic mng nef orf pct pcx pict psb psd qoi raf "
    "ras rgb rw2 sgi tga wmf wmz xcf zvi"
)
DISK: Final = "dmg hdd img iso nrg qcow qcow2 toast vdi vhd vhdx vmdk wim"
PACKED: Final = frozenset(
    "apk appimage gem jar msi whl xpi arw cr2 dng nef fpx mic zvi".split()
)  # programs in packages, and photos as the camera took them in files, that documents have, too

KINDS: Final[dict[str, str]] = {
    ending: kind
    for kind, endings in (
        ("audio", AUDIO),
        ("video", VIDEO),
        ("font", FONT),
        ("program", PROGRAM),
        ("picture", PICTURE),
        ("disk_image", DISK),
    )
    for ending in endings.split()
}
"""The kind of each ending, in small letters without its dot."""

DOCUMENTS: Final = frozenset(
    (
        "pdf docx docm dotx dotm doc dot pptx pptm ppsx potx ppt pps xlsx xlsm xltx xlsb xls xlt odt ott fodt ods ots fods "
        "odp otp fodp rtf epub html htm xhtml xht mhtml mht md markdown mdown mkd mdx qmd rmd rst rest tex latex ltx adoc "
        "asciidoc csv tsv tab json geojson topojson jsonl ndjson xml svg dbk docbook xsd xsl xslt rss opml yaml yml ipynb "
        "eml emlx mbox mbx msg tnef srt vtt txt text log ini cfg conf toml properties env lst nfo diff patch ics vcf po pot "
        "png jpg jpeg tif tiff webp gif bmp dib pbm pgm ppm pnm jp2 j2k j2c jpc jpf jpx "
        "zip tar gz tgz bz2 tbz2 xz txz 7z rar zst "
        "py pyi pyw c h cc cpp cxx hpp hh hxx m mm ino cu js mjs cjs jsx ts tsx vue svelte java cs kt kts scala groovy "
        "dart swift go rs rb php sh bash zsh ksh lua pl pm r jl hs ml ex exs erl clj f90 sql css scss less cmake tf proto "
        "asm s ps1 bat cmd gradle bib cls sty"
    ).split()
)
"""Endings that promise a document, a picture, an archive or a text: when they are small, they are believed."""

WISHED: Final = frozenset(
    "mobi azw azw3 prc pdb lit djvu djv chm wpd wp5 wri hwp pub one pages key numbers xps oxps dwg dxf ai indd raw z lz lz4 "
    "lzo cab cpio lzh lha arj ace arc sit sitx".split()
)
"""Endings of documents and archives that nobody here reads: their jobs say so, rather than that they are passed over."""

REASONS: Final = ("audio", "video", "picture", "font", "program", "disk_image", "database", "binary")

SENTENCES: Final[dict[str, str]] = {
    "audio": "Left out: it is sound, not a document.",
    "video": "Left out: it is a film, not a document.",
    "picture": "Left out: it is a picture of a kind that nobody reads here.",
    "font": "Left out: it is a font, not a document.",
    "program": "Left out: it is a program, not a document.",
    "disk_image": "Left out: it is the image of a disk, not a document.",
    "database": "Left out: it is a database, not a document.",
    "binary": "Left out: there is no text in it, but data of some program.",
}
"""What is said of a file that is left out when it is read, by its reason."""

MEDIA_TYPES: Final[dict[str, str]] = {
    "audio": "audio/*",
    "video": "video/*",
    "picture": "image/*",
    "font": "font/*",
    "program": "application/x-executable",
    "disk_image": "application/x-disk-image",
    "database": "application/x-database",
    "binary": "application/octet-stream",
}
"""The media type, or the range of them, that such a file's job tells, by its reason. Stored: by it they are counted."""

INSIDE: Final = "Left out, because nobody reads them: "
"""Before the kinds that were left out of a file that holds others."""

_UNKNOWN: Final = frozenset({"Binary files of this type", "RIFF files"})
_FAMILIES: Final = {"audio": "audio", "video": "video", "image": "picture", "font": "font"}


def ending_of(path: str) -> str:
    """The ending of a name, in small letters without its dot."""
    return os.path.splitext(path)[1][1:].lower()


def named_as(path: str) -> str | None:
    """Why a file is left out by its name alone: one of ``REASONS``; None when it is not."""
    return KINDS.get(ending_of(path))


def reason_of_type(media_type: str | None) -> str:
    """The reason that stands behind one of ``MEDIA_TYPES``; "binary" for any other."""
    return next((reason for reason, known in MEDIA_TYPES.items() if known == media_type), "binary")


def reason_of_head(path: str, head: bytes) -> str | None:
    """Why a file is left out, by its name and its first bytes; None when it is not.

    Args:
        head: The first ``HEAD_BYTES``, or more.
    """
    ending, head = ending_of(path), head[:HEAD_BYTES]
    medium, named = medium_of(head), KINDS.get(ending)
    if ending in DOCUMENTS:
        return medium
    if medium is not None:
        return named if named in ("audio", "video") and medium in ("audio", "video") else medium
    if named is None and ending not in WISHED and is_binary(head):
        return "binary"
    if named is None or ending in PACKED:
        return named
    return None if is_document(head, packed=named not in ("program", "disk_image")) else named


def reason_of_kind(path: str, head: bytes, kind: str, media_type: str = "") -> str | None:
    """Why a file that nobody reads is left out, rather than told as a document that cannot be read; None when it is not.

    Args:
        head: The first bytes.
        kind: What it was found to be, in the plural, such as ``MP4 videos``.
        media_type: That of its mark, where one is known.
    """
    ending, reason = ending_of(path), reason_of_head(path, head)
    if reason in (None, "binary") and ending not in WISHED:
        reason = _FAMILIES.get(media_type.partition("/")[0], reason)
    if reason is None and kind in _UNKNOWN and ending not in DOCUMENTS and ending not in WISHED:
        return "binary"
    return reason
