"""Outlook's messages as mail: header fields, the best text and what is attached become a message as it travels.

So attachments, and messages in messages, go the way that those of mail go.
"""

import base64
from itertools import islice
from typing import Final

from ingest_desktop.domain.errors import SourceError
from ingest_desktop.domain.interfaces.extraction import SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import mapi, mime
from ingest_desktop.extraction.lzfu import decompress
from ingest_desktop.extraction.mapi import Properties
from ingest_desktop.extraction.nested import clean_name

_MOST_RECIPIENTS: Final = 500
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".emz", ".wmz", ".svg", ".webp")


def as_mail(message: Properties, options: ExtractOptions, troubles: list[str], level: int = 0) -> bytes:
    """The message as it travels: header fields, its best text, its attachments.

    Args:
        message: Its properties.
        options: With the limits.
        troubles: Takes what could not be read, each as a sentence.
        level: Of messages around it.
    """
    parts = [part for part in (_body(message, options, troubles),) if part]
    for attached in message.attachments():
        part = _attachment(attached, options, troubles, level)
        if part:
            parts.append(part)
    if not parts:
        return "\n".join(_header(message)).encode("utf-8", "replace") + b"\n\n"
    boundary = b"=_part"
    while any(boundary in part for part in parts):
        boundary += b"_%d" % len(parts)
    lines = [*_header(message), "MIME-Version: 1.0", f'Content-Type: multipart/mixed; boundary="{boundary.decode()}"']
    head = "\n".join(lines).encode("utf-8", "replace")
    return head + b"\n\n" + b"".join(b"--%s\n%s\n" % (boundary, part) for part in parts) + b"--%s--\n" % boundary


def _header(message: Properties) -> list[str]:
    """The header fields; who it went to from the recipients, which have addresses."""
    people: dict[int, list[str]] = {}
    for one in islice(message.recipients(), _MOST_RECIPIENTS):
        person = mapi.person(one.text(mapi.NAME), one.text(mapi.SMTP) or one.text(mapi.MAIL))
        if person:
            people.setdefault(one.number(mapi.ROLE), []).append(person)
    fields = {
        "Subject": message.text(mapi.SUBJECT),
        "From": message.sender(),
        "To": "; ".join(people.get(1, ())) or message.text(mapi.TO),
        "Cc": "; ".join(people.get(2, ())) or message.text(mapi.CC),
        "Bcc": "; ".join(people.get(3, ())) or message.text(mapi.BCC),
        "Date": message.date(),
    }
    sent = mime.header_of(message.text(mapi.HEADERS).encode("utf-8", "replace"))[0]
    for name in ("Subject", "From", "To", "Cc", "Date"):  # as it came from the net, where Outlook kept nothing else
        fields[name] = fields[name] or str(sent.get(name) or "")
    return [f"{name}: {' '.join(text.split())}" for name, text in fields.items() if text.strip()]


def _body(message: Properties, options: ExtractOptions, troubles: list[str]) -> bytes | None:
    """The best text as a part: plain, else HTML, else what the compressed RTF says."""
    text = message.text(mapi.BODY)
    if not text.strip():
        page = message.binary(mapi.HTML)
        if page is None:
            page = message.text(mapi.HTML).encode("utf-8", "replace")
            charset = "utf-8"
        else:
            charset = message.charset(body=True)
        if page.strip():
            said = f"; charset={charset}" if charset else ""
            return f"Content-Type: text/html{said}\nContent-Transfer-Encoding: base64\n\n".encode() + _packed(page)
        text = _rtf_text(message, options, troubles)
    if not text.strip():
        return None
    # A letter that holds the boundary of another message must not end this one: as base64 it cannot.
    return b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + _packed(
        text.encode("utf-8", "replace")
    )


def _rtf_text(message: Properties, options: ExtractOptions, troubles: list[str]) -> str:
    """The text of the compressed RTF, through the reader of RTF; empty when there is none."""
    from ingest_desktop.extraction.registry import Registry

    packed = message.binary(mapi.RTF)
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


def _attachment(attached: Properties, options: ExtractOptions, troubles: list[str], level: int) -> bytes | None:
    """An attachment as a part; None for one that is empty, or a picture that belongs to the text."""
    name = clean_name(
        attached.text(mapi.LONG_NAME) or attached.text(mapi.SHORT_NAME) or attached.text(mapi.NAME) or "attachment"
    )
    message = attached.inner()
    if message is not None:
        if message.text(mapi.CLASS) or message.text(mapi.SUBJECT) or message.text(mapi.BODY):
            if level >= options.max_depth:
                troubles.append(
                    f"{name}: Messages in messages more than {options.max_depth} levels deep are left out "
                    "(INGESTION_MAX_DEPTH)."
                )
                return None
            shown = attached.text(mapi.NAME) or message.text(mapi.SUBJECT) or "message"
            data = as_mail(message, options, troubles, level + 1)
            return _file_part(clean_name(shown), "message/rfc822", data)
        return None  # a drawing or another program's object: its picture stands in the text
    data_or_none = attached.binary(mapi.DATA)
    if not data_or_none:
        if data_or_none is None and attached.has(mapi.DATA):
            troubles.append(f"{name}: It is damaged.")
        return None
    if attached.text(mapi.CID) and name.lower().endswith(_PICTURES):
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
