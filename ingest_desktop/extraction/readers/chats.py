"""Chats: WhatsApp's text export and ChatGPT's conversations.json, message by message."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.readers.json_data import as_text, between, records
from ingest_desktop.extraction.readers.records import Piece, packed, time_of
from ingest_desktop.extraction.readers.text import TextReader, segment_text
from ingest_desktop.extraction.text_kinds import CHAT_MARK, chat_text
from ingest_desktop.extraction.versions import VERSIONS

_CONVERSATION: Final = re.compile(
    rb'\}\s*,\s*(?=\{\s*"title"\s*:\s*(?:null|"(?:[^"\\]|\\.){0,2000}")\s*,\s*"create_time")'
)
_HIDDEN: Final = "is_visually_hidden_from_conversation"
_OTHERS: Final = "Other branches"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class WhatsAppReader(TextReader):
    """Reads chat exports in which each message begins with its time."""

    name = "whatsapp"
    version = VERSIONS["whatsapp"]
    reads = frozenset({kinds.WHATSAPP})
    media_type = "text/x-whatsapp-chat"

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        plan = super().plan(source, options)
        count = sum(len(CHAT_MARK.findall(_seen(source, plan, segment))) for segment in plan.segments)
        return replace(plan, unit="message", units=count)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        text = _seen(source, plan, segment)
        line = segment.first_line
        pieces = list(_messages(text))
        notes.units_seen = notes.units_with_text = sum(bool(piece.time) for piece in pieces)
        for block in packed(pieces, options.chunk_chars, time_of):
            yield block._replace(line_start=line)
            line += block.text.count("\n") + 1


def _seen(source: SourceFile, plan: ReaderPlan, segment: SegmentSpec) -> str:
    """The text of a segment without marks that only steer how it is shown."""
    return chat_text(segment_text(source, plan, segment))


def _messages(text: str) -> Iterator[Piece]:
    """Messages with the lines that continue them, as they stand in the text: joined by newlines they are the text."""
    marks = list(CHAT_MARK.finditer(text))
    if not marks or marks[0].start() > 0:
        before = text[: marks[0].start() - 1] if marks else text.removesuffix("\n")
        if marks or before:
            yield Piece(before, 0)
    for number, mark in enumerate(marks, 1):
        stop = marks[number].start() - 1 if number < len(marks) else len(text.removesuffix("\n"))
        yield Piece(text[mark.start() : stop], number, mark.group(1) or mark.group(2))


class ChatGptReader(TextReader):
    """Reads the conversations of an exported account, each along the branch that was shown last; other branches below it."""

    name = "chatgpt"
    version = VERSIONS["chatgpt"]
    reads = frozenset({kinds.CHATGPT})
    media_type = "application/x-chatgpt-export+json"

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        plan = super().plan(source, options)
        segments = between(source, plan, _CONVERSATION)
        count = 0
        for segment in segments:
            for conversation, _ in _conversations(segment_text(source, plan, segment)):
                count += sum(map(len, _said(conversation))) if conversation else 0
        return replace(plan, unit="message", units=count, segments=segments)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        notes.units_seen = 0
        for conversation, other in _conversations(segment_text(source, plan, segment)):
            if conversation is None:
                if other.strip():
                    yield Block(other, keep=True)
                continue
            yield Block(str(conversation.get("title") or "Conversation"), 1)
            said, others = _said(conversation)
            notes.units_seen += len(said) + len(others)
            yield from packed(said, options.chunk_chars, time_of, between="\n\n")
            if others:
                yield Block(_OTHERS, 2)
                yield from packed(others, options.chunk_chars, time_of, between="\n\n")
        notes.units_with_text = notes.units_seen


def _conversations(text: str) -> Iterator[tuple[dict[str, Any] | None, str]]:
    """The conversations of a text; what is something else as lines of keys and values."""
    for record in records(text if len(text) < 2 or text.lstrip()[:1] != "[" else text.lstrip()[1:]):
        values = record.value if isinstance(record.value, list) else [record.value]
        for value in values:
            if isinstance(value, dict) and isinstance(value.get("mapping"), dict):
                yield value, ""
            else:
                yield None, as_text(replace(record, value=value))


def _said(conversation: dict[str, Any]) -> tuple[list[Piece], list[Piece]]:
    """The messages of a conversation: those that were shown, in order, and those of other branches, as they are kept.

    Other branches hold questions before they were changed, and answers that were asked for anew.
    """
    shown = _branch(conversation)
    known = set(map(id, shown))
    others = [node for node in conversation["mapping"].values() if isinstance(node, dict) and id(node) not in known]
    return list(_pieces(conversation, shown)), list(_pieces(conversation, others))


def _pieces(conversation: dict[str, Any], nodes: list[dict[str, Any]]) -> Iterator[Piece]:
    """What some nodes say to people."""
    for number, node in enumerate(nodes, 1):
        message = node.get("message")
        if not isinstance(message, dict):
            continue
        author, metadata = message.get("author"), message.get("metadata")
        role = str(author.get("role") or "") if isinstance(author, dict) else ""
        hidden = isinstance(metadata, dict) and metadata.get(_HIDDEN) is True
        text = _content(message.get("content"))
        if text and not hidden and not (role == "system" and len(text) < 2):
            name = role.capitalize() if role else "Unknown"
            yield Piece(f"{name}: {text}", number, _time(message.get("create_time") or conversation.get("create_time")))


def _branch(conversation: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes from the root to the current one; to the last one when none is current. A loop is left."""
    mapping: dict[str, Any] = conversation["mapping"]
    current = conversation.get("current_node")
    if not isinstance(current, str) or current not in mapping:
        current = next(reversed(mapping), None)
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    while isinstance(current, str) and current not in seen:
        seen.add(current)
        node = mapping.get(current)
        if not isinstance(node, dict):
            break
        found.append(node)
        current = node.get("parent")
    return found[::-1]


def _content(content: Any) -> str:
    """What a message says: its parts that are text."""
    if not isinstance(content, dict):
        return content.strip() if isinstance(content, str) else ""
    parts = content.get("parts")
    if not isinstance(parts, list):
        parts = content.get("thoughts") if isinstance(content.get("thoughts"), list) else [content]
    texts = []
    for part in parts or ():
        if isinstance(part, dict):
            part = next((part[key] for key in ("text", "content", "result") if isinstance(part.get(key), str)), "")
        if isinstance(part, str) and part.strip():
            texts.append(part.strip())
    return "\n".join(texts).replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def _time(seconds: Any) -> str:
    """Seconds since 1970 as a time in UTC."""
    try:
        return (_EPOCH + timedelta(seconds=float(seconds))).strftime("%Y-%m-%d %H:%M UTC")
    except (TypeError, ValueError, OverflowError):
        return ""
