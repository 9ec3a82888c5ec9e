"""`espace accounts`: the daily call « nous n'avons reçu aucun mail », answered: state, mails, expiry, next step."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from ops.surroundings import operator_environment

FACTS = """
select a.id::text as account_id, e.siret, e.legal_name, e.contact_email, a.state, a.identifier, a.pending_identifier,
       a.provisional_expires_at, a.created_at, a.last_login_at,
       (select min(p.accepted_at) from privacy_acceptances p where p.account_id = a.id) as policy_accepted_at,
       (select count(*) from sessions s where s.account_id = a.id and s.ended_at is null
           and s.idle_expires_at > now()) as open_sessions,
       (select max(t.blocked_until) from login_attempts t where t.blocked_until > now()
           and t.subject = 'identifier:' || encode(sha256(convert_to(a.identifier_key, 'UTF8')), 'hex')) as delayed_until
  from employers e
  join account_access w on w.siret = e.siret
  join accounts a on a.id = w.account_id
 where e.siret = %s
 order by a.created_at
"""
LINKS = """
select purpose, expires_at, details ->> 'contact_email' as address
  from links where account_id = %s and used_at is null and voided_at is null and expires_at > now() order by expires_at
"""
MAILS = """
select name, recipient, state, attempts, created_at, settled_at, server_answer,
       case when state = 'queued' then due_at end as due_at
  from mails where account_id = %s order by created_at desc limit 20
"""


class UnknownEmployer(Exception):
    """No account was ever opened for this SIRET."""


def facts(environment: Mapping[str, str], siret: str, *, now: datetime) -> list[dict[str, Any]]:
    """Each account of the employer with its newest mails and what to do next. Raises UnknownEmployer."""
    import psycopg
    from psycopg.rows import dict_row

    url = environment["IDENTITY_WORKER_DATABASE_URL"]
    with psycopg.connect(url, row_factory=dict_row, connect_timeout=5) as connection:
        found = connection.execute(FACTS, (siret,)).fetchall()
        for account in found:
            account["links"] = connection.execute(LINKS, (account["account_id"],)).fetchall()
            account["mails"] = connection.execute(MAILS, (account["account_id"],)).fetchall()
    if not found:
        raise UnknownEmployer(siret)
    return [account | {"next_step": next_step(account, now=now)} for account in found]


def next_step(account: Mapping[str, Any], *, now: datetime) -> str:
    """One sentence for whoever has the employer on the telephone."""
    mails = account["mails"]
    newest = mails[0]["state"] if mails else None
    if account["state"] == "disabled":
        return "The account is disabled: it opens nothing any more."
    if newest in ("bounced", "given_up"):
        return "The newest mail never arrived: correct the address, with `espace accounts reissue SIRET --to ADDRESS`."
    if newest == "queued":
        return "The newest mail still waits to be sent: look at the server's answer, it is tried again by itself."
    if account["state"] == "active":
        return (
            "The first login is over: the employer logs in, or follows « Mot de passe oublié »;"
            " `espace accounts reissue SIRET` mails the identifier and a link for the password."
        )
    expires_at = account["provisional_expires_at"]
    if expires_at is None or expires_at <= now:
        return "The provisional credentials have expired: `espace accounts reissue SIRET`."
    if account["state"] == "pending_confirmation":
        return (
            "The employer has chosen credentials: the link of the newest mail confirms them; the wizard mails another."
        )
    return "The employer logs in with the provisional credentials of the mail."


@click.group()
def accounts() -> None:
    """Accounts of employers."""


@accounts.command()
@click.argument("siret")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(siret: str, as_json: bool) -> None:
    """Tell the state of SIRET's account, its mails with the server's answers, and the next step."""
    try:
        found = facts(operator_environment(), "".join(siret.split()), now=datetime.now(UTC))
    except UnknownEmployer as exc:
        raise click.ClickException(f"No account was ever opened for {exc}.") from exc
    if as_json:
        click.echo(json.dumps(found, default=str, ensure_ascii=False))
        return
    for account in found:
        _tell(account)


def _tell(account: dict[str, Any]) -> None:
    links, mails = account.pop("links"), account.pop("mails")
    for name, value in account.items():
        if value is not None:
            click.echo(f"{name:24} {value}")
    for link in links:
        click.echo(
            f"  link {link['purpose']:20} until {link['expires_at']:%Y-%m-%d %H:%M}  {link['address'] or ''}".rstrip()
        )
    for mail in mails:
        when = mail["settled_at"] or mail["due_at"]
        click.echo(f"  {mail['created_at']:%Y-%m-%d %H:%M}  {mail['name']:24} {mail['state']:9} {mail['recipient']}")
        click.echo(f"    {when:%Y-%m-%d %H:%M}  attempts: {mail['attempts']}  {mail['server_answer'] or ''}")


@accounts.command()
@click.argument("siret")
@click.option("--to", "address", help="Correct the contact address first; the mail goes there.")
@click.option("--amqp", help="The broker, as a client named funder.<name>; by default the portal of this checkout.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def reissue(siret: str, address: str | None, amqp: str | None, as_json: bool) -> None:
    """Mail SIRET whatever opens its account.

    Until the first login is over fresh provisional credentials (those before open nothing any more), afterwards the
    identifier and a link to choose a new password.
    """
    from espace_contracts import identity
    from espace_contracts.errors import Incident, Refusal, Unavailable

    try:
        request = identity.ReissueCredentials(siret="".join(siret.split()), contact_email=address)
        answer = _call(amqp or _own_portal(), request)
    except (Refusal, Incident, Unavailable, ValueError) as exc:
        raise click.ClickException(f"Nothing was mailed: {type(exc).__name__} {exc}") from exc
    if as_json:
        click.echo(answer.model_dump_json())
    else:
        what = (
            "The identifier and a link for the password"
            if answer.state == "active"
            else "Fresh provisional credentials"
        )
        click.echo(f"{what} are on their way to {answer.siret} ({answer.state}).")


def _own_portal() -> str:
    from ops.folders import RUN
    from ops.stackfile import read

    return str(read(RUN.stack_file)["amqp"])


def _call(amqp_url: str, request: Any) -> Any:
    import asyncio

    from espace_contracts import identity

    from chassis.asyncbus import BusClient

    async def ask() -> Any:
        client = BusClient(amqp_url)
        await client.start()
        try:
            return await client.call(identity.REISSUE_CREDENTIALS, request)
        finally:
            await client.close()

    return asyncio.run(ask())
