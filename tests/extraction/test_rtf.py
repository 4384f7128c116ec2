"""RTF: its text, its headings and facts, and any making of it."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.interfaces.extraction import Block
from ingest_desktop.extraction.readers.rtf_parser import RtfParser

from .conftest import CORPUS
from .office_kit import Read, rtf, texts

FONTS = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset238 Arial CE;}{\f2\fcharset204 Cyr;}{\f3\fcharset128 Gothic;}}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (r"{\rtf1\ansi plain\par second}", ["plain", "second"]),
        (r"{\rtf1\ansi\ansicpg1250 \'e8esky}", ["česky"]),
        (r"{\rtf1\ansi\deff0" + FONTS + r"\f1 \'e8\f2 \'e8\f3 \'93\'fa\'96\'7b\f0 \'e8}", ["čи日本è"]),
        (r"{\rtf1\ansi\uc1 it\u8217\'92s \u8364?5}", ["it’s €5"]),
        (r"{\rtf1\ansi\uc2\u26085??{\uc0\u26412}}", ["日本"]),
        (r"{\rtf1 \u-10179?\u-8704? smile}", ["😀 smile"]),
        (r"{\rtf1 a\tab b\line c\~d\emdash e\{\\\}}", ["a\tb\nc\xa0d—e{\\}"]),
        (r"{\rtf1{\*\generator Word;}{\field{\*\fldinst HYPERLINK x}{\fldrslt link}} text}", ["link text"]),
        (r"{\rtf1 shown {\v hidden}{\deleted gone}too}", ["shown too"]),
        (r"{\rtf1\trowd\intbl one\cell two\cell\row\trowd\intbl 3\cell 4\cell\row\pard after\par}", ["one\ttwo\n3\t4", "after"]),
        (r"{\rtf1 word{\footnote a note} goes on\par}", ["word goes on", "a note"]),
        (r"{\rtf1{\header\pard top\par}{\header top\par}body\par}", ["body", "top"]),
        (r"{\rtf1{\shp{\*\shpinst{\sp{\sn x}{\sv y}}{\shptxt boxed\par}}}body\par}", ["body", "boxed"]),
        ("{\\rtf1 a{\\pict\\pngblip 89504e47\n0d0a}b{\\bin5 {{{}}c}}", ["abc"]),
        (r"{\rtf1 unbalanced}}}\par more", ["unbalanced", "more"]),
    ],
)  # fmt: skip
def test_rtf_text(body: str, expected: list[str]) -> None:
    assert texts(body) == expected


def test_rtf_headings_come_from_styles_and_outline_levels() -> None:
    blocks = rtf(
        r"{\rtf1{\stylesheet{\s0 Normal;}{\s3 heading 2;}{\s4\outlinelevel0 Chapter;}}"
        r"\pard\s4 One\par\pard\s3 Two\par\pard\s0 text\par\pard\outlinelevel2 Three\par}"
    )
    assert [(block.text, block.level) for block in blocks] == [("One", 1), ("Two", 2), ("text", 0), ("Three", 3)]


def test_rtf_facts_are_metadata() -> None:
    read = Read(rb"{\rtf1\ansi{\info{\title The tale}{\author Ana}{\creatim\yr2024}}text\par}")
    assert read.plan.title == "The tale"
    assert read.plan.metadata["creator"] == "Ana"
    assert read.text == "text"


def test_a_big_picture_streams_by() -> None:
    class Long(io.RawIOBase):
        """A picture of 64 MiB that is never all there."""

        left = 256

        def read(self, size: int = -1, /) -> bytes:
            self.left -= 1
            if self.left == 255:
                return b"{\\rtf1 before\\par{\\pict\\pngblip "
            return b"" if self.left < 0 else b"} after\\par}" if self.left == 0 else b"89504e47" * (size // 8)

    stream: Any = Long()
    import tracemalloc

    tracemalloc.start()
    try:
        assert [block.text for block in RtfParser().blocks(stream)] == ["before", "after"]
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()


@given(
    st.lists(
        st.sampled_from(
            [r"\u8217?", r"\'e8", "{", "}", r"\par ", r"\bin3 ", r"\*", r"\pict ", "text", r"\f9", r"\uc3", "\\"]
        )
    )
)
def test_rtf_of_any_making_ends(parts: list[str]) -> None:
    whole = "{\\rtf1 " + "".join(parts)
    assert all(isinstance(block, Block) for block in rtf(whole))


def test_rtf_reads_alike_however_its_bytes_come() -> None:
    class Drip(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(7, size or 7))

    data = (CORPUS / "files" / "text" / "czech.rtf").read_bytes()
    assert list(RtfParser().blocks(Drip(data))) == list(RtfParser().blocks(io.BytesIO(data)))
