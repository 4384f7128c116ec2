"""The good files that are mutated: at least one small one for every reader, made here, and those of the corpus and the samples.

A seed has a name, which tells its kind by its ending, and its bytes. The made ones are the same bytes everywhere.
"""

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.extraction import tnef_maker
from tests.extraction.ole_maker import ole

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("INGEST_CORPUS") or ROOT.parent / "shared" / "corpus")
MOST_BYTES = 72 * 1024  # of a stored seed: the search is broad, not deep
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = "".join(f' xmlns:{name}="{_OFFICE}{name}:1.0"' for name in ("office", "text", "table"))
_NAMES += f' xmlns:draw="{_OFFICE}drawing:1.0" xmlns:presentation="{_OFFICE}presentation:1.0"'
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SLIDE = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"


def zipped(members: Mapping[str, str | bytes], *, stored: str = "") -> bytes:
    """A zip file with these members in order, all with the same date; the one named ``stored`` is not packed."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, (2024, 5, 12, 9, 14, 0))
            archive.writestr(entry, data, zipfile.ZIP_STORED if name == stored else zipfile.ZIP_DEFLATED)
    return made.getvalue()


def tarred(members: Mapping[str, bytes]) -> bytes:
    """A tar file."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def _relations(**targets: str) -> str:
    rows = "".join(
        f'<Relationship Id="{key}" Type="{_LINKS}/{target.partition("|")[0]}" Target="{target.partition("|")[2]}"/>'
        for key, target in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}relationships">{rows}</Relationships>'


def _types(**parts: str) -> str:
    rows = "".join(
        f'<Override PartName="/{kind.partition("|")[2]}" ContentType="application/vnd.{kind.partition("|")[0]}"/>'
        for kind in parts.values()
    )
    standard = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    standard += '<Default Extension="xml" ContentType="application/xml"/>'
    return f'<Types xmlns="{_PACKAGE}content-types">{standard}{rows}</Types>'


def _docx() -> bytes:
    body = (
        '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Tides</w:t></w:r></w:p>'
        "<w:p><w:r><w:t>Low water at six.</w:t><w:tab/></w:r><w:ins><w:r><w:t>added</w:t></w:r></w:ins>"
        '<w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
        "<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr><w:p><w:r><w:t>cell</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        '<w:p><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>item</w:t></w:r></w:p>'
    )
    note = '<w:footnote w:id="2"><w:p><w:r><w:t>a note</w:t></w:r></w:p></w:footnote>'
    style = '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style>'
    kind = "openxmlformats-officedocument.wordprocessingml"
    return zipped(
        {
            "[Content_Types].xml": _types(a=f"{kind}.document.main+xml|word/document.xml"),
            "_rels/.rels": _relations(r1="officeDocument|word/document.xml"),
            "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>',
            "word/_rels/document.xml.rels": _relations(r1="footnotes|footnotes.xml", r2="styles|styles.xml"),
            "word/footnotes.xml": f'<w:footnotes xmlns:w="{_WORD}">{note}</w:footnotes>',
            "word/styles.xml": f'<w:styles xmlns:w="{_WORD}">{style}</w:styles>',
        }
    )


def _pptx() -> bytes:
    shape = (
        '<p:sp><p:nvSpPr><p:cNvPr id="2" name="Title"/><p:cNvSpPr/><p:nvPr><p:ph type="title"/></p:nvPr></p:nvSpPr><p:spPr/>'
        "<p:txBody><a:bodyPr/><a:p><a:r><a:t>First slide</a:t></a:r></a:p></p:txBody></p:sp>"
    )
    table = (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="3" name="T"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr>'
        '<p:xfrm/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/table"><a:tbl><a:tblPr/>'
        '<a:tblGrid><a:gridCol w="9"/></a:tblGrid><a:tr h="9"><a:tc><a:txBody><a:bodyPr/><a:p><a:r><a:t>cell</a:t></a:r></a:p>'
        "</a:txBody><a:tcPr/></a:tc></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    )
    names = f'xmlns:p="{_SLIDE}" xmlns:a="{_DRAWING}" xmlns:r="{_LINKS}"'
    tree = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    kind = "openxmlformats-officedocument.presentationml"
    return zipped(
        {
            "[Content_Types].xml": _types(
                a=f"{kind}.presentation.main+xml|ppt/presentation.xml", b=f"{kind}.slide+xml|ppt/slides/slide1.xml"
            ),
            "_rels/.rels": _relations(r1="officeDocument|ppt/presentation.xml"),
            "ppt/presentation.xml": f'<p:presentation {names}><p:sldIdLst><p:sldId id="256" r:id="r1"/></p:sldIdLst>'
            "</p:presentation>",
            "ppt/_rels/presentation.xml.rels": _relations(r1="slide|slides/slide1.xml"),
            "ppt/slides/slide1.xml": f"<p:sld {names}><p:cSld><p:spTree>{tree}{shape}{table}</p:spTree></p:cSld></p:sld>",
        }
    )


def _xlsx() -> bytes:
    rows = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>price</t></is></c></row>'
        '<row r="2"><c r="A2" s="1"><v>45413.5</v></c><c r="B2"><f>1+1</f><v>2</v></c><c r="C2" t="b"><v>1</v></c></row>'
        '<row r="9"><c r="XFD9" t="e"><v>#REF!</v></c></row>'
    )
    styles = '<numFmts><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts>'
    styles += '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs>'
    kind = "openxmlformats-officedocument.spreadsheetml"
    return zipped(
        {
            "[Content_Types].xml": _types(
                a=f"{kind}.sheet.main+xml|xl/workbook.xml", b=f"{kind}.worksheet+xml|xl/worksheets/sheet1.xml"
            ),
            "_rels/.rels": _relations(r1="officeDocument|xl/workbook.xml"),
            "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_LINKS}"><sheets>'
            '<sheet name="Prices" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": _relations(
                r1="worksheet|worksheets/sheet1.xml", r2="styles|styles.xml", r3="sharedStrings|sharedStrings.xml"
            ),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SHEET}"><dimension ref="A1:XFD9"/>'
            f'<sheetData>{rows}</sheetData><mergeCells><mergeCell ref="A1:B1"/></mergeCells></worksheet>',
            "xl/styles.xml": f'<styleSheet xmlns="{_SHEET}">{styles}</styleSheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{_SHEET}"><si><t>day</t></si></sst>',
        }
    )


def _xlsb() -> bytes:
    def record(kind: int, body: bytes = b"") -> bytes:
        number = bytes([kind]) if kind < 128 else bytes([(kind & 0x7F) | 0x80, kind >> 7])
        return number + bytes([len(body)]) + body

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    book = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + wide("r1") + wide("Prices"))
    book += record(144) + record(132)
    row = record(0, struct.pack("<IIHHBI", 0, 0, 300, 0, 0, 0))
    cells = record(6, struct.pack("<II", 0, 0) + wide("day")) + record(5, struct.pack("<IId", 1, 0, 2.5))
    sheet = record(129) + record(148, struct.pack("<IIII", 0, 0, 0, 1)) + record(145) + row + cells
    sheet += record(146) + record(130)
    kind = "ms-excel"
    return zipped(
        {
            "[Content_Types].xml": _types(
                a=f"{kind}.sheet.binary.macroEnabled.main|xl/workbook.bin",
                b=f"{kind}.worksheet|xl/worksheets/sheet1.bin",
            ),
            "_rels/.rels": _relations(r1="officeDocument|xl/workbook.bin"),
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": _relations(r1="worksheet|worksheets/sheet1.bin"),
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


def _xls() -> bytes:
    def record(kind: int, body: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    name = b"\x06\0Prices"
    top = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6))
    bound = record(0x85, struct.pack("<IH", len(top) + 4 + 6 + len(name) + 4, 0) + name)
    cells = record(0x203, struct.pack("<HHHd", 0, 1, 0, 2.5)) + record(
        0x204, struct.pack("<HHH", 0, 0, 0) + b"\x03\0\0day"
    )
    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 16, 0, 0, 0, 6)) + record(
        0x200, struct.pack("<IIHHH", 0, 1, 0, 2, 0)
    )
    return ole({"Workbook": (top + bound + record(0x0A) + sheet + cells + record(0x0A)).ljust(4096, b"\0")})


def _odf(kind: str, body: str) -> bytes:
    mark = f"application/vnd.oasis.opendocument.{kind}"
    content = f"<office:document-content{_NAMES}><office:body><office:{kind}>{body}</office:{kind}></office:body>"
    return zipped({"mimetype": mark, "content.xml": content + "</office:document-content>"}, stored="mimetype")


def _odt() -> bytes:
    return _odf(
        "text",
        '<text:h text:outline-level="1">Garden</text:h><text:p>Sow<text:s text:c="3"/>beans<text:note><text:note-body>'
        "<text:p>in May</text:p></text:note-body></text:note></text:p><text:list><text:list-item><text:p>spade</text:p>"
        "</text:list-item></text:list><table:table><table:table-row><table:table-cell><text:p>left</text:p></table:table-cell>"
        "</table:table-row></table:table>",
    )


def _ods() -> bytes:
    return _odf(
        "spreadsheet",
        '<table:table table:name="Ducks"><table:table-row table:number-rows-repeated="2"><table:table-cell '
        'table:number-columns-repeated="3" office:value-type="float" office:value="7"><text:p>7</text:p></table:table-cell>'
        '<table:covered-table-cell/></table:table-row><table:table-row table:number-rows-repeated="1048570"/></table:table>',
    )


def _odp() -> bytes:
    return _odf(
        "presentation",
        '<draw:page draw:name="one"><draw:frame presentation:class="title"><draw:text-box><text:p>Slide</text:p>'
        "</draw:text-box></draw:frame><presentation:notes><draw:frame><draw:text-box><text:p>said</text:p></draw:text-box>"
        "</draw:frame></presentation:notes></draw:page>",
    )


def _epub() -> bytes:
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<dc:title>Two days</dc:title></metadata><manifest><item id="nav" href="nav.xhtml" properties="nav" '
        'media-type="application/xhtml+xml"/><item id="a" href="a%20b.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine toc="nav"><itemref idref="a"/></spine></package>'
    )
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><body>{}</body></html>'
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="o/x.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
            "o/x.opf": package,
            "o/nav.xhtml": page.format('<nav><ol><li><a href="a%20b.xhtml#m">Monday</a></li></ol></nav>'),
            "o/a b.xhtml": page.format(
                '<h1 id="m">Monday</h1><p>Rain.<br/>Wind.</p><table><tr><td>1</td></tr></table>'
            ),
        },
        stored="mimetype",
    )


def _winmail() -> bytes:
    inner = tnef_maker.packet(
        tnef_maker.message(tnef_maker.wide(0x0037, "Old"), tnef_maker.wide(0x1000, "Dry leaves."))
    )
    return tnef_maker.packet(
        tnef_maker.code_page(1252),
        tnef_maker.subject("Tea at five"),
        tnef_maker.message(tnef_maker.named("leaf"), tnef_maker.raw(0x1013, b"<p>Bring <b>it</b></p>")),
        tnef_maker.people((tnef_maker.wide(0x3001, "Ben"), tnef_maker.small(0x0C15, 1))),
        tnef_maker.attached("NOTE~1.TXT", b"a small text file\n", tnef_maker.wide(0x3707, "note.txt")),
        tnef_maker.attached("old", b"", tnef_maker.obj(0x3701, tnef_maker.IS_MESSAGE + inner)),
    )


def _msg() -> bytes:
    def text(number: int, value: str) -> tuple[str, bytes]:
        return f"__substg1.0_{number:04X}001F", value.encode("utf-16-le")

    return ole(
        {
            **dict([text(0x0037, "Tea at five"), text(0x0C1A, "Ana"), text(0x1000, "Bring the kettle.")]),
            "__substg1.0_10130102": b"<html><body><p>Bring <b>it</b></p></body></html>",
            "__properties_version1.0": b"\0" * 32 + struct.pack("<HHIQ", 0x40, 0x0039, 6, 133_500_000_000_000_000),
            "__recip_version1.0_#00000000": dict([text(0x3001, "Ben"), text(0x39FE, "ben@example.org")]),
            "__attach_version1.0_#00000000": {
                "__substg1.0_37010102": b"a small text file\n",
                **dict([text(0x3707, "note.txt")]),
            },
        }
    )


def _png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + (b"\xff" * 16 if row % 4 else b"\x00" * 16) for row in range(16))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0))
    body = chunk(b"tEXt", b"Title\0a picture") + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def _tiff() -> bytes:
    entries = (
        (256, 3, 1, 16),
        (257, 3, 1, 16),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (279, 4, 1, 256),
    )

    def frame(following: int) -> bytes:
        rows = b"".join(struct.pack("<HHII", *entry) for entry in entries)
        return struct.pack("<H", len(entries)) + rows + struct.pack("<I", following)

    first = 8 + 256
    return b"II*\0" + struct.pack("<I", first) + b"\xff" * 256 + frame(first + len(frame(0))) + frame(0)


def _webp() -> bytes:
    body = b"VP8L" + struct.pack("<I", 10) + b"\x2f\x0f\xc0\x03\x00\x00\x00\x00\x00\x00"
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _pdf() -> bytes:
    content = b"BT /F1 12 Tf 72 720 Td (Low water) Tj 0 -14 Td <48692e> Tj ET"
    parts = [
        b"<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R/AcroForm<</Fields[8 0 R]>>>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots[8 0 R]>>",
        b"<</Length %d>>stream\n" % len(content) + content + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Outlines/First 7 0 R/Last 7 0 R/Count 1>>",
        b"<</Title(Tides)/Parent 6 0 R/Dest[3 0 R/Fit]>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Ana)/Rect[9 9 99 29]/P 3 0 R>>",
        b"<</Title(Tide table)/CreationDate(D:20240512091400Z)>>",
    ]
    made, places = b"%PDF-1.5\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(made))
        made += b"%d 0 obj\n" % number + part + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<</Size %d/Root 1 0 R/Info 9 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, len(made))
    return made + b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + table + end


def _mail() -> str:
    attached = base64.b64encode(zipped({"a.txt": b"in a zip in a mail"})).decode()
    return (
        "From: =?utf-8?B?QW5h?= <ana@example.org>\nTo: ben@example.org\nDate: Sun, 12 May 2024 09:14:00 +0000\n"
        'Subject: =?iso-8859-1?q?Caf=E9?=\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="cut"\n\nhi\n'
        "--cut\nContent-Type: multipart/alternative; boundary=in\n\n--in\nContent-Type: text/plain; charset=utf-8; format=flowed\n"
        "Content-Transfer-Encoding: quoted-printable\n\nCome at =\nfive =C3=A9.\n--in\nContent-Type: text/html\n\n<p>Come</p>\n"
        "--in--\n--cut\nContent-Type: application/zip; name*=utf-8''a%20b.zip\nContent-Disposition: attachment; filename=\"a.zip\"\n"
        f"Content-Transfer-Encoding: base64\n\n{attached}\n--cut\nContent-Type: message/rfc822\n\nSubject: inner\nFrom: c@d\n\nx\n--cut--\n"
    )


def _notebook() -> str:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "words"]},
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": 1,
            "source": "print(1)",
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["1\n"]},
                {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "x", "text/html": ["<b>x</b>"]}},
                {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\u001b[31mno\u001b[0m"]},
            ],
        },
    ]
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"language": "python"}}, "cells": cells}
    )


def _chatgpt() -> str:
    def message(role: str, said: str) -> dict[str, object]:
        return {"author": {"role": role}, "create_time": 1.7e9, "content": {"content_type": "text", "parts": [said]}}

    mapping = {
        "a": {"id": "a", "parent": None, "children": ["b"], "message": message("user", "What is a tide?")},
        "b": {"id": "b", "parent": "a", "children": [], "message": message("assistant", "Water that comes and goes.")},
    }
    return json.dumps([{"title": "Tides", "create_time": 1700000000, "mapping": mapping, "current_node": "b"}])


def _slack() -> bytes:
    said = {"type": "message", "user": "U1", "text": "<@U1> ready &amp; <https://a.b|here>", "ts": "1715500000.0001"}
    return zipped(
        {
            "channels.json": json.dumps([{"id": "C1", "name": "general"}]),
            "users.json": json.dumps([{"id": "U1", "name": "ana", "profile": {"real_name": "Ana"}}]),
            "general/2024-05-12.json": json.dumps(
                [said, {**said, "thread_ts": "1715500000.0001", "attachments": [{"text": "x"}]}]
            ),
        }
    )


_TEXTS: dict[str, str] = {
    "plain.txt": "Low water at six.\r\nHigh water at noon.\n\nA heartbeat is enough.\rEnd",
    "page.html": "<!doctype html><html><head><title>T</title><meta charset=utf-8><style>p{}</style></head><body><nav>menu</nav>"
    "<h1>Knots</h1><p>A <b>bowline</b> &amp; &#233;<script>x()</script></p><pre>a\n b</pre><dl><dt>w<dd>d</dl><ul><li>1<ul><li>2"
    "</ul></ul><table><tr><th colspan=2>h<tr><td rowspan=3>1<td>2</table><details><summary>s</summary>t</details></body></html>",
    "notes.md": "---\ntitle: Notes\n---\n# Garden\n\nSow *beans*. [a](b)\n\n```sh\n# no\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n> > q\n"
    "- [ ] x\n\n  1. y\n\nSetext\n======\n\n<div>html</div>\n",
    "guide.rst": "=====\nTitle\n=====\n\nPart\n----\n\n.. note:: Careful\n   more\n\n* a\n* b\n\n::\n\n   code\n\n+---+---+\n| a | b |\n+---+---+\n\n"
    ":field: value\n\n.. |x| replace:: y\n\nText `link <http://a>`_ [1]_\n",
    "paper.tex": "\\documentclass{article}\n"
    "\\title{Tides}\n\\begin{document}\n\\section{One}\\label{x}\nWater\\footnote{salt} $a_{1}$ \\emph{b{c}d}\n"
    "\\begin{itemize}\\item a\\end{itemize}\n\\begin{verbatim}\nx\n\\end{verbatim}\n% no\n"
    "\\begin{tabular}{ll}a&b\\\\\\end{tabular}\n\\end{document}\n",
    "book.adoc": "= Title\nAuthor\n\n== Part\n\nText *bold*.\n\n----\ncode\n----\n\n|===\n| a | b\n|===\n\n* x\n** y\n\n[NOTE]\n====\nn\n====\n",
    "rows.csv": 'name;price;note\n"Ana ""A""";1,5;"two\nlines"\nBen;2;\n',
    "rows.tsv": "a\tb\tc\n1\t2\t3\n4\t5\t6\n",
    "data.json": '{"a": [1, 2.5e10, {"b": "x\\u00e9\\ud83d\\ude00"}], "c": null, "d": {"e": [[["deep"]]]}, "n": -0}',
    "lines.jsonl": '{"id": 1, "text": "first"}\n{broken\n{"id": 3, "text": ["third", {"a": 1}]}\n',
    "data.xml": '<?xml version="1.0" encoding="utf-8"?>\n<list xmlns:x="urn:x"><item x:id="1">one<b>two</b>tail</item><![CDATA[c]]>'
    "<!-- n --><?p i?><item>&lt;&#65;</item></list>\n",
    "data.yaml": "---\na: 1\nb:\n  - x: |\n      text\n    y: >-\n      folded\n  - &k {c: d}\n  - *k\n---\nz: [1, 2]\n...\n",
    "film.srt": "1\n00:00:01,000 --> 00:00:02,500\n<i>Here's</i> looking\n\n2\n00:01:00,000 --> 00:01:04,000 X1:0\n{\\an8}at you\n",
    "tea.ics": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Tea with\r\n  Ana\\, at five\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    "film.vtt": "WEBVTT - x\n\nNOTE no\n\nSTYLE\n::cue{}\n\nid\n00:01.000 --> 00:02.500 align:start\n<v Ana>Hello</v> <c.x>you</c>\n\n"
    "00:00:03.000 --> 00:00:04.000\n- Two\n- lines\n",
    "chat.txt": "12/05/2024, 09:14 - Ana: Hello everyone\n12/05/2024, 09:15 - Ben: Second line\ncontinues\n[13.05.24, 10:00:01] Ana: x\n"
    "12/05/2024, 09:16 - Ana joined\n",
    "letter.rtf": "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fcharset0 A;}{\\f1\\fcharset238 B;}}{\\stylesheet{\\s1 heading 1;}}"
    "{\\info{\\title Tides}}\\pard\\s1\\outlinelevel0 Head\\par\\pard caf\\'e9 \\u8217?\\uc2\\u9731??{\\f1 \\'9a}{\\*\\x no}\\tab b\\par"
    "\\trowd\\cellx100\\cellx200 a\\cell b\\cell\\row{\\pict\\pngblip 89504e47}\\bin3 abc{\\footnote n}{\\field{\\*\\fldinst H}{\\fldrslt r}}}",
    "letter.eml": "",
    "saved.mhtml": "From: <Saved by Blink>\nSnapshot-Content-Location: http://a/\nSubject: =?utf-8?Q?T?=\nMIME-Version: 1.0\n"
    'Content-Type: multipart/related; type="text/html"; boundary="b"\n\n--b\nContent-Type: text/html; charset="utf-8"\n'
    "Content-Transfer-Encoding: quoted-printable\nContent-Location: http://a/\n\n<h1>Knots</h1><p>a=3D=C3=A9</p>=\n\n--b\n"
    "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBO\n--b--\n",
    "box.mbox": "From a@b Sun May 12 09:14:00 2024\nFrom: a@b\nSubject: First\n\nBody.\n>From quoted.\n\n"
    "From c@d Sun May 12 09:15:00 2024\nFrom: c@d\nSubject: Second\nContent-Type: text/html\n\n<p>x</p>\n\n",
    "tool.py": '#!/usr/bin/env python3\n"""Doc."""\nimport os\n\n\nclass A:\n    @property\n    def b(self) -> int:\n        """X."""\n'
    "        return 1\n\n\nasync def c(x, /, *, y=(1, 2)):\n    s = '''a\n    b'''\n",
    "tool.c": "/* doc */\n#include <a.h>\nstatic int f(int a) {\n  // c\n  return a ? 1 : '\\'' ; }\nstruct s { int x; };\n",
    "tool.js": "/** d */\nexport class A { b() { return `x${1}` } }\nconst f = async (a) => { /* } */ }\n",
    "tool.go": "package a\n\n// F does.\nfunc (r *R) F(a int) (b error) {\n\treturn nil\n}\ntype T struct {\n\tA int\n}\n",
    "tool.sh": '#!/bin/sh\nf() {\n  echo "a b"\n}\nfunction g {\n  cat <<E\nx\nE\n}\n',
}


@cache
def made() -> dict[str, bytes]:
    """The seeds that are made here: one at least for every reader."""
    found = {name: text.encode() for name, text in _TEXTS.items() if text}
    found |= {
        "letter.eml": _mail().encode(),
        "notebook.ipynb": _notebook().encode(),
        "conversations.json": _chatgpt().encode(),
        "utf16.txt": "\ufeffПривет, мир\nЕщё строка\n".encode("utf-16-le"),
        "utf32.txt": "\ufeffab\n".encode("utf-32-be"),
        "japanese.txt": "潮の満ち引きは月の力による。\n干潮は六時。\n".encode("cp932"),
        "old.txt": "Voilà l’été à la plage.\n".encode("cp1252") * 4,
        "latin.html": "<html><head><meta charset=iso-8859-1><title>é</title></head><body><p>café à l’été</p></body></html>".encode(
            "cp1252"
        ),
        "latin.xml": "<?xml version='1.0' encoding='windows-1252'?><a><title>é</title><b>café à la plage</b></a>".encode(
            "cp1252"
        ),
        "latin.eml": "From: a@b\nTo: c@d\nSubject: é\nContent-Type: text/plain; charset=iso-8859-1\n\ncafé à la plage\n".encode(
            "cp1252"
        ),
        "latin.rtf": b"{\\rtf1\\ansicpg1250 \\'e8 caf\xe9 \\'9a\\par}",
        "utf16.csv": "\ufeffa;b\n1;é\n".encode("utf-16-le"),
        "tiny.pdf": _pdf(),
        "tiny.docx": _docx(),
        "tiny.pptx": _pptx(),
        "tiny.xlsx": _xlsx(),
        "tiny.xlsb": _xlsb(),
        "tiny.xls": _xls(),
        "tiny.odt": _odt(),
        "tiny.ods": _ods(),
        "tiny.odp": _odp(),
        "tiny.epub": _epub(),
        "tiny.msg": _msg(),
        "winmail.dat": _winmail(),
        "tiny.png": _png(),
        "tiny.tiff": _tiff(),
        "tiny.webp": _webp(),
        "old.doc": ole({"WordDocument": b"\xec\xa5\xc1\0" + bytes(508), "1Table": bytes(64)}),
        "old.ppt": ole({"PowerPoint Document": bytes(64), "Current User": bytes(64)}),
        "locked.docx": ole(
            {"EncryptionInfo": b"\x04\0\x04\0\x40\0\0\0" + b"<encryption/>".ljust(64), "EncryptedPackage": bytes(64)}
        ),
        "slack.zip": _slack(),
    }
    members = {name: found[name] for name in ("plain.txt", "notes.md", "tiny.docx", "film.srt", "letter.eml")}
    found["mixed.zip"] = zipped({**members, "in/inner.zip": zipped({"a.csv": found["rows.csv"]})})
    found["files.tar"] = tarred({**members, "ü" * 60 + ".txt": b"long name"})
    found["files.tar.gz"] = gzip.compress(tarred({"a.txt": b"some text", "b.html": found["page.html"]}), 9, mtime=0)
    found["text.txt.bz2"] = bz2.compress(b"some text " * 40)
    found["files.tar.xz"] = lzma.compress(tarred({"a.json": found["data.json"]}))
    return found


def _stored(folder: Path, prefix: str) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size <= MOST_BYTES)
    return {f"{prefix}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in files}


@cache
def everything() -> dict[str, bytes]:
    """All seeds: those made here, the sample documents, and the small ones of the corpus where it is."""
    return {**made(), **_stored(ROOT / "resources" / "samples", "samples"), **_stored(CORPUS / "files", "corpus")}
