"""Files that a reader once stumbled over, made anew each time: what was found by ``make fuzz``, brought down to its gist.

Add one for each finding that is mended; the tests read them all. ``python tests/fuzz/regressions.py FOLDER`` writes them down.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.extraction.picture_maker import bmp
from tests.fuzz.seeds_packages import zipped
from tests.fuzz.seeds_pages import turned_photo

_MANY = 60_000


class Regression(NamedTuple):
    """One file: its name, what happened, its bytes, and words that must be found in it now."""

    name: str
    happened: str
    make: Callable[[], bytes]
    words: str = ""


def _book(chapter: str | bytes) -> bytes:
    """A book of one chapter."""
    package = '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="a" href="a.xhtml" '
    package += 'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>'
    container = '<container><rootfiles><rootfile full-path="x.opf"/></rootfiles></container>'
    mark = "application/epub+zip"
    members = {"mimetype": mark, "META-INF/container.xml": container, "x.opf": package, "a.xhtml": chapter}
    return zipped(members, stored="mimetype")


_SLOW = "took squared time: hours for some MiB"
_CODEC = "ended with LookupError: Python has a codec of that name, but none for text"

REGRESSIONS = (
    Regression("charset.html", _CODEC, lambda: b"<meta charset=rot13><p>caf\xe9 au lait", "au lait"),
    Regression("charset.xml", _CODEC, lambda: b"<?xml version='1.0' encoding='hex'?><a>caf\xe9 au lait</a>", "au lait"),
    Regression(
        "charset.epub",
        _CODEC + " (tiny.epub#16)",
        lambda: _book(
            b"<?xml version='1.0' encoding='zlib'?><html><meta charset='rot13'/><body>caf\xe9 au lait</body></html>"
        ),
        "au lait",
    ),
    Regression(
        "wide.html",
        "was read as UTF-16, which it cannot be when its declaration can be read",
        lambda: b"<meta charset=utf-16><p>caf\xe9 au lait",
        "au lait",
    ),
    Regression(
        "blanks.md", _SLOW + " (samples/garden-calendar.md#119)", lambda: b"# Tides" + b" " * 120_000 + b"x\n", "Tides"
    ),
    Regression("blanks.adoc", _SLOW, lambda: b"= Tides" + b" " * _MANY + b"x\n", "Tides"),
    Regression(
        "lines.json",
        _SLOW + ": each error of the parser counted all lines before it (conversations.json#218)",
        lambda: b'[{"a": "tides"}, ' + b"|===\n" * 50_000 + b"]",
        "tides",
    ),
    Regression(
        "comments.txt",
        "was never told apart from HTML: the time doubled with each comment",
        lambda: b"<!-- a -->\n" * 60 + b"tides\n",
        "tides",
    ),
    Regression(
        "banner.c",
        "was never read: the ways to see a declaration in a row of stars are too many",
        lambda: b"int a;\n" + b"*" * 78 + b"(tides\nint b;\n",
        "tides",
    ),
    Regression(
        "brackets.tex", _SLOW, lambda: b"\\documentclass{a}\n\\begin{document}\ntides\n" + b"\\title[" * _MANY, "tides"
    ),
    Regression(
        "formulas.tex",
        "took 5,000 steps for each sign",
        lambda: b"\\documentclass{a}\n\\begin{document}\ntides\n" + b"\\[" * 100_000,
        "tides",
    ),
    Regression("digits.csv", _SLOW, lambda: b"tides," + b"1" * 100_000 + b"x\n1,2\n3,4\n", "tides"),
    Regression(
        "comments.xml", _SLOW + " (latin.xml#224)", lambda: b"<?xml version='1.0'?><a>tides" + b"<!--" * _MANY, "tides"
    ),
    Regression(
        "lines.xml",
        "had its text below the line of what follows it (tiny.ods#4)",
        lambda: b"<?xml version='1.0'?>\n<a>\ntides\n<b>7</b></a>",
        "tides",
    ),
    Regression("orders.xml", _SLOW, lambda: b"<?xml version='1.0'?><a>tides" + b"<?" * _MANY, "tides"),
    Regression("types.xml", _SLOW, lambda: b"<?xml version='1.0'?><a>tides" + b"<!DOCTYPE a[" * _MANY, "tides"),
    Regression(
        "deep.html", _SLOW, lambda: b"<html>tides" + b"<div>" * 20_000 + b"<!--" * _MANY + b"<script" * 9000, "tides"
    ),
    Regression("speakers.vtt", _SLOW, lambda: b"WEBVTT\n\n00:01.000 --> 00:02.000\ntides" + b"<v " * _MANY, "tides"),
    Regression(
        "turned.jpg",
        "ended its process: PDFium drew a turned photo whose head is damaged (turned.jpg#3)",
        lambda: turned_photo().replace(b"\xff\xc4\0\x1f\0\0\x01", b"\xff\xc4\0\x1f\0\0\x7f", 1),
        "picture",
    ),
    Regression(
        "tall.bmp",
        "took 20 s and 1.8 GB: a short file that claims 33 million rows (halves.bmp#6)",
        lambda: bmp(4, [b"\3\x21\0\0"], height=0x02000002),
        "picture",
    ),
    Regression(
        "signs.html",
        "ended with ValueError: references to signs that mark headings in the text that is split (page.html#1018797)",
        lambda: b"<html><body>&#1;<h1>One</h1><p>low&#1;end &#1;1&#2;3 &#4; of tides &#3;</p><h2>T&#1;wo</h2>&#1;",
        "of tides",
    ),
    Regression("data.epub", _SLOW, lambda: _book("<html><body>tides" + "<![CDATA[" * _MANY), "tides"),
)


def main() -> int:
    """Write them all into a folder."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for regression in REGRESSIONS:
        (folder / regression.name).write_bytes(regression.make())
        print(f"{regression.name}: {regression.happened}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
