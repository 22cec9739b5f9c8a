"""Records in phases of so many tasks, as its standard input says: a line "COUNT", until "end".

After each phase it says how many of its calls returned the right value, and how long they took.
"""

import sys
import time

import headrace as hr


@hr.task
def step(number: int, note: str) -> int:
    return number + 1


number = 0
for line in sys.stdin:
    if line.strip() == "end":
        break
    begin = time.perf_counter()
    right = 0
    for _ in range(int(line)):
        right += step(number, note="n" * 40) == number + 1
        number += 1
    hr.flush()
    print(right, time.perf_counter() - begin, flush=True)
print("result", number)
sys.exit(7)
