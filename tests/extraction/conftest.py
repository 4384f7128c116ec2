"""The shared corpus, and one real child process for all tests of this folder."""

import json
import os
import sys
from collections.abc import Callable, Iterator
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

from .guest_kit import install

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


@pytest.fixture
def start_child() -> Iterator[Callable[..., ChildProcess]]:
    """Starts children with limits of their own."""
    made: list[ChildProcess] = []

    def start(**limits: float) -> ChildProcess:
        made.append(ChildProcess(**limits))  # type: ignore[arg-type]
        return made[-1]

    yield start
    for child in made:
        child.close()


GUEST = """
if wish == "sleep":
    time.sleep(3600)
elif wish == "abort":
    os.abort()
elif wish == "spin":
    collections.deque(itertools.repeat(0), maxlen=0)  # no Python code runs meanwhile
elif wish == "fork":
    os.open(source.path + ".alive", os.O_WRONLY)  # for as long as one of the two lives
    if os.fork() == 0:
        time.sleep(3600)
    os.abort()
elif wish == "raise":
    raise KeyError("a fault of its own")
elif wish == "recurse":
    self.read(source, plan, segment, options, notes).send(None)
    list(self.read(source, plan, segment, options, notes))
yield Block("read by a guest")
"""


@pytest.fixture
def guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Installs a reader as another package would; makes files that tell it what to do to its process."""
    monkeypatch.setenv("PYTHONPATH", install(tmp_path / "site", GUEST))

    def ask(wish: str) -> Path:
        path = tmp_path / f"{wish}.txt"
        path.write_text(f"guest:{wish}", "utf-8")
        return path

    return ask


def memory(data: bytes, name: str = "a.txt") -> SourceFile:
    """A file that is all in memory."""
    return SourceFile(name, len(data), data[:65536], data)


FAKE_OFFICE = """#!{python}
import os, sys, time
what = {what!r}
if what == "hang":
    if os.fork() == 0:
        open({mark!r}, "w").write(str(os.getpid()))
        time.sleep(600)
    time.sleep(600)
out = sys.argv[sys.argv.index("--outdir") + 1]
into = sys.argv[sys.argv.index("--convert-to") + 1]
assert any(word.startswith("-env:UserInstallation=file:///") for word in sys.argv)
assert "--headless" in sys.argv
assert open(sys.argv[-1], "rb").read(4) == b"\\xd0\\xcf\\x11\\xe0"
if what == "works":
    os.mkdir(out)
    open(os.path.join(out, "document." + into), "wb").write(open({sample!r}, "rb").read())
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a program named soffice on the path that does as it is told."""

    def install(what: str, sample: bytes = b"") -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        (tmp_path / "sample").write_bytes(sample)
        program = folder / "soffice"
        mark, made = str(tmp_path / "mark"), str(tmp_path / "sample")
        program.write_text(FAKE_OFFICE.format(python=sys.executable, what=what, mark=mark, sample=made), "utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return tmp_path / "mark"

    return install
