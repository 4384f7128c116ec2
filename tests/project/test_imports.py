"""Imports run downward: ui → workers → application → domain ← infrastructure, extraction.

Read from the source with ``ast``, so that imports inside functions and under ``TYPE_CHECKING`` count too.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ingest_desktop"

LEAVES = {"config", "observability"}
MAY_IMPORT = {
    "domain": {"domain"},
    "application": {"application", "domain", "config"},
    "extraction": {"extraction", "domain"},
    "infrastructure": {"infrastructure", "domain"},
    "workers": {"workers", "application", "domain", *LEAVES},
    "ui": {"ui", "workers", "application", "domain", *LEAVES},
    "config": {"config", "domain"},
    "observability": {"observability", "domain"},
}
DOORS_MAY_IMPORT = {*MAY_IMPORT, "door"}

QT = {"PySide6", "shiboken6"}
SQL = {"sqlalchemy", "sqlite3"}
MODELS = {"pydantic", "pydantic_settings", "pydantic_core"}


class Import(NamedTuple):
    """One import statement: where it stands and what it names."""

    file: str  # relative to the package, with slashes
    line: int
    module: str

    @property
    def room(self) -> str:
        return room_of(self.file.removesuffix(".py").split("/"))

    @property
    def top(self) -> str:
        return self.module.split(".")[0]

    @property
    def target_room(self) -> str | None:
        """The room of ours that is imported; None for everything else."""
        parts = self.module.split(".")
        return room_of(parts[1:]) if parts[0] == "ingest_desktop" and len(parts) > 1 else None

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def room_of(parts: list[str]) -> str:
    """The room of a path inside the package; modules beside the rooms are doors."""
    return parts[0] if parts[0] in MAY_IMPORT else "door"


def imports_of(source: str, file: str) -> Iterator[Import]:
    """Every import of a module. ``from a import b`` counts as ``a.b``: ``b`` may be a module."""
    for node in ast.walk(ast.parse(source, file)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(file, node.lineno, name.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                here = ["ingest_desktop", *file.split("/")[:-1]]
                base = ".".join([*here[: len(here) - node.level + 1], *([node.module] if node.module else [])])
            for name in node.names:
                yield Import(file, node.lineno, f"{base}.{name.name}")


def all_imports() -> list[Import]:
    return [
        found
        for path in sorted(PACKAGE.rglob("*.py"))
        for found in imports_of(path.read_text("utf-8"), path.relative_to(PACKAGE).as_posix())
    ]


def wrong_direction(found: Import) -> bool:
    target = found.target_room
    if target is None:  # "from ingest_desktop import __version__" has room "door" and is looked at here
        return False
    if target == "door":
        return found.room != "door" and found.module != "ingest_desktop.__version__"
    return target not in MAY_IMPORT.get(found.room, DOORS_MAY_IMPORT)


def qt_allowed(found: Import) -> bool:
    folder, _, name = found.file.rpartition("/")
    if folder == "workers":
        return name in {"bridge.py", "service_thread.py"} or name.startswith("qt_")
    return found.room == "ui" or found.file == "__main__.py"


def test_imports_run_downward() -> None:
    assert [str(found) for found in all_imports() if wrong_direction(found)] == []


def test_qt_stays_in_the_window_and_the_bridge() -> None:
    assert [str(found) for found in all_imports() if found.top in QT and not qt_allowed(found)] == []


def test_sql_stays_in_the_infrastructure() -> None:
    assert [str(found) for found in all_imports() if found.top in SQL and found.room != "infrastructure"] == []


def test_extraction_needs_no_models() -> None:
    assert [str(f) for f in all_imports() if f.room == "extraction" and f.top in QT | SQL | MODELS] == []


def test_the_command_line_knows_no_window() -> None:
    doors = [f for f in all_imports() if f.room == "door" and f.file != "__main__.py"]
    assert [str(f) for f in doors if f.target_room == "ui" or f.top in QT] == []


@pytest.mark.parametrize(
    ("file", "source", "wrong"),
    [
        ("domain/x.py", "import ingest_desktop.infrastructure.database", True),
        ("application/x.py", "from ingest_desktop.workers import bridge", True),
        ("application/x.py", "from ingest_desktop import ui", True),
        ("infrastructure/x.py", "from ..application import service", True),
        ("infrastructure/x.py", "from . import database", False),
        ("extraction/readers/x.py", "from ...observability.logs import work_context", True),
        ("extraction/x.py", "def f():\n    from ingest_desktop.infrastructure import locks", True),
        ("ui/x.py", "import ingest_desktop.bootstrap", True),
        ("ui/x.py", "from ingest_desktop import __version__", False),
        ("ui/x.py", "from ingest_desktop.infrastructure.search import Search", True),
        ("workers/x.py", "from ingest_desktop.application.lifecycle import Lifecycle", False),
        ("bootstrap.py", "from ingest_desktop.infrastructure.search import Search", False),
    ],
)
def test_the_walk_sees_what_it_should(file: str, source: str, wrong: bool) -> None:
    assert [wrong_direction(found) for found in imports_of(source, file)] == [wrong]


def modules_after(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after running some code."""
    code += "\nimport sys; print('MODULES', *{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split("MODULES", 1)[1].split())


def test_a_reading_child_loads_neither_qt_nor_sql_nor_models() -> None:
    """What is imported by what we import counts here as well: it costs each child time and memory."""
    files = sorted((PACKAGE / "extraction").rglob("*.py"))
    names = [".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for f in files]
    code = "\n".join(f"import {name}" for name in names if not name.endswith("__main__"))
    assert modules_after(code) & (QT | SQL | MODELS) == set()


def test_the_command_line_loads_no_qt(tmp_path: Path) -> None:
    code = f"""
from ingest_desktop.cli import main
try:
    main(["--data-dir", {str(tmp_path / "store")!r}, "stats", "--json"])
except SystemExit as ended:
    assert ended.code in (0, None), ended.code
"""
    assert modules_after(code) & QT == set()
