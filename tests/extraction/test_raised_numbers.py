"""Raised numbers of web pages: the sign of a note is parted from its word, a power from nothing."""

import pytest

from ingest_desktop.extraction.readers.html import page_blocks


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("word<sup>1</sup> rest", "word 1 rest"),
        ("word<SUP>1</SUP> rest", "word 1 rest"),
        ("word<sup class='x'>[3]</sup>", "word [3]"),
        ('word<sup id="fnref:1"><a class="footnote-ref" href="#fn:1">1</a></sup>, and', "word 1, and"),
        ('word<a href="#fn1" class="x"><sup>12</sup></a>', "word 12"),
        ("<pre>word<sup>1</sup></pre>", "word 1"),
        ("x<sup>2</sup>, m<sup>2</sup>, 10<sup>6</sup>, 2<sup>nd</sup>", "x2, m2, 106, 2nd"),
        ("end.<sup>1</sup> Next", "end.1 Next"),
        ("<p>a</p><p><sup>1</sup> A note", "a\n1 A note"),
        ("code &lt;sup>1&lt;/sup> and word<sup>1</sup>", "code <sup>1</sup> and word 1"),
        ("backed up as said.<sup>[<a>5</a>]</sup>", "backed up as said.[5]"),
        ("the backup>1 of it", "the backup>1 of it"),
        ("10<sup>th</sup>2<b>x</b>", "10th2x"),
    ],
)
def test_the_sign_of_a_note_is_parted_from_its_word(page: str, text: str) -> None:
    assert "\n".join(block.text for block in page_blocks(page.encode())[1]) == text


def test_a_title_has_no_rest_of_a_tag() -> None:
    assert page_blocks(b"<title>Lamps<sup>1</sup></title><p>x")[0] == "Lamps 1"
