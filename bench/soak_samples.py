"""What must stay flat over hours: memory, file descriptors, connections, queues; looked at every few seconds."""

import statistics
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

import psycopg

from ops.management import request
from tests.chaos.world import World

EVERY = 10.0  # seconds
WARM_UP = 1 / 3  # of the samples: pools and caches fill
MAY_GROW = {"rss_mb": 1.15, "fds": 1.25}  # from the middle to the end, times
REPLIES = ("rpc.reply-", "gateway.events.")  # queues that live with a connection


@dataclass
class Samples:
    """Takes them in a thread of its own; a server that is away leaves a gap."""

    world: World
    residents: tuple[str, ...]  # processes that are frozen at most, never ended
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._take_all, daemon=True)

    def __enter__(self) -> "Samples":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join(30)

    def _take_all(self) -> None:
        began = time.monotonic()
        while not self._enough.wait(EVERY):
            row: dict[str, Any] = {"at_s": round(time.monotonic() - began)}
            for name in self.residents:
                row[f"rss_mb {name}"], row[f"fds {name}"] = _of_process(self.world.pid(name))
            self.rows.append(row | of_servers(self.world))

    def trends(self) -> dict[str, Any]:
        """By figure: its median in the middle and at the end, the growth, and whether it is flat."""
        warm = self.rows[int(len(self.rows) * WARM_UP) :]
        half = len(warm) // 2
        figures = {}
        for name in sorted({key for row in warm for key in row} - {"at_s"}):
            middle = [row[name] for row in warm[:half] if name in row]
            end = [row[name] for row in warm[half:] if name in row]
            if middle and end:
                figures[name] = _trend(name, statistics.median(middle), statistics.median(end))
        return figures


def _trend(name: str, middle: float, end: float) -> dict[str, Any]:
    most = max(middle * MAY_GROW.get(name.partition(" ")[0], 1.25), middle + 3)
    return {"middle": round(middle, 1), "end": round(end, 1), "flat": end <= most}


def of_servers(world: World) -> dict[str, int]:
    """Connections and queues as broker and database count them; what is away is left out."""
    counts = {}
    try:
        management, vhost = world.stack.endpoints.management, world.stack.names.vhost
        queues = [queue["name"] for queue in request(management, "GET", f"/api/queues/{vhost}?columns=name")]
        counts["reply_queues"] = sum(name.startswith(REPLIES) for name in queues)
        counts["other_queues"] = len(queues) - counts["reply_queues"]
        counts["broker_connections"] = len(request(management, "GET", f"/api/vhosts/{vhost}/connections?columns=name"))
    except (OSError, URLError):
        counts.clear()
    try:
        query = "select count(*) from pg_stat_activity where application_name <> '' and backend_type = 'client backend'"
        counts["database_connections"] = world.value("identity", query)
    except psycopg.OperationalError:
        counts.pop("database_connections", None)
    return counts


def _of_process(pid: int) -> tuple[float, int]:
    """Memory in MB, and open file descriptors."""
    folder = Path("/proc") / str(pid)
    pages = int((folder / "statm").read_text().split()[1])
    return pages * 4096 / 1e6, len(list((folder / "fd").iterdir()))
