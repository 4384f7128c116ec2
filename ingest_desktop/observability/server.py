"""Serves ``/metrics`` to this machine only, when a port is set, to those who know the token.

Any program of any user of the machine can reach a loopback port, and so can a web page in a browser
(DNS rebinding). The token, made at each start and readable by the owner alone, keeps both out.
"""

import hmac
import http.server
import logging
import os
import secrets
import threading
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from ingest_desktop.observability.metrics import Metrics

TOKEN_FILE: Final = "metrics.token"
HOST: Final = "127.0.0.1"

log = logging.getLogger(__name__)


class MetricsServer:
    """An HTTP server in a thread of its own. ``close`` ends it.

    Args:
        port: 0 picks a free one; see ``address``.

    Raises:
        OSError: The port is taken, or the token cannot be written.
    """

    def __init__(self, metrics: Metrics, data_root: Path, port: int) -> None:
        self._token = secrets.token_urlsafe(24)
        self.token_file = data_root / TOKEN_FILE
        self._server = _Server((HOST, port), _Handler)
        self._server.metrics, self._server.token = metrics, self._token
        try:
            _write_private(self.token_file, self._token)
        except OSError:
            self._server.server_close()
            raise
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        self._thread.start()
        log.info("metrics served", extra={"address": self.address, "token_file": str(self.token_file)})

    @property
    def address(self) -> str:
        """The address without the token."""
        return f"http://{HOST}:{self._server.server_address[1]}/metrics"

    def close(self) -> None:
        """Stop serving, end the thread and remove the token. Any number of times."""
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()
        try:
            if self.token_file.read_text("ascii") == self._token:  # another process may serve the same store
                self.token_file.unlink()
        except OSError:
            pass


def serve_when_asked(metrics: Metrics, data_root: Path, port: int) -> MetricsServer | None:
    """Serve when a port is set. A port that is taken is told in the log; the work goes on without."""
    if not port or not metrics.enabled:
        return None
    try:
        return MetricsServer(metrics, data_root, port)
    except OSError as error:
        log.warning("metrics not served", extra={"port": port, "reason": str(error)})
        return None


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whatever stood there before."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(text)
    os.replace(temporary, path)


class _Server(http.server.ThreadingHTTPServer):
    """Carries what the handler needs."""

    daemon_threads = True
    # On Windows this option would let a second process share the port.
    allow_reuse_address = os.name != "nt"
    metrics: Metrics
    token: str

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's form
        """Note a client that hung up, or our own bug, in the log instead of on standard error."""
        log.debug("metrics request failed", exc_info=True)


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET /metrics with the right token; all else is refused without a word of detail."""

    server: _Server
    timeout = 10  # seconds for a client that does not speak
    server_version = "ingest-desktop"
    sys_version = ""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path != "/metrics":
            self._answer(HTTPStatus.NOT_FOUND, b"not found\n")
        elif not self._knows_token(url.query):
            self._answer(HTTPStatus.UNAUTHORIZED, b"token required\n")
        else:
            self._answer(HTTPStatus.OK, self.server.metrics.exposition())

    def _knows_token(self, query: str) -> bool:
        scheme, _, given = (self.headers.get("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer":
            given = parse_qs(query).get("token", [""])[0]
        return hmac.compare_digest(given.strip().encode("utf-8", "replace"), self.server.token.encode())

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the request line holds the token."""
