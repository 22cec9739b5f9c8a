"""What Flowcept's decorator of modules adds to a forward of six small layers, without gradients.

Runs in an environment with flowcept and torch; sends nothing anywhere. Prints one JSON line a row.

usage: peer.py FOLDER MODE
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

folder = Path(sys.argv[1])
SETTINGS = """
project: {{debug: false, db_flush_mode: offline, dump_buffer: {{enabled: true, path: {buffer}}}}}
log: {{log_path: {log}, log_file_level: disable, log_stream_level: disable}}
mq: {{enabled: false}}
kv_db: {{enabled: false}}
databases: {{lmdb: {{enabled: false}}, mongodb: {{enabled: false}}}}
instrumentation:
  enabled: true
  torch:
    what: parent_and_children
    children_mode: {mode}
    epoch_loop: lightweight
    batch_loop: lightweight
    capture_epochs_at_every: 1
    register_workflow: true
"""


def best_ns(work: Callable[[], Any]) -> float:
    best = math.inf
    for _ in range(20):
        from_ns = time.thread_time_ns()
        for _ in range(30):
            work()
        best = min(best, (time.thread_time_ns() - from_ns) / 30)
    return best


def measure(mode: str) -> None:
    settings = folder / f"{mode}.yaml"
    settings.write_text(
        SETTINGS.format(buffer=folder / "buffer.jsonl", log=folder / "peer.log", mode=mode)
    )
    os.environ["FLOWCEPT_SETTINGS_PATH"] = str(settings)
    import torch
    from flowcept import Flowcept
    from flowcept.instrumentation.flowcept_torch import flowcept_torch

    if not hasattr(torch.Tensor, "nbytes"):  # PyTorch 1.13; the peer reads it
        torch.Tensor.nbytes = property(lambda self: self.numel() * self.element_size())
    torch.set_num_threads(1)

    class Net(torch.nn.Module):
        def __init__(self, **_: Any) -> None:
            super().__init__()
            for i in range(6):
                setattr(self, f"l{i}", torch.nn.Linear(8, 8))

        def forward(self, x: Any) -> Any:
            for i in range(6):
                x = getattr(self, f"l{i}")(x)
            return x

    x = torch.randn(2, 8)
    with torch.no_grad():
        bare = Net()
        bare_ns = best_ns(lambda: bare(x))
        Flowcept(start_persistence=False, workflow_name="layers").start()
        watched = flowcept_torch(Net)(get_profile=True)
        watched.new_epoch("first")
        watched._current_epoch = 0
        watched_ns = best_ns(lambda: watched(x))
    row = {
        "suite": "layers",
        "row": f"flowcept {mode}: forward of 6 layers, evaluation",
        "bare_us": round(bare_ns / 1e3, 2),
        "added_us": round((watched_ns - bare_ns) / 1e3, 2),
        "of_bare": round(watched_ns / bare_ns, 3),
    }
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    measure(sys.argv[2])
    os._exit(0)  # its threads are of no interest
