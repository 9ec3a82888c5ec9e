"""Payments from a file, recorded by the same call that the funder's systems use.

All lines are checked here, then by the service against what it knows, before the first one is recorded. The calls carry idempotency keys made of the file's content, so
that the command can be given again after a fault of the network: what was recorded stays as it is.
"""

import asyncio
import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import click
from espace_contracts import payments as api

from chassis.asyncbus import BusClient
from ops.payments_file import Checked, Fault

A_CALL = 500  # payments; the contract allows 1,000, a message 1 MB

Call = Callable[[api.RecordPayments], api.RecordedPayments]


@dataclass
class Imported:
    """What became of a file's payments."""

    recorded: int = 0
    unchanged: int = 0
    refused: list[Fault] = field(default_factory=list)


def requests(checked: Checked, content: bytes, *, check_only: bool) -> Iterator[tuple[list[int], api.RecordPayments]]:
    """The calls that take the file, each with the lines of its payments."""
    digest = hashlib.sha256(content).hexdigest()[:40]
    for start in range(0, len(checked.payments), A_CALL):
        part = tuple(checked.payments[start : start + A_CALL])
        key = None if check_only else f"import-{digest}-{start}"
        request = api.RecordPayments(payments=part, check_only=check_only, idempotency_key=key)
        yield checked.lines[start : start + A_CALL], request


def take(
    checked: Checked, content: bytes, *, call: Call, step: Callable[[int], Any], check_only: bool = False
) -> Imported:
    """Send all of them; *step* is told how many were sent. A version that is known with other facts is refused."""
    imported = Imported()
    for lines, request in requests(checked, content, check_only=check_only):
        answer = call(request)
        imported.recorded += answer.recorded
        imported.unchanged += answer.unchanged
        for one in answer.rejected:
            imported.refused.append(Fault(lines[one.index], _reason(one)))
        step(len(lines))
    return imported


def _reason(rejected: api.RejectedPayment) -> str:
    if rejected.reason == "version_conflict":
        return "this version of the payment is known with other facts: raise the version"
    return f"{rejected.reason} ({', '.join(rejected.fields)})"


def send(checked: Checked, content: bytes, *, amqp_url: str) -> Imported:
    """Let the service check the whole file, then record it, with progress bars; nothing if it refuses any.

    Raises Unavailable, and the refusals of the method.
    """
    with asyncio.Runner() as runner:
        client = BusClient(amqp_url, name="payments-import")
        runner.run(client.start())

        def call(request: api.RecordPayments) -> api.RecordedPayments:
            return runner.run(client.call(api.RECORD_PAYMENTS, request))

        try:
            tried = _with_bar("Checking", checked, content, call=call, check_only=True)
            return (
                Imported(refused=tried.refused)
                if tried.refused
                else _with_bar("Recording", checked, content, call=call, check_only=False)
            )
        finally:
            runner.run(client.close())


def _with_bar(label: str, checked: Checked, content: bytes, *, call: Call, check_only: bool) -> Imported:
    with click.progressbar(length=len(checked.payments), label=label, file=sys.stderr) as bar:
        return take(checked, content, call=call, step=bar.update, check_only=check_only)
