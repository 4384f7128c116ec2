"""Damaged data ends in text or in one of our errors, whatever is broken."""

import json
import random

import pytest

from ingest_desktop.domain.errors import SourceError
from ingest_desktop.domain.interfaces.extraction import Reader
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.readers.chats import ChatGptReader, WhatsAppReader
from ingest_desktop.extraction.readers.json_data import JsonLinesReader, JsonReader
from ingest_desktop.extraction.readers.notebook import NotebookReader
from ingest_desktop.extraction.readers.subtitles import SubtitleReader
from ingest_desktop.extraction.readers.tables import CsvReader
from ingest_desktop.extraction.readers.xml_data import XmlReader
from ingest_desktop.extraction.readers.yaml_data import YamlReader

from .data_kit import DOCBOOK, conversation, given_by, notebook

_SAMPLES: list[tuple[Reader, bytes]] = [
    (CsvReader(), b'a;b\n1;"x\ny"\n2;z\n'),
    (JsonReader(), b'{"a": [1, {"b": "text"}], "c": null}'),
    (JsonLinesReader(), b'{"a": 1}\n[2]\n"x"\n'),
    (XmlReader(), DOCBOOK.encode()),
    (YamlReader(), b"a: 1\nb:\n  - x\n"),
    (
        NotebookReader(),
        notebook({"cell_type": "code", "source": "x", "outputs": [{"output_type": "stream", "text": "y"}]}),
    ),
    (SubtitleReader(), b"1\n00:00:01,000 --> 00:00:02,000\nHello\n\n"),
    (WhatsAppReader(), b"12/05/2024, 09:14 - Ana: Hello\nmore\n"),
    (ChatGptReader(), json.dumps([conversation("T", ("user", "Hi"))]).encode()),
]


@pytest.mark.parametrize("number", range(len(_SAMPLES)))
def test_damaged_files_end_in_text_or_in_one_of_our_errors(number: int) -> None:
    reader, sample = _SAMPLES[number]
    dice = random.Random(number)
    for attempt in range(150):
        data = bytearray(sample)
        for _ in range(dice.randint(1, 6)):
            place = dice.randrange(len(data))
            data[place : place + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
            data = data or bytearray(b"x")
        if attempt % 3 == 0:
            del data[dice.randrange(len(data)) :]
        options = ExtractOptions(segment_bytes=dice.choice((16, 64, 4096)))
        try:
            given_by(reader, bytes(data), options)
        except SourceError:
            pass
