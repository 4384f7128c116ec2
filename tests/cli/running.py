"""``ingest`` as a process beside a test, as the breaking machine starts it, and how far it has come."""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from faults.program import ROOT, command, environment

from ingest_desktop.infrastructure.database import open_read_only


def start(data: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """In a process group of its own, with the quick settings and those that the test put into the environment."""
    own = {name: value for name, value in os.environ.items() if name.startswith("INGESTION_")}
    return subprocess.Popen(
        command(data, *arguments),
        cwd=ROOT,
        env=environment(**own),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def segments_stored(data: Path) -> int:
    """How far the work has come, seen from outside."""
    try:
        with closing(open_read_only(data / "knowledge_bases" / "library" / "kb.db")) as connection:
            return int(connection.execute("SELECT count(*) FROM segments").fetchone()[0])
    except sqlite3.Error:  # not made yet
        return 0
