"""The three steps of a deposit: announce (`begin`), PUT by the depositor, make it a document (`complete`)."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from espace_contracts import documents as api
from espace_contracts.errors import Conflict, FileRefused, NotFound
from sqlalchemy import Connection, Row

from chassis import outbox
from services.documents import answers, domain
from services.documents.domain import Depositor
from services.documents.file_checks import MEDIA_TYPES
from services.documents.free_fields import read_details
from services.documents.store import categories as category_store
from services.documents.store import deposits as store
from services.documents.store import documents as document_store
from services.documents.store import dossiers as dossier_store
from services.documents.usecases import advices, changes
from services.documents.usecases.categories import open_category


@dataclass(frozen=True)
class Announced:
    """A deposit that waits for its bytes under a key that nobody can guess (K26)."""

    deposit_id: UUID
    object_key: str
    media_type: str
    size: int
    sha256: str | None
    expires_at: datetime


@dataclass(frozen=True)
class Found:
    """What the bytes turned out to be, and how far a scanner is with them."""

    sha256: str
    scan: api.Scan


def begin(
    connection: Connection, request: api.BeginDeposit, *, depositor: Depositor, quota: int, now: datetime
) -> Announced:
    """Check what is said of a file before a byte of it is sent.

    Raises InvalidRequest, NotAllowed, FileRefused, NotFound for a dossier that the employer does not have; for
    a file that replaces another also what `changes.own_document` raises.
    """
    if request.document_id is None:
        category, described = _new(connection, request, depositor=depositor)
    else:
        category, described = _replacing(connection, request, request.document_id, depositor=depositor)
    file_name = domain.display_name(request.file_name)
    ending = domain.check_announced(category, file_name=file_name, size=request.size)
    used = document_store.used_bytes(connection, request.siret)
    domain.check_quota(quota, used=used, size=request.size, depositor_kind=depositor.kind)
    announced = Announced(
        deposit_id=uuid4(),
        object_key=domain.FOLDER + uuid4().hex,
        media_type=MEDIA_TYPES[ending],
        size=request.size,
        sha256=request.sha256,
        expires_at=now + timedelta(seconds=domain.UPLOAD_SECONDS),
    )
    who = _who(depositor) | {"file_name": file_name}
    _add(connection, request.siret, announced, described | who, now=now)
    return announced


def _who(depositor: Depositor) -> dict[str, Any]:
    return {
        "depositor_kind": depositor.kind,
        "depositor_name": depositor.name,
        "depositor_account": depositor.account_id,
    }


def _new(
    connection: Connection, request: api.BeginDeposit, *, depositor: Depositor
) -> tuple[api.Category, dict[str, Any]]:
    category = open_category(connection, request.category or "")
    domain.check_described(category, request, depositor_kind=depositor.kind)
    if request.dossier_number and not dossier_store.has_dossier(connection, request.siret, request.dossier_number):
        raise NotFound("no such dossier", "dossier_number")
    details = read_details(category, request.details)
    return category, domain.described(request) | {"payment_number": request.payment_number, "details": details}


def _replacing(
    connection: Connection, request: api.BeginDeposit, document_id: UUID, *, depositor: Depositor
) -> tuple[api.Category, dict[str, Any]]:
    document = changes.own_document(connection, request.siret, document_id, changer=depositor)
    category = category_store.read_categories(connection)[document.category]
    described = {name: getattr(document, name) for name in _DESCRIBED if not name.startswith("depositor")}
    return category, described | {"replaces": document_id}


def _add(connection: Connection, siret: str, announced: Announced, described: dict[str, Any], *, now: datetime) -> None:
    store.add_deposit(
        connection,
        siret,
        id=announced.deposit_id,
        object_key=announced.object_key,
        media_type=announced.media_type,
        size=announced.size,
        sha256=announced.sha256,
        begun_at=now,
        expires_at=announced.expires_at,
        **described,
    )


def find(connection: Connection, request: api.CompleteDeposit, *, viewer: Depositor, now: datetime) -> Row[Any]:
    """The viewer's own deposit, before its bytes are looked at.

    Raises NotFound; FileRefused when its bytes were refused before; Conflict when it was abandoned too long ago.
    """
    return _open(store.get_deposit(connection, request.siret, request.deposit_id), viewer=viewer, now=now)


def renew(connection: Connection, request: api.RenewUpload, *, viewer: Depositor, now: datetime) -> Announced:
    """The viewer's own deposit as it was announced, with more time to send it. Raises what `find` raises."""
    deposit = _open(store.get_deposit(connection, request.siret, request.deposit_id), viewer=viewer, now=now)
    return Announced(
        deposit_id=deposit.id,
        object_key=deposit.object_key,
        media_type=deposit.media_type,
        size=deposit.size,
        sha256=deposit.sha256,
        expires_at=now + timedelta(seconds=domain.UPLOAD_SECONDS),
    )


def _open(deposit: Row[Any] | None, *, viewer: Depositor, now: datetime) -> Row[Any]:
    if deposit is None:
        raise NotFound
    if not domain.is_own(viewer, depositor_kind=deposit.depositor_kind, depositor_name=deposit.depositor_name):
        raise NotFound
    if deposit.refusal is not None:
        raise FileRefused("the file was refused before", deposit.refusal)
    if deposit.swept_at is not None or (
        deposit.document_id is None and now > deposit.begun_at + domain.COMPLETED_WITHIN
    ):
        raise Conflict("the deposit was abandoned: begin it again", "deposit_id")
    return deposit


def refuse(connection: Connection, siret: str, deposit_id: UUID, reason: str) -> None:
    """Remember why these bytes cannot become a document; the sweeper removes them.

    They are not removed at once: as long as an upload address lives, other bytes could take their place.
    """
    deposit = store.get_deposit(connection, siret, deposit_id, lock=True)
    if deposit is not None and deposit.document_id is None:
        store.set_deposit(connection, siret, deposit_id, refusal=reason)


def complete(
    connection: Connection, request: api.CompleteDeposit, *, viewer: Depositor, found: Found, now: datetime
) -> api.Document:
    """Make the deposit, whose bytes were checked, a document; a second completion answers with the same one.

    Raises what `find` raises: the deposit may have changed since; and for a file that replaces another what
    `changes.own_document` raises: so may the document.
    """
    locked = store.get_deposit(connection, request.siret, request.deposit_id, lock=True)
    deposit = _open(locked, viewer=viewer, now=now)
    document_id: UUID = deposit.document_id or deposit.replaces or uuid4()
    if deposit.document_id is None:
        version = _store(connection, deposit, document_id, found=found, now=now)
        store.set_deposit(connection, deposit.siret, deposit.id, document_id=document_id)
        if found.scan == "available":
            event = api.DocumentAvailable(siret=deposit.siret, document_id=document_id, version=version)
            outbox.publish(connection, event, subject=str(document_id), at=now)
    row = document_store.get_document(connection, request.siret, document_id)
    if row is None:
        raise NotFound
    return answers.document(row, category_store.read_categories(connection), viewer=viewer)


def _store(connection: Connection, deposit: Row[Any], document_id: UUID, *, found: Found, now: datetime) -> int:
    """The deposit is the document's first file, or its next one; the version."""
    file = {name: getattr(deposit, name) for name in _STORED} | asdict(found) | {"created_at": now}
    if deposit.replaces is None:
        _make_document(connection, deposit, document_id, file=file, now=now)
        return 1
    changer = Depositor(deposit.depositor_kind, deposit.depositor_name, deposit.depositor_account)
    document = changes.own_document(connection, deposit.siret, document_id, changer=changer)
    return changes.replace_file(connection, document, file, changer=changer, now=now)


def _make_document(
    connection: Connection, deposit: Row[Any], document_id: UUID, *, file: dict[str, Any], now: datetime
) -> None:
    described = {name: getattr(deposit, name) for name in _DESCRIBED} | _found_by(deposit)
    document_store.add_document(
        connection,
        deposit.siret,
        document={"id": document_id, "handling": "received", "deposited_at": now, **described},
        file=file,
    )
    event = api.DocumentDeposited(
        siret=deposit.siret,
        account_id=deposit.depositor_account,
        document_id=document_id,
        version=1,
        depositor=deposit.depositor_kind,
        category=deposit.category,
        dossier_number=deposit.dossier_number,
        sha256=file["sha256"],
        size=deposit.size,
    )
    outbox.publish(connection, event, subject=str(document_id), at=now)
    if deposit.payment_number is not None:
        advices.record_deposited(connection, deposit.siret, deposit.payment_number, document_id=document_id, now=now)


def _found_by(deposit: Row[Any]) -> dict[str, str | None]:
    """The keys by which the search finds what stands in no dossier."""
    last, first, payment = deposit.beneficiary_last_name, deposit.beneficiary_first_name, deposit.payment_number
    return {
        "label": deposit.label or (advices.title(payment) if payment else None),
        "name_key": domain.name_key(last, first) if last else None,
        "payment_key": domain.number_key(payment) if payment else None,
    }


_STORED = ("object_key", "file_name", "media_type", "size")
_DESCRIBED = (
    "category",
    "dossier_number",
    "label",
    "period_start",
    "period_end",
    "beneficiary_last_name",
    "beneficiary_first_name",
    "payment_number",
    "details",
    "depositor_kind",
    "depositor_name",
    "depositor_account",
)
