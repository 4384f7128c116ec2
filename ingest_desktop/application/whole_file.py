"""Files that are written for people: whole, or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from ingest_desktop.domain.errors import IngestError, InvalidRequestError
from ingest_desktop.domain.text import one_line


@contextmanager
def whole_file(path: str) -> Iterator[TextIO]:
    """A text file that takes its name only once it is complete and on the disk. A device or a pipe is written as it is.

    Raises:
        InvalidRequestError: The folder is not there, or nothing may be made in it.
        IngestError: The disk is full, say; what was under the name before stands.
    """
    path = os.path.realpath(path)  # a link goes on leading there
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        try:
            with open(path, "w", encoding="utf-8") as stream:
                yield stream
        except BrokenPipeError:
            raise
        except OSError as error:
            raise IngestError(f"{one_line(path)} cannot be written: {error.strerror}.") from error
        return
    folder = os.path.dirname(path)
    try:
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".export-", suffix=".part")
    except OSError as error:
        raise InvalidRequestError(f"{one_line(path)} cannot be written: {error.strerror}.") from error
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        os.unlink(temporary)
        if isinstance(error, OSError):
            raise IngestError(f"{one_line(path)} cannot be written: {error.strerror}.") from error
        raise
