"""7-Zip archives behind a password: the cipher is taken off, and the same archive without it is handed on.

The system's library reads 7-Zip archives but has no key for them. What is encrypted is AES, one of the steps by which a
folder (a run of members packed together) is made. This room opens it and writes the archive anew, in memory, with that
step left out. Nothing that is written in the archive is believed: all places and sizes are checked.
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass, replace
from typing import Final

MARK: Final = b"7z\xbc\xaf\x27\x1c"
_START_BYTES: Final = 32
_END, _HEADER, _STREAMS, _PACKED, _FOLDERS, _SIZES, _SUMS, _FOLDER, _UNPACK_SIZES, _WRAPPED = (
    0, 1, 4, 6, 7, 9, 10, 11, 12, 0x17
)  # fmt: skip
_AES, _COPY, _LZMA, _LZMA2 = b"\x06\xf1\x07\x01", b"\0", b"\x03\x01\x01", b"\x21"
_MOST_ROUNDS: Final = 24  # as a power of two; 7-Zip takes 19
_MOST_PARTS: Final = 4096
_MOST_HEADER: Final = 64 * 1024 * 1024  # bytes that a directory may unpack to
_BATCH: Final = 4096  # rounds that are digested at once


class Strange(Exception):
    """It is damaged, or made in a way that is not known here."""


@dataclass(frozen=True, slots=True)
class _Coder:
    """One step of making a folder; the first one done when unpacking is the last of the chain."""

    method: bytes
    properties: bytes | None
    size: int = 0  # of what it unpacks to

    def written(self) -> bytes:
        flags = len(self.method) | (0x20 if self.properties is not None else 0)
        told = b"" if self.properties is None else _number(len(self.properties)) + self.properties
        return bytes((flags,)) + self.method + told


@dataclass(frozen=True, slots=True)
class _Folder:
    """Coders that each take what another gives; ``binds``: (who takes, who gives)."""

    coders: tuple[_Coder, ...]
    binds: tuple[tuple[int, int], ...]
    crc: int | None = None

    @property
    def cipher(self) -> int | None:
        """Which coder is AES; None when none is."""
        return next((place for place, coder in enumerate(self.coders) if coder.method == _AES), None)


@dataclass(frozen=True, slots=True)
class _Streams:
    """Where folders lie, as one part of a directory tells: from which byte on, how long each is, and how it is made."""

    at: int
    sizes: tuple[int, ...]
    folders: tuple[_Folder, ...]


class _Bytes:
    """A directory, read forwards."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise Strange
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        first, value = self.byte(), 0
        for place in range(8):
            if not first & (0x80 >> place):
                return value + ((first & (0x7F >> place)) << (8 * place))
            value |= self.byte() << (8 * place)
        return value

    def count(self) -> int:
        found = self.number()
        if found > _MOST_PARTS:
            raise Strange
        return found

    def sums(self, count: int) -> list[int | None]:
        if self.byte():
            stated = [True] * count
        else:
            bits = self.take((count + 7) // 8)
            stated = [bool(bits[place // 8] & (0x80 >> place % 8)) for place in range(count)]
        return [struct.unpack("<I", self.take(4))[0] if has else None for has in stated]


def without_cipher(data: bytes, passwords: tuple[str, ...]) -> bytes | None:
    """The same archive without its password; None when none of the passwords fits, or nothing in it is encrypted.

    Args:
        data: A whole archive.
        passwords: Tried in order.
    """
    for password in passwords:
        try:
            return _opened(data, _Keys(password))
        except (Strange, struct.error, IndexError, ValueError):
            continue
    return None


def _opened(data: bytes, keys: "_Keys") -> bytes:
    directory = _directory(data, keys)
    source = _Bytes(directory)
    if source.byte() != _HEADER or source.byte() != _STREAMS:
        raise Strange
    streams = _streams(source)
    if len(streams.sizes) != len(streams.folders):
        raise Strange  # a folder of several streams (BCJ2)
    body, folders = [], []
    place = _START_BYTES + streams.at
    for size, folder in zip(streams.sizes, streams.folders, strict=True):
        packed = _piece(data, place, size)
        place += size
        if folder.cipher is not None:
            packed, folder = _uncovered(packed, folder, keys)
        body.append(packed)
        folders.append(folder)
    if not keys.used:
        raise Strange
    header = bytes((_HEADER, _STREAMS)) + _written(body, folders) + directory[source.at :]
    return _archive(b"".join(body), header)


def _directory(data: bytes, keys: "_Keys") -> bytes:
    """The directory of an archive, out of its packing and its cipher."""
    if len(data) < _START_BYTES or not data.startswith(MARK):
        raise Strange
    at, length = struct.unpack_from("<QQ", data, 12)
    found = _piece(data, _START_BYTES + at, length)
    for _ in range(4):
        if not found or found[0] != _WRAPPED:
            break
        source = _Bytes(found)
        source.byte()
        streams = _streams(source)
        if len(streams.folders) != 1 or len(streams.sizes) != 1:
            raise Strange
        packed, folder = _piece(data, _START_BYTES + streams.at, streams.sizes[0]), streams.folders[0]
        if folder.cipher is not None:
            packed, folder = _uncovered(packed, folder, keys)
        found = _unpacked(packed, folder)
        if folder.crc is not None and zlib.crc32(found) != folder.crc:
            raise Strange
    return found


def _piece(data: bytes, place: int, size: int) -> bytes:
    if place < 0 or place + size > len(data):
        raise Strange
    return data[place : place + size]


def _streams(source: _Bytes) -> _Streams:
    """What is told of packed streams and folders, up to what follows them."""
    if source.byte() != _PACKED:
        raise Strange
    at, count = source.number(), source.count()
    sizes: tuple[int, ...] = ()
    while (mark := source.byte()) != _END:
        if mark == _SIZES:
            sizes = tuple(source.number() for _ in range(count))
        elif mark == _SUMS:
            source.sums(count)
        else:
            raise Strange
    if source.byte() != _FOLDERS or source.byte() != _FOLDER:
        raise Strange
    folder_count = source.count()
    if source.byte():  # told elsewhere
        raise Strange
    folders = [_folder(source) for _ in range(folder_count)]
    if source.byte() != _UNPACK_SIZES:
        raise Strange
    folders = [
        replace(folder, coders=tuple(replace(coder, size=source.number()) for coder in folder.coders))
        for folder in folders
    ]
    while (mark := source.byte()) != _END:
        if mark != _SUMS:
            raise Strange
        folders = [replace(folder, crc=crc) for folder, crc in zip(folders, source.sums(folder_count), strict=True)]
    return _Streams(at, sizes, tuple(folders))


def _folder(source: _Bytes) -> _Folder:
    coders = []
    count = source.number()
    if not 0 < count <= 4:
        raise Strange
    for _ in range(count):
        flags = source.byte()
        if flags & 0xD0:  # of several streams, or of another kind
            raise Strange
        method = source.take(flags & 0x0F)
        coders.append(_Coder(method, source.take(source.number()) if flags & 0x20 else None))
    return _Folder(tuple(coders), tuple((source.number(), source.number()) for _ in range(count - 1)))


def _uncovered(packed: bytes, folder: _Folder, keys: "_Keys") -> tuple[bytes, _Folder]:
    """A folder's stream without its cipher, and the folder without that step.

    Raises:
        Strange: The key does not fit, or the cipher is not what comes first.
    """
    number = folder.cipher
    assert number is not None
    coder = folder.coders[number]
    if any(taker == number for taker, _ in folder.binds):
        raise Strange
    plain = keys.opened(packed, coder.properties or b"")
    plain, padding = plain[: coder.size], plain[coder.size :]
    if len(plain) < coder.size or any(padding):
        raise Strange
    if len(folder.coders) == 1:
        return plain, replace(folder, coders=(_Coder(_COPY, None, coder.size),))
    following = next((taker for taker, giver in folder.binds if giver == number), None)
    if following is None:
        raise Strange
    first = folder.coders[following].method
    if (first == _LZMA and plain[:1] != b"\0") or (first == _LZMA2 and plain[-1:] != b"\0"):
        raise Strange  # a stream of the one begins, one of the other ends like this
    binds = [bind for bind in folder.binds if number not in bind]
    shifted = tuple((taker - (taker > number), giver - (giver > number)) for taker, giver in binds)
    return plain, replace(folder, coders=folder.coders[:number] + folder.coders[number + 1 :], binds=shifted)


def _unpacked(packed: bytes, folder: _Folder) -> bytes:
    """What a directory's folder holds: such are packed with LZMA, or not at all."""
    import lzma

    coder = folder.coders[0]
    if len(folder.coders) != 1 or coder.size > _MOST_HEADER:
        raise Strange
    if coder.method == _COPY:
        return packed[: coder.size]
    properties = coder.properties or b""
    if coder.method != _LZMA or len(properties) != 5 or properties[0] >= 225:
        raise Strange
    rest, literal = divmod(properties[0], 9)
    position_bits, literal_position = divmod(rest, 5)
    size = int.from_bytes(properties[1:], "little")
    wanted = {
        "id": lzma.FILTER_LZMA1,
        "lc": literal,
        "lp": literal_position,
        "pb": position_bits,
        "dict_size": max(4096, min(size, _MOST_HEADER)),
    }
    try:
        found = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[wanted]).decompress(packed, coder.size)
    except lzma.LZMAError as error:
        raise Strange from error
    if len(found) != coder.size:
        raise Strange
    return found


def _written(body: list[bytes], folders: list[_Folder]) -> bytes:
    """What is told of packed streams and folders, anew."""
    parts = [bytes((_PACKED,)), _number(0), _number(len(body)), bytes((_SIZES,))]
    parts += [_number(len(stream)) for stream in body]
    parts += [bytes((_END, _FOLDERS, _FOLDER)), _number(len(folders)), b"\0"]
    for folder in folders:
        parts += [_number(len(folder.coders)), *(coder.written() for coder in folder.coders)]
        parts += [_number(taker) + _number(giver) for taker, giver in folder.binds]
    parts.append(bytes((_UNPACK_SIZES,)))
    parts += [_number(coder.size) for folder in folders for coder in folder.coders]
    if any(folder.crc is not None for folder in folders):
        bits = bytearray((len(folders) + 7) // 8)
        for place, folder in enumerate(folders):
            bits[place // 8] |= (0x80 >> place % 8) if folder.crc is not None else 0
        parts += [bytes((_SUMS, 0)), bytes(bits)]
        parts += [struct.pack("<I", folder.crc) for folder in folders if folder.crc is not None]
    return b"".join((*parts, bytes((_END,))))


def _archive(body: bytes, header: bytes) -> bytes:
    start = struct.pack("<QQI", len(body), len(header), zlib.crc32(header))
    return MARK + b"\0\4" + struct.pack("<I", zlib.crc32(start)) + start + body + header


def _number(value: int) -> bytes:
    """A number as the format writes it: the first byte tells how many follow."""
    for extra in range(8):
        if value < 1 << (7 * (extra + 1)):
            first = (0xFF00 >> extra) & 0xFF | value >> (8 * extra)
            return bytes((first,)) + (value & ((1 << (8 * extra)) - 1)).to_bytes(extra, "little")
    return b"\xff" + value.to_bytes(8, "little")


class _Keys:
    """The keys that a password makes."""

    def __init__(self, password: str) -> None:
        self._password = password.encode("utf-16-le", "surrogatepass")
        self._made: dict[tuple[bytes, int], bytes] = {}

    @property
    def used(self) -> bool:
        """Whether there was anything to open."""
        return bool(self._made)

    def opened(self, packed: bytes, properties: bytes) -> bytes:
        """A stream without its cipher, with what was filled up behind it."""
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        source = _Bytes(properties)
        first = source.byte()
        second = source.byte() if first & 0xC0 else 0
        salt = source.take((first >> 7 & 1) + (second >> 4))
        vector = source.take((first >> 6 & 1) + (second & 15)).ljust(16, b"\0")
        if len(packed) % 16 or len(vector) != 16:
            raise Strange
        opener = Cipher(algorithms.AES(self._key(salt, first & 0x3F)), modes.CBC(vector)).decryptor()
        return opener.update(packed) + opener.finalize()

    def _key(self, salt: bytes, power: int) -> bytes:
        known = self._made.get((salt, power))
        if known is None:
            known = self._made[salt, power] = self._derived(salt, power)
        return known

    def _derived(self, salt: bytes, power: int) -> bytes:
        own = salt + self._password
        if power == 0x3F:
            return own[:32].ljust(32, b"\0")
        if power > _MOST_ROUNDS:
            raise Strange
        digest, rounds = hashlib.sha256(), 1 << power
        for start in range(0, rounds, _BATCH):
            stop = min(start + _BATCH, rounds)
            digest.update(b"".join([own + number.to_bytes(8, "little") for number in range(start, stop)]))
        return digest.digest()
