"""The database of a service: one transaction per entrypoint, tenant set inside it.

The waiting of psycopg must go through Python's selectors, which eventlet patches; its C wait stops the
whole process. `chassis.process` sets PSYCOPG_WAIT_FUNC before this module is imported.
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from espace_contracts.envelope import Event
from espace_contracts.errors import DeadlineExceeded
from nameko.extensions import DependencyProvider, SharedExtension
from psycopg.errors import TransactionTimeout
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import InternalError

from chassis import inbox
from chassis.settings import ServiceSettings

SERVER_OPTIONS = "-c statement_timeout=15000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=30000"
TENANT = text("select set_config('app.siret', :siret, true)")
BOUND = text("select set_config('transaction_timeout', :left, true)")
BOUND_TENANT = text("select set_config('transaction_timeout', :left, true), set_config('app.siret', :siret, true)")
DEADLINE_KEY = "changes_until"  # in a worker's context: monotonic time after which its call must change nothing


def engine_for(url: str, *, name: str, pool_size: int = 10) -> Engine:
    """An engine for *url* that connects lazily and notices dead connections."""
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=5,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,  # an error's text must not carry what was being written
        connect_args={
            "connect_timeout": 5,
            "application_name": name,
            "options": f"{SERVER_OPTIONS} -c timezone=UTC",
        },
    )


class Database:
    """Two ways in: as the role of requests, under row-level security, and as the role of workers."""

    def __init__(self, *, service: str, app: Engine, worker: Engine, deadline: float | None = None) -> None:
        self.service = service
        self._app = app
        self._worker = worker
        self._deadline = deadline

    @classmethod
    def of(cls, service: str, settings: ServiceSettings) -> "Database":
        """The database that *settings* name."""
        return cls(
            service=service,
            app=engine_for(settings.database_url.get_secret_value(), name=f"{service}-app"),
            worker=engine_for(settings.worker_database_url.get_secret_value(), name=f"{service}-worker"),
        )

    def until(self, deadline: float) -> "Database":
        """The same database for a call that must change nothing after *deadline* (`time.monotonic`).

        Its transactions then raise DeadlineExceeded instead of committing. Between that look at the clock and the
        commit the server may freeze: it ends the transaction by itself, so no abandoned call is executed late (R12).
        """
        return Database(service=self.service, app=self._app, worker=self._worker, deadline=deadline)

    def after_deadline(self) -> "Database":
        """The same database without the call's bound, for taking back what an earlier transaction of it has left."""
        return Database(service=self.service, app=self._app, worker=self._worker)

    @contextmanager
    def transaction(self, siret: str | None = None, *, snapshot: bool = False) -> Iterator[Connection]:
        """One transaction of a request; only the rows of *siret* are visible in tenant tables (K30).

        With *snapshot* all its statements see the same moment.
        """
        with self._app.connect() as connection:
            if snapshot:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with _ended_in_time(), connection.begin():
                self._prepare(connection, siret)
                yield connection
                self._check_deadline()

    @contextmanager
    def work(self) -> Iterator[Connection]:
        """One transaction of a handler or loop: it sees every employer's rows."""
        with _ended_in_time(), self._worker.begin() as connection:
            self._prepare(connection, None)
            yield connection
            self._check_deadline()

    def _prepare(self, connection: Connection, siret: str | None) -> None:
        """Tenant and bound in one trip; most transactions outside calls need neither."""
        if self._deadline is not None:
            self._check_deadline()
            left = f"{max(1, math.ceil((self._deadline - time.monotonic()) * 1000))}ms"
            if siret is None:
                connection.execute(BOUND, {"left": left})
            else:
                connection.execute(BOUND_TENANT, {"left": left, "siret": siret})
        elif siret is not None:
            connection.execute(TENANT, {"siret": siret})

    def _check_deadline(self) -> None:
        if self._deadline is not None and time.monotonic() >= self._deadline:
            raise DeadlineExceeded

    @contextmanager
    def once(self, event: Event[Any]) -> Iterator[Connection]:
        """Like `work`, with the event noted in the inbox.

        Raises inbox.AlreadyApplied when it was applied before: `subscribe` then acknowledges it.
        """
        with self.work() as connection:
            inbox.note(connection, consumer=f"{self.service}.{event.type}", event=event)
            yield connection

    @contextmanager
    def once_each(self, events: Sequence[Event[Any]]) -> Iterator[tuple[Connection, list[Event[Any]]]]:
        """Like `once` for a batch of one type: the transaction, and those of *events* that were not applied before."""
        with self.work() as connection:
            consumer = f"{self.service}.{events[0].type}"
            yield connection, inbox.note_all(connection, consumer=consumer, events=events)

    def close(self) -> None:
        """Give all pooled connections back."""
        self._app.dispose()
        self._worker.dispose()


@contextmanager
def _ended_in_time() -> Iterator[None]:
    """The server's word that it has ended a transaction at its bound is the refusal that it is; nothing was changed."""
    try:
        yield
    except InternalError as exc:
        if not isinstance(exc.orig, TransactionTimeout):
            raise
        raise DeadlineExceeded from exc


class SharedDatabase(SharedExtension):
    """One pair of pools a process, for whatever of its extensions needs the database."""

    _database: Database | None = None

    @property
    def database(self) -> Database:
        """Made when first asked for: extensions are set up side by side, in no order."""
        if self._database is None:
            self._database = Database.of(self.container.service_name, self.container.config["settings"])
        return self._database

    def stop(self) -> None:
        """Closes the pools once the last worker has finished."""
        if self._database is not None:
            self._database.close()


class DatabaseProvider(DependencyProvider):
    """`self.db` of a service."""

    shared = SharedDatabase()

    def get_dependency(self, worker_ctx: Any) -> Database:
        """The same object for every worker, but for calls with a deadline."""
        deadline = worker_ctx.data.get(DEADLINE_KEY)
        return self.shared.database if deadline is None else self.shared.database.until(deadline)
