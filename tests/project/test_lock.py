"""The lock files hold hashes for every machine and name no address."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-build.lock")
PIN = re.compile(r"^([a-z0-9._-]+)==([^\s;]+)(?: ; (?P<marker>[^\\]+?))? \\$", re.IGNORECASE)


def blocks_of(name: str) -> dict[str, list[str]]:
    """The lines after each pinned package, by its normalised name."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (ROOT / name).read_text("utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            match = PIN.match(line)
            assert match, f"{name} holds a line that is no exact pin: {line!r}"
            current = found.setdefault(normal(match[1]), [])
        elif line.strip().startswith("--hash="):
            current.append(line.strip())
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(extra: str) -> set[str]:
    with open(ROOT / "pyproject.toml", "rb") as stream:
        project = tomllib.load(stream)["project"]
    names = [*project["dependencies"], *project["optional-dependencies"][extra]]
    return {normal(re.split(r"[<>=!~ ;\[]", name)[0]) for name in names}


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_no_host_and_no_path(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"--(?:extra-)?index-url|--find-links|--trusted-host|@ file", text)
    assert not re.search(r"(?:^|\s)/\w+/", text)


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_hashed(name: str) -> None:
    for package, lines in blocks_of(name).items():
        hashes = [line for line in lines if re.match(r"--hash=sha256:[0-9a-f]{64}\b", line)]
        assert hashes, f"{package} in {name} has no hash"


@pytest.mark.parametrize(("name", "extra"), [("requirements.lock", "dev"), ("requirements-build.lock", "build")])
def test_lock_holds_all_that_the_project_asks_for(name: str, extra: str) -> None:
    assert wanted(extra) <= set(blocks_of(name))


def test_both_locks_agree_on_versions() -> None:
    pins = [dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / name).read_text("utf-8"), re.M)) for name in LOCKS]
    assert {n: (v, pins[1][n]) for n, v in pins[0].items() if n in pins[1] and pins[1][n] != v} == {}


def test_compiled_packages_are_locked_for_every_system() -> None:
    """A lock made of this machine's wheels alone would hold one hash or two for each of these."""
    blocks = blocks_of("requirements.lock")
    assert len(blocks["pyside6-essentials"]) >= 4, "Linux x86_64 and aarch64, macOS, Windows"
    for package in ("pydantic-core", "selectolax", "sqlalchemy"):
        assert len(blocks[package]) >= 24, package
