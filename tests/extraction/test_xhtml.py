"""Pages that are written as XML and read as HTML."""

import pytest

from .office_kit import Read

HEAD = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head>{}</head><body>{}</body></html>'


@pytest.mark.parametrize(
    "closed", ["<title/>", '<script type="text/javascript" src="a.js"/>', "<style />", '<title lang="a>b"/>']
)
def test_what_is_closed_in_its_tag_does_not_swallow_the_page(closed: str) -> None:
    read = Read(HEAD.format(closed, "<h1>Lamps</h1><p>They burn.<br/></p>").encode(), "a.xhtml")
    assert read.text == "Lamps\nThey burn."
    assert read.plan.title is None


@pytest.mark.parametrize("body", ["", "<div/>", "<h1/><nav/>"])
def test_a_page_without_text_stays_one(body: str) -> None:
    assert Read(HEAD.format("<title/>", body).encode(), "a.xhtml").rows == []


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ('<script src="a.js"/>', "<p>They burn.</p><script>later()</script><p>All night.</p>"),
        ("<style/>", "<p>They burn.</p><style>p {}</style><p>All night.</p>"),
        ("", '<p>They burn.</p><script src="a.js"/><p>All night.</p><script>later()</script>'),
    ],
)
@pytest.mark.parametrize("is_declared", [True, False])
def test_nothing_between_a_closed_script_and_the_end_of_the_next_is_lost(
    head: str, body: str, is_declared: bool
) -> None:
    page = HEAD.format(head, body + "<p>The end.</p>")
    read = Read((page if is_declared else page.partition("?>")[2]).encode(), "a.xhtml")
    assert read.text == "They burn.\nAll night.\nThe end."


def test_tags_in_tags_within_a_script_end_the_reading_of_no_page() -> None:
    assert Read(b"<script>" + b"<div " * 3000 + b"/>" * 3000, "a.html").rows == []
