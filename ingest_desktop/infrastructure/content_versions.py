"""Versions as they stand in the file: their rows, with the sums of their segments."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection

from ingest_desktop.domain.errors import ContentGone

VersionKey = tuple[str, str]  # sha256, recipe


@dataclass(slots=True)
class Version:
    """A version row, with the sums of its segments."""

    id: int
    document: int | None
    wanted: int
    stored: int = 0
    chunks: int = 0
    units_with_text: int = 0
    units_seen: int = 0
    units_by_ocr: int = 0
    chars: int = 0
    seconds: float = 0.0
    recognising: float = 0.0  # seconds, of those before; the same of the next
    chunking: float = 0.0
    language: str = ""
    failed: tuple[tuple[int, str], ...] = ()
    warnings: tuple[str, ...] = ()


def load_versions(connection: Connection, wanted: set[VersionKey]) -> dict[VersionKey, Version]:
    """The versions with these contents and recipes.

    Raises:
        ContentGone: One of them is not there.
    """
    rows = connection.exec_driver_sql(
        "SELECT sha256, recipe, id, document, segments FROM versions WHERE sha256 IN (SELECT value FROM json_each(?))",
        (json.dumps([sha256 for sha256, _ in wanted]),),
    ).all()
    found: dict[VersionKey, Version] = {}
    for sha256, recipe, number, document, segments in rows:
        if (sha256, recipe) in wanted:
            found[sha256, recipe] = Version(number, document, segments)
    by_id = {version.id: version for version in found.values()}
    sums = connection.exec_driver_sql(
        "SELECT version, count(*), sum(chunks), sum(units_with_text), sum(chars), sum(seconds), sum(units_seen), "
        "sum(units_by_ocr), sum(recognising), sum(chunking), min(nullif(language, '')), max(language), "
        # Null when there are none, as for nearly every document.
        "iif(count(units_failed), json_group_array(units_failed) FILTER (WHERE units_failed IS NOT NULL), NULL), "
        "iif(count(warnings), json_group_array(warnings) FILTER (WHERE warnings IS NOT NULL), NULL) "
        "FROM segments WHERE version IN (SELECT value FROM json_each(?)) GROUP BY version",
        (json.dumps(sorted(by_id)),),
    ).all()
    for (
        number,
        stored,
        chunks,
        with_text,
        chars,
        seconds,
        seen,
        by_ocr,
        ocr,
        cut,
        first,
        last,
        failed,
        warnings,
    ) in sums:
        version = by_id[number]
        version.recognising, version.chunking = ocr, cut
        version.language = last if first in (last, None) else _main_language(connection, number)
        version.stored, version.chunks, version.units_with_text = stored, chunks, with_text
        version.chars, version.seconds, version.units_seen, version.units_by_ocr = chars, seconds, seen, by_ocr
        if failed is not None:
            version.failed = tuple((int(p), str(w)) for part in json.loads(failed) for p, w in json.loads(part))
        if warnings is not None:
            version.warnings = tuple(w for part in json.loads(warnings) for w in json.loads(part))
    if len(found) != len(wanted):
        raise ContentGone("The text of this document is not in the store any more.")
    return found


def _main_language(connection: Connection, version: int) -> str:
    """The language that most of a text is in, when its segments differ; nothing when it is less than half."""
    rows = connection.exec_driver_sql(
        "SELECT language, sum(chars) FROM segments WHERE version = ? GROUP BY language ORDER BY 2 DESC, 1", (version,)
    ).all()
    language, chars = rows[0]
    return str(language) if chars * 2 > sum(row[1] for row in rows) else ""
