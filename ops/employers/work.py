"""Handing out and erasing, service by service, as the roles that own the tables."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from espace_contracts.registry import SERVICES
from sqlalchemy import Connection, MetaData, Table, Text, Update, cast, delete, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from chassis.database import engine_for
from chassis.objectstore import ObjectMissing, ObjectStore
from ops import dead_letters
from ops.backup.buckets import store_of
from ops.delivery import dead_letter_queues
from ops.employers.rows import AUDIT, SECRETS, Person, mentioning, person_of, reflected, tables_of
from ops.migrate import BUCKET_OWNERS, bucket_of

IDENTITY = "identity"
OPERATOR = "operator"
OBJECTS = {"documents": "document_versions", "payments": "export_jobs"}  # tables that name objects of a bucket
DEPOSITS = "deposits"  # these too, while they wait for their bytes


class UnknownEmployer(Exception):
    """No service keeps anything of this SIRET."""


@dataclass
class Done:
    """What was handed out or erased: rows by service and table, and files."""

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    files: int = 0
    dead_letters: int = 0

    @property
    def nothing(self) -> bool:
        """Whether there was none at all."""
        return not self.files and not any(self.rows.values())


def export(environment: Mapping[str, str], siret: str, folder: Path) -> Done:
    """Write all that is kept of the employer: a JSON file a service, and its files. Raises UnknownEmployer.

    Passwords' hashes, tokens' hashes and encrypted texts are left out: they are means of protection, not data.
    """
    done = Done()
    (folder / "files").mkdir(mode=0o700, parents=True, exist_ok=True)
    for service in SERVICES:
        with _owner(environment, service) as (connection, metadata):
            person = _person(environment, service, connection, metadata, siret)
            tables = {table.name: _rows(connection, table, own) for table, own in tables_of(metadata, person)}
        done.rows[service] = {name: len(rows) for name, rows in tables.items() if rows}
        if service in OBJECTS:
            done.files += _fetch(_store(environment, service), tables[OBJECTS[service]], folder / "files")
        content = json.dumps(tables, indent=2, ensure_ascii=False, default=str) + "\n"
        (folder / f"{service}.json").write_text(content, encoding="utf-8")
    if done.nothing:
        raise UnknownEmployer(siret)
    _note(environment, siret, "employer_exported", done)
    return done


def erase(environment: Mapping[str, str], siret: str) -> Done:
    """Erase all that is kept of the employer, files included. Raises UnknownEmployer.

    Of the audit log the lines stay, without persons, addresses and details: that something was done stays provable. It
    may be repeated: what was on its way between services meanwhile is found then.
    """
    done, keys = Done(), dict[str, list[str]]()
    # Identity last: it knows the accounts that the others' rows may carry.
    for service in (*(name for name in SERVICES if name != IDENTITY), IDENTITY):
        with _owner(environment, service) as (connection, metadata):
            person = _person(environment, service, connection, metadata, siret)
            keys[service] = _keys(connection, metadata, service, person)
            done.rows[service] = _erase_rows(connection, metadata, person)
    for owner in BUCKET_OWNERS:
        store = _store(environment, owner)
        for key in keys[owner]:
            store.delete(key)
        done.files += len(keys[owner])
    done.dead_letters = _discard_dead_letters(environment, siret)
    if done.nothing and not done.dead_letters:
        raise UnknownEmployer(siret)
    _note(environment, siret, "employer_erased", done)
    return done


@contextmanager
def _owner(environment: Mapping[str, str], service: str) -> Iterator[tuple[Connection, MetaData]]:
    engine = engine_for(environment[f"{service.upper()}_OWNER_DATABASE_URL"], name="espace employers", pool_size=1)
    try:
        with engine.begin() as connection:
            yield connection, reflected(connection)
    finally:
        engine.dispose()


def _person(
    environment: Mapping[str, str], service: str, connection: Connection, metadata: MetaData, siret: str
) -> Person:
    if service == IDENTITY:
        return person_of(connection, metadata, siret)
    with _owner(environment, IDENTITY) as (accounts, tables):
        return person_of(accounts, tables, siret)


def _rows(connection: Connection, table: Table, own: Any) -> list[dict[str, Any]]:
    shown = [column for column in table.columns if column.name not in SECRETS]
    return [dict(row._mapping) for row in connection.execute(select(*shown).where(own))]


def _erase_rows(connection: Connection, metadata: MetaData, person: Person) -> dict[str, int]:
    counts = {}
    for text_table, mention in mentioning(person):
        counts[text_table.name] = connection.execute(delete(text_table).where(mention)).rowcount
    for table, own in tables_of(metadata, person):
        erasure = _blank(table, own) if table.name == AUDIT else delete(table).where(own)
        counts[table.name] = connection.execute(erasure).rowcount
    return {name: count for name, count in counts.items() if count}


def _blank(log: Table, own: ColumnElement[bool]) -> Update:
    """Take persons, addresses and details out of the audit log's lines, those of operators excepted."""
    told = or_(log.c.account_id.is_not(None), log.c.remote_address.is_not(None), cast(log.c.details, Text) != "{}")
    return (
        update(log).where(own, told, log.c.actor != OPERATOR).values(account_id=None, remote_address=None, details={})
    )


def _keys(connection: Connection, metadata: MetaData, service: str, person: Person) -> list[str]:
    names = {OBJECTS.get(service, ""), DEPOSITS}
    return [
        key
        for table, own in tables_of(metadata, person)
        if table.name in names
        for key in connection.scalars(select(table.c.object_key).where(own, table.c.object_key.is_not(None)))
    ]


def _store(environment: Mapping[str, str], owner: str) -> ObjectStore:
    return store_of(bucket_of(owner, environment))


def _fetch(store: ObjectStore, rows: list[dict[str, Any]], folder: Path) -> int:
    """Copy the objects of *rows*; each row tells its file. A file that was never drawn has no object."""
    count = 0
    for row in rows:
        if row["object_key"] is None:
            continue
        name = row["object_key"].replace("/", "_") + Path(row["file_name"]).suffix
        try:
            with (folder / name).open("wb") as file:
                file.writelines(store.chunks(row["object_key"]))
        except ObjectMissing:
            (folder / name).unlink()
        else:
            row["file"], count = f"files/{name}", count + 1
    return count


def _discard_dead_letters(environment: Mapping[str, str], siret: str) -> int:
    """Drop the buried messages that speak of the employer; those that nobody can read are shown to the operator."""
    amqp, dropped = environment["OPS_RABBITMQ_URL"], 0
    for entry in dead_letter_queues(environment):
        letters = dead_letters.show(amqp, entry["queue"], limit=entry["messages"])
        for event_id in {letter.event_id for letter in letters if siret in letter.body and letter.event_id}:
            dropped += dead_letters.discard(amqp, entry["queue"], event_id=event_id)
    return dropped


def _note(environment: Mapping[str, str], siret: str, action: str, done: Done) -> None:
    with _owner(environment, IDENTITY) as (connection, metadata):
        line = {"at": datetime.now(UTC), "action": action, "succeeded": True, "siret": siret, "actor": OPERATOR}
        details = {"rows": sum(sum(one.values()) for one in done.rows.values()), "files": done.files}
        connection.execute(insert(metadata.tables[AUDIT]).values(**line, details=details))
