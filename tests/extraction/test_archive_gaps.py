"""What of an archive could not be read is told, once, by its member; and what the recipe tells of it."""

import base64
import gzip
import zipfile
from dataclasses import replace

from ingest_desktop.bootstrap import recipe_is_current
from ingest_desktop.domain.wire import ExtractOptions, recipe_of
from ingest_desktop.extraction import nested
from ingest_desktop.extraction.versions import VERSIONS

from .archive_kit import NO_OCR, OLD, RIGHT, TWO, got, zipped

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==")


def test_gaps_have_the_number_of_the_member_in_the_whole_archive_and_each_is_told_once() -> None:
    members = [(f"{number:03}.txt", b"text") for number in range(260)]
    inner = zipped(("ok.txt", b"fine"), ("bad.pdf", b"%PDF-1.7 nothing"), ("bad.docx", b"PK\x03\x04" + bytes(60)))
    members[1:1] = [("in.zip", inner)]
    members[256:256] = [("late.pdf", b"%PDF-1.7 nothing")]
    found = got(zipped(*members))
    assert [number for number, _ in found.gaps] == [2, 257]
    assert found.gaps[0][1].startswith("in.zip/bad.pdf: ")
    assert " in.zip/bad.docx: " in found.gaps[0][1]
    assert found.gaps[1][1].startswith("late.pdf: ")
    assert found.warnings == []
    assert found.parts["in.zip/ok.txt"] == "fine"


def test_what_is_said_of_many_files_is_one_warning() -> None:
    found = got(zipped(*((f"{n}.png", PNG) for n in range(30)), ("a.txt", b"text")), options=ExtractOptions(ocr=False))
    assert found.gaps == []
    (warning,) = found.warnings
    assert warning.startswith("0.png and 29 more: ")
    assert "INGESTION_OCR" in warning


def test_a_member_that_goes_over_a_limit_of_its_own_does_not_lose_the_others() -> None:
    bomb = zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", bytes(20 * 1024 * 1024)))
    found = got(zipped(("bomb.docx", bomb), ("zeros.zip", zipped(("0.txt", bytes(40 << 20)))), *TWO))
    assert found.parts.keys() == {"one.txt", "folder/two.md"}
    assert [number for number, _ in found.gaps] == [1, 2]
    assert all("(INGESTION_MAX_RATIO)" in why for _, why in found.gaps)


def test_a_gap_tells_of_a_few_files_and_counts_the_others() -> None:
    inner = zipped(*((f"{number:03}.pdf", b"%PDF-1.7 nothing") for number in range(100)), ("ok.txt", b"fine"))
    ((number, why),) = got(zipped(("in.zip", inner))).gaps
    assert number == 1
    assert len(why) < 2500
    assert why.endswith(" more.")


def test_segments_share_what_the_archive_may_take() -> None:
    bomb = zipped(*((f"{number}.txt", b"x" * 100_000) for number in range(10)))
    members = [(f"{number:04}.zip", bomb) for number in range(1000)]
    found = got(zipped(*members), options=ExtractOptions(max_expanded_bytes=40_000_000, max_members=100_000))
    assert len(found.plan.segments) == 4
    assert 20 < len({part.partition("/")[0] for part in found.parts}) <= 40
    assert len(found.gaps) == 8  # in each segment: the one that was too much, and all after it
    assert all("its share" in why and "INGESTION_MAX_EXPANDED_BYTES" in why for _, why in found.gaps)


def test_dense_packages_in_an_archive_count() -> None:
    package = zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", bytes(7 * 1024 * 1024)))
    found = got(
        zipped(*TWO, *((f"{number}.docx", package) for number in range(9)), method=zipfile.ZIP_STORED),
        options=ExtractOptions(max_expanded_bytes=20_000_000, max_ratio=10_000),
    )
    assert "not looked at" in found.gaps[-1][1]
    assert "INGESTION_MAX_EXPANDED_BYTES" in found.gaps[-1][1]


def test_the_recipe_changes_with_what_shapes_the_text_of_members() -> None:
    plain = ExtractOptions(ocr=False)
    found = got(zipped(*TWO), options=plain).plan.shape
    assert found == nested.shape(plain) == got(gzip.compress(b"text"), "a.gz", plain).plan.shape
    for change in ("max_members", "max_expanded_bytes", "max_depth", "max_ratio", "max_pages", "max_output_chars"):
        other = replace(plain, **{change: getattr(plain, change) + 1})
        assert got(zipped(*TWO), options=other).plan.shape != found
    assert got(zipped(*TWO), options=replace(plain, chunk_chars=500)).plan.shape == found


def test_a_stored_recipe_of_an_archive_is_current_until_what_shapes_its_members_changes() -> None:
    recipe = recipe_of("zip", VERSIONS["zip"], NO_OCR, "member", got(OLD, options=NO_OCR, passwords=RIGHT).plan.shape)
    assert "unlocked=2" in recipe
    assert recipe_is_current(recipe, NO_OCR)
    assert not recipe_is_current(recipe, replace(NO_OCR, max_depth=2))


def test_documents_of_pages_say_that_their_text_was_not_read() -> None:
    iwa = b"\0\x12\x34" + bytes(range(256)) * 9
    found = got(zipped(("Index/Document.iwa", iwa), ("Metadata/note.txt", b"a word of it")), "letter.pages")
    assert "a word of it" in found.text
    ((number, why),) = found.gaps
    assert number == 3 and "save it there as PDF" in why
