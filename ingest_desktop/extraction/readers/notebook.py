"""Jupyter notebooks: the sources of the cells and what they wrote as text. Markdown cells give the headings."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import json
import re
from collections.abc import Iterator
from typing import Any

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.encoding import decode, encoding_of
from ingest_desktop.extraction.readers.html import whole
from ingest_desktop.extraction.readers.json_data import record_blocks, records
from ingest_desktop.extraction.readers.markdown import markdown_blocks
from ingest_desktop.extraction.versions import VERSIONS

_MEDIA_TYPE = "application/x-ipynb+json"
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")
_MOST_OUTPUT = 200_000  # characters of what one cell wrote
_REST = "What the cell wrote was cut here."


class NotebookReader:
    """Reads notebooks in one go."""

    name = "notebook"
    version = VERSIONS["notebook"]
    reads = frozenset({kinds.NOTEBOOK})

    def __init__(self) -> None:
        self._seen: tuple[bytes, dict[str, Any] | None] | None = None  # of the plan, for the read that follows

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        if source.size > options.max_expanded_bytes:
            raise LimitExceeded(
                f"A notebook of {source.size:,} bytes is more than is read at once (INGESTION_MAX_EXPANDED_BYTES)."
            )
        book = _load(whole(source))
        self._seen = (source.head, book)
        metadata, title, count = {}, None, 1
        if book is not None:
            count = max(1, len(_cells(book)))
            described = book.get("metadata")
            described = described if isinstance(described, dict) else {}
            kernel = described.get("kernelspec")
            if isinstance(kernel, dict) and isinstance(kernel.get("language") or kernel.get("name"), str):
                metadata["language"] = str(kernel.get("language") or kernel.get("name"))[:100]
            title = described.get("title") if isinstance(described.get("title"), str) else None
        return ReaderPlan("cell", count, (SegmentSpec(0, 0, count),), _MEDIA_TYPE, "utf-8", title or None, metadata)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        seen, self._seen = self._seen, None
        if seen is None or seen[0] is not source.head:
            seen = (source.head, _load(whole(source)))
        book = seen[1]
        if book is None:
            notes.warnings.append("The notebook is damaged; what could be read of it was read as text.")
            text = decode(whole(source), encoding_of(whole(source)))
            yield from record_blocks(list(records(text)), options.chunk_chars, numbered=False)
            return
        cells = _cells(book)
        notes.units_seen, notes.units_with_text = len(cells), 0
        for number, cell in enumerate(cells, 1):
            found = False
            for block in _cell_blocks(cell, number, notes):
                found = found or bool(block.text.strip())
                yield block._replace(line_start=None, extra=(("cell", number),))
            notes.units_with_text += found


def _load(data: bytes) -> dict[str, Any] | None:
    """The notebook; None when its JSON is damaged.

    Raises:
        SourceMalformed: It is JSON, but no notebook.
    """
    try:
        book = json.loads(decode(data, encoding_of(data)), parse_int=str, parse_float=str, strict=False)
    except (ValueError, RecursionError):
        return None
    if not isinstance(book, dict):
        raise SourceMalformed("The file is no notebook: it holds a list or a single value.")
    return book


def _cells(book: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells, those of the worksheets of old notebooks too."""
    found = book.get("cells")
    if not isinstance(found, list):
        sheets = book.get("worksheets")
        sheets = [sheet for sheet in sheets if isinstance(sheet, dict)] if isinstance(sheets, list) else []
        found = [cell for sheet in sheets for cell in sheet.get("cells") or () if isinstance(sheet.get("cells"), list)]
    return [cell for cell in found if isinstance(cell, dict)]


def _cell_blocks(cell: dict[str, Any], number: int, notes: SegmentNotes) -> Iterator[Block]:
    kind = cell.get("cell_type")
    source = _text(cell.get("source", cell.get("input")))
    if kind == "heading":  # of notebooks before 2015
        level = str(cell.get("level"))
        yield Block(" ".join(source.split()), int(level) if level in ("1", "2", "3", "4", "5", "6") else 1)
    elif kind == "markdown":
        yield from markdown_blocks(source, first=number == 1)
    elif source.strip():
        yield Block(source, keep=True)
    written = "\n".join(_outputs(cell.get("outputs")))
    if len(written) > _MOST_OUTPUT:
        notes.warnings.append(f"Cell {number} wrote {len(written):,} characters; the first {_MOST_OUTPUT:,} were kept.")
        written = f"{written[:_MOST_OUTPUT]}\n{_REST}"
    if written.strip():
        yield Block(written, keep=True)


def _outputs(outputs: Any) -> Iterator[str]:
    """What a cell wrote as text."""
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        kind = output.get("output_type")
        if kind in ("error", "pyerr"):
            text = f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"
        elif kind == "stream":
            text = _text(output.get("text"))
        else:
            data = output.get("data")
            text = _best(data if isinstance(data, dict) else output)
        text = _ESCAPE.sub("", text).replace("\r", "\n").strip("\n")
        if text.strip():
            yield text


def _best(data: dict[str, Any]) -> str:
    """The fullest text among the forms of one result."""
    for form in ("text/markdown", "text/plain", "text", "text/latex", "application/json"):
        if form in data:
            found = data[form]
            return _text(found) if isinstance(found, str | list) else json.dumps(found, ensure_ascii=False)
    if "text/html" in data:
        from ingest_desktop.extraction.readers.html import page_blocks

        return "\n".join(block.text for block in page_blocks(_text(data["text/html"]).encode("utf-8", "replace"))[1])
    return ""


def _text(value: Any) -> str:
    """A text, or a list of its lines, without what cannot be stored."""
    if isinstance(value, list):
        value = "".join([line for line in value if isinstance(line, str)])
    if not isinstance(value, str):
        return ""
    return value.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
