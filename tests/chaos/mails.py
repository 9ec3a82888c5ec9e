"""Mails while the mail server is away, busy, slow or of no help: none missing, none starved, no talk without end (R10)."""

import time
from collections.abc import Iterable
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.chaos import verdicts
from tests.chaos.accounts import mailbox, request_for
from tests.chaos.funder_system import FunderSystem
from tests.chaos.post_office import BUSY, DRIP, FINE, GONE, HOLD, PostOffice
from tests.chaos.world import World
from tests.journeys.outside import new_siret

STATES = "select state, count(*) from mails where recipient = any(%s) group by state"
PLACES = {FINE: 4, BUSY: 1, GONE: 1}  # in a dozen; three drip in any case, one fewer than mails are sent at a time
DRIPPING = 3


def hostile(world: World, *, mark: str, away: float, dozens: int, patience: float) -> dict[str, Any]:
    """No server for *away* seconds, then one that is hostile to some, at last the good one again.

    With *away* it is also waited for the mails that the hostile one never took; they have rested a minute by then.
    """
    wanted = {DRIP: DRIPPING} | {kind: share * dozens for kind, share in PLACES.items()}
    addresses = {kind: [f"{kind}{n}@{mark}.example".lower() for n in range(count)] for kind, count in wanted.items()}
    everybody = [address for kind in addresses.values() for address in kind]
    funder = FunderSystem(world.funder_amqp)
    requests = [request_for(new_siret(), address) for address in everybody]
    with _instead_of_the_mailbox(world) as port:
        if away:
            funder.publish(requests)
            time.sleep(away)
        back = time.monotonic()
        with PostOffice(port) as office:
            if not away:
                funder.publish(requests)
            took = {kind: _after(back, office, addresses[kind], patience) for kind in (FINE, BUSY)}
            bounced = verdicts.until(
                lambda: _states(world, addresses[GONE]) == {"bounced": wanted[GONE]}, within=patience
            )
            dripped = verdicts.until(lambda: all(office.talks[address] for address in addresses[DRIP]), within=patience)
            waiting = _states(world, addresses[DRIP])
    twice = sum(len(texts) - 1 for texts in office.taken.values())
    return {
        "mails": len(everybody),
        "away_s": away,
        "fine_after_s": took[FINE],
        "busy_after_s": took[BUSY],
        "not_bounced": wanted[GONE] - _states(world, addresses[GONE]).get("bounced", 0)
        if bounced is not None
        else None,
        "dripping_given_up": None if dripped is None else wanted[DRIP] - waiting.get("queued", 0),
        "longest_talk_s": round(max(max(talks) for talks in office.talks.values()), 1),
        "twice": twice,
        "dripping_after_s": _delivered(world, addresses[DRIP], patience) if away else None,
    }


def killed_before_the_mark(world: World, *, mark: str, patience: float) -> dict[str, Any]:
    """The server has the mail, identity is killed before it can note so: the identical mail comes once more."""
    address = f"{HOLD}@{mark}.example".lower()
    with _instead_of_the_mailbox(world) as port, PostOffice(port) as office:
        FunderSystem(world.funder_amqp).publish([request_for(new_siret(), address)])
        held = office.holding.wait(patience)
        world.kill_and_hold("identity")
        killed = time.monotonic()
        office.release()
        world.bring_back("identity")
        again = verdicts.until(lambda: len(office.taken[address]) > 1, within=patience)
        took = time.monotonic() - killed
        verdicts.until(lambda: _states(world, [address]) == {"sent": 1}, within=10)
    texts = office.taken[address]
    return {
        "held": held,
        "again_after_s": None if again is None else round(took, 1),
        "mails": len(texts),
        "unlike": len(set(texts)) - 1,
        "not_settled": 1 - _states(world, [address]).get("sent", 0),
    }


@contextmanager
def _instead_of_the_mailbox(world: World) -> Any:
    """The mail catcher is away; its port is free for others."""
    world.stop("mailcatcher")
    try:
        yield urlsplit(world.stack.endpoints.smtp).port
    finally:
        world.bring_back("mailcatcher")


def _after(back: float, office: PostOffice, addresses: Iterable[str], patience: float) -> float | None:
    """Seconds from *back* until all of *addresses* had their mail."""
    if verdicts.until(lambda: all(office.taken[address] for address in addresses), within=patience) is None:
        return None
    return round(time.monotonic() - back, 1)


def _delivered(world: World, addresses: list[str], patience: float) -> float | None:
    took = verdicts.until(lambda: mailbox(world, addresses).keys() == set(addresses), within=patience, every=1.0)
    return None if took is None else round(took, 1)


def _states(world: World, addresses: list[str]) -> dict[str, int]:
    with world.database("identity") as database:
        return dict(database.execute(STATES, (addresses,)).fetchall())
