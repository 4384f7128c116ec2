"""How a parent and its child talk: frames of a length and a pickle over two pipes. We write both ends."""

import pickle
import struct
from functools import partial
from typing import Any, BinaryIO, Protocol

from ingest_desktop.domain.wire import ChunkRow, Extracted, Looked, SegmentResult

_LENGTH = struct.Struct("<Q")
MAX_FRAME_BYTES = 4 * 1024**3
_new_row = partial(tuple.__new__, ChunkRow)  # as ChunkRow._make, without its Python call


class _Writes(Protocol):
    def write(self, data: Any, /) -> Any: ...


def write_frame(stream: _Writes, value: object) -> None:
    """Send one value. The stream is not buffered, or the caller flushes.

    Raises:
        OSError: The other end is gone.
    """
    body = pickle.dumps(value, 5)
    if len(body) < 65536:
        stream.write(_LENGTH.pack(len(body)) + body)
    else:
        stream.write(_LENGTH.pack(len(body)))
        stream.write(body)


def read_frame(stream: BinaryIO) -> Any:
    """The next value.

    Raises:
        EOFError: The other end closed, or died in the middle of a frame.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    if length > MAX_FRAME_BYTES:
        raise EOFError
    body = stream.read(length)
    if len(body) < length:
        raise EOFError
    return pickle.loads(body)


def pack(message: object) -> object:
    """A message with its chunks as plain tuples: a named tuple takes a Python call each to pickle."""
    if isinstance(message, Looked) and message.result is not None:
        return (0, message.key, message.plan, message.unchanged, *_pack_result(message.result))
    if isinstance(message, Extracted):
        return (1, message.key, *_pack_result(message.result))
    return message


def unpack(packed: Any) -> Any:
    """The message that ``pack`` packed."""
    if type(packed) is not tuple:
        return packed
    if packed[0] == 0:
        _, key, plan, unchanged, *rest = packed
        return Looked(key, plan, _unpack_result(*rest), unchanged)
    _, key, *rest = packed
    return Extracted(key, _unpack_result(*rest))


def _pack_result(result: SegmentResult) -> tuple[Any, ...]:
    rows = list(map(tuple, result.chunks))
    return (
        rows,
        result.number,
        result.units_seen,
        result.units_with_text,
        result.units_failed,
        result.chars,
        result.seconds,
        result.warnings,
    )


def _unpack_result(rows: list[tuple[Any, ...]], number: int, *rest: Any) -> SegmentResult:
    return SegmentResult(number, list(map(_new_row, rows)), *rest)
