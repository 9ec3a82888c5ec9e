"""Reading an upload back must not keep the other calls of the process waiting (R17)."""

import subprocess
import sys

READ_BACK = """
import eventlet
eventlet.monkey_patch()
import hashlib
from types import SimpleNamespace
from services.documents import intake

CHUNK, COUNT = b"x" * 1000, 50
turns = 0

class NearStore:  # its bytes are always there, as those of a store on the same machine are
    def head(self, key):
        return SimpleNamespace(size=len(CHUNK) * COUNT)

    def chunks(self, key):
        return (CHUNK for _ in range(COUNT))

def another_call():
    global turns
    while True:
        turns += 1
        eventlet.sleep(0)

eventlet.spawn(another_call)
announced = SimpleNamespace(
    object_key="k", media_type="application/pdf", size=len(CHUNK) * COUNT, sha256=hashlib.sha256(CHUNK * COUNT).hexdigest()
)
intake.off_hub_serially = lambda *work: print(turns >= COUNT)  # counted before the check in its own thread
intake.check_uploaded(NearStore(), announced)
"""


def test_r17_other_calls_get_their_turn_between_any_two_pieces() -> None:
    command = [sys.executable, "-W", "ignore", "-c", READ_BACK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == ["True"]
