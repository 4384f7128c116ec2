"""Files attached to a PDF document, and to places on its pages."""

import io
import json
import zlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject

from ingest_desktop.domain.errors import IngestError
from ingest_desktop.domain.interfaces.extraction import SegmentNotes
from ingest_desktop.extraction.registry import Registry

from .conftest import memory
from .office_kit import OPTIONS, Read, paragraph, word, zipped
from .recognition_kit import pdf, words

BODY = "This page has a text of its own that says all there is to say on it"
FILM = b"\0\0\0\x20ftypisom" + bytes(600)


def attached(files: dict[str, bytes], *pages: str, password: str = "", algorithm: str = "AES-256") -> bytes:
    """A document with files attached to it, as programs write them: packed, with a name in the tree of names."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(*((words(said), "") for said in pages or (BODY,))))))
    for name, data in files.items():
        writer.add_attachment(name, data)
    for held in writer.attachment_list:
        place = held.pdf_object["/EF"]
        packed = place["/F"].flate_encode()  # type: ignore[index]
        place[NameObject("/F")] = writer._add_object(packed)  # type: ignore[index]
    if password:
        writer.encrypt(password, algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def on_pages(files: dict[int, tuple[str, bytes]], pages: int) -> bytes:
    """A document with files attached to places on its pages."""
    more, notes = "", {}
    for number, (name, data) in files.items():
        packed = zlib.compress(data).decode("latin-1")
        more += f"{900 + number} 0 obj\n<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n{packed}\nendstream\nendobj\n"
        spec = f"<< /Type /Filespec /F ({name}) /EF << /F {900 + number} 0 R >> >>"
        notes[number] = (
            f"/Annots [<< /Type /Annot /Subtype /FileAttachment /Rect [9 9 20 20] /Contents (see it) /FS {spec} >>]"
        )
    return pdf(*((words(f"{BODY} {number}"), notes.get(number, "")) for number in range(1, pages + 1)), more=more)


def test_attached_files_are_read_as_files_inside_and_cited_by_their_name() -> None:
    files = {
        "invoice.xml": b"<?xml version='1.0'?><Invoice><Total>quince total</Total></Invoice>",
        "letter.docx": word(paragraph("medlar in the letter")),
        "more.zip": zipped({"deep/notes.txt": b"sloe in the notes"}),
        "inner.pdf": attached({"last.txt": b"damson at last"}, "Another page with a text of its own, said at length"),
        "broken.docx": b"PK\3\4 and no more",
        "film.mp4": FILM,
    }
    read = Read(attached(files), "a.pdf")
    assert read.place("quince total")["part"] == "invoice.xml"
    assert read.place("medlar")["part"] == "letter.docx"
    assert read.place("sloe")["part"] == "more.zip/deep/notes.txt"
    assert read.place("damson")["part"] == "inner.pdf/last.txt"
    assert read.place("Another page")["part"] == "inner.pdf"
    assert "part" not in read.place(BODY)
    assert read.heading("medlar") == "letter.docx"
    ((number, why),) = read.notes[0].units_failed
    assert number == 1 and why.startswith("broken.docx: ")
    assert any("MP4" in said or "video" in said for said in read.notes[0].warnings)
    assert read.plan.shape.startswith("inner=") and "limits=" in read.plan.shape
    assert (read.notes[0].units_seen, read.notes[0].units_with_text) == (1, 1)


def test_a_document_without_attached_files_has_the_recipe_that_it_had() -> None:
    assert "inner=" not in Read(pdf((words(BODY), "")), "a.pdf").plan.shape


def test_they_are_read_once_with_the_last_segment() -> None:
    options = replace(OPTIONS, segment_pages=1)
    read = Read(attached({"a.txt": b"quince"}, *(f"{BODY} {number}" for number in range(3))), "a.pdf", options)
    assert read.text.count("quince") == 1 and "quince" in read.rows[-1].text
    assert len(read.notes) == 3


def test_files_at_places_on_pages_are_gaps_of_their_page_and_are_read_with_its_segment() -> None:
    files = {1: ("a.txt", b"quince at a place"), 3: ("b.docx", b"PK\3\4 and no more"), 4: ("c.txt", b"sloe at a place")}
    read = Read(on_pages(files, 4), "a.pdf", replace(OPTIONS, segment_pages=2))
    assert read.place("quince")["part"] == "a.txt" and read.place("sloe")["part"] == "c.txt"
    assert [number for notes in read.notes for number, _ in notes.units_failed] == [3]
    assert read.notes[1].units_failed[0][1].startswith("b.docx: ")
    assert "quince" not in "".join(row.text for row in read.rows if "see it" in row.text)


def test_a_file_that_is_listed_twice_is_read_once() -> None:
    more = "900 0 obj\n<< /Length 6 >>\nstream\nquince\nendstream\nendobj\n"
    spec = "<< /Type /Filespec /F (a.txt) /EF << /F 900 0 R >> >>"
    tree = f"/Names << /EmbeddedFiles << /Names [(a) {spec} (b) {spec}] >> >> /AF [{spec}]"
    note = f"/Annots [<< /Type /Annot /Subtype /FileAttachment /Rect [9 9 20 20] /FS {spec} >>]"
    read = Read(pdf((words(BODY), note), (words(BODY), ""), more=more, trailer=tree), "a.pdf")
    assert read.text.count("quince") == 1


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_they_open_with_the_password_of_the_document(algorithm: str) -> None:
    data = attached({"a.txt": b"quince in a locked document"}, password="pear", algorithm=algorithm)
    source = replace(memory(data, "a.pdf"), passwords=("plum", "pear"))
    reader = Registry(()).choose(source)
    plan = reader.plan(source, OPTIONS)
    notes = SegmentNotes()
    text = "".join(block.text for block in reader.read(source, plan, plan.segments[0], OPTIONS, notes))
    assert "quince in a locked document" in text and not notes.units_failed


def test_how_many_of_them_a_password_opens_belongs_to_the_recipe() -> None:
    locked = attached({}, "Another page with a text of its own, said at length", password="pear")
    data = attached({"inner.pdf": locked})
    ((number, why),) = Read(data, "a.pdf").notes[0].units_failed
    assert (number, why) == (1, "inner.pdf: It asks for a password.")
    reader = Registry(()).choose(memory(data, "a.pdf"))
    shapes = [
        reader.plan(replace(memory(data, "a.pdf"), passwords=given), OPTIONS).shape
        for given in ((), ("plum",), ("pear",))
    ]
    assert shapes[0] == shapes[1] and "unlocked=1" in shapes[2]


def locked_alone(password: str) -> bytes:
    """A document in which attached files alone are encrypted: it opens without a password."""
    told: Any = PdfReader(io.BytesIO(attached({}, password=password))).trailer["/Encrypt"]
    keys = " ".join(f"{key} <{told[key].original_bytes.hex()}>" for key in ("/O", "/U", "/OE", "/UE", "/Perms"))
    entry = (
        f"/Encrypt << /Filter /Standard /V 5 /R 6 /Length 256 /P {told['/P']} {keys} /StmF /Identity /StrF /Identity "
        "/EFF /StdCF /CF << /StdCF << /AuthEvent /EFOpen /CFM /AESV3 /Length 32 >> >> >> /ID [<00> <00>]"
    )
    more = "900 0 obj\n<< /Length 6 >>\nstream\nquince\nendstream\nendobj\n"
    tree = "/Names << /EmbeddedFiles << /Names [(a) << /F (a.txt) /EF << /F 900 0 R >> >>] >> >>"
    data = pdf((words(BODY), ""), (words(BODY), ""), more=more, trailer=tree)
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R " + entry.encode("ascii"))


def test_files_that_are_locked_alone_are_named_and_a_password_makes_another_recipe() -> None:
    data = locked_alone("pear")
    read = Read(data, "a.pdf")
    assert BODY in read.text
    assert read.notes[0].units_failed == [(2, "a.txt: It asks for a password.")]
    reader = Registry(()).choose(memory(data, "a.pdf"))
    plans = [reader.plan(replace(memory(data, "a.pdf"), passwords=given), OPTIONS) for given in (("plum",), ("pear",))]
    assert plans[0].shape == read.plan.shape and "unlocked=1" in plans[1].shape


def test_limits_hold_for_them_too() -> None:
    bomb = Read(attached({"a.txt": bytes(40_000_000), "b.txt": b"quince"}), "a.pdf")
    assert "quince" in bomb.text
    assert "a.txt: It unpacks to more than 500 times its size (INGESTION_MAX_RATIO)." in str(bomb.notes[0].units_failed)

    few = Read(attached({f"{n}.txt": b"quince" for n in range(9)}), "a.pdf", replace(OPTIONS, max_members=4))
    assert few.text.count("quince") == 4 and "INGESTION_MAX_MEMBERS" in few.notes[0].units_failed[0][1]

    data = attached({"last.txt": b"quince"})
    for _ in range(4):
        data = attached({"inner.pdf": data})
    deep = Read(data, "a.pdf", replace(OPTIONS, max_depth=3))
    assert "quince" not in deep.text and "INGESTION_MAX_DEPTH" in deep.notes[0].units_failed[0][1]

    large = Read(attached({"a.txt": b"quince " * 900}), "a.pdf", replace(OPTIONS, max_expanded_bytes=5_000))
    assert "INGESTION_MAX_EXPANDED_BYTES" in large.notes[0].units_failed[0][1]


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        ("<< /Length 9 /Filter /FlateDecode >>\nstream\nx\x9cgarbage\nendstream", "cannot be unpacked"),
        ("<< /Length 9 /Filter /NoSuchFilter >>\nstream\nx\x9cgarbage\nendstream", "cannot be undone here"),
        ("(no stream)", "cannot be unpacked"),
    ],
)
def test_one_that_cannot_be_unpacked_is_named_and_the_others_are_read(stream: str, said: str) -> None:
    more = f"900 0 obj\n{stream}\nendobj\n901 0 obj\n<< /Length 6 >>\nstream\nquince\nendstream\nendobj\n"
    tree = " ".join(f"({name}) << /F ({name}.txt) /EF << /F {at} 0 R >> >>" for name, at in (("a", 900), ("b", 901)))
    read = Read(
        pdf((words(BODY), ""), more=more, trailer=f"/Names << /EmbeddedFiles << /Names [{tree}] >> >>"), "a.pdf"
    )
    assert "quince" in read.text
    ((number, why),) = read.notes[0].units_failed
    assert number == 1 and why.startswith("a.txt: ") and said in why


def test_one_whose_end_is_missing_is_told_and_what_there_is_is_kept() -> None:
    packed = zlib.compress(" ".join(f"quince{n}" for n in range(2000)).encode())[:-900].decode("latin-1")
    more = f"900 0 obj\n<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n{packed}\nendstream\nendobj\n"
    tree = "/Names << /EmbeddedFiles << /Names [(a) << /F (a.txt) /EF << /F 900 0 R >> >>] >> >>"
    read = Read(pdf((words(BODY), ""), more=more, trailer=tree), "a.pdf")
    assert "quince1 " in read.text
    assert read.notes[0].units_failed == [(1, "a.txt: It is damaged: its end is missing.")]


def test_a_tree_of_names_that_leads_in_a_circle_ends_and_names_of_files_elsewhere_are_no_files() -> None:
    more = "900 0 obj\n<< /Kids [900 0 R] >>\nendobj\n"
    tree = "/Names << /EmbeddedFiles << /Names [(a) << /F (elsewhere.txt) >>] /Kids [900 0 R] >> >>"
    read = Read(pdf((words(BODY), ""), more=more, trailer=tree), "a.pdf")
    assert BODY in read.text and not read.notes[0].units_failed


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_damage_ends_in_one_of_our_errors(data: st.DataObject) -> None:
    whole = bytearray(on_pages({1: ("a.txt", b"quince"), 2: ("b.zip", zipped({"c.txt": b"sloe"}))}, 2))
    start = whole.index(b"/Annots")
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(start, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = Read(bytes(whole), "a.pdf")
    except IngestError:
        return
    assert all(json.loads(row.extra or "{}") is not None for row in read.rows)
