"""``ingest attention`` and ``ingest export-failures``: what did not go well, by cause, for people and for programs."""

import argparse
import sys
from typing import Final

from ingest_desktop.application.failure_list import write_records
from ingest_desktop.application.whole_file import whole_file
from ingest_desktop.bootstrap import App
from ingest_desktop.cli_codes import OK
from ingest_desktop.cli_output import out, out_json, table
from ingest_desktop.domain.causes import NEXT_STEPS, TITLES, Cause, Tool
from ingest_desktop.domain.models import JobQuery
from ingest_desktop.domain.text import counted, one_line

_READABLE: Final = {
    Tool.RECOGNITION: "Text recognition is there: {files} can be read now, by 'ingest retry --cause recognition' and '--cause gaps'.",
    Tool.OFFICE: "LibreOffice is there: {files} can be read now, by 'ingest retry --cause unsupported'.",
}


def query_of(app: App, options: argparse.Namespace) -> JobQuery:
    """The jobs that need a person, as ``--kb`` and ``--cause`` narrow them."""
    kb_id = app.service.knowledge_base(options.kb).kb_id if options.kb else None
    return JobQuery(kb_id=kb_id, attention=True, cause=Cause(options.cause) if options.cause else None)


def attention(app: App, options: argparse.Namespace) -> int:
    """``ingest attention``."""
    kb_id = app.service.knowledge_base(options.kb).kb_id if options.kb else None
    found = sorted(app.service.attention.causes(kb_id).items(), key=lambda group: -group[1])
    if options.json:
        for cause, count in found:
            out_json({"cause": cause.value, "count": count, "next_step": NEXT_STEPS[cause]})
        return OK
    if not found:
        out("Nothing needs attention.")
        return OK
    rows = [(f"{count:,}", cause.value, f"{TITLES[cause]}. {NEXT_STEPS[cause]}") for cause, count in found]
    table(rows, ("JOBS", "CAUSE", "WHAT TO DO"), frozenset({0}))
    for tool, count in app.service.attention.readable(kb_id).items():
        out(_READABLE[tool].format(files=counted(count, "file")))
    return OK


def export_failures(app: App, options: argparse.Namespace) -> int:
    """``ingest export-failures``: a file appears whole or not at all."""
    records = app.service.attention.records(query_of(app, options))
    if options.output == "-":
        write_records(sys.stdout, records, options.format)
        return OK
    with whole_file(options.output) as stream:
        count = write_records(stream, records, options.format)
    out(f"{counted(count, 'job')} written to {one_line(options.output)}.", file=sys.stderr)
    return OK
