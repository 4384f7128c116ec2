"""Files and mail that are in one piece with their signature and lie alone in a folder: ``bill.xml.p7m``, ``smime.p7m``."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator
from typing import Final

from ingest_desktop.domain.errors import LimitExceeded, SourceEncrypted, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, nested
from ingest_desktop.extraction.nested import Inside
from ingest_desktop.extraction.readers.html import whole
from ingest_desktop.extraction.signed import signed_content
from ingest_desktop.extraction.versions import VERSIONS

_ENDING: Final = re.compile(r"(?:\.p7m)+$", re.IGNORECASE)
_MAIL: Final = re.compile(
    rb"(?:[!-9;-~]{1,80}:[^\n]*\n(?:[ \t][^\n]*\n)*){0,40}Content-[A-Za-z-]{1,40}:", re.IGNORECASE
)
_SEALED: Final = "It is encrypted for the key of a person; no password opens it."


class SignedReader:
    """Reads what was signed by the reader of its own kind. The signature is not checked."""

    name = "signed"
    version = VERSIONS["signed"]
    reads = frozenset({kinds.SIGNED})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        if source.size > options.max_expanded_bytes:
            raise LimitExceeded(
                f"A signed file of {source.size:,} bytes is more than is read at once (INGESTION_MAX_EXPANDED_BYTES)."
            )
        shape = nested.shape(options)
        return ReaderPlan("member", 1, (SegmentSpec(0, 0, 1),), "application/pkcs7-mime", shape=shape)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        content = signed_content(whole(source))
        if content is None:
            raise SourceEncrypted(_SEALED)
        if not content.strip():
            raise SourceMalformed("There is nothing in what was signed.")
        with Inside(source, options, notes, alone=True) as inside:
            yield from inside.blocks(_inner_name(source, content), content)


def _inner_name(source: SourceFile, content: bytes) -> str:
    """The name of what was signed: that of the file without its ending, of mail with one."""
    own = nested.clean_name(source.path).rpartition("/")[2]
    name = _ENDING.sub("", own) or own
    return f"{name}.eml" if "." not in name and _MAIL.match(content[:65536]) else name
