"""What the readers make of texts, pages and code."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest_desktop.domain.interfaces.extraction import ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.chunker import chunk_blocks
from ingest_desktop.extraction.encoding import encoding_of
from ingest_desktop.extraction.readers.code import code_blocks
from ingest_desktop.extraction.readers.html import HtmlReader, as_utf8, page_blocks
from ingest_desktop.extraction.readers.markdown import markdown_blocks
from ingest_desktop.extraction.readers.text import TextReader, segment_text
from ingest_desktop.extraction.registry import supported
from ingest_desktop.extraction.scan import TextScanner, scan_bytes

from .conftest import memory

OPTIONS = ExtractOptions()


@given(
    st.lists(st.text(alphabet="abé京 \r", max_size=60), min_size=1, max_size=60),
    st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"]),
    st.integers(16, 400),
    st.integers(1, 500),
)
@example(["aa京", "aaaaaaaaéééé京 aa", "a"], "utf-8", 16, 15)  # cut in the block before the one that tells it
def test_segments_join_to_the_whole_text(lines: list[str], encoding: str, size: int, step: int) -> None:
    text = "\n".join(lines)
    data = ("\ufeff" + text).encode(encoding)
    scanner = TextScanner(data[:65536], size)
    for start in range(0, len(data), step):
        scanner.feed(data[start : start + step])
    scan = scanner.finish()
    whole = memory(data)
    plan = ReaderPlan("byte", len(data), scan.segments, "text/plain", encoding_of(data))
    parts = [segment_text(whole, plan, segment) for segment in scan.segments]
    joined = "".join(parts)
    assert joined.replace("\r", "") == text.replace("\r", "\n" if "\n" not in text else "")
    assert scan.segments == (scan_bytes(data, data[:65536], size).segments if len(data) > size else scan.segments)
    line = 1
    for segment, part in zip(scan.segments, parts, strict=True):
        assert segment.first_line == line
        line += part.count("\n")


def test_a_line_without_end_is_cut_between_characters() -> None:
    for encoding in ("utf-8", "utf-16", "gb18030"):
        data = ("京都" * 5000).encode(encoding)
        scan = scan_bytes(data, data[:65536], 1000)
        plan = ReaderPlan("byte", len(data), scan.segments, "text/plain", encoding_of(data))
        text = "".join(segment_text(memory(data), plan, segment) for segment in scan.segments)
        assert len(scan.segments) > 5
        if encoding != "gb18030":  # no place in such a line tells where a character begins
            assert text == "京都" * 5000


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Однажды, в студеную зимнюю пору я из лесу вышел; был сильный мороз.", "cp866"),
        ("Однажды, в студеную зимнюю пору я из лесу вышел; был сильный мороз.", "cp1251"),
        ("Однажды, в студеную зимнюю пору я из лесу вышел; был сильный мороз.", "koi8-r"),
        ("Voilà l’été à la plage, un café crème s’il vous plaît.", "cp1252"),
        ("Článek týdne popisuje, jak se mění hladina Mrtvého moře a proč každý rok klesá.", "cp1250"),
        ("これは文字コードの判定を確かめるための日本語の文章です。", "cp932"),
        ("これは文字コードの判定を確かめるための日本語の文章です。", "euc-jp"),
        ("这是一个用于测试文本编码检测的中文句子。", "gb18030"),
        ("這是一個用於測試文字編碼偵測的中文句子。", "big5"),
        ("이것은 문자 인코딩을 확인하기 위한 한국어 문장입니다.", "euc-kr"),
        ("これは文字コードの判定を確かめるための日本語の文章です。", "iso2022_jp"),
        ("Any text, even this.", "utf-16-le"),
        ("Any text, even this.", "utf-16-be"),
    ],
)
def test_common_encodings_are_told(text: str, encoding: str) -> None:
    data = ("plain words first\n" * 3000 + (text + "\n") * 8).encode(encoding)
    assert text in data.decode(encoding_of(data), "replace")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Name;Straße;Ort\nMüller;Hauptstraße 5;Köln\nJäger;Ringweg 3;Gießen\n", "cp1252"),
        ("Grüße aus Köln\n", "cp1252"),
        ("Straße 5 in Köln, über alles, schöne Grüße\n", "cp437"),
    ],
)
def test_a_few_accents_do_not_make_a_text_of_an_old_mac(text: str, encoding: str) -> None:
    assert encoding_of(text.encode(encoding)) == encoding


def test_old_line_ends_and_nuls_are_text() -> None:
    reader = TextReader()
    for data, wanted in (
        (b"one\r\ntwo\rthree\nfour", "one\ntwo\rthree\nfour"),
        (b"one\rtwo\rthree", "one\ntwo\nthree"),
        (b"before\0\0after", "before  after"),
    ):
        source = memory(data)
        plan = reader.plan(source, OPTIONS)
        blocks = list(reader.read(source, plan, plan.segments[0], OPTIONS, SegmentNotes()))
        assert [block.text for block in blocks] == [wanted]


def test_memory_does_not_grow_with_the_text(tmp_path: Path) -> None:
    path = tmp_path / "big.log"
    line = b"2024-05-12 09:14:00 something happened again and was written down\n"
    path.write_bytes(line * 600_000)
    source = SourceFile(str(path), path.stat().st_size, line * 900)
    tracemalloc.start()
    plan = TextReader().plan(source, OPTIONS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 1024 * 1024
    assert len(plan.segments) == -(-source.size // OPTIONS.segment_bytes)
    last = plan.segments[-1]
    blocks = list(TextReader().read(source, plan, last, OPTIONS, SegmentNotes()))
    assert blocks[0].line_start == last.start // len(line) + 1


MARKDOWN = """---
title: Notes
---
# Garden #

Setext one
===

text
still text
---

- item
---

```sh
# no heading
```
~~~
## nor this
```
~~~
    # indented is code

### Late *spring*
end"""


def test_markdown_headings_and_lines() -> None:
    blocks = list(markdown_blocks(MARKDOWN))
    assert [(b.text, b.level, b.line_start) for b in blocks if b.level] == [
        ("Garden", 1, 4),
        ("Setext one", 1, 6),
        ("still text", 2, 10),
        ("Late *spring*", 3, 25),
    ]
    lines = MARKDOWN.split("\n")
    for block in blocks:
        assert block.line_start is not None
        if not block.level:
            for number, line in enumerate(block.text.split("\n"), block.line_start - 1):
                assert line == "" or lines[number] == line


def page(html: str) -> tuple[str | None, list[tuple[int, str]]]:
    title, blocks = page_blocks(html.encode())
    return title, [(block.level, block.text) for block in blocks]


def test_html_blocks_headings_and_what_is_not_seen() -> None:
    title, blocks = page(
        "<html><head><title>A &amp; B</title><style>x{}</style></head><body><nav>skip</nav>"
        '<div role="navigation"><ul><li>skip</ul></div><p>Before<h1>One</h1>'
        "<p>Some <b>bold</b>\n  text</p><p>more<script>var x</script><template>t</template>"
        "<H2 id=x>Two<a class=headerlink>¶</a></H2><table><tr><td>a<td>b</table>tail<ul><li>i<li>j</ul>"
    )
    assert title == "A & B"
    assert blocks == [
        (0, "Before"),
        (1, "One"),
        (0, "Some bold text\nmore"),
        (2, "Two"),
        (0, "a\nb\ntail\ni\nj"),
    ]


@pytest.mark.parametrize("menu", ["<nav>{}</nav>", '<div role="navigation">{}</div>', "<footer><nav>{}</nav></footer>"])
def test_html_of_nothing_but_menus_is_not_empty(menu: str) -> None:
    html = "<title>T</title><h1></h1><p> \n" + menu.format("<a href=x>Opening hours</a>") + "<style>s</style>"
    assert [text for _, text in page(html)[1] if text] == ["Opening hours"]
    assert page(html + "<p>Shop")[1][-1] == (0, "Shop")
    assert not any(block.text for block in page_blocks(html.encode(), menus=False)[1])
    for tag in ("header", "footer"):
        assert page(f"<{tag}>Opening hours</{tag}>")[1] == [(0, "Opening hours")]


@pytest.mark.parametrize(
    ("body", "headings"),
    [
        ("<p>text", {"About tea"}),
        ("before<h1>Green</h1>text<h2>Leaf</h2>text", {"About tea", "About tea › Green", "About tea › Green › Leaf"}),
        ("<h2>Leaf</h2>text<h1>Green</h1>text", {"About tea › Leaf", "About tea › Green"}),
        ("<h1>about TEA</h1>text<h2>Leaf</h2>text", {"about TEA", "about TEA › Leaf"}),
    ],
)
def test_the_title_of_a_page_is_the_place_of_all_of_it(body: str, headings: set[str]) -> None:
    source = memory(f"<title>About tea</title>{body}".encode(), "a.html")
    plan = HtmlReader().plan(source, OPTIONS)
    blocks = HtmlReader().read(source, plan, plan.segments[0], OPTIONS, SegmentNotes())
    assert {row.heading for row in chunk_blocks(blocks, OPTIONS, plan.title)} == headings


def test_html_pre_keeps_its_white_space() -> None:
    _, blocks = page("<p>see<pre>\ndef f():\n    return <b>1</b>\n</pre>after <PRE>x\n  y</PRE>")
    assert [text for _, text in blocks] == ["see", "def f():\n    return 1", "after", "x\n  y"]


def test_html_encoding_by_mark_by_word_and_by_guess() -> None:
    body = "<html><head>{}</head><p>Жили-были старик со старухой, и была у них курочка Ряба.</p></html>"
    for data in (
        body.format('<meta charset="windows-1251">').encode("cp1251"),
        body.format('<meta http-equiv=content-type content="text/html; charset=koi8-r">').encode("koi8-r"),
        ("\ufeff" + body.format("")).encode("utf-16-le"),
        body.format("").encode("utf-8"),
        body.format("").encode("cp1251"),
    ):
        assert "курочка" in page_blocks(as_utf8(data)[0])[1][0].text


def test_hostile_html_ends_soon() -> None:
    for html in ("<div>" * 200_000 + "deep text", "<div>" * 50_000 + "deep text" + "</div>" * 50_000):
        assert page(html)[1] == [(0, "deep text")]
    assert page("<p>x" * 50_000)[1][0][1].count("x") == 50_000
    bomb = '<!DOCTYPE d [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><p>&b; safe \x00\x01\x02</p>'
    assert "safe" in page(bomb)[1][-1][1]
    assert page("") == (None, [])
    assert page("<frameset><frame src=x></frameset>")[1] == []


@pytest.mark.parametrize(
    ("language", "code", "paths"),
    [
        (
            "python",
            "import x\n\nclass A:\n    def f(self):\n        pass\n\n    async def g(self):\n        pass\n\ndef h():\n    pass\n",
            [(), ("A",), ("A", "f"), ("A", "g"), ("h",)],
        ),
        (
            "c",
            "#include <x.h>\n\nstatic int add(int a, int b)\n{\n  return a + b;\n}\n\nstruct box {\n};\n",
            [(), ("add",), ("box",)],
        ),
        ("javascript", "const a = 1\nexport default async function go(x) {\n}\nclass B {\n}\n", [(), ("go",), ("B",)]),
        ("go", "package p\nfunc (s *S) Run() {\n}\ntype T struct {}\n", [(), ("Run",), ("T",)]),
        (
            "rust",
            "use x;\npub(crate) async fn run() {\n}\nimpl<T> Box {\n    fn new() {}\n}\n",
            [(), ("run",), ("Box",), ("Box", "new")],
        ),
    ],
)
def test_code_paths_and_lines(language: str, code: str, paths: list[tuple[str, ...]]) -> None:
    blocks = list(code_blocks(code, language, 10))
    assert [block.path or () for block in blocks] == paths
    assert "".join(block.text for block in blocks) == code
    line = 10
    for block in blocks:
        assert block.line_start == line
        line += block.text.count("\n")


def test_short_definitions_go_together() -> None:
    code = (
        "import x\n" + "".join(f"def f{n}():\n    return {n}\n" for n in range(100)) + "def g():\n" + "    y = 1\n" * 50
    )
    blocks = list(code_blocks(code, "python", 1, 900))
    assert "".join(block.text for block in blocks) == code
    assert len(blocks) < 6
    assert all(len(block.text) <= 900 for block in blocks)
    assert blocks[-1].path == ("g",)
    assert blocks[0].path == ("f0",)
    assert blocks[1].text.startswith(f"def {blocks[1].path[0]}(" if blocks[1].path else "?")


def test_the_guide_lists_all_that_can_be_read() -> None:
    guide = Path(__file__).resolve().parents[2] / "docs" / "guide.md"
    assert f"**What is read.** {supported()}." in " ".join(guide.read_text("utf-8").split())
