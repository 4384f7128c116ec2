"""docs/formats.md is current: its small files are read again, and nothing of the corpus is missing in it."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ingest_desktop.extraction import kinds, ocr
from ingest_desktop.extraction.host import ChildProcess

from .test_generated import script

SMALL = 200_000  # bytes: the others take seconds, and tests/extraction/test_corpus.py holds them to their facts
MAKER: ModuleType = script("make_formats") if "make_formats" not in sys.modules else sys.modules["make_formats"]
TEXT = MAKER.PAGE.read_text("utf-8")


@pytest.fixture
def folders(hostile: Path) -> list[tuple[Path, Path]]:
    """Where facts are listed and where their files are."""
    return [(MAKER.CORPUS, MAKER.CORPUS / "files"), (hostile, hostile)]


def test_small_files_still_give_what_the_page_says(folders: list[tuple[Path, Path]]) -> None:
    child = ChildProcess(wall_seconds=120, cpu_seconds=60)
    lines, wrong = set(TEXT.splitlines()), []
    recognises = ocr.recogniser(MAKER.OPTIONS) is not None
    for listed, folder in folders:
        for name, facts in json.loads((listed / "expected.json").read_text("utf-8")).items():
            pictures = "ocr_must_contain" in facts and not recognises
            if pictures or (folder / name).stat().st_size > SMALL or facts["format"] == "zip":
                continue
            row = MAKER.judged(name, facts, MAKER.read(child, folder / name))
            wrong += [line for line in list(MAKER._table([row]))[2:] if line not in lines]
    child.close()
    assert wrong == [], "run: make formats"


def test_every_file_has_its_line_and_those_that_differ_their_reason(folders: list[tuple[Path, Path]]) -> None:
    for listed, _ in folders:
        for name, facts in json.loads((listed / "expected.json").read_text("utf-8")).items():
            assert TEXT.count(f"| {name} | {facts['outcome']} | ") == 1, "run: make formats"
    differing = [
        line.split("`")[1] for line in TEXT.partition("## Those that differ")[2].splitlines() if line[:3] == "- `"
    ]
    assert differing == list(MAKER.EXPLAINED)
    assert all(reason in TEXT for reason in MAKER.EXPLAINED.values())


def test_samples_give_the_places_that_the_page_says() -> None:
    for name, places in MAKER.sampled().items():
        (line,) = [line for line in TEXT.splitlines() if line.startswith(f"| {name} | ")]
        assert places and line.split(" | ")[2] == ", ".join(sorted(places)), "run: make formats"


def test_every_kind_has_its_row() -> None:
    assert {kind for _, found, *_ in MAKER.FORMATS for kind in found.split()} == kinds.ALL
    for name, _, _, what, engine in MAKER.FORMATS:
        assert f"| {name} | {what} | " in TEXT
        assert f" | {engine} | " in TEXT
