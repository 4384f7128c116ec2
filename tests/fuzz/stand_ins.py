"""What takes the place of tesseract and LibreOffice, so that what we do around them is tried without the time they take."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ingest_desktop.extraction import libreoffice, ocr
from tests.fuzz import seeds_office

_TABLE = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
_WORDS = f"Words in a picture\n\n\f{_TABLE}" + "\t".join(["5", *["1"] * 9, "91.5", "words"]) + "\n"


def _office(command: Sequence[str], folder: str, _seconds: float) -> None:
    """Make the same document of every file."""
    target = Path(folder, "out", f"document.{command[command.index('--convert-to') + 1]}")
    target.parent.mkdir()
    target.write_bytes(seeds_office.made()[f"tiny{target.suffix}"])


def _tesseract(
    command: Sequence[str], given: bytes, _seconds: float, _beat: Callable[[], None] | None = None
) -> tuple[int, bytes, bytes]:
    """See the same words in every picture; none in nothing."""
    if "--list-langs" in command:
        return 0, b'List of available languages in "/none" (2):\neng\nosd\n', b""
    return (0, _WORDS.encode(), b"") if given else (1, b"", b"Error in pixReadMem: no data.\n")


PLACES: Final = (
    (libreoffice, "find_office", lambda: "soffice"),
    (libreoffice, "_run", _office),
    (ocr, "find_program", lambda: "tesseract"),
    (ocr, "_run", _tesseract),
)


def take_their_places() -> None:
    """In all of this process."""
    for module, name, stand_in in PLACES:
        setattr(module, name, stand_in)
