"""``--password-file``: what it opens, what it says, and that nothing of it is left."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from application.test_passwords import RIGHT, WRONG, locked_pdf, spellings

from cli.door import Door

pytestmark = pytest.mark.usefixtures("quick")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    path = tmp_path / "locked.pdf"
    locked_pdf(path, RIGHT)
    return path


@pytest.fixture
def passwords(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, mode: int = 0o600) -> Path:
        path = tmp_path / "passwords.txt"
        path.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
        path.chmod(mode)
        return path

    return write


def run(data: Path, arguments: Sequence[str], given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    settings = {"INGESTION_LOG_LEVEL": "DEBUG", "INGESTION_WORKERS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "ingest_desktop.cli", "--data-dir", str(data), "--verbose", *arguments],
        input=given,
        env={**os.environ, **settings},
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_a_locked_file_is_read_with_its_password_and_not_without(
    door: Door, locked: Path, passwords: Callable[..., Path]
) -> None:
    (job,) = door.json("add", str(locked), "--wait", code=3)
    assert (job["status"], job["error_code"]) == ("failed", "source_encrypted")
    assert door("retry", job["id"], "--password-file", str(passwords(WRONG))) == 3
    assert "does not open it" in door.out and door.err.count("others may read") == 0
    (again,) = door.json("retry", job["id"], "--password-file", str(passwords(WRONG, RIGHT)))
    assert again["status"] == "completed"
    assert door.json("search", "harbour")


def test_run_takes_passwords_for_what_waits(door: Door, locked: Path, passwords: Callable[..., Path]) -> None:
    assert door("add", str(locked)) == 0
    assert door("run", "--password-file", str(passwords(RIGHT))) == 0
    assert "1 completed" in door.out


def test_add_with_passwords_waits_because_they_are_not_kept(
    door: Door, locked: Path, passwords: Callable[..., Path]
) -> None:
    assert door("add", str(locked), "--password-file", str(passwords(RIGHT))) == 0
    assert [job["status"] for job in door.json("jobs")] == ["completed"]


def test_passwords_come_from_the_input_and_leave_nothing_behind(tmp_path: Path, locked: Path) -> None:
    """Also not in a log of everything, in the text of errors, or on the screen."""
    data = tmp_path / "data"
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(locked.read_bytes()[:700])
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("a.txt", "words")
    files = [str(locked), str(broken), str(tmp_path / "some.zip")]
    done = run(data, ["add", *files, "--password-file", "-"], f"{WRONG}\n{RIGHT}\n".encode())
    assert done.returncode == 3, done.stderr  # the broken one
    assert run(data, ["search", "harbour"]).stdout.count(b"locked.pdf") == 1
    shown = [done.stdout + done.stderr] + [file.read_bytes() for file in data.rglob("*") if file.is_file()]
    assert any(b"job failed" in text for text in shown)  # the log is there
    for word in spellings(RIGHT) + spellings(WRONG):
        assert not any(word in text for text in shown), word


def test_a_file_that_others_may_read_is_told_of(door: Door, locked: Path, passwords: Callable[..., Path]) -> None:
    path = passwords(RIGHT, mode=0o644)
    assert door("add", str(locked), "--password-file", str(path)) == 0
    assert ("others may read" in door.err and "chmod 600" in door.err) is (os.name == "posix")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no password"),
        (b"\n\r\n", "no password"),
        (b"secret\xff\xfe", "not UTF-8"),
        (b"x" * (1024 * 1024 + 1), "larger than"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_list_of_passwords_is_refused_before_anything_is_done(
    door: Door, locked: Path, tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "bad.txt"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    assert door("add", str(locked), "--password-file", str(path)) == 2
    assert says in door.err and "secret" not in door.err
    assert door.json("jobs") == []
