"""XML that programs for writing keep: FictionBook, and documents of Word 2003."""

from ingest_desktop.extraction.readers.xml_data import XmlReader, xml_blocks

from .data_kit import given_by

BOOK = (
    '<?xml version="1.0"?><FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"><description><title-info>'
    "<book-title>Lamps</book-title></title-info></description><body><title><p>Lamps</p><p>A tale</p></title><section>"
    "<title><p>One</p></title><p>It <emphasis>burns</emphasis>.</p><p>All night.</p></section></body></FictionBook>"
)
LETTER = (
    '<?xml version="1.0"?><?mso-application progid="Word.Document"?>'
    '<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml" xmlns:o="urn:o">'
    "<o:DocumentProperties><o:Title>Tea</o:Title><o:Author>Ana</o:Author></o:DocumentProperties><w:body>"
    '<w:p><w:pPr><w:jc w:val="left"/></w:pPr><w:r><w:rPr><w:b/><w:sz w:val="24"/></w:rPr><w:t>Co</w:t></w:r>'
    "<w:r><w:t>me at</w:t></w:r><w:r><w:tab/><w:t>five</w:t></w:r></w:p>"
    "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>leaf</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>cup</w:t></w:r></w:p></w:tc></w:tr>"
    "</w:tbl></w:body></w:wordDocument>"
)


def test_titles_of_fiction_books_are_headings() -> None:
    found = [(block.level, block.text) for block in xml_blocks(BOOK)[0]]
    assert found == [(0, "Lamps"), (1, "Lamps A tale"), (2, "One"), (0, "It burns."), (0, "All night.")]
    assert given_by(XmlReader(), BOOK).plan.title == "Lamps"


def test_paragraphs_of_word_2003_are_whole() -> None:
    assert [block.text for block in xml_blocks(LETTER)[0]] == ["Tea", "Ana", "Come at five", "leaf", "cup"]
