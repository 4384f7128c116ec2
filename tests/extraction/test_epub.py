"""What the reader makes of books."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceMalformed, UnsupportedFormat
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes
from ingest_desktop.domain.models import Location
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.readers.epub import EpubReader, as_page, cut, placed

from . import blocks_kit
from .blocks_kit import OPTIONS, texts
from .conftest import CORPUS, memory

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
    'full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
PAGE = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body>{}</body></html>'
OPF = (
    '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
    "<dc:title>The Book</dc:title><dc:creator>Ana</dc:creator><dc:creator>Ben</dc:creator><dc:language>en</dc:language>"
    '</metadata><manifest>{items}</manifest><spine toc="ncx">{spine}</spine></package>'
)


def opf(*files: str, more: str = "") -> str:
    items = "".join(
        f'<item id="i{number}" href="{file}" media-type="application/xhtml+xml"/>' for number, file in enumerate(files)
    )
    return OPF.format(items=items + more, spine="".join(f'<itemref idref="i{n}"/>' for n in range(len(files))))


def pack(members: dict[str, str | bytes], mark: bool = True) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        if mark:
            archive.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def book(files: dict[str, str | bytes], more: str = "", extra: dict[str, str | bytes] | None = None) -> bytes:
    """A book of these files, in their order."""
    members: dict[str, str | bytes] = {"META-INF/container.xml": CONTAINER, "OEBPS/content.opf": opf(*files, more=more)}
    return pack({**members, **{f"OEBPS/{name}": data for name, data in files.items()}, **(extra or {})})


def tell(data: bytes, options: ExtractOptions = OPTIONS) -> tuple[ReaderPlan, list[Block], SegmentNotes]:
    return blocks_kit.tell(EpubReader(), data, "a.epub", options)


NAV = '<item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
NAVIGATION = PAGE.format(
    '<nav xmlns:epub="http://www.idpf.org/2007/ops" epub:type="landmarks"><ol><li><a href="a.xhtml">Start</a></li></ol>'
    '</nav><nav xmlns:epub="http://www.idpf.org/2007/ops" epub:type="toc"><ol><li><span>Part I</span><ol>'
    '<li><a href="a.xhtml">Chapter 1</a></li><li><a href="b%20b.xhtml#x">Chapter 2</a></li></ol></li></ol></nav>'
)
NCX = (
    '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>',
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Part I</text></navLabel>'
    '<content src="a.xhtml"/><navPoint><navLabel><text>Chapter 2</text></navLabel><content src="b%20b.xhtml#x"/>'
    "</navPoint></navPoint></navMap></ncx>",
)
TWO: dict[str, str | bytes] = {
    "a.xhtml": PAGE.format("<h2>Chapter 1: Tea</h2><p>Green.</p><h3>Black</h3><p>Strong.</p>"),
    "b b.xhtml": PAGE.format("<p>No heading here.</p>"),
    "c.xhtml": PAGE.format("<p>It goes on.</p>"),
}


def test_book_gives_chapters_in_order_below_the_titles_of_its_contents() -> None:
    plan, blocks, notes = tell(book(TWO, NAV, {"OEBPS/nav.xhtml": NAVIGATION}))

    assert (plan.unit, plan.units, plan.title) == ("chapter", 3, "The Book")
    assert plan.metadata["creator"] == "Ana; Ben"
    assert plan.metadata["language"] == "en"
    assert texts(blocks) == ["Chapter 1: Tea", "Green.", "Black", "Strong.", "No heading here.", "It goes on."]
    paths = [block.path for block in blocks if block.path is not None]
    assert ("The Book", "Part I", "Chapter 1: Tea") in paths
    assert ("The Book", "Part I", "Chapter 1: Tea", "Black") in paths
    assert paths[-2:] == [("The Book", "Part I", "Chapter 2")] * 2  # the third file goes on with the second
    assert [dict(block.extra)["chapter"] for block in blocks][-1] == 3
    assert Location(**dict(blocks[-1].extra)).chapter == 3
    assert (notes.units_seen, notes.units_with_text, notes.units_failed) == (3, 3, [])


def test_older_books_have_their_contents_in_a_file_of_their_own() -> None:
    _, blocks, _ = tell(book(TWO, NCX[0], {"OEBPS/toc.ncx": NCX[1]}))
    paths = [block.path for block in blocks if block.path is not None]
    assert paths[0] == ("The Book", "Part I")
    assert ("The Book", "Part I", "Chapter 2") in paths


def test_each_segment_is_read_on_its_own() -> None:
    whole = tell(book(TWO, NAV, {"OEBPS/nav.xhtml": NAVIGATION}))
    cut_up = tell(book(TWO, NAV, {"OEBPS/nav.xhtml": NAVIGATION}), ExtractOptions(segment_bytes=100))
    assert len(cut_up[0].segments) == 3
    assert cut_up[1] == whole[1]
    assert cut_up[2] == whole[2]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30), st.integers(1, 100))
def test_segments_hold_all_chapters_once(sizes: list[int], most: int) -> None:
    segments = cut(sizes, most)
    assert [number for segment in segments for number in range(segment.start, segment.stop)] == list(
        range(1, len(sizes) + 1)
    )
    assert all(
        sum(sizes[segment.start - 1 : segment.stop - 1]) <= most or segment.stop - segment.start == 1
        for segment in segments
        if min(sizes) > 0
    )


def test_tags_that_xml_closes_at_once_do_not_swallow_the_chapter() -> None:
    page = '<?xml version="1.0"?><html><head><title/><script src="x"/></head><body><div class="a>b"/><p>Here.</p>'
    assert texts(tell(book({"a.xhtml": page + "<p>a<![CDATA[<b> & c]]></p></body></html>"}))[1]) == ["Here.\na<b> & c"]


def test_chapters_in_another_encoding() -> None:
    declared = '<?xml version="1.0" encoding="windows-1251"?>' + PAGE.format("<p>Привет всем</p>")
    assert texts(tell(book({"a.xhtml": declared.encode("cp1251")}))[1]) == ["Привет всем"]
    assert "Größe".encode() in as_page(PAGE.format("Größe").encode("utf-16"))


def test_headings_that_the_contents_name_stand_where_they_say() -> None:
    blocks = [Block("Chapter 1", 1), Block("x"), Block("Deeper", 2), Block("Chapter 2", 1), Block("y")]
    paths = {"chapter 1": ("Part", "Chapter 1"), "chapter 2": ("Part", "Chapter 2")}
    found = [block.path for block in placed(blocks, ("Part", "Chapter 1"), paths) if block.text and block.level]
    assert found == [("Part", "Chapter 1"), ("Part", "Chapter 1", "Deeper"), ("Part", "Chapter 2")]
    two = [Block("CHAPTER I", 2), Block("The Storm", 2), Block("x")]
    assert [block.text for block in placed(two, (), {}) if block.level] == ["CHAPTER I The Storm"]


def test_files_that_are_missing_or_damaged_are_named_and_the_rest_is_kept() -> None:
    data = book({**TWO, "lost.xhtml": PAGE.format("<p>unique words to damage</p>" * 30)})
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            if "b b" not in name:
                new.writestr(name, old.read(name))
    lost = bytearray(stream.getvalue())
    lost[lost.index(b"unique words")] ^= 1
    _, blocks, notes = tell(bytes(lost))

    assert [number for number, _ in notes.units_failed] == [2, 4]
    assert texts(blocks)[-1] == "It goes on."
    assert (notes.units_seen, notes.units_with_text) == (4, 2)


@pytest.mark.parametrize(
    "members",
    [
        {"OEBPS/content.opf": "<package><not closed"},
        {},
        {"META-INF/container.xml": CONTAINER},
        {"META-INF/container.xml": CONTAINER, "OEBPS/content.opf": OPF.format(items="", spine="")},
        {"META-INF/container.xml": "&&&", "OEBPS/content.opf": '<!DOCTYPE a [<!ENTITY x "y">]><package>&x;</package>'},
    ],
)
def test_book_without_an_order_is_read_in_the_order_of_names(members: dict[str, str | bytes]) -> None:
    pages: dict[str, str | bytes] = {f"text/ch{n}.html": PAGE.format(f"<p>Chapter {n}") for n in (10, 2, 1)}
    plan, blocks, _ = tell(pack({**members, **pages, "__MACOSX/text/ch1.html": "x"}))
    assert texts(blocks) == ["Chapter 1", "Chapter 2", "Chapter 10"]
    assert len(plan.warnings) == 1


def encryption(method: str, file: str) -> dict[str, str | bytes]:
    return {
        "META-INF/encryption.xml": '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
        f'<e:EncryptionMethod Algorithm="{method}"/><e:CipherData><e:CipherReference URI="{file}"/></e:CipherData>'
        "</e:EncryptedData></encryption>"
    }


def test_locked_books_are_told_from_those_with_locked_fonts() -> None:
    aes = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
    with pytest.raises(UnsupportedFormat, match="DRM"):  # not one that a password opens
        tell(book(TWO, extra=encryption(aes, "OEBPS/b%20b.xhtml")))
    for method, file in ((aes, "OEBPS/font.otf"), ("http://www.idpf.org/2008/embedding", "OEBPS/font.otf")):
        assert len(texts(tell(book(TWO, extra=encryption(method, file)))[1])) == 6


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('the word<a epub:type="noteref" href="#n1">1</a> goes', "the word 1 goes"),
        ('the <em>word</em><sup><a href="#n1">[12]</a></sup> goes', "the word [12] goes"),
        ('the wörd<a class="noteref" href="#n1"><sup>3</sup></a> goes', "the wörd 3 goes"),
        ("of 5 km<sup>2</sup>, H<sub>2</sub>O, a<sup>n</sup>", "of 5 km2, H2O, an"),
    ],
)
def test_words_do_not_grow_together_with_the_signs_of_notes(written: str, shown: str) -> None:
    _, blocks, _ = tell(book({"a.xhtml": PAGE.format(f"<p>{written}</p>")}))
    assert texts(blocks) == [shown]


def test_limits_are_kept() -> None:
    big: dict[str, str | bytes] = {"a.xhtml": PAGE.format("<p>x" * 100_000)}
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        tell(book(big), ExtractOptions(max_expanded_bytes=50_000))
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_OUTPUT_CHARS"):
        tell(book(big), ExtractOptions(max_output_chars=50_000))


def test_books_are_known_by_what_is_in_them() -> None:
    members: dict[str, str | bytes] = {"META-INF/container.xml": CONTAINER, "OEBPS/content.opf": opf("a.xhtml")}
    assert detect.kind_of(memory(pack(members, mark=False), "a.zip")) == kinds.EPUB
    assert detect.kind_of(memory(pack({"mimetype": "application/epub+zip\r\n", **members}, mark=False))) == kinds.EPUB
    assert detect.kind_of(memory(book(TWO))) == kinds.EPUB


def test_books_that_hold_nothing() -> None:
    with pytest.raises(SourceMalformed):
        tell(pack({"a.png": b"x"}))
    with pytest.raises(SourceMalformed):
        tell(book(TWO)[:300])
    _, blocks, notes = tell(book({"a.xhtml": PAGE.format('<img src="x.png"/>')}))
    assert texts(blocks) == []
    assert (notes.units_seen, notes.units_with_text) == (1, 0)


SEED = (CORPUS / "files" / "text" / "two_chapters.epub").read_bytes()


@settings(deadline=None)
@given(st.data())
def test_mutated_books_end_in_text_or_in_one_of_our_errors(data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(SEED)) as good:
        members = {name: bytearray(good.read(name)) for name in good.namelist()}
    name = data.draw(st.sampled_from(sorted(members)))
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(members[name])))
        members[name][place : place + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=12))
    whole = bytearray(pack({name: bytes(member) for name, member in members.items()}, mark=False))
    if data.draw(st.booleans()):
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        tell(bytes(whole))
    except IngestError as error:
        assert str(error).endswith(".")
