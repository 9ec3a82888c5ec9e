"""`events_since`: the outbox read in the order of commits, without a gap.

Ids follow inserts, not commits: a reader that remembers the highest id skips what commits later with a lower
one. So the cursor is (transaction id, id), and only transactions below the oldest running one are shown. Transaction
ids belong to one server's data: the cursor names it, since after a restore elsewhere it would skip events silently.
"""

import json
import re

from espace_contracts.errors import InvalidRequest
from espace_contracts.replay import EventsPage, EventsSince
from sqlalchemy import Connection, text

CURSOR = re.compile(r"(?:1|2\.(?P<system>\d{1,20}))\.(?P<xid>\d{1,20})\.(?P<id>\d{1,19})")  # 1: released as 0.1.0
SYSTEM = text("select system_identifier::text from pg_control_system()")
# Ordered by the column, not by its text of the same name in the answer: "1000" comes before "999".
SETTLED = text(
    "select xid::text as xid, id, body from outbox"
    " where (xid, id) > (cast(:xid as xid8), :id) and xid < pg_snapshot_xmin(pg_current_snapshot())"
    " order by outbox.xid, id limit :limit"
)


def events_since(connection: Connection, request: EventsSince) -> EventsPage:
    """The next page. Raises InvalidRequest for a cursor that is none, or one of before a restore on another server."""
    system = connection.execute(SYSTEM).scalar_one()
    xid, last_id = _position(request.cursor, system)
    rows = connection.execute(SETTLED, {"xid": xid, "id": last_id, "limit": request.limit}).all()
    cursor = f"2.{system}.{rows[-1].xid}.{rows[-1].id}" if rows else request.cursor
    return EventsPage(events=tuple(json.loads(row.body) for row in rows), next_cursor=cursor)


def _position(cursor: str | None, system: str) -> tuple[str, int]:
    if cursor is None:
        return "0", 0
    found = CURSOR.fullmatch(cursor)
    if found is None or int(found["xid"]) >= 2**64 or int(found["id"]) >= 2**63:
        raise InvalidRequest("is no cursor of this method", "cursor")
    if found["system"] not in (None, system):
        raise InvalidRequest("is of before a restore: begin without one, and skip the ids that are known", "cursor")
    return found["xid"], int(found["id"])
