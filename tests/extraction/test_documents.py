"""Word, OpenDocument and RTF texts: what stands in them beside plain runs, and the place of every paragraph."""

import pytest

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SegmentNotes
from ingest_desktop.domain.models.content import Location
from ingest_desktop.domain.wire import ChunkRow, ExtractOptions
from ingest_desktop.extraction.chunker import chunk_blocks
from ingest_desktop.extraction.registry import Registry
from ingest_desktop.infrastructure.content_rows import location_of

from .conftest import memory
from .office_kit import zipped

OPTIONS = ExtractOptions(chunk_chars=200)
_SPACE = 'xmlns:w="urn:w" xmlns:v="urn:v" xmlns:mc="urn:mc" xmlns:r="urn:r"'


def word(body: str, **parts: str) -> bytes:
    members: dict[str, str | bytes] = {"[Content_Types].xml": "<Types/>"}
    relations = ""
    for name, part in parts.items():
        kind = name.rstrip("0123456789")
        relations += f'<Relationship Id="{name}" Type="http://a/{kind}" Target="{name}.xml"/>'
        members[f"word/{name}.xml"] = f"<w:{kind} {_SPACE}>{part}</w:{kind}>"
    members["word/_rels/document.xml.rels"] = f"<Relationships>{relations}</Relationships>"
    members["word/document.xml"] = f"<w:document {_SPACE}><w:body>{body}</w:body></w:document>"
    return zipped(members)


def said(text: str, style: str = "", before: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r>{before}<w:t>{text}</w:t></w:r></w:p>"


def rows(data: bytes, name: str = "a") -> list[ChunkRow]:
    source = memory(data, name)
    reader = Registry([]).choose(source)
    plan = reader.plan(source, OPTIONS)
    return chunk_blocks(reader.read(source, plan, plan.segments[0], OPTIONS, SegmentNotes()), OPTIONS, plan.title)


def places(data: bytes) -> list[Location]:
    return [location_of(row.page, row.line_start, row.line_end, row.extra, row.heading) for row in rows(data)]


def lines(data: bytes) -> list[str]:
    return "\n".join(row.text for row in rows(data)).split("\n")


def test_paragraphs_are_counted_where_no_page_is_told() -> None:
    texts = [f"paragraph {number} " + "of many words " * 8 for number in range(1, 5)]
    odt = "".join(f"<text:p>{text}</text:p>" for text in texts)
    content = f'<d xmlns:text="urn:text" xmlns:o="urn:o"><o:body><o:text>{odt}</o:text></o:body></d>'
    for data in (
        word("<w:p/>".join(map(said, texts))),
        zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content}),
        ("{\\rtf1 " + "\\par ".join(texts) + "}").encode(),
    ):
        found = places(data)
        assert [place.lines for place in found] == ["paragraph"] * 4
        numbers = [place.line_start for place in found]
        assert numbers in ([1, 2, 3, 4], [1, 3, 5, 7])
        assert numbers == [place.line_end for place in found]


def test_pages_are_told_where_word_noted_them() -> None:
    end = "<w:lastRenderedPageBreak/>"
    split = f"<w:p><w:r><w:t>begins on two, </w:t></w:r><w:r>{end}<w:t>ends on three</w:t></w:r></w:p>"
    found = rows(word(said("one") + said("two", before=end) + split + said("three")))
    assert [(row.page, row.text) for row in found] == [
        (1, "one"),
        (2, "two\nbegins on two, ends on three"),
        (3, "three"),
    ]


def test_headings_are_known_by_style_by_what_it_is_based_on_and_by_level() -> None:
    def style(key: str, name: str, inside: str = "") -> str:
        return f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/>{inside}</w:style>'

    level = '<w:pPr><w:outlineLvl w:val="{}"/></w:pPr>'.format
    styles = (
        style("a", "heading 1")
        + style("b", "Clause", '<w:basedOn w:val="a"/>')
        + style("c", "Part", level(1))
        + style("d", "TOC Heading", f'<w:basedOn w:val="a"/>{level(9)}')
        + style("e", "e", '<w:basedOn w:val="f"/>')
        + style("f", "f", '<w:basedOn w:val="e"/>')
    )
    body = said("Quince", "a") + said("x") + said("Medlar", "b") + said("Sloe", "c") + said("y") + said("Plum", "d")
    found = rows(word(body + said("z", "e") + "<w:p>" + level(0) + "<w:r><w:t>Last</w:t></w:r></w:p>", styles=styles))
    assert [(row.heading, row.text) for row in found] == [
        ("Quince", "Quince\nx"),
        ("Medlar › Sloe", "Medlar\nSloe\ny\nPlum\nz"),
        ("Last", "Last"),
    ]


def test_boxes_choices_symbols_and_what_was_struck_out() -> None:
    box = f"<w:txbxContent>{said('in a box')}</w:txbxContent>"
    both = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    body = (
        f"<w:p><w:r><w:t>before </w:t>{both}</w:r><w:r><w:t>after</w:t></w:r></w:p>"
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom>"
        '<w:ins><w:r><w:sym w:font="Symbol" w:char="F06D"/><w:t>g</w:t><w:noBreakHyphen/></w:r></w:ins></w:p>'
        '<w:p><w:r><w:fldChar><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="pear"/>'
        '<w:listEntry w:val="quince"/></w:ddList></w:ffData></w:fldChar><w:instrText> FORMDROPDOWN </w:instrText></w:r></w:p>'
        f"<w:sdt><w:sdtPr><w:alias w:val='no'/></w:sdtPr><w:sdtContent>{said('in a control')}</w:sdtContent></w:sdt>"
        '<w:p><w:r><w:pict><v:shape><v:textpath string="DRAFT"/></v:shape></w:pict></w:r></w:p>'
    )
    assert lines(word(body)) == ["before after", "in a box", "μg\u2011", "quince", "in a control", "DRAFT"]


def test_notes_stand_apart_with_the_marks_of_the_text() -> None:
    mark = '<w:p><w:r><w:t>quince</w:t><w:footnoteReference w:id="5"/><w:endnoteReference w:id="5"/></w:r></w:p>'
    notes = f'<w:footnote w:type="separator" w:id="0">{said("-")}</w:footnote><w:footnote w:id="5">{said("a fruit")}</w:footnote>'
    found = rows(word(mark, footnotes=notes, endnotes=f'<w:endnote w:id="5">{said("the end")}</w:endnote>'))
    assert [(row.text, row.heading) for row in found] == [
        ("quince[1][2]", None),
        ("[1] a fruit", "Footnotes"),
        ("[2] the end", "Endnotes"),
    ]


def test_a_table_that_lays_out_a_page_keeps_its_paragraphs() -> None:
    inner = f"<w:tbl><w:tr><w:tc>{said('a')}</w:tc><w:tc>{said('b')}</w:tc></w:tr></w:tbl>"
    cell = f"<w:tc>{''.join(said(f'line {number}') for number in range(4))}{inner}</w:tc>"
    assert lines(word(f"<w:tbl><w:tr>{cell}<w:tc>{said('c')}</w:tc></w:tr></w:tbl>")) == [
        *(f"line {number}" for number in range(4)),
        "a | b",
        "c",
    ]


def test_a_page_of_another_kind_that_word_takes_in_is_read() -> None:
    data = zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": f'<w:document {_SPACE}><w:body><w:altChunk r:id="c"/></w:body></w:document>',
            "word/_rels/document.xml.rels": '<R><R Id="c" Type="http://a/aFChunk" Target="/word/page.htm"/></R>',
            "word/page.htm": "<html><body><h1>Quince</h1><p>all there is</p></body></html>",
        }
    )
    assert lines(data) == ["Quince", "all there is"]


def test_damage_before_any_text_is_an_error() -> None:
    with pytest.raises(SourceMalformed):
        rows(zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w:document"}))


def test_documents_of_openoffice_1_are_read_as_what_came_after() -> None:
    body = '<text:h text:level="2">Quince</text:h><text:p>all<text:s text:c="2"/>there is</text:p>'
    content = f'<o:document-content xmlns:o="urn:o" xmlns:text="urn:t"><o:body>{body}</o:body></o:document-content>'
    doctype = '<!DOCTYPE o:document-content PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "office.dtd">'
    data = zipped({"mimetype": "application/vnd.sun.xml.writer", "content.xml": doctype + content})
    assert [(row.heading, row.text) for row in rows(data)] == [("Quince", "Quince\nall  there is")]
