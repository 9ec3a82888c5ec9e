"""Mails on disk, one file each, described the way Mailpit's API describes them."""

import email
import email.policy
import os
import secrets
import shlex
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import (
    ContentDispositionHeader,
    ContentTransferEncodingHeader,
    ContentTypeHeader,
    HeaderRegistry,
)
from email.message import EmailMessage
from email.utils import getaddresses
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

SNIPPET = 250  # characters
KEPT = 2_000  # mails in memory, the last ones asked for
ENDING = ".eml"
# Headers are read as plain text, but for those that say what a part is: Python's parser of addresses and
# Message-IDs raises IndexError at some that are malformed.
HEADERS = HeaderRegistry(use_default_map=False)
HEADERS.map_to_type("content-type", ContentTypeHeader)  # type: ignore[arg-type]  # typeshed wants a base that none has
HEADERS.map_to_type("content-disposition", ContentDispositionHeader)  # type: ignore[arg-type]  # typeshed wants a base that none has
HEADERS.map_to_type("content-transfer-encoding", ContentTransferEncodingHeader)  # type: ignore[arg-type]  # typeshed wants a base that none has
FORGIVING = email.policy.default.clone(header_factory=HEADERS)


@dataclass(frozen=True)
class Mail:
    """One mail as it came."""

    id: str
    created: datetime
    raw: bytes = field(repr=False)

    @cached_property
    def message(self) -> EmailMessage:
        """The mail, taken apart."""
        return email.message_from_bytes(self.raw, policy=FORGIVING)

    def text(self, kind: str) -> str:
        """The body of *kind* "plain" or "html"; empty when there is none."""
        body = self.message.get_body((kind,))
        return str(body.get_content()).replace("\r\n", "\n") if body is not None else ""

    @cached_property
    def summary(self) -> dict[str, Any]:
        """One entry of /api/v1/messages."""
        return self._envelope() | {
            "Attachments": len(self._attachments()),
            "Snippet": " ".join(self.text("plain").split())[:SNIPPET],
        }

    def details(self) -> dict[str, Any]:
        """The answer of /api/v1/message/{id}."""
        return self._envelope() | {
            "Date": self._envelope()["Created"],
            "ReturnPath": str(self.message.get("Return-Path", "")).strip("<>"),
            "Text": self.text("plain"),
            "HTML": self.text("html"),
            "Inline": [],
            "Attachments": self._attachments(),
        }

    def headers(self) -> dict[str, list[str]]:
        """The answer of /api/v1/message/{id}/headers."""
        found: dict[str, list[str]] = {}
        for name, value in self.message.items():
            found.setdefault(name, []).append(str(value))
        return found

    def _envelope(self) -> dict[str, Any]:
        message = self.message
        return {
            "ID": self.id,
            "MessageID": str(message.get("Message-ID", "")).strip().strip("<>"),
            "From": next(iter(_addresses(message, "From")), None),
            "To": _addresses(message, "To"),
            "Cc": _addresses(message, "Cc"),
            "Bcc": _addresses(message, "Bcc"),
            "ReplyTo": _addresses(message, "Reply-To"),
            "Subject": str(message.get("Subject", "")),
            "Created": self.created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "Read": False,
            "Tags": [],
            "Size": len(self.raw),
        }

    def _attachments(self) -> list[dict[str, Any]]:
        return [
            {
                "FileName": part.get_filename() or "",
                "ContentType": part.get_content_type(),
                "Size": len(cast(bytes, part.get_payload(decode=True)) or b""),
            }
            for part in self.message.iter_attachments()
        ]


class Mailbox:
    """A folder of mails, newest first. Names of files are the identifiers, so that they sort by arrival."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Taking a mail apart costs milliseconds, and mails never change.
        self._read = lru_cache(KEPT)(_read)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def add(self, raw: bytes) -> Mail:
        """Keep a mail; it is on disk when this returns, so that the sender may forget it."""
        mail = Mail(f"{time.time_ns():020d}{secrets.token_hex(4)}", datetime.now(UTC), raw)
        draft = self._folder / f"{mail.id}.draft"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._path(mail.id))
        return mail

    def count(self) -> int:
        """How many mails there are."""
        return sum(1 for _ in self._folder.glob(f"*{ENDING}"))

    def all(self) -> list[Mail]:
        """Every mail, newest first."""
        return [self._read(path) for path in sorted(self._folder.glob(f"*{ENDING}"), reverse=True)]

    def get(self, identifier: str) -> Mail | None:
        """The mail of that identifier, or the newest for "latest"; None when there is none."""
        known = {path.stem: path for path in self._folder.glob(f"*{ENDING}")}
        wanted = max(known, default="") if identifier == "latest" else identifier
        return self._read(known[wanted]) if wanted in known else None

    def search(self, query: str) -> list[Mail]:
        """Mails that fit every term: `to:`, `from:`, `subject:`, `message-id:` or a word of the text."""
        terms = [term.casefold() for term in _terms(query)]
        return [mail for mail in self.all() if all(_fits(mail, term) for term in terms)]

    def delete(self, identifiers: Iterable[str] | None = None) -> None:
        """Delete the mails named, or all of them."""
        wanted = None if identifiers is None else set(identifiers)
        for path in self._folder.glob(f"*{ENDING}"):
            if wanted is None or path.stem in wanted:
                path.unlink()

    def _path(self, identifier: str) -> Path:
        return self._folder / f"{identifier}{ENDING}"


def _read(path: Path) -> Mail:
    arrived = datetime.fromtimestamp(int(path.stem[:20]) / 1e9, UTC)
    return Mail(path.stem, arrived, path.read_bytes())


def _addresses(message: EmailMessage, header: str) -> list[dict[str, str]]:
    values = [str(value) for value in message.get_all(header, [])]
    return [{"Name": name, "Address": address} for name, address in getaddresses(values)]


def _terms(query: str) -> list[str]:
    try:
        return shlex.split(query)
    except ValueError:  # a lone quotation mark
        return query.split()


def _fits(mail: Mail, term: str) -> bool:
    name, colon, value = term.partition(":")
    facts = mail.summary
    places = {
        "to": " ".join(f"{to['Name']} {to['Address']}" for to in facts["To"]),
        "from": f"{facts['From']['Name']} {facts['From']['Address']}" if facts["From"] else "",
        "subject": facts["Subject"],
        "message-id": facts["MessageID"],
    }
    if colon and name in places:
        return value in places[name].casefold()
    return term in " ".join((*places.values(), mail.text("plain"), mail.text("html"))).casefold()
