"""What the tests of tables, structured data and chats share: all that a reader gives, and samples."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest_desktop.domain.interfaces.extraction import Reader, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ChunkRow, ExtractOptions
from ingest_desktop.extraction.chunker import chunk_blocks

from .conftest import memory

OPTIONS = ExtractOptions()


@dataclass
class Given:
    """All that a reader gave."""

    plan: ReaderPlan
    rows: list[ChunkRow]
    notes: list[SegmentNotes]

    @property
    def text(self) -> str:
        return "\n".join(row.text for row in self.rows)

    @property
    def extras(self) -> list[dict[str, object]]:
        return [json.loads(row.extra or "{}") for row in self.rows]


def given_by(reader: Reader, source: SourceFile | bytes | str, options: ExtractOptions = OPTIONS) -> Given:
    if isinstance(source, str):
        source = source.encode()
    if isinstance(source, bytes):
        source = memory(source)
    plan = reader.plan(source, options)
    found = Given(plan, [], [])
    for segment in plan.segments:
        notes = SegmentNotes()
        found.rows += chunk_blocks(reader.read(source, plan, segment, options, notes), options, plan.title)
        found.notes.append(notes)
    return found


def on_disk(path: Path, data: bytes) -> SourceFile:
    """A file that is too large to be in memory."""
    path.write_bytes(data)
    return SourceFile(str(path), len(data), data[:65536])


DOCBOOK = """<?xml version="1.0"?>
<!DOCTYPE book SYSTEM "http://example.org/docbook.dtd" [<!ENTITY secret SYSTEM "file:///etc/passwd">
<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>
<book><title>Garden Book</title>
<chapter><title>Of <emphasis>Spring</emphasis></title>
<para>Sow the
beans &secret; &lol2; &eacute;.</para>
<section><title>Frost</title><programlisting>if cold:
    wait</programlisting></section></chapter></book>"""


def notebook(*cells: Mapping[str, object]) -> bytes:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def conversation(title: str, *said: tuple[str, str], current: str | None = "last") -> dict[str, object]:
    mapping: dict[str, object] = {"root": {"id": "root", "message": None, "parent": None, "children": []}}
    parent = "root"
    for number, (role, text) in enumerate(said):
        name = "last" if number == len(said) - 1 else f"n{number}"
        message = {"author": {"role": role}, "create_time": 1.7e9, "content": {"content_type": "text", "parts": [text]}}
        mapping[name] = {"id": name, "message": message, "parent": parent}
        parent = name
    return {"title": title, "create_time": 1.7e9, "mapping": mapping, "current_node": current}
