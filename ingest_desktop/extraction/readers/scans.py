"""Recognising the text of pages that are pictures: within limits, and with a plain word on what was left out."""

import time
from collections.abc import Callable

from ingest_desktop.domain.interfaces.extraction import SegmentNotes
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import ocr
from ingest_desktop.extraction.ocr import NotRecognised, Recogniser

Picture = Callable[[], tuple[bytes, int | None]]  # a picture file, and its dots per inch when it does not tell them


class Scans:
    """Recognises the pictures of one segment, with the program that its plan was made with.

    Args:
        shape: That of the plan: with which languages, or without.
        notes: Where failures, warnings and pages by recognition are counted.
        pages: How many there are in this segment, for the progress.
    """

    def __init__(self, shape: str, options: ExtractOptions, notes: SegmentNotes, pages: int) -> None:
        self._options, self._notes, self._pages = options, notes, pages
        self._languages = ocr.languages_of(shape)
        self._recogniser: Recogniser | None = ocr.planned(shape, options) if self._languages else None

    def text(self, page: int, picture: Picture, *, pixels: int = 0, done: int = 0, turned: bool = False) -> str:
        """The text of one picture; empty when there is none, or it could not be recognised, which is noted.

        Args:
            page: 1-based; for what is said of it.
            picture: Makes it. Asked only if it is going to be recognised.
            pixels: Of the largest picture that has to be unpacked for it, as far as is known.
            done: Pages of the segment before this one.
            turned: Find out how it lies.

        Raises:
            LimitExceeded: Of the file as a whole; whatever ``picture`` raises comes through as well.
        """
        if self._languages is None:
            self._warn(why_not(self._options))
            return ""
        if page > self._options.ocr_max_pages:
            most = self._options.ocr_max_pages
            self._failed(page, f"Pictures after page {most:,} are not recognised (INGESTION_OCR_MAX_PAGES).")
            return ""
        if pixels > self._options.ocr_max_pixels:
            most = self._options.ocr_max_pixels
            self._failed(page, f"Its picture has {pixels:,} dots; the limit is {most:,} (INGESTION_OCR_MAX_PIXELS).")
            return ""
        if self._recogniser is None:
            self._failed(page, f"The program tesseract with {self._languages} is not there any more.")
            return ""
        if self._recogniser.missing:
            missing, used = ", ".join(self._recogniser.missing), self._recogniser.languages
            self._warn(f"tesseract has no data for the language {missing}; it read with {used}.")
        return self._recognised(self._recogniser, page, picture, done, turned)

    def _recognised(self, recogniser: Recogniser, page: int, picture: Picture, done: int, turned: bool) -> str:
        def beat() -> None:
            if self._notes.recognising is not None:
                self._notes.recognising(done, self._pages)

        beat()
        began = time.perf_counter()
        try:
            content, dpi = picture()
            return recogniser.text(content, seconds=self._options.ocr_page_seconds, dpi=dpi, turned=turned, beat=beat)
        except NotRecognised as error:
            self._failed(page, str(error))
            return ""
        finally:
            self._notes.recognising_seconds += time.perf_counter() - began

    def _failed(self, page: int, why: str) -> None:
        self._notes.units_failed.append((page, why))

    def _warn(self, sentence: str) -> None:
        """Say something once: the same words in every segment, so that the receipt has them once."""
        if sentence not in self._notes.warnings:
            self._notes.warnings.append(sentence)


def why_not(options: ExtractOptions) -> str:
    """Why pictures were left unread, and what mends it."""
    if not options.ocr:
        return "It has pages that are pictures; recognising their text is switched off (INGESTION_OCR)."
    program = ocr.find_program()
    if program is not None and not ocr.installed_languages(program):
        return "It has pages that are pictures; tesseract is there, but tells of no language that it can read."
    return f"It has pages that are pictures; install tesseract to read them ({ocr.how_to_get()}), then retry."
