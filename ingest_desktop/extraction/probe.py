"""The process that is asked whether files can be read: it may hang where their file system does, and be left behind.

Started as a script, without anything else of this package: it is there within some hundredths of a second. Takes one
path in each line (UTF-8 in hexadecimal digits) and answers with one byte: 1 or 0. The first byte says that it is there.
"""

import os
import stat
import sys

FLAG = "--probe"  # behind the one of the extraction child: in a frozen build
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def can_be_read(path: str) -> bool:
    """Whether there is a regular file that we may read. May hang where the file system does."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False  # before it is opened: to open a device may set something going
        descriptor = os.open(path, _OPEN_FLAGS)
        try:
            os.read(descriptor, 1)  # some open what they cannot read
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return False
    return True


def main() -> int:
    """Answer until nobody asks any more."""
    try:
        os.write(1, b"1")
        for line in sys.stdin.buffer:
            path = bytes.fromhex(line.decode("ascii").strip()).decode("utf-8", "surrogatepass")
            os.write(1, b"1" if can_be_read(path) else b"0")
    except (OSError, KeyboardInterrupt):  # who asked is gone
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
