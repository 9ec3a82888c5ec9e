"""`espace mails test ADDRESS`: whether the mail server takes a mail, asked with identity's own settings and adapter."""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from typing import Any

import click

from ops.surroundings import operator_environment

PREFIX = "IDENTITY_"
NEEDED = ("smtp_", "mail_", "private_key", "amqp_url", "database_url", "worker_database_url")  # what has no default too
TEXT = "Ce mail d’essai vient de l’espace Employeur. S’il vous parvient, l’envoi des mails fonctionne.\n"


def send_test(environment: Mapping[str, str], address: str) -> dict[str, Any]:
    """Send one mail to *address*; what the server answered. Never raises for what the server says."""
    from services.identity.letters import sender
    from services.identity.mailer import MailServer, NotTaken, Refused
    from services.identity.settings import Settings

    own = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
    known: dict[str, Any] = {name: value for name, value in own.items() if name.startswith(NEEDED) and value}
    settings = Settings(**known | {"PUBLIC_URL": environment["PUBLIC_URL"]})
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"] = sender(settings.mail_from), address
    message["Subject"], message["Date"] = "Espace Employeur : mail d’essai", datetime.now(UTC)
    message["Message-ID"] = f"<{uuid.uuid4()}@test>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(TEXT)
    told = {"address": address, "server": f"{settings.smtp_host}:{settings.smtp_port}"}
    try:
        return told | {"taken": True, "answer": MailServer(settings).send(message, address)}
    except Refused as exc:
        return told | {"taken": False, "for_ever": True, "answer": exc.answer}
    except NotTaken as exc:
        return told | {"taken": False, "for_ever": False, "answer": exc.answer}


@click.group()
def mails() -> None:
    """Mails to employers."""


@mails.command("test")
@click.argument("address")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def send(context: click.Context, address: str, as_json: bool) -> None:
    """Send a mail to ADDRESS and tell the server's answer; 1 when it was not taken."""
    told = send_test(operator_environment(), address)
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else "  ".join(f"{k}={v}" for k, v in told.items()))
    context.exit(0 if told["taken"] else 1)
