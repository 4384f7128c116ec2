"""What a ZIP archive holds: from its directory, or by searching when that is missing.

Nothing that is written there is believed: places and sizes are checked against the file.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from ingest_desktop.domain.errors import LimitExceeded
from ingest_desktop.domain.wire import ExtractOptions

LOCAL: Final = b"PK\x03\x04"
LOCAL_BYTES: Final = 30
_END: Final = b"PK\x05\x06"
_ENTRY: Final = b"PK\x01\x02"
_DESCRIPTOR: Final = b"PK\x07\x08"
_END64: Final = b"PK\x06\x06"
_END64_PLACE: Final = b"PK\x06\x07"
_UNIX, _LINK = 3, 0xA  # who made the entry; what Unix notes of a symbolic link
_ENTRY_BYTES: Final = 46
_MOST_END: Final = 22 + 0xFFFF
_SEARCH_BYTES: Final = 1024 * 1024
_AES_FIELD, _AES_METHOD, _STRONG = 0x9901, 99, 0x40
_NO_DIRECTORY = "The archive has no directory, so it is probably cut off; its members were searched for one by one."
_DIRECTORY_DAMAGED = "The directory of the archive is damaged; members that stand after the damage are missing."


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the archive tells of it.

    Attributes:
        name: Data, never a path.
        start: Where its own header begins.
        packed: Bytes it claims in the archive.
        size: Bytes it claims to unpack to; None when only unpacking tells.
        method: How it is packed.
        encrypted: It asks for a password.
        crc: Of what it unpacks to; None when it is not known.
        overlaps: Another member claims the same bytes.
        is_link: It holds the name of another file, which is not followed.
        check: What the last byte of its cipher's header is, once that is taken off.
        aes_bytes: Of its key, when it is AES; 0 is the old cipher.
        is_strange: Encrypted in a way that is not known.
        raw_name: The name as it stands there, when nothing tells its encoding; ``name`` is a guess then.
    """

    name: str
    start: int
    packed: int
    size: int | None
    method: int
    encrypted: bool
    crc: int | None
    overlaps: bool = False
    is_link: bool = False
    check: int = 0
    aes_bytes: int = 0
    is_strange: bool = False
    raw_name: bytes = b""

    @property
    def is_folder(self) -> bool:
        return self.name.endswith(("/", "\\"))

    @property
    def is_slow(self) -> bool:
        """Whether it is behind the old cipher."""
        return self.encrypted and not self.aes_bytes


@dataclass(frozen=True, slots=True)
class Listing:
    """The members in the order of the directory, and what is wrong with the archive as a sentence."""

    members: tuple[Member, ...]
    trouble: str | None = None


def listing(stream: BinaryIO, size: int, options: ExtractOptions) -> Listing:
    """The members of an archive of so many bytes.

    Raises:
        LimitExceeded: It has more members than it may.
    """
    place = _directory(stream, size)
    if place is not None:
        start, length, shift = place
        members, whole = _entries(stream, start, length, shift, options)
        if members or length == 0:
            return Listing(_without_overlaps(_named(members), start), None if whole else _DIRECTORY_DAMAGED)
    found = []
    for member in _searched(stream, size):
        found.append(member)
        _check_count(len(found), options)
    return Listing(tuple(_named(found)), _NO_DIRECTORY)


def _named(members: list[Member]) -> list[Member]:
    """The members, with names for those that do not tell their encoding: guessed over all of them."""
    untold = [member.raw_name for member in members if member.raw_name]
    if not untold:
        return members
    from ingest_desktop.extraction import zip_names

    names = iter(zip_names.decoded(untold))
    return [replace(member, name=next(names)) if member.raw_name else member for member in members]


def _directory(stream: BinaryIO, size: int) -> tuple[int, int, int] | None:
    """Where the directory begins, its length, and by how much all places are shifted by what stands before."""
    tail_at = max(0, size - _MOST_END)
    stream.seek(tail_at)
    tail = stream.read(_MOST_END)
    found = tail.rfind(_END)
    while found >= 0 and len(tail) - found < 22:
        found = tail.rfind(_END, 0, found)
    if found < 0:
        return None
    length, offset = struct.unpack_from("<II", tail, found + 12)
    stop = tail_at + found
    wide = _directory64(stream, stop)  # some programs write it although all numbers fit without it
    if wide is not None and (_begins(stream, wide[2] - wide[0]) or 0xFFFFFFFF in (length, offset)):
        length, offset, stop = wide
    start = stop - length
    if start < 0 or start < offset:
        return None
    return start, length, start - offset


def _begins(stream: BinaryIO, place: int) -> bool:
    """Whether an entry of the directory stands here."""
    stream.seek(max(0, place))
    return place >= 0 and stream.read(4) == _ENTRY


def _directory64(stream: BinaryIO, stop: int) -> tuple[int, int, int] | None:
    if stop < 20:
        return None
    stream.seek(stop - 20)
    place = stream.read(20)
    if not place.startswith(_END64_PLACE):
        return None
    for at in (struct.unpack_from("<Q", place, 8)[0], stop - 20 - 56):
        if 0 <= at <= stop - 56:
            stream.seek(at)
            end = stream.read(56)
            if end.startswith(_END64) and len(end) == 56:
                length, offset = struct.unpack_from("<QQ", end, 40)
                return length, offset, at
    return None


def _entries(
    stream: BinaryIO, start: int, length: int, shift: int, options: ExtractOptions
) -> tuple[list[Member], bool]:
    """The members that the directory tells of, and whether it is sound to its end."""
    stream.seek(start)
    found: list[Member] = []
    done = 0
    while done + _ENTRY_BYTES <= length:
        entry = stream.read(_ENTRY_BYTES)
        if len(entry) < _ENTRY_BYTES or not entry.startswith(_ENTRY):
            return found, False
        flags, method, time, crc, packed, size, name_bytes, extra_bytes, comment_bytes = struct.unpack_from(
            "<HHIIIIHHH", entry, 8
        )
        attributes, offset = struct.unpack_from("<II", entry, 38)
        is_link = entry[5] == _UNIX and attributes >> 28 == _LINK
        variable = stream.read(name_bytes + extra_bytes + comment_bytes)
        extra = variable[name_bytes : name_bytes + extra_bytes]
        size, packed, offset = _wide(extra, (size, packed, offset))
        name, raw = _name(variable[:name_bytes], flags, extra)
        member = Member(name, offset + shift, packed, size, method, False, crc, is_link=is_link, raw_name=raw)
        found.append(_encrypted(member, flags, time, extra) if flags & 1 else member)
        _check_count(len(found), options)
        done += _ENTRY_BYTES + len(variable)
    return found, True


def _encrypted(member: Member, flags: int, time: int, extra: bytes) -> Member:
    """A member that is encrypted, with what is known of how."""
    check = (time >> 8) & 0xFF if flags & 8 else (member.crc or 0) >> 24
    known = replace(member, encrypted=True, check=check, is_strange=bool(flags & _STRONG))
    body = _extra_field(extra, _AES_FIELD)
    if member.method != _AES_METHOD:
        return known
    if len(body) < 7 or body[4] not in (1, 2, 3):
        return replace(known, is_strange=True)
    version, strength, method = struct.unpack("<H2xBH", body[:7])
    return replace(known, method=method, aes_bytes=8 + 8 * strength, crc=member.crc if version == 1 else None)


def _wide(extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """Size, packed size and place, where those are in the extra field that do not fit in 32 bits."""
    body = _extra_field(extra, 1)
    given = list(values)
    at = 0
    for index, value in enumerate(given):
        if value == 0xFFFFFFFF and at + 8 <= len(body):
            given[index] = struct.unpack_from("<Q", body, at)[0]
            at += 8
    return given[0], given[1], given[2]


def _extra_field(extra: bytes, wanted: int) -> bytes:
    at = 0
    while at + 4 <= len(extra):
        number, length = struct.unpack_from("<HH", extra, at)
        if number == wanted:
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    return b""


def _name(raw: bytes, flags: int, extra: bytes) -> tuple[str, bytes]:
    """A name, and nothing where it tells its encoding; else how it stands there (see ``zip_names``)."""
    if raw.isascii():
        return raw.decode("ascii"), b""
    if flags & 0x800:
        return raw.decode("utf-8", "replace"), b""
    wide = _extra_field(extra, 0x7075)
    if len(wide) > 5 and struct.unpack_from("<I", wide, 1)[0] == zlib.crc32(raw):
        return wide[5:].decode("utf-8", "replace"), b""
    return "", raw


def _without_overlaps(members: list[Member], end: int) -> tuple[Member, ...]:
    """The members, those marked that begin inside another one.

    One that claims more than there is before ``end``, where the directory begins, reaches to the next one at most.
    """
    told = list(members)
    order = sorted(range(len(members)), key=lambda index: members[index].start)
    starts = [members[index].start for index in order]
    stop = 0
    for index, following in zip(order, [*starts[1:], end], strict=False):
        member = members[index]
        if member.start < stop:
            told[index] = replace(member, overlaps=True)
        elif member.start + LOCAL_BYTES + member.packed > end:
            told[index] = replace(member, packed=max(0, following - member.start - LOCAL_BYTES), size=None)
            stop = following
        else:
            stop = member.start + LOCAL_BYTES + member.packed
    return tuple(told)


def _searched(stream: BinaryIO, size: int) -> Iterator[Member]:
    """The members of an archive without a directory, by their own headers."""
    at: int | None = 0
    while at is not None and at < size:
        stream.seek(at)
        local = stream.read(LOCAL_BYTES)
        if local.startswith(_ENTRY):
            return
        if not local.startswith(LOCAL) or len(local) < LOCAL_BYTES:
            at = _next(stream, at + 1, size, (LOCAL,))
            continue
        flags, method, time, crc, packed, length, name_bytes, extra_bytes = struct.unpack_from("<HHIIIIHH", local, 6)
        variable = stream.read(name_bytes + extra_bytes)
        extra = variable[name_bytes:]
        length, packed, _ = _wide(extra, (length, packed, 0))
        begin = at + LOCAL_BYTES + len(variable)
        sizes_follow = bool(flags & 8) and packed == 0
        if sizes_follow:
            following = _next(stream, begin, size, (_DESCRIPTOR, LOCAL, _ENTRY))
            packed = (size if following is None else following) - begin
        name, raw = _name(variable[:name_bytes], flags, extra)
        told, known = (None, None) if sizes_follow else (length, crc)
        member = Member(name, at, packed, told, method, False, known, raw_name=raw)
        yield _encrypted(member, flags, time, extra) if flags & 1 else member
        at = begin + packed


def _next(stream: BinaryIO, start: int, size: int, marks: tuple[bytes, ...]) -> int | None:
    """Where one of the marks stands next."""
    at = start
    while at < size:
        stream.seek(at)
        block = stream.read(_SEARCH_BYTES)
        places = [place for place in map(block.find, marks) if place >= 0]
        if places:
            return at + min(places)
        if len(block) < _SEARCH_BYTES:
            return None
        at += len(block) - 3
    return None


def _check_count(count: int, options: ExtractOptions) -> None:
    if count > options.max_members:
        raise LimitExceeded(f"It holds more than {options.max_members:,} files (INGESTION_MAX_MEMBERS).")
