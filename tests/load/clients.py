"""Clients of a server, all in one thread: requests at a steady rate, and readers of events.

A request's time runs from the moment it was due, whether or not a connection was free then, so that
a server which stalls is seen to stall.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

CONNECTIONS = 32


@dataclass
class Seen:
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    events: list[int] = field(default_factory=list)  # of each reader

    def percentile(self, part: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def request(path: str, port: int, cookie: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n"
        "Accept-Encoding: gzip\r\n\r\n"
    ).encode()


async def answered(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
    await reader.readexactly(int(length))
    return int(head.split(b" ")[1])


async def ask(
    port: int, cookie: str, due: asyncio.Queue[tuple[float, str] | None], seen: Seen
) -> None:
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (next_one := await due.get()) is not None:
        at, path = next_one
        writer.write(request(path, port, cookie))
        status = await answered(reader)
        seen.seconds.append(loop.time() - at)
        if status != 200:
            seen.wrong.append(f"{status} {path}")
    writer.close()


async def watch(port: int, cookie: str, number: int, seen: Seen) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request("/api/v1/events", port, cookie))
        while line := await reader.readline():
            if line.startswith(b"data: "):
                seen.events[number] += 1
        seen.wrong.append(f"the stream of reader {number} ended")
    except asyncio.CancelledError:
        pass
    finally:
        writer.close()


async def load(
    port: int, cookie: str, paths: list[str], rate: int, seconds: float, readers: int
) -> Seen:
    """Asks `paths` in turn, `rate` times a second, while `readers` follow the events."""
    seen = Seen(events=[0] * readers)
    loop = asyncio.get_running_loop()
    due: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
    watching = [asyncio.create_task(watch(port, cookie, i, seen)) for i in range(readers)]
    asking = [asyncio.create_task(ask(port, cookie, due, seen)) for _ in range(CONNECTIONS)]
    begin = loop.time()
    for number in range(int(rate * seconds)):
        at = begin + number / rate
        if (early := at - loop.time()) > 0:
            await asyncio.sleep(early)
        due.put_nowait((at, paths[number % len(paths)]))
    for _ in asking:
        due.put_nowait(None)
    await asyncio.gather(*asking)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching)
    return seen
