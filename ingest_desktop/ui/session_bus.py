"""As much D-Bus as a notification needs, on a plain socket: Qt's own binding for Python cannot send its numbers.

A notification that goes to the desktop by itself reaches people whose desktop has no tray, and is replaced in
place instead of piling up. Every call blocks: use it from one service thread. Only Linux desktops have such a bus.
"""

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

CALL, REPLY, ERROR, SIGNAL = 1, 2, 3, 4
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_TO, DESTINATION, SENDER, SIGNATURE = range(1, 9)
MOST_BYTES = 1024 * 1024  # of a message for us; a longer one is nonsense
_FIXED = {"y": "<B", "b": "<I", "i": "<i", "u": "<I", "n": "<h", "q": "<H", "x": "<q", "t": "<Q", "d": "<d"}
_ALIGNED = {"s": 4, "o": 4, "a": 4, "g": 1, "v": 1, "(": 8, "{": 8}


class BusError(Exception):
    """The bus is not there, does not answer, or refused a call."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: what kind, its header fields by number, its arguments."""

    kind: int
    serial: int
    fields: dict[int, Any]
    arguments: list[Any] = field(default_factory=list)


# reading and writing values -----------------------------------------------------------------------


def types_of(signature: str) -> list[str]:
    """The single complete types of a signature: "sa{sv}u" is "s", "a{sv}", "u"."""
    found, start = [], 0
    while start < len(signature):
        end = _end_of_type(signature, start)
        found.append(signature[start:end])
        start = end
    return found


def _end_of_type(signature: str, at: int) -> int:
    if signature[at] == "a":
        return _end_of_type(signature, at + 1)
    closing = {"(": ")", "{": "}"}.get(signature[at])
    if closing is None:
        return at + 1
    at += 1
    while signature[at] != closing:
        at = _end_of_type(signature, at)
    return at + 1


def _alignment(kind: str) -> int:
    return struct.calcsize(_FIXED[kind]) if kind in _FIXED else _ALIGNED[kind[0]]


class Writer:
    """Lays values out as the bus wants them: little-endian, each aligned to its size."""

    def __init__(self) -> None:
        self.data = bytearray()

    def pad(self, size: int) -> None:
        """Go on at a multiple of ``size`` bytes."""
        self.data += bytes(-len(self.data) % size)

    def put(self, kind: str, value: Any) -> None:
        """Write a value of a single complete type; a variant is a pair of type and value."""
        self.pad(_alignment(kind))
        if kind in _FIXED:
            self.data += struct.pack(_FIXED[kind], value)
        elif kind in "so":
            text = value.encode("utf-8", "replace")
            self.data += struct.pack("<I", len(text)) + text + b"\0"
        elif kind == "g":
            self.data += bytes([len(value)]) + value.encode("ascii") + b"\0"
        elif kind == "v":
            self.put("g", value[0])
            self.put(*value)
        elif kind[0] == "a":
            self._put_array(kind[1:], value.items() if isinstance(value, dict) else value)
        else:
            for part, item in zip(types_of(kind[1:-1]), value, strict=True):
                self.put(part, item)

    def _put_array(self, kind: str, items: Any) -> None:
        place = len(self.data)
        self.data += bytes(4)
        self.pad(_alignment(kind))
        start = len(self.data)
        for item in items:
            self.put(kind, item)
        struct.pack_into("<I", self.data, place, len(self.data) - start)


class Reader:
    """Reads values that are laid out so."""

    def __init__(self, data: bytes, order: str = "<") -> None:
        self._data, self._order, self.at = data, order, 0

    def pad(self, size: int) -> None:
        """Go on at a multiple of ``size`` bytes."""
        self.at += -self.at % size

    def _fixed(self, shape: str) -> Any:
        (value,) = struct.unpack_from(self._order + shape[1], self._data, self.at)
        self.at += struct.calcsize(shape)
        return value

    def take(self, kind: str) -> Any:
        """Read a value of a single complete type. Raises ``BusError`` for nonsense."""
        try:
            return self._take(kind)
        except (struct.error, IndexError, KeyError, UnicodeError, RecursionError) as error:
            raise BusError(f"The bus sent nonsense: {error}") from None

    def _take(self, kind: str) -> Any:
        self.pad(_alignment(kind))
        if kind in _FIXED:
            return self._fixed(_FIXED[kind])
        if kind in "sog":
            size = self._fixed("<B" if kind == "g" else "<I")
            text = self._data[self.at : self.at + size].decode()
            self.at += size + 1
            return text
        if kind == "v":
            return self._take(self._take("g"))
        if kind[0] == "a":
            return self._array(kind[1:])
        return tuple(self._take(part) for part in types_of(kind[1:-1]))

    def _array(self, kind: str) -> Any:
        size = self._fixed("<I")
        self.pad(_alignment(kind))
        end, items = self.at + size, []
        if end > len(self._data):
            raise BusError("The bus sent nonsense: an array beyond its message.")
        while self.at < end:
            items.append(self._take(kind))
        return dict(items) if kind[0] == "{" else items


def packed(message: Message, signature: str) -> bytes:
    """A message as it goes over the bus."""
    body, head = Writer(), Writer()
    for kind, value in zip(types_of(signature), message.arguments, strict=True):
        body.put(kind, value)
    shapes = {PATH: "o", SIGNATURE: "g", REPLY_TO: "u"}
    fields = {**message.fields, **({SIGNATURE: signature} if signature else {})}
    head.data += struct.pack("<cBBBII", b"l", message.kind, 0, 1, len(body.data), message.serial)
    head.put("a(yv)", [(number, (shapes.get(number, "s"), value)) for number, value in fields.items()])
    head.pad(8)
    return bytes(head.data + body.data)


def unpacked(data: bytes) -> tuple[Message, int] | None:
    """The first message in what was received, and how many bytes it took; None while it is not complete."""
    if len(data) < 16:
        return None
    order = "<" if data[:1] == b"l" else ">"
    body_size, serial, fields_size = struct.unpack_from(f"{order}III", data, 4)
    start = 16 + fields_size + -fields_size % 8
    if start + body_size > MOST_BYTES:
        raise BusError("The bus sent a message that is too long.")
    if len(data) < start + body_size:
        return None
    head = Reader(data[:start], order)
    head.at = 12
    fields = dict(head.take("a(yv)"))
    body = Reader(data[start : start + body_size], order)
    arguments = [body.take(kind) for kind in types_of(fields.get(SIGNATURE, ""))]
    return Message(data[1], serial, fields, arguments), start + body_size


# the connection -------------------------------------------------------------------------------------


def addresses(text: str) -> Iterator[str]:
    """Where the sockets of a bus are, from its address; abstract ones begin with a zero."""
    for one in text.split(";"):
        transport, _, rest = one.partition(":")
        options = dict(pair.partition("=")[::2] for pair in rest.split(","))
        if transport == "unix" and "path" in options:
            yield unquote(options["path"])
        elif transport == "unix" and "abstract" in options:
            yield "\0" + unquote(options["abstract"])


def session_address() -> str:
    """The address of the bus of this session; empty when there is none."""
    told = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    usual = os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), "bus")
    return told or (f"unix:path={usual}" if os.path.isabs(usual) and os.path.exists(usual) else "")


class SessionBus:
    """A connection to a bus. One thread at a time; every call blocks for ``timeout`` seconds at most.

    Raises:
        BusError: from every call, when the bus is not there, does not answer or refuses.
    """

    def __init__(self, address: str, timeout: float = 3.0) -> None:
        self._serial = 0
        self._received = b""
        self.signals: list[Message] = []
        self._socket = self._connect(address, timeout)
        try:
            self._greet()
            self.name: str = self.call(
                "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello"
            )[0]
        except BusError:
            self.close()
            raise

    @staticmethod
    def _connect(address: str, timeout: float) -> socket.socket:
        for place in addresses(address):
            found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            found.settimeout(timeout)
            try:
                found.connect(place)
            except OSError:
                found.close()
                continue
            return found
        raise BusError(f"There is no bus at {address!r}.")

    def _greet(self) -> None:
        """The bus asks the kernel who we are; we need only name the same user."""
        self._send(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        while b"\r\n" not in self._received:
            self._receive()
        answer, _, self._received = self._received.partition(b"\r\n")
        if not answer.startswith(b"OK "):
            raise BusError("The bus does not let us in.")
        self._send(b"BEGIN\r\n")

    def fileno(self) -> int:
        """The socket, to see when something has come."""
        return self._socket.fileno()

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise BusError(str(error)) from None

    def _receive(self) -> None:
        try:
            data = self._socket.recv(65_536)
        except OSError as error:
            raise BusError(str(error)) from None
        if not data:
            raise BusError("The bus is gone.")
        self._received += data

    def _next(self) -> Message:
        while (found := unpacked(self._received)) is None:
            self._receive()
        message, size = found
        self._received = self._received[size:]
        return message

    def call(
        self, destination: str, path: str, interface: str, member: str, signature: str = "", *arguments: Any
    ) -> list[Any]:
        """Call a method; what it answers."""
        self._serial += 1
        fields = {PATH: path, INTERFACE: interface, MEMBER: member, DESTINATION: destination}
        self._send(packed(Message(CALL, self._serial, fields, list(arguments)), signature))
        while True:
            message = self._next()
            if message.kind == SIGNAL:
                self.signals.append(message)
            elif message.fields.get(REPLY_TO) == self._serial:
                if message.kind == ERROR:
                    raise BusError(f"{message.fields.get(ERROR_NAME)}: {message.arguments[:1]}")
                return message.arguments

    def poll(self) -> list[Message]:
        """Signals that have come. Reads once from the socket: call it when there is something to read."""
        self._receive()
        while (found := unpacked(self._received)) is not None:
            message, size = found
            self._received = self._received[size:]
            if message.kind == SIGNAL:
                self.signals.append(message)
        told, self.signals = self.signals, []
        return told

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
