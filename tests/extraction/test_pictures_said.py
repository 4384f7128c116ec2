"""What pictures of pages are said to show: told in HTML, saved pages, EPUB and Markdown alike."""

import time

import pytest

from ingest_desktop.extraction.readers.html import page_blocks
from ingest_desktop.extraction.readers.markdown import markdown_blocks

from .office_kit import Read


def text_of(body: str) -> str:
    return "\n".join(block.text for block in page_blocks(f"<html><body>{body}</body></html>".encode())[1])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<p><img src="a.png" alt="Herring catches by year"></p><p>after</p>', "Herring catches by year\nafter"),
        ('<p>The sum <img class="m" alt=\'a &amp; b\' src="x"/> is small.</p>', "The sum a & b is small."),
        ('<P>The <IMG SRC=x ALT="old  way"> of it</P>', "The old way of it"),
        ('<h2><img alt="Chapter Two"></h2><p>x</p>', "Chapter Two\nx"),
        ('<p>a<img alt="">b<img src=x>c<img alt>d<img alt="  "></p>', "abcd"),
        ('<p>a<img alt="ornament" role="presentation">b<img aria-hidden=true alt="dot">c</p>', "abc"),
        ('<p>a<img alt="IMG_0042.JPG">b<img alt="1">c<img alt="***">d</p>', "abcd"),
        ('<p><a href="/"><img alt="Our shop"></a> and <a href="n"> <img alt="Next"></a></p>', "and"),
        ('<p><img alt="A bridge"><noscript><img src="b" alt="A bridge"></noscript></p>', "A bridge"),
        ('<script>"<img alt=no>"; x = \'<img alt="never">\'</script><p>y<!-- <img alt="gone"> --></p>', "y"),
        ('<nav><img alt="menu"></nav><p>y</p>', "y"),
        ('<p>y<img title="a > b" alt="not known to be one">', "y"),
    ],
)
def test_what_a_picture_is_said_to_show_is_text_where_it_says_something(body: str, expected: str) -> None:
    assert text_of(body) == expected


@pytest.mark.parametrize("piece", [b"<img alt ", b'alt="x" ', b"alt=' ", b"alt=", b'<img alt="x"'])
def test_a_long_row_of_broken_pictures_takes_no_long_time(piece: bytes) -> None:
    began = time.process_time()
    page_blocks(b"<p>x<img " + piece * 100_000 + b"<p>y")
    assert time.process_time() - began < 20


def test_markdown_keeps_what_its_pictures_are_said_to_show() -> None:
    text = "# Fish\n\n![Herring catches by year](catches.png)\n"
    assert any("Herring catches by year" in block.text for block in markdown_blocks(text))


def test_saved_pages_and_books_tell_their_pictures_too() -> None:
    page = b'<html><body><p><img src="a.png" alt="Herring catches"></p></body></html>'
    saved = b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
    assert "Herring catches" in Read(saved + page + b"\r\n--b--\r\n", "a.mhtml").text
    assert "Herring catches" in Read(page, "a.html").text
