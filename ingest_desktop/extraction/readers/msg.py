"""Outlook messages (MSG): their properties become a message as it travels, and that is told as mail.

So attachments, and messages in messages, go the way that those of mail go.
"""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import base64
import io
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

from ingest_desktop.domain.errors import SourceError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, mime, nested
from ingest_desktop.extraction.lzfu import decompress
from ingest_desktop.extraction.nested import clean_name
from ingest_desktop.extraction.readers.html import whole
from ingest_desktop.extraction.readers.mail import Teller, check_size, unlocked_in
from ingest_desktop.extraction.versions import VERSIONS

_MOST_RECIPIENTS: Final = 500
_SUBJECT, _CLASS, _HEADERS = 0x0037, 0x001A, 0x007D
_BODY, _RTF, _HTML = 0x1000, 0x1009, 0x1013
_SENDER, _SENDER_MAIL, _SENDER_SMTP, _AUTHOR, _AUTHOR_MAIL = 0x0C1A, 0x0C1F, 0x5D01, 0x0042, 0x0065
_TO, _CC, _BCC = 0x0E04, 0x0E03, 0x0E02
_SENT, _RECEIVED, _MADE = 0x0039, 0x0E06, 0x3007
_CODE_PAGE, _BODY_CODE_PAGE = 0x3FFD, 0x3FDE
_NAME, _MAIL, _SMTP, _ROLE = 0x3001, 0x3003, 0x39FE, 0x0C15
_DATA, _LONG_NAME, _SHORT_NAME, _MIME, _CID, _HIDDEN = 0x3701, 0x3707, 0x3704, 0x370E, 0x3712, 0x7FFE
_TEXT, _TEXT_8, _BYTES, _OBJECT = 0x001F, 0x001E, 0x0102, 0x000D
_ATTACHMENT: Final = "__attach_version1.0_#"
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".emz", ".wmz", ".svg", ".webp")


class MsgReader:
    """Reads Outlook messages in one go."""

    name = "msg"
    version = VERSIONS["msg"]
    reads = frozenset({kinds.MSG})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        check_size(source.size, options)
        with _Ole(source) as ole:
            top = Storage(ole, (), 32)
            facts = {"from": top.sender(), "to": top.text(_TO), "cc": top.text(_CC), "date": top.date()}
            subject = mime.field_text(top.text(_SUBJECT))[:500]
            shape = _shape(top, source, options) if top.storages(_ATTACHMENT) else ""
        metadata = {name: " ".join(value.split())[:500] for name, value in facts.items() if value.strip()}
        segments, media_type = (SegmentSpec(0, 0, 1),), "application/vnd.ms-outlook"
        return ReaderPlan("message", 1, segments, media_type, None, subject or None, metadata, shape=shape)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        troubles: list[str] = []
        with _Ole(source) as ole:
            data = as_mail(Storage(ole, (), 32), options, troubles)
        with Teller(source, options, notes) as teller:
            yield from teller.blocks(data)
            for why in troubles:
                teller.tell(why)


def _shape(top: "Storage", source: SourceFile, options: ExtractOptions) -> str:
    """What shapes the text of the attachments."""
    opened = unlocked_in(as_mail(top, options, []), source, options) if source.passwords else 0
    return nested.shape(options, unlocked=opened)


class _Ole:
    """The compound file, open. Whatever its parser raises becomes an error of ours."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source

    def __enter__(self) -> Any:
        import olefile

        try:
            self._ole = olefile.OleFileIO(io.BytesIO(whole(self._source)))
        except MemoryError:
            raise
        except Exception as error:
            raise SourceMalformed("The file begins like an Outlook message but is damaged or incomplete.") from error
        return self._ole

    def __exit__(self, *_: object) -> None:
        self._ole.close()


class Storage:
    """A message, a recipient or an attachment: named streams, and a table of small values."""

    def __init__(self, ole: Any, path: tuple[str, ...], header_bytes: int, above: "Storage | None" = None) -> None:
        self.ole, self.path, self._above = ole, path, above
        self._streams = {name.lower(): name for name in _children(ole, path)}
        self._values = _small_values(self.stream("__properties_version1.0") or b"", header_bytes)

    def stream(self, name: str) -> bytes | None:
        """The bytes of a stream; None when it is not there or cannot be read."""
        real = self._streams.get(name.lower())
        if real is None:
            return None
        try:
            with self.ole.openstream([*self.path, real]) as stream:
                data: bytes = stream.read()
            return data
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  one stream that is damaged must not lose the others
            return None

    def storages(self, prefix: str) -> list[str]:
        """Names of the storages in it that begin so, in order."""
        return sorted(name for key, name in self._streams.items() if key.startswith(prefix))

    def binary(self, number: int) -> bytes | None:
        """A property of bytes."""
        return self.stream(f"__substg1.0_{number:04X}{_BYTES:04X}")

    def has(self, number: int) -> bool:
        """Whether there is such a property of bytes, readable or not."""
        return f"__substg1.0_{number:04x}{_BYTES:04x}" in self._streams

    def object_name(self, number: int) -> str | None:
        """The name of the storage that a property is."""
        return self._streams.get(f"__substg1.0_{number:04x}{_OBJECT:04x}")

    def text(self, number: int) -> str:
        """A property of text, or an empty text."""
        data = self.stream(f"__substg1.0_{number:04X}{_TEXT:04X}")
        if data is not None:
            return data[: len(data) & ~1].decode("utf-16-le", "replace").replace("\0", "")
        data = self.stream(f"__substg1.0_{number:04X}{_TEXT_8:04X}")
        return mime.text_of(data.rstrip(b"\0"), self.charset()) if data else ""

    def number(self, number: int) -> int:
        """A property of at most 8 bytes as a number without sign; 0 when it is not there."""
        return self._values.get(number, 0)

    def charset(self, *, body: bool = False) -> str:
        """The charset of its 8-bit texts, or of its HTML; empty when nothing says it."""
        order = (_BODY_CODE_PAGE, _CODE_PAGE) if body else (_CODE_PAGE, _BODY_CODE_PAGE)
        for page in map(self.number, order):
            if page in (0, 1200, 20127):
                continue
            name = _PAGES.get(page, f"cp{page}")
            if mime.codec_of(name):
                return name
        return self._above.charset(body=body) if self._above is not None else ""

    def date(self) -> str:
        """When it was sent, as mail writes it; empty when nothing says it."""
        for ticks in map(self.number, (_SENT, _RECEIVED, _MADE)):
            if ticks:
                try:
                    return format_datetime(_EPOCH + timedelta(microseconds=ticks // 10))
                except (OverflowError, ValueError):
                    continue
        return ""

    def sender(self) -> str:
        """Name and address of who wrote it."""
        name = self.text(_AUTHOR) or self.text(_SENDER)
        mail = self.text(_SENDER_SMTP) or self.text(_AUTHOR_MAIL) or self.text(_SENDER_MAIL)
        return _person(name, mail)


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


def _children(ole: Any, path: tuple[str, ...]) -> list[str]:
    """Names of what lies directly in a storage."""
    entry = ole.root
    for name in path:
        entry = entry.kids_dict.get(name.lower()) if entry is not None else None
    return [kid.name for kid in entry.kids] if entry is not None else []


def _small_values(data: bytes, header_bytes: int) -> dict[int, int]:
    """The values that stand in the table itself, by their numbers."""
    values: dict[int, int] = {}
    for place in range(header_bytes, len(data) - 15, 16):
        kind, number, _, value = struct.unpack_from("<HHIQ", data, place)
        if kind in (2, 3, 11):  # 16 and 32 bits, yes or no
            value &= 0xFFFF if kind != 3 else 0xFFFFFFFF
        elif kind not in (0x14, 0x40):  # 64 bits, a time
            continue
        values.setdefault(number, value)
    return values


def _person(name: str, mail: str) -> str:
    """A name and an address on one line. Addresses inside an Exchange organisation mean nothing to people."""
    name, mail = " ".join(name.split()).strip("'"), mail.strip()
    if "@" not in mail or mail.lower() == name.lower():
        return name or mail
    return f"{name} <{mail}>" if name else mail


def as_mail(storage: Storage, options: ExtractOptions, troubles: list[str], level: int = 0) -> bytes:
    """The message as it travels: header fields, its best text, its attachments.

    Args:
        storage: Of the message.
        options: With the limits.
        troubles: Takes what could not be read, each as a sentence.
        level: Of messages around it.
    """
    parts = [part for part in (_body(storage, options, troubles),) if part]
    for name in storage.storages(_ATTACHMENT):
        attached = Storage(storage.ole, (*storage.path, name), 8, storage)
        part = _attachment(attached, options, troubles, level)
        if part:
            parts.append(part)
    boundary = b"=_part"
    while any(boundary in part for part in parts):
        boundary += b"_%d" % len(parts)
    lines = [*_header(storage), "MIME-Version: 1.0", f'Content-Type: multipart/mixed; boundary="{boundary.decode()}"']
    head = "\n".join(lines).encode("utf-8", "replace")
    return head + b"\n\n" + b"".join(b"--%s\n%s\n" % (boundary, part) for part in parts) + b"--%s--\n" % boundary


def _header(storage: Storage) -> list[str]:
    """The header fields; who it went to from the recipients, which have addresses."""
    people: dict[int, list[str]] = {}
    for name in storage.storages("__recip_version1.0_#")[:_MOST_RECIPIENTS]:
        one = Storage(storage.ole, (*storage.path, name), 8, storage)
        person = _person(one.text(_NAME), one.text(_SMTP) or one.text(_MAIL))
        if person:
            people.setdefault(one.number(_ROLE), []).append(person)
    fields = {
        "Subject": storage.text(_SUBJECT),
        "From": storage.sender(),
        "To": "; ".join(people.get(1, ())) or storage.text(_TO),
        "Cc": "; ".join(people.get(2, ())) or storage.text(_CC),
        "Bcc": "; ".join(people.get(3, ())) or storage.text(_BCC),
        "Date": storage.date(),
    }
    sent = mime.header_of(storage.text(_HEADERS).encode("utf-8", "replace"))[0]
    for name in ("Subject", "From", "To", "Cc", "Date"):  # as it came from the net, where Outlook kept nothing else
        fields[name] = fields[name] or str(sent.get(name) or "")
    return [f"{name}: {' '.join(text.split())}" for name, text in fields.items() if text.strip()]


def _body(storage: Storage, options: ExtractOptions, troubles: list[str]) -> bytes | None:
    """The best text as a part: plain, else HTML, else what the compressed RTF says."""
    text = storage.text(_BODY)
    if not text.strip():
        page = storage.binary(_HTML)
        if page is None:
            page = storage.text(_HTML).encode("utf-8", "replace")
            charset = "utf-8"
        else:
            charset = storage.charset(body=True)
        if page.strip():
            said = f"; charset={charset}" if charset else ""
            return f"Content-Type: text/html{said}\nContent-Transfer-Encoding: base64\n\n".encode() + _packed(page)
        text = _rtf_text(storage, options, troubles)
    if not text.strip():
        return None
    # A letter that holds the boundary of another message must not end this one: as base64 it cannot.
    return b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + _packed(
        text.encode("utf-8", "replace")
    )


def _rtf_text(storage: Storage, options: ExtractOptions, troubles: list[str]) -> str:
    """The text of the compressed RTF, through the reader of RTF; empty when there is none."""
    from ingest_desktop.extraction.registry import Registry

    packed = storage.binary(_RTF)
    if not packed:
        return ""
    try:
        data = decompress(packed, options.max_expanded_bytes)
        if not data.strip(b"\0 \r\n"):
            return ""
        source = SourceFile("body.rtf", len(data), data[:65536], data)
        reader = Registry().choose(source)
        plan = reader.plan(source, options)
        blocks = [
            block.text
            for segment in plan.segments
            for block in reader.read(source, plan, segment, options, SegmentNotes())
        ]
    except SourceError as error:
        troubles.append(f"The text of the message could not be read: {error}")
        return ""
    return "\n".join(blocks)


def _packed(data: bytes) -> bytes:
    return base64.encodebytes(data)


def _attachment(storage: Storage, options: ExtractOptions, troubles: list[str], level: int) -> bytes | None:
    """An attachment as a part; None for one that is empty, or a picture that belongs to the text."""
    name = clean_name(storage.text(_LONG_NAME) or storage.text(_SHORT_NAME) or storage.text(_NAME) or "attachment")
    inner = storage.object_name(_DATA)
    if inner is not None:
        message = Storage(storage.ole, (*storage.path, inner), 24, storage)
        if message.text(_CLASS) or message.text(_SUBJECT) or message.text(_BODY):
            if level >= options.max_depth:
                troubles.append(
                    f"{name}: Messages in messages more than {options.max_depth} levels deep are left out "
                    "(INGESTION_MAX_DEPTH)."
                )
                return None
            shown = storage.text(_NAME) or message.text(_SUBJECT) or "message"
            data = as_mail(message, options, troubles, level + 1)
            return _file_part(clean_name(shown), "message/rfc822", data)
        return None  # a drawing or another program's object: its picture stands in the text
    data_or_none = storage.binary(_DATA)
    if not data_or_none:
        if data_or_none is None and storage.has(_DATA):
            troubles.append(f"{name}: It is damaged.")
        return None
    if storage.text(_CID) and name.lower().endswith(_PICTURES):
        return None
    if name.lower().endswith(".p7m") and data_or_none[:13].lower() == b"content-type:":
        return data_or_none  # a signed message: its text, its attachments and its signature
    kind = "application/octet-stream"
    return _file_part(name, kind, data_or_none)


def _file_part(name: str, kind: str, data: bytes) -> bytes:
    shown = name.replace("\\", "/").replace('"', "'").encode("utf-8", "replace")
    return (
        b'Content-Type: %s\nContent-Disposition: attachment; filename="%s"\nContent-Transfer-Encoding: base64\n\n'
        % (kind.encode(), shown)
    ) + _packed(data)
