"""Where to cut a large text, found in one streaming pass: line ends at segment boundaries, UTF-8 validity."""

import codecs
from collections.abc import Callable

from ingest_desktop.domain.interfaces.extraction import SourceFile, TextScan
from ingest_desktop.domain.wire import SegmentSpec
from ingest_desktop.extraction.encoding import encoding_of_head, is_utf8

BLOCK_BYTES = 1024 * 1024
_SEARCH_BACK = 1024  # how far before a boundary to look for a good place inside an endless line


class TextScanner:
    """Takes a text block by block and notes where its segments begin.

    A segment owns the lines that start in it. A line longer than a segment is cut at a character.
    """

    def __init__(self, head: bytes, segment_bytes: int) -> None:
        marked = encoding_of_head(head) or ""
        self._width = 2 if marked.startswith("utf-16") else 4 if marked.startswith("utf-32") else 1
        big = marked == "utf-16-be" or (marked == "utf-32" and head.startswith(b"\0\0\xfe\xff"))
        sign = b"\r" if b"\r" in head and b"\n" not in head else b"\n"
        pad = b"\0" * (self._width - 1)
        self._newline = pad + sign if big else sign + pad
        self._length = max(self._width * 4, segment_bytes - segment_bytes % self._width)
        self._decoder = codecs.getincrementaldecoder("utf-8")() if self._width == 1 else None
        self.utf8 = self._width == 1
        self._offset = 0  # of the first byte not yet taken
        self._line = 1  # the line of the byte up to which lines are counted
        self._starts = [(0, 1)]
        self._nominal = self._length  # a segment begins with the first line that starts here or later
        self._tail = b""  # the end of the block before
        self._rest = b""  # the beginning of a character whose end is in the next block

    def feed(self, block: bytes) -> None:
        """Take the next bytes of the file."""
        if self._width > 1:
            block = self._rest + block
            whole = len(block) - len(block) % self._width
            block, self._rest = block[:whole], block[whole:]
        if self.utf8 and self._decoder is not None and not (block.isascii() and not self._decoder.getstate()[0]):
            try:
                self._decoder.decode(block)
            except UnicodeDecodeError:
                self.utf8 = False
        counted = 0
        while (begin := self._next_start(block)) is not None:
            self._line += self._count(block, counted, begin)
            counted = max(begin, 0)
            self._starts.append((self._offset + begin, self._line))
            self._nominal = self._offset + begin + self._length
        self._line += self._count(block, counted, len(block))
        self._offset += len(block)
        self._tail = (self._tail + block)[-_SEARCH_BACK:] if len(block) < _SEARCH_BACK else block[-_SEARCH_BACK:]

    def finish(self) -> TextScan:
        """The segments of all that was fed."""
        if self.utf8 and self._decoder is not None:
            try:
                self._decoder.decode(b"", True)
            except UnicodeDecodeError:
                self.utf8 = False
        size = self._offset + len(self._rest)
        starts = [start for start in self._starts if start[0] < size] or [(0, 1)]
        stops = [start for start, _ in starts[1:]] + [size]
        specs = [
            SegmentSpec(number, start, stop, line)
            for number, ((start, line), stop) in enumerate(zip(starts, stops, strict=True))
        ]
        return TextScan(tuple(specs), self.utf8)

    def _next_start(self, block: bytes) -> int | None:
        """Where the next segment begins, relative to the block; None when that is not in this block."""
        wanted = self._nominal - self._width - self._offset  # a line may end just before the nominal place
        limit = wanted + self._length
        if wanted >= len(block):
            return None
        found = self._find(block, max(wanted, 0), min(limit, len(block)))
        if found >= 0:
            return found + self._width
        return self._character(block, limit) if limit <= len(block) else None

    def _find(self, block: bytes, low: int, high: int) -> int:
        """The next line end in the block, or -1; a wide one only where a character begins."""
        found = block.find(self._newline, low, high)
        while found >= 0 and (self._offset + found) % self._width:
            found = block.find(self._newline, found + 1, high)
        return found

    def _count(self, block: bytes, low: int, high: int) -> int:
        """Line ends between two places of the block; one before it, in the block before, is below zero."""
        high = max(high, 0)
        if self._width == 1:
            return block.count(self._newline, max(low, 0), high)
        total, found = 0, self._find(block, max(low, 0), high)
        while found >= 0:
            total += 1
            found = self._find(block, found + self._width, high)
        return total

    def _character(self, block: bytes, place: int) -> int:
        """A place at most a little before ``place`` where a character begins, inside a line without end."""
        if self._width > 1:
            return place - (self._offset + place) % self._width
        near = (
            (self._tail + block[:place])[-_SEARCH_BACK:]
            if place < _SEARCH_BACK
            else block[place - _SEARCH_BACK : place]
        )
        for back in range(1, len(near)):  # a sign below "0" is no second byte in any encoding
            if near[-back] < 0x30:
                return place - back + 1
        for back in range(1, min(4, len(near))):
            if near[-back] & 0xC0 != 0x80:  # the first byte of a UTF-8 character
                return place - back
        return place


def scan_bytes(data: bytes, head: bytes, segment_bytes: int) -> TextScan:
    """The segments of a text that is in memory."""
    if len(data) <= segment_bytes:
        return TextScan((SegmentSpec(0, 0, len(data), 1),), is_utf8(data))
    scanner = TextScanner(head, segment_bytes)
    scanner.feed(data)
    return scanner.finish()


def scan_file(source: SourceFile, segment_bytes: int, also: Callable[[bytes], object] | None = None) -> TextScan:
    """The segments of a file of any size, in one pass. ``also`` sees each block too."""
    scanner = TextScanner(source.head, segment_bytes)
    with source.open() as stream:
        while block := stream.read(BLOCK_BYTES):
            scanner.feed(block)
            if also is not None:
                also(block)
    return scanner.finish()
