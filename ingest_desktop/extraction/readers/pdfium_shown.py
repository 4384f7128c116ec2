"""What signatures and buttons of a PDF show: who signed when and why, and captions. No field holds it as text.

It is drawn by the look of the annotation. In a copy of the document, all other annotations are taken off the page and
what is left becomes a part of it, so that its text is found as that of any page.
"""

import ctypes
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, Final

import pypdfium2.raw as raw

_MOST_CHARS: Final = 20_000  # of what is shown by a page's signatures and buttons
_MOST_PAGES: Final = 200  # of a document that are looked at: each is loaded three times
_MOST_PAGE_CHARS: Final = 200_000


class Shown:
    """Tells it for one document, of which it opens a copy when it is first asked.

    Args:
        reopened: Opens the document once more; nothing when it cannot.
    """

    def __init__(self, reopened: Callable[[], Any]) -> None:
        self._reopened = reopened
        self._copy: Any = None
        self._told: dict[int, str] = {}  # by page: once looked at, the copy has changed

    def on(self, index: int, wanted: Collection[int]) -> str:
        """What these annotations of a page (both counted from 0) show, as lines; nothing when it cannot be told."""
        if index not in self._told and len(self._told) < _MOST_PAGES:
            self._told[index] = self._look(index, wanted)
        return self._told.get(index, "")

    def _look(self, index: int, wanted: Collection[int]) -> str:
        if self._copy is None:
            self._copy = self._reopened() or False
        if not self._copy:
            return ""
        before = self._with_page(index, _text)
        if before is None or not self._with_page(index, lambda page: _made_a_part(page, wanted)):
            return ""
        return _added(before, self._with_page(index, _text) or "")[:_MOST_CHARS]

    def close(self) -> None:
        """Give the copy back."""
        copy, self._copy = self._copy, False
        if copy:
            raw.FPDF_CloseDocument(copy)

    def _with_page(self, index: int, do: Callable[[Any], Any]) -> Any:
        page = raw.FPDF_LoadPage(self._copy, index)
        if not page:
            return None
        try:
            return do(page)
        finally:
            raw.FPDF_ClosePage(page)


def _made_a_part(page: Any, wanted: Collection[int]) -> bool:
    """Whether these annotations, and no others, are drawn by the page itself from now on."""
    for number in range(raw.FPDFPage_GetAnnotCount(page) - 1, -1, -1):
        if number not in wanted and not raw.FPDFPage_RemoveAnnot(page, number):
            return False
    return bool(raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS)


def _added(before: str, after: str) -> str:
    """The lines by which a text grew, at its end as a rule."""
    if after.startswith(before):
        added = after[len(before) :].splitlines()
    else:
        known = Counter(before.splitlines())
        added = [line for line, count in Counter(after.splitlines()).items() if count > known[line]]
    return "\n".join(filter(None, map(str.strip, added)))


def _text(page: Any) -> str | None:
    """The text of a page; None when it has none to compare."""
    textpage = raw.FPDFText_LoadPage(page)
    if not textpage:
        return None
    try:
        count = max(raw.FPDFText_CountChars(textpage), 0)
        if count > _MOST_PAGE_CHARS:
            return None
        buffer = (ctypes.c_ushort * (count + 1))()
        written = raw.FPDFText_GetText(textpage, 0, count, buffer) if count else 0
        return (
            ctypes.string_at(buffer, 2 * max(written - 1, 0)).decode("utf-16-le", "replace").replace("\0", "").rstrip()
        )
    finally:
        raw.FPDFText_ClosePage(textpage)
