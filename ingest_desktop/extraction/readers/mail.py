"""Mail messages: header fields that matter, the best body, attachments read by the readers of their own kinds."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, mime
from ingest_desktop.extraction.encoding import decode, encoding_of_head
from ingest_desktop.extraction.mime import Part
from ingest_desktop.extraction.nested import Inside, clean_name, unpacked
from ingest_desktop.extraction.readers.html import as_utf8, page_blocks, whole

_SHOWN = ("From", "To", "Cc", "Bcc", "Date")
_MAX_SHOWN = 2000  # characters of one header line
_UNSEEN = frozenset(  # parts that hold nothing for people
    "application/pgp-signature application/pkcs7-signature application/x-pkcs7-signature application/pgp-keys "
    "application/applefile application/pgp-encrypted message/external-body text/rfc822-headers text/css".split()
)
_SHOWN_REPORTS = frozenset({"message/delivery-status", "message/disposition-notification", "message/feedback-report"})
_SEALED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_APPLE_MAIL = re.compile(rb"\s*\d{1,12}\s*\n")
_UU_BEGIN = re.compile(r"^begin [0-7]{3,4} (\S[^\n]{0,200})\n", re.MULTILINE)
_UU_END = re.compile(r"^end[ \t]*$", re.MULTILINE)
_CID = re.compile(r"""cid:([^"'\s>)]{1,300})""", re.IGNORECASE)
_ENOUGH = 400  # characters that HTML must have more than a plain text before that is taken for a stub


class MailReader:
    """Reads one message in one go."""

    name = "mail"
    version = 1
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
        return ReaderPlan("message", 1, (SegmentSpec(0, 0, 1),), "message/rfc822", None, subject or None, facts)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        teller = Teller(options)
        yield from teller.blocks(sent_bytes(whole(source)))
        teller.finish(notes)


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
    sealed: bool = False  # some of it is encrypted
    shown: set[str] = field(default_factory=set)  # ids of the pictures that stand in the texts


class Teller:
    """Tells messages as blocks, one after the other, and counts them for the receipt of a segment."""

    def __init__(self, options: ExtractOptions) -> None:
        self._options = options
        self._inside = Inside()
        self._left_out: dict[str, int] = {}
        self._seen = self._with_text = 0
        self._failed: list[tuple[int, str]] = []
        self._notes = SegmentNotes()

    def blocks(self, data: bytes, number: int = 1, extra: tuple[tuple[str, str | int], ...] = ()) -> Iterator[Block]:
        """The blocks of one message.

        Args:
            number: Its 1-based number, for the receipt.
            extra: Its place, when it is one of many.
        """
        self._seen += 1
        self._inside = Inside(left_out=self._left_out)  # what may be unpacked is counted for each message
        unread = len(self._notes.units_failed)
        why: list[str] = []
        gave_text = False
        try:
            top = mime.parse(data, self._options.max_members)
            for block in self._told(top, why):
                gave_text = gave_text or bool(block.text.strip())
                yield block._replace(extra=(*block.extra, *extra)) if extra else block
        except SourceMalformed as error:
            why.append(str(error))
        why += [said for _, said in self._notes.units_failed[unread:]]
        if why:
            self._failed.append((number, " ".join(why)[:1000]))
        self._with_text += gave_text

    def failed(self, number: int, why: str) -> None:
        """Note a message that cannot be read at all."""
        self._seen += 1
        self._failed.append((number, why))

    def finish(self, notes: SegmentNotes) -> None:
        """Write the counts into the notes of the segment."""
        self._inside.finish(self._notes)
        notes.units_seen, notes.units_with_text = self._seen, self._with_text
        notes.units_by_ocr += self._notes.units_by_ocr
        notes.units_failed += self._failed
        notes.warnings += self._notes.warnings

    def _told(self, top: Part, why: list[str]) -> Iterator[Block]:
        found = Found()
        sort_parts(top, found, top=True)
        texts, packed = _without_uu(found.bodies)
        names = [name_of(part) for part in found.files] + [name for name, _ in packed]
        subject = top.text_of("Subject")[:500]
        yield Block(subject, 1) if subject else Block("", path=())
        lines = [f"{name}: {text[:_MAX_SHOWN]}" for name in _SHOWN if (text := top.text_of(name))]
        if names:
            lines.append("Attachments: " + ", ".join(names)[:_MAX_SHOWN])
        if lines:
            yield Block("\n".join(lines))
        for part, text in texts:
            yield from part_blocks(part, text)
        if found.sealed:
            why.append("Its text is encrypted.")
        for part in found.files:
            for block in self._file(name_of(part), part.data(), why):
                yield _below(block, subject)
        for name, data in packed:
            for block in self._file(name, data, why):
                yield _below(block, subject)

    def _file(self, name: str, data: bytes, why: list[str]) -> Iterator[Block]:
        """The blocks of what was attached. One that goes over a limit does not take its message with it."""
        if not data.strip():
            return
        try:
            unpacked(len(data), self._options)
            yield from self._inside.blocks(name, data, self._options, self._notes)
        except LimitExceeded as error:
            why.append(f"{clean_name(name)}: {error}")


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
    elif part.kind in _SEALED:
        found.sealed = True
    elif part.kind not in _UNSEEN and not _is_inline_image(part, found):
        if _is_body(part, found, top):
            found.bodies.append(part)
            if part.kind == "text/html":
                found.shown.update(_CID.findall(part.text()))
        else:
            found.files.append(part)


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
        choice = Found()
        sort_parts(inner, choice, top=True)
        found.files += [file for file in choice.files if file.kind != "text/calendar"]
        found.sealed = found.sealed or choice.sealed
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
