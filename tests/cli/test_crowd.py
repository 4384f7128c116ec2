"""Twenty programs on one store at once."""

import json
import os
import subprocess
import sys
from pathlib import Path

from application.kit import all_jobs, assert_clean, completions, exported, real_app, write_files

from ingest_desktop.domain.enums import JobStatus

ROOT = Path(__file__).parents[2]


def start(data: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    settings = {"INGESTION_WORKERS": "1", "INGESTION_BATCH_SIZE": "2", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "ingest_desktop.cli", "--data-dir", str(data), *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env={**os.environ, **settings}, stdout=pipe, stderr=pipe)


def test_twenty_programs_on_one_store_lose_and_double_nothing(tmp_path: Path) -> None:
    data, docs = tmp_path / "data", tmp_path / "docs"
    for number in range(10):
        write_files(docs / str(number), {f"{n}.txt": f"words of {number} and {n}" for n in range(4)})
    folders = [str(docs / str(number)) for number in range(10)]
    # Some folders are added by two of them; some of them wait; the last ones only work.
    programs = [
        start(data, "add", folder, *(["--wait", "--json"] if n % 3 == 1 else [])) for n, folder in enumerate(folders)
    ]
    programs += [start(data, "add", folder) for folder in folders[:7]]
    programs += [start(data, "run", "--json") for _ in range(3)]
    for program in programs:
        shown, errors = program.communicate(timeout=120)
        assert program.returncode == 0, errors.decode()
        if shown.startswith(b"{"):
            assert all(json.loads(line) for line in shown.splitlines())
    last = start(data, "run")
    assert last.communicate(timeout=60) and last.returncode == 0
    app = real_app(data)
    try:
        jobs = all_jobs(app)
        assert {job.status for job in jobs} == {JobStatus.COMPLETED}
        assert {job.source_path for job in jobs} == {str(path) for path in docs.rglob("*.txt")}
        read = [job for job in jobs if job.outcome and job.outcome.value == "ingested"]
        assert len(read) == 40 and set(completions(app, jobs).values()) == {1}
        assert sorted(row[4] for row in exported(app)) == sorted(
            f"words of {number} and {n}" for number in range(10) for n in range(4)
        )
        assert app.repository.workers() == []
        assert_clean(app)
    finally:
        app.close()
