"""Copies the licence texts of the locked packages that are installed here: collect_licenses.py LOCK FOLDER."""

import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

NOT_SHIPPED = {"hatchling", "pathspec", "pluggy", "tomlkit", "trove-classifiers", "altgraph", "setuptools", "packaging"}


def main(lock: Path, folder: Path) -> None:
    for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text("utf-8"), re.MULTILINE):
        if name.lower() in NOT_SHIPPED:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:  # locked for another system
            continue
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        terms = found.metadata.get("License-Expression") or found.metadata.get("License") or "see the classifiers"
        (place / "NOTICE").write_text(f"{found.metadata['Name']} {found.version}\nLicence: {terms}\n", "utf-8")
        for file in found.files or ():
            if re.search(r"licen[cs]e|copying|notice|authors", str(file), re.IGNORECASE) and file.suffix not in (
                ".py",
                ".pyc",
            ):
                source = Path(str(file.locate()))
                if source.is_file():
                    shutil.copyfile(source, place / "_".join(file.parts[-2:]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
