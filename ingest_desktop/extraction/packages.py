"""Zip packages (Office Open XML, OpenDocument, EPUB): opened and unpacked under limits, their XML read without entities.

What the directory of a package claims is checked before anything is unpacked; what comes out is counted while it comes.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, Final

from ingest_desktop.domain.errors import LimitExceeded, SourceEncrypted, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import allowance

if TYPE_CHECKING:
    from types import TracebackType

CORE: Final = "docProps/core.xml"
_RATIO_BYTES = 8 * 1024 * 1024  # what unpacks to less is never called a bomb
_STEP_BYTES = 256 * 1024
_MOST_DEFLATED = 1040  # bytes out of one byte of deflated data, at the very most
_XML_HEAD_BYTES = 64 * 1024
_FIELD = re.compile(
    rb"<(?:dc|cp|dcterms|meta):(title|creator|subject|keywords|created|modified)\b[^>]*>([^<]{1,2000})<"
)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, KeyError, OSError)


class Package:
    """One open package. Names of members are data; a leading slash or a backslash in them is forgiven.

    Args:
        source: The file; a large one is not read into memory.
        options: ``max_members``, ``max_expanded_bytes`` and ``max_ratio`` are kept.
        called: What people call it, with its article: ``a Word document``.

    Raises:
        SourceMalformed: It is damaged or incomplete.
        SourceEncrypted: It asks for a password.
        LimitExceeded: It claims to hold too much.
    """

    def __init__(self, source: SourceFile, options: ExtractOptions, called: str) -> None:
        self._options, self._called = options, called
        self._out: dict[str, int] = {}  # bytes that came out of each member, at most at once
        self._total = 0
        stream = source.open() if source.data is None else io.BytesIO(source.data)
        try:
            self._archive = zipfile.ZipFile(stream)
        except _BROKEN as error:
            stream.close()
            if isinstance(error, OSError):
                raise
            raise SourceMalformed(f"The file begins like {called} but is damaged or incomplete.") from error
        self._stream = stream
        try:
            self._check(source)
        except BaseException:
            self.close()
            raise
        self._members = {member.filename: member for member in self._archive.infolist()}
        self._alike = {_plain(name): name for name in reversed(self._members)}

    def __enter__(self) -> "Package":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._archive.close()
        self._stream.close()

    @property
    def names(self) -> list[str]:
        """The names of all members, in the order of the directory."""
        return list(self._members)

    def find(self, name: str) -> str | None:
        """The member of this name as it is really written: producers differ in case and slashes."""
        return name if name in self._members else self._alike.get(_plain(name))

    def __contains__(self, name: str) -> bool:
        return self.find(name) is not None

    def size(self, name: str) -> int:
        """The bytes a member claims to unpack to; 0 when there is none."""
        found = self.find(name)
        return self._members[found].file_size if found is not None else 0

    def read(self, name: str, most: int | None = None) -> bytes:
        """All bytes of a member, or its first ``most``.

        Raises:
            SourceMalformed: There is no such member, or it is damaged.
            LimitExceeded: All that was unpacked of this package together is too much.
        """
        with self.open(name) as stream:
            return stream.read() if most is None else stream.read(most)

    def open(self, name: str) -> "Member":
        """A member as a stream of bytes. Errors of ``read`` come while it is read."""
        found = self.find(name)
        if found is None:
            raise SourceMalformed(f"A part of {self._called} is missing: {name[:200]}.")
        try:
            return Member(self, self._archive.open(self._members[found]), found)
        except _BROKEN as error:
            raise self._damaged(found) from error

    def verify(self) -> None:
        """Unpack all members once, and keep nothing: for parsers that would believe what the directory claims.

        Raises:
            LimitExceeded: More comes out than may.
        """
        packed = sum(member.compress_size for member in self._members.values())
        if packed * _MOST_DEFLATED <= self._options.max_expanded_bytes:
            return
        total = 0
        for member in self._members.values():
            for count in self._inflated(member):
                total += count
                if total > self._options.max_expanded_bytes:
                    raise self._too_much()

    def took(self, name: str, count: int) -> None:
        """Count the bytes that have come out of a member, those of a second reading only once; called by ``Member``."""
        before = self._out.get(name, 0)
        if count > before:
            self._out[name] = count
            self._total += count - before
            if self._total > self._options.max_expanded_bytes:
                raise self._too_much()

    def _damaged(self, name: str) -> SourceMalformed:
        return SourceMalformed(f"A part of {self._called} is damaged: {name[:200]}.")

    def _too_much(self) -> LimitExceeded:
        return LimitExceeded(
            f"It unpacks to more than {self._options.max_expanded_bytes:,} bytes (INGESTION_MAX_EXPANDED_BYTES)."
        )

    def _check(self, source: SourceFile) -> None:
        """What the directory claims."""
        members, options = self._archive.infolist(), self._options
        if len(members) > options.max_members:
            raise LimitExceeded(
                f"It is made of {len(members):,} parts; the limit is {options.max_members:,} (INGESTION_MAX_MEMBERS)."
            )
        if any(member.flag_bits & 1 for member in members):
            raise SourceEncrypted("The document is protected by a password.")
        expanded = sum(member.file_size for member in members)
        if expanded > options.max_expanded_bytes:
            raise LimitExceeded(
                f"It unpacks to {expanded:,} bytes; the limit is {options.max_expanded_bytes:,} "
                "(INGESTION_MAX_EXPANDED_BYTES)."
            )
        for member in members:
            if member.file_size > max(_RATIO_BYTES, options.max_ratio * member.compress_size):
                raise LimitExceeded(
                    f"One of its parts unpacks to more than {options.max_ratio:,} times its size (INGESTION_MAX_RATIO)."
                )
        allowance.package(source.data if source.inner else None, expanded, options)

    def _inflated(self, member: zipfile.ZipInfo) -> Iterator[int]:
        """How many bytes come out of a member, step by step, whatever its entry claims."""
        if member.compress_type == zipfile.ZIP_STORED:
            yield member.compress_size
            return
        if member.compress_type != zipfile.ZIP_DEFLATED:
            yield member.file_size
            return
        stream = self._stream
        try:
            stream.seek(member.header_offset + 26)
            lengths = stream.read(4)
            stream.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), io.SEEK_CUR)
            left, unpacker = member.compress_size, zlib.decompressobj(-15)
            while left > 0 and not unpacker.eof:
                data = stream.read(min(left, _STEP_BYTES))
                if not data:
                    return
                left -= len(data)
                while data:
                    yield len(unpacker.decompress(data, 4 * _STEP_BYTES))
                    data = unpacker.unconsumed_tail
        except (zlib.error, ValueError):
            return  # damaged: the parser will say so


class Member(io.RawIOBase):
    """A member while it is unpacked: counts, and turns what zip and deflate may raise into our errors."""

    def __init__(self, package: Package, stream: IO[bytes], name: str) -> None:
        super().__init__()
        self._package, self._inner, self._name = package, stream, name
        self._count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Bytes, up to ``size``; all that is left when it is negative."""
        if size is None or size < 0:
            parts = []
            while part := self._step(_STEP_BYTES):
                parts.append(part)
            return b"".join(parts)
        return self._step(size)

    def readinto(self, buffer: Any, /) -> int:
        """As every raw stream."""
        data = self._step(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the member; the package stays open."""
        self._inner.close()
        super().close()

    def _step(self, size: int) -> bytes:
        try:
            data = self._inner.read(size)
        except _BROKEN as error:
            raise self._package._damaged(self._name) from error
        self._count += len(data)
        self._package.took(self._name, self._count)
        return data


def core_properties(package: Package, name: str = CORE) -> dict[str, str]:
    """Title, author and so on as the package states them; nothing when they cannot be read."""
    import html

    try:
        data = package.read(name, 256 * 1024)
    except SourceMalformed:
        return {}
    found: dict[str, str] = {}
    for key, value in _FIELD.findall(data):
        text = " ".join(html.unescape(value.decode("utf-8", "replace")).split())[:500]
        if text:
            found.setdefault(key.decode("ascii"), text)
    return found


def xml_root(package: Package, name: str) -> Any:
    """The root element of an XML part, as lxml has it.

    Raises:
        SourceMalformed: The part is missing, damaged or declares entities.
    """
    from lxml import etree

    data = package.read(name)
    refuse_entities(data)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SourceMalformed(f"A part of the document is no proper XML: {name[:200]}.") from error


def xml_events(
    package: Package, name: str, events: tuple[str, ...] = ("start", "end"), tags: tuple[str, ...] | None = None
) -> Iterator[tuple[str, Any]]:
    """The events of an XML part while it is unpacked; the caller clears the elements it is done with.

    Args:
        package: The package.
        name: Of the part.
        events: Which ones.
        tags: Of these elements only, ``{*}name``; None: of all.

    Raises:
        SourceMalformed: The part is missing, damaged or declares entities. Events before it stand.
    """
    from lxml import etree

    with package.open(name) as head:
        refuse_entities(head.read(_XML_HEAD_BYTES))
    with package.open(name) as stream:
        try:
            yield from etree.iterparse(
                stream,
                events=events,
                tag=tags,
                resolve_entities=False,
                no_network=True,
                huge_tree=False,
                load_dtd=False,
                remove_comments=True,
                remove_pis=True,
            )
        except (etree.XMLSyntaxError, ValueError) as error:
            raise SourceMalformed(f"A part of the document is no proper XML: {name[:200]}.") from error


def relations(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """What a part of an Office Open XML package points to: id to (the last word of its type, the member's name)."""
    folder, _, name = part.rpartition("/")
    own = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
    if own not in package:
        return {}
    found = {}
    for relation in xml_root(package, own):
        target = relation.get("Target")
        if target and relation.get("TargetMode") != "External":
            kind = (relation.get("Type") or "").rpartition("/")[2]
            found[relation.get("Id") or ""] = (kind, _resolved(folder, target))
    return found


def main_part(package: Package, usual: str) -> str:
    """The member that an Office Open XML package begins with: as it says, else where it usually is."""
    try:
        points = relations(package, "")
    except SourceMalformed:
        return usual
    return next((name for kind, name in points.values() if kind == "officeDocument" and name in package), usual)


def _resolved(folder: str, target: str) -> str:
    """The member that a relation's target means: from the root, or from the folder of the part."""
    from urllib.parse import unquote

    target = unquote(target.replace("\\", "/"))
    steps: list[str] = [] if target.startswith("/") else folder.split("/")
    for step in target.split("/"):
        if step == "..":
            steps = steps[:-1]
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(step for step in steps if step)


def forget(element: Any) -> None:
    """Free an element that is done with, and those before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def refuse_entities(data: bytes) -> None:
    """Entities are a way to make much of little and to reach for other files; documents have none.

    Raises:
        SourceMalformed: The XML declares some.
    """
    if b"<!ENTITY" in data[:_XML_HEAD_BYTES].replace(b"\0", b"").upper():
        raise SourceMalformed("The document declares XML entities, which no proper document does.")


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
