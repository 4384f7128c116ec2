"""Office documents behind a password: what stands in them when one of a person's passwords opens them.

A password is never put into a message. Excel itself opens one fixed password without asking, so it is tried as well.
"""

import io
import re
from collections.abc import Sequence
from typing import Any

from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceEncrypted, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.packages import refuse_entities

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
