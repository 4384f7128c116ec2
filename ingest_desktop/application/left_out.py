"""What holds no text and is left out of a drop: sound, film, fonts, programs, images of disks, databases, other binaries.

A thousand songs beside a hundred letters are one line in what is told of a drop, and not a thousand jobs that failed.
A small file whose name promises a document is believed, and not opened: to open thousands is felt, and one that lies is
told by its job. Of all others, those that name what is left out among them, the first bytes are looked at: one opening
and one read, in the thread that searches the folders.
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
DISK: Final = "dmg hdd img iso nrg qcow qcow2 toast vdi vhd vhdx vmdk wim"
PACKED: Final = frozenset("apk appimage gem jar msi whl xpi".split())  # programs in packages that documents have, too

KINDS: Final[dict[str, str]] = {
    ending: kind
    for kind, endings in (
        ("audio", AUDIO),
        ("video", VIDEO),
        ("font", FONT),
        ("program", PROGRAM),
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
        "eml emlx mbox mbx msg srt vtt txt text log ini cfg conf toml properties env lst nfo diff patch ics vcf po pot "
        "png jpg jpeg tif tiff webp gif bmp heic heif ico psd "
        "zip tar gz tgz bz2 tbz2 xz txz 7z rar zst "
        "py pyi pyw c h cc cpp cxx hpp hh hxx m mm ino cu js mjs cjs jsx ts tsx vue svelte java cs kt kts scala groovy "
        "dart swift go rs rb php sh bash zsh ksh lua pl pm r jl hs ml ex exs erl clj f90 sql css scss less cmake tf proto "
        "asm s ps1 bat cmd gradle bib cls sty"
    ).split()
)
"""Endings that promise a document, a picture, an archive or a text: when they are small, they are believed."""

WISHED: Final = frozenset(
    "mobi azw azw3 prc pdb lit djvu djv chm wpd wp5 wri hwp pub one pages key numbers xps oxps dwg dxf ai indd pcx tga "
    "jp2 jxl avif raw dng cr2 nef arw xcf z lz lz4 lzo cab cpio lzh lha arj ace arc sit sitx".split()
)
"""Endings of documents, pictures and archives that nobody here reads: their jobs say so, rather than that they are passed over."""

REASONS: Final = ("audio", "video", "font", "program", "disk_image", "database", "binary")

_BELIEVED_BYTES: Final = 256 * 1024  # beside reading a file that is larger, one look costs nothing

_OPEN_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
)
_ELSEWHERE_ATTRIBUTES: Final = 0x1000 | 0x40000 | 0x400000  # Windows: offline; fetched when opened; fetched when read
_ELSEWHERE_FLAGS: Final = 0x40000000  # macOS: its content is not on this disk


def left_out_as(path: str) -> str | None:
    """Why a file is left out by its name alone: "audio", "video", "font", "program", "disk_image"; None when it is not."""
    return KINDS.get(_ending(path))


def reason_of(path: str, found: os.stat_result) -> str | None:
    """Why a file is left out, by its first bytes unless it is small and named as a document; None when it is not.

    Blocks for one read of the file. Never fails: what cannot be opened is judged by its name.

    Args:
        path: Of a regular file.
        found: What the system says of it. One whose content is elsewhere (in a cloud) is not fetched for this.
    """
    ending = _ending(path)
    promised = ending in DOCUMENTS
    if promised and found.st_size < _BELIEVED_BYTES:
        return None
    named = KINDS.get(ending)
    if not found.st_size or _is_elsewhere(found):
        return named
    try:
        head = _head(path)
    except (OSError, ValueError):
        return named
    medium = medium_of(head)
    if promised:
        return medium
    if medium is not None:
        return named if named in ("audio", "video") and medium in ("audio", "video") else medium
    if named is None and ending not in WISHED and is_binary(head):
        return "binary"
    if named is None or ending in PACKED:
        return named
    return None if is_document(head, packed=named not in ("program", "disk_image")) else named


def _ending(path: str) -> str:
    return os.path.splitext(path)[1][1:].lower()


def _head(path: str) -> bytes:
    """The first bytes, in one opening and one read."""
    handle = os.open(path, _OPEN_FLAGS)
    try:
        return os.read(handle, HEAD_BYTES)
    finally:
        os.close(handle)


def _is_elsewhere(found: os.stat_result) -> bool:
    """Whether reading it would fetch it from a service first."""
    attributes = getattr(found, "st_file_attributes", 0) & _ELSEWHERE_ATTRIBUTES
    return bool(attributes or getattr(found, "st_flags", 0) & _ELSEWHERE_FLAGS)
