"""`events_since`: the outbox read in the order of commits, without a gap.

Ids follow inserts, not commits: a reader that remembers the highest id skips what commits later with a lower
one. So the cursor is (transaction id, id), and only transactions below the oldest running one are shown. Transaction
ids belong to one server's data: the cursor names it, since after a restore elsewhere it would skip events silently.
A reader that comes after events of its future were pruned is told so.
"""

import json
import re

from espace_contracts.errors import CursorTooOld, InvalidRequest
from espace_contracts.replay import EventsPage, EventsSince
from sqlalchemy import Connection, text

XID, ID = r"\d{1,20}", r"\d{1,19}"
# The first release wrote "1" and told no system; the last two numbers are there only where they are needed.
CURSOR = re.compile(
    rf"(?:1|2\.(?P<system>{XID}))\.(?P<xid>{XID})\.(?P<id>{ID})(?:\.(?P<floor_xid>{XID})\.(?P<floor_id>{ID}))?"
)
SYSTEM = text("select system_identifier::text from pg_control_system()")
# Ordered by the column, not by its text of the same name in the answer: "1000" comes before "999".
SETTLED = text(
    "select xid::text as xid, id, body from outbox"
    " where (xid, id) > (cast(:xid as xid8), :id) and xid < pg_snapshot_xmin(pg_current_snapshot())"
    " order by outbox.xid, id limit :limit"
)
HORIZON = text("select xid::text as xid, id from outbox_horizon")

Position = tuple[int, int]  # transaction id, id
BEGINNING: Position = (0, 0)


def events_since(connection: Connection, request: EventsSince) -> EventsPage:
    """The next page.

    Raises InvalidRequest for a cursor that is none, or one of before a restore on another server, and CursorTooOld
    where events after it were dropped.
    """
    system = connection.execute(SYSTEM).scalar_one()
    at, floor = _positions(request.cursor, system)
    found = connection.execute(SETTLED, {"xid": str(at[0]), "id": at[1], "limit": request.limit}).all()
    # After the rows: what is pruned between the two statements was read, or the reader is refused. Never a gap.
    horizon = _horizon(connection)
    if request.cursor is None:
        floor = horizon  # what had gone before its beginning no reader has missed
    elif horizon > max(at, floor):
        raise CursorTooOld("events after it are kept no longer: begin without one, and skip known ids", "cursor")
    if found:
        at = int(found[-1].xid), found[-1].id
    return EventsPage(events=tuple(json.loads(row.body) for row in found), next_cursor=_cursor(system, at, floor))


def _horizon(connection: Connection) -> Position:
    row = connection.execute(HORIZON).first()
    return BEGINNING if row is None else (int(row.xid), row.id)


def _cursor(system: str, at: Position, floor: Position) -> str:
    numbers = at if floor <= at else at + floor
    return ".".join(str(part) for part in (2, system, *numbers))


def _positions(cursor: str | None, system: str) -> tuple[Position, Position]:
    """The last event that was read, and the horizon of when the reader began, where that is further."""
    if cursor is None:
        return BEGINNING, BEGINNING
    found = CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidRequest("is no cursor of this method", "cursor")
    at, floor = (int(found["xid"]), int(found["id"])), (int(found["floor_xid"] or 0), int(found["floor_id"] or 0))
    if max(at[0], floor[0]) >= 2**64 or max(at[1], floor[1]) >= 2**63:
        raise InvalidRequest("is no cursor of this method", "cursor")
    if found["system"] not in (None, system):
        raise InvalidRequest("is of before a restore: begin without one, and skip the ids that are known", "cursor")
    return at, floor
