"""Mail that is in one piece with its signature is read, and so are files that were signed so; what is encrypted stays so."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.readers.mail import MailReader
from ingest_desktop.extraction.signed import signed_content

from .blocks_kit import tell, texts
from .mail_kit import HEAD, PLAIN, mail, multi, part_of
from .signed_maker import item, signed

FORMS = [{}, {"pieces": 7}, {"open_end": True}, {"pieces": 100, "open_end": True}]
LETTER = multi(
    "mixed", PLAIN.format("The kettle is on."), "Content-Type: text/csv; name=a.csv\n\nleaf,price\n"
).encode()


def sealed(data: bytes, name: str = "smime.p7m", kind: str = "application/pkcs7-mime; smime-type=signed-data") -> str:
    packed = base64.encodebytes(data).decode()
    return f'Content-Type: {kind}; name="{name}"\nContent-Transfer-Encoding: base64\n\n{packed}'


@pytest.mark.parametrize("form", FORMS)
def test_what_was_signed_is_read_with_its_files(form: dict[str, int]) -> None:
    _, blocks, notes = mail(HEAD + sealed(signed(LETTER, **form)))  # type: ignore[arg-type]
    assert "The kettle is on." in texts(blocks)
    assert any(part_of(block) == "a.csv" and "leaf" in block.text for block in blocks)
    assert notes.units_failed == []


@pytest.mark.parametrize("kind", ["application/pkcs7-mime", "application/octet-stream"])
def test_a_signed_file_is_read_under_its_own_name(kind: str) -> None:
    invoice = b"<?xml version='1.0'?><Invoice><Total>quince 12</Total></Invoice>"
    attached = sealed(signed(invoice), "IT01_fürst.xml.p7m", kind)
    _, blocks, notes = mail(HEAD + multi("mixed", PLAIN.format("See below."), attached))
    (block,) = [block for block in blocks if "quince" in block.text]
    assert part_of(block) == "IT01_fürst.xml" and "See below." in texts(blocks)
    assert notes.units_failed == []
    _, blocks, notes = mail(HEAD + multi("mixed", sealed(base64.b64encode(signed(invoice)), "a.xml.p7m", kind)))
    assert any("quince" in block.text for block in blocks)


def test_what_is_encrypted_or_damaged_or_elsewhere_is_said() -> None:
    assert mail(HEAD + sealed(signed(LETTER, kind=3)))[2].units_failed == [(1, "Its text is encrypted.")]
    damaged = [(1, "What is signed in it is damaged.")]
    assert mail(HEAD + sealed(signed(LETTER)[:90]))[2].units_failed == damaged
    assert mail(HEAD + sealed(signed(None)))[2].units_failed == damaged
    either = multi("alternative", sealed(signed(LETTER)[:90]), PLAIN.format("Plain."))
    _, blocks, notes = mail(HEAD + either)
    assert "Plain." in texts(blocks) and notes.units_failed == damaged


def test_signed_in_signed_has_an_end() -> None:
    def read(levels: int) -> tuple[list[str], list[tuple[int, str]]]:
        body = PLAIN.format("innermost")
        for level in range(levels):
            inner = "Content-Type: application/pkcs7-mime\n\n" + signed(body.encode("latin-1")).decode("latin-1")
            body = multi("alternative", inner, boundary=f"at{level:03}")
        _, blocks, notes = tell(MailReader(), (HEAD + body).encode("latin-1"))
        return texts(blocks), notes.units_failed

    assert "innermost" in read(3)[0]
    found, gaps = read(200)
    assert "innermost" not in found and gaps == [(1, "Its text is encrypted.")]


@given(st.binary(max_size=200))
def test_any_bytes_come_back(content: bytes) -> None:
    for form in FORMS:
        assert signed_content(signed(content, **form)) == content  # type: ignore[arg-type]


@given(st.data())
def test_damage_ends(data: st.DataObject) -> None:
    whole = bytearray(signed(b"x" * 50, pieces=9, open_end=data.draw(st.booleans())))
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    try:
        signed_content(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except SourceMalformed:
        return


def test_values_in_values_have_an_end() -> None:
    with pytest.raises(SourceMalformed):
        signed_content(item(0x30, item(6, bytes.fromhex("2a864886f70d010702")), b"\xa0\x80" * 5000))
