"""/metrics answers on loopback, to those who know the token."""

import logging
import os
import socket
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest_desktop.observability.metrics import Metrics
from ingest_desktop.observability.server import MetricsServer, serve_when_asked


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MetricsServer]:
    metrics = Metrics()
    metrics.job_ended("ingested", 10, chunks=4)
    server = MetricsServer(metrics, tmp_path, 0)
    yield server
    server.close()


def get(address: str, bearer: str | None = None) -> tuple[int, str]:
    request = urllib.request.Request(address)
    if bearer is not None:
        request.add_header("Authorization", f"Bearer {bearer}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_token_opens_it_as_query_and_as_bearer(server: MetricsServer) -> None:
    token = server.token_file.read_text()
    for status, text in (get(f"{server.address}?token={token}"), get(server.address, bearer=token)):
        assert status == 200
        assert "ingest_chunks_total 4.0" in text


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%ff%ed%a0%80"])
def test_without_the_token_it_says_nothing(server: MetricsServer, query: str) -> None:
    assert get(server.address + query) == (401, "token required\n")


def test_a_wrong_bearer_is_refused_though_the_query_is_right(server: MetricsServer) -> None:
    token = server.token_file.read_text()
    assert get(f"{server.address}?token={token}", bearer="no")[0] == 401


def test_there_is_nothing_else(server: MetricsServer) -> None:
    token = server.token_file.read_text()
    assert get(server.address.replace("/metrics", f"/?token={token}"))[0] == 404


def test_it_listens_on_loopback_only(server: MetricsServer) -> None:
    assert server.address.startswith("http://127.0.0.1:")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission bits")
def test_only_the_owner_may_read_the_token(server: MetricsServer) -> None:
    assert stat.S_IMODE(server.token_file.stat().st_mode) == 0o600


def test_closing_frees_the_port_and_removes_the_token(tmp_path: Path) -> None:
    server = MetricsServer(Metrics(), tmp_path, 0)
    port = int(server.address.split(":")[2].split("/")[0])
    server.close()
    server.close()
    assert not server.token_file.exists()
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_closing_leaves_the_token_of_another_process(server: MetricsServer) -> None:
    server.token_file.write_text("another")
    server.close()
    assert server.token_file.read_text() == "another"


def test_a_taken_port_is_told_and_does_not_stop_the_work(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, caplog.at_level(logging.WARNING):
        assert serve_when_asked(Metrics(), tmp_path, taken.getsockname()[1]) is None
    assert "metrics not served" in caplog.text
    assert not (tmp_path / "metrics.token").exists()


def test_unasked_nothing_is_served(tmp_path: Path) -> None:
    assert serve_when_asked(Metrics(), tmp_path, 0) is None
    assert serve_when_asked(Metrics(enabled=False), tmp_path, 65_000) is None
    assert list(tmp_path.iterdir()) == []


def test_the_log_does_not_tell_the_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        server = MetricsServer(Metrics(), tmp_path, 0)
        token = server.token_file.read_text()
        get(f"{server.address}?token={token}")
        server.close()
    assert str(server.token_file) in str([vars(record) for record in caplog.records])
    assert token not in str([vars(record) for record in caplog.records])
