"""What a mail looks like: the row of a mail and its secret become a message, always the same one (R5)."""

import re
from datetime import date, datetime
from decimal import Decimal
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import Row

from services.identity.settings import Settings

PARIS = ZoneInfo("Europe/Paris")
FOLDER = files("services.identity") / "mails"
NO_BREAK = "\N{NO-BREAK SPACE}"
FRENCH_PHONE = re.compile(r"^(?:\+33|0033)\s*(\d)")


def _local(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(PARIS)


def day(instant: str) -> str:
    """« 31 août 2019 », in Paris."""
    return format_date(_local(instant).date(), "d MMMM y", locale="fr")


def instant(moment: str) -> str:
    """« 31 août 2019 à 14 h 05 », in Paris."""
    return format_datetime(_local(moment), f"d MMMM y 'à' H{NO_BREAK}'h'{NO_BREAK}mm", locale="fr")


def short_day(day_of_it: str) -> str:
    """« 11 déc. 2019 » out of an ISO date, never broken over two lines."""
    return format_date(date.fromisoformat(day_of_it), "d MMM y", locale="fr").replace(" ", NO_BREAK)


def decimal(value: str) -> str:
    """« 5 529,88 »: two places always."""
    return format_decimal(Decimal(value), "#,##0.00", locale="fr")


def typographic(text: str) -> str:
    """*text* with the typographic apostrophe."""
    return text.replace("'", "’")


def phone(number: str) -> str:
    """A French number as it is dialled in France, never broken over two lines."""
    return FRENCH_PHONE.sub(r"0\1", number).replace(" ", NO_BREAK)


def french(text: str) -> str:
    """*text* with no-break spaces where French typography has them."""
    return re.sub(r" ([:;?!»])", rf"{NO_BREAK}\1", text.replace("« ", f"«{NO_BREAK}"))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(str(FOLDER)),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"day": day, "short_day": short_day, "instant": instant, "decimal": decimal}
    environment.filters.update(filters, phone=phone, typographic=typographic)
    return environment


class Letters:
    """Makes messages out of rows."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._environment = _environment()
        self._inliner = CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
        self._css = (FOLDER / "mail.css").read_text(encoding="utf-8")

    def message(self, mail: Row[Any], secret: dict[str, Any]) -> EmailMessage:
        """The mail of this row, text and HTML; the same row and secret give the same bytes."""
        facts = dict(mail.facts) | {"secret": secret, "public_url": self._settings.public_url.rstrip("/")}
        subject = french(" ".join(self._render(mail.name, "subject.txt", facts).split()))
        message = EmailMessage(policy=policy.SMTP)
        message["From"] = sender(self._settings.mail_from)
        message["To"] = mail.recipient
        message["Subject"] = subject
        message["Date"] = mail.created_at
        message["Message-ID"] = f"<{mail.id}@{urlsplit(self._settings.public_url).hostname}>"
        message["Auto-Submitted"] = "auto-generated"
        if self._settings.mail_reply_to:
            message["Reply-To"] = self._settings.mail_reply_to
        message.set_content(self._text(mail.name, facts), cte="quoted-printable")
        html = self._html(mail.name, facts | {"subject": subject})
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message["Content-Language"] = "fr"  # now, or it would have moved into the first part
        message.set_boundary(f"=_{mail.id.hex}")
        return message

    def _text(self, name: str, facts: dict[str, Any]) -> str:
        return french(re.sub(r"\n{3,}", "\n\n", self._render(name, "body.txt", facts)))

    def _html(self, name: str, facts: dict[str, Any]) -> str:
        page = self._render(name, "body.html", facts | {"css": self._css})
        return french(self._inliner.inline(page))

    def _render(self, name: str, part: str, facts: dict[str, Any]) -> str:
        return self._environment.get_template(f"{name}/{part}.j2").render(facts)


def sender(text: str) -> Address:
    """`Name <user@host>` or a bare address, as the settings have checked it, for a header."""
    name, address = parseaddr(text)
    user, _, host = address.rpartition("@")
    return Address(display_name=name, username=user, domain=host)
