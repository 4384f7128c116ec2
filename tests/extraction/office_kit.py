"""Office documents made by hand, and one way to read any of them: for the tests of their readers."""

import io
import struct
import zipfile
from typing import Any

from pptx import Presentation
from pptx.chart import data as chart_data
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes
from ingest_desktop.domain.wire import ChunkRow, ExtractOptions
from ingest_desktop.extraction.chunker import chunk_blocks
from ingest_desktop.extraction.readers.rtf_parser import RtfParser
from ingest_desktop.extraction.registry import Registry

from .conftest import memory
from .ole_maker import ole as ole_file

OPTIONS = ExtractOptions()


REGISTRY = Registry(())


OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"


NAMES = (
    " ".join(f'xmlns:{name}="{OFFICE}{name}:1.0"' for name in ("office", "text", "table", "presentation"))
    + f' xmlns:draw="{OFFICE}drawing:1.0"'
)


class Read:
    """All that a file gave."""

    def __init__(self, data: bytes, name: str = "a", options: ExtractOptions = OPTIONS) -> None:
        source = memory(data, name)
        reader = REGISTRY.choose(source)
        self.plan: ReaderPlan = reader.plan(source, options)
        self.notes: list[SegmentNotes] = []
        self.rows: list[ChunkRow] = []
        for segment in self.plan.segments:
            notes = SegmentNotes()
            self.rows += chunk_blocks(reader.read(source, self.plan, segment, options, notes), options, self.plan.title)
            self.notes.append(notes)

    @property
    def text(self) -> str:
        return "\n".join(row.text for row in self.rows)

    def place(self, phrase: str) -> dict[str, Any]:
        import json

        found: dict[str, Any] = json.loads(next(row.extra or "{}" for row in self.rows if phrase in row.text))
        return found

    def heading(self, phrase: str) -> str | None:
        return next(row.heading for row in self.rows if phrase in row.text)


def zipped(members: dict[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def changed(data: bytes, changes: dict[str, bytes | None]) -> bytes:
    """A package with some members replaced, added or (None) left out."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members: dict[str, Any] = {name: archive.read(name) for name in archive.namelist()}
    members.update(changes)
    return zipped({name: value for name, value in members.items() if value is not None})


def deck() -> bytes:
    show = Presentation()
    show.core_properties.title = "Orchard"
    first = show.slides.add_slide(show.slide_layouts[0])
    first.shapes.title.text = "Harvest report"
    first.placeholders[1].text = "the year of the pear"
    first.notes_slide.notes_text_frame.text = "greet everyone"
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Figures"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, cells in enumerate((("Fruit", "Tons"), ("Pears", "12"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    group = second.shapes.add_group_shape()
    group.shapes.add_group_shape().shapes.add_textbox(0, 0, 1, 1).text_frame.text = "deep in two groups"
    make_chart: Any = chart_data.CategoryChartData
    chart = make_chart()
    chart.categories = ["2023", "2024"]
    chart.add_series("Plums", (3, 4))
    second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(2), Inches(2), chart)
    third = show.slides.add_slide(show.slide_layouts[6])
    third.shapes.add_textbox(0, 0, 1, 1).text_frame.text = "no title here"
    target = io.BytesIO()
    show.save(target)
    return target.getvalue()


DECK = deck()


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def word(body: str, **parts: str) -> bytes:
    """A document with this body; each part is named after what its relation says, a number behind it."""
    related = "".join(
        f'<Relationship Id="r{name}" Type="{RELATED}/{name.rstrip("0123456789")}" Target="{name}.xml"/>'
        for name in parts
    )
    opening = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>",
        "_rels/.rels": f'{opening}<Relationship Id="r" Type="{RELATED}/officeDocument" Target="word/document.xml"/>'
        "</Relationships>",
        "word/_rels/document.xml.rels": f"{opening}{related}</Relationships>",
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
    }
    for name, content in parts.items():
        members[f"word/{name}.xml"] = f'<w:{name.rstrip("0123456789")} xmlns:w="{WORD}">{content}</w:x>'.replace(
            "</w:x>", f"</w:{name.rstrip('0123456789')}>"
        )
    return zipped(members)


def paragraph(*runs: str) -> str:
    return "<w:p>" + "".join(f"<w:r><w:t>{run}</w:t></w:r>" for run in runs) + "</w:p>"


def packaged(name: str, content: bytes) -> bytes:
    """An object that holds any file, as Word makes it of one that was dropped on a page."""
    native = b"\2\0" + name.encode() + b"\0C:\\x\\" + name.encode() + b"\0\0\0\3\0" + struct.pack("<I", 3) + b"t\0\0"
    native += struct.pack("<I", len(content)) + content
    return ole_file({"\x01Ole10Native": struct.pack("<I", len(native)) + native})


def rtf(body: str) -> list[Block]:
    return list(RtfParser().blocks(io.BytesIO(body.encode("latin-1"))))


def texts(body: str) -> list[str]:
    return [block.text for block in rtf(body)]
