"""The rules of .gitignore files, against git itself."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest_desktop.application.gitignore import Ground, Machine, rule_of, rules

GIT = shutil.which("git")


def is_ignored(found: Ground, path: str) -> bool:
    """As a walk finds out: folder by folder, and what stands in one that is ignored is not asked for."""
    parts = path.split("/")
    folders = ["/".join(parts[:count]) for count in range(1, len(parts))]
    return any(found.ignores(folder, is_folder=True) for folder in folders) or found.ignores(path, is_folder=False)


def ground(text: bytes) -> Ground:
    return Ground(((0, rules(text)),))


@pytest.mark.parametrize(
    ("text", "ignored", "kept"),
    [
        (b"*.log", ["a.log", "deep/er/b.log"], ["a.log.txt"]),
        (b"/top.txt", ["top.txt"], ["deep/top.txt"]),
        (b"build/", ["build/x", "a/build/x"], ["build", "a/build"]),
        (b"docs/*.pdf", ["docs/a.pdf"], ["docs/in/a.pdf", "a/docs/a.pdf"]),
        (b"**/cache", ["cache", "a/b/cache", "a/cache/x"], ["a/cached"]),
        (b"a/**", ["a/b", "a/b/c"], ["a", "b/a"]),
        (b"a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["az", "b/z"]),
        (b"*\n!keep.txt", ["a.txt"], ["keep.txt"]),
        (b"out/\n!out/keep.txt", ["out/keep.txt"], []),
        (b"# no\n\\#yes\n\\!yes", ["#yes", "!yes"], ["# no", "no"]),
        (b"name  \nkept\\ \n", ["name", "kept "], ["kept"]),
        (b"[a-c]x\n[!0-9]y", ["ax", "cx", "zy"], ["dx", "1y"]),
        (b"[[:digit:]]z", ["4z"], ["az"]),
        (b"\xef\xbb\xbffirst\r\nsecond\r\n", ["first", "second"], ["third"]),
        (b"[\nend\\\n/\n!\n", [], ["[", "end", "x"]),
    ],
)
def test_what_the_manual_says(text: bytes, ignored: list[str], kept: list[str]) -> None:
    found = ground(text)
    assert [path for path in ignored if not is_ignored(found, path)] == []
    assert [path for path in kept if is_ignored(found, path)] == []


NAMES = st.text("ab.-]^!x \\é", min_size=1, max_size=4).filter(lambda name: name.strip(". ") == name and name != ".git")
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12, unique=True)
PIECES = [
    "a",
    "b",
    "x",
    ".",
    "-",
    "*",
    "**",
    "/",
    "/**/",
    "?",
    "[ab]",
    "[!a]",
    "[^x]",
    "[a-x]",
    "[]-]",
    "[",
    "]",
    "\\",
    "!",
]
PIECES += [" ", "#", "é", "**/", "/**", "[[:alpha:]]", "[[:alpha", "[a\\]]", "*.", "\\a", "[!é]", "^"]
LINES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q")
    return folder


def git(folder: Path, *words: str, given: bytes = b"") -> bytes:
    assert GIT is not None
    quiet = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run([GIT, *words], cwd=folder, input=given, capture_output=True, env=quiet, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@pytest.mark.skipif(GIT is None or sys.platform == "win32", reason="git says what is right; names that Windows refuses")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, min_size=1, max_size=5), paths=PATHS)
@example(lines=["a**/b"], paths=["axx/y/b", "a/b", "ax/b"])
@example(lines=["a/**b"], paths=["a/b", "a/x/b", "a/xb"])
@example(lines=["*/b", "!a/b"], paths=["a/b", "x/b", "x/y/b"])
def test_the_same_as_git(repository: Path, lines: list[str], paths: list[str]) -> None:
    text = "\n".join(lines).encode()
    (repository / ".gitignore").write_bytes(text)
    asked = b"".join(path.encode() + b"\0" for path in paths)
    said = git(repository, "check-ignore", "--no-index", "-z", "--stdin", given=asked).split(b"\0")
    found = ground(text)
    assert [path for path in paths if is_ignored(found, path)] == [path for path in paths if path.encode() in said]


@given(LINES, PATHS)
def test_both_ways_of_matching_agree(line: str, paths: list[str]) -> None:
    from ingest_desktop.application import gitignore

    pattern = line.strip("/! ").encode()
    try:
        tokens = list(gitignore._tokens(pattern, paths=True))
    except gitignore.Hopeless:
        return
    machine = Machine(tokens)
    expression = re.compile(b"".join(map(gitignore._expression, tokens)), re.DOTALL)
    for path in paths:
        assert machine.matches(path.encode()) == (expression.fullmatch(path.encode()) is not None)


def test_a_hostile_pattern_takes_no_time() -> None:
    rule = rule_of(b"*a" * 300 + b"b")
    deep = rule_of(b"/**/a*" * 100)
    assert rule is not None
    assert deep is not None
    began = time.process_time()
    assert not rule.matches(b"a" * 255)
    assert not deep.matches(b"a/" * 1000)
    assert time.process_time() - began < 5


def test_rules_of_inner_folders_win(tmp_path: Path) -> None:
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / ".git" / "info" / "exclude").write_bytes(b"private.txt\n")
    (tmp_path / ".gitignore").write_bytes(b"*.tmp\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / ".gitignore").write_bytes(b"!keep.tmp\n/only.txt\n")
    top = Ground().below(str(tmp_path), frozenset({".git", ".gitignore"}))
    below = top.below(str(inner), frozenset({".gitignore"}))
    asked = ["a.tmp", "keep.tmp", "only.txt", "private.txt", "x/only.txt"]
    assert [below.ignores(str(inner / name), is_folder=False) for name in asked] == [True, False, True, True, False]
    assert top.ignores(str(tmp_path / "keep.tmp"), is_folder=False)
    assert not top.ignores(str(tmp_path / "only.txt"), is_folder=False)
