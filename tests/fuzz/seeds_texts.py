"""Seeds that are text: marked, of records, of code, and in other encodings."""

import json

_TEXTS: dict[str, str] = {
    "plain.txt": "Low water at six.\r\nHigh water at noon.\n\nA heartbeat is enough.\rEnd",
    "page.html": "<!doctype html><html><head><title>T</title><meta charset=utf-8><style>p{}</style></head><body><nav>menu</nav>"
    "<h1>Knots</h1><p>A <b>bowline</b> &amp; &#233;<script>x()</script></p><pre>a\n b</pre><dl><dt>w<dd>d</dl><ul><li>1<ul><li>2"
    "</ul></ul><table><tr><th colspan=2>h<tr><td rowspan=3>1<td>2</table><details><summary>s</summary>t</details></body></html>",
    "notes.md": "---\ntitle: Notes\n---\n# Garden\n\nSow *beans*. [a](b)\n\n```sh\n# no\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n> > q\n"
    "- [ ] x\n\n  1. y\n\nSetext\n======\n\n<div>html</div>\n",
    "guide.rst": "=====\nTitle\n=====\n\nPart\n----\n\n.. note:: Careful\n   more\n\n* a\n* b\n\n::\n\n   code\n\n+---+---+\n| a | b |\n+---+---+\n\n"
    ":field: value\n\n.. |x| replace:: y\n\nText `link <http://a>`_ [1]_\n",
    "paper.tex": "\\documentclass{article}\n"
    "\\title{Tides}\n\\begin{document}\n\\section{One}\\label{x}\nWater\\footnote{salt} $a_{1}$ \\emph{b{c}d}\n"
    "\\begin{itemize}\\item a\\end{itemize}\n\\begin{verbatim}\nx\n\\end{verbatim}\n% no\n"
    "\\begin{tabular}{ll}a&b\\\\\\end{tabular}\n\\end{document}\n",
    "talk.tex": "\\section{\\texorpdfstring{A \\emph{b}}{A b}}\n\\begin{frame}[t]{First}\n\\begin{tabular*}{1cm}{l|p{3cm}}a & b\n"
    "\\end{tabular*}\\item<1->[Term] \\multicolumn{2}{c}{over}\\footnote<2>{n}\\textcolor{red}{x}\n\\end{frame}\n\\frametitle{Two}"
    "\\def\\x{\\arabic{y}.}stra\\ss e\n\\begin{thebibliography}{9}\\bibitem{k} Knuth\\end{thebibliography}\n",
    "book.adoc": "= Title\nAuthor\n\n== Part\n\nText *bold*.\n\n----\ncode\n----\n\n|===\n| a | b\n|===\n\n* x\n** y\n\n[NOTE]\n====\nn\n====\n",
    "rows.csv": 'name;price;note\n"Ana ""A""";1,5;"two\nlines"\nBen;2;\n',
    "rows.tsv": "a\tb\tc\n1\t2\t3\n4\t5\t6\n",
    "data.json": '{"a": [1, 2.5e10, {"b": "x\\u00e9\\ud83d\\ude00"}], "c": null, "d": {"e": [[["deep"]]]}, "n": -0}',
    "day.json": '[{"type": "message", "ts": "1715500000.000100", "user": "U1", "text": "Hi <@U2> <http://a|b>", "user_profile": '
    '{"real_name": "Ana"}, "files": [{"title": "f"}]}, {"type": "message", "ts": "1715500001.000200", "blocks": [{"type": '
    '"rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}]}]',
    "lines.jsonl": '{"id": 1, "text": "first"}\n{broken\n{"id": 3, "text": ["third", {"a": 1}]}\n',
    "data.xml": '<?xml version="1.0" encoding="utf-8"?>\n<list xmlns:x="urn:x"><item x:id="1">one<b>two</b>tail</item><![CDATA[c]]>'
    "<!-- n --><?p i?><item>&lt;&#65;</item></list>\n",
    "data.yaml": "---\na: 1\nb:\n  - x: |\n      text\n    y: >-\n      folded\n  - &k {c: d}\n  - *k\n---\nz: [1, 2]\n...\n",
    "film.srt": "1\n00:00:01,000 --> 00:00:02,500\n<i>Here's</i> looking\n\n2\n00:01:00,000 --> 00:01:04,000 X1:0\n{\\an8}at you\n",
    "film.vtt": "WEBVTT - x\n\nNOTE no\n\nSTYLE\n::cue{}\n\nid\n00:01.000 --> 00:02.500 align:start\n<v Ana>Hello</v> <c.x>you</c>\n\n"
    "00:00:03.000 --> 00:00:04.000\n- Two\n- lines\n",
    "chat.txt": "12/05/2024, 09:14 - Ana: Hello everyone\n12/05/2024, 09:15 - Ben: Second line\ncontinues\n[13.05.24, 10:00:01] Ana: x\n"
    "12/05/2024, 09:16 - Ana joined\n",
    "letter.rtf": "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fcharset0 A;}{\\f1\\fcharset238 B;}}{\\stylesheet{\\s1 heading 1;}}"
    "{\\info{\\title Tides}}\\pard\\s1\\outlinelevel0 Head\\par\\pard caf\\'e9 \\u8217?\\uc2\\u9731??{\\f1 \\'9a}{\\*\\x no}\\tab b\\par"
    "\\trowd\\cellx100\\cellx200 a\\cell b\\cell\\row{\\pict\\pngblip 89504e47}\\bin3 abc{\\footnote n}{\\field{\\*\\fldinst H}{\\fldrslt r}}}",
    "saved.mhtml": "From: <Saved by Blink>\nSnapshot-Content-Location: http://a/\nSubject: =?utf-8?Q?T?=\nMIME-Version: 1.0\n"
    'Content-Type: multipart/related; type="text/html"; boundary="b"\n\n--b\nContent-Type: text/html; charset="utf-8"\n'
    "Content-Transfer-Encoding: quoted-printable\nContent-Location: http://a/\n\n<h1>Knots</h1><p>a=3D=C3=A9</p>=\n\n--b\n"
    "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBO\n--b--\n",
    "box.mbox": "From a@b Sun May 12 09:14:00 2024\nFrom: a@b\nSubject: First\n\nBody.\n>From quoted.\n\n"
    "From c@d Sun May 12 09:15:00 2024\nFrom: c@d\nSubject: Second\nContent-Type: text/html\n\n<p>x</p>\n\n",
    "tool.py": '#!/usr/bin/env python3\n"""Doc."""\nimport os\n\n\nclass A:\n    @property\n    def b(self) -> int:\n        """X."""\n'
    "        return 1\n\n\nasync def c(x, /, *, y=(1, 2)):\n    s = '''a\n    b'''\n",
    "tool.c": "/* doc */\n#include <a.h>\nstatic int f(int a) {\n  // c\n  return a ? 1 : '\\'' ; }\nstruct s { int x; };\n",
    "tool.js": "/** d */\nexport class A { b() { return `x${1}` } }\nconst f = async (a) => { /* } */ }\n",
    "tool.go": "package a\n\n// F does.\nfunc (r *R) F(a int) (b error) {\n\treturn nil\n}\ntype T struct {\n\tA int\n}\n",
    "tool.sh": '#!/bin/sh\nf() {\n  echo "a b"\n}\nfunction g {\n  cat <<E\nx\nE\n}\n',
}


def _notebook() -> str:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "words"]},
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": 1,
            "source": "print(1)",
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["1\n"]},
                {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "x", "text/html": ["<b>x</b>"]}},
                {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\u001b[31mno\u001b[0m"]},
            ],
        },
    ]
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"language": "python"}}, "cells": cells}
    )


def made() -> dict[str, bytes]:
    """Each by its name."""
    return {
        **{name: text.encode() for name, text in _TEXTS.items()},
        "notebook.ipynb": _notebook().encode(),
        "utf16.txt": "\ufeffПривет, мир\nЕщё строка\n".encode("utf-16-le"),
        "utf32.txt": "\ufeffab\n".encode("utf-32-be"),
        "japanese.txt": "潮の満ち引きは月の力による。\n干潮は六時。\n".encode("cp932"),
        "old.txt": "Voilà l’été à la plage.\n".encode("cp1252") * 4,
        "latin.html": "<html><head><meta charset=iso-8859-1><title>é</title></head><body><p>café à l’été</p></body></html>".encode(
            "cp1252"
        ),
        "latin.xml": "<?xml version='1.0' encoding='windows-1252'?><a><title>é</title><b>café à la plage</b></a>".encode(
            "cp1252"
        ),
        "latin.rtf": b"{\\rtf1\\ansicpg1250 \\'e8 caf\xe9 \\'9a\\par}",
        "utf16.csv": "\ufeffa;b\n1;é\n".encode("utf-16-le"),
    }
