"""What seeds that hold other files are packed with."""

import io
import struct
import tarfile
import zipfile
from collections.abc import Mapping

LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"


def zipped(members: Mapping[str, str | bytes], *, stored: str = "") -> bytes:
    """A zip file with these members in order, all with the same date; the one named ``stored`` is not packed."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, (2024, 5, 12, 9, 14, 0))
            archive.writestr(entry, data, zipfile.ZIP_STORED if name == stored else zipfile.ZIP_DEFLATED)
    return made.getvalue()


def tarred(members: Mapping[str, bytes]) -> bytes:
    """A tar file."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def relations(**targets: str) -> str:
    rows = "".join(
        f'<Relationship Id="{key}" Type="{LINKS}/{target.partition("|")[0]}" Target="{target.partition("|")[2]}"/>'
        for key, target in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}relationships">{rows}</Relationships>'


def types(**parts: str) -> str:
    rows = "".join(
        f'<Override PartName="/{kind.partition("|")[2]}" ContentType="application/vnd.{kind.partition("|")[0]}"/>'
        for kind in parts.values()
    )
    standard = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    standard += '<Default Extension="xml" ContentType="application/xml"/>'
    return f'<Types xmlns="{_PACKAGE}content-types">{standard}{rows}</Types>'


def hurt(data: bytes, name: str, count: int = 6) -> bytes:
    """A zip file with some bytes in the middle of one member overwritten; its directory is sound."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entry = archive.getinfo(name)
    long, extra = struct.unpack_from("<HH", data, entry.header_offset + 26)
    at = entry.header_offset + 30 + long + extra + entry.compress_size // 2
    return data[:at] + b"\xff" * count + data[at + count :]
