"""A filled store, made once, and a copy of it for each test that breaks something."""

from pathlib import Path

import pytest

from damage.filled import copy_of, fill


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("filled"))


@pytest.fixture
def data(filled: Path, tmp_path: Path) -> Path:
    return copy_of(filled, tmp_path)
