"""No way out of a reading process: it opens no connection, and neither does what it starts.

Two fences. An audit hook refuses sockets to all Python code, on every system. On Linux a system-call filter (seccomp,
see the kernel's documentation on it) refuses them to native code and to helper programs as well; it cannot be taken off.
Sockets inside this machine (AF_UNIX) are left alone: office programs talk to themselves by them.
"""

import contextlib
import ctypes
import os
import platform
import sys
from typing import Any, Final

_AF_UNIX: Final = 1
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_ALLOW: Final = 0x7FFF_0000
_REFUSE: Final = 0x0005_0000 | 13  # with EACCES
_IO_URING_SETUP: Final = 425  # by which sockets could be opened without the call for it
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ARCHITECTURES: Final = {
    "x86_64": (0xC000_003E, 41),
    "aarch64": (0xC000_00B7, 198),
}  # its name, and its number of socket()
_X32_BIT: Final = 0x4000_0000  # the other numbering of calls on x86_64


class _Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint32)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction))]


def close_network() -> None:
    """Refuse connections to this process from now on. What the system cannot do is left out."""
    sys.addaudithook(_refuse)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            _filter_calls()


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith("socket."):
        if event == "socket.__new__" and arguments[1] == _AF_UNIX:
            return
        if event in ("socket.connect", "socket.bind", "socket.sendto") and isinstance(arguments[1], str | bytes):
            return  # a name in the file system
        if event in ("socket.gethostname", "socket.getservbyname", "socket.getservbyport"):
            return
        raise PermissionError("A reader may not use the network.")


def _filter_calls() -> None:
    known = _ARCHITECTURES.get(platform.machine())
    if known is None:
        return
    architecture, socket_number = known
    steps = [
        (_LOAD, 0, 0, 4),  # the architecture
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, 0),  # the number of the call
        (_AT_LEAST, 5, 0, _X32_BIT),
        (_EQUAL, 4, 0, _IO_URING_SETUP),
        (_EQUAL, 0, 2, socket_number),
        (_LOAD, 0, 0, 16),  # its first argument
        (_EQUAL, 0, 1, _AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    instructions = (_Instruction * len(steps))(*[_Instruction(*step) for step in steps])
    program = _Program(len(steps), ctypes.cast(instructions, ctypes.POINTER(_Instruction)))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*arguments) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
