"""The measuring itself is measured: what counts seconds and draws queries."""

import io
import sys
import zipfile
from pathlib import Path

import book
import kinds
import process_trees
import pypdfium2
import searching


def test_the_seconds_of_grandchildren_count(tmp_path: Path) -> None:
    work = "import time\nwhile time.process_time() < 0.3: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    used = process_trees.run([sys.executable, "-c", parent], log=tmp_path / "log")
    assert used.code == 0
    assert used.cpu_seconds >= 0.3


def test_the_memory_of_children_counts(tmp_path: Path) -> None:
    child = "import sys; kept = bytearray(60_000_000); print('x', flush=True); sys.stdin.read()"
    parent = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', {child!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
open({str(tmp_path / "ready")!r}, 'w').close()
while not __import__('os').path.exists({str(tmp_path / "seen")!r}): time.sleep(0.02)
child.communicate()
"""
    rounds = iter(range(100))

    def finished() -> bool:  # asked between samples: the second time, a sample was taken with the child in it
        if (tmp_path / "ready").exists() and next(rounds) >= 1:
            (tmp_path / "seen").touch()
        return False

    used = process_trees.peak_memory([sys.executable, "-c", parent], log=tmp_path / "log", finished=finished)
    assert used.processes >= 2
    assert used.pss_bytes > 60_000_000


def test_queries_are_of_all_kinds_and_the_same_for_a_seed() -> None:
    words = [f"word{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}" for n in range(4000)]
    texts = [" ".join(words[n % 3000 : n % 3000 + 40]) for n in range(0, 3900, 7)]
    drawn = searching.draw_queries(texts, seed=3)
    assert len(drawn) == 200
    assert {asked.kind for asked in drawn} >= {"a phrase", "a prefix", "a long question", "a rare word"}
    assert drawn == searching.draw_queries(texts, seed=3)
    assert drawn != searching.draw_queries(texts, seed=4)


def test_the_page_names_goals_that_are_missed_and_keeps_other_sections(tmp_path: Path) -> None:
    order = ["one", "two", "three"]
    first = book.Section("one", "One", "About one.", rows=[book.Row("seconds", "9 s", goal="at most 5 s", met=False)])
    book.Book(tmp_path, order).put(first)
    later = book.Section("two", "Two", "About two.", rows=[book.Row("bytes", "1", goal="at most 2", met=True)])
    book.Book(tmp_path, order).put(later)
    page = (tmp_path / "benchmarks.md").read_text("utf-8")
    assert "1 of 2 goals are met. Not met:\n\n- seconds: 9 s (goal: at most 5 s)" in page
    assert "About one." in page
    assert "`three`" in page


def test_quantiles_are_values_that_were_seen() -> None:
    assert book.quantile([5.0, 1.0, 3.0], 0.5) == 3.0
    assert book.quantile([float(n) for n in range(100)], 0.99) == 99.0


def test_huge_files_are_what_they_are_called(tmp_path: Path) -> None:
    kinds._book(tmp_path / "book.pdf", 30)
    book = pypdfium2.PdfDocument(tmp_path / "book.pdf")
    assert len(book) == 30
    assert "Page 30, line 30" in book[29].get_textpage().get_text_range()
    book.close()
    kinds._log(tmp_path / "a.log", 10_000)
    lines = (tmp_path / "a.log").read_bytes().splitlines()
    assert 10_000 <= (tmp_path / "a.log").stat().st_size < 10_200
    assert len(set(lines)) == len(lines)


def test_copies_have_other_content_and_are_still_what_they_were(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "text")
    made = {kinds._varied(stream.getvalue(), number) for number in range(5)}
    assert len(made) == 5
    for data in made:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.read("a.txt") == b"text"
    assert len({kinds._varied(b"words", number) for number in range(5)}) == 5
