"""Packed streams, unpacked piece by piece: what comes out is counted while it comes, and never trusted beforehand."""

from collections.abc import Callable
from typing import BinaryIO, Protocol

from ingest_desktop.domain.errors import LimitExceeded
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.allowance import unpacked

PIECE_BYTES = 256 * 1024  # unpacked at once, at most
_PACKED_BYTES = 16 * 1024
_SWELLS = 12  # what grows by more, and is no text, may be a bomb
_FREE_BYTES = 16 * 1024 * 1024  # a bomb that small does no harm: no ratio is asked for
_LZMA_MEMORY = 512 * 1024 * 1024
CUT_OFF = "The file ends in the middle: only its beginning could be unpacked."
DAMAGED = "It is damaged: only what stands before the damage could be unpacked."


class Decoder(Protocol):
    """A decompressor that gives at most so many bytes at once, as those of bz2 and lzma do."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class Inflater:
    """zlib, with the manners of the other two."""

    def __init__(self, window_bits: int) -> None:
        import zlib

        self._inner = zlib.decompressobj(window_bits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        packed = self._inner.unconsumed_tail + data
        given = self._inner.decompress(packed, max_length)
        self.needs_input = not self._inner.unconsumed_tail and len(given) < max_length
        return given


class Bounded:
    """A stretch of an open file: reads no further than it goes."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        self._stream, self.left = stream, length

    def read(self, count: int) -> bytes:
        """Up to so many bytes; none at the end."""
        data = self._stream.read(min(count, self.left)) if self.left > 0 else b""
        self.left -= len(data)
        return data


class Source(Protocol):
    """Whatever gives bytes."""

    def read(self, count: int, /) -> bytes: ...


class Plain:
    """Bytes that are not packed. ``trouble`` tells, once all was read, what was wrong with them."""

    def __init__(self, stream: Source, options: ExtractOptions, length: int | None = None) -> None:
        self._stream, self._options, self._left = stream, options, length
        self.trouble: str | None = None

    def read(self, count: int) -> bytes:
        """So many bytes, fewer only at the end.

        Raises:
            LimitExceeded: All that was unpacked of this file together is too much.
        """
        parts, wanted = [], count
        while wanted > 0 and (part := self._stream.read(min(wanted, PIECE_BYTES))):
            unpacked(len(part), self._options)
            parts.append(part)
            wanted -= len(part)
        if self._left is not None:
            self._left -= count - wanted
            if wanted and self._left > 0:
                self.trouble = CUT_OFF
        return parts[0] if len(parts) == 1 else b"".join(parts)


class Unpacked:
    """What a packed stream holds, forwards only. ``trouble`` tells, once it came to its end, what was wrong with it."""

    def __init__(
        self,
        stream: Source,
        decoder: Callable[[], Decoder],
        options: ExtractOptions,
        *,
        again: bytes | None = None,
        length: int | None = None,
    ) -> None:
        """A packed stream from its beginning.

        Args:
            stream: Gives the packed bytes.
            decoder: Makes what unpacks them.
            options: The limits.
            again: The mark with which a further stream may follow where one ends.
            length: So many bytes are all of it, although nothing marks its end.
        """
        self._stream, self._make, self._options, self._again = stream, decoder, options, again
        self._length = length
        self._decoder = decoder()
        self._packed, self._given = 0, 0
        self._rest, self._back = b"", b""  # unpacked and not asked for yet; read and not unpacked yet
        self._ended = False
        self.trouble: str | None = None

    def read(self, count: int) -> bytes:
        """So many bytes, fewer only at the end.

        Raises:
            LimitExceeded: Too much in all, or it grows by more than it may.
        """
        parts = [self._rest] if self._rest else []
        have = len(self._rest)
        while have < count and not self._ended:
            part = self._piece()
            have += len(part)
            parts.append(part)
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        self._rest = data[count:]
        return data[:count] if self._rest else data

    @property
    def swells(self) -> bool:
        """Whether it has grown so much up to now that it is worth a look how it goes on."""
        return not self._ended and self._given > _SWELLS * self._packed

    def resume(self, stream: Source) -> None:
        """Go on with the same file, opened anew at the place where it was left."""
        self._stream = stream

    def give_back(self, data: bytes) -> None:
        """Take back what was read last: the next read gives it again."""
        self._rest = data + self._rest

    def _piece(self) -> bytes:
        """Some more bytes, perhaps none; sets ``_ended``."""
        import lzma
        import zlib

        if self._decoder.eof and not self._go_on():
            self._ended = True
            return b""
        packed = b""
        if self._decoder.needs_input:
            packed = self._take()
            if not packed:
                self._ended, self.trouble = True, None if self._given == self._length else CUT_OFF
                return b""
        return self._decoded(packed, (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError))

    def _decoded(self, packed: bytes, faults: tuple[type[Exception], ...]) -> bytes:
        try:
            given = self._decoder.decompress(packed, PIECE_BYTES)
        except faults:
            self._ended, self.trouble = True, DAMAGED
            return b""
        self._given += len(given)
        unpacked(len(given), self._options)
        if self._given > _FREE_BYTES and self._given > self._packed * self._options.max_ratio:
            raise LimitExceeded(
                f"It grows by more than {self._options.max_ratio:,} times when it is unpacked (INGESTION_MAX_RATIO)."
            )
        return given

    def _take(self) -> bytes:
        if self._back:
            packed, self._back = self._back, b""
            return packed
        packed = self._stream.read(_PACKED_BYTES)
        self._packed += len(packed)
        return packed

    def _go_on(self) -> bool:
        """Begin with the stream that follows, if there is one; zeros may stand between them."""
        if self._again is None:
            return False
        rest = self._decoder.unused_data.lstrip(b"\0")
        while len(rest) < len(self._again) and (more := self._take()):
            rest = (rest + more).lstrip(b"\0")
        if not rest.startswith(self._again):
            return False
        self._decoder = self._make()
        self._back = rest
        return True


def unpacked_file(stream: BinaryIO, head: bytes, options: ExtractOptions) -> Unpacked:
    """A gzip, bzip2 or xz file, told by its first bytes; several streams in one file are one."""
    if head.startswith(b"\x1f\x8b"):
        return Unpacked(stream, lambda: Inflater(31), options, again=b"\x1f\x8b")
    if head.startswith(b"BZh"):
        import bz2

        return Unpacked(stream, bz2.BZ2Decompressor, options, again=b"BZh")
    import lzma

    make = lambda: lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=_LZMA_MEMORY)  # noqa: E731
    return Unpacked(stream, make, options, again=b"\xfd7zXZ\0")
