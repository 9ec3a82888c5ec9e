"""A process's memory: it does not grow with the threads that hash, and the collector leaves alone what stays."""

import subprocess
import sys

PROGRAM = """
import sys, threading
from pathlib import Path
from argon2 import PasswordHasher
from chassis.memory import give_large_blocks_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

if sys.argv[1] == "with":
    assert give_large_blocks_back()
hasher, everybody = PasswordHasher(time_cost=1, memory_cost=19_456, parallelism=1), threading.Barrier(6)

def hash_twice():
    with lock:
        hasher.hash("a"), hasher.hash("b")
    everybody.wait()  # all threads live at a time, as those of a pool do

lock = threading.Lock()
before = resident()
threads = [threading.Thread(target=hash_twice) for _ in range(6)]
[one.start() for one in threads]
[one.join() for one in threads]
print(resident() - before)
"""


def grown(how: str) -> float:
    """MiB that a process keeps after six threads have hashed one after the other."""
    printed = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True).stdout
    return float(printed)


def test_k04_hashes_leave_no_memory_behind_in_the_threads() -> None:
    assert grown("with") < 30 < grown("without")


COLLECTION = """
import gc, sys
import sqlalchemy
from chassis.memory import leave_alone_what_stays

if sys.argv[1] == "with":
    leave_alone_what_stays()
print(len(gc.get_objects()))
"""


def looked_through(how: str) -> int:
    """The objects that a full collection goes through."""
    command = [sys.executable, "-c", COLLECTION, how]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_r17_a_collection_does_not_go_through_what_stays() -> None:
    assert looked_through("with") < 1000 < looked_through("without")
