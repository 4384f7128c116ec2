"""What is signed in one piece with its signature (CMS, RFC 5652), as Outlook sends mail whose signature must survive all gateways.

Nothing is verified: the text is wanted, and a signature locks nobody out.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.mime import from_base64

_SIGNED: Final = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"  # the object identifier of signed data
_AS_TEXT: Final = b"M"  # so begins such data that was made text of once more
_SEQUENCE, _OBJECT_ID, _OCTETS, _MANY_OCTETS, _EXPLICIT = 0x30, 0x06, 0x04, 0x24, 0xA0
_INDEFINITE: Final = 0x80
_END: Final = b"\0\0"
_DEEP: Final = 16  # items in items


class _Item(NamedTuple):
    """A value: its tag, where it begins and ends, and where the next one begins."""

    tag: int
    begin: int
    end: int
    after: int


def signed_content(data: bytes) -> bytes | None:
    """What was signed; None when this is something else, such as what is encrypted.

    Raises:
        SourceMalformed: It is signed data, and damaged, or its content is elsewhere.
    """
    if data[:1] == _AS_TEXT:
        data = from_base64(data)
    if _SIGNED not in data[:64]:
        return None
    try:
        outer = _item(data, 0, len(data), _DEEP)
        kind, held, *_ = _items(data, outer)
        if kind.tag != _OBJECT_ID or data[kind.begin : kind.end] != _SIGNED:
            return None
        (body,) = _items(data, held)
        _version, _digests, content, *_ = _items(data, body)
        _type, wrapped = _items(data, content)
        (octets,) = _items(data, wrapped)
        if {outer.tag, body.tag, content.tag} != {_SEQUENCE} or wrapped.tag != _EXPLICIT:
            raise SourceMalformed("What was signed is not in it.")
        return b"".join(_pieces(data, octets, _DEEP))
    except (ValueError, IndexError) as error:
        raise SourceMalformed("What is signed is damaged.") from error


def _items(data: bytes, outer: _Item) -> Iterator[_Item]:
    """The values in a value."""
    at = outer.begin
    while at < outer.end:
        item = _item(data, at, outer.end, _DEEP)
        yield item
        at = item.after


def _item(data: bytes, at: int, stop: int, depth: int) -> _Item:
    """The value that begins here.

    Raises:
        ValueError, IndexError: There is none.
    """
    tag, length, begin = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F or not depth:
        raise ValueError("no tag of these")
    if length == _INDEFINITE:
        end = begin
        while data[end : end + 2] != _END:
            end = _item(data, end, stop, depth - 1).after
        return _Item(tag, begin, end, end + 2)
    if length > _INDEFINITE:
        count = length - _INDEFINITE
        length = int.from_bytes(data[begin : begin + count], "big")
        begin += count
    if begin + length > stop:
        raise ValueError("it ends behind what it is in")
    return _Item(tag, begin, begin + length, begin + length)


def _pieces(data: bytes, item: _Item, depth: int) -> Iterator[bytes]:
    """The bytes of a text, which may be in pieces."""
    if item.tag == _OCTETS:
        yield data[item.begin : item.end]
    elif item.tag == _MANY_OCTETS and depth:
        for piece in _items(data, item):
            yield from _pieces(data, piece, depth - 1)
    else:
        raise ValueError("no bytes")
