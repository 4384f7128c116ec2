"""``--password-file``: passwords for locked files, one in each line. They stay in memory and are never arguments.

An argument is seen by every program of the machine, and an environment is handed on; a file or a pipe is neither.
"""

import argparse
import getpass
import os
import stat
import sys
from typing import Final

from ingest_desktop.cli_output import out
from ingest_desktop.domain.errors import InvalidRequestError
from ingest_desktop.domain.text import one_line

MOST_BYTES: Final = 1024 * 1024
SCREEN: Final = "-"


def passwords_of(options: argparse.Namespace) -> list[str]:
    """The passwords that a command was given; none without the option. Says so when others may read their file.

    Raises:
        InvalidRequestError: The file cannot be read, is not UTF-8, is too large or holds none.
    """
    name: str | None = options.password_file
    if name is None:
        return []
    found = _lines(_typed() if name == SCREEN else _read(name))
    if not found:
        raise InvalidRequestError("There is no password in what --password-file names. Nothing was done.")
    return found


def _typed() -> bytes:
    """From a pipe, or typed without being shown."""
    if sys.stdin.isatty():
        return getpass.getpass("Password: ").encode("utf-8", "surrogateescape")
    return sys.stdin.buffer.read(MOST_BYTES + 1)


def _read(name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
                out(f"ingest: others may read {one_line(name)}. To keep them out: chmod 600", file=sys.stderr)
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = (error.strerror or "") if isinstance(error, OSError) else str(error)
        raise InvalidRequestError(
            f"The passwords in {one_line(name)} cannot be read: {why}. Nothing was done."
        ) from None


def _lines(content: bytes) -> list[str]:
    """One password in each line; blanks at its ends belong to it."""
    if len(content) > MOST_BYTES:
        raise InvalidRequestError(f"What --password-file names is larger than {MOST_BYTES:,} bytes. Nothing was done.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # its own words would show what stands there
        raise InvalidRequestError("What --password-file names is not UTF-8. Nothing was done.") from None
    return list(dict.fromkeys(line.removesuffix("\r") for line in text.split("\n") if line.removesuffix("\r")))
