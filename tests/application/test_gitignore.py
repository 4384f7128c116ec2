"""The rules of .gitignore files, against what git said, and against git itself where it is installed."""

import os
import re
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest_desktop.application.gitignore import Ground, Machine, rule_of, rules

from . import git_answers
from .git_answers import LETTERS, PIECES, is_name


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


NAMES = st.text(LETTERS, min_size=1, max_size=4).filter(is_name)
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12, unique=True)
LINES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)


@pytest.mark.parametrize("answer", git_answers.recorded())
def test_the_same_as_git_said(answer: git_answers.Answer) -> None:
    found = ground("\n".join(answer.lines).encode())
    paths = [path for path in answer.paths if os.sep == "/" or os.sep not in path]  # what a name can hold here
    assert [path for path in paths if is_ignored(found, path)] == [path for path in paths if path in answer.ignored]


if git_answers.GIT is not None and sys.platform != "win32":  # what git said is asked everywhere; here also what it says

    @pytest.fixture(scope="module")
    def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("repository")
        git_answers.run(folder, "init", "-q")
        return folder

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(lines=st.lists(LINES, min_size=1, max_size=5), paths=PATHS)
    def test_the_same_as_git(repository: Path, lines: list[str], paths: list[str]) -> None:
        found = ground("\n".join(lines).encode())
        assert [path for path in paths if is_ignored(found, path)] == git_answers.ask(repository, lines, paths).ignored

    def test_what_git_said_is_what_it_says(repository: Path) -> None:
        said = git_answers.recorded()
        assert len(said) == git_answers.RECORDED + len(git_answers.KNOWN)
        assert [git_answers.ask(repository, answer.lines, answer.paths) for answer in said] == said


@given(LINES, PATHS)
def test_both_ways_of_matching_agree(line: str, paths: list[str]) -> None:
    from ingest_desktop.application import gitignore

    pattern = line.strip("/! ").encode()
    try:
        tokens = list(gitignore._tokens(pattern, paths=True))
    except gitignore.Hopeless:
        assert rule_of(pattern) is None
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
