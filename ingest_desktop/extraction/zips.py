"""The members of a ZIP archive, opened: out of their cipher and their packing, checked against their checksum.

One member's bytes are never read as a part of another.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from struct import unpack_from
from typing import BinaryIO, Final

from ingest_desktop.domain.errors import SourceEncrypted
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.unpacking import DAMAGED, Bounded, Decoder, Inflater, Plain, Source, Unpacked
from ingest_desktop.extraction.zip_directory import LOCAL, LOCAL_BYTES, Member
from ingest_desktop.extraction.zip_keys import MAC_BYTES, OLD_HEADER_BYTES, AesStream, Keys, OldCipher, OldStream

_STORED, _DEFLATED, _BZIP2, _LZMA, _XZ = 0, 8, 12, 14, 95
_PACKINGS: Final = {9: "Deflate64", 93: "Zstandard", 98: "PPMd"}
_MOST_OLD: Final = 8 * 1024 * 1024  # bytes of a member behind the old cipher
_MOST_PROOF: Final = 1024 * 1024  # bytes that are opened to know that a password is the right one
_MOST_DICTIONARY: Final = 64 * 1024 * 1024
_XZ_MEMORY: Final = 2 * _MOST_DICTIONARY


class Refused(Exception):
    """A member that cannot be had; the reason is a sentence."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A member that is open.

    Attributes:
        content: What it holds, to be read once and forwards.
        verdict: What is wrong with it as a sentence, or None; to be asked with all that was read of it.
    """

    content: Plain | Unpacked
    verdict: Callable[[bytes], str | None]


def opened(stream: BinaryIO, size: int, member: Member, options: ExtractOptions, keys: Keys | None = None) -> Opened:
    """What a member holds.

    Raises:
        SourceEncrypted: It asks for a password, and none of the keys fits.
        Refused: It is packed in a way that is not known, or not where the directory says.
    """
    packed = _packed(stream, size, member)
    if not member.encrypted:
        return _unpacking(packed, member, options, _sound(member))
    if member.is_strange:
        raise SourceEncrypted("It is encrypted in a way that is not known here.")
    if not keys:
        raise SourceEncrypted("It asks for a password.")
    if member.aes_bytes:
        inner = _without_aes(packed, member, keys)
        return _unpacking(
            inner, member, options, lambda data: _sound(member)(data) or (None if inner.is_whole() else DAMAGED)
        )
    if member.packed > _MOST_OLD:
        raise Refused(f"It is more than {_MOST_OLD:,} bytes behind an old cipher that takes long to open.")
    header = packed.read(OLD_HEADER_BYTES)
    password = keys.old(header, member.check, lambda password: _proves(stream, size, member, password, options))
    if password is None:
        raise SourceEncrypted("It asks for a password.")
    return _unpacking(_without_old(packed, header, password), member, options, _sound(member))


def unlocks(stream: BinaryIO, size: int, member: Member, options: ExtractOptions, keys: Keys) -> bool:
    """Whether one of the keys opens an encrypted member."""
    try:
        opened(stream, size, member, options, keys)
    except (SourceEncrypted, Refused):
        return False
    return True


def _packed(stream: BinaryIO, size: int, member: Member) -> Bounded:
    """The bytes of a member as they stand."""
    if member.overlaps:
        raise Refused("It claims bytes that belong to another member.")
    stream.seek(member.start)
    local = stream.read(LOCAL_BYTES)
    if len(local) < LOCAL_BYTES or not local.startswith(LOCAL):
        raise Refused("It is not where the directory of the archive says.")
    name_bytes, extra_bytes = unpack_from("<HH", local, 26)
    begin = member.start + LOCAL_BYTES + name_bytes + extra_bytes
    stream.seek(begin)
    return Bounded(stream, max(0, min(member.packed, size - begin)))


def _unpacking(
    packed: Bounded | OldStream | AesStream,
    member: Member,
    options: ExtractOptions,
    verdict: Callable[[bytes], str | None],
) -> Opened:
    if member.method == _STORED:
        length = member.packed if not member.encrypted else member.size
        return Opened(Plain(packed, options, length), verdict)
    length = member.size if member.method == _LZMA else None  # which may end without a mark
    return Opened(Unpacked(packed, _decoder(member.method, packed), options, length=length), verdict)


def _sound(member: Member) -> Callable[[bytes], str | None]:
    """Tells of what was read of a member whether its checksum fits."""
    return lambda data: None if member.crc in (None, zlib.crc32(data)) else "It is damaged: its checksum does not fit."


def _without_aes(packed: Bounded, member: Member, keys: Keys) -> AesStream:
    """A member behind AES as it was before."""
    salt, verifier = packed.read(member.aes_bytes // 2), packed.read(2)
    made = keys.aes(salt, verifier, member.aes_bytes) if len(verifier) == 2 else None
    if made is None:
        raise SourceEncrypted("It asks for a password.")
    return AesStream(packed, *made, max(0, member.packed - len(salt) - len(verifier) - MAC_BYTES))


def _without_old(packed: Bounded, header: bytes, password: bytes) -> OldStream:
    cipher = OldCipher(password)
    cipher.decrypted(header)
    return OldStream(packed, cipher)


def _proves(stream: BinaryIO, size: int, member: Member, password: bytes, options: ExtractOptions) -> bool:
    """Whether a member comes out as its checksum says. One that is large, or has none, is taken on trust."""
    if member.packed > _MOST_PROOF or member.crc is None or (member.size or 0) > _MOST_PROOF:
        return True
    at = stream.tell()
    try:
        packed = _packed(stream, size, member)
        inner = _without_old(packed, packed.read(OLD_HEADER_BYTES), password)
        found = _unpacking(inner, member, options, _sound(member))
        return found.verdict(found.content.read((member.size or 0) + 1)) is None
    except Refused:
        return True  # packed in a way that is not known: that is told when it is read
    finally:
        stream.seek(at)


def _decoder(method: int, packed: Source) -> Callable[[], Decoder]:
    if method == _DEFLATED:
        return lambda: Inflater(-15)
    try:
        if method == _BZIP2:
            import bz2

            return bz2.BZ2Decompressor
        if method == _LZMA:
            return _lzma(packed)
        if method == _XZ:
            import lzma

            return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    except ImportError as error:
        raise Refused("It is packed in a way that this Python cannot unpack.") from error
    raise Refused(f"It is packed in a way that is not supported ({_PACKINGS.get(method, f'method {method}')}).")


def _lzma(packed: Source) -> Callable[[], Decoder]:
    import lzma

    header = packed.read(9)  # version, length of the properties, properties
    if len(header) < 9 or header[2:4] != b"\x05\0" or header[4] >= 225:
        raise Refused("It is damaged.")
    rest, literal = divmod(header[4], 9)
    position_bits, literal_position = divmod(rest, 5)
    dictionary = int.from_bytes(header[5:9], "little")
    if dictionary > _MOST_DICTIONARY or literal + literal_position > 4:
        raise Refused("It needs too much memory to be unpacked.")
    wanted = {
        "id": lzma.FILTER_LZMA1,
        "lc": literal,
        "lp": literal_position,
        "pb": position_bits,
        "dict_size": max(dictionary, 4096),
    }
    return lambda: lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[wanted])
