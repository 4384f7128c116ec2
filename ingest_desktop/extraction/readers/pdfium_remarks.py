"""What people wrote on the pages of a PDF: values of form fields, notes, comments on marked passages."""

import ctypes
from collections.abc import Callable
from typing import Any

import pypdfium2.raw as raw

from ingest_desktop.extraction.readers.pdfium_shown import Shown

_MAX_REMARKS = 5_000  # of a page
_LINKS_IN_A_ROW = 3  # after so many from one end, those between are taken for links as well: some pages have hundreds
_MAX_UNITS = 500_000  # bytes of one value
_NOTES = frozenset(
    {
        raw.FPDF_ANNOT_TEXT,
        raw.FPDF_ANNOT_FREETEXT,
        raw.FPDF_ANNOT_LINE,
        raw.FPDF_ANNOT_SQUARE,
        raw.FPDF_ANNOT_CIRCLE,
        raw.FPDF_ANNOT_POLYGON,
        raw.FPDF_ANNOT_POLYLINE,
        raw.FPDF_ANNOT_HIGHLIGHT,
        raw.FPDF_ANNOT_UNDERLINE,
        raw.FPDF_ANNOT_SQUIGGLY,
        raw.FPDF_ANNOT_STRIKEOUT,
        raw.FPDF_ANNOT_STAMP,
        raw.FPDF_ANNOT_CARET,
        raw.FPDF_ANNOT_INK,
        raw.FPDF_ANNOT_FILEATTACHMENT,
        raw.FPDF_ANNOT_REDACT,
    }
)
_MAX_CHOICES = 5_000  # of a field that are looked at
_MAX_SHOWN = 100  # choices of a list that are told without being chosen
_WRITTEN = frozenset({"Tx", "Ch"})  # kinds of fields that hold a text
_TICKED = frozenset({"On", "Yes", "True", "1"})
_SHORT = 16  # characters
_DRAWN = "\t"  # the remark of an annotation whose text is only in how it looks
_HIDDEN = 2  # the flag of an annotation that is never shown


class Remarks:
    """Reads them for one open document. The form is loaded when the first field comes; no script of it ever runs.

    Args:
        document: Its handle.
        reopened: Opens it once more.
    """

    def __init__(self, document: Any, reopened: Callable[[], Any] = lambda: None) -> None:
        self._document = document
        self._shown = Shown(reopened)
        self._drawn: list[int] = []  # the numbers of those that show a text of their own on the page that is looked at
        self._form: Any = None
        self._info: Any = None  # has to live as long as the form
        self.holds_files = False  # a note on the page that was looked at last holds a file

    def of(self, page: Any, text: str, index: int = 0) -> tuple[str, ...]:
        """The remarks on a page, in the order of the file; what its text has already is left out.

        What signatures and buttons show stands at the end. ``index``: the number of the page, from 0.
        """
        count = min(raw.FPDFPage_GetAnnotCount(page), _MAX_REMARKS)
        found: dict[int, str] = {}
        self.holds_files = False
        self._drawn = []
        for numbers in (range(count - 1, -1, -1), range(count)):  # what people add is at the end of the list
            links = 0
            for number in numbers:
                if number in found:
                    break
                found[number] = remark = self._one(page, number)
                if remark is _DRAWN:
                    self._drawn.append(number)
                links = links + 1 if remark == "" else 0
                if links == _LINKS_IN_A_ROW:
                    break
        lines = dict.fromkeys(found[number] for number in sorted(found) if found[number].strip())
        if self._drawn:
            lines[self._shown.on(index, self._drawn)] = None
            lines.pop("", None)
        return tuple(line for line in lines if not _repeats(line, text))

    def close(self) -> None:
        """Give the form back; before the document is closed."""
        self._shown.close()
        form, self._form = self._form, None
        if form:
            raw.FPDFDOC_ExitFormFillEnvironment(form)
        self._info = None

    def _one(self, page: Any, number: int) -> str:
        """A remark; a blank for one that says nothing, and nothing at all for a link."""
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if not annotation:
            return " "
        try:
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            if kind == raw.FPDF_ANNOT_LINK:
                return ""
            if kind == raw.FPDF_ANNOT_WIDGET:
                return self._field(annotation) or " "
            if kind == raw.FPDF_ANNOT_FILEATTACHMENT:
                self.holds_files = True
            if kind in _NOTES and not raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
                said = _value(annotation, b"Contents")
                who = _value(annotation, b"T")
                return (f"{who}: {said}" if who and said else said) or " "
            return " "
        finally:
            raw.FPDFPage_CloseAnnot(annotation)

    def _field(self, annotation: Any) -> str:
        """A form field that is filled in: what it is called, and what was written there."""
        form = self._loaded()
        if not form:
            return _value(annotation, b"V")
        kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
        if kind in (raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE):
            return _DRAWN if raw.FPDFAnnot_HasKey(annotation, b"AP") else ""
        if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
            value = _value(annotation, b"AS")  # how it is shown; PDFium's own answer leaves out some that are ticked
            if value in ("", "Off"):
                return ""
            value = "\u2713" if value in _TICKED else value
        elif kind in (raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
            value = _chosen(form, annotation, is_list=kind == raw.FPDF_FORMFIELD_LISTBOX)
        elif kind >= 0:
            value = _string(raw.FPDFAnnot_GetFormFieldValue, form, annotation)
        else:  # the form does not list it, but the page shows it
            value = _value(annotation, b"V") if _value(annotation, b"FT") in _WRITTEN else ""
        if not value:
            return ""
        name = _string(raw.FPDFAnnot_GetFormFieldAlternateName, form, annotation) or _value(annotation, b"TU")
        name = name or _string(raw.FPDFAnnot_GetFormFieldName, form, annotation) or _value(annotation, b"T")
        return f"{name}: {value}" if name else value

    def _loaded(self) -> Any:
        if self._info is None:
            self._info = raw.FPDF_FORMFILLINFO()
            self._info.version = 2
            self._form = raw.FPDFDOC_InitFormFillEnvironment(self._document, ctypes.byref(self._info))
        return self._form


def _chosen(form: Any, annotation: Any, *, is_list: bool) -> str:
    """What is chosen in a box of choices, all of it; below that what else there is to see, when the box is a list."""
    count = min(raw.FPDFAnnot_GetOptionCount(form, annotation), _MAX_CHOICES)
    chosen = [number for number in range(count) if raw.FPDFAnnot_IsOptionSelected(form, annotation, number)]
    labels = [_string(raw.FPDFAnnot_GetOptionLabel, form, annotation, number) for number in chosen]
    value = ", ".join(filter(None, labels)) or _string(raw.FPDFAnnot_GetFormFieldValue, form, annotation)
    if not is_list:
        return value
    others = (number for number in range(min(count, _MAX_SHOWN)) if number not in chosen)
    shown = [_string(raw.FPDFAnnot_GetOptionLabel, form, annotation, number) for number in others]
    rest = ", ".join(label for label in shown if label and label != value)
    return f"{value}\n({rest})" if value and rest else value or (f"({rest})" if rest else "")


def _repeats(line: str, text: str) -> bool:
    """Whether the page says this already. Short answers may stand there for other reasons."""
    value = line.partition(": ")[2] or line
    return len(value) > _SHORT and value in text


def _value(annotation: Any, key: bytes) -> str:
    return _string(raw.FPDFAnnot_GetStringValue, annotation, key)


def _string(ask: Any, *whom: Any) -> str:
    """A text from a function of PDFium that first tells the bytes it needs, then fills them with UTF-16."""
    size = ask(*whom, None, 0)
    if not 2 < size <= _MAX_UNITS:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    ask(*whom, buffer, size)
    text = ctypes.string_at(buffer, size - 2).decode("utf-16-le", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()
