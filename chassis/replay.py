"""`events_since`: the outbox read in the order of commits, without a gap.

Ids follow inserts, not commits: a reader that remembers the highest id skips what commits later with a lower
one. So the cursor is (transaction id, id), and only transactions below the oldest running one are shown.
"""

import json
import re

from espace_contracts.errors import InvalidRequest
from espace_contracts.replay import EventsPage, EventsSince
from sqlalchemy import Connection, text

CURSOR = re.compile(r"1\.(\d{1,20})\.(\d{1,19})")
SETTLED = text(
    "select xid::text as xid, id, body from outbox"
    " where (xid, id) > (cast(:xid as xid8), :id) and xid < pg_snapshot_xmin(pg_current_snapshot())"
    " order by xid, id limit :limit"
)


def events_since(connection: Connection, request: EventsSince) -> EventsPage:
    """The next page. Raises InvalidRequest for a cursor that is none."""
    xid, last_id = _position(request.cursor)
    rows = connection.execute(SETTLED, {"xid": xid, "id": last_id, "limit": request.limit}).all()
    cursor = f"1.{rows[-1].xid}.{rows[-1].id}" if rows else request.cursor
    return EventsPage(events=tuple(json.loads(row.body) for row in rows), next_cursor=cursor)


def _position(cursor: str | None) -> tuple[str, int]:
    if cursor is None:
        return "0", 0
    found = CURSOR.fullmatch(cursor)
    if found is None or int(found[1]) >= 2**64 or int(found[2]) >= 2**63:
        raise InvalidRequest("is no cursor of this method", "cursor")
    return found[1], int(found[2])
