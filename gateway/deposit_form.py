"""The form « Ajouter un fichier » as data: what was typed, what is wrong with it, the requests it makes (S37 to S40)."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID

from espace_contracts.documents import BeginDeposit, Category, Document, Dossier, RecategoriseDocument
from espace_contracts.types import Actor, Period
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from gateway import free_fields, french
from gateway.forms import text

# fields of the contract, and where their faults are shown
SHOWN_AT = {
    "category": "categorie",
    "dossier_number": "dossier",
    "label": "libelle",
    "period": "debut",
    "file_name": "fichier",
    "media_type": "fichier",
    "size": "fichier",
    "sha256": "fichier",
}
TYPED = ("categorie", "dossier", "libelle", "debut", "fin", "cle")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Chosen:
    """A file as the browser describes it; *mark* tells it from others of its name and size."""

    name: str
    size: int
    media_type: str = "application/octet-stream"
    sha256: str | None = None
    mark: str = ""


@dataclass
class Deposit:
    """A form that was sent. *faults* are words by field, as `deposit_faults` knows them.

    With a *document* its file replaces the document's, and nothing else is asked.
    """

    typed: dict[str, str]
    category: Category | None = None
    document: Document | None = None
    chosen: Chosen | None = None
    period: Period | None = None
    details: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def fault(self, name: str, word: str) -> None:
        """Remember the first fault of a field."""
        self.faults.setdefault(name, word)

    def shown_fault(self, contract_field: str, word: str) -> None:
        """The service refuses a member of the contract."""
        member, _, key = contract_field.partition(".")
        self.fault(free_fields.name_of(key) if member == "details" else SHOWN_AT.get(member, "fichier"), word)


def blank(**typed: str) -> Deposit:
    """A form that nobody has filled in."""
    return Deposit(dict.fromkeys(TYPED, "") | typed)


def described(document: Document) -> dict[str, str]:
    """What is said of a document, as one would type it."""
    period = document.period
    return {
        "categorie": document.category,
        "dossier": document.dossier_number or "",
        "libelle": document.label or "",
        "debut": french.full_day(period.start) if period else "",
        "fin": french.full_day(period.end) if period else "",
    } | {free_fields.name_of(detail.key): free_fields.typed_again(detail) for detail in document.details}


def read_description(form: FormData, categories: tuple[Category, ...], dossiers: tuple[Dossier, ...]) -> Deposit:
    """What is said of the file, checked as far as the gateway can: what is missing, dates that are none."""
    deposit = Deposit({name: text(form, name).strip()[:1000] for name in TYPED})
    deposit.category = next((one for one in categories if one.key == deposit.typed["categorie"]), None)
    if deposit.category is None:
        deposit.fault("categorie", "missing")
        return deposit
    asked = {one.name: one.required for one in deposit.category.fields}
    if "dossier" in asked:
        _check_dossier(deposit, dossiers, required=asked["dossier"])
    if "period" in asked:
        _read_period(deposit, required=asked["period"])
    if asked.get("label") and not deposit.typed["libelle"]:
        deposit.fault("libelle", "missing")
    _read_details(deposit, deposit.category, form)
    return deposit


def _read_details(deposit: Deposit, category: Category, form: FormData) -> None:
    for one in category.free_fields:
        name = free_fields.name_of(one.key)
        typed = deposit.typed[name] = text(form, name).strip()[:1000]
        try:
            value = free_fields.read(one, typed)
        except ValueError as exc:
            deposit.fault(name, str(exc))
        else:
            deposit.details |= {one.key: value} if value is not None else {}


def _check_dossier(deposit: Deposit, dossiers: tuple[Dossier, ...], *, required: bool) -> None:
    typed = deposit.typed["dossier"]
    if (not typed and required) or (typed and all(one.dossier_number != typed for one in dossiers)):
        deposit.fault("dossier", "missing")


def _read_period(deposit: Deposit, *, required: bool) -> None:
    days = {}
    for name in ("debut", "fin"):
        try:
            days[name] = french.read_day(deposit.typed[name])
        except ValueError:
            deposit.fault(name, "bad_date")
            days[name] = None
        if required and days[name] is None:
            deposit.fault(name, "missing")
    start, end = days["debut"], days["fin"]
    if start and end and start > end:
        deposit.fault("fin", "before_start")
    elif start and end:
        try:
            deposit.period = Period(start=start, end=end)
        except ValidationError:
            deposit.fault("debut", "bad_date")
    elif start or end:
        deposit.fault("fin" if start else "debut", "missing")


def choose(deposit: Deposit, chosen: Chosen | None) -> None:
    """Put the file to what was said of it; a file that is missing or too large is a fault."""
    deposit.chosen = chosen
    if chosen is None:
        deposit.fault("fichier", "missing")
    elif deposit.category and chosen.size > deposit.category.max_bytes:
        deposit.fault("fichier", "too_large")


def uploaded(form: FormData) -> UploadFile | None:
    """The file that came with the form."""
    file = form.get("fichier")
    return file if isinstance(file, UploadFile) and file.filename else None


def chosen_upload(file: UploadFile | None) -> Chosen | None:
    """The same, as it will be announced; its SHA-256 is not known yet."""
    if file is None:
        return None
    return Chosen(_bare(file.filename or ""), file.size or 0, (file.content_type or Chosen.media_type)[:200])


def chosen_by_script(form: FormData) -> Chosen | None:
    """A file that the script describes and will send afterwards; None when it makes no sense."""
    name, size, sha256 = _bare(text(form, "nom")), text(form, "taille"), text(form, "sha256")
    if not name or not re.fullmatch(r"[0-9]{1,10}", size):
        return None
    known = sha256 if SHA256.fullmatch(sha256) else None
    return Chosen(name, int(size), sha256=known, mark=text(form, "modifie")[:40])


def _bare(name: str) -> str:
    """The file's name without any folder."""
    return PurePosixPath(PureWindowsPath(name).name).name[:1000]


def announcement(deposit: Deposit, *, siret: str, actor: Actor) -> BeginDeposit:
    """What the service is told before the bytes. Raises pydantic's ValidationError."""
    chosen = deposit.chosen
    if chosen is None:
        raise ValueError("only a deposit with a file can be announced")
    subject: dict[str, Any] = {"document_id": deposit.document.document_id} if deposit.document else _said(deposit)
    return BeginDeposit(
        idempotency_key=_key(deposit, chosen),
        siret=siret,
        actor=actor,
        file_name=chosen.name,
        media_type=chosen.media_type,
        size=chosen.size,
        sha256=chosen.sha256,
        **subject,
    )


def recategorisation(deposit: Deposit, document_id: UUID, *, siret: str, actor: Actor) -> RecategoriseDocument:
    """The document as the form describes it now. Raises pydantic's ValidationError."""
    return RecategoriseDocument(siret=siret, actor=actor, document_id=document_id, **_said(deposit))


def _said(deposit: Deposit) -> dict[str, Any]:
    """Only what the category asks for: a form may still hold fields of another one."""
    if deposit.category is None:
        raise ValueError("only a form without faults describes a file")
    asked = {one.name for one in deposit.category.fields}
    return {
        "category": deposit.category.key,
        "dossier_number": (deposit.typed["dossier"] or None) if "dossier" in asked else None,
        "label": (deposit.typed["libelle"] or None) if "label" in asked else None,
        "period": deposit.period,
        "details": deposit.details,
    }


def _key(deposit: Deposit, chosen: Chosen) -> str:
    """The same form sent twice with the same file is one deposit; once anything is changed it is another."""
    typed = (deposit.typed[name] for name in (*TYPED, *sorted(deposit.typed.keys() - set(TYPED))))
    subject = str(deposit.document.document_id) if deposit.document else ""
    said = "\x1f".join((*typed, subject, chosen.name, str(chosen.size), chosen.sha256 or chosen.mark))
    return hashlib.sha256(said.encode()).hexdigest()
