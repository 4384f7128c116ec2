"""SIGKILL while an older store is brought up to date."""

import random
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from faults.fault import Verdict
from faults.judge import judge
from faults.kills import INFRASTRUCTURE, Ground, PointKill, ground_below
from faults.program import Program, run_to_end
from ingest_desktop.infrastructure.content_schema import MIGRATIONS
from ingest_desktop.infrastructure.database import open_engine, open_read_only
from ingest_desktop.infrastructure.ledger_schema import LEDGER_MIGRATIONS
from ingest_desktop.infrastructure.migrations import Migration, migrate

OLD_LEDGER, OLD_CONTENT = 2, 1  # the newest migrations that the older store has seen

UPGRADE_POINTS = {
    "during migration, inside a step": (f"{INFRASTRUCTURE}.migrations:_apply:inside", 5),
    "during migration, between two steps": (f"{INFRASTRUCTURE}.migrations:_apply:after", 5),
    "during migration, after the copy before it": (f"{INFRASTRUCTURE}.migrations:copy_database:after", 2),
}


def make_older(store: Path, target: Path) -> None:
    """The same rows in the tables of an earlier version of the program."""
    target.mkdir(parents=True)
    _downgrade(store / "ledger.db", target / "ledger.db", LEDGER_MIGRATIONS[:OLD_LEDGER], "job_names")
    for file in store.glob("knowledge_bases/*/kb.db"):
        _downgrade(file, target / file.relative_to(store), MIGRATIONS[:OLD_CONTENT], "chunks_fts")


def _downgrade(file: Path, target: Path, migrations: Sequence[Migration], full_text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    engine = open_engine(target, synchronous="FULL")
    migrate(engine, target, migrations, target.parent)
    engine.dispose()
    with closing(sqlite3.connect(target, isolation_level=None)) as old:
        old.execute("ATTACH ? AS new", (str(file),))
        old.execute("BEGIN")
        tables = [
            name
            for (name,) in old.execute(
                "SELECT name FROM main.sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'"
            )
            if not name.startswith(("sqlite_", full_text, "schema_migrations", "chunks_terms"))
        ]
        for name in tables:
            old.execute(f"DELETE FROM main.{name}")
        for name in sorted(tables, key=lambda name: name == "counters"):  # triggers make counters of what comes before
            old.execute(f"DELETE FROM main.{name}")
            columns = ", ".join(_columns(old, "main", name) & _columns(old, "new", name))
            old.execute(f"INSERT INTO main.{name} ({columns}) SELECT {columns} FROM new.{name}")
        old.execute(f"INSERT INTO main.{full_text} ({full_text}) VALUES ('rebuild')")
        old.execute("COMMIT")


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}


class UpgradeKill(PointKill):
    """The store of an older program is opened, and something added to it, by one that is killed meanwhile."""

    least_kills, most_kills = 1, 3

    def prepare(self, work: Path, seed: int) -> None:
        self._ground: Ground = ground_below(work, seed)
        self._older = work / "older" / "data"
        shutil.rmtree(self._older.parent, ignore_errors=True)
        make_older(self._ground.store, self._older)

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        data, kills = work / "data", 0
        shutil.copytree(self._older, data)
        for _ in range(draw.randint(self.least_kills, self.most_kills)):
            program = Program.start(data, "run", point=self.point(draw))
            kills += self.strike(program, draw, [])
        last = run_to_end(data, "add", "--wait", str(self._ground.files))
        verdict = judge(data, self._ground.calm)
        verdict.hits = kills
        if (seconds := last.resumed_seconds()) is not None:
            verdict.recovery_seconds.append(seconds)
        verdict.wrong += _damaged_copies(data)
        return verdict


def _damaged_copies(data: Path) -> list[str]:
    """Copies made before a migration have to be whole, and there."""
    wrong = []
    copies = sorted((data / "backups").rglob("*-before-v*.db"))
    if len(copies) < 2:
        wrong.append(f"{len(copies)} copies were made before the migrations")
    for copy in copies:
        with closing(open_read_only(copy)) as connection:
            if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
                wrong.append(f"the copy {copy.name} is damaged")
    return wrong


FAULTS = tuple(UpgradeKill(name, where, latest) for name, (where, latest) in UPGRADE_POINTS.items())
