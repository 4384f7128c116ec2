"""OpenDocument: texts, slides and sheets, packed or flat."""

import io
import time
import zipfile

import pytest

from ingest_desktop.domain.errors import LimitExceeded, SourceEncrypted, SourceError, SourceMalformed
from ingest_desktop.domain.wire import ExtractOptions

from .office_kit import NAMES, OFFICE, Read, changed, zipped


def flat(kind: str, body: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document {NAMES} xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'office:mimetype="application/vnd.oasis.opendocument.{kind}"><office:meta><dc:title>Fruit</dc:title></office:meta>'
        f"<office:styles><text:p>never shown</text:p></office:styles><office:body>{body}</office:body></office:document>"
    ).encode()


def test_flat_open_documents_are_read_as_packed_ones() -> None:
    read = Read(
        flat("text", "<office:text><text:h text:outline-level='1'>Quince</text:h><text:p>medlar</text:p></office:text>")
    )
    assert (read.plan.title, read.plan.media_type) == ("Fruit", "application/vnd.oasis.opendocument.text")
    assert read.text == "Quince\nmedlar" and read.heading("medlar") == "Quince"
    cells = "".join(
        f"<table:table-row><table:table-cell><text:p>{a}</text:p></table:table-cell></table:table-row>"
        for a in ("plum", "sloe")
    )
    body = f'<office:spreadsheet><table:table table:name="Prices">{cells}</table:table></office:spreadsheet>'
    read = Read(flat("spreadsheet", body), "a.fods")
    assert read.plan.unit == "sheet" and read.place("sloe")["sheet"] == "Prices"
    with pytest.raises(SourceError):
        Read(flat("text", "").replace(b"office:body", b"office:x"))
    with pytest.raises(LimitExceeded):
        Read(flat("text", ""), options=ExtractOptions(max_expanded_bytes=10))


def odf(kind: str, body: str, **members: str) -> bytes:
    content = f'<?xml version="1.0"?><office:document-content {NAMES}><office:body>{body}</office:body></office:document-content>'
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return zipped(
        {"mimetype": mimetype, "content.xml": content, **{f"{name}.xml": text for name, text in members.items()}}
    )


def test_text_document_gives_headings_lists_tables_notes_and_boxes() -> None:
    read = Read(
        odf(
            "text",
            """<office:text>
            <text:tracked-changes><text:p>was deleted</text:p></text:tracked-changes>
            <text:h text:outline-level="1">Garden</text:h>
            <text:p>Peas<text:s text:c="2"/>and <text:span>beans</text:span>.<text:note><text:note-citation>1</text:note-citation>
              <text:note-body><text:p>sown in May</text:p></text:note-body></text:note> Done.</text:p>
            <text:h text:outline-level="2">Tools</text:h>
            <text:list><text:list-item><text:p>spade</text:p><text:list><text:list-item><text:p>small spade</text:p>
              </text:list-item></text:list></text:list-item></text:list>
            <table:table><table:table-row><table:table-cell><text:p>left</text:p></table:table-cell>
              <table:table-cell><text:p>right</text:p></table:table-cell></table:table-row></table:table>
            <text:p><draw:frame><draw:text-box><text:p>in a box</text:p></draw:text-box></draw:frame></text:p>
            </office:text>""",
            styles=f"<s {NAMES} xmlns:style='{OFFICE}style:1.0'><style:header><text:p>running head</text:p></style:header>"
            "<style:header><text:p>running head</text:p></style:header></s>",
        ),
        "a.odt",
    )
    assert "Peas  and beans. Done." in read.text
    assert "[1] sown in May" in read.text
    assert read.heading("small spade") == "Garden › Tools"
    assert "left\tright" in read.text
    assert "in a box" in read.text
    assert read.text.count("running head") == 1
    assert "was deleted" not in read.text


def test_presentation_gives_slides_with_notes() -> None:
    page = (
        "<draw:page><draw:frame><draw:text-box><text:p>body {0}</text:p></draw:text-box></draw:frame>"
        '<draw:frame presentation:class="title"><draw:text-box><text:p>Title {0}</text:p></draw:text-box></draw:frame>'
        "<draw:g><draw:custom-shape><text:p>grouped {0}</text:p></draw:custom-shape></draw:g>"
        "<presentation:notes><draw:frame><draw:text-box><text:p>say {0}</text:p></draw:text-box></draw:frame>"
        "</presentation:notes></draw:page>"
    )
    body = "".join(page.format(number) for number in (1, 2))
    read = Read(odf("presentation", f"<office:presentation>{body}</office:presentation>"), "a.odp")
    assert (read.plan.unit, read.plan.units) == ("slide", 2)
    assert read.heading("body 2") == read.heading("grouped 2") == "Title 2"
    assert read.heading("say 2") == "Title 2 › Notes"
    assert read.place("say 2") == {"slide": 2}


def test_spreadsheet_shows_what_cells_show_and_bears_endless_repeats() -> None:
    row = "<table:table-row{0}>{1}</table:table-row>"
    cell = "<table:table-cell{0}><text:p>{1}</text:p></table:table-cell>"
    empty = '<table:table-cell table:number-columns-repeated="16384"/>'
    body = (
        '<office:spreadsheet><table:table table:name="Ducks">'
        + row.format("", cell.format("", "Year") + cell.format("", "Sum") + empty)
        + row.format(' table:number-rows-repeated="1000"', empty)
        + row.format("", cell.format("", "2024") + cell.format(' office:value="0.5"', "50 %"))
        + row.format(
            ' table:number-rows-repeated="1048000"', cell.format(' table:number-columns-repeated="16000"', "x")
        )
        + "</table:table></office:spreadsheet>"
    )
    began = time.monotonic()
    endless = Read(odf("spreadsheet", body), "a.ods")
    assert len(endless.notes[0].warnings) == 1
    assert len(endless.text) < 10_000_000
    assert time.monotonic() - began < 20
    read = Read(odf("spreadsheet", body.replace("16000", "2").replace("1048000", "3")), "a.ods")
    assert read.heading("50 %") == "Ducks"
    place = read.place("2024\t50 %")
    assert place["row_start"] <= 1002 <= place["row_end"]


def test_damage_in_the_middle_keeps_what_stands_before_it() -> None:
    good = odf("text", "<office:text><text:p>before</text:p><text:p>after</text:p></office:text>")
    read = Read(changed(good, {"content.xml": zipfile.ZipFile(io.BytesIO(good)).read("content.xml")[:-60]}), "a.odt")
    assert "before" in read.text
    assert read.notes[0].warnings
    assert read.notes[0].units_failed


@pytest.mark.parametrize("kind", ["text", "spreadsheet", "presentation"])
def test_encrypted_packages_ask_for_a_password(kind: str) -> None:
    data = changed(odf(kind, ""), {"META-INF/manifest.xml": b"<m><encryption-data/></m>", "content.xml": b"\x99\x01"})
    with pytest.raises(SourceEncrypted):
        Read(data, "a.odt")


@pytest.mark.parametrize(
    "declared",
    ["<!DOCTYPE d [<!ENTITY x 'y'>]>", "<!DOCTYPE d SYSTEM 'file:///etc/passwd' [<!ENTITY % x SYSTEM 'http://h/'>]>"],
)
def test_entities_are_refused(declared: str) -> None:
    with pytest.raises(SourceMalformed, match="entities"):
        Read(zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": declared + "<d>&x;</d>"}))


def test_deleted_text_that_stands_among_the_other_is_left_out() -> None:
    def change(number: int, kind: str) -> str:
        return (
            f'<text:changed-region xml:id="c{number}" text:id="c{number}"><text:{kind}><office:change-info>'
            f"<dc:creator>Ana</dc:creator></office:change-info></text:{kind}></text:changed-region>"
        )

    def mark(number: int, place: str) -> str:
        return f'<text:change-{place} text:change-id="c{number}"/>'

    read = Read(
        flat(
            "text",
            f"<office:text><text:tracked-changes>{change(1, 'deletion')}{change(2, 'insertion')}{change(3, 'deletion')}"
            f"</text:tracked-changes><text:p>Quince {mark(1, 'start')}medlar <text:span>plum</text:span>{mark(1, 'end')}"
            f"{mark(2, 'start')}sloe{mark(2, 'end')} tart</text:p><text:p>Best {mark(3, 'start')}baked</text:p>"
            f"<text:h text:outline-level='1'>Pears</text:h><text:p>or {mark(3, 'end')}stewed</text:p></office:text>",
        )
    )

    assert read.text == "Quince sloe tart\nBest\nstewed"
