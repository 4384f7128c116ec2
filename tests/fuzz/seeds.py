"""The good files that are mutated: at least one small one for every reader, made in the rooms beside this one, and those of the
corpus and the samples.

A seed has a name, which tells its kind by its ending, and its bytes. The made ones are the same bytes everywhere.
"""

import os
from functools import cache
from pathlib import Path

from tests.fuzz import seeds_archives, seeds_mail, seeds_office, seeds_pages, seeds_texts

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("INGEST_CORPUS") or ROOT.parent / "shared" / "corpus")
MOST_BYTES = 72 * 1024  # of a stored seed: the search is broad, not deep


@cache
def made() -> dict[str, bytes]:
    """The seeds that are made here: one at least for every reader."""
    found = {**seeds_texts.made(), **seeds_mail.made(), **seeds_pages.made(), **seeds_office.made()}
    return {**found, **seeds_archives.made(found)}


def _stored(folder: Path, prefix: str) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size <= MOST_BYTES)
    return {f"{prefix}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in files}


@cache
def everything() -> dict[str, bytes]:
    """All seeds: those made here, the sample documents, and the small ones of the corpus where it is."""
    return {**made(), **_stored(ROOT / "resources" / "samples", "samples"), **_stored(CORPUS / "files", "corpus")}
