"""What surrounds a command: which store is meant, which settings hold, odd names, a reader of its output that has had enough."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from application.kit import write_files

from cli.door import ROOT, Door
from ingest_desktop.cli import main
from ingest_desktop.cli_output import size_text
from ingest_desktop.config.settings import load_settings
from ingest_desktop.config.settings_checks import save_changes
from ingest_desktop.domain.errors import InvalidRequestError


@pytest.mark.parametrize(
    "form",
    [
        ["--data-dir", "{d}", "kb", "list"],
        ["kb", "--data-dir", "{d}", "list"],
        ["kb", "list", "--data-dir", "{d}"],
        ["jobs", "--data-dir={d}"],
        ["--data-dir", "/nowhere/else", "jobs", "--data-dir", "{d}"],
    ],
)
def test_the_store_is_named_before_or_after_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: list[str]
) -> None:
    data = tmp_path / "named"
    assert main([part.format(d=data) for part in form]) == 0
    assert (data / "ledger.db").exists()


def test_the_store_is_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INGESTION_DATA_ROOT", str(tmp_path / "env"))
    assert main(["jobs"]) == 0
    assert (tmp_path / "env" / "ledger.db").exists()
    assert main(["--data-dir", str(tmp_path / "option"), "jobs"]) == 0
    assert (tmp_path / "option" / "ledger.db").exists()


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings(tmp_path).chunk_chars == 900
    save_changes(load_settings(tmp_path), {"chunk_chars": 500})
    assert load_settings(tmp_path).chunk_chars == 500
    monkeypatch.setenv("INGESTION_CHUNK_CHARS", "700")
    assert load_settings(tmp_path).chunk_chars == 700
    monkeypatch.setenv("INGESTION_CHUNK_CHARS", "")
    assert load_settings(tmp_path).chunk_chars == 500


def test_a_bad_value_is_named(door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INGESTION_CHUNK_CHARS", "many")
    assert door("jobs") == 2
    assert "INGESTION_CHUNK_CHARS" in door.err and "'many'" in door.err
    monkeypatch.delenv("INGESTION_CHUNK_CHARS")
    with pytest.raises(InvalidRequestError, match="chunk_chars"):
        save_changes(load_settings(tmp_path), {"chunk_chars": 1})
    assert not (tmp_path / "settings.json").exists()
    door.data.mkdir(exist_ok=True)
    (door.data / "settings.json").write_text("{ this is none")
    assert door("jobs") == 2 and "settings.json" in door.err


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not have")
def test_names_with_line_breaks_and_escape_sequences_do_no_harm(door: Door, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "odd")
    os.mkdir(folder)
    for name in (b"a\nb.txt", b"\x1b[31mred.txt", b"caf\xe9.txt", "\u202egnp.txt".encode()):
        with open(os.path.join(folder, name), "w") as stream:
            stream.write(f"needle {name!r}\x1b[2J")
    assert door("add", "--wait", str(tmp_path / "odd")) == 0, door.err
    for command in (["jobs"], ["search", "needle"], ["show", "1"], ["kb", "list"]):
        assert door(*command) == 0
        assert "\x1b" not in door.out and "\u202e" not in door.out
    assert len(door.json("search", "needle")) == 4
    paths = {os.fsencode(job["source_path"]) for job in door.json("jobs")}
    assert os.path.join(folder, b"caf\xe9.txt") in paths and os.path.join(folder, b"a\nb.txt") in paths
    assert door("export") == 0
    assert door("jobs") == 0 and len(door.out.splitlines()) == 5


def test_sizes() -> None:
    assert [size_text(size) for size in (0, 999, 1000, 2_500_000, 5 * 10**12)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "2.5 MB",
        "5.0 TB",
    ]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-m", "ingest_desktop.cli", "--data-dir", str(tmp_path / "data"), *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")
def test_a_reader_that_has_had_enough_is_no_error(
    door: Door, tmp_path: Path, spawn: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    write_files(tmp_path / "docs", {"long.txt": "\n\n".join(f"{n} " + "word " * 150 for n in range(600))})
    assert door("add", "--wait", str(tmp_path / "docs")) == 0
    process = spawn("export")
    assert process.stdout is not None and process.stderr is not None
    with closing(process.stdout):
        assert process.stdout.readline().startswith(b"{")
    errors = process.stderr.read()
    assert (process.wait(30), errors) == (0, b"")


def test_a_name_that_is_no_setting_is_told_once(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGESTION_CHUNK_CHAR", "500")
    assert door("check") == 0
    assert door.err.count("INGESTION_CHUNK_CHAR ") == 1
    assert "Did you mean INGESTION_CHUNK_CHARS?" in door.err
    assert "INGESTION_CHUNK_CHAR " in (door.data / "logs" / "ingest.log").read_text()
