"""Documents behind a password: the right one opens, a wrong one says so, and none is ever repeated in a sentence."""

import base64
import io
import unicodedata
import zipfile
import zlib
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
from ingest_desktop.extraction.readers.pdf_keys import keys
from ingest_desktop.extraction.readers.pypdf_engine import PypdfDocument
from ingest_desktop.extraction.unlocking import still_locked, unlocked

from .conftest import CORPUS, memory
from .recognition_kit import told

OPTIONS = ExtractOptions()
OFFICE = CORPUS / "files" / "office"
WRONG = "opensesame-0815"


def behind(data: bytes, *passwords: str, path: str = "a") -> SourceFile:
    return replace(memory(data, path), passwords=passwords)


def within(data: bytes, *passwords: str) -> SourceFile:
    """A document that is no file of the disk."""
    return replace(behind(data, *passwords), inner=True)


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


# the password as it was when the document was locked, and as it was typed; those of old locks as the bytes of Latin-1
OTHER_FORMS = [
    ("AES-256", "schlüssel", unicodedata.normalize("NFD", "schlüssel")),
    ("AES-256", "IX fi ab", "\u2168 \ufb01\u00a0a\u00adb"),
    ("AES-256", "\u30d1\u30b9", "\uff8a\uff9f\uff7d"),
    ("RC4-128", "schlüssel", unicodedata.normalize("NFD", "schlüssel")),
    ("RC4-128", "geld\xa0", "geld\u20ac"),  # in PDF's own encoding
    ("AES-128", "a\x85b", "a\u2013b"),
    ("RC4-40", "geld\x80", "geld\u20ac"),  # in that of Windows
    ("AES-128", "schl\u00c3\u00bcssel", "schlüssel"),  # in UTF-8
]


@pytest.mark.parametrize(("algorithm", "real", "typed"), OTHER_FORMS)
def test_letters_beyond_ascii_are_tried_as_programs_write_them(
    tmp_path: Path, algorithm: str, real: str, typed: str
) -> None:
    path = locked_pdf(tmp_path / "a.pdf", algorithm, real, "owner")
    source = behind(path.read_bytes(), WRONG, typed, path=str(path))
    assert "crazy ones" in told(source).text
    assert "crazy ones" in PypdfDocument(source).page(0).text


@given(st.text(max_size=40))
def test_a_password_has_a_few_forms_and_the_first_is_as_it_was_typed(password: str) -> None:
    forms = keys(password)
    assert len(set(forms)) == len(forms) <= (1 if password.isascii() else 10)
    assert forms[0] == password.encode()


def test_a_password_that_a_terminal_gave_in_other_bytes_is_tried_in_them() -> None:
    assert keys("caf\udce9")[0] == b"caf\xe9"
    assert keys("half a sign \ud83d")[0].startswith(b"half a sign ")


# Made with qpdf: AES-256, user password "u", owner password empty. "Nobody owns these pages" stands in it.
NO_OWNER = (
    "eNqFVEuLHFUURggI7U4QEkG4LkYQTKrqvm8YBzLT3XFM4ozTZqKOEe7j1EzH7qqhumaYCQHBlS6im7iIioi76ELdKipmEcGJgrgQcRfUP6Agoo"
    "inavolvUhXU4/z/L7v3nPnVpvt48kJ1Zj78s/3/20kJCa5u9SYnydRa6+EbNDNswGpPk81F1v1y6IdwDoUlYdEmDoVeRZ2oUc0WVio/tGq3YQB"
    "oVhzjUTP7G8DiZZsaXv5JrobkIWqFZ1quZTvZCVJSHSmGwZkg7A69eIo+bDeJJX9LzVDEOWA8MN25yB07WK+h1VivGRCiTK0qrVqCwwcwVqDQb"
    "5TeDgk2cYqhy8JEXVAxePZFXcJ/KFjuU/kyFH5JsimgPEpYGch2yy3iI6xaLdXQoHPni2hCT4PddKgLMD2G79ee0Bcvv/CS3eu/PTLQz8fOfHi"
    "zSvvnjz95Ntnju69dvXDN7Mf/oZv7nnq9cEx/tXSXw9efOT2yUevv3r05r23b7ygDn68k1985dYN8vLg9/faR955674/PkEsw8pDVGIKVbWINd"
    "noCejtQtn1lkSdHVfWdCpSyYhbHTbhJqerdMvBKhRLeX87zypRdbUQvbzobFuPqU3Y7Xo4Xdj9qk93c6uOGLdZ7leyDduMRI4udEOl11g5Ru+m"
    "3MbB148de/r7qw9fe2P141vfPf75Zx/t/2a//fT5f567/kHr4IsZJdT0xmnX69opw/Dt1E651dqt2ETN3K9sQ1YFnUNHq7POpmENt8AIXKe0Wb"
    "BFGIdQIUm0QubBCettsIk3xlimUxuU00HFRlPHUqtSLlRqQMmYWqCWBQsgU+8dWEGZD9pYSFIpvQ+c6+BjoZ0EE4J21MaAGFZwNlPGmfV1I22E"
    "VhaM0pb7kHAuqBJOUx/TIJSzIg1aacG04VxqnnDh47iaWHKc4x2KPs4Dt5ZS4U2SOJpYiWCYYMqlkAYmpA4Yv4bDgLz77ZGA+CgmH+exiIqtjW"
    "2giVIqYUEyL4I03FkUQcUhSbCYNsykqUCmlvPYcy/RH4xwPsQigEu50cC8ptRDxUdxyQSqazVDEOeRO3fC0cDAKUgYD04F0DqRnBrUAdsbJQ1y"
    "ReJcYpVEWmNT8Np5xiTywTLrOPGTbb5XQNqIiW7E4x+RQjBBUjK2JThStScb2xIWz9q0mbExTmds3MzahJy1KaEntrKw3R5uv2rrruV5dXzWB1"
    "unexmqKVpuko1556nBLcZZ7JQzYK1wqeB4QQBcX7Zw9wg8OVuZL/a3S6KGByDOny3KWimkLRpzc62VduM/2TjaXw=="
)


def test_an_empty_owner_password_is_no_way_round_the_user_s() -> None:
    """As in every viewer: who locked it meant it to ask."""
    data = zlib.decompress(base64.b64decode(NO_OWNER))
    assert told(within(data, WRONG, "u")).text.strip() == "Nobody owns these pages"
    for passwords in ((), (WRONG,)):
        with pytest.raises(SourceEncrypted):
            told(within(data, *passwords))


@pytest.mark.parametrize("handler", [b"/Adobe.PubSec", b"/Foo.Bar"])
def test_a_pdf_for_holders_of_certificates_does_not_ask_for_a_password(tmp_path: Path, handler: bytes) -> None:
    data = locked_pdf(tmp_path / "a.pdf", "AES-128", "user word", "owner word").read_bytes()
    assert data.count(b"/Filter /Standard") == 1
    for passwords in ((), ("user word",)):
        with pytest.raises(SourceEncrypted, match="certificates, or in another way that no password opens"):
            told(within(data.replace(b"/Filter /Standard", b"/Filter " + handler), *passwords))


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
