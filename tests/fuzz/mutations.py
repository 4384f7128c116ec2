"""Turns good files into bad ones. All chance comes from the generator that is handed in: the same one gives the same file."""

import bz2
import gzip
import io
import lzma
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

MOST_BYTES = 512 * 1024  # of one made file
Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]

_EXTREMES = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFE,
    0xFFFFFFFF,
    2**63 - 1,
    2**64 - 1,
)
_NUMBERS = (
    b"0",
    b"-1",
    b"1e999",
    b"NaN",
    b"65536",
    b"2147483648",
    b"-2147483649",
    b"99999999999999999999",
    b"9" * 400,
    b"",
)
_ODD = (
    b"\0", b"\0\0\0\0", b"\x01", b"\x07", b"\x08", b"\x0b", b"\x0c", b"\x1a", b"\x1b[31m", b"\x7f", b"\r", b"\r\r\n", b"\xff",
    b"\xfe\xff", b"\xff\xfe", b"\xff\xfe\0\0", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xcc\x81" * 50, b"\xf0\x9f\x98\x80", b"%s%n", b"&#0;", b"&#xD800;", b"&#99999999;",
)  # fmt: skip
_OPENERS = (
    b"[", b"{", b"(", b'{"a":', b"[[", b"<div>", b"<a><b>", b"<table><tr><td>", b"<ul><li>", b"<p>", b"> ", b"- ", b"  ", b"\t", b"{\\",
    b"{\\b ", b"\\emph{", b"\\begin{a}", b"<<", b"*", b"**", b"``", b"`", b"[[a]](", b"|", b"|===\n", b"--cut\n", b"::\n", b"\\", b'"', b"'",
    b"&", b"&amp;", b"#", b"=", b"<!--", b"<![CDATA[", b"<?", b"From a@b\n", b"Subject: a\n\n", b"<svg>", b"<text:span>", b"<w:p>", b"*/", b"/*",
)  # fmt: skip
_TOKENS = (
    b"\\bin99999999 ", b"\\bin-5 ", b"\\u-99999999?", b"\\uc99999 ", b"\\ansicpg99999 ", b"\\'", b"\\'zz", b"{\\*\\", b"\\fcharset-1 ",
    b"\\cellx-1 ", b"\\ls99999999999 ", b"\\end{document}", b"\\verb|", b"\\def\\a{\\a}\\a", b"\\input{/etc/passwd}", b"$$", b"\\[",
    b"charset=utf-7", b"charset=rot13", b"charset=hex", b"charset=idna", b"charset=undefined", b"charset=utf-16", b"charset=\x00",
    b"charset=zip", b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: x-uuencode\n", b"=?utf-7?b?+//+?=", b"=?a?b?=",
    b"=?rot13?q?a?=", b"=?utf-8?q?=ED=A0=80?=", b"boundary=", b'boundary=""', b"Content-Type: multipart/mixed\n",
    b"Content-Type: message/rfc822\n", b"Date: 99 Foo 99999 99:99:99 +9999\n", b"Date: Mon, 32 Jan 0000 00:00:00 -2400\n", b"\n\n",
    b'encoding="utf-7"', b'encoding="rot13"', b'encoding="none"', b"<?xml version='9'?>", b'<!DOCTYPE a [<!ENTITY b "c">]>', b"&b;",
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd">', b"xmlns=''", b"xmlns:a='b'", b"xml:space='preserve'", b"coding: rot13", b"coding: idna",
    b"# -*- coding: undefined -*-", b"<meta charset=utf-7>", b"<meta charset=rot13>", b"<base href=//a>", b"<template>", b"<frameset>",
    b"<plaintext>", b"<textarea>", b"</body></html>", b'colspan="99999999"', b'rowspan="-1"', b"99:99:99,999 --> 00:00:00,000", b"-->",
    b"WEBVTT", b"[[1,2],", b"1e309", b"-Infinity", b"\\ud800", b"\\u0000", b'"\\', b"---\n", b"...\n", b"&a *a", b"!!python/object:a.b ",
    b"%TAG ! x", b"<<: *a", b"? ", b"? - ? ", b"{{", b"}}", b"{%", b"/Kids[2 0 R]", b"/Length -1", b"/Count 999999999", b"/Filter/FlateDecode",
    b"/Filter[/ASCIIHexDecode/ASCII85Decode/LZWDecode/RunLengthDecode/CCITTFaxDecode/DCTDecode]", b"/Encrypt<<>>", b"/Prev 9", b"endobj",
    b"endstream", b"1 0 R", b"<feff", b"(\\", b"BT", b"/W[9 9 9]", b"/Type/ObjStm", b"obj", b"\nxref\n", b"PK\x03\x04", b"PK\x01\x02",
    b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"\x1f\x8b\x08\x1f", b"BZh9", b"ustar", b"../../x", b"C:\\x", b"12/05/2024, 09:14 - A: ",
    b"31/31/9999, 99:99 - A: ", b"def ", b"class ", b"'''", b'"""', b"#if 0\n", b"<<E\n", b"`${", b"* [ ] ", b"[^1]: ", b"+---+", b"|",
    b"=====\n", b".. |a| replace:: |a|\n", b".. include:: /etc/passwd\n", b"ifdef::a[]\n", b"include::/etc/passwd[]\n", b'"mapping": null',
    b'"parent": "a"', b'"children": ["a"]', b'"children": 5', b'"cells": {}', b'"source": 5', b'"outputs": [[]]', b'"ts": "x"', b'"ts": 1e400',
    b'"create_time": 1e300', b'"text": null', b'"parts": [null, {}, 5]', b"true", b"null", b"{}", b"[]", b'""', b"-1",
)  # fmt: skip
_TAG = re.compile(rb"<[^<>]{1,400}>")
_ATTRIBUTE = re.compile(rb"(=\s*)(\"[^\"<>]{0,200}\"|'[^'<>]{0,200}')")
_NUMBER = re.compile(rb"(?<![\w.])-?\d+(?:\.\d+)?")
_VALUES = (
    b"",
    b"-1",
    b"0",
    b"99999999999",
    b"1e999",
    b"\xc3\xa9",
    b"&#0;",
    b"../../x",
    b"A0",
    b"XFE1048577",
    b"&lt;",
    b"a" * 3000,
)


def flip_bytes(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    made = bytearray(data)
    for _ in range(rng.randint(1, 1 + len(made) // 200 if rng.random() < 0.3 else 4)):
        made[rng.randrange(len(made))] ^= 1 << rng.randrange(8) if rng.random() < 0.5 else rng.randint(1, 255)
    return bytes(made)


def truncate(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    return data[: rng.randint(1, len(data))] if rng.random() < 0.8 else data[rng.randrange(len(data)) :]


def _stretch(rng: random.Random, data: bytes, most: int = 4096) -> tuple[int, int]:
    at = rng.randrange(len(data))
    return at, at + rng.randint(1, max(1, min(most, len(data) - at)))


def duplicate(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    start, stop = _stretch(rng, data)
    times = rng.choice((1, 1, 2, 5, 100, 2000))
    times = max(1, min(times, MOST_BYTES // (stop - start)))
    return data[:stop] + data[start:stop] * times + data[stop:]


def remove(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    start, stop = _stretch(rng, data)
    return data[:start] + data[stop:]


def move(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    start, stop = _stretch(rng, data)
    rest = data[:start] + data[stop:]
    at = rng.randint(0, len(rest))
    return rest[:at] + data[start:stop] + rest[at:]


def splice(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    if rng.random() < 0.5:
        return data[: rng.randint(1, len(data))] + other[rng.randrange(len(other)) :]
    start, stop = _stretch(rng, other)
    at = rng.randint(0, len(data))
    return data[:at] + other[start:stop] + data[at:]


def extreme_field(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Overwrite what may be a number: one in bytes, or one in digits."""
    written = list(_NUMBER.finditer(data[: 64 * 1024]))
    if written and rng.random() < 0.5:
        found = rng.choice(written)
        return data[: found.start()] + rng.choice(_NUMBERS) + data[found.end() :]
    width = rng.choice("BHIQ")
    value = rng.choice(_EXTREMES) & ((1 << 8 * struct.calcsize(width)) - 1)
    body = struct.pack(rng.choice("<>") + width, value)
    at = rng.randrange(len(data))
    return data[:at] + body + data[at + len(body) :]


def control_characters(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    for _ in range(rng.randint(1, 8)):
        at = rng.randint(0, len(data))
        data = data[:at] + rng.choice(_ODD) + data[at:]
    return data


def token(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(data))
        data = data[:at] + rng.choice(_TOKENS) + data[at + (rng.randint(0, 12) if rng.random() < 0.3 else 0) :]
    return data


def nest(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Something that opens, over and over; closed again or not."""
    at = rng.randrange(len(data))
    opener = rng.choice(_OPENERS) if rng.random() < 0.6 else data[at : at + rng.randint(1, 12)]
    count = min(rng.choice((20, 300, 2000, 20_000, 60_000)), MOST_BYTES // 2 // len(opener))
    at = at if rng.random() < 0.5 else rng.randint(0, len(data))
    return data[:at] + opener * count + data[at:]


def lines(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Lines dropped, doubled, swapped or joined."""
    rows = data.split(b"\n")
    for _ in range(rng.randint(1, 4)):
        at, to = rng.randrange(len(rows)), rng.randrange(len(rows))
        how = rng.randrange(4)
        if how == 0 and len(rows) > 1:
            del rows[at]
        elif how == 1:
            rows.insert(to, rows[at])
        elif how == 2:
            rows[at], rows[to] = rows[to], rows[at]
        else:
            rows[at] = rows[at] + rows[to]
    return rng.choice((b"\n", b"\n", b"\r\n", b"\r", b" ")).join(rows)


def twist_xml(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Tags dropped, doubled, swapped, emptied; values of attributes that cannot be."""
    tags = list(_TAG.finditer(data))
    values = list(_ATTRIBUTE.finditer(data))
    how = rng.randrange(6)
    if how == 0 and values:
        found = rng.choice(values)
        return data[: found.start(2) + 1] + rng.choice(_VALUES) + data[found.end(2) - 1 :]
    if not tags:
        return data
    one, two = sorted((rng.choice(tags), rng.choice(tags)), key=lambda tag: tag.start())
    if how == 1:
        return data[: one.start()] + data[one.end() :]
    if how == 2:
        return data[: one.end()] + one.group() * rng.choice((1, 3, 500)) + data[one.end() :]
    if how == 3 and one.end() <= two.start():
        return data[: one.start()] + two.group() + data[one.end() : two.start()] + one.group() + data[two.end() :]
    if how == 4:  # a whole stretch of the tree, elsewhere
        at = rng.choice(tags).end()
        return data[:at] + data[one.start() : two.end()][:8192] + data[at:]
    return data[: one.end()] + rng.choice(_TOKENS) + data[one.end() :]


def repack(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Change what is inside a package, and pack it again with a sound directory and checksum."""
    if data.startswith(b"PK"):
        return _repack_zip(rng, data, others)
    for magic, unpack, pack in (
        (b"\x1f\x8b", gzip.decompress, lambda body: gzip.compress(body, 6, mtime=0)),
        (b"BZh", bz2.decompress, bz2.compress),
        (b"\xfd7zXZ\0", lzma.decompress, lzma.compress),
    ):
        if data.startswith(magic):
            try:
                body = unpack(data)[:MOST_BYTES]
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
                return data
            return pack(mutated(rng, body, others, most=2)) if body else data
    if data[257:262] == b"ustar":
        return _repack_tar(rng, data)
    if data.startswith(b"\x89PNG"):
        return _repack_png(rng, data)
    return twist_xml(rng, data, others)


def _repack_zip(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()[:200]}
    except Exception:  # noqa: BLE001  it was broken by an earlier step
        return data
    names = sorted(members)
    if not names:
        return data
    for _ in range(rng.randint(1, 3)):
        name, other = rng.choice(names), rng.choice(names)
        how = rng.randrange(12)
        if how == 0:
            members.pop(name, None)
        elif how == 1:
            members[name] = members.get(other, b"")
        elif how == 2:
            members[rng.choice(("../x", "/x", "a\0b", "C:\\x", name.upper(), name + "/", "x" * 3000))] = members.get(
                name, b""
            )
        elif members.get(name):
            body = members[name]
            inner = mutated if rng.random() < 0.5 else _twisted if b"<" in body[:200] else mutated
            members[name] = inner(rng, body, others, most=3)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            entry = zipfile.ZipInfo(name, (2024, 5, 12, 9, 14, 0))
            archive.writestr(entry, body, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _twisted(rng: random.Random, data: bytes, others: Sequence[bytes], *, most: int) -> bytes:
    for _ in range(rng.randint(1, 2 * most)):
        data = (twist_xml(rng, data, others) or b"<a/>")[:MOST_BYTES]
    return data


def _repack_tar(rng: random.Random, data: bytes) -> bytes:
    """Change a header of a tar file and mend its checksum."""
    headers = [at for at in range(0, len(data) - 511, 512) if data[at + 257 : at + 262] == b"ustar"]
    if not headers:  # they were moved by an earlier step
        return data
    at = rng.choice(headers)
    head = bytearray(data[at : at + 512])
    if rng.random() < 0.5:
        start, width = rng.choice(((100, 8), (108, 8), (124, 12), (136, 12), (329, 8)))
        head[start : start + width] = rng.choice(
            (b"7" * width, b"-" + b"1" * (width - 1), b"\x80" + b"\xff" * (width - 1), b" " * width)
        )
    else:
        head[rng.choice((156, rng.randrange(512)))] = rng.choice(b"0123456789xgLKSVD\0\xff")
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return data[:at] + bytes(head) + data[at + 512 :]


def _repack_png(rng: random.Random, data: bytes) -> bytes:
    """Change a field in a chunk of a PNG and mend its checksum."""
    chunks, at = [], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunks.append([data[at + 4 : at + 8], data[at + 8 : at + 8 + length]])
        at += 12 + length
    if not chunks:
        return data
    chosen = rng.choice(chunks)
    chosen[1] = extreme_field(rng, chosen[1], ()) if chosen[1] else b"x"
    body = b"".join(struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in chunks)
    return data[:8] + body


_ANY: tuple[Mutation, ...] = (
    flip_bytes, flip_bytes, truncate, duplicate, remove, move, splice, extreme_field, extreme_field, control_characters, token, token, nest, lines,
)  # fmt: skip
_PACKED = (b"PK", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x89PNG")


def mutated(rng: random.Random, data: bytes, others: Sequence[bytes], *, most: int = 4) -> bytes:
    """A file with one to ``most`` changes. ``others`` is where pieces are spliced in from; never empty, and neither is the answer."""
    packed = data.startswith(_PACKED) or data[257:262] == b"ustar"
    marked = not packed and b"<" in data[:400]
    for _ in range(rng.randint(1, most)):
        step = rng.choice(_ANY)
        if (packed and rng.random() < 0.7) or (marked and rng.random() < 0.4):
            step = repack
        data = (step(rng, data, others) or b"\n")[:MOST_BYTES]
    return data
