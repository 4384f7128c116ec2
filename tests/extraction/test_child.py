"""Real child processes: limits, deaths, and what they leave intact."""

import os
import select
import signal
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest_desktop.domain.errors import LimitExceeded, ReaderCrashed
from ingest_desktop.domain.wire import (
    Extracted,
    ExtractOptions,
    Failed,
    Looked,
    LookItem,
    LookLot,
    Message,
    Secrets,
    SegmentTask,
    Working,
    recipe_of,
)
from ingest_desktop.extraction import host
from ingest_desktop.extraction.child import _without
from ingest_desktop.extraction.host import ChildProcess, command
from ingest_desktop.extraction.limits import taken_bytes

from .conftest import CORPUS, OPTIONS
from .recognition_kit import pdf

posix = pytest.mark.xfail(os.name != "posix", reason="limits and signals of POSIX", run=False)


@pytest.fixture
def make() -> Iterator[Callable[..., ChildProcess]]:
    made: list[ChildProcess] = []

    def start(**limits: float) -> ChildProcess:
        made.append(ChildProcess(**limits))  # type: ignore[arg-type]
        return made[-1]

    yield start
    for child in made:
        child.close()


def lot(*paths: Path, options: ExtractOptions = OPTIONS) -> LookLot:
    return LookLot(tuple(LookItem(key, str(path)) for key, path in enumerate(paths)), options)


def looks(child: ChildProcess, *paths: Path, options: ExtractOptions = OPTIONS) -> list[Message]:
    found: list[Message] = []
    child.run(lot(*paths, options=options), found.append)
    return [message for message in found if not isinstance(message, Working)]


def text_file(folder: Path, name: str = "a.txt", text: str = "some words\n") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


GUEST = '''
import collections, itertools, os, time
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan
from ingest_desktop.domain.wire import SegmentSpec


class Reader:
    """Does to its process what the file says."""

    name, version = "guest", 1

    def accepts(self, source):
        return 1.0 if source.head.startswith(b"guest:") else 0.0

    def plan(self, source, options):
        print("noise that must not reach the pipe", flush=True)
        os.write(1, b"noise")
        return ReaderPlan("whole", 1, (SegmentSpec(0, 0, 1),), "text/x-guest")

    def read(self, source, plan, segment, options, notes):
        wish = source.head.partition(b":")[2]
        if wish == b"sleep":
            time.sleep(3600)
        elif wish == b"abort":
            os.abort()
        elif wish == b"spin":
            collections.deque(itertools.repeat(0), maxlen=0)  # no Python code runs meanwhile
        elif wish == b"fork":
            os.open(source.path + ".alive", os.O_WRONLY)  # for as long as one of the two lives
            if os.fork() == 0:
                time.sleep(3600)
            os.abort()
        elif wish == b"raise":
            raise KeyError("a fault of its own")
        elif wish == b"recurse":
            self.read(source, plan, segment, options, notes).send(None)
            list(self.read(source, plan, segment, options, notes))
        yield Block("read by a guest")
'''


@pytest.fixture
def guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Installs a reader by entry point, as another package would; makes files for it."""
    site = tmp_path / "site"
    (site / "guest-1.0.dist-info").mkdir(parents=True)
    (site / "guest-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n")
    (site / "guest-1.0.dist-info" / "entry_points.txt").write_text("[ingest_desktop.readers]\nguest = guest:Reader\n")
    (site / "guest.py").write_text(GUEST)
    monkeypatch.setenv("PYTHONPATH", str(site))
    return lambda wish: text_file(tmp_path, f"{wish}.txt", f"guest:{wish}")


def test_a_lot_gives_one_answer_for_each_file_in_order(child: ChildProcess, tmp_path: Path) -> None:
    good = text_file(tmp_path)
    pdf = CORPUS / "files" / "pdf" / "crazyones.pdf"
    (tmp_path / "novel.mobi").write_bytes(bytes(60) + b"BOOKMOBI" + bytes(100))
    found = looks(child, good, tmp_path / "gone.txt", pdf, tmp_path / "novel.mobi", tmp_path)
    assert [message.key for message in found] == [0, 1, 2, 3, 4]  # type: ignore[union-attr]
    assert [type(message) for message in found] == [Looked, Failed, Looked, Failed, Failed]
    codes = [message.code for message in found if isinstance(message, Failed)]
    assert codes == ["source_gone", "unsupported_format", "source_unreadable"]
    assert isinstance(found[1], Failed)
    assert found[1].message == "The file is not there any more."


def test_unchanged_content_is_not_extracted_again(child: ChildProcess, tmp_path: Path) -> None:
    path = text_file(tmp_path)
    (first,) = looks(child, path)
    assert isinstance(first, Looked)
    assert first.result is not None
    recipe = recipe_of(first.plan.reader, first.plan.reader_version, OPTIONS, first.plan.unit)
    for known, again in ((recipe, True), ("another recipe", False)):
        found: list[Message] = []
        child.run(LookLot((LookItem(1, str(path), first.plan.sha256, known),), OPTIONS), found.append)
        assert isinstance(found[0], Looked)
        assert found[0].unchanged is again
        assert (found[0].result is None) is again


def test_segments_need_the_file_that_was_planned(child: ChildProcess, tmp_path: Path) -> None:
    options = ExtractOptions(segment_bytes=65_536)
    path = text_file(tmp_path, text="a line of text\n" * 20_000)
    (look,) = looks(child, path, options=options)
    assert isinstance(look, Looked)
    assert look.result is None
    assert len(look.plan.segments) == 5
    found: list[Message] = []
    child.run(SegmentTask(7, str(path), look.plan, 3, options), found.append)
    assert isinstance(found[-1], Extracted)
    assert found[-1].key == 7
    assert found[-1].result.number == 3
    assert found[-1].result.chunks[0].line_start == look.plan.segments[3].first_line
    text_file(tmp_path, text="something else\n" * 20_000)
    child.run(SegmentTask(7, str(path), look.plan, 3, options), found.append)
    assert isinstance(found[-1], Failed)
    assert found[-1].code == "source_changed"


def test_large_file_is_streamed_and_tells_how_far_it_is(child: ChildProcess, tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "big.log"
    digest = hashlib.sha256()
    with path.open("wb") as stream:
        for _ in range(80):
            block = (b"x" * 1023 + b"\n") * 1024
            digest.update(block)
            stream.write(block)
    (look,) = looks(child, path)
    assert isinstance(look, Looked)
    assert look.plan.sha256 == digest.hexdigest()
    assert len(look.plan.segments) == 20
    assert look.plan.segments[19].first_line == 19 * 4096 + 1


def test_limits_of_size_and_pages_name_their_setting(child: ChildProcess, tmp_path: Path) -> None:
    (failed,) = looks(child, text_file(tmp_path), options=ExtractOptions(max_file_bytes=5))
    assert isinstance(failed, Failed)
    assert (failed.code, "INGESTION_MAX_FILE_BYTES" in failed.message) == ("source_too_large", True)
    pdf = CORPUS / "files" / "pdf" / "multi_page.pdf"
    (failed,) = looks(child, pdf, options=ExtractOptions(max_pages=2))
    assert isinstance(failed, Failed)
    assert (failed.code, "INGESTION_MAX_PAGES" in failed.message) == ("limit_exceeded", True)


@posix
def test_special_files_are_refused_without_waiting(child: ChildProcess, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found = looks(child, tmp_path / "pipe", Path("/dev/zero"))
    assert [message.code for message in found if isinstance(message, Failed)] == ["source_unreadable"] * 2


def test_a_reader_of_another_package_is_found_and_cannot_disturb_the_pipe(
    make: Callable[..., ChildProcess], guest: Callable[[str], Path]
) -> None:
    child = make()
    found = looks(child, guest("hello"), guest("raise"), guest("recurse"))
    assert isinstance(found[0], Looked)
    assert found[0].result is not None
    assert found[0].result.chunks[0].text == "read by a guest"
    assert [message.code for message in found[1:] if isinstance(message, Failed)] == ["source_malformed"] * 2
    assert isinstance(found[1], Failed)
    assert "a fault of its own" in found[1].detail
    assert "KeyError" in found[1].message


def test_a_crash_loses_only_the_file_in_hand(
    make: Callable[..., ChildProcess], guest: Callable[[str], Path], tmp_path: Path
) -> None:
    child = make()
    good = text_file(tmp_path)
    found: list[Message] = []
    with pytest.raises(ReaderCrashed, match="ended unexpectedly"):
        child.run(lot(good, good, guest("abort"), good), found.append)
    assert [message.key for message in found if isinstance(message, Looked)] == [0, 1]
    assert child.pid is None
    assert [type(message) for message in looks(child, good)] == [Looked]


def test_a_task_that_takes_too_long_is_ended_and_the_next_runs(
    make: Callable[..., ChildProcess], guest: Callable[[str], Path], tmp_path: Path
) -> None:
    child = make(wall_seconds=0.5)
    with pytest.raises(LimitExceeded, match="INGESTION_CHILD_WALL_SECONDS"):
        looks(child, guest("sleep"))
    assert child.pid is None
    child = make(wall_seconds=30)
    assert [type(message) for message in looks(child, text_file(tmp_path))] == [Looked]


@posix
def test_a_parser_that_never_returns_is_ended_by_processor_time(
    make: Callable[..., ChildProcess], guest: Callable[[str], Path]
) -> None:
    child = make(cpu_seconds=0.1)
    with pytest.raises(LimitExceeded, match="INGESTION_CHILD_CPU_SECONDS"):
        looks(child, guest("spin"))


@posix
def test_python_code_that_takes_too_long_costs_only_its_file(make: Callable[..., ChildProcess], tmp_path: Path) -> None:
    child = make(cpu_seconds=0.2)
    good = text_file(tmp_path)
    heavy = text_file(tmp_path, "b.txt", "東京都 " * 3_000_000)
    looks(child, good)
    before = child.pid
    found = looks(child, heavy, good, options=ExtractOptions(segment_bytes=64 * 1024 * 1024))
    assert isinstance(found[0], Failed)
    assert found[0].code == "limit_exceeded"
    assert "INGESTION_CHILD_CPU_SECONDS" in found[0].message
    assert isinstance(found[1], Looked)
    assert child.pid == before


def unpacks_to(pages_bytes: int) -> bytes:
    """A PDF whose only page is drawn by a stream of zeros of this size."""
    packer = zlib.compressobj(9)
    block = bytes(1024 * 1024)
    packed = b"".join(packer.compress(block) for _ in range(pages_bytes // len(block))) + packer.flush()
    whole = pdf(("MARK", "")).replace(b"/Length 4 >>", b"/Length %d /Filter /FlateDecode >>" % len(packed))
    return whole.replace(b"\nMARK\n", b"\n" + packed + b"\n")


@pytest.mark.xfail(sys.platform != "linux", reason="elsewhere there is no such limit", run=False)
def test_a_library_that_aborts_for_want_of_memory_is_over_a_limit(
    make: Callable[..., ChildProcess], tmp_path: Path, guest: Callable[[str], Path]
) -> None:
    heavy = tmp_path / "heavy.pdf"
    heavy.write_bytes(unpacks_to(600 * 1024 * 1024))
    child = make(memory_bytes=400 * 1024 * 1024)
    with pytest.raises(LimitExceeded, match="INGESTION_CHILD_MEMORY_BYTES"):
        looks(child, heavy)
    assert isinstance(looks(child, text_file(tmp_path))[0], Looked)
    with pytest.raises(ReaderCrashed, match="ended unexpectedly"):  # of something else, with little memory
        looks(child, guest("abort"))


@posix
def test_memory_is_bounded(make: Callable[..., ChildProcess], tmp_path: Path) -> None:
    child = make(memory_bytes=96 * 1024 * 1024)
    heavy = text_file(tmp_path, "b.txt", "word " * 6_000_000)
    found = looks(child, heavy, text_file(tmp_path), options=ExtractOptions(segment_bytes=64 * 1024 * 1024))
    assert isinstance(found[0], Failed)
    assert found[0].code == "limit_exceeded"
    assert "INGESTION_CHILD_MEMORY_BYTES" in found[0].message
    assert isinstance(found[1], Looked)


@pytest.mark.xfail(sys.platform != "linux", reason="elsewhere there is no such limit", run=False)
def test_all_addresses_but_those_of_the_program_are_left_to_a_file(
    make: Callable[..., ChildProcess], tmp_path: Path
) -> None:
    child = make()
    looks(child, text_file(tmp_path))
    assert child.pid is not None
    assert taken_bytes(child.pid) < 64 * 1024 * 1024  # glibc sets aside as much for a thread, if it is let


def test_killed_in_the_middle_harms_no_other_file_and_no_other_child(
    make: Callable[..., ChildProcess], guest: Callable[[str], Path], child: ChildProcess, tmp_path: Path
) -> None:
    doomed = make()
    good = text_file(tmp_path)
    found: list[Message] = []

    def kill_soon(message: Message) -> None:
        found.append(message)
        threading.Thread(target=doomed.kill).start()

    with pytest.raises(ReaderCrashed):
        doomed.run(lot(good, guest("sleep"), good), kill_soon)
    assert [message.key for message in found if isinstance(message, Looked)] == [0]
    assert doomed.pid is None
    assert isinstance(looks(child, good)[0], Looked)
    assert isinstance(looks(doomed, good)[0], Looked)


@posix
def test_what_a_reader_forked_holds_nobody_up_and_ends_with_it(
    make: Callable[..., ChildProcess], guest: Callable[[str], Path], tmp_path: Path
) -> None:
    file = guest("fork")
    os.mkfifo(f"{file}.alive")
    alive = os.open(f"{file}.alive", os.O_RDONLY | os.O_NONBLOCK)
    try:
        child = make()
        with pytest.raises(ReaderCrashed, match="ended unexpectedly"):
            looks(child, file)  # its copy holds our pipes, and writes nothing
        ended = select.poll()
        ended.register(alive, 0)
        assert ended.poll(10_000) == [(alive, select.POLLHUP)]
        assert isinstance(looks(child, text_file(tmp_path))[0], Looked)
    finally:
        os.close(alive)


class Unkillable(ChildProcess):
    """Its process hangs in a file system that does not answer, where no signal arrives."""

    strikes = 0

    def _strike(self, process: "subprocess.Popen[bytes]") -> None:
        self.strikes += 1


@posix
def test_a_process_that_cannot_be_ended_is_left_behind(guest: Callable[[str], Path], tmp_path: Path) -> None:
    child = Unkillable(wall_seconds=0.5)
    with pytest.raises(LimitExceeded, match="INGESTION_CHILD_WALL_SECONDS"):
        looks(child, guest("sleep"))
    assert child.strikes and child.pid is None
    (left,) = host._abandoned
    assert left.poll() is None
    assert isinstance(looks(child, text_file(tmp_path))[0], Looked)  # by another one
    left.kill()
    left.wait()
    child.close()
    assert not host._abandoned


@posix
def test_death_between_tasks_goes_unnoticed(make: Callable[..., ChildProcess], tmp_path: Path) -> None:
    child = make()
    looks(child, text_file(tmp_path))
    pid = child.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert isinstance(looks(child, text_file(tmp_path))[0], Looked)
    assert child.pid != pid


def test_it_is_replaced_after_some_tasks_and_when_it_has_grown(
    make: Callable[..., ChildProcess], tmp_path: Path
) -> None:
    path = text_file(tmp_path)
    for child in (make(tasks=2), make(recycle_bytes=1, tasks=2)):
        pids = []
        for _ in range(4):
            looks(child, path)
            pids.append(child.pid)
        assert len(set(pids)) >= 2
        child.close()
        assert child.pid is None


def test_a_receiver_that_raises_leaves_no_mixed_up_messages(make: Callable[..., ChildProcess], tmp_path: Path) -> None:
    child = make()
    good, pdf = text_file(tmp_path), CORPUS / "files" / "pdf" / "crazyones.pdf"

    def refuse(message: Message) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        child.run(lot(good, pdf, good), refuse)
    (look,) = looks(child, pdf)
    assert isinstance(look, Looked)
    assert look.plan.media_type == "application/pdf"


def test_child_imports_neither_qt_nor_the_store(tmp_path: Path) -> None:
    """In a process that does what the child does, and then looks at what it has imported."""
    paths = [str(text_file(tmp_path, f"a{end}")) for end in (".txt", ".md", ".py", ".html")]
    paths += [str(CORPUS / "files" / name) for name in ("pdf/crazyones.pdf", "office/headings.docx")]
    code = (
        "import sys\n"
        "import ingest_desktop.extraction.child\n"
        "from ingest_desktop.domain.wire import ExtractOptions, LookItem\n"
        "from ingest_desktop.extraction.look import look\n"
        "from ingest_desktop.extraction.registry import Registry\n"
        "early = {'pypdfium2', 'pypdf', 'mammoth', 'selectolax', 'chardet'} & set(sys.modules)\n"
        f"for path in {paths!r}: look(LookItem(1, path), ExtractOptions(), Registry([]), lambda *a: None)\n"
        "print(sorted(early), sorted({'PySide6', 'sqlalchemy', 'pydantic', 'sqlite3'} & set(sys.modules)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True, timeout=60
    )
    assert done.stdout.strip() == "[] []", done.stderr


@posix
def test_it_does_not_outlive_its_parent(guest: Callable[[str], Path], tmp_path: Path) -> None:
    code = (
        "import os, threading\n"
        "from ingest_desktop.domain.wire import ExtractOptions, LookItem, LookLot\n"
        "from ingest_desktop.extraction.host import ChildProcess\n"
        f"child, good, slow = ChildProcess(), {str(text_file(tmp_path))!r}, {str(guest('sleep'))!r}\n"
        "child.run(LookLot((LookItem(1, good),), ExtractOptions()), lambda message: None)\n"
        "print(child.pid, flush=True)\n"
        "child.run(LookLot((LookItem(1, slow),), ExtractOptions()), lambda message: None)\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root + os.pathsep + os.environ["PYTHONPATH"]}
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    parent.kill()
    parent.wait()
    parent.stdout.close()
    if handle is not None:
        import select

        ready, _, _ = select.select([handle], [], [], 10)
        os.close(handle)
        assert ready


def test_the_way_to_start_one() -> None:
    assert command()[-1] == "ingest_desktop.extraction.child"
    assert command()[0] == sys.executable


@posix
def test_a_child_of_a_large_program_is_not_taken_for_large_itself(
    make: Callable[..., ChildProcess], tmp_path: Path
) -> None:
    ballast = bytearray(400 * 1024 * 1024)  # resident, because it is written to
    ballast[::4096] = b"x" * len(ballast[::4096])
    child = make(recycle_bytes=300 * 1024 * 1024)
    good = text_file(tmp_path)
    looks(child, good)
    before = child.pid
    looks(child, good)
    assert child.pid == before
    assert len(ballast)


def test_what_is_blotted_out_of_a_sentence_does_not_tell_the_password() -> None:
    sentence = "It asks for a password; the library said hunter2!"
    assert _without(Secrets(("password", "hunter2!")), sentence) == "It asks for a password; the library said …"
