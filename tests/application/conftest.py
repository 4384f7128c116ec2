"""Engines that are closed when a test is over."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from application.kit import AnyApp, FakeApp, Script, real_app
from ingest_desktop.bootstrap import App


@pytest.fixture
def opened() -> Iterator[list[AnyApp]]:
    apps: list[AnyApp] = []
    yield apps
    for app in apps:
        app.close()


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def make_fake(tmp_path: Path, script: Script, opened: list[AnyApp]) -> Callable[..., FakeApp]:
    def make(root: Path | None = None, **changes: Any) -> FakeApp:
        app = FakeApp(root or tmp_path / "data", script, **changes)
        opened.append(app)
        return app

    return make


@pytest.fixture
def fake(make_fake: Callable[..., FakeApp]) -> FakeApp:
    return make_fake()


@pytest.fixture
def make_real(tmp_path: Path, opened: list[AnyApp]) -> Callable[..., App]:
    def make(root: Path | None = None, **changes: Any) -> App:
        app = real_app(root or tmp_path / "data", **changes)
        opened.append(app)
        return app

    return make


@pytest.fixture
def real(make_real: Callable[..., App]) -> App:
    return make_real()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder
