"""Records what processes ask the system to do below a folder, and makes the images that a loss of power could leave of it.

Recording is strace's; nothing is asked of the product. A loss of power keeps what was synced and any part of what was not:
each unsynced 4 KiB block of a write may be there, be missing or be torn at a 512-byte sector, in any order, and each unsynced
name of a file may be there or not. A name is synced with its folder; most file systems sync it with its file, too, but POSIX does
not promise that, so an image is made after one rule or the other.

What is mapped into memory is not seen: of SQLite that is the index of the log, which is made anew after a crash anyway.
"""

import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BLOCK, SECTOR = 4_096, 512
TORN = 0.1  # of the blocks that are kept
CALLS = (
    "openat,creat,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,ftruncate,truncate,rename,renameat,renameat2,"
    "unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,fallocate,copy_file_range,sendfile"
)
_LINE = re.compile(r"(?P<pid>\d+) +(?P<call>\w+)\((?P<rest>.*)", re.DOTALL)
_RESUMED = re.compile(r"(?P<pid>\d+) +<\.\.\. (?P<call>\w+) resumed>(?P<rest>.*)", re.DOTALL)
_RESULT = re.compile(r"\) += (-?\d+)")
_DESCRIPTOR = re.compile(r"(?:\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_UNFINISHED = " <unfinished ...>"


@dataclass(frozen=True, slots=True)
class Step:
    """One call. ``kind``: create, write, truncate, sync (begins), synced (has ended), rename, unlink, mkdir, rmdir, mark."""

    kind: str
    path: str
    other: str = ""
    offset: int = 0
    data: bytes = b""


def record(command: Sequence[str], log: Path, env: Mapping[str, str]) -> int:
    """Run a command under strace; its exit code."""
    strace = shutil.which("strace")
    if strace is None:
        raise RuntimeError("strace is needed to record what is written: install it, such as by apt-get install strace")
    options = ["-f", "--seccomp-bpf", "-y", "-xx", "-s", "2000000", "-e", f"trace={CALLS}", "-e", "signal=none"]
    with open(log.with_suffix(".out"), "ab") as out:
        found = subprocess.run(
            [strace, *options, "-o", str(log), *command], stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env
        )
    return found.returncode


def steps_of(log: Path, root: Path) -> Iterator[Step]:
    """What was done below a folder, in order. Paths are relative to it."""
    reading = _Reading(os.fspath(root))
    begun: dict[str, str] = {}
    with open(log, encoding="ascii", errors="replace") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if (resumed := _RESUMED.match(line)) is not None:
                whole = begun.pop(resumed["pid"]) + resumed["rest"]
                yield from reading.steps(resumed["call"], whole, begun=True)
            elif (call := _LINE.match(line)) is not None:
                rest = call["rest"]
                if rest.endswith(_UNFINISHED):
                    begun[call["pid"]] = rest[: -len(_UNFINISHED)]
                    yield from reading.begun(call["call"], rest)
                else:
                    yield from reading.steps(call["call"], rest, begun=False)


def _text(hexed: str) -> bytes:
    return bytes.fromhex(hexed.replace("\\x", ""))


class _Reading:
    """Makes steps of calls."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._ends: dict[str, int] = {}  # where plain writes of a path go on

    def begun(self, call: str, rest: str) -> Iterator[Step]:
        """A call that takes a while: a sync covers what was written before it began."""
        if call in ("fsync", "fdatasync") and (path := self._file(rest)) is not None:
            yield Step("sync", path)

    def steps(self, call: str, rest: str, *, begun: bool) -> Iterator[Step]:
        """A call that has ended."""
        result = _RESULT.search(rest)
        if result is None or int(result[1]) < 0:
            return
        if call in ("fsync", "fdatasync"):
            if (path := self._file(rest)) is not None:
                if not begun:
                    yield Step("sync", path)
                yield Step("synced", path)
        elif call in ("openat", "creat"):
            yield from self._opened(rest, call == "creat")
        elif call in ("write", "pwrite64"):
            yield from self._written(call, rest)
        elif call == "ftruncate":
            if (path := self._file(rest)) is not None:
                yield Step("truncate", path, offset=int(rest.rpartition(")")[0].rpartition(", ")[2]))
        elif call in ("rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir"):
            yield from self._named(call, rest)
        elif any(self._below(path) is not None for path in self._paths(rest)):
            raise RuntimeError(f"{call} below the folder is not understood")

    def _opened(self, rest: str, creates: bool) -> Iterator[Step]:
        (path,) = self._paths(rest)
        if (below := self._below(path)) is not None:
            if creates or "O_CREAT" in rest:
                yield Step("create", below)
            if creates or "O_TRUNC" in rest:
                yield Step("truncate", below)
                self._ends[below] = 0

    def _written(self, call: str, rest: str) -> Iterator[Step]:
        if (path := self._file(rest)) is None:
            return
        text = _STRING.search(rest)
        assert text is not None and text[2] is None, "strace did not tell all that was written"
        data = _text(text[1])
        if call == "pwrite64":
            offset = int(rest[text.end() :].rpartition(")")[0].rpartition(", ")[2])
        else:  # one after the other: what else writes here does
            offset = self._ends.get(path, 0)
            self._ends[path] = offset + len(data)
        yield Step("write", path, offset=offset, data=data)

    def _named(self, call: str, rest: str) -> Iterator[Step]:
        below = [self._below(path) for path in self._paths(rest)]
        if below[0] is None:
            assert len(below) == 1 or below[1] is None, "something was moved in from elsewhere"
            return
        kind = call.removesuffix("2").removesuffix("at")
        yield Step("rmdir" if "AT_REMOVEDIR" in rest else kind, below[0], (below[1:] or [""])[0] or "")

    def _paths(self, rest: str) -> list[str]:
        """The paths that a call names: below the folder's descriptor before them, if there is one."""
        found, folder, place = [], "", 0
        while True:
            text, descriptor = _STRING.search(rest, place), _DESCRIPTOR.search(rest, place)
            if text is None:
                return found
            if descriptor is not None and descriptor.start() < text.start():
                folder, place = os.fsdecode(_text(descriptor[1])), descriptor.end()
                continue
            found.append(os.path.join(folder, os.fsdecode(_text(text[1]))))
            place = text.end()

    def _file(self, rest: str) -> str | None:
        """The file of the first descriptor, when it is below the folder and still has a name."""
        found = _DESCRIPTOR.match(rest)
        return None if found is None or found[2] else self._below(os.fsdecode(_text(found[1])))

    def _below(self, path: str) -> str | None:
        if path == self._root:
            return "."
        return path[len(self._root) + 1 :] if path.startswith(self._root + os.sep) else None


@dataclass(slots=True, eq=False)
class _Node:
    """A file or a folder, whatever it is called: what is on the disk for sure, and what may be."""

    is_folder: bool = False
    safe: bytearray = field(default_factory=bytearray)
    pending: list[Step] = field(default_factory=list)
    covered: int = 0  # of ``pending``, by a sync that has begun

    def sync(self) -> None:
        for step in self.pending[: self.covered]:
            _apply(self.safe, step)
        del self.pending[: self.covered]


def _apply(content: bytearray, step: Step) -> None:
    if step.kind == "truncate":
        del content[step.offset :]
        content.extend(bytes(step.offset - len(content)))
        return
    if len(content) < step.offset:
        content.extend(bytes(step.offset - len(content)))
    content[step.offset : step.offset + len(step.data)] = step.data


@dataclass(slots=True)
class _Name:
    """What a name stands for: on the disk for sure, and after each change since."""

    safe: _Node | None = None
    later: list[_Node | None] = field(default_factory=list)
    covered: int = 0

    @property
    def now(self) -> _Node | None:
        return self.later[-1] if self.later else self.safe

    def sync(self, count: int) -> None:
        if count:
            self.safe = self.later[count - 1]
            del self.later[:count]


class Disk:
    """A folder as the steps leave it, some of it safe and some of it not yet."""

    def __init__(self, root: Path) -> None:
        """What stands in ``root`` is safe."""
        self._names: dict[str, _Name] = {".": _Name(_Node(is_folder=True))}
        for path in sorted(root.rglob("*")):
            node = _Node(is_folder=path.is_dir(), safe=bytearray() if path.is_dir() else bytearray(path.read_bytes()))
            self._names[str(path.relative_to(root))] = _Name(node)

    def do(self, step: Step, *, names_follow_files: bool) -> None:
        """One step. ``names_follow_files``: a file's sync makes its name and those of its folders safe, too."""
        name = self._names.setdefault(step.path, _Name())
        node = name.now
        if step.kind in ("create", "mkdir"):
            if node is None:
                name.later.append(_Node(is_folder=step.kind == "mkdir"))
        elif step.kind in ("unlink", "rmdir"):
            name.later.append(None)
        elif step.kind == "rename":
            self._names.setdefault(step.other, _Name()).later.append(node)
            name.later.append(None)
        elif node is None:
            raise RuntimeError(f"{step.kind} of {step.path}, which is not there")
        elif step.kind == "sync":
            self._begin_sync(step.path, node)
        elif step.kind == "synced":
            self._end_sync(step.path, node, names_follow_files)
        else:
            node.pending.append(step)

    def _begin_sync(self, path: str, node: _Node) -> None:
        node.covered = len(node.pending)
        for other, name in self._names.items():
            if node.is_folder and other != "." and (os.path.dirname(other) or ".") == path:
                name.covered = len(name.later)

    def _end_sync(self, path: str, node: _Node, names_follow_files: bool) -> None:
        node.sync()
        for other, name in self._names.items():
            if node.is_folder and other != "." and (os.path.dirname(other) or ".") == path:
                name.sync(min(name.covered, len(name.later)))
                name.covered = 0
        while names_follow_files and path not in ("", "."):
            self._names[path].sync(len(self._names[path].later))
            path = os.path.dirname(path)

    def image(self, target: Path, draw: random.Random, share: float | None = None) -> None:
        """Write what a loss of power now could leave: one of very many possibilities, by chance.

        Args:
            share: How much of what is not safe is there, 0 to 1; drawn when it is not given.
        """
        if share is None:
            share = draw.choice((0.0, 0.5, 0.5, 0.9, 1.0))
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for path in sorted(self._names, key=lambda path: path.count(os.sep)):
            name = self._names[path]
            known = [name.safe, *name.later]
            last = len(known) - 1
            node = known[_last_kept(last, share, draw)]
            place = target / path
            if node is None or path == "." or path.endswith("-shm") or not place.parent.is_dir():
                continue  # an index of the log is never read after a crash
            if node.is_folder:
                place.mkdir(exist_ok=True)
            else:
                place.write_bytes(_survived(node, share, draw))


def _last_kept(last: int, share: float, draw: random.Random) -> int:
    """Which of the changes of a name is the last that is there; 0: none."""
    if share in (0.0, 1.0):
        return int(share) * last
    return last if draw.random() < share else draw.randint(0, last)


def _survived(node: _Node, share: float, draw: random.Random) -> bytearray:
    content = bytearray(node.safe)
    for step in node.pending:
        for part in _blocks(step):
            if draw.random() < share:
                _apply(content, _torn(part, draw) if draw.random() < TORN and share < 1 else part)
    return content


def _blocks(step: Step) -> Iterator[Step]:
    if step.kind != "write":
        yield step
        return
    start, end = step.offset, step.offset + len(step.data)
    while start < end:
        stop = min(end, (start // BLOCK + 1) * BLOCK)
        yield Step("write", step.path, offset=start, data=step.data[start - step.offset : stop - step.offset])
        start = stop


def _torn(part: Step, draw: random.Random) -> Step:
    """Cut off at a sector, as a disk may."""
    if part.kind != "write":
        return part
    first = SECTOR - part.offset % SECTOR
    cuts = [0, *range(first, len(part.data), SECTOR)]
    return Step("write", part.path, offset=part.offset, data=part.data[: draw.choice(cuts)])
