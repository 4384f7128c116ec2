"""``ingest check`` and ``ingest repair``: what keeps a store sound, and a run over one that is not."""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

from ingest_desktop.bootstrap import App
from ingest_desktop.cli_codes import NOT_CLEAN, OK
from ingest_desktop.cli_output import out, out_json
from ingest_desktop.domain.errors import LedgerDamaged
from ingest_desktop.domain.interfaces.checks import Finding, Unsaved
from ingest_desktop.domain.text import counted, one_line

MOST_PLACES: Final = 10  # told where to look again
_FOR_REPAIR: Final = frozenset({"store_damaged", "ledger_damaged", "schema_differs"})


def check(app: App, options: argparse.Namespace) -> int:
    """``ingest check``: with ``--fix``, what is left after mending is what counts."""
    from ingest_desktop.infrastructure.fixes import MOST_ROUNDS

    findings = app.check(options.sample)
    if app.repository.is_read_only:
        note = "The store may not be written here: whether the full text agrees with the text was not looked at."
        out(note, file=sys.stderr)
    for _ in range(MOST_ROUNDS if options.fix else 0):  # one mend may lay bare the next
        done = app.mend(findings) if findings else []
        if not done:
            break
        for mended in done:
            if options.json:
                out_json(mended.to_json())
            else:
                out(f"fixed {mended.code}: {one_line(mended.message)}")
        findings = app.check(options.sample)
    code = _tell(findings, as_json=options.json)
    if any(finding.code in _FOR_REPAIR for finding in findings):
        out("What is damaged is for 'ingest repair': it keeps the damaged file.", file=sys.stderr)
    return code


def run(app: App, options: argparse.Namespace) -> int:
    """``ingest run``, which one that cannot be used does not keep from working on the other knowledge bases."""
    from ingest_desktop.cli_stats import why_held
    from ingest_desktop.cli_working import run as work

    bases = {base.kb_id: base.name for base in app.service.knowledge_bases()}
    for kb_id in app.contents.lost(bases):
        app.repository.hold_base(kb_id)
    code = work(app, options)
    lost = app.contents.lost(bases)
    held = {kb_id: why for kb_id, why in app.held_bases().items() if kb_id in bases and kb_id not in lost}
    for kb_id, why in held.items():
        out(f"{one_line(bases[kb_id])} ({kb_id}) is paused: {why_held(why)}.", file=sys.stderr)
    for kb_id in lost:
        text = f"The file of the knowledge base {one_line(bases[kb_id])} ({kb_id}) is lost; see 'ingest repair'."
        out(text, file=sys.stderr)
    return code or (NOT_CLEAN if lost or held else OK)


def repair(options: argparse.Namespace) -> int:
    """``ingest repair``: needs no store that can be opened."""
    from ingest_desktop.config.settings import load_settings
    from ingest_desktop.observability.logs import close_logging, setup_logging
    from ingest_desktop.repairing import repair as repair_store

    data_dir: str | None = getattr(options, "data_dir", None)
    settings = load_settings(Path(data_dir) if data_dir else None)
    setup_logging(settings, console=getattr(options, "verbose", False))
    try:
        report = repair_store(settings, kb=options.kb, progress=lambda text: out(text, file=sys.stderr))
    finally:
        close_logging()
    for mended in report.done:
        if options.json:
            out_json(mended.to_json())
        else:
            out(one_line(f"{mended.message[:1].upper()}{mended.message[1:]}."))
    if not report.done and not options.json:
        out("Nothing is damaged.")
    if any(mended.code == "document_missing" for mended in report.done):
        out("Run 'ingest run' to read again what was lost.", file=sys.stderr)
    if report.unsaved is not None:
        _tell_unsaved(report.unsaved, as_json=options.json)
    code = _tell(list(report.left), as_json=options.json)
    return NOT_CLEAN if report.unsaved is not None else code


def _tell_unsaved(unsaved: Unsaved, *, as_json: bool) -> None:
    """Jobs that are lost, and how to find their files again."""
    if as_json:
        out_json(unsaved.to_json())
    else:
        out(unsaved_text(unsaved))
    out("Add what you had added with them again: what is there is not read twice.", file=sys.stderr)
    for kb_id, path in unsaved.places[:MOST_PLACES]:
        words = ["ingest", "add", "--kb", kb_id, one_line(path)]
        line = subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
        out(f"  {line}", file=sys.stderr)
    if len(unsaved.places) > MOST_PLACES:
        out(f"  and {len(unsaved.places) - MOST_PLACES:,} more; --json names them.", file=sys.stderr)


def unsaved_text(unsaved: Unsaved) -> str:
    """17 jobs could not be saved: 12 had failed, 5 waited to be read."""
    if unsaved.number is None:
        return "Jobs that had brought no text may be missing: nothing tells any more how many there were."
    jobs = counted(unsaved.number, "job")
    if not unsaved.is_exact:
        return f"Up to {jobs} could not be saved; none of them had brought any text."
    parts = [(unsaved.failed, "had failed"), (unsaved.waiting, "waited to be read")]
    if unsaved.number in (unsaved.failed, unsaved.waiting):
        return f"{jobs} that {next(what for number, what in parts if number)} could not be saved."
    known = ", ".join(f"{number:,} {what}" for number, what in parts if number)
    return f"{jobs} could not be saved: {known}." if known else f"{jobs} could not be saved."


def tell_damaged(error: LedgerDamaged, *, as_json: bool) -> int:
    """What a check says of a list of jobs that it cannot look at."""
    code = _tell([Finding(error.code, "ledger", str(error))], as_json=as_json)
    out(error.hint, file=sys.stderr)
    return code


def _tell(findings: list[Finding], *, as_json: bool) -> int:
    for finding in findings:
        if as_json:
            out_json(finding.to_json())
        else:
            out(f"{finding.code}: {one_line(finding.message)}")
    if not as_json:
        out("The store is clean." if not findings else f"{counted(len(findings), 'finding')}.")
    return NOT_CLEAN if findings else OK
