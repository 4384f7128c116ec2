"""Recognising the text of pages that are pictures: within limits, and with a plain word on what was left out."""

import time
from collections.abc import Callable

from ingest_desktop.domain.interfaces.extraction import SegmentNotes
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import ocr
from ingest_desktop.extraction.ocr import NotRecognised, Recognised, Recogniser

_DOUBTFUL = 75.0  # confidence below which the page may lie on its side; print that stands upright has 90 and more
_POOR = 60.0  # below it is said that the text is doubtful
_NOTHING = 25.0  # below it there is no text, only a pattern that was taken for one
_LEAST_SECONDS = 1.0  # no second try with less time than this left
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
        self.unread: list[int] = []  # pages that wait for the program
        self._languages = ocr.languages_of(shape)
        self._recogniser: Recogniser | None = ocr.planned(shape, options) if self._languages else None

    def text(self, page: int, picture: Picture, *, pixels: int = 0, done: int = 0) -> str:
        """The text of one picture; empty when there is none, or it could not be recognised, which is noted.

        Args:
            page: 1-based; for what is said of it.
            picture: Makes it. Asked only if it is going to be recognised.
            pixels: Of the largest picture that has to be unpacked for it, as far as is known.
            done: Pages of the segment before this one.

        Raises:
            LimitExceeded: Of the file as a whole; whatever ``picture`` raises comes through as well.
        """
        if self._languages is None:
            self._warn(why_not(self._options))
            if self._options.ocr:
                self.unread.append(page)
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
        return self._recognised(self._recogniser, page, picture, done)

    def _recognised(self, recogniser: Recogniser, page: int, picture: Picture, done: int) -> str:
        def beat() -> None:
            if self._notes.recognising is not None:
                self._notes.recognising(done, self._pages)

        beat()
        began = time.perf_counter()
        try:
            content, dpi = picture()
            read = self._best(recogniser, content, dpi, beat)
        except NotRecognised as error:
            self._failed(page, str(error))
            return ""
        finally:
            self._notes.recognising_seconds += time.perf_counter() - began
        if read.text and read.confidence is not None and read.confidence < _POOR:
            if read.confidence < _NOTHING:
                self._warn(f"Page {page:,}: what was recognised makes no sense and was left out.")
                return ""
            self._warn(f"Page {page:,} was poorly recognised: its text may be wrong.")
        return read.text

    def _best(self, recogniser: Recogniser, content: bytes, dpi: int | None, beat: Callable[[], None]) -> Recognised:
        """What a picture gives as it lies; if that is doubtful, as tesseract would turn it, if that is better."""
        end = time.monotonic() + self._options.ocr_page_seconds
        first = recogniser.recognise(content, seconds=self._options.ocr_page_seconds, dpi=dpi, beat=beat)
        left = end - time.monotonic()
        if not recogniser.turns or first.confidence is None or first.confidence >= _DOUBTFUL:
            return first
        if left < _LEAST_SECONDS:
            return first
        try:
            second = recogniser.recognise(content, seconds=left, dpi=dpi, turned=True, beat=beat)
        except NotRecognised:  # the first text stands
            return first
        fuller = 2 * len(second.text) >= len(first.text)  # one word that is sure is no better than a page
        return second if fuller and (second.confidence or 0.0) > first.confidence else first

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
