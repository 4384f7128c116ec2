"""LibreOffice: where it is, and how it makes another document of one.

It runs headless with a profile of its own in a temporary folder, so that it meets no running one and no macro is ever
run, under a time limit, and is ended with all its children.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed, UnsupportedFormat
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.domain.wire import ExtractOptions

_PROGRAMS = ("soffice", "libreoffice", "soffice.com")
_USUAL = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.com",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.com",
    "/usr/lib/libreoffice/program/soffice",
    "/opt/libreoffice/program/soffice",
)
_MEMORY_BYTES = 4 * 1024**3  # of address space, where the system keeps such a limit; LibreOffice maps much
_PREFIX = "ingest-office-"
_STALE_SECONDS = 6 * 3600.0  # a folder as old as that was left behind: no conversion takes so long
# Waits for the end of its input, which is ours; then ends the office with its children and removes their folder.
_LEASH = 'read -r _; kill -9 "-$1" 2>/dev/null; sleep 1; rm -rf "$2" "$3"'
_COPY_BYTES = 1024 * 1024
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse">
<value>3</value></prop><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>0</value>
</prop></item>
</oor:items>
"""


def find_office() -> str | None:
    """The LibreOffice program, or None."""
    for name in _PROGRAMS:
        found = shutil.which(name)
        if found:
            return found
    return next((path for path in _USUAL if os.path.isfile(path)), None)


def convert(program: str, source: SourceFile, suffix: str, into: str, options: ExtractOptions) -> bytes:
    """What LibreOffice makes of a file.

    Args:
        program: As ``find_office`` found it.
        suffix: Of the file, without a dot, whatever its own name says.
        into: The suffix of what is to be made.

    Raises:
        UnsupportedFormat: LibreOffice cannot be started.
        SourceMalformed: LibreOffice cannot read the file.
        LimitExceeded: It takes too long, or too much comes out.
    """
    _sweep(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        original = Path(folder, f"document.{suffix}")
        with source.open() as stream, original.open("wb") as copy:
            shutil.copyfileobj(stream, copy, _COPY_BYTES)
        user = Path(folder, "profile", "user")
        user.mkdir(parents=True)
        user.joinpath("registrymodifications.xcu").write_text(_SETTINGS, "utf-8")
        _run(
            [
                program,
                f"-env:UserInstallation={_profile(folder)}",
                "--headless",
                "--norestore",
                "--nolockcheck",
                "--nodefault",
                "--nologo",
                "--convert-to",
                into,
                "--outdir",
                str(Path(folder, "out")),
                str(original),
            ],
            folder,
            options.office_seconds,
        )
        return _result(Path(folder, "out", f"document.{into}"), options)


def _result(made: Path, options: ExtractOptions) -> bytes:
    try:
        size = made.stat().st_size
        if size > options.max_expanded_bytes:
            raise LimitExceeded(f"LibreOffice made {size:,} bytes of it (INGESTION_MAX_EXPANDED_BYTES).")
        return made.read_bytes()
    except FileNotFoundError as error:
        raise SourceMalformed("LibreOffice could not read the document: it may be damaged.") from error


def _run(command: list[str], folder: str, seconds: float) -> None:
    """Run a program to its end, or end it with its children when its time is over.

    Raises:
        LimitExceeded: It took too long.
        UnsupportedFormat: It cannot be started.
    """
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    environment = {**os.environ, "HOME": folder, "TMPDIR": folder, "SAL_USE_VCLPLUGIN": "svp"}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            start_new_session=sys.platform != "win32",
            creationflags=flags,
        )
    except OSError as error:
        raise UnsupportedFormat(
            f"LibreOffice could not be started ({error.strerror}), and only it reads such files."
        ) from error
    _give_room(process.pid)
    leash = _leash(process.pid, folder)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise LimitExceeded(f"LibreOffice took more than {seconds:g} seconds (INGESTION_OFFICE_SECONDS).") from error
    finally:
        _end(process)
        if leash is not None:
            leash.kill()
            leash.communicate()
        with contextlib.suppress(OSError):
            os.unlink(_pipe(folder))


def _leash(pid: int, folder: str) -> "subprocess.Popen[bytes] | None":
    """What ends the office should this process be killed; None where there is no shell for it."""
    if sys.platform == "win32":
        return None
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", _LEASH, "leash", str(pid), folder, _pipe(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None


def _profile(folder: str) -> str:
    return Path(folder, "profile").as_uri()


def _pipe(folder: str) -> str:
    """Where an office with this folder listens for others of its profile; one that is killed leaves it behind."""
    user = os.getuid() if sys.platform != "win32" else 0
    digest = hashlib.md5(_profile(folder).encode("utf-16-le"), usedforsecurity=False).digest()
    return f"/tmp/OSL_PIPE_{user}_SingleOfficeIPC_{''.join(f'{byte:x}' for byte in digest)}"


def _sweep(folder: str) -> None:
    """Remove what a loss of power, or a kill on Windows, left behind."""
    before = time.time() - _STALE_SECONDS
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if (
                    entry.name.startswith(_PREFIX)
                    and entry.is_dir(follow_symlinks=False)
                    and entry.stat(follow_symlinks=False).st_mtime < before
                ):
                    shutil.rmtree(entry.path, ignore_errors=True)


def _give_room(pid: int) -> None:
    """LibreOffice maps more memory than a reading process may have."""
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.prlimit(pid, resource.RLIMIT_AS)
            soft = _MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(_MEMORY_BYTES, hard)
            resource.prlimit(pid, resource.RLIMIT_AS, (soft, hard))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program and what it started, whatever their state."""
    if sys.platform == "win32":
        if process.poll() is None:
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(process.pid)],
                capture_output=True,
                check=False,
                creationflags=subprocess.CREATE_NO_WINDOW,
            )
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
