"""Archives made by hand, and what came of reading them: for the tests of their readers."""

import base64
import io
import json
import tarfile
import zipfile
from dataclasses import replace

from ingest_desktop.domain.interfaces.extraction import Block, SegmentNotes
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.registry import Registry

from .conftest import memory

REGISTRY = Registry([])


class Got:
    """All that a file in memory gave."""

    def __init__(self, data: bytes, name: str, options: ExtractOptions, passwords: tuple[str, ...]) -> None:
        source = replace(memory(data, name), passwords=passwords)
        reader = REGISTRY.choose(source)
        self.plan = reader.plan(source, options)
        self.notes: list[SegmentNotes] = []
        self.blocks: list[Block] = []
        for segment in self.plan.segments:
            notes = SegmentNotes()
            self.blocks += [block for block in reader.read(source, self.plan, segment, options, notes) if block.text]
            self.notes.append(notes)

    @property
    def parts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for block in self.blocks:
            part = str(dict(block.extra)["part"])
            found[part] = found.get(part, "") + block.text
        return found

    @property
    def text(self) -> str:
        return "".join(block.text for block in self.blocks)

    @property
    def failed(self) -> list[str]:
        return [why for notes in self.notes for _, why in notes.units_failed]

    @property
    def gaps(self) -> list[tuple[int, str]]:
        return [gap for notes in self.notes for gap in notes.units_failed]

    @property
    def warnings(self) -> list[str]:
        return [*self.plan.warnings, *(said for notes in self.notes for said in notes.warnings)]

    @property
    def seen(self) -> int:
        return sum(notes.units_seen for notes in self.notes)


def got(
    data: bytes,
    name: str = "a.zip",
    options: ExtractOptions = ExtractOptions(),  # noqa: B008  frozen
    passwords: tuple[str, ...] = (),
) -> Got:
    return Got(data, name, options, passwords)


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


def tarred(*members: tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


TWO = (("one.txt", b"the first text"), ("folder/two.md", b"# Two\n\nthe second text\n"))


# Made by other programs (Info-ZIP, pyzipper) with the password "open sesame".
OLD = base64.b64decode(
    "UEsDBBQACQAIANNjdl1i6Hj4KAAAAEUAAAAFAAAAYS50eHQFfYs5+34HXPuvza7DxsQncoFoMshDkkrTfH7DHEXfeop/jNdFHS6cUEsHCGLoePgo"
    "AAAARQAAAFBLAwQKAAkAAADTY3ZdODQpnRMAAAAHAAAABQAAAGIudHh0eNiENAlb3ZQLgOqqM29iiA63glBLBwg4NCmdEwAAAAcAAABQSwECHgMU"
    "AAkACADTY3ZdYuh4+CgAAABFAAAABQAAAAAAAAABAAAApIEAAAAAYS50eHRQSwECHgMKAAkAAADTY3ZdODQpnRMAAAAHAAAABQAAAAAAAAABAAAA"
    "pIFbAAAAYi50eHRQSwUGAAAAAAIAAgBmAAAAoQAAAAAA"
)


AES_256 = base64.b64decode(
    "UEsDBBQAAQBjANNjdl0AAAAALQAAACQAAAAFAAsAYS50eHQBmQcAAgBBRQMIAHqzCGIpBSlCUIQFeELSfYd4DvY1dRY8h0md6XPpMnDm1h5M5jxY"
    "9P4+pSpSjVBLAQIUAxQAAQBjANNjdl0AAAAALQAAACQAAAAFAAsAAAAAAAAAAACAAQAAAABhLnR4dAGZBwACAEFFAwgAUEsFBgAAAAABAAEAPgAA"
    "AFsAAAAAAA=="
)


RIGHT = ("wrong", "open sesame")


NO_OCR = ExtractOptions(ocr=False)


def slack_export(**days: object) -> bytes:
    users = [{"id": "U1", "name": "ana", "profile": {"display_name": "Ana B."}}, {"id": "U2", "name": "ben"}]
    members = [
        ("channels.json", json.dumps([{"id": "C1", "name": "general"}]).encode()),
        ("users.json", json.dumps(users).encode()),
        *((f"general/{day}.json", json.dumps(said).encode()) for day, said in days.items()),
    ]
    return zipped(*members)
