"""Clients over TLS that do not end a conversation as they should: others are answered, and
each of these connections is free again."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator

import pytest
from asked import HEADRACE
from served import Served, capture, serving, until

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

OPENSSL = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost"
TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105
# Tasks whose list is more than a socket's buffers hold.
MANY = """
import headrace as hr

with hr.workflow("many"):
    for i in range(4000):
        with hr.task("step", used={"text": str(i) * 150}):
            pass
"""
LARGE = "/api/v1/tasks?workflow=many&limit=4000&columns=task_id,used"


def trust() -> ssl.SSLContext:
    out = ssl.create_default_context()
    out.check_hostname = False
    out.verify_mode = ssl.CERT_NONE
    return out


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    capture(folder, MANY, HEADRACE_TELEMETRY="0")
    key, certificate, token = (folder / name for name in ("k.pem", "c.pem", "token"))
    words = [*OPENSSL.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(words, check=True, capture_output=True)
    token.write_text(TOKEN)
    token.chmod(0o600)
    files = ["--tls-cert", certificate, "--tls-key", key, "--token-file", token]
    with serving(folder, *map(str, files)) as server:
        until(lambda: server.on_socket(LARGE).status == 200)
        yield server
        # Whatever was done to it, it ends as it should.
        assert server.stop() == 0


def request(path: str, method: str = "GET", more: str = "") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
    return (head + more + "\r\n").encode()


@contextlib.contextmanager
def tls(served: Served, buffer_bytes: int = 0) -> Iterator[ssl.SSLSocket]:
    with socket.socket() as plain:
        if buffer_bytes:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        plain.settimeout(30)
        plain.connect(("127.0.0.1", served.port))
        with trust().wrap_socket(plain) as connection:
            yield connection


def metric(served: Served, name: str) -> float:
    lines = served.on_socket("/metrics").body.decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"headrace_{name} ")))


def is_alone(served: Served) -> bool:
    """No connection is open but the one that asks, and another client is answered."""
    if metric(served, "connections_open") > 1:
        return False
    connection = http.client.HTTPSConnection("127.0.0.1", served.port, context=trust(), timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b"ok\n"


def test_a_client_closes_amid_the_answer(served: Served) -> None:
    for _ in range(4):
        with tls(served) as connection:
            connection.sendall(request(LARGE))
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
    until(lambda: is_alone(served))


def test_a_client_breaks_off_amid_the_answer(served: Served) -> None:
    for _ in range(4):
        with tls(served, 4096) as connection:
            connection.sendall(request(LARGE))
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
            # A reset, without a word of TLS.
            linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    until(lambda: is_alone(served))


def test_a_client_that_has_said_all_hears_all_of_the_answer(served: Served) -> None:
    whole = len(served.on_socket("/openapi.json").body)
    with tls(served) as connection:
        connection.sendall(request("/openapi.json", more="Connection: close\r\n"))
        heard = b""
        while part := connection.recv(65536):
            heard += part
        assert len(heard.split(b"\r\n\r\n", 1)[1]) == whole
        # The server has closed its side; ours is still open.
    until(lambda: is_alone(served))


def test_a_client_closes_its_side_and_reads_on(served: Served) -> None:
    with tls(served) as connection:
        connection.sendall(request("/healthz"))
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            while connection.recv(65536):
                pass
    until(lambda: is_alone(served))


def test_a_slow_reader_gets_everything_and_keeps_nobody_waiting(served: Served) -> None:
    with tls(served, 4096) as connection:
        connection.sendall(request(LARGE, more="Connection: close\r\n"))
        heard = connection.recv(100)
        for _ in range(20):
            heard += connection.recv(1000)
            assert served.on_socket("/healthz").body == b"ok\n"
        while part := connection.recv(65536):
            heard += part
    head, body = heard.split(b"\r\n\r\n", 1)
    assert f"Content-Length: {len(body)}\r\n".encode() in head + b"\r\n"
    until(lambda: is_alone(served))


def test_a_refused_body_that_is_still_sent_does_not_hide_the_refusal(served: Served) -> None:
    size = 2 << 20
    with tls(served) as connection:
        connection.sendall(request("/api/v1/sql", "POST", f"Content-Length: {size}\r\n"))
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            for _ in range(size >> 16):
                connection.sendall(b"x" * (1 << 16))
        assert b"413" in connection.recv(100)
    until(lambda: is_alone(served))


def test_who_never_greets_takes_a_place_until_he_goes(served: Served) -> None:
    before = metric(served, "connections_open")
    with contextlib.ExitStack() as silent:
        for _ in range(5):
            silent.enter_context(socket.create_connection(("127.0.0.1", served.port)))
        until(lambda: metric(served, "connections_open") >= before + 5)
        garbage = silent.enter_context(socket.create_connection(("127.0.0.1", served.port)))
        garbage.sendall(b"GET / HTTP/1.1\r\n\r\n")
        garbage.settimeout(30)
        while garbage.recv(4096):
            pass
    until(lambda: is_alone(served))
