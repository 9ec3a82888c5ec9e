"""The form « Ajouter un fichier » as data: what was typed, what is wrong with it, the request it makes (S37 to S40)."""

import hashlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath

from espace_contracts.documents import BeginDeposit, Category, Dossier
from espace_contracts.types import Actor, Period
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from gateway import french
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


@dataclass
class Deposit:
    """A form that was sent. *faults* are words by field that the template knows."""

    typed: dict[str, str]
    category: Category | None = None
    file: UploadFile | None = None
    period: Period | None = None
    faults: dict[str, str] = field(default_factory=dict)

    def fault(self, name: str, word: str) -> None:
        """Remember the first fault of a field."""
        self.faults.setdefault(name, word)

    def shown_fault(self, contract_field: str, word: str) -> None:
        """The service refuses a member of the contract."""
        self.fault(SHOWN_AT.get(contract_field.split(".")[0], "fichier"), word)

    @property
    def file_name(self) -> str:
        """The file's name without any folder."""
        name = (self.file.filename or "") if self.file else ""
        return PurePosixPath(PureWindowsPath(name).name).name[:1000]


def read_deposit(form: FormData, categories: tuple[Category, ...], dossiers: tuple[Dossier, ...]) -> Deposit:
    """The form, checked as far as the gateway can: what is missing, dates that are none."""
    deposit = Deposit({name: text(form, name).strip()[:1000] for name in TYPED})
    deposit.category = next((one for one in categories if one.key == deposit.typed["categorie"]), None)
    file = form.get("fichier")
    deposit.file = file if isinstance(file, UploadFile) and file.filename else None
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
    if deposit.file is None:
        deposit.fault("fichier", "missing")
    elif (deposit.file.size or 0) > deposit.category.max_bytes:
        deposit.fault("fichier", "too_large")
    return deposit


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


def announcement(deposit: Deposit, *, siret: str, actor: Actor, sha256: str, size: int) -> BeginDeposit:
    """What the service is told before the bytes. Raises pydantic's ValidationError."""
    if deposit.category is None or deposit.file is None:
        raise ValueError("only a deposit without faults can be announced")
    asked = {one.name for one in deposit.category.fields}
    return BeginDeposit(
        idempotency_key=_key(deposit, sha256),
        siret=siret,
        actor=actor,
        category=deposit.category.key,
        dossier_number=(deposit.typed["dossier"] or None) if "dossier" in asked else None,
        label=(deposit.typed["libelle"] or None) if "label" in asked else None,
        period=deposit.period,
        file_name=deposit.file_name,
        media_type=(deposit.file.content_type or "application/octet-stream")[:200],
        size=size,
        sha256=sha256,
    )


def _key(deposit: Deposit, sha256: str) -> str:
    """The same form sent twice with the same file is one deposit; once anything is changed it is another."""
    said = "\x1f".join((*(deposit.typed[name] for name in TYPED), deposit.file_name, sha256))
    return hashlib.sha256(said.encode()).hexdigest()
