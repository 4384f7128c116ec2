"""Messages written by hand, and how they are read: for the tests of mail."""

import struct

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.readers.mail import MailReader

from .blocks_kit import OPTIONS, tell


def mail(text: str, options: ExtractOptions = OPTIONS) -> tuple[ReaderPlan, list[Block], SegmentNotes]:
    return tell(MailReader(), text.encode("utf-8", "surrogateescape"), options=options)


def part_of(block: Block) -> object:
    return dict(block.extra).get("part")


def multi(kind: str, *parts: str, boundary: str = "cut") -> str:
    inner = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\npreamble\n{inner}--{boundary}--\nepilogue\n'


PLAIN = "Content-Type: text/plain; charset=utf-8\n\n{}"


PAGE = "Content-Type: text/html; charset=utf-8\n\n{}"


HEAD = "From: Ana <ana@example.org>\nTo: ben@example.org\nDate: Sun, 12 May 2024 09:14:00 +0000\nSubject: Tea\n"


LETTERS = [
    f"From a@b Sun May 12 09:{number % 60:02}:00 2024\nFrom: a@b\nSubject: Letter {number}\n\n"
    f"Text of {number}.\n>From here quoted.\n\nFrom now on it is a paragraph.\n\n"
    for number in range(1, 41)
]


def text(number: int, value: str) -> tuple[str, bytes]:
    return f"__substg1.0_{number:04X}001F", value.encode("utf-16-le")


def raw(number: int, value: bytes) -> tuple[str, bytes]:
    return f"__substg1.0_{number:04X}0102", value


def packed_rtf(body: bytes) -> bytes:
    """Compressed RTF without anything repeated."""
    runs = b"".join(b"\0" + body[at : at + 8] for at in range(0, len(body), 8))
    return struct.pack("<II4sI", len(runs) + 12, len(body), b"LZFu", 0) + runs


def saved(*parts: str, root: str = "") -> bytes:
    head = (
        "From: <Saved by Blink>\nSnapshot-Content-Location: https://example.org/tea\nSubject: Tea\n"
        f'Date: Sun, 12 May 2024 09:14:00 -0000\nMIME-Version: 1.0\nContent-Type: multipart/related;{root}\n boundary="c"'
    )
    return (head + "\n\n" + "".join(f"--c\n{part}\n" for part in parts) + "--c--\n").encode()
