"""Sound, film, fonts, programs and images of disks are left out of a drop by their names, in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from application.kit import FakeApp, all_jobs, write_files
from ingest_desktop.application.discovery import Walk
from ingest_desktop.application.left_out import KINDS, REASONS, left_out_as
from ingest_desktop.application.submission import Submitter
from ingest_desktop.extraction import kinds

MEDIA = {
    "a.mp3": "audio",
    "b.MP4": "video",
    "c.woff2": "font",
    "d.exe": "program",
    "e.iso": "disk_image",
    "f.flac": "audio",
}


@pytest.fixture
def mixed(docs: Path) -> Path:
    write_files(docs, dict.fromkeys(MEDIA, "x"))
    return write_files(docs, {"letter.txt": "Dear Anna", "below/g.wav": "x", "below/code.ts": "let a = 1"})


def test_a_name_is_enough() -> None:
    assert {name: left_out_as(name) for name in MEDIA} == MEDIA
    for name in ("letter.txt", "code.ts", "module.mts", "README", "scan.pdf", ".mp3", "mp3", "x.mp3.txt", "part.obj"):
        assert left_out_as(f"/docs/{name}") is None
    assert set(KINDS.values()) == set(REASONS)


def test_nothing_is_left_out_that_a_reader_reads() -> None:
    read = {*kinds.PROMISED, *kinds.MARKDOWN_NAMES, *kinds.HTML_NAMES, *kinds.CODE_NAMES}
    assert not {name.lstrip(".") for name in read} & set(KINDS)


def test_they_are_counted_and_make_no_jobs(fake: FakeApp, mixed: Path) -> None:
    report = fake.service.submit([str(mixed)]).report
    assert report.skipped == {"audio": 3, "video": 1, "font": 1, "program": 1, "disk_image": 1}
    assert {job.original_filename for job in all_jobs(fake)} == {"letter.txt", "code.ts"}
    assert fake.service.preflight([str(mixed)]).skipped == report.skipped


def test_one_that_is_named_by_itself_is_left_out_and_told(fake: FakeApp, mixed: Path) -> None:
    report = fake.service.submit([str(mixed / "a.mp3")]).report
    assert (report.found, report.skipped) == (0, {"audio": 1})


def test_which_they_are_can_be_asked(fake: FakeApp, mixed: Path) -> None:
    batch = fake.service.submit([str(mixed)], without=["ts"]).batch
    found = fake.service.left_out(batch.batch_id)
    assert sorted(Path(path).name for path in found["audio"]) == ["a.mp3", "f.flac", "g.wav"]
    assert [Path(path).name for path in found["kind"]] == ["code.ts"]


def test_folders_and_links_are_named_too(docs: Path) -> None:
    write_files(docs, {"node_modules/x.js": "x", ".hidden": "x"})
    (docs / "link").symlink_to(docs)
    heard: list[tuple[str, str]] = []
    assert not list(Walk(on_skip=lambda reason, path: heard.append((reason, Path(path).name))).files([str(docs)]))
    assert set(heard) == {("vendored", "node_modules"), ("hidden", ".hidden"), ("link", "link")}


def test_readers_of_others_may_read_them(fake: FakeApp, mixed: Path, make_fake: Callable[..., FakeApp]) -> None:
    submitter = Submitter(fake.repository, fake.contents, fake.events, lambda _recipe: True, takes_all=lambda: True)
    assert submitter.preflight([str(mixed)], "library").files == len(MEDIA) + 3
