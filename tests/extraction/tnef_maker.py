"""Writes small packets of Outlook (TNEF, ``winmail.dat``) for tests."""

import struct
from collections.abc import Sequence

IS_MESSAGE = b"\x07\x03\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"  # what says that an object is a message


def packet(*attributes: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def attribute(level: int, number: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, number, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def subject(value: str) -> bytes:
    return attribute(1, 0x00018004, value.encode("cp1252") + b"\0")


def body(value: str) -> bytes:
    return attribute(1, 0x0002800C, value.encode("cp1252") + b"\0")


def code_page(number: int) -> bytes:
    return attribute(1, 0x00069007, struct.pack("<II", number, 0))


def message(*properties: bytes) -> bytes:
    return attribute(1, 0x00069003, listed(properties))


def people(*rows: Sequence[bytes]) -> bytes:
    return attribute(1, 0x00069004, struct.pack("<I", len(rows)) + b"".join(map(listed, rows)))


def attached(name: str, data: bytes, *properties: bytes) -> bytes:
    """A file as Outlook packs it: a beginning, its short name, its bytes, and its properties last."""
    found = attribute(2, 0x00069002, bytes(14)) + attribute(2, 0x00018010, name.encode("cp1252") + b"\0")
    found += attribute(2, 0x0006800F, data) if data else b""
    return found + (attribute(2, 0x00069005, listed(properties)) if properties else b"")


def listed(properties: Sequence[bytes]) -> bytes:
    return struct.pack("<I", len(properties)) + b"".join(properties)


def wide(number: int, value: str) -> bytes:
    return _sized(number, 0x1F, value.encode("utf-16-le") + b"\0\0")


def raw(number: int, value: bytes) -> bytes:
    return _sized(number, 0x102, value)


def obj(number: int, value: bytes) -> bytes:
    return _sized(number, 0x0D, value)


def small(number: int, value: int) -> bytes:
    return struct.pack("<HHI", 3, number, value)


def named(value: str) -> bytes:
    """A property with a name of its own instead of a number."""
    name = "Keywords\0".encode("utf-16-le")
    head = struct.pack("<HH", 0x1F, 0x8001) + bytes(16) + struct.pack("<II", 1, len(name)) + _filled(name)
    text = value.encode("utf-16-le")
    return head + struct.pack("<II", 1, len(text)) + _filled(text)


def _sized(number: int, kind: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, number, 1, len(value)) + _filled(value)


def _filled(value: bytes) -> bytes:
    return value + bytes(-len(value) % 4)
