"""Office documents with bytes changed at random, and one that is too large to be held."""

import io
import random
import zipfile
from pathlib import Path

import pytest

from ingest_desktop.domain.errors import SourceError
from ingest_desktop.domain.interfaces.extraction import SegmentNotes, SourceFile

from .conftest import CORPUS
from .office_kit import DECK, OPTIONS, REGISTRY, Read, changed

MUTATED = (
    "office/slides.pptx",
    "office/simple.xlsx",
    "office/text.odt",
    "office/table.ods",
    "office/slides.odp",
    "text/simple.rtf",
)


def mutations(data: bytes, seed: int) -> bytes:
    """Cut short, bytes changed, or (in packages) one member changed or gone."""
    chance = random.Random(seed)

    def scratch(original: bytes) -> bytes:
        changing = bytearray(original)
        for _ in range(chance.choice((1, 4, 30))):
            changing[chance.randrange(len(changing))] = chance.randrange(256)
        return bytes(changing)

    if seed % 3 == 0:
        return data[: chance.randrange(1, len(data))]
    if seed % 3 == 1 or not data.startswith(b"PK"):
        return scratch(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = chance.choice(archive.namelist())
        member = archive.read(name)
    return changed(data, {name: scratch(member) if member and chance.random() < 0.8 else None})


@pytest.mark.parametrize("name", MUTATED)
def test_damaged_files_end_in_errors_of_ours(name: str) -> None:
    data = (CORPUS / "files" / name).read_bytes()
    ends = set()
    for seed in range(24):
        try:
            Read(mutations(data, seed), name)
            ends.add("read")
        except SourceError:
            ends.add("refused")
    assert ends == {"read", "refused"} or name.endswith(".rtf")


def test_a_large_file_is_read_from_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "deck.pptx"
    path.write_bytes(DECK)
    source = SourceFile(str(path), len(DECK), DECK[:65536])
    reader = REGISTRY.choose(source)
    plan = reader.plan(source, OPTIONS)
    blocks = list(reader.read(source, plan, plan.segments[0], OPTIONS, SegmentNotes()))
    assert "no title here" in {block.text for block in blocks}
