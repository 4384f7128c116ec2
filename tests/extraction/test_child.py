"""Real child processes: what they answer, and what is kept out of their pipe."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest_desktop.domain.wire import (
    Extracted,
    ExtractOptions,
    Failed,
    Looked,
    LookItem,
    LookLot,
    Message,
    Secrets,
    SegmentTask,
    recipe_of,
)
from ingest_desktop.extraction.child import _without
from ingest_desktop.extraction.host import ChildProcess, command

from .child_kit import GUESTS, MAKE, looks, lot, posix, text_file
from .conftest import CORPUS, OPTIONS


def test_a_lot_gives_one_answer_for_each_file_in_order(child: ChildProcess, tmp_path: Path) -> None:
    good = text_file(tmp_path)
    pdf = CORPUS / "files" / "pdf" / "crazyones.pdf"
    (tmp_path / "novel.mobi").write_bytes(bytes(60) + b"BOOKMOBI" + bytes(100))
    found = looks(child, good, tmp_path / "gone.txt", pdf, tmp_path / "novel.mobi", tmp_path)
    assert [message.key for message in found] == [0, 1, 2, 3, 4]  # type: ignore[union-attr]
    assert [type(message) for message in found] == [Looked, Failed, Looked, Failed, Failed]
    codes = [message.code for message in found if isinstance(message, Failed)]
    assert codes == ["source_gone", "unsupported_format", "source_unreadable"]
    assert isinstance(found[1], Failed)
    assert found[1].message == "The file is not there any more."


def test_unchanged_content_is_not_extracted_again(child: ChildProcess, tmp_path: Path) -> None:
    path = text_file(tmp_path)
    (first,) = looks(child, path)
    assert isinstance(first, Looked)
    assert first.result is not None
    recipe = recipe_of(first.plan.reader, first.plan.reader_version, OPTIONS, first.plan.unit)
    for known, again in ((recipe, True), ("another recipe", False)):
        found: list[Message] = []
        child.run(LookLot((LookItem(1, str(path), first.plan.sha256, known),), OPTIONS), found.append)
        assert isinstance(found[0], Looked)
        assert found[0].unchanged is again
        assert (found[0].result is None) is again


def test_segments_need_the_file_that_was_planned(child: ChildProcess, tmp_path: Path) -> None:
    options = ExtractOptions(segment_bytes=65_536)
    path = text_file(tmp_path, text="a line of text\n" * 20_000)
    (look,) = looks(child, path, options=options)
    assert isinstance(look, Looked)
    assert look.result is None
    assert len(look.plan.segments) == 5
    found: list[Message] = []
    child.run(SegmentTask(7, str(path), look.plan, 3, options), found.append)
    assert isinstance(found[-1], Extracted)
    assert found[-1].key == 7
    assert found[-1].result.number == 3
    assert found[-1].result.chunks[0].line_start == look.plan.segments[3].first_line
    text_file(tmp_path, text="something else\n" * 20_000)
    child.run(SegmentTask(7, str(path), look.plan, 3, options), found.append)
    assert isinstance(found[-1], Failed)
    assert found[-1].code == "source_changed"


def test_large_file_is_streamed_and_tells_how_far_it_is(child: ChildProcess, tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "big.log"
    digest = hashlib.sha256()
    with path.open("wb") as stream:
        for _ in range(80):
            block = (b"x" * 1023 + b"\n") * 1024
            digest.update(block)
            stream.write(block)
    (look,) = looks(child, path)
    assert isinstance(look, Looked)
    assert look.plan.sha256 == digest.hexdigest()
    assert len(look.plan.segments) == 20
    assert look.plan.segments[19].first_line == 19 * 4096 + 1


def test_limits_of_size_and_pages_name_their_setting(child: ChildProcess, tmp_path: Path) -> None:
    (failed,) = looks(child, text_file(tmp_path), options=ExtractOptions(max_file_bytes=5))
    assert isinstance(failed, Failed)
    assert (failed.code, "INGESTION_MAX_FILE_BYTES" in failed.message) == ("source_too_large", True)
    pdf = CORPUS / "files" / "pdf" / "multi_page.pdf"
    (failed,) = looks(child, pdf, options=ExtractOptions(max_pages=2))
    assert isinstance(failed, Failed)
    assert (failed.code, "INGESTION_MAX_PAGES" in failed.message) == ("limit_exceeded", True)


@posix
def test_special_files_are_refused_without_waiting(child: ChildProcess, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found = looks(child, tmp_path / "pipe", Path("/dev/zero"))
    assert [message.code for message in found if isinstance(message, Failed)] == ["source_unreadable"] * 2


def test_a_reader_of_another_package_is_found_and_cannot_disturb_the_pipe(start_child: MAKE, guest: GUESTS) -> None:
    child = start_child()
    found = looks(child, guest("hello"), guest("raise"), guest("recurse"))
    assert isinstance(found[0], Looked)
    assert found[0].result is not None
    assert found[0].result.chunks[0].text == "read by a guest"
    assert [message.code for message in found[1:] if isinstance(message, Failed)] == ["source_malformed"] * 2
    assert isinstance(found[1], Failed)
    assert "a fault of its own" in found[1].detail
    assert "KeyError" in found[1].message


def test_a_receiver_that_raises_leaves_no_mixed_up_messages(start_child: MAKE, tmp_path: Path) -> None:
    child = start_child()
    good, pdf = text_file(tmp_path), CORPUS / "files" / "pdf" / "crazyones.pdf"

    def refuse(message: Message) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        child.run(lot(good, pdf, good), refuse)
    (look,) = looks(child, pdf)
    assert isinstance(look, Looked)
    assert look.plan.media_type == "application/pdf"


def test_child_imports_neither_qt_nor_the_store(tmp_path: Path) -> None:
    """In a process that does what the child does, and then looks at what it has imported."""
    paths = [str(text_file(tmp_path, f"a{end}")) for end in (".txt", ".md", ".py", ".html")]
    paths += [str(CORPUS / "files" / name) for name in ("pdf/crazyones.pdf", "office/headings.docx")]
    code = (
        "import sys\n"
        "import ingest_desktop.extraction.child\n"
        "from ingest_desktop.domain.wire import ExtractOptions, LookItem\n"
        "from ingest_desktop.extraction.look import look\n"
        "from ingest_desktop.extraction.registry import Registry\n"
        "early = {'pypdfium2', 'pypdf', 'mammoth', 'selectolax', 'chardet'} & set(sys.modules)\n"
        f"for path in {paths!r}: look(LookItem(1, path), ExtractOptions(), Registry([]), lambda *a: None)\n"
        "print(sorted(early), sorted({'PySide6', 'sqlalchemy', 'pydantic', 'sqlite3'} & set(sys.modules)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True, timeout=60
    )
    assert done.stdout.strip() == "[] []", done.stderr


def test_the_way_to_start_one() -> None:
    assert command()[-1] == "ingest_desktop.extraction.child"
    assert command()[0] == sys.executable


def test_what_is_blotted_out_of_a_sentence_does_not_tell_the_password() -> None:
    sentence = "It asks for a password; the library said hunter2!"
    assert _without(Secrets(("password", "hunter2!")), sentence) == "It asks for a password; the library said …"
