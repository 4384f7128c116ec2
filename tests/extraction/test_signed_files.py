"""Signed files and mail that lie alone in a folder."""

import base64

import pytest

from ingest_desktop.domain.errors import SourceEncrypted, SourceMalformed, UnsupportedFormat
from ingest_desktop.extraction.registry import Registry

from .conftest import memory
from .office_kit import Read
from .signed_maker import signed

BILL = b"<?xml version='1.0'?><bill><to>Ana Holm</to></bill>"
MAIL = b'Content-Type: text/plain; charset="utf-8"\n\nCome at five.\n'


@pytest.mark.parametrize("data", [signed(BILL), signed(BILL, pieces=9, open_end=True), base64.b64encode(signed(BILL))])
def test_what_was_signed_is_read_as_what_it_is(data: bytes) -> None:
    read = Read(data, "bill.xml.p7m")
    assert "to: Ana Holm" in read.text
    assert read.notes[0].units_failed == []
    assert read.plan.media_type == "application/pkcs7-mime"


def test_signed_mail_is_read() -> None:
    assert "Come at five." in Read(signed(MAIL), "smime.p7m").text


def test_what_is_encrypted_says_so() -> None:
    with pytest.raises(SourceEncrypted, match="no password opens it"):
        Read(signed(MAIL, kind=3), "smime.p7m")


@pytest.mark.parametrize("data", [signed(None), signed(BILL)[:-90], signed(b" ")])
def test_without_its_content_it_is_damaged(data: bytes) -> None:
    with pytest.raises(SourceMalformed):
        Read(data, "bill.xml.p7m")


def test_a_signature_alone_is_no_document() -> None:
    with pytest.raises(UnsupportedFormat):
        Registry([]).choose(memory(signed(None), "bill.p7s"))
