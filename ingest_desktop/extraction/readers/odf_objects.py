"""Charts and formulas of OpenDocument files, which stand in members of their own: ``Object 1/content.xml``."""

from collections.abc import Iterator
from typing import Any, Final

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.packages import Package, xml_root
from ingest_desktop.extraction.readers.drawing import children, local
from ingest_desktop.extraction.readers.odf_text import attribute, texts_of

LOST: Final = "A chart or formula in it could not be read."
_TITLES: Final = ("title", "subtitle")
_MOST_POINTS: Final = 5000  # of one chart
_MOST_OBJECTS: Final = 1000


def object_lines(package: Package, element: Any, lost: list[str], *, points: bool = True) -> list[str]:
    """What the objects that an element shows say, in their order.

    Args:
        package: The file.
        element: Such as a slide, or what is drawn on a sheet.
        lost: Gets a sentence when one could not be read.
        points: Charts tell their points; without them only their titles, where a sheet beside them holds the points.
    """
    found: list[str] = []
    shown = [part for part in element.iter() if local(part) == "object"][:_MOST_OBJECTS]
    for name in dict.fromkeys(
        f"{attribute(part, 'href').removeprefix('./').rstrip('/')}/content.xml" for part in shown
    ):
        if name in package:
            try:
                found += list(_said(xml_root(package, name), points))
            except SourceMalformed:
                lost.append(LOST)
    return found


def _said(root: Any, points: bool) -> Iterator[str]:
    """The lines of a chart, or a formula as it was written."""
    if local(root) == "math":
        notes = [" ".join((part.text or "").split()) for part in root.iter() if local(part) == "annotation"]
        yield from filter(None, notes or [" ".join(" ".join(root.itertext()).split())])
        return
    for chart in root.iter():
        if local(chart) != "chart" or attribute(chart, "class") == "":
            continue
        for title in chart.iter():
            if local(title) in _TITLES:
                yield from texts_of(title)
        if points:
            yield from _series(chart)
        return


def _series(chart: Any) -> Iterator[str]:
    """Each series with its points: ``Sales: 2019 = 4; 2020 = 5``."""
    rows = [
        [" ".join(texts_of(cell)) for cell in children(row, "table-cell")]
        for table in children(chart, "table")
        for row in table.iter()
        if local(row) == "table-row"
    ]
    if not rows:
        return
    left = _MOST_POINTS
    for column in range(1, max(map(len, rows))):
        name, *values = [row[column] if column < len(row) else "" for row in rows]
        told = [
            f"{row[0]} = {value}" if row[0] else value for row, value in zip(rows[1:], values, strict=True) if value
        ]
        said = "; ".join(told[:left])
        left = max(0, left - len(told))
        if name or said:
            yield f"{name}: {said}" if name and said else name or said
