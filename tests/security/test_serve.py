"""headrace serve against those who should not get in, or who want to wear it out."""

from __future__ import annotations

import contextlib
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from asked import HEADRACE
from served import Served, capture, is_root, serving, until

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("guarded")
    capture(folder, HEADRACE_TELEMETRY="0")
    with serving(folder) as one:
        until(lambda: one.ask("/api/v1/campaigns").status == 200)
        yield one


def raw(served: Served, request: bytes) -> bytes:
    """What comes back until the server closes, or says nothing for a while."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := connection.recv(65536):
                answer += piece
        return answer


def test_nothing_without_a_secret(served: Served) -> None:
    for path in ("/", "/api/v1/tasks", "/api/v1/events", "/openapi.json", "/metrics", "/assets/x"):
        assert served.bare(path).status == 401, path
    served.ask("/healthz")
    name = served.cookie.split("=")[0]
    for wrong in (f"{name}=", f"{name}={'0' * 64}", "headrace-1=" + served.cookie.split("=")[1]):
        assert served.bare("/api/v1/tasks", {"Cookie": wrong}).status == 401
    assert served.bare("/api/v1/tasks", {"Authorization": "Bearer "}).status == 401
    assert served.bare("/open?ticket=" + "0" * 64).status == 403


def test_the_address_opens_once(served: Served) -> None:
    first = served.on_socket("/ticket", "POST").json()["url"]
    path = "/open" + first.split("/open")[1]
    opened = served.bare(path)
    assert opened.status == 200
    assert "HttpOnly; SameSite=Strict" in opened.headers["Set-Cookie"]
    assert served.bare(path).status == 403


def test_dns_rebinding(served: Served) -> None:
    served.ask("/healthz")
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1", "10.0.0.1"):
        answer = served.ask("/api/v1/tasks", {"Host": host})
        assert answer.status == 421, host
    assert served.ask("/api/v1/tasks", {"Host": "localhost:1234"}).status == 200


def test_cross_site_requests(served: Served) -> None:
    check = "/api/v1/filter/check"
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://localhost:{served.port}"},
        {"Origin": f"https://127.0.0.1:{served.port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        answer = served.ask(check, headers, method="POST", body={"filter": ""})
        assert answer.status == 403, headers
    # A form of another page can send this without asking first; it has the cookie in old browsers.
    form = served.bare(
        check,
        {"Cookie": served.cookie, "Content-Type": "text/plain"},
        method="POST",
        body='{"filter": ""}',
    )
    assert form.status == 403
    typed = served.ask(check, {"Content-Type": "text/plain"}, method="POST", body={"filter": ""})
    assert typed.status == 415


def test_cross_origin_events(served: Served) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = served.ask("/api/v1/events", headers)
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_other_page_may_ask_or_embed(served: Served) -> None:
    answer = served.ask("/api/v1/tasks", {"Origin": f"http://127.0.0.1:{served.port}"})
    assert answer.status == 200
    names = {name.lower() for name in answer.headers}
    assert not {name for name in names if name.startswith("access-control")}
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert served.ask("/api/v1/tasks", method="OPTIONS").status in (403, 405)


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/assets/../../../../etc/passwd",
        "/assets/..%2f..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/%00index.html",
        "//etc/passwd",
        "/assets/....//....//etc/passwd",
        "/api/v1/objects/..%2f..%2f..%2fetc%2fpasswd",
        "/api/v1/tasks/'%20OR%201=1--",
        "/api/v1/campaigns/x';DROP%20TABLE%20task_slots;--",
        "/file:///etc/passwd",
    ],
)
def test_paths_lead_nowhere_else(served: Served, path: str) -> None:
    answer = served.ask(path)
    assert answer.status in (400, 404), answer.body
    assert b"root:" not in answer.body
    assert served.ask("/api/v1/tasks").json()["total"] == 22


def test_socket_is_this_users_alone(served: Served) -> None:
    mode = stat.S_IMODE(served.socket.stat().st_mode)
    assert mode == 0o600
    for path in ("/fold", "/lend", "/ticket"):
        assert served.ask(path, method="POST", body={}).status in (404, 405)


@pytest.mark.skipif(not is_root(), reason="only root can ask as another user")
def test_another_user_gets_nothing(served: Served) -> None:
    # Even where the folder and the socket are open to all, the kernel says who asks.
    served.socket.chmod(0o666)
    modes = {}
    for above in served.socket.parents:
        mode = stat.S_IMODE(above.stat().st_mode)
        if not mode & stat.S_IXOTH:
            modes[above] = mode
            above.chmod(mode | stat.S_IXOTH)
    program = (
        "import os, socket, sys\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "s = socket.socket(socket.AF_UNIX); s.settimeout(10); s.connect(sys.argv[1])\n"
        "try:\n"
        "    s.sendall(b'POST /ticket HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n')\n"
        "    got = s.recv(100)\n"
        "except (BrokenPipeError, ConnectionResetError):\n"
        "    got = b''\n"
        "print('got', got)\n"
    )
    try:
        asked = subprocess.run(
            [sys.executable, "-c", program, str(served.socket)],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    finally:
        served.socket.chmod(0o600)
        for folder, mode in modes.items():
            folder.chmod(mode)
    assert asked.stdout == "got b''\n", asked.stderr
    assert 'why="other_user"} 1' in served.ask("/metrics").body.decode()


def test_oversize(served: Served) -> None:
    served.ask("/healthz")
    long = served.ask("/api/v1/tasks?filter=" + "a" * 20_000)
    assert long.status in (400, 431)
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n"
    assert b" 431 " in raw(served, head)
    body = "a" * (2 << 20)
    cookie = f"Cookie: {served.cookie}\r\nOrigin: http://127.0.0.1:{served.port}\r\n"
    declared = (
        f"POST /api/v1/filter/check HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n{cookie}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    assert b" 413 " in raw(served, declared.encode())
    deep = served.ask("/api/v1/filter/check", method="POST", body={"filter": "(" * 5000})
    assert deep.status == 400
    nested = served.bare(
        "/api/v1/filter/check",
        {
            "Cookie": served.cookie,
            "Origin": f"http://127.0.0.1:{served.port}",
            "Content-Type": "application/json",
        },
        method="POST",
        body="[" * 100_000,
    )
    assert nested.status == 400
    assert served.ask("/api/v1/tasks").status == 200


def test_what_is_no_http(served: Served) -> None:
    for request in (b"\x16\x03\x01\x00\x05hello\r\n\r\n", b"GET\r\n\r\n", b"\x00" * 1000):
        answer = raw(served, request)
        assert answer == b"" or b" 400 " in answer
    smuggled = (
        b"POST /api/v1/filter/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n"
    )
    assert raw(served, smuggled).count(b"HTTP/1.1 ") <= 1
    assert served.ask("/api/v1/tasks").status == 200


def test_slow_ones_are_let_go(served: Served, run_all: bool) -> None:
    # The short form is in src/serve/http_server_test.cc, with shorter times.
    if not run_all:
        pytest.skip("waits for the 10 s that a header may take")
    slow = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(b"GET /api/v1/tasks HTTP/1.1\r\nHost: loc")
        assert served.ask("/api/v1/tasks").status == 200
        # A byte now and then does not keep a request open: its header has 10 s as a whole.
        end = time.monotonic() + 20
        open_ = set(slow)
        while open_ and time.monotonic() < end:
            for connection in list(open_):
                try:
                    connection.sendall(b"a")
                    connection.setblocking(False)
                    if connection.recv(1) == b"":
                        open_.remove(connection)
                except BlockingIOError:
                    pass
                except OSError:
                    open_.remove(connection)
            time.sleep(0.5)
        assert not open_
    finally:
        for connection in slow:
            connection.close()


def test_more_connections_than_it_takes(served: Served) -> None:
    many = []
    try:
        for _ in range(600):
            connection = socket.create_connection(("127.0.0.1", served.port))
            many.append(connection)
        # Those beyond the bound were closed at once, and nobody else's.
        closed = 0
        time.sleep(0.5)
        for connection in many:
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                closed += connection.recv(1) == b""
        assert 50 <= closed <= 120
    finally:
        for connection in many:
            connection.close()
    until(lambda: served.ask("/api/v1/tasks").status == 200)
