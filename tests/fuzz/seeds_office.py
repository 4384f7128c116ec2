"""Seeds of the office: documents, slides, sheets and books."""

import io
import struct
import zipfile
import zlib

from tests.extraction.ole_maker import ole
from tests.fuzz.seeds_packages import LINKS, hurt, relations, types, zipped

_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = "".join(f' xmlns:{name}="{_OFFICE}{name}:1.0"' for name in ("office", "text", "table"))
_NAMES += f' xmlns:draw="{_OFFICE}drawing:1.0" xmlns:presentation="{_OFFICE}presentation:1.0"'
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SLIDE = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


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
            "[Content_Types].xml": types(a=f"{kind}.document.main+xml|word/document.xml"),
            "_rels/.rels": relations(r1="officeDocument|word/document.xml"),
            "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>',
            "word/_rels/document.xml.rels": relations(r1="footnotes|footnotes.xml", r2="styles|styles.xml"),
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
    names = f'xmlns:p="{_SLIDE}" xmlns:a="{_DRAWING}" xmlns:r="{LINKS}"'
    tree = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    kind = "openxmlformats-officedocument.presentationml"
    return zipped(
        {
            "[Content_Types].xml": types(
                a=f"{kind}.presentation.main+xml|ppt/presentation.xml", b=f"{kind}.slide+xml|ppt/slides/slide1.xml"
            ),
            "_rels/.rels": relations(r1="officeDocument|ppt/presentation.xml"),
            "ppt/presentation.xml": f'<p:presentation {names}><p:sldIdLst><p:sldId id="256" r:id="r1"/></p:sldIdLst>'
            "</p:presentation>",
            "ppt/_rels/presentation.xml.rels": relations(r1="slide|slides/slide1.xml"),
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
            "[Content_Types].xml": types(
                a=f"{kind}.sheet.main+xml|xl/workbook.xml", b=f"{kind}.worksheet+xml|xl/worksheets/sheet1.xml"
            ),
            "_rels/.rels": relations(r1="officeDocument|xl/workbook.xml"),
            "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{LINKS}"><sheets>'
            '<sheet name="Prices" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": relations(
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
            "[Content_Types].xml": types(
                a=f"{kind}.sheet.binary.macroEnabled.main|xl/workbook.bin",
                b=f"{kind}.worksheet|xl/worksheets/sheet1.bin",
            ),
            "_rels/.rels": relations(r1="officeDocument|xl/workbook.bin"),
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": relations(r1="worksheet|worksheets/sheet1.bin"),
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


def _workbook() -> bytes:
    """The stream of an XLS file."""

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
    return (top + bound + record(0x0A) + sheet + cells + record(0x0A)).ljust(4096, b"\0")


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


def _shown() -> bytes:
    """Slides with what stands in other members, or in none: a chart, a formula, numbers of a list, words for a picture."""
    chart = (
        f'<office:document-content{_NAMES} xmlns:chart="urn:oasis:names:tc:opendocument:xmlns:chart:1.0"><office:body><office:chart>'
        '<chart:chart chart:class="chart:bar"><chart:title><text:p>Pears</text:p></chart:title><table:table><table:table-row>'
        "<table:table-cell/><table:table-cell><text:p>Tons</text:p></table:table-cell></table:table-row><table:table-row>"
        "<table:table-cell><text:p>East</text:p></table:table-cell><table:table-cell><text:p>4</text:p></table:table-cell>"
        "</table:table-row></table:table></chart:chart></office:chart></office:body></office:document-content>"
    )
    links = 'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"'
    content = (
        f"<office:document-content{_NAMES} {links}><office:automatic-styles><text:list-style style:name='L' "
        'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"><text:list-level-style-number text:level="1" '
        'style:num-format="1" style:num-suffix="."/></text:list-style></office:automatic-styles><office:body><office:presentation>'
        '<draw:page><draw:frame><text:list text:style-name="L"><text:list-item><text:p>pick</text:p></text:list-item></text:list>'
        '</draw:frame><draw:frame><draw:object xlink:href="./Object 1"/><svg:desc>A chart of pears</svg:desc></draw:frame>'
        '<draw:frame><draw:object xlink:href="Formula-1/"/></draw:frame></draw:page></office:presentation></office:body>'
        "</office:document-content>"
    )
    formula = '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>E</mi><annotation>E = m c^2</annotation></math>'
    mark = "application/vnd.oasis.opendocument.presentation"
    members = {
        "mimetype": mark,
        "content.xml": content,
        "Object 1/content.xml": chart,
        "Formula-1/content.xml": formula,
    }
    return zipped(members, stored="mimetype")


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


def _native(name: str, content: bytes) -> bytes:
    """An object that holds any file, as one that was dropped on a page is kept."""
    held = b"\2\0" + name.encode() + b"\0C:\\x\\" + name.encode() + b"\0\0\0\3\0" + struct.pack("<I", 3) + b"t\0\0"
    held += struct.pack("<I", len(content)) + content
    return struct.pack("<I", len(held)) + held


def _book_with_objects() -> bytes:
    return ole(
        {
            "MBD0001": {"Package": _docx(), "\x01Ole": b"x"},
            "MBD0002": {"\x01Ole10Native": _native("list.txt", b"medlar in the list")},
            "MBD0003": {"Workbook": _workbook()},
            "MBD0004": {"Equation Native": b"x" * 5000},
            "Workbook": _workbook(),
        }
    )


def _slides_with_objects() -> bytes:
    def stored(data: bytes, packed: int) -> bytes:
        body = struct.pack("<I", len(data)) + zlib.compress(data) if packed else data
        return struct.pack("<HHI", packed << 4, 0x1011, len(body)) + body

    def dropped(name: str, content: bytes) -> bytes:
        return ole({"\x01Ole10Native": _native(name, content)})

    between = struct.pack("<HHI", 0xF, 0x3E8, 4) + b"abcd"
    records = (
        stored(dropped("list.txt", b"medlar in the list"), 1),
        stored(dropped("letter.docx", _docx()), 0),
        stored(ole({"Workbook": _workbook()}), 1),
    )
    return ole({"PowerPoint Document": between.join(records) + between, "Current User": bytes(64)})


def _document_with_objects() -> bytes:
    """A DOCX file with a workbook, a dropped file and one of before 2007 in it."""
    with zipfile.ZipFile(io.BytesIO(_docx())) as archive:
        members: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    return zipped(
        {
            **members,
            "word/embeddings/sheet1.xlsx": _xlsx(),
            "word/embeddings/oleObject1.bin": ole({"\x01Ole10Native": _native("list.txt", b"medlar in the list")}),
            "word/embeddings/oleObject2.bin": ole({"Workbook": _workbook()}),
        }
    )


def made() -> dict[str, bytes]:
    """Each by its name."""
    return {
        "tiny.docx": _docx(),
        "tiny.pptx": _pptx(),
        "tiny.xlsx": _xlsx(),
        "tiny.xlsb": _xlsb(),
        "tiny.xls": ole({"Workbook": _workbook()}),
        "tiny.odt": _odt(),
        "tiny.ods": _ods(),
        "tiny.odp": _odp(),
        "shown.odp": _shown(),
        "tiny.epub": _epub(),
        "objects.docx": _document_with_objects(),
        "objects.xls": _book_with_objects(),
        "objects.ppt": _slides_with_objects(),
        "hurt.docx": hurt(_docx(), "word/footnotes.xml"),
        "hurt.pptx": hurt(_pptx(), "ppt/slides/slide1.xml"),
        "hurt.xlsx": hurt(_xlsx(), "xl/worksheets/sheet1.xml"),
        "hurt.epub": hurt(_epub(), "o/a b.xhtml"),
        "old.doc": ole({"WordDocument": b"\xec\xa5\xc1\0" + bytes(508), "1Table": bytes(64)}),
        "old.ppt": ole({"PowerPoint Document": bytes(64), "Current User": bytes(64)}),
        "locked.docx": ole(
            {"EncryptionInfo": b"\x04\0\x04\0\x40\0\0\0" + b"<encryption/>".ljust(64), "EncryptedPackage": bytes(64)}
        ),
    }
