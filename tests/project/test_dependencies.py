"""docs/dependencies.md knows every locked package, and nothing that is shipped is under a strong copyleft."""

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
LOCKED = re.findall(r"^([A-Za-z0-9._-]+)==\S+(?! ;)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
QT = {"pyside6-essentials", "shiboken6"}  # LGPL, as shared libraries


def shipped() -> list[str]:
    """The packages of the program itself: those of the first table of the page."""
    table = PAGE.split("## At run time")[1].split("\n## ")[0]
    words = set(re.findall(r"[a-z0-9_-]+", table.lower()))
    return [name for name in LOCKED if {name.lower(), name.lower().replace("-", "_")} & words]


def normal(text: str) -> str:
    return re.sub(r"[-_]+", "-", text).lower()


@pytest.mark.parametrize("name", sorted(set(LOCKED)))
def test_the_page_names_it(name: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(normal(name))}(?![\w])", normal(PAGE)), name


def test_what_is_shipped_is_permissive() -> None:
    names = [name for name in shipped() if normal(name) not in QT]
    assert len(names) >= 12
    bad = {}
    for name in names:
        data = distribution(name).metadata
        terms = [data.get("License-Expression") or data.get("License") or "", *data.get_all("Classifier", [])]
        if any(re.search(r"GPL|General Public License|SSPL|Proprietary|Mozilla", term) for term in terms):
            bad[name] = terms
    assert bad == {}
