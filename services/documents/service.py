"""The service documents: dossiers, categories, deposits, files."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from espace_contracts import documents as api
from espace_contracts import funder, payments
from espace_contracts.envelope import Event
from espace_contracts.errors import FileRefused
from espace_contracts.registry import REPLAYS
from espace_contracts.replay import EventsPage, EventsSince
from espace_contracts.rpc import FUNDER, GATEWAY, Method

from chassis import replay
from chassis.bus import Caller, Unacceptable, rpc, subscribe
from chassis.idempotency import once
from chassis.measures import Measures
from chassis.objectstore import ObjectStoreProvider
from chassis.service import Service
from chassis.threads import off_hub_serially
from services.documents import advice, domain, intake
from services.documents.scanner import WAITING_SCANS, Scanner
from services.documents.sweeper import Sweeper
from services.documents.usecases import advices, categories, changes, deposits, documents, dossiers


class DocumentsService(Service):
    """Knows the employer's dossiers and keeps the files that all four kinds of depositor hand in."""

    name = api.SERVICE

    caller = Caller()
    files = ObjectStoreProvider()
    intake_rules = intake.IntakeRules()
    sweeper = Sweeper()
    scanner = Scanner()
    measures = Measures(WAITING_SCANS)

    # --- what is read

    @rpc(api.LIST_CATEGORIES)
    def list_categories(self, request: api.ListCategories) -> api.Categories:
        """The categories to choose from."""
        with self.db.transaction() as connection:
            return categories.list_categories(connection, request)

    @rpc(api.LIST_DOCUMENTS)
    def list_documents(self, request: api.ListDocuments) -> api.Documents:
        """The tab Documents as it opens."""
        with self.db.transaction(siret=request.siret) as connection:
            return documents.list_documents(connection, request, viewer=self._viewer())

    @rpc(api.SEARCH_DOSSIERS)
    def search_dossiers(self, request: api.SearchDossiers) -> api.Dossiers:
        """Dossiers by number or beneficiary."""
        with self.db.transaction(siret=request.siret) as connection:
            return dossiers.search_dossiers(connection, request, viewer=self._viewer())

    @rpc(api.GET_DOSSIER)
    def get_dossier(self, request: api.GetDossier) -> api.DossierDocuments:
        """A dossier and its documents, as of one moment."""
        with self.db.transaction(siret=request.siret, snapshot=True) as connection:
            return dossiers.get_dossier(connection, request, viewer=self._viewer())

    @rpc(api.GET_DOCUMENT)
    def get_document(self, request: api.GetDocument) -> api.Document:
        """One document."""
        with self.db.transaction(siret=request.siret) as connection:
            return documents.get_document(connection, request.siret, request.document_id, viewer=self._viewer())

    @rpc(api.GET_ADVICE)
    def get_advice(self, request: api.GetAdvice) -> api.Document:
        """The remittance advice of a payment."""
        with self.db.transaction(siret=request.siret) as connection:
            return advices.get_advice(connection, request, viewer=self._viewer())

    @rpc(api.OPEN_FILE)
    def open_file(self, request: api.OpenFile) -> api.OpenedFile:
        """Where the bytes are for a minute; who asked is on record before the address exists."""
        now = self.clock()
        with self.db.transaction(siret=request.siret) as connection:
            opener = domain.opener_of(self.caller.kind, self.caller.name, request.actor)
            opening = documents.open_file(connection, request, opener=opener, now=now)
        size = opening.size if opening.to_draw is None else self._draw(request.siret, opening)
        url = self.files.presigned_get(
            opening.object_key,
            file_name=opening.file_name,
            media_type=opening.media_type,
            outside=self.caller.kind != GATEWAY,
        )
        return api.OpenedFile(
            url=url,
            file_name=opening.file_name,
            media_type=opening.media_type,
            size=size,
            expires_at=now + domain.OPENING,
        )

    # --- a deposit in three steps; the second is the PUT

    @rpc(api.BEGIN_DEPOSIT)
    def begin_deposit(self, request: api.BeginDeposit) -> api.BegunDeposit:
        """Check what is announced and say where to PUT the bytes."""
        depositor = domain.depositor_of(self.caller.kind, self.caller.name, request.actor)
        quota = self.intake_rules.quota_bytes
        with self.db.transaction(siret=request.siret) as connection:
            return once(
                connection,
                api.BEGIN_DEPOSIT,
                request,
                lambda: self._begun(
                    deposits.begin(connection, request, depositor=depositor, quota=quota, now=self.clock())
                ),
                caller=self._key_owner(),
            )

    @rpc(api.RENEW_UPLOAD)
    def renew_upload(self, request: api.RenewUpload) -> api.BegunDeposit:
        """The address anew, for a depositor that did not keep it."""
        with self.db.transaction(siret=request.siret) as connection:
            return self._begun(deposits.renew(connection, request, viewer=self._viewer(), now=self.clock()))

    @rpc(api.COMPLETE_DEPOSIT)
    def complete_deposit(self, request: api.CompleteDeposit) -> api.Document:
        """Read the bytes back outside of any transaction, then make them a document in one."""
        viewer = self._viewer()
        with self.db.transaction(siret=request.siret) as connection:
            deposit = deposits.find(connection, request, viewer=viewer, now=self.clock())
            attachments = categories.attachments_of(connection, deposit.category)
        sha256 = self._check_uploaded(deposit, attachments) if deposit.document_id is None else ""
        found = deposits.Found(sha256=sha256, scan=self.intake_rules.first_scan_state)
        # an advice takes the place of ours wherever that is: only the worker's role sees every employer's
        is_advice = deposit.payment_number is not None
        with self.db.work() if is_advice else self.db.transaction(siret=request.siret) as connection:
            document = once(
                connection,
                api.COMPLETE_DEPOSIT,
                request,
                lambda: deposits.complete(connection, request, viewer=viewer, found=found, now=self.clock()),
                caller=self._key_owner(),
            )
        self.scanner.wake()
        return document

    # --- own deposits change

    @rpc(api.RECATEGORISE_DOCUMENT)
    def recategorise_document(self, request: api.RecategoriseDocument) -> api.Document:
        """Another category, with its fields."""
        return self._change(api.RECATEGORISE_DOCUMENT, request, changes.recategorise)

    @rpc(api.DELETE_DOCUMENT)
    def delete_document(self, request: api.DeleteDocument) -> api.Document:
        """Into the trash."""
        return self._change(api.DELETE_DOCUMENT, request, changes.delete)

    @rpc(api.RESTORE_DOCUMENT)
    def restore_document(self, request: api.RestoreDocument) -> api.Document:
        """Out of it."""
        return self._change(api.RESTORE_DOCUMENT, request, changes.restore)

    @rpc(api.LIST_DELETED_DOCUMENTS)
    def list_deleted_documents(self, request: api.ListDeletedDocuments) -> api.Documents:
        """The trash."""
        with self.db.transaction(siret=request.siret) as connection:
            return changes.list_deleted(connection, request, viewer=self._viewer(), now=self.clock())

    # --- what the funder's systems tell

    @subscribe(funder.FundingRequestReceived)
    def record_funding_request(self, event: Event[funder.FundingRequestReceived]) -> None:
        """The dossier is in the employer's list."""
        with self.db.once(event) as connection:
            dossiers.record_funding_request(connection, event.data, requested_at=event.time, now=self.clock())

    @subscribe(funder.DossierUpdated)
    def record_dossier_update(self, event: Event[funder.DossierUpdated]) -> None:
        """The highest version stands."""
        with self.db.once(event) as connection:
            dossiers.record_dossier_update(connection, event.data, now=self.clock())

    @subscribe(funder.DocumentTakenIntoAccount)
    def record_acceptance(self, event: Event[funder.DocumentTakenIntoAccount]) -> None:
        """The document does not change any more."""
        self._record_decision(event)

    @subscribe(funder.DocumentRefused)
    def record_refusal(self, event: Event[funder.DocumentRefused]) -> None:
        """The document is to be corrected."""
        self._record_decision(event)

    # --- what payments tells

    @subscribe(payments.PaymentRecorded)
    def record_payment(self, event: Event[payments.PaymentRecorded]) -> None:
        """Each payment has its remittance advice."""
        with self.db.once(event) as connection:
            if self.intake_rules.draw_advices:
                advices.record_payment(connection, event.data, now=self.clock())

    # --- between the entrypoints and the use cases

    def _viewer(self) -> domain.Depositor:
        return domain.viewer_of(self.caller.kind, self.caller.name)

    def _change(self, method: Method, request: Any, change: Callable[..., api.Document]) -> api.Document:
        changer = domain.depositor_of(self.caller.kind, self.caller.name, request.actor)
        # the funder's own advice makes way for ours, or takes its place again, wherever that is
        is_funder = changer.kind == FUNDER
        with self.db.work() if is_funder else self.db.transaction(siret=request.siret) as connection:
            work = partial(change, connection, request, changer=changer, now=self.clock())
            return once(connection, method, request, work, caller=self._key_owner())

    def _key_owner(self) -> str:
        """Idempotency keys of two callers never meet."""
        return f"{self.caller.kind}.{self.caller.name}"

    def _begun(self, announced: deposits.Announced) -> api.BegunDeposit:
        """Signing an address asks nothing of the store, so it may stand inside the transaction."""
        url, headers = self.files.presigned_put(
            announced.object_key,
            size=announced.size,
            media_type=announced.media_type,
            outside=self.caller.kind != GATEWAY,
        )
        upload = api.Upload(url=url, headers=headers, expires_at=announced.expires_at)
        return api.BegunDeposit(deposit_id=announced.deposit_id, size=announced.size, upload=upload)

    def _draw(self, siret: str, opening: documents.Opening) -> int:
        """Draw an advice at its first opening and keep it; two first openings at a time store the same bytes."""
        content = off_hub_serially(advice.draw, advice.AdviceFacts.model_validate(opening.to_draw))
        self.files.put(opening.object_key, content, opening.media_type)
        with self.db.transaction(siret=siret) as connection:
            advices.note_drawn(
                connection, siret, opening.document_id, opening.version, content=content, now=self.clock()
            )
        return len(content)

    def _check_uploaded(self, deposit: Any, attachments: Collection[str]) -> str:
        try:
            return intake.check_uploaded(self.files, deposit, attachments=attachments)
        except FileRefused as refusal:
            with self.db.transaction(siret=deposit.siret) as connection:
                deposits.refuse(connection, deposit.siret, deposit.id, refusal.fields[0])
            raise

    def _record_decision(self, event: Event[Any]) -> None:
        try:
            with self.db.once(event) as connection:
                documents.record_decision(connection, event.data, decided_at=event.time, now=self.clock())
        except documents.UnknownDocument as exc:
            raise Unacceptable("unknown_document") from exc

    @rpc(REPLAYS[api.SERVICE])
    def events_since(self, request: EventsSince) -> EventsPage:
        """The service's events again, after a cursor, without a gap."""
        with self.db.work() as connection:
            return replay.events_since(connection, request)
