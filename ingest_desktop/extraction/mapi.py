"""Outlook's properties (MAPI): their numbers, and what a message, a recipient or an attachment says with them.

They stand in messages that Outlook keeps (MSG) and in those that it packs for the way (TNEF).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from ingest_desktop.extraction import mime

SUBJECT, CLASS, HEADERS = 0x0037, 0x001A, 0x007D
BODY, RTF, HTML = 0x1000, 0x1009, 0x1013
SENDER, SENDER_MAIL, SENDER_SMTP, AUTHOR, AUTHOR_MAIL = 0x0C1A, 0x0C1F, 0x5D01, 0x0042, 0x0065
TO, CC, BCC = 0x0E04, 0x0E03, 0x0E02
SENT, RECEIVED, MADE = 0x0039, 0x0E06, 0x3007
CODE_PAGE, BODY_CODE_PAGE = 0x3FFD, 0x3FDE
NAME, MAIL, SMTP, ROLE = 0x3001, 0x3003, 0x39FE, 0x0C15
DATA, LONG_NAME, SHORT_NAME, CID = 0x3701, 0x3707, 0x3704, 0x3712
TEXT, TEXT_8, BYTES, OBJECT = 0x001F, 0x001E, 0x0102, 0x000D
EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_PAGES: Final = {
    65001: "utf-8",
    65000: "utf-7",
    50220: "iso-2022-jp",
    50221: "iso-2022-jp",
    50222: "iso-2022-jp",
    50225: "iso-2022-kr",
    51932: "euc-jp",
    51949: "cp949",
    51936: "gb18030",
    52936: "hz",
    54936: "gb18030",
    936: "gb18030",
    20866: "koi8-r",
    21866: "koi8-u",
    10000: "mac_roman",
    28591: "iso8859-1",
    **{28590 + part: f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 13, 15)},
    38598: "iso8859-8",
}


class Properties(ABC):
    """The properties of a message, a recipient or an attachment."""

    def __init__(self, above: "Properties | None" = None) -> None:
        self.above = above

    @abstractmethod
    def text(self, number: int) -> str:
        """A property of text, or an empty text."""

    @abstractmethod
    def binary(self, number: int) -> bytes | None:
        """A property of bytes; None when it is not there or cannot be read."""

    @abstractmethod
    def has(self, number: int) -> bool:
        """Whether there is such a property of bytes, readable or not."""

    @abstractmethod
    def number(self, number: int) -> int:
        """A property of at most 8 bytes as a number without sign; 0 when it is not there."""

    @abstractmethod
    def attachments(self) -> Iterator["Properties"]:
        """What is attached to a message, in order."""

    @abstractmethod
    def recipients(self) -> Iterator["Properties"]:
        """Who a message went to."""

    @abstractmethod
    def inner(self) -> "Properties | None":
        """The object that is attached: a message, or another program's, which says nothing; None when it is a file."""

    def charset(self, *, body: bool = False) -> str:
        """The charset of its 8-bit texts, or of its HTML; empty when nothing says it."""
        order = (BODY_CODE_PAGE, CODE_PAGE) if body else (CODE_PAGE, BODY_CODE_PAGE)
        for page in map(self.number, order):
            if page in (0, 1200, 20127):
                continue
            name = _PAGES.get(page, f"cp{page}")
            if mime.codec_of(name):
                return name
        return self.above.charset(body=body) if self.above is not None else ""

    def date(self) -> str:
        """When it was sent, as mail writes it; empty when nothing says it."""
        for ticks in map(self.number, (SENT, RECEIVED, MADE)):
            if ticks:
                try:
                    return format_datetime(EPOCH + timedelta(microseconds=ticks // 10))
                except (OverflowError, ValueError):
                    continue
        return ""

    def sender(self) -> str:
        """Name and address of who wrote it."""
        name = self.text(AUTHOR) or self.text(SENDER)
        mail = self.text(SENDER_SMTP) or self.text(AUTHOR_MAIL) or self.text(SENDER_MAIL)
        return person(name, mail)


def person(name: str, mail: str) -> str:
    """A name and an address on one line. Addresses inside an Exchange organisation mean nothing to people."""
    name, mail = " ".join(name.split()).strip("'"), mail.strip()
    if "@" not in mail or mail.lower() == name.lower():
        return name or mail
    return f"{name} <{mail}>" if name else mail
