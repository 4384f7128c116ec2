"""What the packages say of the program is one and the same, and their scripts at least parse."""

import configparser
import plistlib
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ingest_desktop import __version__

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
METAINFO = PACKAGING / "linux" / "org.ingestdesktop.IngestDesktop.metainfo.xml"


def test_versions_agree() -> None:
    info = plistlib.loads((PACKAGING / "macos" / "Info.plist").read_bytes())
    newest = ET.parse(METAINFO).getroot().find("./releases/release")
    assert newest is not None
    assert {newest.get("version"), info["CFBundleShortVersionString"], info["CFBundleVersion"]} == {__version__}


def test_names_agree() -> None:
    info = plistlib.loads((PACKAGING / "macos" / "Info.plist").read_bytes())
    root = ET.parse(METAINFO).getroot()
    desktop = configparser.ConfigParser(interpolation=None)
    desktop.optionxform = str  # type: ignore[assignment,method-assign]
    desktop.read(PACKAGING / "linux" / "ingest-desktop.desktop", "utf-8")
    entry = desktop["Desktop Entry"]
    assert root.findtext("id") == info["CFBundleIdentifier"] == METAINFO.name.removesuffix(".metainfo.xml")
    assert root.findtext("launchable") == "ingest-desktop.desktop"
    assert root.findtext("name") == entry["Name"] == info["CFBundleName"]
    assert entry["Exec"].split()[0] == entry["Icon"] == entry["StartupWMClass"] == info["CFBundleExecutable"]


@pytest.mark.parametrize("script", sorted(ROOT.glob("packaging/**/*.sh")), ids=lambda path: path.name)
def test_shell_scripts_parse(script: Path) -> None:
    subprocess.run(["sh", "-n", str(script)], check=True, timeout=30)


def test_the_spec_parses() -> None:
    spec = PACKAGING / "pyinstaller" / "ingest_desktop.spec"
    compile(spec.read_text("utf-8"), str(spec), "exec")


@pytest.mark.parametrize("system", ["windows", "macos"])
def test_what_was_never_run_says_so(system: str) -> None:
    assert re.search(r"not yet run", (PACKAGING / system / "README.md").read_text("utf-8"))
