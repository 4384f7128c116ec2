"""What git says of patterns and paths: asked for anew, or as it answered when ``git_answers.json`` was written.

    python -m tests.application.git_answers

writes that file again: cases drawn from odd pieces of patterns, always the same ones.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

GIT: Final = shutil.which("git")
FILE: Final = Path(__file__).with_suffix(".json")
RECORDED: Final = 300
# fmt: off
PIECES: Final = [
    "a", "b", "x", ".", "-", "*", "**", "/", "/**/", "?", "[ab]", "[!a]", "[^x]", "[a-x]", "[]-]", "[", "]", "\\", "!",
    " ", "#", "é", "**/", "/**", "[[:alpha:]]", "[[:alpha", "[a\\]]", "*.", "\\a", "[!é]", "^",
]
# fmt: on
LETTERS: Final = "ab.-]^!x \\é"
KNOWN: Final = [  # cases that were wrong once
    (["a**/b"], ["axx/y/b", "a/b", "ax/b"]),
    (["a/**b"], ["a/b", "a/x/b", "a/xb"]),
    (["*/b", "!a/b"], ["a/b", "x/b", "x/y/b"]),
]


class Answer(NamedTuple):
    """A ``.gitignore`` file, the paths asked for, and those of them that git ignores."""

    lines: list[str]
    paths: list[str]
    ignored: list[str]


def is_name(name: str) -> bool:
    """Whether a file of a repository can have this name."""
    return name.strip(". ") == name and name != ".git"


def ask(repository: Path, lines: list[str], paths: list[str]) -> Answer:
    """Ask git; none of the paths need be there."""
    (repository / ".gitignore").write_bytes("\n".join(lines).encode())
    asked = b"".join(path.encode() + b"\0" for path in paths)
    said = run(repository, "check-ignore", "--no-index", "-z", "--stdin", given=asked).split(b"\0")
    return Answer(lines, paths, [path for path in paths if path.encode() in said])


def run(folder: Path, *words: str, given: bytes = b"") -> bytes:
    """Run git on a folder, with nothing of the person's own configuration."""
    assert GIT is not None
    quiet = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run([GIT, *words], cwd=folder, input=given, capture_output=True, env=quiet, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def recorded() -> list[Answer]:
    """The answers of the file."""
    return [Answer(*row) for row in json.loads(FILE.read_text("utf-8"))]


def drawn(chance: random.Random) -> tuple[list[str], list[str]]:
    """A case: some lines, and some paths."""
    lines = ["".join(chance.choices(PIECES, k=chance.randint(1, 6))) for _ in range(chance.randint(1, 5))]
    names = [name for _ in range(60) if is_name(name := "".join(chance.choices(LETTERS, k=chance.randint(1, 2))))]
    paths = {"/".join(chance.choices(names, k=chance.randint(1, 4))) for _ in range(12)}
    return lines, sorted(paths)


def main() -> None:
    """Write the file."""
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), "init", "-q")
        rows = [ask(Path(folder), *case) for case in KNOWN]
        while len(rows) < len(KNOWN) + RECORDED:
            answer = ask(Path(folder), *drawn(chance))
            if 0 < len(answer.ignored) < len(answer.paths):  # a case where all come to the same would tell little
                rows.append(answer)
    text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    FILE.write_text(f"[\n{text}\n]\n", "utf-8")
    sys.stdout.write(f"{FILE}: {len(rows)} answers\n")


if __name__ == "__main__":
    main()
