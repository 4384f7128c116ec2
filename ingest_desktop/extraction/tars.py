"""The entries of a tar archive, read forwards only: plain files, and what is to be skipped.

Understands the headers of old tar, ustar, GNU (long names, base-256 numbers) and pax (names, sizes), and the maps of
sparse files in the forms of GNU: the old one, and 0.0, 0.1 and 1.0 in pax. Links and devices are told, not followed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ingest_desktop.domain.errors import LimitExceeded
from ingest_desktop.domain.wire import ExtractOptions

BLOCK: Final = 512
_MOST_HEADER: Final = 1024 * 1024  # of the long names and attributes that stand before an entry
_MOST_NUMBER: Final = 1 << 62
_MOST_REGIONS: Final = 100_000  # of a sparse file
_ZEROS: Final = bytes(64 * 1024)
FILE, FOLDER, LINK, SPECIAL, SPARSE = "file", "folder", "link", "special", "sparse"
_KINDS: Final = {
    **dict.fromkeys((b"0", b"\0", b"7"), FILE),
    b"5": FOLDER,
    b"1": LINK,
    b"2": LINK,
    b"S": SPARSE,
}
CUT_OFF = "The archive ends in the middle."
DAMAGED = "A header in the archive is damaged; what stood there is missing."
NO_MAP = "It is a sparse file, and the map of what it holds is damaged or of a form that is not known here."


class Forward(Protocol):
    """Bytes that are read once."""

    def read(self, count: int, /) -> bytes: ...

    def skip(self, count: int, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry; its data come next in the stream.

    Attributes:
        size: Bytes of the file.
        start: Where its data begin, in bytes from the beginning of the archive.
        stored: Bytes of its data; fewer than ``size`` for a sparse file.
        regions: Of a sparse file: where its data belong, and how many bytes each; zeros are between.
    """

    name: str
    size: int
    kind: str
    start: int
    stored: int
    regions: tuple[tuple[int, int], ...] | None = None


class Source(Protocol):
    """Whatever gives bytes."""

    def read(self, count: int, /) -> bytes: ...


class Unfolded:
    """A sparse file as it was: its data where they belong, and zeros between."""

    def __init__(self, stream: Source, entry: Entry) -> None:
        self._stream, self._size, self._at = stream, entry.size, 0
        self._regions = list(reversed(entry.regions or ()))

    def read(self, count: int) -> bytes:
        """Some bytes, ``count`` at most; none at the end, or where the archive ends."""
        while self._regions and sum(self._regions[-1]) <= self._at:
            self._regions.pop()
        begin, length = self._regions[-1] if self._regions else (self._size, 0)
        if self._at < begin:
            data = _ZEROS[: min(count, begin - self._at)]
        else:
            data = self._stream.read(min(count, begin + length - self._at)) if length else b""
        self._at += len(data)
        return data


class Walk:
    """One way through an archive. Between two entries the caller may read up to ``size`` bytes by ``read``."""

    def __init__(self, stream: Forward, options: ExtractOptions) -> None:
        self._stream, self._options = stream, options
        self._at = 0
        self._left = 0  # bytes of the entry in hand that were not read, without what fills its last block
        self._fill = 0
        self.troubles: list[str] = []

    def entries(self) -> Iterator[Entry]:
        """The entries in their order; ends at the end of the archive, or where nothing more can be made of it.

        Raises:
            LimitExceeded: There are more than there may be.
        """
        count = zeros = 0
        notes: dict[str, str] = {}
        while True:
            header = self._next_header()
            if len(header) < BLOCK:
                if header.strip(b"\0"):
                    self._say(CUT_OFF)
                return
            if not header.strip(b"\0"):
                zeros += 1
                if zeros > 1:
                    return
                continue
            zeros = 0
            size = number(header[124:136])
            if not is_header(header) or size is None:
                self._say(DAMAGED)  # the next header that is sound is searched for, block by block
                continue
            kind = header[156:157]
            self._left, self._fill = size, -size % BLOCK
            if kind in b"LKxXg":
                self._take_notes(kind, size, notes)
                continue
            entry = self._entry(header, kind, size, notes)
            notes = {}
            count += 1
            if count > self._options.max_members:
                raise LimitExceeded(f"It holds more than {self._options.max_members:,} files (INGESTION_MAX_MEMBERS).")
            yield entry

    def read(self, count: int) -> bytes:
        """Bytes of the entry in hand: so many, fewer only at its end or where the archive ends."""
        wanted = min(count, self._left)
        data = self._stream.read(wanted) if wanted > 0 else b""
        self._left -= len(data)
        self._at += len(data)
        if len(data) < wanted:
            self._left = self._fill = 0
            self._say(CUT_OFF)
        return data

    def _next_header(self) -> bytes:
        over = self._left + self._fill
        if over:
            skipped = self._stream.skip(over)
            self._at += skipped
            if skipped < self._left:
                self._say(CUT_OFF)
            self._left = self._fill = 0
            if skipped < over:
                return b""
        header = self._stream.read(BLOCK)
        self._at += len(header)
        return header

    def _take_notes(self, kind: bytes, size: int, notes: dict[str, str]) -> None:
        """A long name or attributes that belong to the next entry."""
        if size > _MOST_HEADER:
            self._say(DAMAGED)
            return
        body = self.read(size)
        if kind == b"L":
            notes["path"] = text(body)
        elif kind in b"xX":
            notes.update(attributes(body))

    def _entry(self, header: bytes, kind: bytes, size: int, notes: dict[str, str]) -> Entry:
        given = notes.get("size", "")
        if given.isascii() and given.isdigit() and len(given) < 19:
            size = int(given)
            self._left, self._fill = size, -size % BLOCK
        name = notes.get("path") or _name(header)
        found = _KINDS.get(kind, SPECIAL)
        if found == FILE and name.endswith("/"):
            found = FOLDER
        if any(key.startswith("GNU.sparse.") for key in notes):
            name, found = notes.get("GNU.sparse.name", name), SPARSE
        if kind in b"123456" and not (kind == b"1" and given):  # whatever size they claim; pax may copy a hard link
            self._left = self._fill = 0
        if found != SPARSE:
            return Entry(name, self._left, found, self._at, self._left)
        numbers, real = self._old_map(header) if kind == b"S" else self._pax_map(notes)
        regions = regions_of(numbers, real, self._left)
        if regions is None or real is None:
            return Entry(name, self._left, SPARSE, self._at, self._left)
        return Entry(name, real, FILE, self._at, self._left, regions)

    def _old_map(self, header: bytes) -> tuple[list[int | None], int | None]:
        """The map of a sparse file in the old form of GNU, which goes on behind its header, and its size."""
        found = _numbers(header[386:482])
        more = header[482:483] != b"\0"
        while more:
            block = self._stream.read(BLOCK)
            self._at += len(block)
            more = len(block) == BLOCK and block[504:505] != b"\0"
            if len(found) <= 2 * _MOST_REGIONS:
                found += _numbers(block[:504])
        return found, number(header[483:495])

    def _pax_map(self, notes: Mapping[str, str]) -> tuple[list[int | None], int | None]:
        """The map of a sparse file that pax attributes tell of, and its size; of form 1.0 it stands before the data."""
        if "GNU.sparse.major" not in notes:
            told = notes.get("GNU.sparse.map", "")
            return [_decimal(part) for part in told.split(",") if told], _decimal(notes.get("GNU.sparse.size", ""))
        real = _decimal(notes.get("GNU.sparse.realsize", ""))
        if (notes["GNU.sparse.major"], notes.get("GNU.sparse.minor")) != ("1", "0"):
            return [None], real
        text_, wanted = b"", 1
        while text_.count(b"\n") < wanted:
            block = self.read(BLOCK)
            text_ += block
            if len(block) < BLOCK:
                return [None], real
            count = _decimal(text_.split(b"\n", 1)[0].decode("latin-1")) if b"\n" in text_ else 0
            if count is None or count > _MOST_REGIONS:
                return [None], real
            wanted = 1 + 2 * count
        return [_decimal(line.decode("latin-1")) for line in text_.split(b"\n")[1:wanted]], real

    def _say(self, trouble: str) -> None:
        if trouble not in self.troubles:
            self.troubles.append(trouble)


def regions_of(numbers: Sequence[int | None], size: int | None, stored: int) -> tuple[tuple[int, int], ...] | None:
    """The map of a sparse file, of places and lengths in turn; None when it makes no sense.

    Args:
        size: Of the file.
        stored: Bytes that the archive holds of it.
    """
    known = [value for value in numbers if value is not None]
    if size is None or len(known) < len(numbers) or len(known) % 2 or len(known) > 2 * _MOST_REGIONS:
        return None
    found = list(zip(known[::2], known[1::2], strict=True))
    end = 0
    for begin, length in found:
        if begin < end:
            return None
        end = begin + length
    if end > size or sum(length for _, length in found) > stored:
        return None
    return tuple((begin, length) for begin, length in found if length)


def _numbers(raw: bytes) -> list[int | None]:
    """The numbers of a map in the old form of GNU, twelve bytes each, up to the first pair that is not there."""
    found: list[int | None] = []
    for at in range(0, len(raw) - 23, 24):
        if not raw[at + 12]:
            break
        found += (number(raw[at : at + 12]), number(raw[at + 12 : at + 24]))
    return found


def _decimal(told: str) -> int | None:
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else None


def is_header(block: bytes) -> bool:
    """Whether these 512 bytes are the header of an entry: their sum is written in them."""
    if len(block) < BLOCK or not block[0]:
        return False
    given = number(block[148:156])
    if not given:
        return False
    fixed = block[:148] + b" " * 8 + block[156:BLOCK]
    total = sum(fixed)
    if given == total:
        return True
    return given == total - 256 * sum(1 for value in fixed if value > 127)  # some old programs took them as signed


def number(field: bytes) -> int | None:
    """A number of a header: octal digits, or for large ones the bytes themselves. None when it is neither."""
    if field[:1] == b"\x80":
        large = int.from_bytes(field[1:], "big")
        return large if large < _MOST_NUMBER else None
    digits = field.split(b"\0", 1)[0].strip()
    if not digits:
        return 0
    if digits.strip(b"01234567"):
        return None
    return int(digits, 8)


def attributes(body: bytes) -> dict[str, str]:
    """The pax attributes ``length key=value`` of a header, up to the first that makes no sense."""
    found: dict[str, str] = {}
    at = 0
    while at < len(body):
        space = body.find(b" ", at, at + 20)
        if space < 0 or not body[at:space].isdigit():
            break
        length = int(body[at:space])
        record = body[space + 1 : at + length]
        key, equals, value = record.partition(b"=")
        if not equals or at + length > len(body) or not record.endswith(b"\n"):
            break
        name, told = text(key), text(value[:-1])
        if name in ("GNU.sparse.offset", "GNU.sparse.numbytes"):  # each stands there for every region, in turn
            before = found.get("GNU.sparse.map")
            name, told = "GNU.sparse.map", told if before is None else f"{before},{told}"
        found[name] = told
        at += length
    return found


def text(raw: bytes) -> str:
    """A name: UTF-8, or else Latin-1, up to its first NUL."""
    raw = raw.split(b"\0", 1)[0]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _name(header: bytes) -> str:
    name = text(header[:100])
    if header[257:263] == b"ustar\0":
        prefix = text(header[345:500])
        return f"{prefix}/{name}" if prefix else name
    return name
