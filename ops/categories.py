"""`espace categories`: the kinds of documents are a file that operators may change (S37 to S39)."""

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ops.surroundings import operator_environment

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from services.documents.categories import CategoryFile
    from services.documents.category_changes import Difference


@contextmanager
def _work(environment: Mapping[str, str]) -> "Iterator[Connection]":
    """One transaction on the database of documents, as the role that sees every employer's documents."""
    from chassis.database import engine_for

    engine = engine_for(environment["DOCUMENTS_WORKER_DATABASE_URL"], name="espace-categories", pool_size=1)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def apply_shipped(environment: Mapping[str, str]) -> "list[Difference] | None":
    """Bring the set of this release in, once; None where the operators' own set stands. Part of `espace migrate`."""
    from services.documents.categories import read_file
    from services.documents.usecases import category_sets

    with _work(environment) as connection:
        return category_sets.apply_shipped(connection, read_file(), now=datetime.now(UTC))


@click.group()
def categories() -> None:
    """Kinds of documents: what is asked for, what is accepted, who deposits, how long it is kept."""


@categories.command()
@click.option("--json", "as_json", is_flag=True, help="Print the file itself: change it and apply it.")
def show(as_json: bool) -> None:
    """Show the set that stands."""
    from services.documents.categories import CategoryFile
    from services.documents.store import categories as store

    with _work(operator_environment()) as connection:
        stands = store.newest_set(connection)
        retired = store.retired_categories(connection)
        listed = [each for key, each in store.read_categories(connection).items() if key not in retired]
        held = store.held_documents(connection)
    if as_json:
        click.echo(CategoryFile(version=stands.version, categories=tuple(listed)).model_dump_json(indent=2))
        return
    click.echo(
        f"Version {stands.version} ({stands.origin}), applied {stands.applied_at:%Y-%m-%d} by {stands.applied_by}"
    )
    for each in listed:
        documents = held[each.key].documents if each.key in held else 0
        kept = f"{each.retention_months} months" if each.retention_months else "for ever"
        click.echo(
            f"{each.key:24} {documents:7} documents, kept {kept:11} « {each.label} », by {', '.join(each.depositors)}"
        )


@categories.command()
@click.argument("file", type=click.File(encoding="utf-8"), required=False)
@click.option("--shipped", is_flag=True, help="Go back to the set of this release.")
@click.option("--dry-run", is_flag=True, help="Show what would change, change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def apply(file: Any, shipped: bool, dry_run: bool, yes: bool) -> None:
    """Check FILE (`-` for standard input), show what it changes, and make it the set that stands, in one transaction."""
    from services.documents.usecases.category_sets import OWN, SHIPPED, NotApplicable

    if (file is None) is not shipped:
        raise click.UsageError("Give either FILE or --shipped.")
    wanted, origin = _read(file), SHIPPED if shipped else OWN
    try:
        _tell(_compared(wanted, origin))
        if dry_run:
            return
        if not yes:
            click.confirm("Apply?", abort=True)
        _apply(wanted, origin)
    except NotApplicable as exc:
        raise click.ClickException("\n".join(["Nothing was changed:", *exc.faults])) from exc
    click.echo(f"Version {wanted.version} stands.")


def _read(file: Any) -> "CategoryFile":
    """The given file, or the shipped one. Ends the command with all its faults."""
    from pydantic import ValidationError

    from services.documents.categories import read_file, read_text

    try:
        return read_text(file.read()) if file else read_file()
    except ValidationError as exc:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}" for fault in exc.errors()]
        raise click.ClickException("\n".join(["Not a file of categories:", *faults])) from exc


def _compared(wanted: "CategoryFile", origin: str) -> "list[Difference]":
    from services.documents.usecases import category_sets

    with _work(operator_environment()) as connection:
        return category_sets.compare(connection, wanted, origin=origin)


def _apply(wanted: "CategoryFile", origin: str) -> None:
    from services.documents.usecases import category_sets

    with _work(operator_environment()) as connection:
        category_sets.apply(connection, wanted, origin=origin, applied_by=getpass.getuser(), now=datetime.now(UTC))


def _tell(found: "list[Difference]") -> None:
    for line in (line for each in found for line in each.lines()):
        click.echo(line)
    if not found:
        click.echo("No difference.")
