"""Saved web pages (MHTML, and the web archives of Safari): the page itself, without its pictures, styles and frames of strangers. No network."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

from collections.abc import Iterator

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, mime
from ingest_desktop.extraction.mime import Part
from ingest_desktop.extraction.readers import webarchive
from ingest_desktop.extraction.readers.html import as_utf8, page_blocks, titled, whole
from ingest_desktop.extraction.readers.mail import check_size, related_root, sent_bytes
from ingest_desktop.extraction.versions import VERSIONS

_PAGES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
_LITTLE = 300  # characters: a page with less is perhaps only a set of frames


class MhtmlReader:
    """Reads saved pages in one go."""

    name = "mhtml"
    version = VERSIONS["mhtml"]
    reads = frozenset({kinds.MHTML})

    def __init__(self) -> None:
        self._page: tuple[bytes, tuple[str, ...], list[Block]] | None = None  # of the plan, for the read that follows

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        check_size(source.size, options)
        if source.head.startswith(webarchive.MARK):
            title, blocks, url = webarchive.archived_page(whole(source))
            self._page = (source.head, (title,) if title else (), blocks)
            facts = {"url": url[:2000]} if url else {}
            return ReaderPlan("whole", 1, (SegmentSpec(0, 0, 1),), "application/x-webarchive", None, title, facts)
        top = mime.parse(sent_bytes(whole(source)), options.max_members)
        titles, blocks = _page(top)
        self._page = (source.head, titles, blocks)
        facts = {
            "url": top.text_of("Snapshot-Content-Location") or top.text_of("Content-Location"),
            "saved": top.text_of("Date"),
        }
        metadata = {name: value[:2000] for name, value in facts.items() if value}
        return ReaderPlan(
            "whole", 1, (SegmentSpec(0, 0, 1),), "multipart/related", None, titles[-1] if titles else None, metadata
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        page, self._page = self._page, None
        if (page is None or page[0] is not source.head) and source.head.startswith(webarchive.MARK):
            title, blocks, _ = webarchive.archived_page(whole(source))
            page = (source.head, (title,) if title else (), blocks)
        if page is None or page[0] is not source.head:
            page = (source.head, *_page(mime.parse(sent_bytes(whole(source)), options.max_members)))
        yield from titled(page[1], page[2])


def _page(top: Part) -> tuple[tuple[str, ...], list[Block]]:
    """The titles and blocks of the page; those of its frames when it has hardly a text of its own.

    The titles are what the file says of the page, unless that is the same, and what the page itself says.

    Raises:
        SourceMalformed: There is no page in it.
    """
    root = top
    while root.parts:
        found = related_root(root)
        if found is None:
            break
        root = found
    pages = [part for part in top.leaves() if part.kind in _PAGES]
    if root.kind not in _PAGES:
        if not pages:
            raise SourceMalformed("The saved page holds no page: it is damaged or incomplete.")
        root = pages[0]
    title, blocks = _blocks(root)
    if sum(len(block.text) for block in blocks) < _LITTLE:
        for part in pages:
            if part is not root:
                blocks += _blocks(part)[1]
    subject = " ".join(top.text_of("Subject").split())[:500]
    said = subject if subject.casefold() != (title or "").casefold() else ""
    return tuple(name for name in (said, title) if name), blocks


def _blocks(part: Part) -> tuple[str | None, list[Block]]:
    if part.kind == "text/plain":
        text = part.text()
        return None, [Block(text)] if text.strip() else []
    data = part.data()
    declared = mime.codec_of(part.charset) if part.charset else None
    return page_blocks(part.text().encode("utf-8", "replace") if declared else as_utf8(data)[0])
