"""The service documents on a real database and a real object store; the broker alone is left out."""

import hashlib
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from espace_contracts import documents as api
from espace_contracts import funder
from espace_contracts.envelope import Event, EventData, canonical_sha256
from espace_contracts.types import Actor
from sqlalchemy import TableClause, func, select, text

from chassis.bus.caller import CallingUser
from chassis.database import Database
from chassis.objectstore import ObjectStore
from services.documents.service import DocumentsService

SAMPLES = Path(__file__).parents[2] / "samples"
TILLEULS = "73282932000074"
OTHER = "55208131766522"
START = datetime(2019, 12, 11, 9, 0, tzinfo=UTC)
ACTOR = Actor(account_id=UUID(int=7), name="Camille Roy")
NOVEMBER = {"start": "2019-11-01", "end": "2019-11-30"}


@dataclass
class Intake:
    """The rule of new files, set by hand."""

    first_scan_state: api.Scan = "available"
    draw_advices: bool = True
    quota_bytes: int = 1024**3


@dataclass
class World:
    """The service, the time it lives in, and the calls of its callers."""

    db: Database
    files: ObjectStore
    now: datetime = START
    intake: Intake = field(default_factory=Intake)

    def service(self, user: str = "gateway") -> Any:
        """The service as it is while it answers a call of this broker user."""
        service = DocumentsService()
        service.db, service.files, service.clock = self.db, self.files, lambda: self.now
        service.scanner = SimpleNamespace(wake=lambda: None)
        service.intake_rules, service.caller = self.intake, CallingUser.of(user)
        return service

    def open_dossier(self, number: str = "19GE00565", *, siret: str = TILLEULS, **changes: Any) -> None:
        """A funding request arrives."""
        request = funding_request(number, siret=siret, **changes)
        self.service().record_funding_request(event_of(request, time=self.now))

    def begin(self, sample: str = "bulletin.pdf", *, user: str = "gateway", **members: Any) -> api.BegunDeposit:
        """Announce a sample file; a payslip of the employer unless *members* say otherwise."""
        content = (SAMPLES / sample).read_bytes()
        basics = {
            "siret": TILLEULS,
            "actor": ACTOR if user == "gateway" else None,
            "category": "payslip",
            "dossier_number": "19GE00565",
            "period": NOVEMBER,
            "file_name": sample,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        return self.service(user).begin_deposit(api.BeginDeposit.model_validate(basics | members))

    def complete(self, begun: api.BegunDeposit, *, user: str = "gateway", siret: str = TILLEULS) -> api.Document:
        """The third step."""
        return self.service(user).complete_deposit(api.CompleteDeposit(siret=siret, deposit_id=begun.deposit_id))

    def deposit(self, sample: str = "bulletin.pdf", *, user: str = "gateway", **members: Any) -> api.Document:
        """All three steps."""
        begun = self.begin(sample, user=user, **members)
        put(begun, (SAMPLES / sample).read_bytes())
        return self.complete(begun, user=user, siret=members.get("siret", TILLEULS))

    def deposit_letter(self, label: str = "Changement d’adresse", **members: Any) -> api.Document:
        """A document of the employer that is tied to nothing."""
        return self.deposit(category="letter", dossier_number=None, period=None, label=label, **members)

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)

    def count(self, table: str) -> int:
        """Rows of a table, of all employers."""
        with self.db.work() as connection:
            return connection.scalar(select(func.count()).select_from(TableClause(table))) or 0

    def published(self, event_class: type[EventData]) -> list[dict[str, Any]]:
        """Data of the events of this type in the outbox, oldest first."""
        query = text("select body::jsonb -> 'data' from outbox where type = :type order by id")
        with self.db.work() as connection:
            return list(connection.scalars(query, {"type": event_class.type}))


def funding_request(number: str, *, siret: str = TILLEULS, **changes: Any) -> funder.FundingRequestReceived:
    """A request as the funder's systems send it; *changes* are members of its dossier or its funder's name."""
    funder_name = changes.pop("funder_name", "Transitions Pro Grand Est")
    dossier = dossier_facts(number, **changes)
    return funder.FundingRequestReceived.model_validate(
        {
            "employer": {"siret": siret, "legal_name": "Clinique", "contact_email": "rh@clinique.example"},
            "dossier": dossier,
            "funder": {"name": funder_name, "email": "contact@transitionspro.example"},
        }
    )


def dossier_facts(number: str, **changes: Any) -> dict[str, Any]:
    """What the funder says of a dossier."""
    return {
        "dossier_number": number,
        "beneficiary": {"last_name": "MARTIN", "first_name": "Audrey"},
        "training_title": "INFIRMIER BLOC OPERATOIRE",
        "training_provider": "Institut de formation A",
        "period": {"start": "2019-09-02", "end": "2020-06-30"},
    } | changes


def event_of(data: EventData, *, time: datetime) -> Event[Any]:
    """The event as `subscribe` hands it over."""
    event: Event[Any] = Event[type(data)](  # type: ignore[misc]
        specversion="1.0",
        id=str(uuid4()),
        source="urn:transitionspro:ge:back-office",
        type=data.type,
        time=time,
        data=data,
        data_sha256=canonical_sha256(data.model_dump(mode="json")),
    )
    return event


def put(begun: api.BegunDeposit, content: bytes) -> int:
    """The second step, by HTTP with the headers that were given; the status."""
    request = urllib.request.Request(begun.upload.url, data=content, method="PUT", headers=begun.upload.headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.status
