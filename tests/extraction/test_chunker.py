"""The chunker's rules: nothing lost, nothing too long, places true, cut where a reader would."""

import json
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import LimitExceeded
from ingest_desktop.domain.interfaces.extraction import Block
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.chunker import chunk_blocks

WORDS = st.text(alphabet="ab. \n\t京都é\u0301😀!?", max_size=400)
BLOCKS = st.lists(
    st.builds(
        Block,
        text=WORDS,
        level=st.sampled_from([0, 0, 0, 1, 2, 3]),
        line_start=st.none(),
        extra=st.just(()),
        path=st.none(),
        page=st.sampled_from([None, 1, 2]),
        keep=st.booleans(),
        box=st.none(),
        last=st.booleans(),
    ),
    max_size=8,
)
SIZES = st.integers(100, 300)


def solid(text: str) -> str:
    return "".join(text.split())


@given(BLOCKS, SIZES)
def test_no_text_is_lost_and_no_chunk_is_too_long(blocks: list[Block], size: int) -> None:
    rows = chunk_blocks(blocks, ExtractOptions(chunk_chars=size))
    assert solid("".join(row.text for row in rows)) == solid("".join(block.text for block in blocks))
    assert all(0 < len(row.text) <= size for row in rows)
    assert all(row.text == row.text.strip() for row in rows)
    assert rows == chunk_blocks(blocks, ExtractOptions(chunk_chars=size))


@given(BLOCKS, SIZES)
def test_a_chunk_never_spans_pages(blocks: list[Block], size: int) -> None:
    rows = chunk_blocks(blocks, ExtractOptions(chunk_chars=size))
    for page in (None, 1, 2):
        there = "".join(row.text for row in rows if row.page == page)
        assert solid(there) == solid("".join(block.text for block in blocks if block.page == page))


@given(st.text(alphabet="ab .\n", max_size=2000), SIZES, st.integers(1, 1000))
def test_lines_are_those_of_the_source(text: str, size: int, first: int) -> None:
    lines = text.split("\n")
    for row in chunk_blocks([Block(text, line_start=first)], ExtractOptions(chunk_chars=size)):
        assert row.line_start is not None
        assert row.line_end is not None
        assert row.line_end - row.line_start == row.text.count("\n")
        for number, line in enumerate(row.text.split("\n"), row.line_start - first):
            assert line in lines[number]


@given(st.lists(st.text(alphabet="ab .\n", min_size=1, max_size=200), max_size=6), SIZES)
def test_lines_are_true_across_merged_blocks(texts: list[str], size: int) -> None:
    blocks = [Block(text, line_start=number * 1000) for number, text in enumerate(texts, 1)]
    for row in chunk_blocks(blocks, ExtractOptions(chunk_chars=size)):
        assert row.line_start is not None
        assert row.line_end is not None
        block = blocks[row.line_start // 1000 - 1]
        assert row.text.split("\n")[0] in block.text.split("\n")[row.line_start % 1000]
        assert row.line_start <= row.line_end


@given(st.text(alphabet="abc .\n", max_size=2000), SIZES, st.integers(1, 80))
def test_overlap_repeats_and_loses_nothing(text: str, size: int, overlap: int) -> None:
    rows = chunk_blocks([Block(text)], ExtractOptions(chunk_chars=size, chunk_overlap=overlap))
    assert all(0 < len(row.text) <= size for row in rows)
    position = 0
    for row in rows:
        found = text.find(row.text, max(0, position - overlap - 1))
        assert found >= 0
        assert not text[position:found].strip()
        position = found + len(row.text)
    assert not text[position:].strip()


def cut(text: str, size: int = 100, **place: object) -> list[str]:
    return [row.text for row in chunk_blocks([Block(text, **place)], ExtractOptions(chunk_chars=size))]  # type: ignore[arg-type]


def test_cuts_at_a_paragraph_before_a_sentence_before_a_word() -> None:
    paragraph, sentence, word = "p" * 60, "First of it. Then " + "s" * 70, "w" * 70 + " " + "x" * 70
    assert cut(f"{paragraph}\n\n{sentence}", line_start=1)[0] == paragraph
    assert cut("A" * 50 + ". " + "b " * 40, line_start=1)[0] == "A" * 50 + "."
    assert cut(word) == ["w" * 70, "x" * 70]
    assert cut("z" * 250) == ["z" * 100, "z" * 100, "z" * 50]
    assert cut("あ" * 60 + "。" + "い" * 60)[0] == "あ" * 60 + "。"


def test_an_accent_stays_with_its_letter() -> None:
    rows = cut("x" * 99 + "e\u0301" * 5)
    assert rows == ["x" * 99, "e\u0301" * 5]


def test_words_are_whole_where_they_might_be_parted() -> None:
    blocks = [
        Block("Fen\xadster", 1, line_start=1),
        Block("Der Fenster\xadrahmen\nist alt.", line_start=2),
        Block("Tür", line_start=4),
    ]
    (row,) = chunk_blocks(blocks, ExtractOptions(), "Ein Hand\xadbuch")
    assert (row.heading, row.text) == ("Fenster", "Fenster\nDer Fensterrahmen\nist alt.\nTür")
    assert (row.line_start, row.line_end) == (1, 4)
    (row,) = chunk_blocks([Block("Text.")], ExtractOptions(), "Ein Hand\xadbuch")
    assert row.heading == "Ein Handbuch"
    (row,) = chunk_blocks(
        [Block("well\xadknown", page=1, box=lambda start, stop: (start, 0, stop, 1))], ExtractOptions()
    )
    assert row.text == "well\xadknown"  # what boxes are of is not moved


def test_headings_make_the_path_and_lone_ones_go_with_what_follows() -> None:
    blocks = [Block("Garden", 1), Block("Spring", 2), Block("Sow."), Block("Autumn", 2), Block("Reap.")]
    rows = chunk_blocks(blocks, ExtractOptions())
    assert [(row.heading, row.text) for row in rows] == [
        ("Garden › Spring", "Garden\nSpring\nSow."),
        ("Garden › Autumn", "Autumn\nReap."),
    ]


def test_title_stands_before_lower_headings_only() -> None:
    blocks = [Block("Intro."), Block("Part", 2), Block("Text."), Block("Top", 1), Block("More.")]
    rows = chunk_blocks(blocks, ExtractOptions(), "Book")
    assert [row.heading for row in rows] == ["Book", "Book › Part", "Top"]


def test_small_neighbours_are_merged_and_extra_kept() -> None:
    blocks = [Block(f"Item {n}.", extra=(("part", "a" if n < 3 else "b"),)) for n in range(6)]
    rows = chunk_blocks(blocks, ExtractOptions())
    assert [row.extra for row in rows] == [json.dumps({"part": "a"}), json.dumps({"part": "b"})]
    assert rows[0].text == "Item 0.\nItem 1.\nItem 2."


def test_too_much_text_is_refused() -> None:
    endless = (Block("word " * 200) for _ in iter(int, 1))
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_OUTPUT_CHARS"):
        chunk_blocks(endless, ExtractOptions(max_output_chars=50_000))


def test_bigrams_ride_along_only_where_there_are_any() -> None:
    rows = chunk_blocks([Block("日本語", page=1), Block("plain – text", page=2)], ExtractOptions())
    assert [row.cjk for row in rows] == ["日本 本語 語", None]


def test_a_chunk_asks_for_the_box_of_its_very_text_before_the_reader_goes_on() -> None:
    text, open_pages = "abc def. " * 40, set()

    def box(page: int, start: int, stop: int) -> tuple[int, int, int, int] | None:
        return (start, 0, stop, 9) if page in open_pages else None

    def blocks() -> Iterator[Block]:
        for page in (1, 2):
            open_pages.add(page)
            yield Block(text, page=page, box=partial(box, page))
            yield Block("a remark", page=page, last=True)
            open_pages.clear()

    rows = chunk_blocks(blocks(), ExtractOptions(chunk_chars=100))
    assert [row.page for row in rows] == [1] * 4 + [2] * 4
    for row in rows:
        start, _, stop, _ = json.loads(row.extra or "")["box"]
        assert row.text.partition("a remark")[0].strip() == text[start:stop].strip()
