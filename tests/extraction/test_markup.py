"""What the readers make of reStructuredText, LaTeX and AsciiDoc."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.interfaces.extraction import Block, Reader, SegmentNotes
from ingest_desktop.domain.wire import ChunkRow, ExtractOptions
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.chunker import chunk_blocks
from ingest_desktop.extraction.readers.asciidoc import AsciidocReader, asciidoc_blocks
from ingest_desktop.extraction.readers.latex import LatexReader, latex_blocks
from ingest_desktop.extraction.readers.rst import RstReader, rst_blocks

from .conftest import memory

OPTIONS = ExtractOptions()


def rows_of(reader: Reader, text: str, name: str = "a") -> list[ChunkRow]:
    source = memory(text.encode(), name)
    plan = reader.plan(source, OPTIONS)
    return [
        row
        for segment in plan.segments
        for row in chunk_blocks(reader.read(source, plan, segment, OPTIONS, SegmentNotes()), OPTIONS, plan.title)
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("index.rst.txt", kinds.RST),
        ("GUIDE.MD.TXT", kinds.MARKDOWN),
        ("a.adoc.txt", kinds.ASCIIDOC),
        ("a.tex.txt", kinds.LATEX),
        ("rst.txt", kinds.TEXT),
        ("a.rst.bak.txt", kinds.TEXT),
        ("a.pdf.txt", kinds.TEXT),
    ],
)
def test_sources_that_are_published_as_text_are_read_by_their_inner_ending(name: str, kind: str) -> None:
    assert detect.kind_of(memory(b"Title\n=====\n\nWords.\n", name)) == kind


def headings(rows: list[ChunkRow]) -> list[str | None]:
    return [row.heading for row in rows]


def lines_are_true(text: str, rows: list[ChunkRow]) -> bool:
    lines = text.split("\n")
    return all(
        row.line_start is not None and row.text.split("\n")[0].strip() == lines[row.line_start - 1].strip()
        for row in rows
    )


# --- reStructuredText ----------------------------------------------------------------------------

RST = """=====
Guide
=====

Words.

First part
----------

.. note:: Mind
   this.

Detail
~~~~~~
See below::

  Not a title
  -----------

=====  =====
A      B
=====  =====
1      2
=====  =====

Second part
-----------
End of a paragraph
that wraps
"""


def test_titles_make_the_path() -> None:
    rows = rows_of(RstReader(), RST)

    assert headings(rows) == ["Guide", "Guide › First part", "Guide › First part › Detail", "Guide › Second part"]
    assert [row.line_start for row in rows] == [1, 7, 13, 26]
    assert lines_are_true(RST, rows)


@pytest.mark.parametrize(
    "text",
    [
        "a paragraph\nthat ends here\n------\n",
        "too long for this\n---\n",
        ".. comment\n----------\n",
        "\n\n----\n\ntext\n",
        "======\n\ntext\n",
        "",
    ],
)
def test_what_is_no_title(text: str) -> None:
    assert {block.path for block in rst_blocks(text)} <= {()}


def test_title_without_text_goes_with_what_follows() -> None:
    rows = rows_of(RstReader(), "Book\n====\n\nChapter\n-------\n\nText.\n")

    assert headings(rows) == ["Book › Chapter"]


def test_short_sections_of_a_long_text_go_together() -> None:
    text = "".join(f"Option {number}\n----------\n\nIt is set.\n\n" for number in range(200))

    rows = rows_of(RstReader(), text)

    assert len(rows) < 12
    assert lines_are_true(text, rows)


@given(st.text(alphabet="ab =-\n\r.:", max_size=300), st.integers(0, 60))
def test_nothing_of_a_text_is_lost(text: str, join: int) -> None:
    blocks = list(rst_blocks(text, 1, join))

    assert "".join(block.text for block in blocks) == text
    line = 1
    for block in blocks:
        assert block.line_start == line
        line += block.text.count("\n")


def test_old_line_ends_are_known() -> None:
    assert headings(rows_of(RstReader(), "Title\r\n=====\r\n\r\nText.\r\n")) == ["Title"]


# --- LaTeX ---------------------------------------------------------------------------------------

LATEX = r"""\documentclass[12pt]{article}
\usepackage{amsmath} % a package
\title{A {\em fine} Title}
\author{Jos\'e Mu\~noz}
\begin{document}
\maketitle
\section{On \emph{Beans}}\label{sec:beans}
Half is 50\% and \textbf{bold} as \cite{knuth} says: $x_1 + \alpha$.
% a secret remark
\subsection*{Of {\"O}l}
\begin{itemize}
\item One \& two
\end{itemize}
\begin{verbatim}
keep % this \cmd{x}
\end{verbatim}
The end.
\end{document}
never shown
"""


def test_sections_are_headings_and_commands_are_thinned() -> None:
    rows = rows_of(LatexReader(), LATEX)
    text = "\n".join(row.text for row in rows)

    assert headings(rows) == ["A fine Title", "A fine Title › On Beans", "A fine Title › On Beans › Of Öl"]
    assert "José Muñoz" in text
    assert r"Half is 50% and bold as  says: $x_1 + \alpha$." in text
    assert "One & two" in text
    assert r"keep % this \cmd{x}" in text
    for gone in ("secret", "amsmath", "sec:beans", "never shown", "itemize", r"\textbf", "12pt"):
        assert gone not in text


def test_links_cells_and_lengths_of_latex_leave_words_only() -> None:
    text = (
        "\\section{With an \\href{/url}{embedded link}}\n"
        "\\begin{tabular}{ll}\nfirst&second\\\\\nR\\&D & third\n\\end{tabular}\n"
        "\\setcounter{enumi}{2}\\rule{3in}{0.4pt}The end."
    )
    heading, body = latex_blocks(text)
    assert heading.text == "With an embedded link"
    assert body.text.split() == ["first", "second", "R&D", "third", "The", "end."]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (r"\begin{thebibliography}{9}\bibitem{k} Knuth, Literate.\end{thebibliography}", "k Knuth, Literate."),
        (r"\begin{center}{\large Famous words}\end{center}", "Famous words"),
        (r"\begin{block}{Inner}text\end{block}", "Inner text"),
        (r"\begin{theorem}[Pythagoras] It holds.\end{theorem}", "[Pythagoras] It holds."),
        (r"\begin{tabular}{l|p{3cm}@{}c} a & b\\ c & d\end{tabular}", "a b c d"),
        (r"\begin{tabular*}{\textwidth}{lcr}a\end{tabular*}", "a"),
        (r"\begin{figure}[htbp]\caption[short]{Long}\end{figure}", "Long"),
        (r"\item[Term] what it means", "Term what it means"),
        (r"word\footnote{Below} next", "word Below next"),
        (r"end\par\noindent begin", "end begin"),
        (r"\multicolumn{2}{|c|}{Over both}", "Over both"),
        (r"\textcolor{red}{Warm} \parbox{5cm}{Box} \resizebox{\textwidth}{!}{Wide}", "Warm Box Wide"),
        (r"stra\ss e, \LaTeX is, un\textbf{known}", "straße, LaTeX is, unknown"),
        (r"\hypertarget{first}{Text of the \hyperlink{a}{link}}", "Text of the link"),
        (r"\def\labelenumi{\arabic{enumi}.} after", "after"),
        (r"\item<1-> shown \only<2>{later}", "shown later"),
        (r"\title{On Lamps}\author{Ada}\begin{document}Text", "On Lamps Ada Text"),
    ],
)
def test_no_word_of_latex_is_lost_or_grown_together(source: str, said: str) -> None:
    (block,) = latex_blocks(source)
    assert " ".join(block.text.split()) == said


def test_a_heading_that_is_told_twice_is_shown_once() -> None:
    (block,) = latex_blocks(r"\section{\texorpdfstring{First \emph{part}}{First part}}\label{first}")
    assert (block.level, block.text) == (3, "First part")


def test_words_of_asciidoc_do_not_grow_into_the_notes_behind_them() -> None:
    (row,) = rows_of(AsciidocReader(), "A lampfootnote:[Below.] and afootnoteref:[x] footnote.\n")
    assert row.text == "A lamp footnote:[Below.] and a footnoteref:[x] footnote."


def test_slides_of_latex_are_headings() -> None:
    text = "\\section{One}\n\\begin{frame}[fragile]{First}\nbody\n\\end{frame}\n\\begin{frame}\n\\frametitle{Second}\nmore\n"
    found = [(block.level, block.text.strip(), block.line_start) for block in latex_blocks(text)]
    assert [heading for heading in found if heading[0]] == [(3, "One", 1), (6, "First", 2), (6, "Second", 6)]


def test_lines_of_latex_are_those_of_the_file() -> None:
    lines = LATEX.split("\n")
    for row in rows_of(LatexReader(), LATEX):
        for phrase in ("Half is 50", "The end.", "keep % this"):
            if phrase in row.text:
                assert row.line_start is not None
                line = row.line_start + row.text[: row.text.index(phrase)].count("\n")
                assert phrase[:4] in lines[line - 1]


@pytest.mark.parametrize(
    "text", ["\\section{" * 5000, "{" * 20000, "\\begin{verbatim}" * 2000, "\\title{" + "{" * 9000]
)
def test_unbalanced_latex_ends(text: str) -> None:
    list(latex_blocks(text))


@given(st.text(alphabet="\\{}%$ab\n\"'", max_size=200))
def test_any_latex_gives_blocks(text: str) -> None:
    assert sum(block.text.count("\n") for block in latex_blocks(text)) <= text.count("\n") + 2 * len(text)


# --- AsciiDoc ------------------------------------------------------------------------------------

ASCIIDOC = """= The Manual
Ana Author <ana@example.org>

== Install

Words.

----
== no title
----

=== On Linux

More words.

Old Style
---------
Text below.
"""


def test_titles_of_both_styles_are_headings() -> None:
    rows = rows_of(AsciidocReader(), ASCIIDOC)

    assert headings(rows) == [
        "The Manual",
        "The Manual › Install",
        "The Manual › Install › On Linux",
        "The Manual › Old Style",
    ]
    assert "== no title" in rows[1].text
    assert [row.line_start for row in rows] == [1, 4, 12, 16]


def test_the_first_title_is_that_of_the_document() -> None:
    source = memory(ASCIIDOC.encode(), "a.adoc")

    assert AsciidocReader().plan(source, OPTIONS).title == "The Manual"


@given(st.text(alphabet="ab =-.\n/", max_size=200))
def test_any_asciidoc_gives_blocks(text: str) -> None:
    blocks: list[Block] = list(asciidoc_blocks(text))

    for before, after in pairwise(blocks):
        assert (before.line_start or 0) < (after.line_start or 0)


def test_a_large_text_is_read_in_stretches(tmp_path: Path) -> None:
    from ingest_desktop.domain.interfaces.extraction import SourceFile

    data = "".join(f"Part {number}\n========\n\nWords of {number}.\n\n" for number in range(2000)).encode()
    (tmp_path / "a.rst").write_bytes(data)
    source = SourceFile(str(tmp_path / "a.rst"), len(data), data[:65536])
    options = ExtractOptions(segment_bytes=8192)
    reader = RstReader()
    plan = reader.plan(source, options)

    found = [
        block.text for segment in plan.segments for block in reader.read(source, plan, segment, options, SegmentNotes())
    ]

    assert len(plan.segments) > 5
    assert "".join(found).encode() == data
