"""What happens to files while they wait or are read: changed, cut, replaced, moved, deleted, locked, unplugged, growing, hanging.

Afterwards the same folder is added again, as a person would. Every text that can be found must be that of one whole version, and
in the end that of the files as they are now.
"""

import contextlib
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from faults.corpus import long_text
from faults.fault import Fault, Verdict
from faults.judge import ask_history, ask_queue, opened
from faults.program import ENDED_WELL, Program, wait_until
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import LimitExceeded
from ingest_desktop.domain.models import JobQuery

SMALL, LONG = 40, 5
LONG_CHARS = 1_500_000
FIRST_STRIKE, LAST_STRIKE = 0.35, 1.6  # seconds after the start of the program
GROW_SECONDS = 1.0
UNPRIVILEGED = (
    ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if hasattr(os, "geteuid") and not os.geteuid() else ()
)
"""Without these rights root, too, may not read what is locked; everybody else may not anyway."""

ODD_NAMES = (
    b"two\nlines.txt",
    b"\xff\xfe no unicode \xc3.txt",
    "\u202etxt.exe.txt".encode(),
    "e\u0301 and \u00e9.txt".encode(),
    b"Twin.TXT",
    b"twin.txt",
    b" blanks .txt",
    b"'; DROP TABLE ingest_jobs; --.txt",
    b"n" * 251 + b".txt",  # as long as a name can be
)

SETTLING = {"INGESTION_SETTLE_SECONDS": "0.4"}  # what is half written must not be taken for whole

Texts = dict[str, tuple[str, ...]]  # path: the texts of its chunks, in order


def write_files(folder: Path, edition: int) -> None:
    """Small files, texts of many segments, and odd names."""
    folder.mkdir(parents=True)
    for number in range(SMALL):
        words = f"Small file {number} of edition {edition}, with a few words.\n" * (3 + number % 5)
        (folder / f"{number:02d}.txt").write_text(words)
    for number in range(LONG):
        (folder / f"long{number}.txt").write_text(long_text(f"edition {edition}, file {number}", LONG_CHARS))
    base = os.fsencode(folder)
    for name in ODD_NAMES if sys.platform == "linux" else ODD_NAMES[3:5]:
        with open(os.path.join(base, name), "wb") as out:
            out.write(b"Odd name, edition %d: " % edition + name.hex().encode())


def texts_of(data: Path) -> Texts:
    """What can be found, by path."""
    found: dict[str, list[str]] = {}
    with opened(data) as app:
        for chunk in app.search.export():
            found.setdefault(chunk.source_path, []).append(chunk.text)
    return {path: tuple(texts) for path, texts in found.items()}


def hashes_of(folder: Path) -> dict[bytes, str]:
    """The content of each file."""
    base = os.fsencode(folder)
    return {
        os.path.join(at, name): hashlib.sha256(Path(os.fsdecode(os.path.join(at, name))).read_bytes()).hexdigest()
        for at, _, names in os.walk(base)
        for name in names
    }


@dataclass(slots=True)
class Ground:
    """A round's files, and what a person did to them."""

    folder: Path
    draw: random.Random
    touched: set[bytes] = field(default_factory=set)
    free: set[bytes] = field(default_factory=set)  # of which no version can be told: they grew
    notes: list[str] = field(default_factory=list)

    def pick(self) -> Path:
        """A file that nothing has happened to yet; often a long one, as those are in hand for longer."""
        long, small = [f"long{n}.txt" for n in range(LONG)], [f"{n:02d}.txt" for n in range(SMALL)]
        names = long if self.draw.random() < 0.7 else small
        left = [name for name in names if os.fsencode(self.folder / name) not in self.touched]
        left = left or [name for name in names if (self.folder / name).is_file()]  # not one that was moved or deleted
        path = self.folder / self.draw.choice(left or [name for name in long + small if (self.folder / name).is_file()])
        self.touched.add(os.fsencode(path))
        return path

    def other_text(self, path: Path) -> str:
        """Another edition of a file."""
        if path.name.startswith("long"):
            return long_text(f"edition 2, {path.name}", LONG_CHARS // 2)
        return f"Edition 2 of {path.name}, all other words.\n" * 9


def change(ground: Ground) -> None:
    """Write over a file where it is."""
    path = ground.pick()
    with open(path, "r+") as out:
        out.write(ground.other_text(path))
        out.truncate()


def cut(ground: Ground) -> None:
    """Cut a file short."""
    path = ground.pick()
    os.truncate(path, path.stat().st_size // 3)


def replace(ground: Ground) -> None:
    """Put another file in its place, as editors do."""
    path = ground.pick()
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(ground.other_text(path))
    os.replace(partial, path)


def move(ground: Ground) -> None:
    """Give a file another name."""
    path = ground.pick()
    os.rename(path, path.with_name(f"moved-{path.name}"))


def delete(ground: Ground) -> None:
    """Delete a file."""
    ground.pick().unlink()


def lock(ground: Ground) -> None:
    """Take away the right to read a file, and give it back before it is added again."""
    path = ground.pick()
    path.chmod(0)


def grow(ground: Ground) -> None:
    """Go on writing to a file for a while."""
    path = ground.pick()
    ground.free.add(os.fsencode(path))
    end = time.monotonic() + GROW_SECONDS
    with open(path, "a") as out:
        while time.monotonic() < end:
            out.write("one more line that is being written\n")
            out.flush()
            time.sleep(0.02)


def anything(ground: Ground) -> None:
    """One of these."""
    ground.draw.choice((change, cut, replace, move, delete))(ground)


@dataclass(frozen=True, slots=True)
class Happening:
    """A fault: something happens to a few files while the folder is ingested."""

    name: str
    strike: Callable[[Ground], None]
    strikes: int = 4
    group: str = "files"
    most_rounds: int | None = None

    def prepare(self, work: Path, seed: int) -> None:
        """Nothing: each round has files of its own."""

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        """Ingest, break, add again, and look at what can be found before and after."""
        ground = _begin(work, draw)
        program = Program.start(
            work / "data", "add", "--wait", str(ground.folder), settings=SETTLING, wrap=UNPRIVILEGED
        )
        hits = 0
        for _ in range(self.strikes):
            if not program.has_ended(draw.uniform(0.05, (LAST_STRIKE - FIRST_STRIKE) / self.strikes)):
                self.strike(ground)
                hits += 1
        verdict = _end(work, ground, program)
        verdict.hits = hits
        return verdict


def _begin(work: Path, draw: random.Random) -> Ground:
    folder = work / "files"
    write_files(folder, 1)
    return Ground(folder, draw)


def _end(work: Path, ground: Ground, program: Program, settings: Mapping[str, str] | None = None) -> Verdict:
    """Let the program end, look; add the folder again, look again."""
    data, verdict = work / "data", Verdict()
    code = program.finish()
    if code not in ENDED_WELL:
        verdict.wrong.append(f"ingest add ended with {code}")
    first = texts_of(data)
    for path in ground.folder.iterdir():
        if path.is_file() and not path.stat().st_mode & 0o400:
            path.chmod(0o600)
    before = hashes_of(ground.folder)
    began = time.monotonic()
    again = Program.start(data, "add", "--wait", str(ground.folder), settings=settings)
    if again.finish() not in ENDED_WELL:
        verdict.wrong.append("ingest add did not end well the second time")
    verdict.recovery_seconds.append(round(time.monotonic() - began, 2))
    if hashes_of(ground.folder) != before:
        verdict.wrong.append("an original was changed by the program")
    old, new = _undisturbed(work / "old", 1, None), _undisturbed(work / "new", 2, ground.folder)
    old = {str(ground.folder / Path(path).name): texts for path, texts in old.items()}
    _ask_versions(first, old, new, ground, verdict)
    _ask_now(texts_of(data), old, new, verdict)
    with opened(data) as app:
        ask_queue(app, verdict)
        ask_history(app, verdict)
        verdict.wrong += [f"check: {finding.code}: {finding.message}" for finding in app.check()]
    verdict.notes = ground.notes
    return verdict


def _undisturbed(work: Path, edition: int, folder: Path | None) -> Texts:
    """What is found of files that nothing happens to."""
    work.mkdir(parents=True)
    files = folder or work / "files"
    if folder is None:
        write_files(files, edition)
    assert Program.start(work / "data", "add", "--wait", str(files)).finish() in ENDED_WELL
    return texts_of(work / "data")


def _ask_versions(first: Texts, old: Texts, new: Texts, ground: Ground, verdict: Verdict) -> None:
    """What could be found right after the trouble: whole versions only, of files that grew at least whole chunks."""
    for path, texts in first.items():
        if os.fsencode(path) in ground.free or texts in (old.get(path), new.get(path)):
            continue
        verdict.mixed += 1
        verdict.wrong.append(f"{path!r} had neither its old nor its new text")
    for path, texts in old.items():
        if os.fsencode(path) not in ground.touched and first.get(path) != texts:
            verdict.lost += 1
            verdict.wrong.append(f"{path!r}, which nothing happened to, had not its text")


def _ask_now(found: Texts, old: Texts, new: Texts, verdict: Verdict) -> None:
    """What can be found in the end: the files as they are; of those that are gone, what they were."""
    whole = set(found.values())  # a moved file shares the document of its old name, and is cited by that
    for path, texts in new.items():
        if found.get(path) != texts and (path in found or texts not in whole):
            verdict.lost += path not in found
            verdict.mixed += path in found
            verdict.wrong.append(f"{path!r} has not the text it has now")
    for path in found.keys() - new.keys():
        if found[path] != old.get(path):
            verdict.mixed += 1
            verdict.wrong.append(f"{path!r}, which is gone, has a text it never had")


class Unplugged:
    """A drive that is taken away while its files are read, and comes back."""

    group, name = "files", "the drive is unplugged"
    most_rounds: int | None = None

    def prepare(self, work: Path, seed: int) -> None:
        """Nothing."""

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        folder = work / "files"
        folder.mkdir()
        ground = Ground(folder, draw)
        with contextlib.ExitStack() as stack:
            drive = stack.enter_context(_drive(folder))
            program = Program.start(work / "data", "add", "--wait", str(folder))
            hits = int(not program.has_ended(draw.uniform(FIRST_STRIKE, LAST_STRIKE)))
            drive.unplug()
            program.finish()
            drive.plug_in()
            ground.touched = {os.fsencode(path) for path in folder.iterdir()}
            verdict = _end(work, ground, program)
        verdict.hits = hits
        return verdict


class _Drive:
    """A file system in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._is_there = folder, False

    def plug_in(self) -> None:
        """The drive with its files, at the same place."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(self._folder)], check=True)
        self._is_there = True
        inside = self._folder / "inside"
        write_files(inside, 1)
        for path in list(inside.iterdir()):
            path.rename(self._folder / path.name)
        inside.rmdir()

    def unplug(self) -> None:
        """Gone, whoever uses it."""
        if self._is_there:
            subprocess.run(["umount", "-l", str(self._folder)], check=True)
            self._is_there = False


@contextlib.contextmanager
def _drive(folder: Path) -> Iterator[_Drive]:
    drive = _Drive(folder)
    drive.plug_in()
    try:
        yield drive
    finally:
        drive.unplug()


class Hangs:
    """A reader that hangs in the midst of a file, as on a network path that answers no more: the process is frozen."""

    group, name = "files", "a reader hangs"
    most_rounds: int | None = None
    settings: Mapping[str, str] = {"INGESTION_CHILD_WALL_SECONDS": "8"}

    def prepare(self, work: Path, seed: int) -> None:
        """Nothing."""

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        ground = _begin(work, draw)
        program = Program.start(work / "data", "add", "--wait", str(ground.folder), settings=self.settings)
        wait_until(lambda: program.children() or program.has_ended(), 10)
        hits = 0
        if not program.has_ended(draw.uniform(0.0, 0.8)):
            for child in program.children()[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGSTOP)
                    hits = 1
        program.finish()
        hung = _out_of_time(work / "data")
        ground.touched |= hung
        verdict = _end(work, ground, program)
        if len(hung) > 1:
            verdict.wrong.append(f"{len(hung)} files failed because one reader hung")
        verdict.hits = hits
        return verdict


def _out_of_time(data: Path) -> set[bytes]:
    """Files whose reader was given up: a person tries them again."""
    with opened(data) as app:
        failed = app.service.list(JobQuery(statuses=frozenset({JobStatus.FAILED})), limit=1_000)
        return {os.fsencode(job.source_path) for job in failed if job.error_code == LimitExceeded.code}


class Sparse:
    """A file that claims a GiB and holds a few words."""

    group, name, most_rounds = "files", "a sparse file of 1 GiB", 1

    def prepare(self, work: Path, seed: int) -> None:
        """Nothing."""

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        ground = _begin(work, draw)
        path = ground.folder / "sparse.txt"
        path.write_text("A few words at the beginning.\n")
        os.truncate(path, 1024**3)
        ground.touched.add(os.fsencode(path))
        ground.free.add(os.fsencode(path))
        program = Program.start(work / "data", "add", "--wait", str(ground.folder))
        return _end(work, ground, program)


FAULTS: Sequence[Fault] = (
    Happening("all sorts of changes", anything, strikes=8),
    Happening("a file is changed in place", change),
    Happening("a file is cut short", cut),
    Happening("a file is replaced", replace),
    Happening("a file is moved", move),
    Happening("a file is deleted", delete),
    Happening("a file grows", grow, strikes=2),
    *([Happening("a file may not be read any more", lock)] if not UNPRIVILEGED or shutil.which("setpriv") else []),
    *([Unplugged()] if UNPRIVILEGED and sys.platform == "linux" else []),
    *([Hangs()] if hasattr(signal, "SIGSTOP") else []),
    Sparse(),
)
