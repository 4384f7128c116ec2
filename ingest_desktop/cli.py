"""The door without a window: ``ingest``. Reads the command line, calls a command, maps errors to exit codes (``cli_codes``).

Heavy rooms are imported when a command needs them.
"""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ingest_desktop import __version__
from ingest_desktop.cli_codes import FAILED, INTERRUPTED, OK, WRONG_STATE, WRONG_USE
from ingest_desktop.domain.errors import (
    IngestError,
    InvalidRequestError,
    LedgerDamaged,
    NotFoundError,
    StateTransitionError,
)
from ingest_desktop.domain.text import one_line

if TYPE_CHECKING:
    from ingest_desktop.bootstrap import App

MOST_PRIORITY: Final = 1_000_000

READING: Final = frozenset({"attention", "export-failures", "jobs", "show", "search", "export", "stats", "check"})
CAUSES: Final = (
    "password recognition gone forbidden too_large limit unsupported damaged quarantined changing disk_full store_busy "
    "gaps other"
).split()
STATUSES: Final = ("queued", "running", "paused", "completed", "failed", "cancelled")

JSON_HELP: Final = "print JSON, one object on each line"
KB_HELP: Final = "the knowledge base, by name or id"
ENDING: Final = """\
To begin:   ingest add ~/Documents --wait     then     ingest search lighthouse
Exit codes: 0 done; 1 the store failed; 2 wrong use; 3 some jobs did not complete; 4 wrong state, nothing changed;
            5 'check' found something, 'repair' could not save all, or 'run' found a lost knowledge base;
            6 the queue is full; 130 interrupted.
"""


class _Parser(argparse.ArgumentParser):
    """An argument parser that names the program's own exit code for wrong use."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(WRONG_USE, f"{self.prog}: {one_line(message)}\n")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    common = _Parser(add_help=False)
    common.add_argument(
        "--data-dir", metavar="DIR", default=argparse.SUPPRESS, help="the data folder (or INGESTION_DATA_ROOT)"
    )
    common.add_argument(
        "--verbose", action="store_true", default=argparse.SUPPRESS, help="write the log to the screen, too"
    )
    parser = _Parser(
        prog="ingest",
        description="Make documents searchable, offline.",
        epilog=ENDING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
    )
    parser.add_argument("--version", action="version", version=f"ingest {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=summary, description=summary, parents=[common])

    _adding(command)
    _listing(command)
    _acting(command)
    _finding(command)
    _keeping(command, common)
    return parser


def _adding(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    add = command("add", "Add files and folders to a knowledge base.")
    add.add_argument("paths", metavar="PATH", nargs="+", help="a file or a folder; folders with all that is in them")
    add.add_argument("--kb", metavar="NAME", help=f"{KB_HELP} (default: the first one)")
    add.add_argument("--wait", action="store_true", help="work until these jobs have ended")
    add.add_argument("--priority", type=_priority, default=0, metavar="N", help="higher goes first; 0 is usual")
    add.add_argument("--show-skipped", action="store_true", help="name the files that are left out")
    add.add_argument("--json", action="store_true", help="print each job as a JSON object")
    _take_passwords(add, "; implies --wait, as they are not kept")
    run = command("run", "Work until the queue is empty.")
    _take_passwords(run)
    run.add_argument("--json", action="store_true", help="print the counts at the end as a JSON object")


def _take_passwords(parser: argparse.ArgumentParser, and_then: str = "") -> None:
    what = f"passwords for locked files, one in each line; - reads them from the input{and_then}"
    parser.add_argument("--password-file", metavar="FILE", help=what)


def _listing(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    jobs = command("jobs", "List jobs.")
    jobs.add_argument("--kb", metavar="NAME", help=f"only those of {KB_HELP}")
    jobs.add_argument(
        "--status", choices=STATUSES, action="append", default=[], help="only those; may be given more than once"
    )
    jobs.add_argument("--batch", metavar="B", help="only those of a batch, by the number that 'add' told")
    jobs.add_argument("--name", metavar="TEXT", default="", help="only those whose file name contains TEXT")
    jobs.add_argument("--after", metavar="JOB", help="only those listed after this one")
    jobs.add_argument("--limit", type=_count, metavar="N", help="at most N jobs")
    jobs.add_argument("--deleted", action="store_true", help="list deleted jobs instead")
    jobs.add_argument("--gaps", action="store_true", help="only those completed with gaps")
    jobs.add_argument("--empty", action="store_true", help="only those without any text")
    jobs.add_argument("--attention", action="store_true", help="only those that failed, are empty or have gaps")
    jobs.add_argument(
        "--cause", choices=CAUSES, metavar="C", help="of these, only those with this cause (see 'attention')"
    )
    jobs.add_argument("--json", action="store_true", help=JSON_HELP)
    attention = command("attention", "What needs a person, by cause, with what to do.")
    attention.add_argument("--kb", metavar="NAME", help=KB_HELP)
    attention.add_argument("--json", action="store_true", help=JSON_HELP)
    show = command("show", "Show a job with its receipt and attempts.")
    show.add_argument("job", metavar="JOB", help="its number, as 'jobs' tells it")
    show.add_argument("--json", action="store_true", help=JSON_HELP)


def _acting(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    for name, summary in (
        ("pause", "Pause jobs; a paused group also holds what is added to it later."),
        ("resume", "Resume paused jobs."),
        ("cancel", "Cancel jobs that have not ended."),
        ("retry", "Queue failed and cancelled jobs again, and those that are empty or have gaps."),
        ("delete", "Delete jobs and what they brought; 'undo' takes it back."),
    ):
        act = command(name, summary)
        act.add_argument("jobs", metavar="JOB", nargs="*", help="numbers of jobs, as 'jobs' tells them")
        act.add_argument("--batch", metavar="B", help="all of a batch, by the number that 'add' told")
        act.add_argument("--kb", metavar="NAME", help=f"all of {KB_HELP}")
        act.add_argument("--all", action="store_true", help="all jobs")
        if name == "retry":
            act.add_argument("--cause", choices=CAUSES, metavar="C", help="all with this cause (see 'attention')")
            act.add_argument("--wait", action="store_true", help="work until these jobs have ended")
            _take_passwords(act, "; implies --wait, as they are not kept")
        act.add_argument("--json", action="store_true", help=JSON_HELP)
    undo = command("undo", "Take a deletion back.")
    undo.add_argument("token", metavar="TOKEN", help="what 'delete' printed")
    undo.add_argument("--json", action="store_true", help=JSON_HELP)


def _finding(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    search = command("search", 'Search: words, "phrases", prefix*, AND, OR, -not.')
    search.add_argument(
        "query", metavar="QUERY", nargs="+", help="quotes and brackets want the shell's own: 'boat AND \"deep keel\"'"
    )
    search.add_argument("--kb", metavar="NAME", help=f"only in {KB_HELP}")
    search.add_argument("--limit", type=_count, default=10, metavar="N", help="at most N hits (default: 10)")
    search.add_argument("--json", action="store_true", help=JSON_HELP)
    export = command("export", "Write every chunk with its text, location and metadata.")
    export.add_argument("--kb", metavar="NAME", help=f"only {KB_HELP}")
    export.add_argument("--format", choices=("jsonl",), default="jsonl", help="one JSON object on each line")
    export.add_argument("-o", "--output", metavar="FILE", default="-", help="default: the screen")
    failures = command("export-failures", "Write the list of what failed, is empty or has gaps.")
    failures.add_argument("--kb", metavar="NAME", help=f"only those of {KB_HELP}")
    failures.add_argument("--cause", choices=CAUSES, metavar="C", help="only those with this cause (see 'attention')")
    failures.add_argument("--format", choices=("csv", "jsonl"), default="csv", help="default: csv")
    failures.add_argument("-o", "--output", metavar="FILE", default="-", help="default: the screen")


def _keeping(command: Callable[[str, str], argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    kb = command("kb", "Knowledge bases.")
    actions = kb.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list them", parents=[common])
    listing.add_argument("--json", action="store_true", help=JSON_HELP)
    create = actions.add_parser("create", help="make one", parents=[common])
    create.add_argument("name", metavar="NAME")
    create.add_argument("--json", action="store_true", help=JSON_HELP)
    rename = actions.add_parser("rename", help="give one another name", parents=[common])
    rename.add_argument("name", metavar="NAME", help=KB_HELP)
    rename.add_argument("new_name", metavar="NEW")
    delete = actions.add_parser("delete", help="put one with all its documents into the trash", parents=[common])
    delete.add_argument("name", metavar="NAME", help=KB_HELP)
    restore = actions.add_parser("restore", help="take one out of the trash", parents=[common])
    restore.add_argument("name", metavar="NAME", help=KB_HELP)
    for action in (rename, delete, restore):
        action.add_argument("--json", action="store_true", help=JSON_HELP)
    stats = command("stats", "Counts, sizes and metrics.")
    stats.add_argument("--json", action="store_true", help=JSON_HELP)
    repair = command("repair", "Mend a damaged store; the damaged file is kept beside the new one.")
    repair.add_argument("--kb", metavar="NAME", help="only this knowledge base, by name or id")
    repair.add_argument("--json", action="store_true", help=JSON_HELP)
    check = command("check", "Prove the promises on this store.")
    check.add_argument("--fix", action="store_true", help="mend what can be derived, and say what was done")
    sample = "read N documents of each knowledge base again and compare (default: 3; 0: none)"
    check.add_argument("--sample", type=_amount, default=3, metavar="N", help=sample)
    check.add_argument("--json", action="store_true", help=JSON_HELP)


def _count(text: str) -> int:
    """A number of things: 1 or more."""
    return _at_least(1, text)


def _amount(text: str) -> int:
    """A number of things: 0 or more."""
    return _at_least(0, text)


def _at_least(least: int, text: str) -> int:
    number = min(int(text[:20]), sys.maxsize) if text.isdecimal() else -1  # more is all there is
    if number < least:
        raise argparse.ArgumentTypeError(f"must be a whole number, {least} or more")
    return number


def _priority(text: str) -> int:
    """A priority: as much as the list of jobs takes with some to spare."""
    if not text.removeprefix("-").isdecimal() or len(text) > 10 or abs(int(text)) > MOST_PRIORITY:
        raise argparse.ArgumentTypeError(f"must be a whole number between -{MOST_PRIORITY:,} and {MOST_PRIORITY:,}")
    return int(text)


def _shielded(arguments: Sequence[str]) -> list[str]:
    """The words of a query may begin with a minus: a blank before it keeps argparse from taking them for options."""
    found = list(arguments)
    if "search" not in found:
        return found
    options = ("--kb", "--limit", "--json", "--data-dir", "--verbose", "--help", "-h", "--")
    start = found.index("search") + 1
    return found[:start] + [
        " " + word if word.startswith("-") and word.split("=")[0] not in options else word for word in found[start:]
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = build_parser().parse_args(_shielded(sys.argv[1:] if arguments is None else arguments))
    for stream in (sys.stdout, sys.stderr):
        _never_fail_on_names(stream)
    try:
        return _told_whole(_run(options))
    except StateTransitionError as error:
        return _say(error, WRONG_STATE, options)
    except (InvalidRequestError, NotFoundError) as error:
        return _say(error, WRONG_USE, options)
    except IngestError as error:
        return _say(error, FAILED, options)
    except KeyboardInterrupt:
        print("Interrupted. What is finished is kept; the rest goes on at the next run.", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()  # a reader such as `head` has had enough
        return OK


def _told_whole(code: int) -> int:
    """The exit code, once all that was printed has arrived where it goes."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        from ingest_desktop.cli_output import output_error

        raise output_error(error) from error
    return code


def _drop_output() -> None:
    """Let what is left of the output go nowhere, so that Python does not stumble over it at its end."""
    with suppress(OSError, ValueError):  # a test's output is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(options: argparse.Namespace) -> int:
    if options.command == "repair":  # there may be nothing that can be opened
        from ingest_desktop.cli_keeping import repair

        return repair(options)
    if options.command == "check":  # a list of jobs that cannot be opened or read is a finding, too
        try:
            return _run_open(options)
        except LedgerDamaged as error:
            from ingest_desktop.cli_keeping import tell_damaged

            return tell_damaged(error, as_json=options.json)
    return _run_open(options)


def _run_open(options: argparse.Namespace) -> int:
    app = _open(options)
    try:
        from ingest_desktop.cli_commands import COMMANDS

        return COMMANDS[options.command](app, options)
    finally:
        from ingest_desktop.observability.logs import close_logging

        app.close()
        close_logging()


def _open(options: argparse.Namespace) -> "App":
    """Settings, log and store. Loading them without a look for cycles and plugins takes a fifth less."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    collects = gc.isenabled()
    gc.disable()
    try:
        import ingest_desktop.cli_commands  # noqa: F401  loaded here, with the rest
        from ingest_desktop.bootstrap import build_app
        from ingest_desktop.config.settings import load_settings
        from ingest_desktop.config.settings_checks import unknown_settings
        from ingest_desktop.domain.enums import Actor
        from ingest_desktop.observability.logs import setup_logging

        data_dir: str | None = getattr(options, "data_dir", None)
        settings = load_settings(Path(data_dir) if data_dir else None)
        setup_logging(settings, console=getattr(options, "verbose", False))
        for unknown in unknown_settings(settings.data_root):
            print(f"ingest: {unknown}", file=sys.stderr)  # noqa: T201
        only_reads = options.command in READING or getattr(options, "action", "") == "list"
        only_reads = only_reads and not getattr(options, "fix", False)
        label = f"ingest {options.command}"
        return build_app(settings, actor=Actor.COMMAND, label=label, read_only_ok=only_reads)
    finally:
        if collects:
            gc.enable()


def _say(error: IngestError, code: int, options: argparse.Namespace) -> int:
    from ingest_desktop.cli_steps import step_after

    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()
    print(f"ingest: {one_line(str(error))}", file=sys.stderr)  # noqa: T201
    if step := step_after(error, options):
        print(step, file=sys.stderr)  # noqa: T201
    return code


def _never_fail_on_names(stream: Any) -> None:
    """File names may hold what the terminal's encoding cannot show."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
