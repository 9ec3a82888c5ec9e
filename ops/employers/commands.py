"""`espace employers export | erase`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from ops.surroundings import operator_environment


@click.group()
def employers() -> None:
    """All data of one employer (GDPR)."""


@employers.command()
@click.argument("siret")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export(siret: str, folder: Path, as_json: bool) -> None:
    """Write all that is kept of SIRET into FOLDER: JSON and files. The audit log says so."""
    from ops.employers import work

    try:
        done = work.export(operator_environment(), "".join(siret.split()), folder)
    except work.UnknownEmployer as exc:
        raise click.ClickException(f"Nothing is kept of {exc}.") from exc
    _tell(done, "written", as_json=as_json)


@employers.command()
@click.argument("siret")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def erase(siret: str, yes: bool, as_json: bool) -> None:
    """Erase all that is kept of SIRET, files included. Only the audit log keeps lines, without persons."""
    from ops.employers import work

    number = "".join(siret.split())
    if not yes:
        click.confirm(f"Erase everything of {number} for good?", abort=True)
    try:
        done = work.erase(operator_environment(), number)
    except work.UnknownEmployer as exc:
        raise click.ClickException(f"Nothing is kept of {exc}.") from exc
    _tell(done, "erased", as_json=as_json)


def _tell(done: object, what: str, *, as_json: bool) -> None:
    told = asdict(done)  # type: ignore[call-overload]  # a dataclass of a module that is imported late
    if as_json:
        click.echo(json.dumps(told))
        return
    for service, tables in told["rows"].items():
        for table, count in tables.items():
            click.echo(f"{service}.{table}: {count} {what}")
    click.echo(f"files: {told['files']} {what}")
    if told["dead_letters"]:
        click.echo(f"dead letters: {told['dead_letters']} {what}")
