"""What PDFium sees on a page that has no text of its own, and the page drawn for text recognition."""

import ctypes
import math
from typing import Any

import pypdfium2.raw as raw

from ingest_desktop.extraction.readers.pdf_pages import PageRefused, Pictured, worth_recognising

_DPI = 300
_MAX_PIXELS = 40_000_000  # of a drawn page: A3 at 300 dpi has 17 million
_MAX_SIDE = 30_000  # tesseract takes no more than 32,767
_MAX_OBJECTS = 2_000  # of a page that are looked at
_MAX_NESTED = 4
_WHITE = 0xFFFFFFFF


def look_at(page: Any, text: str) -> Pictured:
    """How much of a page pictures cover, how large they are, and whether they may be a picture of text."""
    area = raw.FPDF_GetPageWidthF(page) * raw.FPDF_GetPageHeightF(page)
    covered, largest, pictures, paths = 0.0, 0, 0, 0
    pending = [(raw.FPDFPage_GetObject(page, i), 0) for i in range(min(raw.FPDFPage_CountObjects(page), _MAX_OBJECTS))]
    seen = 0
    while pending and seen < _MAX_OBJECTS:
        thing, depth = pending.pop()
        seen += 1
        kind = raw.FPDFPageObj_GetType(thing)
        if kind == raw.FPDF_PAGEOBJ_IMAGE:
            pictures += 1
            largest = max(largest, _pixels(thing))
            if depth == 0:
                covered += _area(thing)
        elif kind == raw.FPDF_PAGEOBJ_FORM and depth < _MAX_NESTED:
            within = min(raw.FPDFFormObj_CountObjects(thing), _MAX_OBJECTS)
            if depth == 0 and within > 0:
                covered += _area(thing)
            pending += [(raw.FPDFFormObj_GetObject(thing, i), depth + 1) for i in range(within)]
        elif kind in (raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING):
            paths += 1
    coverage = min(1.0, covered / area) if area > 0 and pictures else 0.0
    return Pictured(coverage, largest, pictures, paths, worth_recognising(text, coverage, pictures, paths))


def drawn(page: Any) -> tuple[bytes, int]:
    """The page in shades of grey as a PGM file, and its dots per inch: fewer than 300 when it is a large sheet.

    Raises:
        PageRefused: There is no room for it.
    """
    width, height = raw.FPDF_GetPageWidthF(page) / 72, raw.FPDF_GetPageHeightF(page) / 72  # inches
    if not (0 < width < 1e4 and 0 < height < 1e4):
        raise PageRefused("its size makes no sense")
    dpi = min(_DPI, math.sqrt(_MAX_PIXELS / (width * height)), _MAX_SIDE / max(width, height))
    across, down = max(1, round(width * dpi)), max(1, round(height * dpi))
    bitmap = raw.FPDFBitmap_CreateEx(across, down, raw.FPDFBitmap_Gray, None, 0)
    if not bitmap:
        raise PageRefused("there is no room to draw it")
    try:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, across, down, _WHITE)
        raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, across, down, 0, 0)
        stride = raw.FPDFBitmap_GetStride(bitmap)
        rows = ctypes.string_at(raw.FPDFBitmap_GetBuffer(bitmap), stride * down)
    finally:
        raw.FPDFBitmap_Destroy(bitmap)
    if stride != across:
        rows = b"".join([rows[start : start + across] for start in range(0, stride * down, stride)])
    return b"P5\n%d %d\n255\n" % (across, down) + rows, max(1, round(dpi))


def _pixels(picture: Any) -> int:
    width, height = ctypes.c_uint(), ctypes.c_uint()
    if not raw.FPDFImageObj_GetImagePixelSize(picture, ctypes.byref(width), ctypes.byref(height)):
        return 0
    return width.value * height.value


def _area(thing: Any) -> float:
    """The room that an object of the page takes, in square points."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    sides = (ctypes.byref(side) for side in (left, bottom, right, top))
    if not raw.FPDFPageObj_GetBounds(thing, *sides):
        return 0.0
    return max(0.0, right.value - left.value) * max(0.0, top.value - bottom.value)
