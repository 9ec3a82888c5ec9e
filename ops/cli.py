"""The command `espace`. Each command imports what it needs when it is called, so that the quick ones stay quick."""

import sys
import warnings

import click

from ops.accounts import accounts
from ops.backup.commands import COMMANDS as BACKUP
from ops.categories import categories
from ops.contracts.commands import contracts
from ops.delivery_commands import COMMANDS
from ops.employers.commands import employers
from ops.keys import keys
from ops.mails import mails
from ops.payments_import import payments


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run, test and operate Espace Employeur."""
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")  # known: docs/decisions/0001


for command in (*COMMANDS, *BACKUP, categories, contracts, accounts, employers, mails, payments, keys):
    main.add_command(command)


@main.command()
def run() -> None:
    """Start servers and processes, load the demo employer once, serve until Ctrl-C."""
    from ops.run import run as serve

    sys.exit(serve())


@main.command()
def stop() -> None:
    """End the run of this checkout, from elsewhere."""
    from ops.stop import main as end

    sys.exit(end([]))


@main.command()
def reset() -> None:
    """End the run of this checkout and delete its data."""
    from ops.stop import main as end

    sys.exit(end(["--reset"]))


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run the tests on servers of their own; ARGUMENTS go to pytest."""
    from ops.testing import run_tests

    sys.exit(run_tests(list(arguments)))


@main.command()
@click.argument("names", nargs=-1)
@click.option("--list", "only_list", is_flag=True, help="Say what there is to measure, and measure nothing.")
def bench(names: tuple[str, ...], only_list: bool) -> None:
    """Measure NAMES (everything by default) and write bench/results/NAME.json."""
    from ops import benching

    if not only_list:
        sys.exit(benching.run_benches(names))
    for name in benching.known():
        click.echo(f"{name:<12} {benching.told(name)}")


@main.command()
def migrate() -> None:
    """Provision and migrate databases, broker and buckets by the settings in the environment or ESPACE_SECRETS_DIR."""
    from ops.migrate import ServerRefuses
    from ops.migrate import migrate as bring_up_to_date
    from ops.secret_files import variables

    try:
        bring_up_to_date(variables())
    except ServerRefuses as exc:
        raise click.ClickException(str(exc)) from exc
    click.echo("Databases, broker and buckets are up to date.")


@main.command()
@click.option("--amqp", help="Where to publish; by default the portal that runs from this checkout.")
def demo(amqp: str | None) -> None:
    """Publish the demo employer's events as the funder's system would."""
    from ops import demo as events
    from ops.folders import RUN
    from ops.stackfile import read

    try:
        count = events.publish(amqp or str(read(RUN.stack_file)["amqp"]))
    except events.Unroutable as exc:
        raise click.ClickException(str(exc)) from exc
    click.echo(f"Published {count} events.")


@main.command("check-settings")
@click.argument("processes", nargs=-1, type=click.Choice(["identity", "payments", "documents", "gateway"]))
def check_settings(processes: tuple[str, ...]) -> None:
    """List all faults in the environment of PROCESSES (all by default)."""
    from ops.settings_check import faults

    found = faults(*([processes] if processes else []))
    for line in found:
        click.echo(line, err=True)
    if found:
        sys.exit(1)
    click.echo("The settings fit.")


if __name__ == "__main__":
    main()
