"""The commands `espace outbox`, `dead-letters`, `explain`, `ping` and `bus`; each prints JSON with `--json`."""

import json
import sys
from typing import Any

import click

from ops.surroundings import operator_environment

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _print(rows: list[dict[str, Any]], *, as_json: bool, nothing: str) -> None:
    if as_json:
        click.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    for row in rows:
        click.echo("  ".join(f"{name}={value}" for name, value in row.items() if value not in (None, "", [])))
    if not rows:
        click.echo(nothing)


@click.command()
@as_json
def outbox(as_json: bool) -> None:
    """What waits to be published, service by service."""
    from ops.delivery import outboxes

    _print(outboxes(operator_environment()), as_json=as_json, nothing="")


@click.command()
@click.argument("event_id")
@as_json
def explain(event_id: str, as_json: bool) -> None:
    """Who published EVENT_ID, who applied it, who buried it and why."""
    from ops.delivery import explain as tell

    rows = tell(operator_environment(), event_id)
    _print(rows, as_json=as_json, nothing="Nobody here has seen this event.")
    sys.exit(0 if rows else 1)


@click.command()
@as_json
def ping(as_json: bool) -> None:
    """Ask every server and service whether it is there."""
    from ops.ping import ping as ask

    rows = ask(operator_environment())
    _print(rows, as_json=as_json, nothing="")
    sys.exit(0 if all(row["ok"] for row in rows) else 1)


@click.group("dead-letters")
def dead_letters() -> None:
    """Messages that were given up, each with its reason."""


@dead_letters.command("list")
@as_json
def list_queues(as_json: bool) -> None:
    """The dead-letter queues that hold something."""
    from ops.delivery import dead_letter_queues

    _print(dead_letter_queues(operator_environment()), as_json=as_json, nothing="No dead letters.")


@dead_letters.command()
@click.argument("queue")
@click.option("--limit", default=20, show_default=True)
@as_json
def show(queue: str, limit: int, as_json: bool) -> None:
    """Show the messages of QUEUE; they stay there. They hold personal data."""
    from ops import dead_letters as letters

    found = letters.show(operator_environment()["OPS_RABBITMQ_URL"], queue, limit=limit)
    _print([letter.as_json() for letter in found], as_json=as_json, nothing="The queue is empty.")


@dead_letters.command()
@click.argument("queue")
@click.option("--event-id", help="Only this event.")
@as_json
def redrive(queue: str, event_id: str | None, as_json: bool) -> None:
    """Send the messages of QUEUE back to their handler. What was applied before is not applied again."""
    from ops import dead_letters as letters

    try:
        count = letters.redrive(operator_environment()["OPS_RABBITMQ_URL"], queue, event_id=event_id)
    except letters.CannotRedrive as exc:
        raise click.ClickException(f"{queue} holds requests whose callers are gone; discard them") from exc
    _print([{"queue": queue, "redriven": count}], as_json=as_json, nothing="")


@dead_letters.command()
@click.argument("queue")
@click.option("--event-id", help="Only this event.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def discard(queue: str, event_id: str | None, yes: bool, as_json: bool) -> None:
    """Drop messages of QUEUE for good."""
    from ops import dead_letters as letters

    if not yes:
        click.confirm(f"Drop {'event ' + event_id if event_id else 'all messages'} of {queue}?", abort=True)
    count = letters.discard(operator_environment()["OPS_RABBITMQ_URL"], queue, event_id=event_id)
    _print([{"queue": queue, "discarded": count}], as_json=as_json, nothing="")


@click.group()
def bus() -> None:
    """Outside clients of the broker."""


@bus.command("add-client")
@click.argument("name")
@as_json
def add_client(name: str, as_json: bool) -> None:
    """Make the broker user NAME, `<kind>.<name>` (kinds: funder, training_provider, beneficiary); shows its address."""
    from ops.bus_clients import add_client as add

    try:
        address = add(operator_environment(), name)
    except ValueError as exc:
        raise click.ClickException(str(exc)) from exc
    _print([{"user": name, "amqp": address, "queue_prefix": f"{name}."}], as_json=as_json, nothing="")


@bus.command("remove-client")
@click.argument("name")
def remove_client(name: str) -> None:
    """Take the broker user NAME away."""
    from ops.bus_clients import remove_client as remove

    remove(operator_environment(), name)
    click.echo(f"{name} is gone.")


COMMANDS = (outbox, explain, ping, dead_letters, bus)
