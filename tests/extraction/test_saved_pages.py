"""Web pages that a browser saved as one file, and what only looks like one."""

import pytest

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.chunker import chunk_blocks
from ingest_desktop.extraction.readers.mhtml import MhtmlReader

from .blocks_kit import OPTIONS, tell, texts
from .conftest import memory
from .mail_kit import HEAD, PAGE, multi, saved


def test_saved_page_gives_its_page_and_where_it_came_from() -> None:
    page = (
        "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
        "<title>All of tea</title><nav>menu</nav><h1>Green</h1><p>caf=C3=A9" + " words" * 80
    )
    style = "Content-Type: text/css\n\nbody {}"
    data = saved(style, page, "Content-Type: text/html\n\n<p>frame of a stranger")
    assert detect.kind_of(memory(data, "a.mhtml")) == kinds.MHTML
    plan, blocks, _ = tell(MhtmlReader(), data, "a.mhtml")
    assert plan.title == "All of tea"
    assert plan.metadata["url"] == "https://example.org/tea"
    assert texts(blocks)[0] == "Green"
    assert texts(blocks)[1].startswith("café words")
    assert len(texts(blocks)) == 2
    assert {row.heading for row in chunk_blocks(blocks, OPTIONS, plan.title)} == {"Tea › All of tea › Green"}


def test_saved_page_names_its_root_or_is_a_set_of_frames() -> None:
    first, second = PAGE.format("<p>first"), "Content-ID: <r@x>\n" + PAGE.format("<p>second" + " words" * 80)
    assert texts(tell(MhtmlReader(), saved(first, second, root=' start="<r@x>";'))[1])[0].startswith("second")
    assert [words[:6] for words in texts(tell(MhtmlReader(), saved(first, second))[1])] == ["first", "second"]
    with pytest.raises(SourceMalformed):
        tell(MhtmlReader(), saved("Content-Type: image/png\n\nx"))


def test_a_letter_with_pictures_is_no_saved_page() -> None:
    letter = HEAD.replace("To: ben@example.org\n", "") + multi("related", PAGE.format("x"))
    assert detect.kind_of(memory(letter.encode(), "a.eml")) == kinds.EML


@pytest.mark.parametrize("name", ["1715.M1P2.host:2,S", "Inbox", "note.txt"])
def test_mail_is_known_under_names_that_promise_nothing(name: str) -> None:
    assert detect.kind_of(memory((HEAD + "\nx").encode(), name)) == kinds.EML
