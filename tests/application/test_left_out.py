"""Sound, film, fonts, programs, images of disks and databases are left out of a drop, in one line."""

import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.kit import FakeApp, Script, all_jobs, assert_clean, hits, job_of, work, write_files
from ingest_desktop.application.discovery import Walk
from ingest_desktop.application.left_out import reason_of
from ingest_desktop.application.submission import Submitter
from ingest_desktop.bootstrap import App
from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.marks import HEAD_BYTES, is_binary, is_document, medium_of, reads_as_text
from ingest_desktop.domain.media import DOCUMENTS, KINDS, MEDIA_TYPES, REASONS, SENTENCES, named_as
from ingest_desktop.domain.wire import Failed
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
    write_files(docs, dict.fromkeys(MEDIA, "\0\1\2"))
    return write_files(docs, {"letter.txt": "Dear Anna", "below/g.wav": "\0\1\2", "below/code.ts": "let a = 1"})


def test_where_bytes_tell_nothing_the_name_decides() -> None:
    assert {name: named_as(name) for name in MEDIA} == MEDIA
    for name in ("letter.txt", "code.ts", "module.mts", "README", "scan.pdf", ".mp3", "mp3", "x.mp3.txt", "part.obj"):
        assert named_as(f"/docs/{name}") is None
    assert {*KINDS.values(), "database", "binary"} == set(REASONS) == set(SENTENCES) == set(MEDIA_TYPES)
    assert len(set(SENTENCES.values())) == len(set(MEDIA_TYPES.values())) == len(REASONS)


def test_nothing_is_left_out_that_a_reader_reads() -> None:
    read = {*kinds.PROMISED, *kinds.MARKDOWN_NAMES, *kinds.HTML_NAMES, *kinds.CODE_NAMES}
    assert not {name.lstrip(".") for name in read} & set(KINDS)
    assert {name.lstrip(".") for name in read} <= DOCUMENTS
    assert not DOCUMENTS & set(KINDS)


MARKS: dict[bytes, str] = {
    b"ID3\4\0\0" + bytes(80): "audio",
    b"\xff\xfb\x90\x64\0" + bytes(80): "audio",
    b"RIFF\x24\0\0\0WAVEfmt ": "audio",
    b"OggS\0\2" + bytes(40) + b"\1vorbis": "audio",
    b"OggS\0\2" + bytes(40) + b"\x80theora": "video",
    b"\0\0\0\x20ftypM4A \0\0\2\0": "audio",
    b"\0\0\0\x20ftypisom\0\0\2\0": "video",
    b"\0\0\0\x08wide\0\0\0\0mdat": "video",
    b"\x1aE\xdf\xa3\x01\0": "video",
    (b"G\x40\0\x10" + bytes(184)) * 3: "video",
    b"\0\1\0\0\0\x11\1\0\0\4": "font",
    b"OTTO\0\x0a": "font",
    b"wOF2\0\1\0\0": "font",
    b"\x7fELF\2\1\1\0": "program",
    b"MZ\x90\0" + bytes(60): "program",
    b"\xcf\xfa\xed\xfe\7\0\0\1": "program",
    b"\0\0\0\x20ftypheic": "picture",
    b"8BPS\0\1\0\0\0\0\0\0\0\3": "picture",
    b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0" + bytes(40): "picture",
    b"icns\0\1\x20\0ic07": "picture",
    b"\x28\0\0\0\x80\0\0\0\x80\0\0\0\1\0\x18\0\0\0\0\0" + bytes(40): "picture",
    b"II+\0\x08\0\0\0\x10\0\0\0": "picture",
    bytes(128) + b"DICM\2\0\0\0UL\4\0": "picture",
    b"SQLite format 3\0\x10\0": "database",
    b"\0\1\0\0Standard ACE DB\0": "database",
    b"\xeb\x58\x90" + bytes(507) + b"\x55\xaa": "disk_image",
}
NO_MARKS = (
    *(
        b"",
        b"x",
        b"ID3 tags are told here",
        b"OTTO and ANNA",
        b"MZ and other letters " * 9,
        b"GIF89a\1\0",
        b"OggS is a mark",
    ),
    *("ÿû was typed here, über alles".encode("latin-1"), "\ufeffText".encode("utf-16-le"), b"icns are told here"),
    *(b"G" * 512, bytes(512), b"PK\3\4\x14\0", b"%PDF-1.7", "ясно, ящик".encode("cp1251") * 20),
)


@pytest.mark.parametrize("head", MARKS)
def test_marks_tell_what_holds_no_text(docs: Path, head: bytes) -> None:
    assert medium_of(head) == MARKS[head]
    for name in ("song", "blob.dat", "store.db", "x.qqq"):
        (docs / name).write_bytes(head)
        assert reason_of(str(docs / name), (docs / name).stat()) == MARKS[head]


@pytest.mark.parametrize("head", NO_MARKS)
def test_other_bytes_are_not_taken_for_them(docs: Path, head: bytes) -> None:
    assert medium_of(head) is None
    (docs / "blob.dat").write_bytes(head)
    assert reason_of(str(docs / "blob.dat"), (docs / "blob.dat").stat()) is None


BINARY = (
    bytes(range(256)) * 2,
    bytes(120) + b"DICOM\2\0\0\0UL\4\0\xc0\0\0\0" + bytes(range(200)),
    b"\0\0\0\2\0\0\x14\x8f\0\0\x67\xb9\0\0\0\4\0\0\0\0%\0\0\0" * 8,
)


def old_tar(name: bytes = b"letter.txt") -> bytes:
    """The header of a tar file as it was before it had a mark."""
    head = bytearray(name.ljust(100, b"\0") + b"0000644\0" + b"0001750\0" * 2 + b"00000000012\0" * 2 + b" " * 8)
    head += bytes(512 - len(head))
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


@pytest.mark.parametrize("head", BINARY)
def test_what_is_certainly_no_text_is_left_out_unless_a_document_is_promised_or_wished_for(
    docs: Path, head: bytes
) -> None:
    assert is_binary(head)
    for name, reason in (("blob.dat", "binary"), ("blob", "binary"), ("scan.pdf", None), ("novel.mobi", None)):
        (docs / name).write_bytes(head)
        assert reason_of(str(docs / name), (docs / name).stat()) == reason


@pytest.mark.parametrize(
    "head",
    [
        old_tar(),
        "Grüße aus Köln am Rhein".encode("utf-16-be"),
        "Grüße aus Köln am Rhein".encode("utf-16-le"),
        b"\0\0\xfe\xff" + "Grüße aus Köln am Rhein".encode("utf-32-be"),
        "Привет из Москвы, дорогая".encode("koi8-r"),
        "日本語の文書です。とても長い。".encode("shift_jis"),
        "日本語の文書です。とても長い。".encode("iso2022_jp"),
        bytes(20) + b"%PDF-1.4\n\1\2\3",
    ],
)
def test_in_doubt_it_is_no_binary(head: bytes) -> None:
    assert not is_binary(head)


def test_a_large_file_is_looked_at_whatever_its_name_promises(docs: Path) -> None:
    film = b"\0\0\0\x20ftypisom\0\0\2\0"
    for name, head, reason in (
        ("report.pdf", film, "video"),
        ("clip.ts", (b"G\x40\0\x10" + bytes(184)) * 3, "video"),
        ("scan.pdf", bytes(range(256)), None),
        ("paper.pdf", b"%PDF-1.7\n", None),
        ("letter.txt", b"Dear Anna", None),
    ):
        with (docs / name).open("wb") as stream:
            stream.write(head)
            stream.truncate(300_000)
        assert reason_of(str(docs / name), (docs / name).stat()) == reason
    (docs / "short.pdf").write_bytes(film)
    assert reason_of(str(docs / "short.pdf"), (docs / "short.pdf").stat()) is None


@given(st.binary(max_size=HEAD_BYTES))
def test_any_bytes_are_judged(head: bytes) -> None:
    assert medium_of(head) in {None, *REASONS}
    assert is_document(head) or not is_document(head, packed=False)
    assert not is_binary(head) or (medium_of(head) is None and not is_document(head))


@given(st.text(max_size=700))
def test_any_text_is_text_wherever_it_is_cut(text: str) -> None:
    head = text.encode("utf-8")[:HEAD_BYTES]
    assert reads_as_text(head) or not head or any(ord(sign) < 32 or ord(sign) == 127 for sign in text)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("letter.mp3", b"Dear Anna, it rains.", None),
        ("letter.mp4", "Grüße aus Köln".encode("latin-1"), None),
        ("letter.bin", "Grüße".encode("utf-16"), None),
        ("paper.ttf", b"%PDF-1.4\n", None),
        ("paper.wav", b"PK\3\4\x14\0\6\0", None),
        ("paper.exe", b"PK\3\4\x14\0\6\0", None),
        ("packed.mp3", b"\x1f\x8b\x08\0", None),
        ("image.dmg", b"BZh91AY&SY", "disk_image"),
        ("tool.jar", b"PK\3\4\x14\0\6\0", "program"),
        ("setup.msi", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "program"),
        ("photo.heic", b"\xff\xd8\xff\xe0\0\x10JFIF", None),
        ("photo.nef", b"MM\0*\0\0\0\x08", "picture"),
        ("photo.fpx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "picture"),
        ("photo.heic", b"", "picture"),
        ("letter.tga", b"Dear Anna", None),
        ("sound.ogg", b"\x1aE\xdf\xa3\x01\0", "audio"),
        ("film.exe", b"\x1aE\xdf\xa3\x01\0", "video"),
        ("empty.mp3", b"", "audio"),
        ("song.txt", b"ID3\4\0\0", None),
    ],
)
def test_bytes_win_over_a_name_that_is_left_out(docs: Path, name: str, data: bytes, reason: str | None) -> None:
    (docs / name).write_bytes(data)
    assert reason_of(str(docs / name), (docs / name).stat()) == reason


def test_a_name_that_promises_a_document_is_not_opened_and_trouble_is_ignored(docs: Path) -> None:
    found = docs.stat()
    assert reason_of(str(docs / "gone.pdf"), found) is None
    assert reason_of(str(docs / "gone.mp3"), found) == "audio"
    assert reason_of(str(docs / "gone"), found) is None
    assert reason_of("no\0name.mp3", found) == "audio"


def test_a_text_named_as_a_song_becomes_a_job_and_a_song_without_a_name_none(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"letter.mp3": "Dear Anna", "README": "Read me", "core": "\x7fELF\2\1\1\0"})
    (docs / "blob.dat").write_bytes(b"SQLite format 3\0\x10\0")
    (docs / "odd.qqq").write_bytes(bytes(range(256)))
    report = fake.service.submit([str(docs)]).report
    assert report.skipped == {"program": 1, "database": 1, "binary": 1}
    assert {job.original_filename for job in all_jobs(fake)} == {"letter.mp3", "README"}


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


FILM = b"\0\0\0\x20ftypisom\0\0\2\0" + bytes(300)
LYING = {  # small files under a document's name, which is believed until they are read
    "film.pdf": (FILM, "video"),
    "sound.docx": (b"ID3\4\0\0" + bytes(300), "audio"),
    "font.txt": (b"\0\1\0\0\0\x11\1\0\0\4\0\x10" + bytes(300), "font"),
    "program.md": (b"\x7fELF\2\1\1\0" + bytes(300), "program"),
    "store.csv": (b"SQLite format 3\0\x10\0" + bytes(300), "database"),
    "icon.bmp": (b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0" + bytes(300), "picture"),
    "photo.png": (b"\0\0\0\x20ftypheic" + bytes(300), "picture"),
}


@pytest.mark.parametrize(("reason", "told"), [("video", "video/*"), ("of a hostile child", "application/octet-stream")])
def test_why_it_was_left_out_is_told_by_who_knows_it_whatever_the_sentence_says(
    fake: FakeApp, script: Script, docs: Path, reason: str, told: str
) -> None:
    write_files(docs, {"a.txt": "a"})
    script.before_file = lambda _, item: [Failed(item.key, "left_out", "Some sentence.", reason=reason)]
    fake.service.submit([str(docs)])
    work(fake)
    job = job_of(fake, docs / "a.txt")
    assert (job.outcome, job.message, job.mime_type) == (Outcome.LEFT_OUT, "Some sentence.", told)


def test_what_turns_out_to_be_no_document_when_it_is_read_is_left_out_too(real: App, docs: Path) -> None:
    write_files(docs, {"letter.txt": "Dear Anna"})
    for name, (data, _) in LYING.items():
        (docs / name).write_bytes(data)
    made = real.service.submit([str(docs)])
    assert (made.report.found, made.report.skipped) == (len(LYING) + 1, {})
    work(real)
    for name, (_, reason) in LYING.items():
        job = job_of(real, docs / name)
        assert (job.status, job.outcome, job.error_code) == (JobStatus.COMPLETED, Outcome.LEFT_OUT, None)
        assert (job.message, job.mime_type) == (SENTENCES[reason], MEDIA_TYPES[reason])
        assert job.receipt is not None and not job.needs_attention and not job.may_retry
    counts = real.service.batch_counts(made.batch.batch_id)
    assert counts.left_out == Counter(reason for _, reason in LYING.values()) and not counts.attention
    found = real.service.left_out(made.batch.batch_id)
    assert {Path(path).name: reason for reason, paths in found.items() for path in paths} == {
        name: reason for name, (_, reason) in LYING.items()
    }
    assert hits(real, "Anna") == ["letter.txt"]
    assert_clean(real)


def test_what_nobody_can_read_but_a_person_may_want_fails(real: App, docs: Path) -> None:
    (docs / "novel.mobi").write_bytes(bytes(60) + b"BOOKMOBI" + bytes(300))
    (docs / "scan.pdf").write_bytes(bytes(range(256)) * 9)  # a document that is damaged, for all that is known
    real.service.submit([str(docs)])
    work(real)
    assert {job.error_code for job in all_jobs(real)} == {"unsupported_format"}


def test_a_document_that_became_a_film_asks_for_a_look(real: App, docs: Path) -> None:
    write_files(docs, {"letter.txt": "Dear Anna"})
    real.service.submit([str(docs)])
    work(real)
    (docs / "letter.txt").write_bytes(FILM)
    batch = real.service.submit([str(docs)]).batch
    work(real)
    (job,) = all_jobs(real, batch_id=batch.batch_id)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "unsupported_format")
    assert job.error_message == f"{SENTENCES['video']} What is found is what the file held before."
    assert hits(real, "Anna") == ["letter.txt"]
    assert_clean(real)


def test_files_without_an_ending_that_only_a_reader_knows_are_left_out(real: App, docs: Path) -> None:
    (docs / "core").write_bytes(b"\0" * 512 + bytes(range(256)) * 40)  # what the first look is in doubt about
    real.service.submit([str(docs)])
    work(real)
    assert job_of(real, docs / "core").message == SENTENCES["binary"]


def test_an_archive_with_nothing_but_songs_says_so(real: App, docs: Path) -> None:
    with zipfile.ZipFile(docs / "album.zip", "w") as album:
        for number in range(3):
            album.writestr(f"{number}.mp3", b"ID3\4\0\0" + bytes(80))
    real.service.submit([str(docs)])
    work(real)
    job = job_of(real, docs / "album.zip")
    assert (job.outcome, job.gaps) == (Outcome.EMPTY, 0)
    assert job.message == "There is no text in it. Left out, because nobody reads them: MP3 audio files (3)."
