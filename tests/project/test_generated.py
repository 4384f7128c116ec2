"""What is generated and committed is current: pages of docs/, sample documents."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.enums import TRANSITIONS

ROOT = Path(__file__).parents[2]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["make_configuration", "make_states", "make_setting_texts"])
def test_page_is_current(name: str) -> None:
    maker = script(name)
    assert maker.PAGE.read_text("utf-8") == maker.page(), "run: make docs"


def test_configuration_names_every_setting() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert [name for name in Settings.model_fields if f"`INGESTION_{name.upper()}`" not in text] == []


def test_diagram_has_every_arrow_once() -> None:
    text = (ROOT / "docs" / "states.md").read_text("utf-8")
    for (source, event), target in TRANSITIONS.items():
        assert text.count(f"    {source.value} --> {target.value}: {event.value}\n") == 1


def test_samples_are_current() -> None:
    folder = ROOT / "resources" / "samples"
    for name, data in script("make_samples").samples().items():
        assert (folder / name).read_bytes() == data, f"{name}: run make samples"


def test_samples_are_a_dozen_small_documents_of_every_format() -> None:
    files = [path for path in (ROOT / "resources" / "samples").iterdir() if path.is_file()]
    assert len(files) >= 12
    assert sum(path.stat().st_size for path in files) < 200_000
    assert {path.suffix for path in files} >= {".pdf", ".docx", ".html", ".md", ".txt", ".py", ".c"}
