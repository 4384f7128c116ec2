"""What each ``ingest`` command does, on the same services as the window: acting, finding, keeping."""

import argparse
import re
import sys
from collections.abc import Callable
from typing import Any, Final

from ingest_desktop.application.whole_file import whole_file
from ingest_desktop.bootstrap import App
from ingest_desktop.cli_attention import attention, export_failures, query_of
from ingest_desktop.cli_codes import OK
from ingest_desktop.cli_keeping import check, run
from ingest_desktop.cli_listing import jobs, show
from ingest_desktop.cli_output import out, out_json
from ingest_desktop.cli_passwords import passwords_of
from ingest_desktop.cli_receipt import place_text
from ingest_desktop.cli_working import add, follow
from ingest_desktop.domain.errors import InvalidRequestError
from ingest_desktop.domain.models import ActionResult, Hit, JobSelector
from ingest_desktop.domain.models.base import iso
from ingest_desktop.domain.models.content import MARK_END, MARK_START
from ingest_desktop.domain.text import counted, one_line

# --- acting --------------------------------------------------------------------------------------


def _selector(app: App, options: argparse.Namespace) -> JobSelector:
    chosen = [bool(options.jobs), options.batch is not None, options.kb is not None, options.all]
    if sum(chosen) != 1:
        raise InvalidRequestError("Name jobs, or one of --batch, --kb and --all.")
    if options.jobs:
        return JobSelector(job_ids=tuple(dict.fromkeys(options.jobs)))
    if options.batch is not None:
        return JobSelector(batch_id=app.service.batch(options.batch).batch_id)
    if options.kb is not None:
        return JobSelector(kb_id=app.service.knowledge_base(options.kb).kb_id)
    return JobSelector(everything=True)


def _acted(options: argparse.Namespace, result: ActionResult, verb: str) -> int:
    if options.json:
        record: dict[str, Any] = {"changed": result.changed, "job_ids": list(result.job_ids)}
        if result.undo_token:
            record["undo_token"] = result.undo_token
        out_json(record)
    else:
        out(f"{counted(result.changed, 'job')} {verb}.")
        if result.undo_token:
            out(f"To take it back: ingest undo {result.undo_token}")
    return OK


def pause(app: App, options: argparse.Namespace) -> int:
    """``ingest pause``."""
    return _acted(options, app.service.pause(_selector(app, options), all_or_nothing=True), "paused")


def resume(app: App, options: argparse.Namespace) -> int:
    """``ingest resume``."""
    return _acted(options, app.service.resume(_selector(app, options), all_or_nothing=True), "resumed")


def cancel(app: App, options: argparse.Namespace) -> int:
    """``ingest cancel``."""
    return _acted(options, app.service.cancel(_selector(app, options), all_or_nothing=True), "cancelled")


def retry(app: App, options: argparse.Namespace) -> int:
    """``ingest retry``."""
    passwords = passwords_of(options)
    app.passwords.give(passwords)
    options.wait = options.wait or bool(passwords)
    if options.cause is None:
        result = app.service.retry(_selector(app, options), all_or_nothing=True)
    elif options.jobs or options.batch is not None or options.all:
        raise InvalidRequestError("With --cause, only --kb narrows further.")
    else:
        result = app.service.attention.retry(query_of(app, options))
    code = OK if options.wait and options.json else _acted(options, result, "queued again")
    return follow(app, options, result.job_ids) if options.wait else code


def delete(app: App, options: argparse.Namespace) -> int:
    """``ingest delete``."""
    code = _acted(options, app.service.delete(_selector(app, options)), "deleted")
    _tell_if_late(app)
    return code


def undo(app: App, options: argparse.Namespace) -> int:
    """``ingest undo``."""
    code = _acted(options, app.service.undo(options.token), "restored")
    _tell_if_late(app)
    return code


def _tell_if_late(app: App) -> None:
    """A deletion is in the list at once; a knowledge base that is locked or damaged follows as soon as it can."""
    for kb_id in app.repository.outbox_targets():
        text = "could not be changed now: what can be found in it follows with the next work on the store."
        out(f"{_name_of(app, kb_id)} {text}", file=sys.stderr)


# --- finding -------------------------------------------------------------------------------------


def search(app: App, options: argparse.Namespace) -> int:
    """``ingest search``."""
    kb_ids = (app.service.knowledge_base(options.kb).kb_id,) if options.kb else None
    page = app.search.search(" ".join(options.query), kb_ids=kb_ids, limit=options.limit)
    for hit in page.hits:
        if options.json:
            record = hit.to_json()
            record["snippet"] = hit.snippet.replace(MARK_START, "").replace(MARK_END, "")
            out_json(record)
        else:
            _print_hit(hit)
    for kb_id in page.unreadable:
        out(f"{_name_of(app, kb_id)} could not be searched; see 'ingest check'.", file=sys.stderr)
    if not options.json:
        more = " (more with --limit)" if page.more else ""
        out(f"{counted(len(page.hits), 'hit')}{more} in {counted(page.searched_documents, 'document')}.")
    return OK


def _name_of(app: App, kb_id: str) -> str:
    """A knowledge base for people."""
    names = [base.name for base in app.service.knowledge_bases() if base.kb_id == kb_id]
    return f"The knowledge base {one_line(names[0])} ({kb_id})" if names else f"The knowledge base {kb_id}"


def _print_hit(hit: Hit) -> None:
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("[", "]")
    out(f"{one_line(hit.source_path)}{place_text(hit.location)}")
    marks = {MARK_START: bold, MARK_END: plain}
    pieces = _MARKS.split(" ".join(hit.snippet.split()))
    out(f"    {''.join(marks.get(piece) or one_line(piece) for piece in pieces)}")


def export(app: App, options: argparse.Namespace) -> int:
    """``ingest export``: a file appears whole or not at all."""
    kb_ids = (app.service.knowledge_base(options.kb).kb_id,) if options.kb else None
    if options.output == "-":
        for chunk in app.search.export(kb_ids):
            out_json(chunk.to_json())
        return OK
    count = 0
    with whole_file(options.output) as stream:
        import json

        for chunk in app.search.export(kb_ids):
            stream.write(json.dumps(chunk.to_json(), separators=(",", ":")) + "\n")
            count += 1
    out(f"{counted(count, 'chunk')} written to {one_line(options.output)}.", file=sys.stderr)
    return OK


# --- keeping -------------------------------------------------------------------------------------


def kb(app: App, options: argparse.Namespace) -> int:
    """``ingest kb``."""
    if options.action == "list":
        from ingest_desktop.cli_stats import content_figures, why_held

        counts, held = app.service.counts(), app.held_bases()
        for base in app.service.knowledge_bases():
            record = {"kb_id": base.kb_id, "name": base.name, "paused": base.paused, "jobs": counts.total(base.kb_id)}
            figures = content_figures(app, base.kb_id)
            record["documents"] = figures[0] if figures else None
            record["held"] = held.get(base.kb_id)
            record["created_at"] = iso(base.created_at)
            if options.json:
                out_json(record)
            else:
                documents = counted(figures[0], "document") if figures else "not readable"
                why = f": {why_held(held[base.kb_id])}" if base.kb_id in held else ""
                out(f"{one_line(base.name)}  ({base.kb_id}, {documents}{', paused' if base.paused else ''}{why})")
    elif options.action == "create":
        made = app.service.create_knowledge_base(options.name)
        out_json({"kb_id": made.kb_id, "name": made.name}) if options.json else out(
            f"Made {one_line(made.name)} ({made.kb_id})."
        )
    else:
        kb_id, told = _change_kb(app, options)
        if options.json:
            out_json({"kb_id": kb_id, "name": options.new_name if options.action == "rename" else options.name})
        else:
            out(told)
    return OK


def _change_kb(app: App, options: argparse.Namespace) -> tuple[str, str]:
    """Rename, restore or delete a knowledge base; its id, and what to say."""
    name = one_line(options.name)
    if options.action == "rename":
        kb_id = app.service.knowledge_base(options.name).kb_id
        app.service.rename_knowledge_base(kb_id, options.new_name)
        return kb_id, f"{name} is now {one_line(options.new_name)}."
    if options.action == "restore":
        kb_id = app.service.deleted_knowledge_base(options.name).kb_id
        app.service.restore_knowledge_base(kb_id)
        return kb_id, f"{name} and its documents are back."
    kb_id = app.service.knowledge_base(options.name).kb_id
    app.service.delete_knowledge_base(kb_id)
    days = _days(app.settings.undo_days)
    return kb_id, f"{name} and its documents are in the trash for {days}.\nTo take it back: ingest kb restore {name}"


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:g} days"


def stats(app: App, options: argparse.Namespace) -> int:
    """``ingest stats``."""
    from ingest_desktop.cli_stats import gather, print_stats

    record = gather(app)
    if options.json:
        out_json(record)
    else:
        print_stats(record)
    return OK


_MARKS: Final = re.compile(f"([{MARK_START}{MARK_END}])")

COMMANDS: Final[dict[str, Callable[[App, argparse.Namespace], int]]] = {
    "add": add,
    "run": run,
    "jobs": jobs,
    "show": show,
    "pause": pause,
    "resume": resume,
    "cancel": cancel,
    "retry": retry,
    "delete": delete,
    "undo": undo,
    "search": search,
    "attention": attention,
    "export": export,
    "export-failures": export_failures,
    "kb": kb,
    "stats": stats,
    "check": check,
}
