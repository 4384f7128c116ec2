"""The list of what did not go well, as a file: lines of JSON for programs, a table (CSV) for people."""

import csv
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, TextIO

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet may take for one


def write_records(stream: TextIO, records: Iterable[Mapping[str, Any]], how: str) -> int:
    """Write records as "jsonl" or "csv"; how many. A name that a spreadsheet would take for a formula gets a quote before it."""
    count, writer = 0, None
    for record in records:
        count += 1
        if how == "jsonl":
            stream.write(json.dumps(record, separators=(",", ":")) + "\n")
            continue
        if writer is None:
            writer = csv.DictWriter(stream, list(record), lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: _cell(value) for name, value in record.items()})
    return count


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    shown = value.encode("utf-8", "backslashreplace").decode("utf-8")
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
