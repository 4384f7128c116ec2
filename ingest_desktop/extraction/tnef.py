"""Outlook's packets (TNEF, ``winmail.dat``): a flat list of attributes, some of which hold properties (MS-OXTNEF).

Everything is read from memory and nothing is copied twice. Lengths that a packet tells are never believed: what goes
beyond its end is a gap, and what stands before it is kept.
"""

import calendar
import struct
from collections.abc import Iterator
from typing import Final

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed
from ingest_desktop.extraction import mapi, mime
from ingest_desktop.extraction.mapi import Properties

MARK: Final = b"\x78\x9f\x3e\x22"
CUT: Final = "It ends in the middle; what should follow is missing."
_DAMAGED: Final = "Some of its properties are damaged."
_HEADER_BYTES: Final = 6  # the mark and a key
_ATTRIBUTE: Final = struct.Struct("<BII")  # level, id, length; the data and two bytes of a sum follow
_SUM_BYTES: Final = 2
_ATTACHED: Final = 2  # the level of attributes that belong to an attachment
_BEGIN, _MESSAGE, _FILE, _PEOPLE, _PAGE = 0x9002, 0x9003, 0x9005, 0x9004, 0x9007
_FROM, _SENT, _RECEIVED = 0x8000, 0x8005, 0x8006
_TEXTS: Final = {0x8004: mapi.SUBJECT, 0x8008: mapi.CLASS, 0x800C: mapi.BODY}
_FILE_TEXTS: Final = {0x8010: mapi.SHORT_NAME, 0x9001: mapi.NAME}
_CONTENT: Final = 0x800F
_WIDTHS: Final = {0: 0, 1: 0, 2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_SIZED: Final = frozenset({mapi.TEXT, mapi.TEXT_8, mapi.BYTES, mapi.OBJECT})
_SMALL: Final = {2: 0xFFFF, 3: 0xFFFFFFFF, 11: 0xFFFF, 0x14: (1 << 64) - 1, 0x40: (1 << 64) - 1}
_MANY, _NAMED = 0x1000, 0x8000
_GUID_BYTES: Final = 16
_MOST_VALUES: Final = 1_000_000  # attributes and properties of one packet
_TICKS: Final = 10_000_000  # of a second
_EPOCH_SECONDS: Final = 11_644_473_600  # from 1601 to 1970


class Packed(Properties):
    """A message, a recipient or an attachment of a packet."""

    def __init__(self, above: "Packed | None" = None) -> None:
        super().__init__(above)
        self.files: list[Packed] = []
        self.people: list[Packed] = []
        self.object: Packed | None = None
        self._sized: dict[tuple[int, int], bytes | memoryview] = {}
        self._small: dict[int, int] = {}

    def put(self, number: int, kind: int, value: bytes | memoryview, *, weak: bool = False) -> None:
        """Keep a value that has a size of its own; the first of several, but for one that is ``weak``."""
        if not weak or (number, kind) not in self._sized:
            self._sized[number, kind] = value

    def put_small(self, number: int, value: int, *, weak: bool = False) -> None:
        """Keep a number."""
        if not weak or number not in self._small:
            self._small[number] = value

    def text(self, number: int) -> str:
        wide = self._sized.get((number, mapi.TEXT))
        if wide is not None:
            return bytes(wide[: len(wide) & ~1]).decode("utf-16-le", "replace").replace("\0", "")
        narrow = bytes(self._sized.get((number, mapi.TEXT_8), b"")).rstrip(b"\0")
        return mime.text_of(narrow, self.charset()) if narrow else ""

    def binary(self, number: int) -> bytes | None:
        value = self._sized.get((number, mapi.BYTES))
        return bytes(value) if value is not None else None

    def has(self, number: int) -> bool:
        return (number, mapi.BYTES) in self._sized

    def number(self, number: int) -> int:
        return self._small.get(number, 0)

    def attachments(self) -> Iterator["Packed"]:
        return iter(self.files)

    def recipients(self) -> Iterator["Packed"]:
        return iter(self.people)

    def inner(self) -> "Packed | None":
        return self.object


class _Ended(Exception):
    """The data end before what they tell."""


class _Limits:
    """What is left of what one packet may hold, packets in it included."""

    def __init__(self, max_files: int, max_depth: int) -> None:
        self._files, self._values, self.max_depth = max_files, _MOST_VALUES, max_depth

    def count_file(self) -> None:
        self._files -= 1
        if self._files < 0:
            raise LimitExceeded("It holds more files than are read from one file (INGESTION_MAX_MEMBERS).")

    def count_value(self) -> None:
        self._values -= 1
        if self._values < 0:
            raise SourceMalformed(f"It is damaged: it tells of more than {_MOST_VALUES:,} properties.")


class _Cursor:
    """Reads on in some bytes."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._place = data, 0

    def take(self, count: int) -> memoryview:
        stop = self._place + count
        if stop > len(self._data):
            raise _Ended
        found = self._data[self._place : stop]
        self._place = stop
        return found

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def pair(self) -> tuple[int, int]:
        value = self.number()
        return value & 0xFFFF, value >> 16

    def padded(self, count: int) -> memoryview:
        """Some bytes, with those that fill the last four; these may be missing at the end."""
        found = self.take(count)
        self._place = min(self._place + -count % 4, len(self._data))
        return found


def parse(data: bytes, troubles: list[str], *, max_files: int, max_depth: int) -> Packed:
    """The message of a packet.

    Args:
        data: All of it, with its mark.
        troubles: Takes what could not be read, each as a sentence.
        max_files: How many attachments it may have, those of messages in it included.
        max_depth: How deep messages may lie in it; what lies deeper is left out, and told.

    Raises:
        SourceMalformed: It is no packet, or nothing of it can be read.
        LimitExceeded: It holds more than it may.
    """
    found = Packed()
    count = _attributes(memoryview(data), found, troubles, _Limits(max_files, max_depth), 0)
    if not count:
        raise SourceMalformed("The file begins like an Outlook packet (winmail.dat) but is damaged or incomplete.")
    return found


def _attributes(data: memoryview, message: Packed, troubles: list[str], limits: _Limits, depth: int) -> int:
    """Read the attributes of a message into it; how many there are."""
    if bytes(data[: len(MARK)]) != MARK:
        return 0
    place, count, file = _HEADER_BYTES, 0, None
    while place + _ATTRIBUTE.size <= len(data):
        level, number, size = _ATTRIBUTE.unpack_from(data, place)
        begin = place + _ATTRIBUTE.size
        if level not in (1, _ATTACHED):
            break  # some programs write blanks behind the last one
        if begin + size > len(data):
            troubles.append(CUT)
            break
        limits.count_value()
        count += 1
        value, place = data[begin : begin + size], begin + size + _SUM_BYTES
        number &= 0xFFFF
        if level == _ATTACHED:
            if number == _BEGIN or file is None:
                limits.count_file()
                file = Packed(message)
                message.files.append(file)
            owner = file
        else:
            owner = message
        try:
            _attribute(number, value, owner, troubles, limits, depth)
        except (_Ended, struct.error):
            troubles.append(_DAMAGED)
    return count


def _attribute(number: int, value: memoryview, owner: Packed, troubles: list[str], limits: _Limits, depth: int) -> None:
    """Read one attribute into what it belongs to."""
    if number in (_MESSAGE, _FILE):
        _properties(_Cursor(value), owner, troubles, limits, depth)
    elif number == _PEOPLE:
        rows = _Cursor(value)
        for _ in range(rows.number()):
            limits.count_value()
            person = Packed(owner)
            _properties(rows, person, troubles, limits, depth)
            owner.people.append(person)
    elif number == _PAGE:
        owner.put_small(mapi.CODE_PAGE, int.from_bytes(value[:4], "little"), weak=True)
    elif number in (_SENT, _RECEIVED):
        ticks = _ticks(value)
        if ticks:
            owner.put_small(mapi.SENT if number == _SENT else mapi.RECEIVED, ticks, weak=True)
    elif number == _FROM:
        _sender(value, owner)
    elif number == _CONTENT:
        owner.put(mapi.DATA, mapi.BYTES, value)
    else:
        known = _TEXTS.get(number) or _FILE_TEXTS.get(number)
        if known is not None:
            owner.put(known, mapi.TEXT_8, value, weak=True)


def _properties(cursor: _Cursor, owner: Packed, troubles: list[str], limits: _Limits, depth: int) -> None:
    """Read a list of properties."""
    for _ in range(cursor.number()):
        limits.count_value()
        kind, number = cursor.pair()
        if number >= _NAMED:
            cursor.take(_GUID_BYTES)
            named_by_text = cursor.number()
            cursor.padded(cursor.number() if named_by_text else 4)
        many, kind = bool(kind & _MANY), kind & ~_MANY
        values = cursor.number() if many or kind in _SIZED else 1
        for index in range(values):
            limits.count_value()
            if kind in _SIZED:
                value = cursor.padded(cursor.number())
                if not index and not many and number < _NAMED:
                    _keep(number, kind, value, owner, troubles, limits, depth)
            elif kind in _WIDTHS:
                raw = cursor.take(_WIDTHS[kind])
                if kind in _SMALL and not many and number < _NAMED:
                    owner.put_small(number, int.from_bytes(raw, "little") & _SMALL[kind])
            else:
                raise _Ended  # what follows cannot be found


def _keep(
    number: int, kind: int, value: memoryview, owner: Packed, troubles: list[str], limits: _Limits, depth: int
) -> None:
    """Keep a property of text or bytes; open the message that one is."""
    if kind != mapi.OBJECT:
        owner.put(number, kind, value)
    elif number == mapi.DATA:
        inner = Packed(owner)
        if bytes(value[_GUID_BYTES : _GUID_BYTES + len(MARK)]) != MARK:
            owner.object = inner  # another program's
        elif depth >= limits.max_depth:
            troubles.append(
                f"Messages in messages more than {limits.max_depth} levels deep are left out (INGESTION_MAX_DEPTH)."
            )
        elif _attributes(value[_GUID_BYTES:], inner, troubles, limits, depth + 1):
            owner.object = inner


def _ticks(value: memoryview) -> int:
    """A time as properties tell it; 0 when it is none."""
    if len(value) < 12:
        return 0
    year, month, day, hour, minute, second = struct.unpack_from("<6H", value)
    if not (1601 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        return 0
    return (
        calendar.timegm((year, month, min(day, calendar.monthrange(year, month)[1]), hour, minute, second))
        + _EPOCH_SECONDS
    ) * _TICKS


def _sender(value: memoryview, owner: Packed) -> None:
    """Name and address of who wrote it: two texts behind four lengths, of which the last two are theirs."""
    if len(value) < 8:
        return
    name_bytes, mail_bytes = struct.unpack_from("<2H", value, 4)
    name, mail = bytes(value[8 : 8 + name_bytes]), bytes(value[8 + name_bytes : 8 + name_bytes + mail_bytes])
    owner.put(mapi.SENDER, mapi.TEXT_8, name, weak=True)
    mail = mail.rstrip(b"\0")
    owner.put(mapi.SENDER_MAIL, mapi.TEXT_8, mail[5:] if mail[:5].lower() == b"smtp:" else mail, weak=True)
