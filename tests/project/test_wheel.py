"""``pip install .`` gives both commands and the resources."""

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ingest_desktop import __version__

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--disable-pip-version-check", "--wheel-dir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_it_carries_both_commands(wheel: zipfile.ZipFile) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(wheel.read(f"ingest_desktop-{__version__}.dist-info/entry_points.txt").decode())
    assert dict(parser["console_scripts"]) == {"ingest": "ingest_desktop.cli:main"}
    assert dict(parser["gui_scripts"]) == {"ingest-desktop": "ingest_desktop.__main__:main"}


def test_it_carries_the_resources(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    files = [path for path in (ROOT / "resources").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert files
    assert [p for p in files if f"ingest_desktop/{p.relative_to(ROOT).as_posix()}" not in names] == []


def test_it_carries_the_licence_and_no_tests(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert f"ingest_desktop-{__version__}.dist-info/licenses/LICENSE" in names
    assert {name.split("/")[0] for name in names} == {"ingest_desktop", f"ingest_desktop-{__version__}.dist-info"}
