"""What a document is counted in, in the words of the user's language.

The words are those of ``domain/units.py``; a test keeps the two the same. Each stands here in whole sentences, because
in many languages its ending changes with the sentence.
"""

from PySide6.QtCore import QCoreApplication, QLocale

translate = QCoreApplication.translate


def amount(number: int, unit: str) -> str:
    """So many units: "1 slide", "2,000 files"."""
    one, many = {
        "page": (translate("units", "1 page"), translate("units", "{n} pages")),
        "slide": (translate("units", "1 slide"), translate("units", "{n} slides")),
        "sheet": (translate("units", "1 sheet"), translate("units", "{n} sheets")),
        "message": (translate("units", "1 message"), translate("units", "{n} messages")),
        "member": (translate("units", "1 file"), translate("units", "{n} files")),
        "chapter": (translate("units", "1 chapter"), translate("units", "{n} chapters")),
        "cell": (translate("units", "1 cell"), translate("units", "{n} cells")),
        "row": (translate("units", "1 row"), translate("units", "{n} rows")),
        "record": (translate("units", "1 record"), translate("units", "{n} records")),
        "cue": (translate("units", "1 caption"), translate("units", "{n} captions")),
    }.get(unit, (translate("units", "1 part"), translate("units", "{n} parts")))
    return (one if number == 1 else many).format(n=QLocale().toString(number))


def numbered(number: int, unit: str) -> str:
    """One of the units, by its number from 1: "Page 3"."""
    pattern = {
        "page": translate("units", "Page {n}"),
        "slide": translate("units", "Slide {n}"),
        "sheet": translate("units", "Sheet {n}"),
        "message": translate("units", "Message {n}"),
        "member": translate("units", "File {n}"),
        "chapter": translate("units", "Chapter {n}"),
        "cell": translate("units", "Cell {n}"),
        "row": translate("units", "Row {n}"),
        "record": translate("units", "Record {n}"),
        "cue": translate("units", "Caption {n}"),
    }.get(unit, translate("units", "Part {n}"))
    return pattern.format(n=QLocale().toString(number))


def pace(per_second: str, unit: str) -> str:
    """A speed: "12 pages/s". The number comes as it is shown."""
    pattern = {
        "page": translate("units", "{n} pages/s"),
        "slide": translate("units", "{n} slides/s"),
        "sheet": translate("units", "{n} sheets/s"),
        "message": translate("units", "{n} messages/s"),
        "member": translate("units", "{n} files/s"),
        "chapter": translate("units", "{n} chapters/s"),
        "cell": translate("units", "{n} cells/s"),
    }.get(unit, translate("units", "{n} parts/s"))
    return pattern.format(n=per_second)
