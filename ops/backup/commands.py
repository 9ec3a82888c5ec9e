"""`espace backup` and `espace restore`."""

import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from ops.surroundings import operator_environment

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--previous", type=FOLDER, help="An earlier backup on the same disk: files that it has are linked.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def backup(folder: Path, previous: Path | None, as_json: bool) -> None:
    """Write databases and files into FOLDER, new or empty, while the portal runs. It holds personal data."""
    from chassis.objectstore import ObjectStoreDown
    from ops.backup.databases import ToolFailed
    from ops.backup.manifest import BackupFaulty
    from ops.backup.work import FolderTaken, back_up

    try:
        made = back_up(operator_environment(), folder, previous=previous, say=_say(quiet=as_json))
    except (BackupFaulty, FolderTaken, ToolFailed, ObjectStoreDown) as exc:
        raise click.ClickException(f"There is no backup. {exc}") from exc
    if as_json:
        click.echo(json.dumps(asdict(made)))
        return
    for key in made.missing_files:
        click.echo(f"not in the store: {key}", err=True)
    click.echo(f"{folder} holds everything up to {made.started_at}.")


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--yes", is_flag=True, help="Delete the data that is there now.")
@click.option("--check", is_flag=True, help="Only compare every file of the backup with its checksum.")
@click.option(
    "--overlap-hours", default=24.0, show_default=True, help="How far before the backup events are published again."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def restore(folder: Path, yes: bool, check: bool, overlap_hours: float, as_json: bool) -> None:
    """Bring back what `espace backup` wrote into FOLDER. The processes must be down; start them afterwards."""
    from chassis.objectstore import ObjectStoreDown
    from ops.backup import manifest, work
    from ops.backup.databases import DataPresent, InUse, ToolFailed
    from ops.migrate import ServerRefuses

    overlap = timedelta(hours=overlap_hours)
    try:
        if check:
            _tell_checked(manifest.check(folder), as_json=as_json)
            return
        done = work.restore(operator_environment(), folder, over_data=yes, overlap=overlap, say=_say(quiet=as_json))
    except DataPresent as exc:
        raise click.ClickException(f"Nothing was touched: {exc}. --yes deletes them.") from exc
    except (manifest.BackupFaulty, InUse, ToolFailed, ObjectStoreDown, ServerRefuses) as exc:
        raise click.ClickException(f"The restore stopped. {exc}") from exc
    if as_json:
        click.echo(json.dumps(asdict(done)))
        return
    click.echo(f"Purged: {done.purged or 'nothing'}. Published again: {done.published_again}.")
    click.echo(f"Start the processes; outside systems send again what they sent since {done.started_at}.")


def _tell_checked(made: Any, *, as_json: bool) -> None:
    objects = sum(bucket.objects for bucket in made.buckets.values())
    if as_json:
        click.echo(json.dumps({"whole": True, "started_at": made.started_at, "objects": objects}))
        return
    click.echo(f"Whole: {len(made.databases)} databases and {objects} files of {made.started_at}.")


def _say(*, quiet: bool) -> Any:
    return (lambda _text: None) if quiet else click.echo


COMMANDS = (backup, restore)
