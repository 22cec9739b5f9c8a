"""Records what Flowcept's own package writes: the fixtures beside this file.

    "$(script/frameworks flowcept)" tests/frameworks/data/flowcept/record.py

NAME.jsonl is the buffer file of a program in flowcept_programs, NAME.messages what it published on
a channel: a 4-byte little-endian length and the message, one after the other. Host names are
replaced, nothing else.
"""

from __future__ import annotations

import socket
import struct
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[3] / "bench/peers")]
from flowcept_peer import RedisServer, run_program, settings_in  # noqa: E402

OFFLINE = ["decorators", "tasks", "loops", "light", "agents", "raising", "parallel"]
ONLINE = ["decorators", "tasks", "loops", "light", "agents", "values"]
TELEMETRY = {"cpu": True, "mem": True, "disk": True, "network": True}
HOST = "node1.example"


def run(name: str, folder: Path) -> None:
    done = run_program(name, folder, Path(sys.executable))
    if done.returncode != 0:
        raise SystemExit(f"{name}: {done.stderr}")


def record_file(name: str, program: str, telemetry: dict[str, bool] | None = None) -> None:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        settings_in(folder, telemetry=telemetry)
        run(program, folder)
        written = (folder / "buffer.jsonl").read_text()
        (HERE / f"{name}.jsonl").write_text(anonymous(written))


def anonymous(text: str) -> str:
    return text.replace(f'"hostname":"{socket.getfqdn()}"', f'"hostname":"{HOST}"')


def record_messages(name: str) -> None:
    import msgpack
    import redis

    with tempfile.TemporaryDirectory() as text, RedisServer(Path(text)) as server:
        folder = Path(text)
        settings_in(folder, redis_port=server.port, lmdb=True)
        messages: list[bytes] = []
        heard = redis.Redis(port=server.port).pubsub()
        heard.psubscribe("interception")

        def listen() -> None:
            for message in heard.listen():
                if message["type"] == "pmessage":
                    messages.append(message["data"])
                    if msgpack.loads(message["data"]).get("info") == "stop_document_inserter":
                        return

        listener = threading.Thread(target=listen)
        listener.start()
        run(name, folder)
        listener.join(30)
        with (HERE / f"{name}.messages").open("wb") as out:
            for message in messages:
                document = msgpack.loads(message, strict_map_key=False)
                if document.get("hostname") == socket.getfqdn():
                    document["hostname"] = HOST
                    message = msgpack.dumps(document)
                out.write(struct.pack("<I", len(message)) + message)


def main() -> None:
    for name in OFFLINE:
        record_file(name, name)
    record_file("telemetry", "light", TELEMETRY)
    for name in ONLINE:
        record_messages(name)


if __name__ == "__main__":
    main()
