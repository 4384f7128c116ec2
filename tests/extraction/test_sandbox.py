"""A reading process cannot get out: neither by Python nor by native code nor through a program that it starts."""

import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest_desktop.domain.wire import ExtractOptions, Failed, Looked, LookItem, LookLot, Message
from ingest_desktop.extraction.host import ChildProcess

from .guest_kit import install

TALKER = """
how, port = wish.split()
if how == "python":
    socket.create_connection(("127.0.0.1", int(port)), 5).close()
elif how == "native":
    number = ctypes.CDLL(None).socket(2, 1, 0)
    yield Block("refused" if number < 0 else "a socket")
    return
else:
    code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
    done = subprocess.run([sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True)
    yield Block("refused" if done.returncode else "a connection")
    return
yield Block("a connection")
"""


@pytest.fixture
def door() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChildProcess]:
    monkeypatch.setenv("PYTHONPATH", install(tmp_path / "site", TALKER))
    process = ChildProcess()
    yield process
    process.close()


def read(child: ChildProcess, path: Path) -> Message:
    found: list[Message] = []
    child.run(LookLot((LookItem(1, str(path)),), ExtractOptions()), found.append)
    (message,) = found
    return message


def test_a_reader_that_opens_a_connection_fails(child: ChildProcess, door: socket.socket, tmp_path: Path) -> None:
    file = tmp_path / "a.talk"
    file.write_text(f"guest:python {door.getsockname()[1]}")

    message = read(child, file)

    assert isinstance(message, Failed)
    with pytest.raises(TimeoutError):
        door.accept()


@pytest.mark.parametrize("how", ["native", "program"])
def test_native_code_and_helpers_get_no_connection_either(
    how: str, child: ChildProcess, door: socket.socket, tmp_path: Path
) -> None:
    file = tmp_path / "a.talk"
    file.write_text(f"guest:{how} {door.getsockname()[1]}")

    message = read(child, file)

    assert isinstance(message, Looked) and message.result is not None
    # The filter of system calls is Linux's; elsewhere only Python code is fenced in.
    fenced = sys.platform == "linux"
    assert (message.result.chunks[0].text == "refused") is fenced


def test_sockets_inside_the_machine_are_left_alone() -> None:
    code = """
        from ingest_desktop.extraction.sandbox import close_network
        close_network()
        import socket
        if hasattr(socket, "AF_UNIX"):
            one, other = socket.socketpair(socket.AF_UNIX)
            one.sendall(b"x")
            assert other.recv(1) == b"x"
        try:
            socket.getaddrinfo("localhost", 80)
        except PermissionError:
            print("refused")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "refused"
