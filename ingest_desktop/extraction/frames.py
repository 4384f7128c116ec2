"""How a parent and its child talk: frames of a length and a body over two pipes. We write both ends.

Tasks go down as pickles. What comes up may have passed through a parser that a hostile file took over, so it is data
only: MessagePack, decoded into the very types of ``domain.wire`` and refused when it is anything else.
"""

import pickle
import re
import struct
from dataclasses import fields, is_dataclass, replace
from typing import Any, BinaryIO, Final, Protocol

import msgspec

from ingest_desktop.domain.wire import Extracted, Failed, Looked, Message, Ready, TaskDone, Unsettled, Working

_LENGTH: Final = struct.Struct("<Q")
_HEAD: Final = struct.Struct("<BQ")  # which type of message, and how long
MAX_FRAME_BYTES: Final = 4 * 1024**3
_TYPES: Final[tuple[type[Message], ...]] = (Looked, Extracted, Failed, Working, TaskDone, Unsettled, Ready)
_KIND: Final[dict[type, int]] = {kind: number for number, kind in enumerate(_TYPES)}
_HALVES: Final = re.compile("[\ud800-\udfff]")
_encode = msgspec.msgpack.Encoder().encode
_DECODERS: Final[list[msgspec.msgpack.Decoder[Message]]] = [msgspec.msgpack.Decoder(kind) for kind in _TYPES]


class _Writes(Protocol):
    def write(self, data: Any, /) -> Any: ...


class BadFrame(Exception):
    """What the child sent is no message."""


def write_frame(stream: _Writes, value: object) -> None:
    """Send one value to a child. The stream is not buffered, or the caller flushes.

    Raises:
        OSError: The other end is gone.
    """
    body = pickle.dumps(value, 5)
    stream.write(_LENGTH.pack(len(body)) + body)


def read_frame(stream: BinaryIO) -> Any:
    """The next value from the parent.

    Raises:
        EOFError: The other end closed, or died in the middle of a frame.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return pickle.loads(_exactly(stream, length))


def pack(message: Message) -> bytes:
    """A message as it travels to the parent.

    Raises:
        TypeError: A reader put something into it that does not belong there.
    """
    try:
        body = _encode(message)
    except UnicodeEncodeError:
        body = _encode(_clean(message))
    return _HEAD.pack(_KIND[type(message)], len(body)) + body


def read_message(stream: BinaryIO) -> Message:
    """The next message from a child.

    Raises:
        EOFError: The child closed its end, or died in the middle of a frame.
        BadFrame: What came is no message.
    """
    kind, length = _HEAD.unpack(_exactly(stream, _HEAD.size))
    if kind >= len(_DECODERS) or length > MAX_FRAME_BYTES:
        raise BadFrame("a frame with a broken head")
    try:
        message: Message = _DECODERS[kind].decode(_exactly(stream, length))
    except msgspec.MsgspecError as error:
        raise BadFrame(str(error)) from error
    return message


def _exactly(stream: BinaryIO, length: int) -> bytes:
    body = stream.read(length)
    if len(body) < length:
        raise EOFError
    return body


def _clean(value: Any) -> Any:
    """The value with U+FFFD for each half of a surrogate pair: broken documents have such text, UTF-8 has not."""
    if isinstance(value, str):
        return _HALVES.sub("\ufffd", value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _clean(getattr(value, field.name)) for field in fields(value)})
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        parts = [_clean(item) for item in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value
