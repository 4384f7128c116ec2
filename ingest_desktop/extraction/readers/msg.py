"""Outlook messages (MSG): their properties become a message as it travels, and that is told as mail."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import io
import struct
from collections.abc import Iterator
from typing import Any, Final

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, mapi, mime, nested
from ingest_desktop.extraction.mapi import Properties
from ingest_desktop.extraction.readers.html import whole
from ingest_desktop.extraction.readers.mail import Teller, check_size, unlocked_in
from ingest_desktop.extraction.readers.outlook import as_mail
from ingest_desktop.extraction.versions import VERSIONS

_ATTACHMENT: Final = "__attach_version1.0_#"
_RECIPIENT: Final = "__recip_version1.0_#"


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
            facts = {"from": top.sender(), "to": top.text(mapi.TO), "cc": top.text(mapi.CC), "date": top.date()}
            subject = mime.field_text(top.text(mapi.SUBJECT))[:500]
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


class Storage(Properties):
    """A message, a recipient or an attachment: named streams, and a table of small values."""

    def __init__(self, ole: Any, path: tuple[str, ...], header_bytes: int, above: "Storage | None" = None) -> None:
        super().__init__(above)
        self.ole, self.path = ole, path
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

    def attachments(self) -> Iterator["Storage"]:
        return (Storage(self.ole, (*self.path, name), 8, self) for name in self.storages(_ATTACHMENT))

    def recipients(self) -> Iterator["Storage"]:
        return (Storage(self.ole, (*self.path, name), 8, self) for name in self.storages(_RECIPIENT))

    def inner(self) -> "Storage | None":
        name = self._streams.get(f"__substg1.0_{mapi.DATA:04x}{mapi.OBJECT:04x}")
        return Storage(self.ole, (*self.path, name), 24, self) if name is not None else None

    def binary(self, number: int) -> bytes | None:
        return self.stream(f"__substg1.0_{number:04X}{mapi.BYTES:04X}")

    def has(self, number: int) -> bool:
        return f"__substg1.0_{number:04x}{mapi.BYTES:04x}" in self._streams

    def text(self, number: int) -> str:
        data = self.stream(f"__substg1.0_{number:04X}{mapi.TEXT:04X}")
        if data is not None:
            return data[: len(data) & ~1].decode("utf-16-le", "replace").replace("\0", "")
        data = self.stream(f"__substg1.0_{number:04X}{mapi.TEXT_8:04X}")
        return mime.text_of(data.rstrip(b"\0"), self.charset()) if data else ""

    def number(self, number: int) -> int:
        return self._values.get(number, 0)


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
