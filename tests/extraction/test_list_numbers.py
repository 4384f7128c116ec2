"""Numbers that programs set before paragraphs: of lists and headings, in Word, OpenDocument and RTF files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.extraction.readers import list_numbers as numbers
from ingest_desktop.extraction.readers.list_numbers import Counter, Level

from .office_kit import NAMES, OFFICE, Read, changed, rtf, texts, word, zipped

LEVELS = '<w:lvl w:ilvl="{0}"><w:start w:val="{1}"/><w:numFmt w:val="{2}"/>{4}<w:lvlText w:val="{3}"/></w:lvl>'


def level(depth: int, form: str, text: str, more: str = "", start: int = 1) -> str:
    return LEVELS.format(depth, start, form, text, more)


def para(text: str, number: str | None = None, depth: int = 0, more: str = "") -> str:
    told = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>' if number is not None else ""
    run = f"<w:r><w:t>{text}</w:t></w:r>" if text else ""
    return f"<w:p><w:pPr>{more}{told}</w:pPr>{run}</w:p>"


def style(name: str, told: str, based: str = "") -> str:
    on = f'<w:basedOn w:val="{based}"/>' if based else ""
    return f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{name}"/>{on}<w:pPr>{told}</w:pPr></w:style>'


def use(name: str) -> str:
    return f'<w:pStyle w:val="{name}"/>'


def kind(key: int, *levels: str) -> str:
    return f'<w:abstractNum w:abstractNumId="{key}">{"".join(levels)}</w:abstractNum>'


def num(key: int, of: int, more: str = "") -> str:
    return f'<w:num w:numId="{key}"><w:abstractNumId w:val="{of}"/>{more}</w:num>'


def lines(body: str, numbering: str, styles: str = "") -> list[str]:
    return Read(word(body, numbering=numbering, styles=styles), "a.docx").text.split("\n")


LAW = kind(
    0,
    level(0, "decimal", "Article %1"),
    level(1, "lowerLetter", "%2)"),
    level(2, "lowerRoman", "(%3)"),
    level(3, "decimal", "%1.%2.%4"),
) + num(1, 0)


def test_word_lists_are_numbered_at_every_level() -> None:
    body = (
        para("Scope", "1") + para("seas", "1", 1) + para("lakes", "1", 1) + para("salt", "1", 2) + para("not counted")
        + para("sweet", "1", 2) + para("Terms", "1") + para("ships", "1", 1) + para("wrecks", "1", 3)
    )  # fmt: skip
    assert lines(body, LAW) == [
        "Article 1 Scope", "a) seas", "b) lakes", "(i) salt", "not counted", "(ii) sweet", "Article 2 Terms", "a) ships",
        "2.a.1 wrecks",
    ]  # fmt: skip


def test_word_headings_are_numbered_through_their_styles_and_the_heading_path_is_not() -> None:
    chapters = kind(
        7,
        level(0, "upperRoman", "%1.", '<w:pStyle w:val="Heading1"/>'),
        level(1, "decimal", "%1.%2", '<w:pStyle w:val="Heading2"/><w:isLgl/>'),
    ) + num(3, 7)
    styles = style("Heading1", '<w:outlineLvl w:val="0"/><w:numPr><w:numId w:val="3"/></w:numPr>') + style(
        "Heading2", '<w:outlineLvl w:val="1"/><w:numPr><w:ilvl w:val="1"/></w:numPr>', "Heading1"
    )
    body = (
        para("Purpose", more=use("Heading1")) + para("why", more="") + para("Rules", more=use("Heading1"))
        + para("Scope", more=use("Heading2")) + para("herring") + para("Loose", "0", more=use("Heading2")) + para("cod")
    )  # fmt: skip
    read = Read(word(body, numbering=chapters, styles=styles), "a.docx")
    assert [read.heading(said) for said in ("why", "herring", "cod")] == ["Purpose", "Rules › Scope", "Rules › Loose"]
    assert [read.heading(said) for said in ("I. Purpose", "II. Rules", "2.1 Scope")] == [
        "Purpose", "Rules › Scope", "Rules › Scope",
    ]  # fmt: skip


def test_word_lists_that_share_a_kind_go_on_and_start_anew_where_they_say_so() -> None:
    anew = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    other = f'<w:lvlOverride w:ilvl="0">{level(0, "upperLetter", "%1")}</w:lvlOverride>'
    numbering = kind(0, level(0, "decimal", "%1.")) + num(1, 0) + num(2, 0) + num(3, 0, anew) + num(4, 0, other)
    body = "".join(para("x", name) for name in "1123314")
    assert lines(body, numbering) == ["1. x", "2. x", "3. x", "5. x", "6. x", "7. x", "H x"]


def test_word_levels_start_and_restart_as_they_say() -> None:
    numbering = kind(
        0,
        level(0, "decimalZero", "%1"),
        level(1, "decimal", "%1-%2", '<w:lvlRestart w:val="0"/>', start=3),
        level(2, "custom", "%3", ""),
    ).replace('<w:numFmt w:val="custom"/>', '<w:numFmt w:val="custom" w:format="001, 002, 003, ..."/>') + num(1, 0)
    body = para("x", "1") + para("x", "1", 1) + para("x", "1") + para("x", "1", 1) + para("x", "1", 2)
    assert lines(body, numbering) == ["01 x", "01-3 x", "02 x", "02-4 x", "001 x"]
    # a level that was left out is shown, and counted
    assert lines(para("x", "1", 1) + para("x", "1"), numbering) == ["01-3 x", "02 x"]


def test_what_word_does_not_count() -> None:
    gone, hidden = "<w:rPr><w:del/></w:rPr>", "<w:rPr><w:vanish/></w:rPr>"
    numbering = kind(0, level(0, "decimal", "%1."), level(1, "bullet", "o"), level(2, "none", "Note:")) + num(1, 0)
    body = (
        para("a", "1") + para("", "1", more=gone) + para("b", "1") + para("h", "1", more=hidden) + para("", "1")
        + para("c", "1") + para("dot", "1", 1) + para("d", "1", 2) + para("e", "9") + para("f", "1", 7)
    )  # fmt: skip
    assert lines(body, numbering) == ["1. a", "2. b", "h", "4. c", "dot", "Note: d", "e", "f"]


def test_a_number_without_text_is_shown_where_it_says_something() -> None:
    numbering = kind(0, level(0, "decimal", "Article %1"), level(1, "decimal", "%2.")) + num(1, 0)
    cell = "<w:tc>{}</w:tc>"
    rows = "".join(
        f"<w:tr>{cell.format(para('', '1', 1))}{cell.format(para(said))}</w:tr>" for said in ("oak", "", "ash")
    )
    body = para("", "1") + para("ships") + para("", "1") + para("nets") + f"<w:tbl>{rows}</w:tbl>" + para("", "1", 1)
    assert lines(body, numbering) == ["Article 1", "ships", "Article 2", "nets", "1. | oak", "3. | ash"]


def test_what_stands_between_number_and_text() -> None:
    near = '<w:suff w:val="nothing"/>'
    numbering = kind(0, level(0, "decimal", "§%1", near), level(1, "decimal", "ART %2", near)) + num(1, 0)
    broken = para("x", "1", 1).replace("<w:t>x", "<w:br/><w:t>NAMES")
    assert lines(para(" a", "1") + para("-b", "1") + broken, numbering) == ["§1 a", "§2-b", "ART 1", "NAMES"]


def test_a_list_may_take_its_levels_from_a_style_of_lists() -> None:
    numbering = (
        '<w:abstractNum w:abstractNumId="1"><w:numStyleLink w:val="Laws"/></w:abstractNum>'
        + kind(2, '<w:styleLink w:val="Laws"/>', level(0, "ordinal", "%1"))
        + num(1, 1)
    )
    assert lines(para("x", "1") + para("y", "1"), numbering) == ["1st x", "2nd y"]


def test_damaged_lists_lose_the_numbers_only() -> None:
    data = word(para("a", "1"), numbering=LAW)
    read = Read(changed(data, {"word/numbering.xml": b"<w:numbering"}), "a.docx")
    assert read.text == "a"
    assert any("numbers of its lists" in said for said in read.notes[0].warnings)


STYLE = f'xmlns:style="{OFFICE}style:1.0" xmlns:loext="urn:x"'


def list_style(name: str, *levels: str) -> str:
    return f'<text:list-style style:name="{name}">{"".join(levels)}</text:list-style>'


def list_level(depth: int, form: str, more: str = "", kind: str = "list-level-style-number") -> str:
    return f'<text:{kind} text:level="{depth}" style:num-format="{form}" {more}/>'


def document(body: str, *, automatic: str = "", styles: str = "") -> bytes:
    parts = {
        "content": f"<office:automatic-styles>{automatic}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body>",
        "styles": f"<office:styles>{styles}</office:styles>",
    }
    members: dict[str, str | bytes] = {"mimetype": "application/vnd.oasis.opendocument.text"}
    for name, said in parts.items():
        members[f"{name}.xml"] = f"<office:document-{name} {NAMES} {STYLE}>{said}</office:document-{name}>"
    return zipped(members)


def told(body: str, *, automatic: str = "", styles: str = "") -> list[str]:
    return Read(document(body, automatic=automatic, styles=styles), "a.odt").text.split("\n")


def items(*said: str, style: str = "", more: str = "") -> str:
    named = f'text:style-name="{style}"' if style else ""
    return f"<text:list {named} {more}>{''.join(f'<text:list-item>{one}</text:list-item>' for one in said)}</text:list>"


def p(text: str) -> str:
    return f"<text:p>{text}</text:p>"


CLAUSES = list_style(
    "L1",
    list_level(1, "I", 'style:num-prefix="Part " style:num-suffix="."'),
    list_level(2, "1", 'style:num-suffix=")" text:display-levels="2" text:start-value="4"'),
    list_level(3, "a", 'style:num-prefix="(" style:num-suffix=")" style:num-letter-sync="true"'),
    list_level(4, "", "", "list-level-style-bullet"),
)


def test_open_document_lists_are_numbered_at_every_level() -> None:
    body = items(
        p("seas") + p("goes on"),
        p("lakes") + items(p("salt") + items(p("dead"), items(p("dot"))), p("sweet")),
        style="L1",
    ) + items(p("rivers"), style="L1")
    assert told(body, automatic=CLAUSES) == [
        "Part I. seas", "goes on", "Part II. lakes", "II.4) salt", "(a) dead", "dot", "II.5) sweet", "Part I. rivers",
    ]  # fmt: skip


def test_open_document_lists_go_on_where_they_say_so() -> None:
    said = 'text:continue-numbering="true"'
    body = (
        items(p("a"), p("b"), style="L1", more='xml:id="one"')
        + items(p("x"), style="L2")
        + items(items(p("c")), style="L1", more='text:continue-list="one"')
        + items(p("d"), style="L1", more=said)
        + items(p("y"), style="L2").replace("<text:list-item>", '<text:list-item text:start-value="9">')
        + items(p("z"), style="L2", more=said).replace("<text:list-item>", '<text:list-item text:style-override="L3">')
        + "<text:list text:style-name='L2'><text:list-header><text:p>top</text:p></text:list-header></text:list>"
    )
    lists = CLAUSES + list_style("L2", list_level(1, "1")) + list_style("L3", list_level(1, "A"))
    expected = ["Part I. a", "Part II. b", "1 x", "II.4) c", "Part III. d", "9 y", "J z", "top"]
    assert told(body, automatic=lists) == expected


def test_open_document_headings_are_numbered_by_the_outline_and_so_is_the_heading_path() -> None:
    styles = (
        '<text:outline-style style:name="Outline">'
        + list_level(1, "1", kind="outline-level-style")
        + list_level(2, "1", 'text:display-levels="2"', "outline-level-style")
        + '</text:outline-style><style:style style:name="H" style:family="paragraph" style:default-outline-level="1"/>'
        '<style:style style:name="N" style:family="paragraph" style:parent-style-name="H" style:list-style-name=""/>'
    )
    heading = '<text:h text:style-name="{1}" text:outline-level="{2}">{0}</text:h>'
    body = (
        heading.format("Purpose", "H", 1) + heading.format("Rules", "H", 1) + heading.format("Scope", "H", 2)
        + p("herring") + heading.format("Loose", "N", 1) + p("cod") + heading.format("Terms", "H", 1)
        + '<text:h text:outline-level="1"><text:number>9.</text:number>Told</text:h>' + p("eel")
    )  # fmt: skip
    read = Read(document(body, styles=styles), "a.odt")
    assert [read.heading(said) for said in ("2 Rules", "2.1 Scope", "Loose", "3 Terms", "9. Told", "eel")] == [
        "Rules › Scope", "Rules › Scope", "Loose", "Terms", "Told", "Told",
    ]  # fmt: skip


def test_lists_in_cells_boxes_and_notes_of_open_documents() -> None:
    cell = "<table:table-cell>{}</table:table-cell>"
    row = (
        f"<table:table-row>{cell.format(items(p('oak'), p('ash'), style='L2'))}{cell.format(p('x'))}</table:table-row>"
    )
    box = f"<draw:frame><draw:text-box>{items(p('in a box'), style='L2')}</draw:text-box></draw:frame>"
    body = items(p("a" + box), p("b") + f"<table:table>{row}</table:table>", p("c"), style="L2")
    lists = list_style("L2", list_level(1, "1", 'style:num-suffix="."'))
    assert told(body, automatic=lists) == ["1. a", "1. in a box", "2. b", "1. oak 2. ash\tx", "3. c"]


def test_an_empty_item_counts_and_an_odd_form_of_numbers_is_followed() -> None:
    odd = list_level(1, "A", 'loext:num-list-format="Article-%1%:" style:num-prefix="no"')
    body = items(p("a"), p(""), p("c"), style="L2")
    assert told(body, automatic=list_style("L2", list_level(1, "a", 'style:num-suffix=")"'))) == ["a) a", "c) c"]
    assert told(body, automatic=list_style("L2", odd)) == ["Article-A: a", "Article-B:", "Article-C: c"]


def test_flat_open_documents_are_numbered_too_and_give_their_headers() -> None:
    header = "<style:master-page><style:header><text:p>running head</text:p></style:header></style:master-page>"
    data = (
        f"<office:document {NAMES} {STYLE} office:mimetype='application/vnd.oasis.opendocument.text'>"
        f"<office:styles>{CLAUSES}</office:styles><office:automatic-styles/><office:master-styles>{header}"
        f"</office:master-styles><office:body><office:text>{items(p('seas'), style='L1')}</office:text></office:body>"
        "</office:document>"
    )
    assert Read(data.encode(), "a.fodt").text.split("\n") == ["Part I. seas", "running head"]


RTF_FONTS = r"{\fonttbl{\f0\fcharset0 Arial;}{\f3\fcharset2 Wingdings;}}"
WORDS_WAY = r"{\listtext\pard\plain\ltrpar \rtlch\fcs1 \af0 \ltrch\fcs0 \f%s\hich\af0\dbch\af0\loch\f%s %s\tab}"


def of_word(number: str, font: int = 0) -> str:
    return WORDS_WAY % (font, font, number)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (of_word("1.") + r"\pard\plain\ls1 seas\par " + of_word("a)") + r"\pard\ls1\ilvl1 lakes\par", ["1. seas", "a) lakes"]),
        (r"\pard\plain\ls1{\listtext\pard\plain 2.1\tab}\ilvl0 seas\par\pard on\par", ["2.1 seas", "on"]),  # LibreOffice's
        (r"\pard{\pntext\f0 IV.\tab}{\*\pn\pnlvlbody{\pntxta .}}seas\par{\pntext\f0 V.}{\listtext V.\tab}x\par", ["IV. seas", "V.x"]),
        (of_word(r"\'b7", 3) + r"a\par" + of_word(r"\'d8", 3) + r"b\par" + of_word("o") + r"c\par" + of_word(r"\u-3913?") + r"d\par", list("abcd")),
        (of_word("1.") + r"\pard a\par" + of_word("2.") + r"\pard\par" + of_word("3.") + r"\pard c\par", ["1. a", "3. c"]),
        (of_word("Article 5") + r"\pard\par ships\par", ["Article 5", "ships"]),
        (r"\trowd\intbl " + of_word("1.") + r"\pard\intbl oak\cell " + of_word("2.") + r"\pard ash\cell\row\pard x\par", ["1. oak\t2. ash", "x"]),
        (r"word{\footnote " + of_word("1.") + r"\pard a note}\par", ["word", "1. a note"]),
    ],
)  # fmt: skip
def test_rtf_lists_have_the_numbers_that_were_shown(body: str, expected: list[str]) -> None:
    assert texts("{\\rtf1\\ansi\\deff0" + RTF_FONTS + body + "}") == expected


def test_rtf_headings_keep_their_level_behind_their_number() -> None:
    styles = r"{\rtf1{\stylesheet{\s0 Normal;}{\s3 heading 2;}}"
    word_s = of_word("2.1") + r"\pard\plain\s3 Scope\par\pard\s0 text\par"
    other = r"\pard\plain\s3{\listtext\pard\plain\s0 2.2\tab}\ilvl1 Terms\par}"
    assert [(block.text, block.level, block.name) for block in rtf(styles + word_s + other)] == [
        ("2.1 Scope", 2, "Scope"), ("text", 0, None), ("2.2 Terms", 2, "Terms"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (numbers.roman, {1: "i", 4: "iv", 1999: "mcmxcix", 0: "0", 5000: "5000"}),
        (numbers.letters, {1: "a", 26: "z", 27: "aa", 53: "aaa", 0: "0", 9999: "9999"}),
        (numbers.letters_in_turn, {1: "a", 27: "aa", 28: "ab", 703: "aaa", 0: "0"}),
        (numbers.capital(numbers.russian), {1: "А", 3: "В"}),
        (numbers.ordinal, {1: "1st", 2: "2nd", 3: "3rd", 11: "11th", 112: "112th", 23: "23rd"}),
        (numbers.circled, {1: "①", 20: "⑳", 21: "21"}),
        (numbers.wide, {12: "１２"}),
        (numbers.dashed, {3: "- 3 -"}),
        (numbers.han_digits, {10: "一〇"}),
        (numbers.han, {1: "一", 10: "十", 12: "十二", 20: "二十", 105: "一百零五", 110: "一百一十", 1010: "一千零一十", 1260: "一千二百六十"}),
        (numbers.japanese, {10: "十", 105: "百五", 234: "二百三十四", 10_000: "10000"}),
    ],
)  # fmt: skip
def test_forms_of_numbers(write: "object", expected: dict[int, str]) -> None:
    assert callable(write) and {number: write(number) for number in expected} == expected


@given(
    st.lists(st.tuples(st.integers(0, 9), st.one_of(st.none(), st.integers(0, 10**6))), max_size=40),
    st.text(max_size=9),
)
def test_any_order_of_levels_is_counted(steps: list[tuple[int, int | None]], text: str) -> None:
    levels: list[Level | None] = [
        Level(numbers.roman, f"%{depth}%{depth + 1}{text}", restart=depth) for depth in range(1, 9)
    ]
    counter = Counter()
    for depth, start in steps:
        counter.step(levels, depth, start)
        assert isinstance(counter.label(levels, depth), str)
