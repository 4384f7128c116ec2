"""What the first bytes of a file tell before anybody reads it: sound, film, a font, a program, or text and documents.

Pure and small: it is asked while a folder is searched, of names that promise nothing. What a file is exactly is told
later, in a child, by all that it takes.
"""

import re
from typing import Final

HEAD_BYTES: Final = 512

_STARTS: Final = (
    ("database", b"SQLite format 3\0"),
    ("database", b"\0\1\0\0Standard Jet DB"),
    ("database", b"\0\1\0\0Standard ACE DB"),
    *(("audio", b"ID3" + version) for version in (b"\2", b"\3", b"\4")),
    ("audio", b"fLaC"),
    ("audio", b"MThd\0\0\0\6"),
    ("audio", b"wvpk"),
    ("audio", b"MAC \x96\x0f"),
    ("audio", b"MPCKSH"),
    ("audio", b"caff\0"),
    ("audio", b".snd\0"),
    ("audio", b".ra\xfd"),
    ("audio", b"#!AMR"),
    ("video", b"\x1aE\xdf\xa3"),
    ("video", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    ("video", b"FLV\1"),
    ("video", b".RMF\0"),
    ("video", b"\0\0\1\xba"),
    ("video", b"\0\0\1\xb3"),
    ("video", b"\x06\x0e\x2b\x34\x02\x05\x01\x01"),
    ("video", b"YUV4MPEG2 "),
    ("font", b"OTTO\0"),
    ("font", b"true\0"),
    ("font", b"ttcf\0"),
    ("font", b"wOFF\0\1\0\0"),
    ("font", b"wOFFOTTO"),
    ("font", b"wOFFtrue"),
    ("font", b"wOF2\0\1\0\0"),
    ("font", b"wOF2OTTO"),
    ("font", b"wOF2true"),
    ("font", b"\x80\1"),
    ("font", b"%!PS-AdobeFont"),
    ("font", b"%!FontType1"),
    ("font", b"StartFontMetrics"),
    ("program", b"\x7fELF"),
    ("program", b"\xca\xfe\xba\xbe"),
    ("program", b"\xfe\xed\xfa\xce"),
    ("program", b"\xfe\xed\xfa\xcf"),
    ("program", b"\xce\xfa\xed\xfe"),
    ("program", b"\xcf\xfa\xed\xfe"),
    ("program", b"\0asm\1\0\0\0"),
    ("program", b"dex\n03"),
    ("program", b"\xed\xab\xee\xdb"),
    ("program", b"!<arch>\n"),
    ("program", b"!<thin>\n"),
    ("program", b"BC\xc0\xde"),
    ("program", b";ELC"),
    ("disk_image", b"QFI\xfb"),
    ("disk_image", b"vhdxfile"),
    ("disk_image", b"conectix\0"),
    ("disk_image", b"KDMV\1"),
    ("disk_image", b"# Disk DescriptorFile"),
    ("disk_image", b"<<< Oracle VM VirtualBox"),
    ("disk_image", b"MSWIM\0\0\0"),
    ("picture", b"8BPS\0\1\0\0"),
    ("picture", b"8BPS\0\2\0\0"),
    ("picture", b"gimp xcf "),
    ("picture", b"\0\0\0\x0cJXL \r\n\x87\n"),
    ("picture", b"\x8aMNG\r\n\x1a\n"),
    ("picture", b"\x8bJNG\r\n\x1a\n"),
    ("picture", b"DDS |\0\0\0"),
    ("picture", b"v/1\1\2\0"),
    ("picture", b"\xd7\xcd\xc6\x9a\0\0"),
    ("picture", b"II*\0\x10\0\0\0CR\2\0"),
    ("picture", b"FUJIFILMCCD-RAW "),
    ("picture", b"IIRO\x08\0\0\0"),
    ("picture", b"IIRS\x08\0\0\0"),
    ("picture", b"IIU\0\x18\0\0\0"),
    ("picture", b"Xcur\x10\0\0\0"),
    ("picture", b"\x59\xa6\x6a\x95\0\0"),
    ("picture", b"\xff\x0a\xfa"),
    ("picture", b"II+\0\x08\0\0\0"),
    ("picture", b"MM\0+\0\x08\0\0"),
)
_FIRST_BYTES: Final = frozenset(mark[0] for _, mark in _STARTS)
_SHORT_SOUND: Final = (b"\x0b\x77", b"\xff\xf1", b"\xff\xf9")  # so short that a text may begin with them
_RIFF: Final = {b"WAVE": "audio", b"RMID": "audio", b"AVI ": "video", b"CDXA": "video", b"ACON": "picture"}
_FORM: Final = {b"AIFF": "audio", b"AIFC": "audio"}
_SOUND_BRANDS: Final = frozenset({b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "})
_PICTURE_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis", b"crx "}
)
_ATOMS: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_DOCUMENTS: Final = (
    b"%PDF-",
    b"{\\rtf",
    b"\x78\x9f\x3e\x22",
    b"PK\3\4",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"II*\0",
    b"MM\0*",
    b"GIF87a",
    b"GIF89a",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51\0",
)
_ARCHIVES: Final = (b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0", b"]\0\0", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")
_TEXT_STARTS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_BOOT_STARTS: Final = (b"\xeb", b"\xfa", b"\x33\xc0")
_NO_TEXT: Final = re.compile(rb"[\0-\6\x0e-\x19\x1c-\x1f\x7f]")
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_BITS: Final = frozenset((1, 4, 8, 16, 24, 32))  # of a dot
_LEAST_BINARY: Final = 16  # bytes that must be there to say that they are no text
_TAR_BYTES, _TAR_SUM = 512, slice(148, 156)  # of a header of the oldest form, which has no mark but a sum


def medium_of(head: bytes) -> str | None:
    """What holds no text, or none that can be had, by its first ``HEAD_BYTES``.

    "audio", "video", "picture" (of a kind that nobody reads here), "font", "program", "disk_image", "database"; None when
    they are a document's, a text's, a picture's that can be recognised, or unknown.
    """
    if head[:1] and head[0] in _FIRST_BYTES:
        for kind, mark in _STARTS:
            if head.startswith(mark):
                return kind
    return _framed(head) or _tabled(head)


def is_document(head: bytes, *, packed: bool = True) -> bool:
    """Whether the first bytes are those of text, or have the mark of a document or a picture.

    Args:
        head: The first bytes, ``HEAD_BYTES`` at most.
        packed: Archives and compressed files count, too.
    """
    if head.startswith(_DOCUMENTS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    if head.startswith(_ARCHIVES) or head[257:262] == b"ustar":
        return packed
    return reads_as_text(head)


def is_binary(head: bytes) -> bool:
    """Whether the first bytes are certainly neither text nor anything that this program reads, whatever else they are.

    In doubt they are not: a file of nothing but zeros, an old tar file, UTF-16 without its mark.
    """
    if head.startswith(b"\0\0\xfe\xff"):  # the mark of UTF-32
        return False
    rest = head.lstrip(b"\0")
    if len(rest) < _LEAST_BINARY or 20 * len(_NO_TEXT.findall(rest)) < len(rest):
        return False
    return not (medium_of(head) or is_document(head) or b"%PDF-" in head or _is_wide(head) or _is_old_tar(head))


def _is_wide(head: bytes) -> bool:
    """Whether every other byte is nearly always zero."""
    nuls = sorted((head[::2].count(0), head[1::2].count(0)))
    return nuls[0] < 0.05 * len(head) / 2 and nuls[1] > 0.4 * len(head) / 2


def _is_old_tar(head: bytes) -> bool:
    """Whether a tar file begins here, by the sum of its first header."""
    stated = head[_TAR_SUM].strip(b" \0")
    if len(head) < _TAR_BYTES or not stated.isdigit():
        return False
    blank = head[: _TAR_SUM.start] + b" " * 8 + head[_TAR_SUM.stop : _TAR_BYTES]
    return b"8" not in stated and b"9" not in stated and int(stated, 8) == sum(blank)


def reads_as_text(head: bytes) -> bool:
    """Whether the first bytes, of which there is one at least, are text in UTF-8, UTF-16 with its mark, or a code page."""
    if head.startswith(_TEXT_STARTS):
        return True
    if not head or _NO_TEXT.search(head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.reason == "unexpected end of data" and error.start >= len(head) - 3
        return cut or len(_HIGH.findall(head)) < 0.3 * len(head)
    return True


def _framed(head: bytes) -> str | None:
    """Containers whose kind stands behind their mark, and streams without one."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "picture" if brand in _PICTURE_BRANDS else "audio" if brand in _SOUND_BRANDS else "video"
    if head[:1] == b"\0" and head[4:8] in _ATOMS:
        return "video"
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[:4] == b"FORM":
        return _FORM.get(head[8:12])
    if head[:5] == b"OggS\0":
        return "video" if b"theora" in head or b"\1video" in head else "audio"
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47 and not reads_as_text(head):
        return "video"  # a transport stream: packets of 188 bytes
    if head.startswith(_SHORT_SOUND) and _NO_TEXT.search(head, 2):
        return "audio"
    return "audio" if _is_mpeg_sound(head) else None


def _is_mpeg_sound(head: bytes) -> bool:
    """Whether a frame of layer 2 or 3 begins here, of a bit rate and a sampling rate that there are."""
    if len(head) < 4 or head[0] != 0xFF or head[1] not in (0xF2, 0xF3, 0xFA, 0xFB, 0xFC, 0xFD):
        return False
    return 0 < head[2] >> 4 < 15 and head[2] >> 2 & 3 != 3 and bool(_NO_TEXT.search(head))


def _is_icon(head: bytes) -> bool:
    """Whether the table of an icon or a pointer of Windows begins here: its first picture stands behind it."""
    count = int.from_bytes(head[4:6], "little")
    size, place = int.from_bytes(head[14:18], "little"), int.from_bytes(head[18:22], "little")
    return 0 < count <= 512 and len(head) > 22 and head[9] == 0 and size > 0 and place >= 6 + 16 * count


def _tabled(head: bytes) -> str | None:
    """What is told by a number beside a mark that is short."""
    if head[:4] in (b"\0\0\1\0", b"\0\0\2\0") and _is_icon(head):
        return "picture"
    if head[:4] == b"icns" and int.from_bytes(head[4:8], "big") > 16 and _NO_TEXT.search(head, 4, 8):
        return "picture"
    if head[:4] == b"\1\0\0\0" and head[40:44] == b" EMF":
        return "picture"
    if head[:4] == b"\x28\0\0\0" and head[12:14] == b"\1\0" and head[15:20] == b"\0" * 5 and head[14] in _BITS:
        return "picture"  # a BMP without its own head, as clipboards hold it
    if head[128:132] == b"DICM" and not head[:128].strip(b"\0"):
        return "picture"
    if head[:5] == b"\0\1\0\0\0" and 0 < int.from_bytes(head[4:6], "big") <= 64:
        return "font"
    if head[:2] == b"MZ" and len(head) >= 64 and _NO_TEXT.search(head[:64]):
        return "program"
    if head[510:512] == b"\x55\xaa" and head.startswith(_BOOT_STARTS):
        return "disk_image"
    return None
