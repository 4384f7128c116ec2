"""Text recognition by the program tesseract: where it is, which languages it has, and one picture at a time.

It is looked for anew for each document, so that it serves as soon as it is installed. The picture travels through
its standard input: no name of a file of the user ever reaches its command line. It runs in a process group of its
own, on one thread, and ends with the process that started it.
"""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Final

from ingest_desktop.domain.wire import ExtractOptions

SHAPE: Final = "ocr="  # in a recipe, before the languages; the limits follow
PROGRAM: Final = "tesseract.exe" if sys.platform == "win32" else "tesseract"
_LIST_SECONDS = 20.0
_BEAT_SECONDS = 5.0  # between two signs of life while a picture is read
_NO_TEXT_LANGUAGES = frozenset({"osd", "equ"})  # they tell how a page lies, and formulas
_PR_SET_PDEATHSIG = 1
_OUT_OF_TIME = int(getattr(signal, "SIGXCPU", 0))
_WORD = re.compile(r"[^\W_]{2}")
_TABLE_ROW = re.compile(r"([1-5])(?:\t-?\d+){9}\t(-?[\d.]+)\t(.*)")  # level, nine numbers, confidence, word
_TABLE_HEAD = "level\tpage_num\t"
_known: dict[str, tuple[object, tuple[str, ...]]] = {}  # program: its stamp, its languages


class NotRecognised(Exception):
    """One picture could not be read. The message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What one picture gave.

    Attributes:
        text: Paragraphs and lines as they stand there; empty when there is none.
        confidence: How sure tesseract is of it, from 0 to 100, the mean over its characters; None when it did not tell.
    """

    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Recogniser:
    """The program with the languages it is to use.

    Attributes:
        program: Absolute path.
        languages: As tesseract takes them: ``eng+deu``. All of them are installed.
        missing: Languages that were asked for and are not installed.
        turns: Whether it can find out how a page lies.
        limits: Seconds for a page, pages and dots, as a recipe tells them.
    """

    program: str
    languages: str
    missing: tuple[str, ...] = ()
    turns: bool = False
    limits: str = ""

    @property
    def shape(self) -> str:
        """What it adds to a recipe: a document is read anew when the languages or a limit of today are others."""
        return f"{SHAPE}{self.languages} ocr_limits={self.limits}"

    def recognise(
        self,
        picture: bytes,
        *,
        seconds: float,
        dpi: int | None = None,
        turned: bool = False,
        beat: Callable[[], None] | None = None,
    ) -> Recognised:
        """The text in a picture, and how sure it is.

        Args:
            picture: A whole picture file of a format that tesseract takes, or a PGM.
            seconds: Longest time, of the clock.
            dpi: Its resolution, when the picture does not tell.
            turned: Find out how the page lies, if possible.
            beat: Called every few seconds while it works.

        Raises:
            NotRecognised: It took too long, or tesseract could not make sense of the picture.
        """
        command = [self.program, "stdin", "stdout", "-l", self.languages]
        command += ["--psm", "1" if turned and self.turns else "3"]
        command += ["-c", "tessedit_create_tsv=1", "-c", "tessedit_create_txt=1"]  # both from the same work
        if dpi is not None:
            command += ["--dpi", str(dpi)]
        code, out, said = _run(command, picture, seconds, beat)
        if code:
            raise NotRecognised(_why(code, said, seconds))
        text, confidence = _apart(out.decode("utf-8", "replace"))
        return Recognised(_tidied(text), confidence)


def recogniser(options: ExtractOptions) -> Recogniser | None:
    """The program as it is installed now; None when it is switched off, missing, or knows no language."""
    program = find_program() if options.ocr else None
    if program is None:
        return None
    installed = installed_languages(program)
    wanted = tuple(dict.fromkeys(name for name in options.ocr_languages.split("+") if name))
    chosen = tuple(name for name in wanted if name in installed)
    missing = tuple(name for name in wanted if name not in installed)
    if not chosen:
        chosen = _instead(installed)
    if not chosen:
        return None
    return Recogniser(program, "+".join(chosen), missing, "osd" in installed, _limits(options))


def planned(shape: str, options: ExtractOptions) -> Recogniser | None:
    """The program with the languages that a document was planned with; None when it was planned without, or it is gone."""
    languages = languages_of(shape)
    program = find_program() if languages and options.ocr else None
    if languages is None or program is None:
        return None
    installed = installed_languages(program)
    if not set(languages.split("+")) <= set(installed):
        return None
    missing = tuple(name for name in options.ocr_languages.split("+") if name and name not in installed)
    return Recogniser(program, languages, missing, "osd" in installed, _limits(options))


def languages_of(shape: str) -> str | None:
    """The languages in a plan's shape; None when it was made without text recognition."""
    _, found, rest = f" {shape}".partition(f" {SHAPE}")  # that of a file that holds others tells of them first
    return rest.partition(" ")[0] if found else None


def find_program() -> str | None:
    """Where tesseract is: on the search path, or where its installers put it. Never in the current folder."""
    for folder in [*os.environ.get("PATH", "").split(os.pathsep), *_usual_places()]:
        if os.path.isabs(folder):
            found = os.path.join(folder, PROGRAM)
            if os.path.isfile(found) and os.access(found, os.X_OK):
                return found
    return None


def installed_languages(program: str) -> tuple[str, ...]:
    """What it has data for, in alphabetical order. Asked once, and again when the program or its data folder changed."""
    known = _known.get(program)
    if known is not None and known[0] == _stamp(program, known[0]):
        return known[1]
    try:
        _, out, said = _run([program, "--list-langs"], b"", _LIST_SECONDS)
    except NotRecognised:
        return ()
    lines = (out + b"\n" + said).decode("utf-8", "replace").splitlines()  # version 3 tells it with its errors
    folder = next((found[1] for line in lines if (found := re.search(r'languages in "([^"]+)"', line))), None)
    names = tuple(sorted({line.strip() for line in lines if re.fullmatch(r"[A-Za-z0-9_]+", line.strip())}))
    if names:
        _known[program] = (_stamp_of(program, folder), names)
    return names


def how_to_get() -> str:
    """How a person gets tesseract on this system."""
    match sys.platform:
        case "win32":
            return "its installer is at github.com/UB-Mannheim/tesseract/wiki"
        case "darwin":
            return "with Homebrew: brew install tesseract"
        case _:
            return "the package is called tesseract-ocr or tesseract"


def _limits(options: ExtractOptions) -> str:
    return f"{options.ocr_page_seconds:g},{options.ocr_max_pages},{options.ocr_max_pixels}"


def _instead(installed: tuple[str, ...]) -> tuple[str, ...]:
    """The language to use when none of the wanted ones is installed."""
    if "eng" in installed:
        return ("eng",)
    return tuple(name for name in installed if name not in _NO_TEXT_LANGUAGES)[:1]


def _usual_places() -> list[str]:
    """Folders that installers use without entering them in the search path of running programs."""
    if sys.platform == "win32":
        bases = [os.environ.get(name, "") for name in ("ProgramFiles", "ProgramW6432", "ProgramFiles(x86)")]
        local = os.environ.get("LOCALAPPDATA", "")
        bases += [os.path.join(local, "Programs"), local] if local else []
        return [os.path.join(base, "Tesseract-OCR") for base in bases if base]
    if sys.platform == "darwin":  # a program started from the Dock has a short search path
        return ["/opt/homebrew/bin", "/usr/local/bin", "/opt/local/bin"]
    return []


def _stamp(program: str, before: object) -> object:
    """The stamp of today, of the same folder."""
    return _stamp_of(program, before[1] if isinstance(before, tuple) else None)


def _stamp_of(program: str, folder: str | None) -> object:
    times: list[int] = []
    for path in (program, folder):
        with contextlib.suppress(OSError):
            times.append(os.stat(path).st_mtime_ns if path else 0)
    return (tuple(times), folder)


def _run(
    command: list[str], given: bytes, seconds: float, beat: Callable[[], None] | None = None
) -> tuple[int, bytes, bytes]:
    """Run the program: its exit code, and what it wrote to both outputs.

    Raises:
        NotRecognised: It could not be started, or took too long.
    """
    flags = 0
    before: Callable[[], None] | None = None
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
    else:
        before = _end_with_us(seconds)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside our other thread, which only sleeps
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
                creationflags=flags,
                start_new_session=sys.platform != "win32",
                preexec_fn=before,
            )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotRecognised(f"tesseract cannot be started ({error}).") from error
    try:
        out, said = _said(process, given, seconds, beat)
    except subprocess.TimeoutExpired as error:
        _end(process)
        raise NotRecognised(_too_long(seconds)) from error
    except BaseException:  # the limit of the file that is read, for one
        _end(process)
        raise
    return process.returncode, out, said


def _said(
    process: "subprocess.Popen[bytes]", given: bytes, seconds: float, beat: Callable[[], None] | None
) -> tuple[bytes, bytes]:
    """What the program writes until it ends.

    Raises:
        TimeoutExpired: It takes too long.
    """
    deadline = time.monotonic() + seconds
    # ``communicate`` loses what it has not yet handed over when it is interrupted, so that is done beside it
    feeder = threading.Thread(target=_feed, args=(process.stdin, given), name="picture", daemon=True)
    process.stdin = None
    feeder.start()
    try:
        while True:
            try:
                return process.communicate(timeout=max(0.0, min(_BEAT_SECONDS, deadline - time.monotonic())))
            except subprocess.TimeoutExpired:
                if time.monotonic() >= deadline:
                    raise
                if beat is not None:
                    beat()
    finally:
        if process.poll() is None:
            _end(process)
        feeder.join()


def _feed(pipe: IO[bytes], given: bytes) -> None:
    """Hand a picture over; the program may end before it has taken all."""
    with contextlib.suppress(OSError, ValueError):
        pipe.write(given)
    with contextlib.suppress(OSError):
        pipe.close()


def _end_with_us(seconds: float) -> Callable[[], None] | None:
    """What the new process does before it becomes tesseract: take its own limit, and not outlive us."""
    if sys.platform == "win32":
        return None
    import resource

    most = int(seconds) + 2
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    us = os.getpid()

    def before() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
        if library is not None:
            library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != us:  # we were ended before it was asked for
                os._exit(1)

    return before


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End it with all that it started, and let go of its pipes."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _environment() -> dict[str, str]:
    """One thread, always the same language of its messages, and its own libraries instead of ours."""
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1", "LC_ALL": "C"}
    if getattr(sys, "frozen", False):  # the bundle's libraries are not for other programs
        for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
            environment.pop(name, None)
            if original := environment.get(f"{name}_ORIG"):
                environment[name] = original
    return environment


def _too_long(seconds: float) -> str:
    return f"Recognising its text took longer than {seconds:g} seconds (INGESTION_OCR_PAGE_SECONDS)."


def _why(code: int, said: bytes, seconds: float) -> str:
    if code < 0:
        if -code == _OUT_OF_TIME:
            return _too_long(seconds)
        return f"tesseract broke off while it read the picture (signal {-code})."
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    detail = f" ({lines[-1][:200].rstrip('.')})" if lines else ""
    return f"tesseract could not make sense of the picture{detail}."


def _apart(out: str) -> tuple[str, float | None]:
    """The text, and the mean confidence by the table of words, which comes before or behind it."""
    lines: list[str] = []
    total, chars = 0.0, 0
    for line in out.replace("\r\n", "\n").split("\n"):
        row = _TABLE_ROW.fullmatch(line)
        if row is None:
            if not line.startswith(_TABLE_HEAD):
                lines.append(line)
        elif row[1] == "5" and (length := len(row[3].strip())):
            total, chars = total + max(0.0, float(row[2])) * length, chars + length
    return "\n".join(lines), total / chars if chars else None


def _tidied(text: str) -> str:
    """Without the marks between pages and what it makes of specks: lines with nothing like a word at either end."""
    text = text.replace("\f", "\n").replace("\0", "")
    if not _WORD.search(text):
        return ""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip("\n") + "\n"
