"""Small files of many fates: unchanged, new, changed, twins, empty, unreadable, and texts of many segments."""

import os
import shutil
from pathlib import Path

from faults.program import ROOT

WORD = "harbour"  # stands in every version of every file that changes
CHANGING = 5
_SAMPLES = ("pdf", "docx", "html")


def write_first(folder: Path) -> None:
    """The files of the first version; those that come later are not there yet."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("kept", "changing", "doomed", "twins"):
        (folder / part).mkdir(parents=True)
    for number in range(8):
        (folder / "kept" / f"{number}.md").write_text(f"# Kept {number}\n\nWords that stay, number {number}.\n" * 3)
        (folder / "doomed" / f"{number}.md").write_text(f"# Doomed {number}\n\nWords to be deleted, {number}.\n" * 3)
    for number in range(3):
        (folder / "twins" / f"first-{number}.md").write_text(f"# Twin {number}\n\nThe same words twice, {number}.\n")
    (folder / "doomed" / "long.txt").write_text(long_text("doomed", 90_000))
    write_changing(folder, 1)


def write_changing(folder: Path, version: int) -> None:
    """The files that change, in one of their versions: not as long as each other, so that a mix is seen."""
    for number in range(CHANGING - 1):
        lines = (f"The {WORD} of edition {version}, file {number}, line {line}." for line in range(40 + 30 * version))
        _replace(folder / "changing" / f"{number}.txt", "\n".join(lines))
    _replace(
        folder / "changing" / "long.txt", long_text(f"edition {version}", 150_000 + 70_000 * version, word_each=60)
    )


def write_second(folder: Path) -> None:
    """What comes on top of the first version: changed files, new ones, twins of known ones, some that cannot be read."""
    write_changing(folder, 2)
    new = folder / "new"
    new.mkdir()
    for number in range(24):
        (new / f"{number:02d}.md").write_text(f"# New {number // 2}\n\nSome words of file {number // 2}.\n" * 3)
    for number in range(2):
        (new / f"long{number}.txt").write_text(long_text(f"new {number}", 400_000))
    for number in range(3):
        shutil.copyfile(folder / "twins" / f"first-{number}.md", folder / "twins" / f"second-{number}.md")
    (new / "empty.txt").write_text("")
    (new / "blob.pdf").write_bytes(bytes(range(256)) * 8)
    for sample in sorted((ROOT / "resources" / "samples").rglob("*")):
        if sample.suffix.lstrip(".") in _SAMPLES and sample.stat().st_size < 100_000:
            shutil.copyfile(sample, new / sample.name)


def long_text(name: str, chars: int, word_each: int = 0) -> str:
    """Lines that tell where they stand; each ``word_each``-th has the word."""
    lines: list[str] = []
    length = 0
    while length < chars:
        number = len(lines)
        word = WORD if word_each and number % word_each == 0 else "quay"
        lines.append(f"{name}, line {number} of a long text about tides and the {word}")
        length += len(lines[-1]) + 1
    return "\n".join(lines)


def _replace(path: Path, text: str) -> None:
    """As editors do it: a new file takes the place of the old one."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(text)
    os.replace(partial, path)
