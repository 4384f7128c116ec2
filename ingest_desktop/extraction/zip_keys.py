"""Members of ZIP archives behind a password: the old cipher of PKZIP, and AES as WinZip and 7-Zip use it.

A password never leaves this room but as the key of what it opens.
"""

import hashlib
import hmac
import zlib
from collections.abc import Callable, Sequence
from typing import Final

from ingest_desktop.extraction.unpacking import Bounded

OLD_HEADER_BYTES: Final = 12
_ROUNDS: Final = 1000
MAC_BYTES: Final = 10
_BLOCK: Final = 16
_CRC_TABLE: Final = tuple(zlib.crc32(bytes((value ^ 0xFF,))) ^ 0xFF000000 for value in range(256))
_START: Final = (0x12345678, 0x23456789, 0x34567890)


class OldCipher:
    """The cipher of PKZIP: weak and, in Python, slow (about 1 MB a second)."""

    def __init__(self, password: bytes) -> None:
        self._keys = _START
        for value in password:
            self._keys = _mixed(self._keys, value)

    def decrypted(self, data: bytes) -> bytes:
        """The next bytes."""
        table, (first, second, third) = _CRC_TABLE, self._keys
        out = bytearray(len(data))
        for place, value in enumerate(data):
            mask = third | 2
            value ^= ((mask * (mask ^ 1)) >> 8) & 0xFF
            out[place] = value
            first = (first >> 8) ^ table[(first ^ value) & 0xFF]
            second = ((second + (first & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
            third = (third >> 8) ^ table[(third ^ (second >> 24)) & 0xFF]
        self._keys = first, second, third
        return bytes(out)


class OldStream:
    """A member behind the old cipher."""

    def __init__(self, stream: Bounded, cipher: OldCipher) -> None:
        self._stream, self._cipher = stream, cipher

    def read(self, count: int) -> bytes:
        """Up to so many bytes; none at the end."""
        return self._cipher.decrypted(self._stream.read(count))

    def is_whole(self) -> bool:
        """It cannot tell; the checksum of what comes out does."""
        return True


class AesStream:
    """A member behind AES in counter mode, with a code at its end that tells whether it is as it was made."""

    def __init__(self, stream: Bounded, key: bytes, mac_key: bytes, length: int) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        self._stream, self._left = stream, length
        self._block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        self._mac = hmac.new(mac_key, digestmod=hashlib.sha1)
        self._count = 0  # blocks so far
        self._rest = b""  # of the key stream

    def read(self, count: int) -> bytes:
        """Up to so many bytes; none at the end."""
        data = self._stream.read(min(count, self._left))
        self._left -= len(data)
        self._mac.update(data)
        key = self._key_stream(len(data))
        return (int.from_bytes(data, "little") ^ int.from_bytes(key, "little")).to_bytes(len(data), "little")

    def is_whole(self) -> bool:
        """Whether it is as it was made; to be asked at its end."""
        while self._left and self.read(65536):
            pass
        return hmac.compare_digest(self._mac.digest()[:MAC_BYTES], self._stream.read(MAC_BYTES))

    def _key_stream(self, count: int) -> bytes:
        missing = count - len(self._rest)
        if missing > 0:
            blocks = -(-missing // _BLOCK)
            numbers = range(self._count + 1, self._count + blocks + 1)
            self._count += blocks
            self._rest += self._block.update(b"".join([number.to_bytes(_BLOCK, "little") for number in numbers]))
        key, self._rest = self._rest[:count], self._rest[count:]
        return key


class Keys:
    """The passwords that a person gave for an archive, the one that fitted last tried first."""

    def __init__(self, passwords: Sequence[str]) -> None:
        self._passwords = list(dict.fromkeys(form for password in passwords for form in _forms(password)))
        self._sure: set[bytes] = set()  # those that opened a member to its end

    def __bool__(self) -> bool:
        return bool(self._passwords)

    def __repr__(self) -> str:
        return f"Keys({len(self._passwords)})"

    def old(self, header: bytes, check: int, proof: Callable[[bytes], bool]) -> bytes | None:
        """The password of a member behind the old cipher, or None.

        Args:
            header: Its first 12 bytes.
            check: What the last of them is; one in 256 wrong passwords gives that, too.
            proof: Opens the member with a password, and tells whether it is the right one.
        """
        for password in list(self._passwords):
            if OldCipher(password).decrypted(header)[-1:] == bytes((check,)) and (
                password in self._sure or proof(password)
            ):
                self._fits(password)
                return password
        return None

    def aes(self, salt: bytes, verifier: bytes, key_bytes: int) -> tuple[bytes, bytes] | None:
        """The keys of a member behind AES, for its cipher and for the code at its end; None when no password fits."""
        for password in list(self._passwords):
            made = hashlib.pbkdf2_hmac("sha1", password, salt, _ROUNDS, 2 * key_bytes + 2)
            if made[-2:] == verifier:
                self._fits(password)
                return made[:key_bytes], made[key_bytes : 2 * key_bytes]
        return None

    def _fits(self, password: bytes) -> None:
        self._sure.add(password)
        if self._passwords[0] != password:
            self._passwords.remove(password)
            self._passwords.insert(0, password)


def _forms(password: str) -> list[bytes]:
    """A password as programs write it: in UTF-8, or in the code page of its system."""
    found = []
    for encoding in ("utf-8", "cp437", "cp1252"):
        try:
            found.append(password.encode(encoding))
        except UnicodeEncodeError:
            continue
    return found if password else []


def _mixed(keys: tuple[int, int, int], value: int) -> tuple[int, int, int]:
    """The keys of the old cipher after one more byte."""
    first, second, third = keys
    first = (first >> 8) ^ _CRC_TABLE[(first ^ value) & 0xFF]
    second = ((second + (first & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
    third = (third >> 8) ^ _CRC_TABLE[(third ^ (second >> 24)) & 0xFF]
    return first, second, third
