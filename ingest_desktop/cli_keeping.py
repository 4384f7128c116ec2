"""``ingest check``: what keeps a store sound."""

import argparse
import sys
from typing import Final

from ingest_desktop.bootstrap import App
from ingest_desktop.cli_output import out, out_json
from ingest_desktop.domain.text import counted, one_line

OK: Final = 0
NOT_CLEAN: Final = 5


def check(app: App, options: argparse.Namespace) -> int:
    """``ingest check``: with ``--fix``, what is left after mending is what counts."""
    findings = app.check(options.sample)
    if app.repository.is_read_only:
        note = "The store may not be written here: whether the full text agrees with the text was not looked at."
        out(note, file=sys.stderr)
    if options.fix and findings:
        for mended in app.mend(findings):
            if options.json:
                out_json(mended.to_json())
            else:
                out(f"fixed {mended.code}: {one_line(mended.message)}")
        findings = app.check(options.sample)
    for finding in findings:
        if options.json:
            out_json(finding.to_json())
        else:
            out(f"{finding.code}: {one_line(finding.message)}")
    if not options.json:
        out("The store is clean." if not findings else f"{counted(len(findings), 'finding')}.")
    return NOT_CLEAN if findings else OK
