"""Charts, formulas and the numbers of lists in OpenDocument files: what is shown and stands elsewhere."""

from typing import Any

import pytest

from .office_kit import NAMES, OFFICE, Read, changed, zipped

LINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
CHART = (
    f'<office:document-content {NAMES} xmlns:chart="{OFFICE}chart:1.0" {LINK}><office:body><office:chart>'
    '<chart:chart chart:class="chart:bar"><chart:title><text:p>Harvest of pears</text:p></chart:title>'
    "<chart:plot-area><chart:axis><chart:title><text:p>Tons</text:p></chart:title></chart:axis></chart:plot-area>"
    '<table:table table:name="local-table"><table:table-header-rows><table:table-row><table:table-cell><text:p/>'
    "</table:table-cell><table:table-cell><text:p>Pears</text:p></table:table-cell></table:table-row></table:table-header-rows>"
    "<table:table-rows><table:table-row><table:table-cell><text:p>East</text:p></table:table-cell><table:table-cell>"
    "<text:p>4</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>West</text:p>"
    "</table:table-cell><table:table-cell/></table:table-row></table:table-rows></table:table>"
    "</chart:chart></office:chart></office:body></office:document-content>"
)
FORMULA = (
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><mi>E</mi><mo>=</mo></mrow>'
    '<annotation encoding="StarMath 5.0">E = m c^2</annotation></semantics></math>'
)
SHOWN = '<draw:frame><draw:object xlink:href="./Object {}"/></draw:frame>'
KINDS = {"text": "odt", "presentation": "odp", "spreadsheet": "ods"}


def document(kind: str, body: str, styles: str = "", **objects: str) -> bytes:
    members: dict[str, Any] = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": f'<office:document-content {NAMES} {LINK} xmlns:style="{OFFICE}style:1.0"><office:automatic-styles>{styles}'
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>",
    }
    members.update({f"Object {name[1:]}/content.xml": data for name, data in objects.items()})
    return zipped(members)


def test_charts_of_slides_give_their_points_in_their_place() -> None:
    page = f'<draw:page><draw:frame presentation:class="title"><text:p>Year</text:p></draw:frame>{SHOWN.format(1)}</draw:page>'
    read = Read(document("presentation", page + "<draw:page/>", o1=CHART), "a.odp")
    assert read.text == "Year\nHarvest of pears\nTons\nPears: East = 4"
    assert read.place("East = 4") == {"slide": 1}
    assert read.heading("East = 4") == "Year"


def test_charts_and_formulas_of_a_text_stand_behind_it() -> None:
    body = f"<text:p>See {SHOWN.format(1)}{SHOWN.format(2)} above</text:p>"
    read = Read(document("text", body, o1=CHART, o2=FORMULA), "a.odt")
    assert read.text == "See above\nHarvest of pears\nTons\nPears: East = 4\nE = m c^2"
    assert read.heading("E = m c^2") == "Charts and formulas"


def test_objects_may_have_any_name() -> None:
    body = "<text:p>See " + '<draw:frame><draw:object xlink:href="Formula-1/"/></draw:frame>' + "</text:p>"
    data = changed(document("text", body), {"Formula-1/content.xml": FORMULA.encode()})
    assert Read(data, "a.odt").text == "See\nE = m c^2"


def test_charts_of_a_sheet_give_their_titles_in_its_place() -> None:
    cell = f"<table:table-cell><text:p>kept</text:p>{SHOWN.format(1)}</table:table-cell>"
    other = CHART.replace("pears", "plums")
    body = (
        f'<table:table table:name="One"><table:table-row>{cell}</table:table-row></table:table>'
        f'<table:table table:name="Two"><table:shapes>{SHOWN.format(2)}</table:shapes></table:table>'
    )
    read = Read(document("spreadsheet", body, o1=CHART, o2=other), "a.ods")
    assert read.place("Harvest of pears") == {"sheet": "One"}
    assert read.place("Harvest of plums") == {"sheet": "Two"}
    assert "East" not in read.text


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_damaged_chart_is_a_gap_and_the_rest_is_kept(kind: str) -> None:
    body = {
        "text": f"<text:p>kept {SHOWN.format(1)}</text:p>",
        "presentation": f"<draw:page><draw:frame><text:p>kept</text:p></draw:frame>{SHOWN.format(1)}</draw:page>",
        "spreadsheet": f"<table:table><table:table-row><table:table-cell><text:p>kept</text:p>{SHOWN.format(1)}"
        "</table:table-cell></table:table-row></table:table>",
    }[kind]
    read = Read(document(kind, body, o1="<office:broken"), f"a.{KINDS[kind]}")
    assert "kept" in read.text
    (notes,) = read.notes
    assert notes.units_failed == [(1, "A chart or formula in it could not be read.")]


def test_lists_of_slides_and_their_notes_have_numbers() -> None:
    styles = (
        '<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1" '
        'style:num-suffix="."/></text:list-style>'
    )
    steps = '<text:list text:style-name="L1">{}</text:list>'.format(
        "".join(f"<text:list-item><text:p>{word}</text:p></text:list-item>" for word in ("Pick", "Wash"))
    )
    number = '<draw:frame presentation:class="page-number"><text:p>&lt;number&gt;</text:p></draw:frame>'
    page = (
        f'<draw:page><draw:frame presentation:class="title"><text:p>Year</text:p></draw:frame><draw:frame>{steps}</draw:frame>'
        f"<presentation:notes><draw:frame>{steps}</draw:frame>{number}</presentation:notes></draw:page>"
    )
    read = Read(document("presentation", page, styles), "a.odp")
    assert read.text == "Year\n1. Pick\n2. Wash\n1. Pick\n2. Wash"
