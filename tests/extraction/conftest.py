"""The shared corpus, and one real child process for all tests of this folder."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.domain.wire import (
    ChunkRow,
    DocumentPlan,
    Extracted,
    ExtractOptions,
    Failed,
    Looked,
    LookItem,
    LookLot,
    Message,
    SegmentResult,
    SegmentTask,
)
from ingest_desktop.extraction.host import ChildProcess

CORPUS = Path(os.environ.get("INGEST_CORPUS") or Path(__file__).resolve().parents[3] / "shared" / "corpus")
READ_NOW = frozenset(
    {
        "pdf",
        "jpg",
        "txt",
        "csv",
        "json",
        "jsonl",
        "ipynb",
        "srt",
        "vtt",
        "whatsapp",
        "chatgpt",
        "md",
        "html",
        "docx",
        "py",
        "eml",
        "mbox",
        "msg",
        "mhtml",
        "epub",
        "pptx",
        "xlsx",
        "xls",
        "xlsb",
        "odt",
        "ods",
        "odp",
        "zip",
        "gz",
        "tar.gz",
        "slack",
        "rtf",
    }
)
OPTIONS = ExtractOptions()


def expected(folder: Path) -> dict[str, dict[str, Any]]:
    facts: dict[str, dict[str, Any]] = json.loads((folder / "expected.json").read_text("utf-8"))
    return facts


@dataclass
class Reading:
    """All that a file gave: a failure, or a plan and its segments' results."""

    failed: Failed | None = None
    plan: DocumentPlan | None = None
    results: list[SegmentResult] = field(default_factory=list)

    @property
    def chunks(self) -> list[ChunkRow]:
        return [row for result in self.results for row in result.chunks]

    @property
    def text(self) -> str:
        return "\n".join(row.text for row in self.chunks)

    @property
    def headings(self) -> set[str]:
        return {name for row in self.chunks for name in (row.heading or "").split(" › ")}


def read(child: ChildProcess, path: Path, options: ExtractOptions = OPTIONS) -> Reading:
    """Look at a file and read all its segments, as a producer does."""
    found: list[Message] = []
    child.run(LookLot((LookItem(1, str(path)),), options), found.append)
    last = found[-1]
    if isinstance(last, Failed):
        return Reading(failed=last)
    assert isinstance(last, Looked)
    if last.result is not None:
        return Reading(plan=last.plan, results=[last.result])
    reading = Reading(plan=last.plan)
    for segment in last.plan.segments:
        child.run(SegmentTask(1, str(path), last.plan, segment.number, options), found.append)
        message = found[-1]
        if isinstance(message, Failed):
            return Reading(failed=message)
        assert isinstance(message, Extracted)
        reading.results.append(message.result)
    return reading


CHAT_TIMES = (  # before each message, by the language of the telephone
    "12/05/2024, 09:14 - ",
    "[12.05.24, 09:14:33] ",
    "\u200e[2024-05-12, 9:14:33\u202fAM] ",
    "5/12/24, 9:14 p. m. - ",
    "12/05/2024 à 09:14 - ",
    "12.5.2024 klo 9.14 - ",
    "2024/5/12 上午9:14 - ",
    "2024. 5. 12. 오전 9:14 - ",
    "[2024年5月12日 下午9:14:33] ",
    "\u200f١٢/\u200f٥/\u200f٢٠٢٤، ٩:١٤ م - ",
    "۱۲/۵/۲۰۲۴، ۹:۱۴ - ",
)


@pytest.fixture(scope="session")
def child() -> Iterator[ChildProcess]:
    process = ChildProcess(wall_seconds=60, cpu_seconds=30)
    yield process
    process.close()


def memory(data: bytes, name: str = "a.txt") -> SourceFile:
    """A file that is all in memory."""
    return SourceFile(name, len(data), data[:65536], data)
