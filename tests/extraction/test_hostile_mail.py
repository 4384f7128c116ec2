"""Mail, mailboxes and saved pages with bytes changed at random, or made to take long."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import IngestError
from ingest_desktop.domain.interfaces.extraction import Reader
from ingest_desktop.extraction.readers.mail import MailReader
from ingest_desktop.extraction.readers.mbox import MboxReader
from ingest_desktop.extraction.readers.mhtml import MhtmlReader
from ingest_desktop.extraction.readers.msg import MsgReader

from .blocks_kit import tell
from .mail_kit import HEAD, LETTERS, PAGE, PLAIN, mail, multi, packed_rtf, raw, saved, text
from .ole_maker import ole

SEEDS: list[tuple[Reader, bytes]] = [
    (
        MailReader(),
        (HEAD + multi("mixed", PLAIN.format("x"), multi("related", PAGE.format("y"), boundary="b"))).encode(),
    ),
    (MboxReader(), "".join(LETTERS[:5]).encode()),
    (MhtmlReader(), saved(PAGE.format("x"))),
    (MsgReader(), ole(dict([text(0x0037, "x"), raw(0x1009, packed_rtf(b"{\\rtf1 x}"))]))),
]


@given(st.sampled_from(SEEDS), st.data())
def test_mutated_files_end_in_text_or_in_one_of_our_errors(seed: tuple[Reader, bytes], data: st.DataObject) -> None:
    reader, good = seed
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(bad)))
        bad[place : place + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=12))
    try:
        tell(reader, bytes(bad), "a")
    except IngestError as error:
        assert str(error).endswith(".")


@pytest.mark.parametrize(
    "body",
    [
        'Content-Type: multipart/mixed; boundary="-"\n\n' + "-" * 3_000_000,
        "Content-Type: text/plain; " + "name*0*=a; " * 100_000 + "\n\nx",
        "\n" + "begin 644 x\n" * 100_000 + "end\n",
        "Content-Type: text/html\n\n" + "<img src=cid:y>" * 100_000,
    ],
    ids=["boundary", "parameters", "uuencoded", "pictures"],
)
def test_time_grows_with_the_length_only(body: str) -> None:
    began = time.process_time()
    mail(HEAD + body)
    assert time.process_time() - began < 3
