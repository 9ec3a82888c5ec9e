"""The toy service: it reads like any other service of ours."""

import os

import eventlet
from espace_contracts.errors import NotFound
from sqlalchemy import text

from chassis import outbox
from chassis.bus import Caller, Unacceptable, rpc, subscribe, subscribe_in_batches
from chassis.idempotency import once
from chassis.service import Service
from tests.service.chassis.toy import contract as api


class ToyService(Service):
    """Echoes, notes, and fails on demand."""

    name = api.NAME
    caller = Caller()

    @rpc(api.ECHO)
    def echo(self, request: api.Echo) -> api.Echoed:
        """Says it again; refuses, breaks or times out by the text."""
        match request.text:
            case "refuse":
                raise NotFound("nothing here", "text")
            case "break":
                raise ZeroDivisionError("secret detail")
            case "timeout":
                with eventlet.Timeout(0.01):
                    eventlet.sleep(1)
        return api.Echoed(text=request.text, caller=self.caller.name)

    @rpc(api.WHO)
    def who(self, request: api.Echo) -> api.Echoed:
        """Only for identified callers."""
        return api.Echoed(text=request.text, caller=self.caller.kind)

    @rpc(api.SLEEP)
    def sleep(self, request: api.Echo) -> api.Echoed:
        """Waits in the database, as real work does, and leaves a trace that it ran."""
        with self.db.work() as connection:
            connection.execute(text("select pg_sleep(:seconds)"), {"seconds": request.seconds})
            connection.execute(text("insert into note (text) values (:text)"), {"text": request.text})
        return api.Echoed(text=request.text)

    @rpc(api.NOTE)
    def note(self, request: api.Note) -> api.Echoed:
        """Writes a line, once for each key; by the text it takes a second first, here or in the database."""
        with self.db.work() as connection:
            if request.text == "dawdle":
                eventlet.sleep(1)
            if request.text == "dawdle in the database":
                connection.execute(text("select pg_sleep(1)"))
            return once(connection, api.NOTE, request, lambda: self._note(connection, request.text))

    @subscribe(api.Poked)
    def feel(self, event):
        """Writes a line and tells of it; misbehaves by the text."""
        with self.db.once(event) as connection:
            self._note(connection, event.data.text)
            if event.data.text == "raise":
                raise RuntimeError("always")
            if event.data.text == "raise-once" and not os.path.exists(os.environ["TOY_MARK"]):
                with open(os.environ["TOY_MARK"], "w"):
                    raise RuntimeError("the first time")
            if event.data.text == "outage":
                raise ConnectionRefusedError("a server is away")
            if event.data.text == "unacceptable":
                raise Unacceptable("never")
            if event.data.text == "timeout":
                with eventlet.Timeout(0.01):
                    eventlet.sleep(1)
            if event.data.text == "slow":
                eventlet.sleep(3)

    @subscribe_in_batches(api.Counted)
    def count(self, events):
        """Writes a line each; one bad event fails its whole batch."""
        with self.db.once_each(events) as (connection, fresh):
            for event in fresh:
                connection.execute(text("insert into note (text) values (:text)"), {"text": event.data.text})
            outbox.publish_all(
                connection, [(api.Felt(text=event.data.text), event.id) for event in fresh], at=self.clock()
            )
            if any(event.data.text == "bad" for event in fresh):
                raise Unacceptable("bad")

    def _note(self, connection, line: str) -> api.Echoed:
        connection.execute(text("insert into note (text) values (:text)"), {"text": line})
        outbox.publish(connection, api.Felt(text=line), subject=line[:100] or "-", at=self.clock())
        return api.Echoed(text=line)
