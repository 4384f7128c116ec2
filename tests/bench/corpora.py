"""The documents that are measured: sets P (PDF) and T (HTML, text, manual pages, code) out of Debian packages."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from process_trees import ROOT

BENCH = ROOT / ".bench"
MAKER = ROOT.parent / "shared" / "bench" / "make_corpus.sh"
SETS = ("P", "T")


def find(given: Path | None = None) -> Path:
    """The folder of the sets; they are made when there is a way to, else it is told how and the program ends."""
    corpus = given or BENCH / "corpus"
    if all((corpus / name).is_dir() and (given or (corpus / f"{name}.done").exists()) for name in SETS):
        return corpus.resolve()
    if given:
        raise SystemExit(f"{given} has no folders P and T.")
    missing = [tool for tool in ("bash", "apt-get", "dpkg-deb", "gzip", "python3") if shutil.which(tool) is None]
    if not MAKER.exists() or missing:
        why = f"this machine lacks {', '.join(missing)}" if missing else "make_corpus.sh is not beside this checkout"
        raise SystemExit(
            f"The sets P and T are not there, and {why}.\n"
            "Give them: tests/bench/run.py --corpus DIR, where DIR/P holds PDFs and DIR/T holds text, HTML and code."
        )
    print(
        f"Making the sets P and T in {corpus} out of Debian packages (downloaded and unpacked, not installed)",
        flush=True,
    )
    if subprocess.run(["bash", str(MAKER), str(corpus)], check=False).returncode:
        raise SystemExit("make_corpus.sh failed. Are the package lists there? As root: apt-get update")
    return corpus.resolve()


def files_of(folder: Path) -> list[Path]:
    """All files below a folder, in an order that does not depend on the disk."""
    return sorted(Path(base) / name for base, _, names in os.walk(folder) for name in names)


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in files_of(folder))


def copy_files(files: Sequence[Path], base: Path, target: Path, *, tail: bytes = b"") -> None:
    """Copy files with their folders; ``tail`` is put at the end of each, so that its content is another."""
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    for path in files:
        copy = fresh / path.relative_to(base)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes() + tail)
    fresh.rename(target)


def part_of(folder: Path, fraction: int) -> Path:
    """Each n-th file by a hash of its name, copied; the folder itself for 1."""
    if fraction <= 1:
        return folder
    part = BENCH / f"part-{fraction}" / folder.name
    if not part.exists():
        part.parent.mkdir(parents=True, exist_ok=True)
        order = sorted(
            files_of(folder), key=lambda path: hashlib.sha256(str(path.relative_to(folder)).encode()).digest()
        )
        copy_files(order[::fraction], folder, part)
    return part


def doubled(folder: Path) -> Path:
    """A copy of a set in which every file has other content: the set again, and again as new documents."""
    copy = BENCH / f"again-{folder.parent.name}-{folder.name}"
    if not copy.exists():
        copy_files(files_of(folder), folder, copy, tail=b"\nanother copy\n")
    return copy
