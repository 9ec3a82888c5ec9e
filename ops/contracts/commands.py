"""`espace contracts`: write the documents of the bus, check that they are current, keep what was promised."""

import sys

import click


@click.group()
def contracts() -> None:
    """The documents and the promises of the bus."""


@contracts.command()
def write() -> None:
    """Write docs/asyncapi.yaml and docs/events.md from the contracts."""
    from ops.contracts.documents import write as write_documents

    for path in write_documents():
        click.echo(f"Wrote {path}.")


@contracts.command()
def check() -> None:
    """Fail when one of the two is not what the contracts say."""
    from ops.contracts.documents import stale

    found = stale()
    for path in found:
        click.echo(f"{path} is not what the contracts say; run: espace contracts write", err=True)
    sys.exit(1 if found else 0)


@contracts.command()
def gate() -> None:
    """Fail when a promise of a released version is broken."""
    from ops.contracts.gate import breaks

    found = breaks()
    for line in found:
        click.echo(line, err=True)
    if found:
        click.echo("Within a version only optional members are added; the rest is a new type beside it.", err=True)
    sys.exit(1 if found else 0)


@contracts.command()
@click.argument("version")
def release(version: str) -> None:
    """Keep today's schemas and golden samples as VERSION, for the gate and for the tests."""
    from ops.contracts.gate import AlreadyReleased
    from ops.contracts.gate import release as keep

    try:
        click.echo(f"Kept {keep(version)}.")
    except AlreadyReleased as exc:
        raise click.ClickException(f"{version} is released: its files are never written again") from exc
