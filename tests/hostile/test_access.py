"""Those who should not get in, further: other users, other pages, other readings of HTTP.

tests/security/test_serve.py has the first of each; here are the rest, against a server that may
write, so that what gets through would leave a trace.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE, node
from served import Served, capture, is_root, serving, until

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

NOTE = "/api/v1/note/campaign/sweep"
TAGS = "/api/v1/tags/campaign/sweep"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("guarded")
    capture(folder, HEADRACE_TELEMETRY="0")
    with serving(folder, "--allow-write") as one:
        until(lambda: one.ask("/api/v1/campaigns").status == 200)
        yield one


def untouched(served: Served) -> bool:
    """The store is as it was, and the server answers."""
    (campaign,) = served.ask("/api/v1/campaigns").rows()
    return campaign["note"] is None and not campaign["tags"] and campaign["tasks"] == 22


def raw(served: Served, request: bytes, seconds: float = 5) -> bytes:
    """What comes back until the server closes, or says nothing for a while."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=seconds) as connection:
        answer = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError, BrokenPipeError):
            connection.sendall(request)
            while piece := connection.recv(65536):
                answer += piece
        return answer


def let_in(served: Served) -> str:
    served.ask("/healthz")
    return f"Host: 127.0.0.1:{served.port}\r\nCookie: {served.cookie}\r\n"


# As nobody: asks what it is told and prints what came back, one line each.
STRANGER = """
import base64, json, os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for place, request in json.load(sys.stdin):
    try:
        kind = socket.AF_INET if isinstance(place, int) else socket.AF_UNIX
        s = socket.socket(kind); s.settimeout(5)
        s.connect(("127.0.0.1", place) if isinstance(place, int) else place)
        s.sendall(request.encode())
        print(s.recv(200).split(b"\\r\\n")[0].decode() or "closed")
    except OSError as error:
        print(type(error).__name__)
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            print("read", file.read(20))
    except OSError as error:
        print(type(error).__name__)
"""


@pytest.mark.skipif(not is_root(), reason="only root can ask as another user")
def test_another_user_of_the_machine_gets_nothing(served: Served) -> None:
    used = served.url.split("/open")[1]  # its ticket was turned into our cookie
    served.ask("/healthz")
    name = served.cookie.split("=")[0]

    def get(path: str, *headers: str, method: str = "GET") -> tuple[int, str]:
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{served.port}", *headers]
        return served.port, "\r\n".join([*lines, "", ""])

    asked: list[tuple[Any, str]] = [
        get("/api/v1/tasks"),
        get("/", "Accept: text/html"),
        get("/metrics"),
        get("/api/v1/events"),
        get("/open" + used),
        get("/open?ticket="),
        get("/open?ticket=" + "0" * 64),
        get("/api/v1/tasks", f"Cookie: {name}="),
        get("/api/v1/tasks", f"Cookie: {name}={'0' * 64}"),
        get("/api/v1/tasks", f"Cookie: {name}={used.split('=')[1]}"),
        get("/api/v1/tasks", "Authorization: Bearer " + used.split("=")[1]),
        get("/api/v1/tasks", "X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1"),
        get("/ticket", method="POST"),
        get("/fold", method="POST"),
        get("/lend", method="POST"),
        get(NOTE, "Content-Length: 0", method="PUT"),
        (str(served.socket), "POST /ticket HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ]
    server = Path(f"/proc/{served.process.pid}")
    files = [
        server / "environ",
        server / "mem",
        server / "fd/1",
        served.socket,
        *Path("/dev/shm").glob("headrace-0/*.ring"),
    ]
    stranger = subprocess.run(
        [sys.executable, "-c", STRANGER, *files],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = stranger.stdout.splitlines()
    assert len(lines) == len(asked) + len(files)
    for (place, request), line in zip(asked, lines, strict=False):
        refused = (" 401 ", " 403 ") if place == served.port else ("Permission", "closed", "Conn")
        assert any(word in line for word in refused), (request, line)
    for line in lines[len(asked) :]:
        assert not line.startswith("read"), line
    # The secrets stand in no command line, which everybody can read.
    said = (server / "cmdline").read_bytes()
    assert served.cookie.split("=")[1].encode() not in said
    assert used.split("=")[1].encode() not in said
    assert untouched(served)


def test_the_browser_is_not_told_the_ticket_on_its_command_line(
    served: Served, tmp_path: Path
) -> None:
    """Everybody can read command lines, and would be faster than a browser that starts."""
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {seen}\n')
    browser.chmod(0o755)
    done = subprocess.run(
        [HEADRACE, "--dir", served.folder / ".headrace", "ui"],
        env={"BROWSER": str(browser), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    told = seen.read_text()
    assert "ticket" not in told
    file = Path(told.strip().removeprefix("file://"))
    assert file.stat().st_mode & 0o077 == 0
    url = file.read_text().split("url=")[1].split('"')[0]
    assert served.bare("/open" + url.split("/open")[1]).status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "0", ""])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_name_is_not_answered(served: Served, method: str, host: str) -> None:
    answer = served.ask(NOTE, {"Host": host}, method=method, body={"text": "x"})
    assert answer.status == 421
    assert untouched(served)


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "a/b"])
def test_no_page_can_change_anything(served: Served, kind: str | None) -> None:
    """With the cookie, as an old browser would send it along, and every way to say who asks."""
    typed = {"Content-Type": kind} if kind else {}
    for path, method, body in (
        (NOTE, "PUT", {"text": "x"}),
        (TAGS, "PATCH", {"set": "x"}),
        (NOTE, "POST", {"text": "x"}),
        (TAGS, "DELETE", {"set": "x"}),
    ):
        for origin in (
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": f"http://127.0.0.1:{served.port + 1}"},
            {"Origin": f"http://127.0.0.1:{served.port}.evil.example"},
            {"Origin": f"HTTP://127.0.0.1:{served.port}/"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
            {"Sec-Fetch-Site": "same-origin", "Origin": ""},
            {"Sec-Fetch-Site": "none", "Origin": ""},
        ):
            answer = served.ask(path, {**typed, **origin}, method=method, body=body)
            assert answer.status in (403, 405), (path, method, origin, answer.body)
        if kind:
            assert served.ask(path, typed, method=method, body=body).status in (405, 415)
    assert untouched(served)


def test_other_origins_cannot_read(served: Served) -> None:
    for path in ("/api/v1/events", "/api/v1/tasks", "/metrics", "/openapi.json", "/", "/healthz"):
        for headers in (
            {"Origin": "http://evil.example"},
            {"Origin": f"http://127.0.0.1:{served.port + 1}"},
            {
                "Sec-Fetch-Site": "cross-site",
                "Sec-Fetch-Mode": "no-cors",
                "Sec-Fetch-Dest": "script",
            },
            {
                "Sec-Fetch-Site": "cross-site",
                "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Dest": "iframe",
            },
            {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        ):
            answer = served.ask(path, headers)
            assert answer.status == 403, (path, headers)
            assert not [
                name for name in answer.headers if name.lower().startswith("access-control")
            ]
    preflight = served.ask(
        NOTE,
        {"Origin": "http://evil.example", "Access-Control-Request-Method": "PUT"},
        method="OPTIONS",
    )
    assert preflight.status == 403


TRAVERSALS = [
    start + (step * 8) + target
    for start in ("/", "/assets/", "/api/v1/", "/api/v1/objects/", "/campaign/", "/open/")
    for step in (
        "../",
        "..%2f",
        "%2e%2e/",
        "%2e%2e%2f",
        "..%252f",
        "%252e%252e%252f",
        "..\\",
        "..%5c",
        "..%c0%af",
        "..%e0%80%af",
        "....//",
        "..;/",
        "%00../",
        ".%00./",
    )
    for target in ("etc/passwd", "proc/self/environ")
] + ["file:///etc/passwd", "/%2fetc%2fpasswd", "//etc/passwd", "/\\etc\\passwd", "/assets/%00", "*"]


def test_paths_lead_to_what_is_served_and_nothing_else(served: Served) -> None:
    cookie = let_in(served)
    for path in TRAVERSALS:
        request = f"GET {path} HTTP/1.1\r\n{cookie}Connection: close\r\n\r\n"
        answer = raw(served, request.encode())
        assert b" 404 " in answer[:20] or b" 400 " in answer[:20], (path, answer[:300])
        assert b"root:" not in answer and b"PATH=" not in answer
    assert untouched(served)


def smuggling(served: Served) -> dict[str, bytes]:
    """One request for a server that reads it right, two for one that does not."""
    head = (
        "POST /api/v1/filter/check HTTP/1.1\r\n"
        + let_in(served)
        + f"Origin: http://127.0.0.1:{served.port}\r\nContent-Type: application/json\r\n"
    )
    inner = f"PUT {NOTE} HTTP/1.1\r\n{let_in(served)}"
    inner += f"Origin: http://127.0.0.1:{served.port}\r\nContent-Type: application/json\r\n"
    inner += 'Content-Length: 12\r\n\r\n{"text":"x"}'
    chunked = "0\r\n\r\n" + inner
    size = f"Content-Length: {len(chunked)}\r\n"
    whole = f"Content-Length: {len(inner)}\r\n"
    in_chunks = "Transfer-Encoding: chunked\r\n\r\n"
    return {
        "both lengths": f"{head}{size}Transfer-Encoding: chunked\r\n\r\n{chunked}".encode(),
        "both, turned": f"{head}Transfer-Encoding: chunked\r\n{size}\r\n{chunked}".encode(),
        "two lengths": f"{head}Content-Length: 0\r\n{whole}\r\n{inner}".encode(),
        "a list of lengths": f"{head}Content-Length: 0, {len(inner)}\r\n\r\n{inner}".encode(),
        "a signed length": f"{head}Content-Length: +{len(inner)}\r\n\r\n{inner}".encode(),
        "a hex length": f"{head}Content-Length: 0x0\r\n\r\n{inner}".encode(),
        "a negative length": f"{head}Content-Length: -1\r\n\r\n{inner}".encode(),
        "a huge length": f"{head}Content-Length: 99999999999999999999\r\n\r\n{inner}".encode(),
        "a space before": f"{head}Content-Length : 0\r\n{whole}\r\n{inner}".encode(),
        "other encoding": f"{head}Transfer-Encoding: xchunked\r\n{size}\r\n{chunked}".encode(),
        "encoding, twice": f"{head}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"
        f"{size}\r\n{chunked}".encode(),
        "an odd space": f"{head}Transfer-Encoding:\x0bchunked\r\n{size}\r\n{chunked}".encode(),
        "bare returns": head.replace("\r\n", "\n").encode() + f"{whole}\r\n{inner}".encode(),
        "a NUL": f"{head}X: a\0b\r\n{whole}\r\n{inner}".encode(),
        "a bad chunk": f"{head}{in_chunks}zz\r\n{inner}".encode(),
        "a huge chunk": f"{head}{in_chunks}ffffffffffffffff1\r\n{inner}".encode(),
        "a chunk that is cut": f"{head}{in_chunks}5\r\nab".encode(),
    }


def test_one_request_is_not_read_as_two(served: Served) -> None:
    for name, request in smuggling(served).items():
        answer = raw(served, request, seconds=1)
        assert answer.count(b"HTTP/1.1 ") <= 1, (name, answer)
        assert untouched(served), name


@pytest.mark.parametrize(
    "second", ["Host: evil.example", "Origin: http://evil.example", "Sec-Fetch-Site: cross-site"]
)
def test_who_asks_is_said_once(served: Served, second: str) -> None:
    """Of two the other one could be what counts, for something between here and the browser."""
    own = (
        let_in(served)
        + f"Origin: http://127.0.0.1:{served.port}\r\nSec-Fetch-Site: same-origin\r\n"
    )
    for lines in (own + second + "\r\n", second + "\r\n" + own):
        body = '{"text":"x"}'
        request = (
            f"PUT {NOTE} HTTP/1.1\r\n{lines}Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
        )
        status = raw(served, request.encode()).split(b" ")[1]
        assert status in (b"400", b"403", b"421"), (lines, status)
    assert untouched(served)


def test_what_is_too_much(served: Served) -> None:
    start = f"GET /api/v1/tasks HTTP/1.1\r\n{let_in(served)}"
    for name, request in {
        "100,000 lines": start + "A: b\r\n" * 100_000 + "\r\n",
        "a long line": start + "A: " + "b" * 1_000_000 + "\r\n\r\n",
        "a long target": "GET /" + "a" * 1_000_000 + " HTTP/1.1\r\n\r\n",
        "a long method": "A" * 1_000_000,
        "empty lines": "\r\n" * 100_000,
        "a long name": start + "A" * 1_000_000,
        "trailers": start.replace("GET", "POST")
        + "Transfer-Encoding: chunked\r\n\r\n0\r\n"
        + "A: b\r\n" * 100_000,
    }.items():
        answer = raw(served, request.encode(), seconds=2)
        statuses = {line.split(b" ")[1] for line in answer.split(b"\r\n") if b"HTTP/1.1 " in line}
        assert statuses <= {b"400", b"403", b"431", b"413"}, (name, answer[:200])
    assert untouched(served)


def test_a_token_file_is_its_owners_alone(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef\n")
    token.chmod(0o644)
    done = subprocess.run(
        [HEADRACE, "--dir", tmp_path, "serve", "--port", "0", "--token-file", token],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 2
    assert f"chmod 600 {token}" in done.stderr


def test_pages_elsewhere_get_nothing_in_a_browser(served: Served) -> None:
    """A real one, which was let in, opens a page of another origin on the same host."""
    url = served.on_socket("/ticket", "POST").json()["url"]
    node("script/page_elsewhere.mjs", url)
    assert untouched(served)
