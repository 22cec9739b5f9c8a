"""crash_producer.cc in Python; without log rows. END may also be finalize, daemon, sigint."""

from __future__ import annotations

import mmap
import os
import signal
import sys
import threading
import time

import headrace as hr

PROGRESS, RUN, THREADS, PAUSE_NS, MOST, END = sys.argv[1:]
run, threads, most = int(RUN), int(THREADS), int(MOST)
pause_s = int(PAUSE_NS) / 1e9
goes_on = END in ("daemon", "threads")

descriptor = os.open(PROGRESS, os.O_RDWR | os.O_CREAT, 0o600)
os.ftruncate(descriptor, 32 * threads)
# Eight bytes at once: struct would clear them first, and a kill may fall between.
shared = memoryview(mmap.mmap(descriptor, 32 * threads)).cast("Q")
working = threading.Semaphore(0)


@hr.task
def step(run: int, thread: int, n: int) -> dict[str, float]:
    return {"half": n / 2}


def tell(thread: int, field: int, value: int) -> None:
    shared[4 * thread + field] = value


def record(thread: int) -> None:
    with hr.task("outer") as outer:
        tell(thread, 0, 1)
        outer.used(run=run, thread=thread, note="still running")
        tell(thread, 3, 1)
        n = 0
        while n < most or goes_on:
            n += 1
            step(run, thread, n)
            tell(thread, 1, n)
            if n == most:
                working.release()
            if pause_s:
                time.sleep(pause_s)
        while END not in ("finalize", "exit"):
            time.sleep(60)


running = [
    threading.Thread(target=record, args=(i,), daemon=END != "finalize") for i in range(threads)
]
for one in running:
    one.start()
for _ in running:
    working.acquire()

if END == "wait":
    time.sleep(3600)
elif END == "_exit":
    os._exit(3)
elif END == "abort":
    os.abort()
elif END.startswith("signal:"):
    os.kill(os.getpid(), int(END[7:]))
    time.sleep(60)
elif END.startswith("exec:"):
    os.execv(END[5:], [END[5:]])  # noqa: S606 - a program of the test
elif END == "sigint":
    signal.raise_signal(signal.SIGINT)
