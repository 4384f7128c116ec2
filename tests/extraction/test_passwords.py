"""Documents behind a password: the right one opens, a wrong one says so, and none is ever repeated in a sentence."""

import base64
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_desktop.bootstrap import recipe_is_current
from ingest_desktop.domain.errors import LimitExceeded, SourceEncrypted, SourceError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.domain.wire import ExtractOptions, recipe_of
from ingest_desktop.extraction.readers.legacy import LegacyReader
from ingest_desktop.extraction.readers.pypdf_engine import PypdfDocument
from ingest_desktop.extraction.unlocking import still_locked, unlocked

from .conftest import CORPUS, memory
from .recognition_kit import told

OPTIONS = ExtractOptions()
OFFICE = CORPUS / "files" / "office"
WRONG = "opensesame-0815"


def behind(data: bytes, *passwords: str, path: str = "a") -> SourceFile:
    return replace(memory(data, path), passwords=passwords)


def locked_pdf(path: Path, algorithm: str, user: str, owner: str) -> Path:
    """A document of two pages, locked."""
    writer = pypdf.PdfWriter(clone_from=CORPUS / "files" / "pdf" / "crazyones.pdf")
    writer.encrypt(user, owner, algorithm=algorithm)
    with path.open("wb") as target:
        writer.write(target)
    return path


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
def test_a_pdf_opens_with_either_password(tmp_path: Path, algorithm: str) -> None:
    path = locked_pdf(tmp_path / "a.pdf", algorithm, "user word", "owner word")
    data = path.read_bytes()
    for word in ("user word", "owner word"):
        source = behind(data, WRONG, word, path=str(path))
        assert "crazy ones" in told(source).text
        assert "crazy ones" in PypdfDocument(source).page(0).text
        inner = replace(source, path="a.pdf", inner=True)
        assert "crazy ones" in told(inner).text


def test_a_password_beyond_ascii_opens_a_pdf(tmp_path: Path) -> None:
    for algorithm in ("AES-256", "RC4-128"):
        path = locked_pdf(tmp_path / "a.pdf", algorithm, "schlüssel", "owner")
        assert "crazy ones" in told(behind(path.read_bytes(), "schlüssel", path=str(path))).text


def test_a_pdf_with_an_owner_only_asks_nobody(tmp_path: Path) -> None:
    path = locked_pdf(tmp_path / "a.pdf", "AES-256", "", "owner word")
    assert "crazy ones" in told(behind(path.read_bytes(), path=str(path))).text
    assert "crazy ones" in PypdfDocument(behind(path.read_bytes())).page(0).text


def test_a_password_that_came_later_opens_what_was_refused(tmp_path: Path) -> None:
    path = locked_pdf(tmp_path / "a.pdf", "AES-128", "user word", "owner word")
    with pytest.raises(SourceEncrypted):
        told(behind(path.read_bytes(), path=str(path)))
    assert "crazy ones" in told(behind(path.read_bytes(), "user word", path=str(path))).text
    with pytest.raises(SourceEncrypted):
        told(behind(path.read_bytes(), path=str(path)))


@pytest.mark.parametrize(
    ("passwords", "said"),
    [((), "by a password."), ((WRONG,), "the given password does not open it"), ((WRONG, "b"), "none of the given")],
)
def test_what_stays_locked_says_so_and_repeats_no_password(
    tmp_path: Path, passwords: tuple[str, ...], said: str
) -> None:
    pdf = locked_pdf(tmp_path / "a.pdf", "AES-256", "user word", "owner word")
    for source in (
        behind(pdf.read_bytes(), *passwords, path=str(pdf)),
        behind((OFFICE / "encrypted.docx").read_bytes(), *passwords),
        behind((OFFICE / "encrypted.xlsx").read_bytes(), *passwords),
    ):
        with pytest.raises(SourceEncrypted, match=said) as caught:
            told(source)
        assert WRONG not in str(caught.value)
    with pytest.raises(SourceEncrypted, match=said):
        PypdfDocument(behind(pdf.read_bytes(), *passwords))


@pytest.mark.parametrize(
    ("name", "text", "inside"),
    [("encrypted.docx", "encrypted Word 2007", "docx"), ("encrypted.xlsx", "Encrypted Excel", "sheets")],
)
def test_office_packages_open(name: str, text: str, inside: str) -> None:
    found = told(behind((OFFICE / name).read_bytes(), WRONG, "tika", path=name))
    assert text in found.text
    assert found.plan.shape.startswith(f"inside={inside}/")


def test_an_opendocument_text_opens() -> None:
    data = (OFFICE / "encrypted.odt").read_bytes()
    found = told(behind(data, WRONG, "tika", path="a.odt"))
    assert "This should be encrypted." in found.text
    with pytest.raises(SourceEncrypted, match=r"by a password\.$"):
        told(behind(data, path="a.odt"))
    with pytest.raises(SourceEncrypted, match="the given password does not open it"):
        told(behind(data, WRONG, path="a.odt"))


def enveloped(data: bytes, password: str) -> bytes:
    """An Office package as Office locks it."""
    from msoffcrypto.format.ooxml import OOXMLFile

    target = io.BytesIO()
    OOXMLFile(io.BytesIO(data)).encrypt(password, target)
    return target.getvalue()


def test_slides_behind_a_password_keep_their_places() -> None:
    data = enveloped((OFFICE / "slides.pptx").read_bytes(), "päss wörd")
    plain, found = told(memory((OFFICE / "slides.pptx").read_bytes())), told(behind(data, "päss wörd"))
    assert [(block.text, block.extra) for block in found.blocks] == [
        (block.text, block.extra) for block in plain.blocks
    ]
    assert (found.plan.unit, found.plan.units) == (plain.plan.unit, plain.plan.units)


def test_what_is_locked_against_changes_only_opens_by_itself() -> None:
    data = enveloped((OFFICE / "simple.xlsx").read_bytes(), "VelvetSweatshop")
    assert told(behind(data)).text == told(memory((OFFICE / "simple.xlsx").read_bytes())).text


def test_half_an_envelope_is_damaged() -> None:
    data = enveloped((OFFICE / "simple.xlsx").read_bytes(), "word")
    with pytest.raises(SourceMalformed):
        told(behind(data[: len(data) // 2], "word"))


def test_too_large_a_document_is_not_unlocked() -> None:
    data = (OFFICE / "encrypted.docx").read_bytes()
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        unlocked(behind(data, "tika"), ExtractOptions(max_expanded_bytes=1024))


def test_a_key_that_takes_hours_is_not_made() -> None:
    data = enveloped((OFFICE / "simple.xlsx").read_bytes(), "word")
    costly = data.replace(b'spinCount="100000"', b'spinCount="9000000"', 1)
    assert costly != data
    with pytest.raises(SourceMalformed, match="more work"):
        unlocked(behind(costly, "word"), OPTIONS)


ENVELOPES = tuple((OFFICE / name).read_bytes() for name in ("encrypted.docx", "encrypted.xlsx"))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_damaged_envelopes_end_in_errors_of_ours(chance: st.DataObject) -> None:
    data = bytearray(chance.draw(st.sampled_from(ENVELOPES)))
    for _ in range(chance.draw(st.integers(1, 12))):
        data[chance.draw(st.integers(0, min(len(data), 8192) - 1))] = chance.draw(st.integers(0, 255))
    try:
        unlocked(behind(bytes(data), "tika"), OPTIONS)
    except SourceError:
        pass


@settings(max_examples=8, deadline=None)  # each makes several keys
@given(st.data())
def test_damaged_locked_parts_end_in_errors_of_ours(chance: st.DataObject) -> None:
    with zipfile.ZipFile(OFFICE / "encrypted.odt") as archive:
        parts = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    for name in ("META-INF/manifest.xml", "content.xml"):
        for _ in range(chance.draw(st.integers(0, 3))):
            parts[name][chance.draw(st.integers(0, len(parts[name]) - 1))] = chance.draw(st.integers(0, 255))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, bytes(part))
    try:
        told(behind(target.getvalue(), "tika", path="a.odt"))
    except SourceError:
        pass


@given(st.lists(st.text(min_size=4), max_size=3))
def test_no_sentence_holds_a_password(passwords: list[str]) -> None:
    said = str(still_locked(passwords))
    assert said in {str(still_locked([])), str(still_locked(["xyzzy"])), str(still_locked(["xyzzy", "plugh"]))}


def test_what_a_password_or_another_program_opened_is_no_reason_to_read_anew() -> None:
    source = behind((OFFICE / "encrypted.docx").read_bytes(), "tika")
    plan = told(source).plan
    assert recipe_is_current(recipe_of("locked", 1, OPTIONS, plan.unit, plan.shape), OPTIONS)
    assert not recipe_is_current(recipe_of("locked", 0, OPTIONS, plan.unit, plan.shape), OPTIONS)
    assert recipe_is_current(recipe_of("legacy", LegacyReader.version, OPTIONS, "whole", "office=1"), OPTIONS)


def test_how_many_files_inside_open_is_told_by_what_holds_them() -> None:
    """Else a retry with the password would be taken for what is stored already."""
    locked = (OFFICE / "encrypted.docx").read_bytes()
    held = io.BytesIO((OFFICE / "headings.docx").read_bytes())
    with zipfile.ZipFile(held, "a") as archive:
        archive.writestr("word/embeddings/letter.docx", locked)
    attached = base64.encodebytes(locked).decode()
    box = "".join(
        f"From a@b Mon Jan  1 10:00:0{number} 2024\nSubject: {number}\nMIME-Version: 1.0\n"
        f'Content-Type: application/octet-stream; name="a.docx"\nContent-Transfer-Encoding: base64\n\n{attached}\n'
        for number in range(2)
    )
    for data, count in ((held.getvalue(), 1), (box.encode(), 2), (enveloped(held.getvalue(), "tika"), 1)):
        assert f"unlocked={count}" in told(behind(data, WRONG, "tika")).plan.shape
        if count == 2 or not data.startswith(b"\xd0"):
            assert "unlocked" not in told(behind(data, WRONG)).plan.shape
    assert "encrypted Word 2007" in told(behind(held.getvalue(), "tika")).text
