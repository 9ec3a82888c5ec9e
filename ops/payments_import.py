"""The command `espace payments import FILE.csv`; like all commands it imports what it needs when it is called."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ops.payments_file import Checked, Fault


@click.group()
def payments() -> None:
    """Payments of the funder."""


@payments.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--amqp", help="The broker, as a client named funder.<name>; by default the portal of this checkout.")
@click.option("--check-only", is_flag=True, help="Check the lines, record nothing.")
def import_payments(file: Path, amqp: str | None, check_only: bool) -> None:
    """Record the payments of FILE: CSV with semicolons and a header, UTF-8 or Windows-1252."""
    from ops.payments_file import NotAPaymentsFile, check

    content = file.read_bytes()
    try:
        checked = check(content)
    except NotAPaymentsFile as exc:
        raise click.ClickException(f"{file.name}: {exc}") from exc
    if checked.faults:
        _tell(checked.faults)
        lines = len({fault.line for fault in checked.faults})
        raise click.ClickException(f"{lines} of {len(checked.payments)} lines are faulty: nothing was imported.")
    if check_only:
        click.echo(f"{len(checked.payments)} payments, no fault; nothing was imported.")
        return
    _import(checked, content, amqp or _own_portal())


def _own_portal() -> str:
    from ops.folders import RUN
    from ops.stackfile import read

    return str(read(RUN.stack_file)["amqp"])


def _import(checked: "Checked", content: bytes, amqp_url: str) -> None:
    from espace_contracts.errors import Incident, Refusal, Unavailable

    from ops.payments_recording import send

    try:
        imported = send(checked, content, amqp_url=amqp_url)
    except (Unavailable, Incident, Refusal) as exc:
        raise click.ClickException(f"{exc.code}: {exc}. Give the command again: nothing is recorded twice.") from exc
    click.echo(f"{imported.recorded} recorded, {imported.unchanged} known already, {len(imported.refused)} refused.")
    if imported.refused:
        _tell(imported.refused)
        sys.exit(1)


def _tell(faults: "list[Fault]") -> None:
    """Print the faults, line by line."""
    from ops.payments_file import MOST_TOLD

    for fault in faults[:MOST_TOLD]:
        click.echo(f"line {fault.line}: {fault.reason}", err=True)
    if len(faults) > MOST_TOLD:
        click.echo(f"and {len(faults) - MOST_TOLD} more faults", err=True)
