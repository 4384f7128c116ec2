"""XML that programs write ill-formed, that breaks off, or that says all in its attributes, such as backups of messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.extraction.readers import xml_repair
from ingest_desktop.extraction.readers.xml_data import stripped, xml_blocks

from .office_kit import Read

ROW = '  <sms address="+49 89 {0}" body="Bring kettle number {0} &amp; tea" />\n'
ROWS = [ROW.format(number) for number in range(1, 201)]
HEAD = "<?xml version='1.0' encoding='UTF-8' ?>\n<smses count=\"200\">\n"
WHOLE = HEAD + "".join(ROWS) + "</smses>"
PICTURE = "QUJDREVGRw" * 600


def said(text: str) -> Read:
    return Read(text.encode(), "sms.xml")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("number 150 &#55357;&#56832; ", "number 150 \U0001f600 "),
        ("number 150 &#xD83D;&#xDE00; ", "number 150 \U0001f600 "),
        ("number 150 &#0;", "number 150"),
        ("number 150 \x0b\x1f", "number 150"),
        ("number 150 & < 3 &nbsp;&foo;", "number 150 & < 3 &foo;"),
    ],
)
def test_what_programs_write_wrong_is_put_right(wrong: str, right: str) -> None:
    read = said(WHOLE.replace("number 150", wrong))
    assert right in read.text and read.text.count("kettle number") == 200
    (warning,) = read.notes[0].warnings
    assert warning.startswith("It is no well-formed XML (line 152: ") and warning.endswith("was passed over.")
    row = next(row for row in read.rows if "number 150" in row.text)
    assert (row.line_start or 0) <= 152 <= (row.line_end or 0)


@pytest.mark.parametrize(
    "cut", [WHOLE[:-100], WHOLE[:-200] + '</a><sms body="kettle number 0"/>', WHOLE + "<b>and more</b>"]
)
def test_what_stands_before_a_break_is_read_as_it_was(cut: str) -> None:
    read = said(cut)
    assert read.text.count("kettle number") >= 197
    assert "sms address=+49 89 7, body=Bring kettle number 7 & tea" in read.text
    assert "from there on it was read with its tags taken out" in read.notes[0].warnings[0]


def test_text_before_a_break_within_a_tag_keeps_its_line() -> None:
    blocks, broken = xml_blocks("<a>\n<b>x</b>\nwords\nand more\n<c d='1'\n\n e=2>end</c></a>")
    assert [(block.text, block.line_start) for block in blocks][-1] == ("a: words and more", 3)
    assert broken is not None and broken.line == 5 and broken.rest.startswith("<c d")


def test_what_stands_behind_a_break_keeps_its_attributes_and_lines() -> None:
    broken = HEAD + "".join(ROWS[:100]) + "</wrong>\n" + "".join(ROWS[100:]) + "</smses>"
    read = said(broken)
    assert "body=Bring kettle number 101 & tea" in read.text
    row = next(row for row in read.rows if "number 150 " in row.text)
    assert (row.line_start or 0) <= 153 <= (row.line_end or 0)


def test_a_file_that_is_too_large_for_a_tree_keeps_its_attributes_and_no_pictures() -> None:
    part = f'<part ct="image/jpeg" data="{"QUJD" * 400_000}" />\n'
    read = said(HEAD + "".join(ROWS[:100]) + part * 11 + "".join(ROWS[100:]) + "</smses>")
    assert len(read.notes) > 1 and read.notes[0].warnings == ["The file is large; it was read with its tags taken out."]
    assert read.text.count("kettle number") == 200 and "sms address=+49 89 7, body=Bring" in read.text
    assert "QUJDQUJD" not in read.text and "ct=image/jpeg" in read.text


def test_long_messages_stay_and_packed_pictures_go() -> None:
    words = "a long message of many words " * 100
    read = said(
        f'<a><sms body="{words}"/><mms data="{PICTURE}" name="p.jpg"/><b>{PICTURE}</b><q>{words}</q><r>{"x" * 3000}é</r></a>'
    )
    assert read.text.count("many words") >= 190 and "name=p.jpg" in read.text and "xxxé" in read.text
    assert "QUJD" not in read.text
    assert read.notes[0].warnings == ["Files that are packed in it, such as pictures, were left out."]


def test_documents_that_break_off_keep_their_attributes_to_themselves() -> None:
    read = said(
        "<book><chapter id='c1'><title>Tides</title>"
        + "<para role='x1'>Low water at six.</para>" * 9
        + "</wrong><para role='x2'>High &mdash; tide."
    )
    assert "x1" not in read.text and "x2" not in read.text and "High \u2014 tide." in read.text
    assert read.text.count("Low water") == 9


def test_pages_in_notes_and_feeds_are_read_as_pages() -> None:
    note = "<?xml version='1.0'?><en-note><div>Sow <b>bean</b>s &amp; peas</div><ul><li>Buy a spade</li></ul><br/></en-note>"
    read = said(
        f"<en-export><note><title>Garden</title><content><![CDATA[{note * 9}]]></content><tag>a &lt; b</tag></note></en-export>"
    )
    assert "content: Sow beans & peas\nBuy a spade" in read.text and "tag: a < b" in read.text
    feed = "<item><title>One</title><description>&lt;p&gt;Short &lt;i&gt;egret&lt;/i&gt;&amp;#8217;s&lt;/p&gt;</description></item>"
    assert "description: Short egret\u2019s" in said(f"<rss>{feed}</rss>").text
    book = "<book><para>The end of a paragraph is written <literal>&lt;/p&gt;</literal> in a page.</para></book>"
    assert "</p>" in said(book).text


@given(st.text("<>&;#x\"'=/ aD8\n\x0b\U0001f600é!-[]?", max_size=60))
def test_repair_keeps_lines_and_words(text: str) -> None:
    assert xml_repair.repaired(text).count("\n") == text.count("\n")
    blocks, broken = xml_blocks(xml_repair.repaired(f"<a>{text}</a>"))
    assert all(block.text.strip() for block in blocks)
    assert broken is None or broken.line >= 1


@given(st.text(max_size=200).filter(lambda text: not set(text) & set("<>&\r") and text.isprintable()))
def test_good_text_is_no_worse_for_repair(text: str) -> None:
    assert xml_repair.repaired(text) == text


def test_each_of_many_paragraphs_has_its_line_however_far_it_is() -> None:
    blocks = list(stripped("<doc>\n\n" + "word\n\n" * 200_000 + "last words<", 5))
    assert (blocks[-1].text, blocks[-1].line_start) == ("last words<", 400_007)
