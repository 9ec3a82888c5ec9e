"""Eight logins hashing (argon2id) beside other calls of the process: how late does a ping become? Goal: p99 ≤ 30 ms.

A ping is a green thread that wants to run every 5 ms, as any other call of the process does; its lateness is what
the hub was kept from it. Ours is identity's own adapter; the reference hashes on the hub.
"""

import eventlet

eventlet.monkey_patch()  # before all else, as in a process

import time  # noqa: E402 - after the patches
from collections.abc import Callable  # noqa: E402
from statistics import median, quantiles  # noqa: E402

from argon2 import PasswordHasher  # noqa: E402

from bench import results_file  # noqa: E402
from services.identity.passwords import Passwords  # noqa: E402

LOGINS, EACH, ROUNDS = 8, 4, 5
MEMORY_KIB, TIMES = 19_456, 2  # OWASP's, our default
EVERY = 0.005  # seconds
GOAL = 30.0  # milliseconds
PASSWORD = "Abcdefg!"  # noqa: S105 - of nobody


def lateness(work: Callable[[], object] | None) -> float:
    """p99 of a ping's lateness in milliseconds, while eight green threads do *work*; without work, for half a second."""
    late: list[float] = []
    running = True

    def ping() -> None:
        while running:
            began = time.perf_counter()
            eventlet.sleep(EVERY)
            late.append((time.perf_counter() - began - EVERY) * 1000)

    def log_in() -> None:
        for _ in range(EACH):
            if work is not None:
                work()
            eventlet.sleep(0)  # a login talks to the database between two hashes

    pinging = eventlet.spawn(ping)
    logins = [eventlet.spawn(log_in) for _ in range(LOGINS)]
    for login in logins:
        login.wait()
    eventlet.sleep(0.5 if work is None else EVERY)
    running = False
    pinging.wait()
    return quantiles(late, n=100)[98] if len(late) > 1 else late[0]


def main() -> None:
    """Take turns, round by round."""
    ours = Passwords(memory_kib=MEMORY_KIB, rounds=TIMES)
    plain = PasswordHasher(memory_cost=MEMORY_KIB, time_cost=TIMES, parallelism=1)
    stored = ours.hash(PASSWORD)
    candidates: dict[str, Callable[[], object] | None] = {
        "ours": lambda: ours.check(stored, PASSWORD),
        "hub": lambda: plain.verify(stored, PASSWORD),
        "idle": None,
    }
    found: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, work in candidates.items():
            found[name].append(lateness(work))
    p99 = {name: round(median(values), 2) for name, values in found.items()}
    common = {"unit": "ms", "ours": p99["ours"], "rounds": ROUNDS, "floor": p99["idle"]}
    results_file.write(
        "hashing",
        [
            results_file.compared(
                "p99", "p99 of a ping beside 8 logins", reference=GOAL, reference_name="the goal", goal=1.0, **common
            ),
            results_file.compared(
                "hub",
                "the same with hashing on the hub",
                reference=p99["hub"],
                reference_name="argon2 on the hub",
                goal=3.0,
                **common,
            ),
        ],
    )


if __name__ == "__main__":
    main()
