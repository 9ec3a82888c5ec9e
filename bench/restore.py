"""The restore drill (R21): a portal under work is backed up, lost and restored; then the ledgers of the outside speak.

Two losses: databases and files while the broker lives on, with messages of a past that is no more; and everything. Mails
wait at the moment of the backup, and events are on their way between two services. Measured are the recovery time, the
recovery point (what employers did after the backup, which nobody can send again), and what is lost or doubled.
"""

import shutil
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from bench import restore_employers as employers
from bench import results_file
from ops.backup.buckets import store_of
from ops.backup.work import back_up, restore
from ops.management import request
from ops.migrate import BUCKET_OWNERS, bucket_of
from ops.provision import delete_bucket
from tests.chaos import verdicts
from tests.chaos.funder_system import FunderSystem, dice, in_background, payments
from tests.chaos.world import World, running

PROCESSES = ("gateway", "identity", "payments", "documents")
KNOWN, WAITING, LATER = 20, 5, 5  # employers whose mail was sent, waited, or was ordered after the backup
PAYMENTS, PAUSE = 600, 0.02
AFTER = 8.0  # seconds of work between the backup and the loss
PATIENCE = 120.0
RTO_GOAL = 60.0  # seconds


@dataclass
class Ledger:
    """What the outside was promised, and when."""

    funder: FunderSystem
    deposits: employers.Deposits = field(default_factory=employers.Deposits)
    addresses: dict[str, list[str]] = field(default_factory=dict)  # by what became of their mail
    backed_up_at: float = 0.0
    lost_at: float = 0.0


def work_and_back_up(world: World, folder: Path, mark: str) -> Ledger:
    """Everything happens: requests, payments, deposits, a backup in the middle, and more of it afterwards."""
    ledger = Ledger(FunderSystem(world.funder_amqp))
    _open(world, ledger, "known", KNOWN, mark)
    verdicts.until(lambda: len(_own(world, mark)) >= KNOWN, within=PATIENCE, every=0.5)
    paying = FunderSystem(world.funder_amqp)
    paying.ledger = ledger.funder.ledger
    events = payments(PAYMENTS, mark=mark, chance=dice(21))
    publishing = in_background(lambda: paying.publish(events, pause=PAUSE))
    _deposit_for(world, ledger, seconds=2.0)
    world.stop("mailcatcher")
    _open(world, ledger, "waiting", WAITING, mark)
    verdicts.until(
        lambda: world.value("identity", "select count(*) from mails where state = 'queued'") >= WAITING, within=30
    )
    world.stop("documents")  # so that events of payments are on their way to it
    time.sleep(1.0)
    ledger.backed_up_at = time.time()
    back_up(world.stack.settings.migrate, folder, previous=None, say=lambda _text: None)
    world.bring_back("documents")
    world.bring_back("mailcatcher")
    _open(world, ledger, "later", LATER, mark)
    _deposit_for(world, ledger, seconds=AFTER)
    publishing.join(PATIENCE)
    verdicts.until(lambda: len(_own(world, mark)) >= KNOWN + WAITING + LATER, within=PATIENCE, every=0.5)
    return ledger


def _open(world: World, ledger: Ledger, what: str, count: int, mark: str) -> None:
    addresses = [f"{what}{number}-{mark.lower()}{employers.DOMAIN}" for number in range(count)]
    ledger.addresses[what] = addresses
    ledger.funder.publish([employers.request_of(address) for address in addresses])


def _own(world: World, mark: str) -> dict[str, employers.Mails]:
    ending = f"-{mark.lower()}{employers.DOMAIN}"
    return {address: got for address, got in employers.mails(world).items() if address.endswith(ending)}


def _deposit_for(world: World, ledger: Ledger, *, seconds: float) -> None:
    stop = Event()
    siret = str(world.value("identity", "select min(siret) from employers"))
    depositing = in_background(
        lambda: employers.deposit_until(world, stop, siret=siret, ledger=ledger.deposits, pause=0.2)
    )
    time.sleep(seconds)
    stop.set()
    depositing.join(30)


def lose(world: World, *, everything: bool) -> None:
    """The processes are killed and their databases gone; with *everything* the files and the broker's messages too."""
    for process in PROCESSES:
        world.kill_and_hold(process)
    with psycopg.connect(world.stack.endpoints.postgres, autocommit=True) as server:
        for name in world.stack.settings.databases.values():
            server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
    if not everything:
        return
    for owner in BUCKET_OWNERS:
        delete_bucket(bucket_of(owner, world.stack.settings.migrate))
    vhost = quote(world.stack.names.vhost, safe="")
    request(world.stack.endpoints.management, "DELETE", f"/api/vhosts/{vhost}")


def recover(world: World, ledger: Ledger, folder: Path) -> dict[str, Any]:
    """Restore, start, have the funder repeat itself; the seconds that each took."""
    began = time.monotonic()
    done = restore(
        world.stack.settings.migrate, folder, over_data=False, overlap=timedelta(hours=24), say=lambda _text: None
    )
    restored = time.monotonic()
    for process in reversed(PROCESSES):
        world.bring_back(process)
    answering = time.monotonic()
    again = FunderSystem(world.funder_amqp)
    again.publish(list(ledger.funder.ledger.confirmed))
    return {
        "restore_s": round(restored - began, 1),
        "rto_s": round(answering - began, 1),
        "restored": asdict(done),
    }


def judge(world: World, ledger: Ledger, folder: Path, mark: str) -> dict[str, Any]:
    """Lost and doubled: payments, mails, documents."""
    books, took = verdicts.settle(world, ledger.funder.ledger, mark, within=PATIENCE)
    verdicts.until(lambda: not verdicts.waiting(world), within=PATIENCE, every=0.5)
    verdicts.until(lambda: _mailed_again(world, ledger, mark), within=PATIENCE, every=0.5)
    return {
        "settled_after_s": round(took, 1),
        "payments": len(books.promised),
        "payments_lost": books.lost,
        "payments_doubled": books.extra,
        "dead_letters": len(verdicts.dead_letters(world)),
        **_judge_mails(world, ledger, mark),
        **_judge_documents(world, ledger, folder),
    }


def _mailed_again(world: World, ledger: Ledger, mark: str) -> bool:
    got = _own(world, mark)
    return all(len(got[address].ids) > 1 for what in ("waiting", "later") for address in ledger.addresses[what])


def _judge_mails(world: World, ledger: Ledger, mark: str) -> dict[str, Any]:
    got = _own(world, mark)
    addresses = [address for those in ledger.addresses.values() for address in those]
    accounts = "select count(*) from employers where contact_email like %s"
    return {
        "employers": len(addresses),
        "accounts": world.value("identity", accounts, f"%-{mark.lower()}{employers.DOMAIN}"),
        "mails_lost": sum(address not in got for address in addresses),
        "mails_doubled": sum(len(got[address].ids) - 1 for address in ledger.addresses["known"]),
        "identical_repeats": sum(len(got[address].ids) - 1 for address in ledger.addresses["waiting"]),
        "unlike_repeats": sum(len(set(got[address].ids)) - 1 for address in ledger.addresses["waiting"]),
        "mailed_anew": sum(len(got[address].ids) - 1 for address in ledger.addresses["later"]),
        "credentials_that_fail": len(addresses)
        - employers.log_ins_that_work(world, [got[address].newest for address in addresses if address in got]),
    }


def _judge_documents(world: World, ledger: Ledger, folder: Path) -> dict[str, Any]:
    acknowledged = ledger.deposits.acknowledged
    before = {digest for digest, moment in acknowledged.items() if moment < ledger.backed_up_at}
    store = store_of(bucket_of("documents", world.stack.settings.migrate))
    query = (
        "select sha256, object_key from document_versions v join documents d on d.id = document_id where category = %s"
    )
    with world.database("documents") as database:
        rows = database.execute(query, ("bank_details",)).fetchall()
    readable = [digest for digest, key in rows if store.sha256(key) == digest]
    kept_aside = {path.name for path in (folder / "unclaimed").rglob("*") if path.is_file()}
    after = acknowledged.keys() - before
    return {
        "documents_before": len(before),
        "documents_lost": len(before - set(readable)),
        "documents_doubled": len(rows) - len({digest for digest, _ in rows}),
        "documents_after": len(after),
        "files_after_set_aside": len(after & kept_aside),
        "rpo_s": round(ledger.lost_at - ledger.backed_up_at, 1),
    }


def drill(world: World, *, everything: bool, mark: str) -> list[dict[str, Any]]:
    """One loss from its beginning to its end."""
    what = "everything is lost" if everything else "databases are lost, broker and files live on"
    with TemporaryDirectory(prefix="espace-restore-") as place:
        folder = Path(place) / "backup"
        ledger = work_and_back_up(world, folder, mark)
        ledger.lost_at = time.time()
        lose(world, everything=everything)
        figures = recover(world, ledger, folder)
        figures |= judge(world, ledger, folder, mark)
        shutil.rmtree(folder)
    wrong = ("payments_lost", "payments_doubled", "mails_lost", "mails_doubled", "unlike_repeats")
    wrong += ("documents_lost", "documents_doubled", "credentials_that_fail", "dead_letters")
    harm = sum(figures[name] for name in wrong) + abs(figures["accounts"] - figures["employers"])
    return [
        _line(f"lost or doubled when {what}", ours=harm, goal=0, unit="payments, mails, documents", figures=figures),
        _line(f"recovery time when {what}", ours=figures["rto_s"], goal=RTO_GOAL, unit="s", figures={}),
        _line(f"recovery point when {what}", ours=figures["rpo_s"], goal=None, unit="s", figures={}),
    ]


def _line(name: str, *, ours: float, goal: float | None, unit: str, figures: dict[str, Any]) -> dict[str, Any]:
    """One result; the recovery point has no goal, it is the time between two backups."""
    met = goal is None or ours <= goal
    line = {"name": name, "unit": unit, "ours": ours, "goal": ours if goal is None else goal, "met": met}
    print(f"{name}: {ours} {unit}, {'met' if met else 'NOT met'} {figures or ''}", flush=True)
    return line | {"ratio": 1.0 if met else 0.0, "figures": figures}


def main() -> int:
    """Both losses on one portal; the results file."""
    with running() as world:
        lines = drill(world, everything=False, mark="RB")
        lines += drill(world, everything=True, mark="RE")
    results_file.keep("restore", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
