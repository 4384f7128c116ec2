"""Mail messages: header fields that matter, the best body, attachments read by the readers of their own kinds.

A long room, as one ``Teller`` tells the messages of mail, of mailboxes and of Outlook.
"""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from itertools import chain
from types import TracebackType
from typing import Self

from ingest_desktop.domain.errors import LimitExceeded, SourceError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, mime, nested
from ingest_desktop.extraction.allowance import Allowance, Spent, unpacked
from ingest_desktop.extraction.encoding import decode, encoding_of_head
from ingest_desktop.extraction.limits import OutOfTime
from ingest_desktop.extraction.mime import Part
from ingest_desktop.extraction.nested import Inside
from ingest_desktop.extraction.readers.html import as_utf8, page_blocks, whole
from ingest_desktop.extraction.versions import VERSIONS

_SHOWN = ("From", "To", "Cc", "Bcc", "Date")
_MAX_SHOWN = 2000  # characters of one header line
_UNSEEN = frozenset(  # parts that hold nothing for people
    "application/pgp-signature application/pkcs7-signature application/x-pkcs7-signature application/pgp-keys "
    "application/applefile application/pgp-encrypted message/external-body text/rfc822-headers text/css".split()
)
_SHOWN_REPORTS = frozenset({"message/delivery-status", "message/disposition-notification", "message/feedback-report"})
_PACKETS = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_SEALED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNED_NAME = ".p7m"  # behind the name of the file that was signed
_MOST_SIGNED = 20  # of a message, one in the other or side by side
_MOST_SIGNED_PARTS = 1000  # of each
_APPLE_MAIL = re.compile(rb"\s*\d{1,12}\s*\n")
_ARMOUR_BEGIN = "-----BEGIN PGP MESSAGE-----"  # what OpenPGP sealed, among the text
_ARMOUR = re.compile(rf"{_ARMOUR_BEGIN}[ \t\r]*\n.*?(?:-----END PGP MESSAGE-----|\Z)", re.DOTALL)
_UU_BEGIN = re.compile(r"^begin [0-7]{3,4} (\S[^\n]{0,200})\n", re.MULTILINE)
_UU_END = re.compile(r"^end[ \t]*$", re.MULTILINE)
_CID = re.compile(r"""cid:([^"'\s>)]{1,300})""", re.IGNORECASE)
_FOR_FIELDS = 20 * _MAX_SHOWN  # characters kept free for the header lines of a message
_ENOUGH = 400  # characters that HTML must have more than a plain text before that is taken for a stub


class MailReader:
    """Reads one message in one go."""

    name = "mail"
    version = VERSIONS["mail"]
    reads = frozenset({kinds.EML})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        check_size(source.size, options)
        header, _ = mime.header_of(sent_bytes(source.head))
        top = Part(header, "", b"")
        facts = {
            key: value[:500]
            for key, name in (
                ("from", "From"),
                ("to", "To"),
                ("cc", "Cc"),
                ("date", "Date"),
                ("message_id", "Message-ID"),
            )
            if (value := top.text_of(name))
        }
        subject = top.text_of("Subject")[:500]
        segments = (SegmentSpec(0, 0, 1),)
        shape = nested.shape(options, unlocked=_unlocked(source, options)) if _may_hold_files(top, source) else ""
        return ReaderPlan("message", 1, segments, "message/rfc822", None, subject or None, facts, shape=shape)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        with Teller(source, options, notes) as teller:
            yield from teller.blocks(sent_bytes(whole(source)))


def _may_hold_files(top: Part, source: SourceFile) -> bool:
    """Whether files may have come with a message, as far as its head tells."""
    kind = top.first("content-type").partition(";")[0].strip().lower()
    if kind not in ("", "text/plain", "text/html"):
        return True
    attached = top.disposition == "attachment" or bool(top.name)
    return attached or source.data is None or b"\nbegin " in source.data


def _unlocked(source: SourceFile, options: ExtractOptions) -> int:
    """How many attachments are opened by a password that a person gave."""
    return unlocked_in(sent_bytes(whole(source)), source, options) if source.passwords else 0


def unlocked_in(data: bytes, source: SourceFile, options: ExtractOptions) -> int:
    """How many attachments of a message are opened by one of the passwords that its file comes with."""
    nested.begin(source, options)
    found = Found()
    try:
        sort_parts(mime.parse(data, options.max_members), found, top=True)
        _open_packets(found, options)
    except SourceError:
        return 0
    return nested.unlocked(
        (
            nested.inner_source(name_of(part), part.data(), source.passwords)
            for part in found.files
            if nested.may_lock(name_of(part))
        ),
        options,
    )


def check_size(size: int, options: ExtractOptions) -> None:
    """Refuse a message that is too large to be held in memory."""
    if size > options.max_expanded_bytes:
        raise LimitExceeded(f"A message of {size:,} bytes is more than is read at once (INGESTION_MAX_EXPANDED_BYTES).")


def sent_bytes(data: bytes) -> bytes:
    """The message itself: editors put a mark before it, Apple Mail its length and a property list behind it."""
    marked = encoding_of_head(data[:65536])
    if marked is not None and marked.startswith("utf"):
        data = decode(data, marked).encode("utf-8", "replace")
    if data[:1] in (b"\n", b"\r"):
        data = data.lstrip(b"\r\n")
    found = _APPLE_MAIL.match(data)
    if not found:
        return data
    return data[found.end() : found.end() + int(found.group())]


@dataclass(slots=True)
class Found:
    """What a message is made of, for people: its texts in order, and the files that came with it."""

    bodies: list[Part] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    invitations: list[Part] = field(default_factory=list)  # that stand for a text, and may have come as files besides
    sealed: bool = False  # some of it is encrypted
    damaged: bool = False  # what is signed cannot be had
    opened: int = 0  # parts that are in one piece with their signature
    shown: set[str] = field(default_factory=set)  # ids of the pictures that stand in the texts


class Teller:
    """Tells messages as blocks, one after the other, between ``with`` and its end; counts them for the receipt.

    Args:
        source: The file that holds them.
        options: As it is read with.
        notes: Of the segment.
        allowed: What the segment may take, when it is one of several.
        alone: It holds one message only, so that what is wrong with that is an error.
    """

    def __init__(
        self,
        source: SourceFile,
        options: ExtractOptions,
        notes: SegmentNotes,
        *,
        allowed: Allowance | None = None,
        alone: bool = True,
    ) -> None:
        self._options, self._notes, self._alone = options, notes, alone
        self._inside = Inside(source, options, notes, allowed=allowed, first=None)
        self._seen = self._with_text = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._inside.__exit__(kind, error, at)
        self._notes.units_seen, self._notes.units_with_text = self._seen, self._with_text

    def blocks(self, data: bytes, number: int = 1, extra: tuple[tuple[str, str | int], ...] = ()) -> Iterator[Block]:
        """The blocks of one message.

        Args:
            number: Its 1-based number, for the receipt.
            extra: Its place, when it is one of many.
        """
        self._seen += 1
        self._inside.number = number
        gave_text = False
        try:
            top = mime.parse(data, self._options.max_members)
            for block in self._told(top):
                gave_text = gave_text or bool(block.text.strip())
                yield block._replace(extra=(*block.extra, *extra)) if extra else block
        except (SourceMalformed, LimitExceeded) as error:
            if self._alone or isinstance(error, OutOfTime | Spent):
                raise
            self._inside.tell(str(error))
        self._with_text += gave_text

    def failed(self, number: int, why: str) -> None:
        """Note a message that cannot be read at all."""
        self._seen += 1
        self._inside.number = number
        self._inside.tell(why)

    def tell(self, why: str, name: str = "") -> None:
        """Note a gap of the message in hand, or of a file that came with it."""
        self._inside.tell(why, name)

    def _told(self, top: Part) -> Iterator[Block]:
        found = Found()
        sort_parts(top, found, top=True)
        if found.invitations and not any(map(_is_invitation, found.files)):
            found.files.append(found.invitations[0])
        for packet, why in _open_packets(found, self._options):
            self._inside.tell(why, packet)
        texts, packed = _without_uu(found.bodies)
        if any(_ARMOUR_BEGIN in text and _ARMOUR.search(text) for _, text in texts):
            texts, found.sealed = [(part, _ARMOUR.sub("", text)) for part, text in texts], True
        names = [name_of(part) for part in found.files] + [name for name, _ in packed]
        subject = top.text_of("Subject")[:500]
        yield Block(subject, 1) if subject else Block("", path=())
        lines = [f"{name}: {text[:_MAX_SHOWN]}" for name in _SHOWN if (text := top.text_of(name))]
        if names:
            lines.append("Attachments: " + ", ".join(names)[:_MAX_SHOWN])
        if lines:
            yield Block("\n".join(lines))
        yield from self._own(texts)
        if found.sealed:
            self._inside.tell("Its text is encrypted.")
        if found.damaged:
            self._inside.tell("What is signed in it is damaged.")
        for name, data in chain(((name_of(part), part.data()) for part in found.files), packed):
            for block in self._file(name, data):
                yield _below(block, subject)
        if found.files and _is_cut(top, found.files[-1]):
            self._inside.tell(
                "The message ends in the middle; what should follow is missing.", name_of(found.files[-1])
            )

    def _own(self, texts: list[tuple[Part, str]]) -> Iterator[Block]:
        """The blocks of the message's own text."""
        for part, text in texts:
            for block in part_blocks(part, text):
                self._inside.chars += len(block.text)
                if self._inside.chars > self._options.max_output_chars - _FOR_FIELDS:
                    self._inside.tell(
                        "It holds more text than is read at once (INGESTION_MAX_OUTPUT_CHARS); the rest is missing."
                    )
                    return
                yield block

    def _file(self, name: str, data: bytes) -> Iterator[Block]:
        """The blocks of what was attached. One that goes over a limit does not take its message with it."""
        if not data.strip():
            return
        try:
            unpacked(len(data), self._options)
        except Spent as error:
            self._inside.fail(name, error)
        else:
            yield from self._inside.blocks(name, data)


def _is_invitation(part: Part) -> bool:
    return part.kind in ("text/calendar", "application/ics") or part.name.lower().endswith(".ics")


def is_packet(part: Part) -> bool:
    """Whether a file is, as it says, one into which Outlook packed the others."""
    return part.kind in _PACKETS or part.name.lower() == "winmail.dat"


def _open_packets(found: Found, options: ExtractOptions) -> list[tuple[str, str]]:
    """Put what lies in Outlook's packets in their place; see ``winmail.open_packets``."""
    if not any(map(is_packet, found.files)):
        return []
    from ingest_desktop.extraction.readers.winmail import open_packets

    return open_packets(found, options)


def _is_cut(top: Part, last: Part) -> bool:
    """Whether a message ends in the middle of its last file: that was never closed, and lacks a part of a group of 4."""
    boundary = top.parameter("boundary").encode("ascii", "surrogateescape")
    if not boundary or b"--" + boundary + b"--" in top.raw:
        return False
    return last.first("content-transfer-encoding").lower() == "base64" and len(b"".join(last.raw.split())) % 4 != 0


def _below(block: Block, subject: str) -> Block:
    """A block of an attachment, with the subject of its message above its headings."""
    if not subject:
        return block
    if block.path is not None:
        return block._replace(path=(subject, *block.path))
    return block._replace(level=block.level + 1) if block.level else block


def name_of(part: Part) -> str:
    """The name of an attached file, or one made from what it is."""
    name = part.name
    if part.kind in ("message/rfc822", "message/global"):
        if not name:
            name = Part(mime.header_of(part.data()[: mime.HEADER_BYTES])[0], "", b"").text_of("Subject")[:100]
            name = name.replace("/", "-") or "message"
        return name if name.lower().endswith((".eml", ".msg")) else f"{name}.eml"
    return name or {"text/calendar": "invitation.ics", "text/html": "page.html"}.get(part.kind, "attachment")


def sort_parts(part: Part, found: Found, *, top: bool = False) -> None:
    """Tell the texts of a message from the files that came with it, and leave out what is neither."""
    if part.kind == "multipart/alternative":
        _sort_alternatives(part, found)
    elif part.kind == "multipart/encrypted":
        found.sealed = True
    elif part.kind == "multipart/related":
        root = related_root(part)
        for inner in part.parts:
            if inner is root or (not inner.kind.startswith(("image/", "font/")) and (inner.parts or inner.name)):
                sort_parts(inner, found)
    elif part.parts:
        for inner in part.parts:
            sort_parts(inner, found)
    elif part.kind in _SEALED or part.name.lower().endswith(_SIGNED_NAME):
        _open_signed(part, found)
    elif part.kind not in _UNSEEN and not _is_inline_image(part, found):
        if _is_body(part, found, top):
            found.bodies.append(part)
            if part.kind == "text/html":
                found.shown.update(_CID.findall(part.text()))
        else:
            found.files.append(part)


def _open_signed(part: Part, found: Found) -> None:
    """Sort what was signed in one piece with its signature, a text or a file; nothing opens what was encrypted."""
    from ingest_desktop.extraction.signed import signed_content

    found.opened += 1
    try:
        content = signed_content(part.data()) if found.opened <= _MOST_SIGNED else None
    except SourceMalformed:
        found.damaged = True
        return
    if content is None:
        found.sealed = True
        return
    inner = mime.parse(content, _MOST_SIGNED_PARTS)
    name = part.name[:-4] if part.name.lower().endswith(_SIGNED_NAME) else ""
    if "." in name and not inner.first("content-type"):
        inner = Part(Message(), "application/octet-stream", content)
        inner.header.add_header("Content-Disposition", "attachment", filename=name)
    sort_parts(inner, found, top=True)


def related_root(part: Part) -> Part | None:
    """The part of a ``multipart/related`` that the others belong to."""
    start = part.parameter("start").strip("<> ")
    if start:
        for inner in part.parts:
            if inner.first("content-id").strip("<> ") == start:
                return inner
    for inner in part.parts:
        if inner.kind in ("text/html", "application/xhtml+xml", "multipart/alternative"):
            return inner
    return part.parts[0] if part.parts else None


def _sort_alternatives(part: Part, found: Found) -> None:
    """One text of several that say the same: the plain one, unless it only says that there is another."""
    choices: list[Found] = []
    for inner in part.parts:
        choice = Found(opened=found.opened)
        sort_parts(inner, choice, top=True)
        for file in choice.files:
            (found.invitations if file.kind == "text/calendar" else found.files).append(file)
        found.invitations += choice.invitations
        found.sealed, found.damaged = found.sealed or choice.sealed, found.damaged or choice.damaged
        found.opened = choice.opened
        found.shown |= choice.shown
        if choice.bodies:
            choices.append(choice)
    plain = next((choice for choice in choices if all(body.kind != "text/html" for body in choice.bodies)), None)
    rich = next((choice for choice in reversed(choices) if choice is not plain), None)
    if plain is not None and rich is not None:
        said = sum(len("".join(body.text().split())) for body in plain.bodies)
        if said < _ENOUGH:
            shown = sum(
                len("".join(block.text.split())) for body in rich.bodies for block in part_blocks(body, body.text())
            )
            if not said or shown > 4 * said + _ENOUGH:
                plain = None
    best = plain or rich
    if best is not None:
        found.bodies += best.bodies


def _is_inline_image(part: Part, found: Found) -> bool:
    """Whether it is a picture that belongs to the text and not a file of its own."""
    if not part.kind.startswith("image/"):
        return False
    cid = part.first("content-id").strip("<> ")
    return cid in found.shown if part.disposition == "attachment" else bool(cid) or not part.name


def _is_body(part: Part, found: Found, top: bool) -> bool:
    """Whether a part that holds no others is text to be shown as the message's own."""
    if part.kind in _SHOWN_REPORTS:
        return True
    if part.kind not in ("text/plain", "text/html", "text/enriched", "text/richtext", "application/xhtml+xml"):
        return False
    if part.disposition == "attachment":
        return top and not part.name
    return not (part.disposition and part.name and found.bodies)


def part_blocks(part: Part, text: str) -> Iterator[Block]:
    """The blocks of a text; its headings stand below the subject."""
    if part.kind in ("text/html", "application/xhtml+xml"):
        data = text.encode("utf-8", "replace") if mime.codec_of(part.charset) else as_utf8(part.data())[0]
        for block in page_blocks(data)[1]:
            yield block._replace(level=min(6, block.level + 1)) if block.level else block
        return
    if part.parameter("format").lower() == "flowed":
        text = unflowed(text, delete_blank=part.parameter("delsp").lower() == "yes")
    elif part.kind in ("text/enriched", "text/richtext"):
        text = re.sub(r"</?[a-z]{1,20}>", "", text.replace("<<", "\0"), flags=re.IGNORECASE).replace("\0", "<")
    text = text.strip("\n")
    if text.strip():
        yield Block(text)


def unflowed(text: str, *, delete_blank: bool = False) -> str:
    """Paragraphs whose lines were broken with a blank at their end, as one line each (RFC 3676)."""
    found: list[str] = []
    open_at: int | None = None  # the depth of quotes of the line that goes on
    for line in text.split("\n"):
        body = line.lstrip(">")
        depth = len(line) - len(body)
        body = body.removeprefix(" ")
        goes_on = body.endswith(" ") and body != "-- "
        if goes_on and delete_blank:
            body = body[:-1]
        if open_at == depth and found and body != "-- ":
            found[-1] += body
        else:
            found.append(">" * depth + " " * (depth > 0) + body)
        open_at = depth if goes_on else None
    return "\n".join(found)


def _without_uu(bodies: list[Part]) -> tuple[list[tuple[Part, str]], list[tuple[str, bytes]]]:
    """The texts, and the files that stood uuencoded in them, as mail did before there were parts."""
    texts: list[tuple[Part, str]] = []
    files: list[tuple[str, bytes]] = []
    for part in bodies:
        text = part.text()
        if part.kind == "text/plain" and "\nend" in text and _UU_BEGIN.search(text):
            kept, place, passed = [], 0, 0
            for begin in _UU_BEGIN.finditer(text):
                if begin.start() < passed:
                    continue
                end = _UU_END.search(text, begin.end())
                if end is None:
                    break
                passed = end.end()
                data = mime.from_uu(text[begin.end() : end.start()].encode("latin-1", "replace"))
                if data:
                    files.append((begin.group(1).strip(), data))
                    kept.append(text[place : begin.start()])
                    place = passed
            text = "".join(kept) + text[place:]
        texts.append((part, text))
    return texts, files
