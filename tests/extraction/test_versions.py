"""The table of versions and the readers that it is about."""

import subprocess
import sys

import pytest

from ingest_desktop.extraction import registry
from ingest_desktop.extraction.registry import Registry, reader_version, reader_versions
from ingest_desktop.extraction.versions import VERSIONS


@pytest.mark.parametrize("name", sorted(registry._BUILT_IN))
def test_each_reader_has_the_name_and_the_version_that_the_tables_tell(name: str) -> None:
    reader = Registry().named(name)
    assert (reader.name, reader.version) == (name, VERSIONS[name])
    assert reader_version(name) == VERSIONS[name]


def test_there_is_no_version_without_a_reader() -> None:
    assert set(VERSIONS) == set(registry._BUILT_IN)
    assert reader_version("klingon") is None


def test_asking_for_versions_imports_no_reader() -> None:
    asked = (
        "import sys; from ingest_desktop.extraction.registry import reader_version, reader_versions; "
        "reader_versions(); reader_version('pdf'); "
        "print([name for name in sys.modules if name.startswith('ingest_desktop.extraction.readers.')])"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
    assert set(VERSIONS.items()) <= set(reader_versions())
