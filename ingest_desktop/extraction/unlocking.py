"""Office and OpenDocument files behind a password: what stands in them when one of a person's passwords opens them.

A password is never put into a message. Excel itself opens one fixed password without asking, so it is tried as well.
"""

import base64
import binascii
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceEncrypted, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.packages import Package, refuse_entities

_OF_EXCEL = "VelvetSweatshop"  # of workbooks that are protected against changes only
_INFO_BYTES = 1024 * 1024
_MOST_SPINS = 2_000_000  # rounds of making a key; Office makes 100,000, and each password takes so many again
_SPINS = re.compile(rb'spinCount\s*=\s*["\']\s*([0-9]+)')


def still_locked(passwords: Sequence[str], what: str = "The document") -> SourceEncrypted:
    """The error for what asks for a password: none was given, or none of the given ones opens it."""
    if not passwords:
        return SourceEncrypted(f"{what} is protected by a password.")
    if len(passwords) == 1:
        return SourceEncrypted(f"{what} is protected by a password, and the given password does not open it.")
    return SourceEncrypted(f"{what} is protected by a password, and none of the given passwords opens it.")


def unlocked(source: SourceFile, options: ExtractOptions, what: str = "The document") -> bytes:
    """An Office document without its password, whole.

    Args:
        source: An OLE file: a package in a locked envelope, or a document of before 2007.
        options: Its ``max_expanded_bytes`` is kept; the document is held in memory twice.
        what: How the errors call it.

    Raises:
        SourceEncrypted: No password opens it, or it is locked in a way that is not known.
        SourceMalformed: It is damaged.
        LimitExceeded: It is too large.
    """
    if source.size > options.max_expanded_bytes:
        raise LimitExceeded(
            f"{what} has {source.size:,} bytes behind its password; the limit is {options.max_expanded_bytes:,} "
            "(INGESTION_MAX_EXPANDED_BYTES)."
        )
    from msoffcrypto.exceptions import InvalidKeyError

    for password in (*source.passwords, _OF_EXCEL):
        if not password:
            continue
        try:
            with source.open() as stream:
                return _tried(stream, password)
        except InvalidKeyError:
            continue
        except (IngestError, MemoryError, RecursionError):
            raise
        except Exception as error:
            raise _failed(error, source.passwords, what) from error
    raise still_locked(source.passwords, what)


def _failed(error: Exception, passwords: Sequence[str], what: str) -> SourceEncrypted | SourceMalformed:
    """What to say when it is not the password that is wrong."""
    from msoffcrypto.exceptions import DecryptionError

    if not passwords:
        return still_locked(passwords, what)
    if isinstance(error, DecryptionError):
        return SourceEncrypted(f"{what} is locked in a way that is not known here.")
    return SourceMalformed(f"{what} is protected by a password and damaged.")


def _tried(stream: Any, password: str) -> bytes:
    """What one password makes of a document. Raises whatever msoffcrypto and olefile raise."""
    import msoffcrypto
    import olefile

    with olefile.OleFileIO(stream) as container:
        is_package = container.exists("EncryptionInfo")
        if is_package:
            info = container.openstream("EncryptionInfo").read(_INFO_BYTES)
            refuse_entities(info)
            if any(len(spins) > 9 or int(spins) > _MOST_SPINS for spins in _SPINS.findall(info)):
                raise SourceMalformed("The document asks for more work to open it than any proper one does.")
    stream.seek(0)
    document = msoffcrypto.OfficeFile(stream)
    if is_package:
        document.load_key(password=password, verify_password=True)
    else:
        document.load_key(password=password)  # it verifies always
    plain = io.BytesIO()
    document.decrypt(plain)
    return plain.getvalue()


def unlocked_parts(
    package: Package, manifest: Any, wanted: Sequence[str], source: SourceFile, options: ExtractOptions
) -> bytes:
    """A package with the wanted parts of an OpenDocument file, without their password.

    Args:
        package: The file, open.
        manifest: The root of its manifest, which tells how each part is locked.
        wanted: Names of parts; the first has to be there.
        source: Its passwords are tried.
        options: Its ``max_expanded_bytes`` is kept.

    Raises:
        SourceEncrypted: No password opens it, or it is locked in a way that is not known.
        SourceMalformed: It is damaged.
        LimitExceeded: It unpacks to too much.
    """
    locks = {_get(entry, "full-path"): lock for entry in manifest for lock in entry if _tag(lock) == "encryption-data"}
    if wanted[0] not in locks or not source.passwords:
        if source.passwords:
            raise SourceEncrypted("The document is locked in a way that is not known here.")
        raise still_locked(source.passwords)
    target = io.BytesIO()
    for password in source.passwords:
        first = _part(package, wanted[0], locks[wanted[0]], password, options)
        if first is None:
            continue
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(wanted[0], first)
            for name in wanted[1:]:
                part = _part(package, name, locks[name], password, options) if name in locks else None
                if part is not None:
                    archive.writestr(name, part)
                elif name in package and name not in locks:
                    archive.writestr(name, package.read(name))
        return target.getvalue()
    raise still_locked(source.passwords)


def _part(package: Package, name: str, lock: Any, password: str, options: ExtractOptions) -> bytes | None:
    """A part as it was before it was locked; None when the password is another one."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    steps = {_tag(step): step for step in lock}
    try:
        method, derived = steps["algorithm"], steps["key-derivation"]
        start = "sha256" if "sha256" in _get(steps.get("start-key-generation"), "start-key-generation-name") else "sha1"
        rounds, size = int(_get(derived, "iteration-count")), int(_get(derived, "key-size") or 16)
        vector, salt = (
            base64.b64decode(_get(step, key)) for step, key in ((method, "initialisation-vector"), (derived, "salt"))
        )
        checksum = base64.b64decode(_get(lock, "checksum"))
    except (KeyError, ValueError, binascii.Error) as error:
        raise SourceEncrypted("The document is locked in a way that is not known here.") from error
    known = _get(method, "algorithm-name").endswith("#aes256-cbc") and _get(lock, "checksum-type").endswith("sha256-1k")
    if not known or not 0 < rounds <= _MOST_SPINS or size != 32 or len(vector) != 16:
        raise SourceEncrypted("The document is locked in a way that is not known here.")
    secret = hashlib.new(start, password.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()
    key = hashlib.pbkdf2_hmac("sha1", secret, salt, rounds, size)
    data = package.read(name)
    if not data or len(data) % 16:
        raise SourceMalformed("The document is protected by a password and damaged.")
    opener = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    plain = opener.update(data) + opener.finalize()
    packed = plain[: -plain[-1]] if 0 < plain[-1] <= 16 else plain
    if hashlib.sha256(packed[:1024]).digest() != checksum:
        return None
    return _inflated(packed, options)


def _inflated(packed: bytes, options: ExtractOptions) -> bytes:
    unpacker = zlib.decompressobj(-15)
    try:
        data = unpacker.decompress(packed, options.max_expanded_bytes)
    except zlib.error as error:
        raise SourceMalformed("The document is protected by a password and damaged.") from error
    if unpacker.unconsumed_tail:
        raise LimitExceeded(
            f"It unpacks to more than {options.max_expanded_bytes:,} bytes (INGESTION_MAX_EXPANDED_BYTES)."
        )
    return data


def _tag(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _get(element: Any, name: str) -> str:
    """An attribute by its name without the namespace; empty when there is none."""
    found = (
        (value for key, value in element.attrib.items() if key.rpartition("}")[2] == name)
        if element is not None
        else ()
    )
    return str(next(iter(found), ""))
