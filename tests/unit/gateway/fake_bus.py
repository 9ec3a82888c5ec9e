"""A bus of canned answers: the guide's payments, three dossiers, two documents, one account a stage."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from espace_contracts import documents, errors, identity, payments
from espace_contracts.rpc import Done, Method
from espace_contracts.types import Funder, Period, Person

SIRET = "73282932000074"
SPACE = UUID("0d5b9a4e-3f0e-4a38-9f4e-9f2f0a3c2b11")
NOW = datetime(2019, 12, 12, 8, 8, tzinfo=UTC)
FUNDER = Funder(name="Transitions Pro Grand Est", email="contact@transitionspro-ge.example", phone="+33 3 00 00 00 00")
AUDREY = Person(last_name="MARTIN", first_name="Audrey")
THEO = Person(last_name="NGUYEN", first_name="Théo")
DUPUIS = Person(last_name="DUPUIS", first_name="Audrey")
NURSE, WORKS = "INFIRMIER BLOC OPERATOIRE", "CONDUCTEUR DE TRAVAUX BTP"


def span(start: str, end: str) -> Period:
    """A period out of two ISO dates."""
    return Period(start=date.fromisoformat(start), end=date.fromisoformat(end))


def payment(number: str, day: str, dossier: str, who: Person, amount: str, **more: Any) -> payments.Payment:
    """A payment of the list."""
    facts: dict[str, Any] = {
        "payment_number": number,
        "version": 1,
        "state": "current",
        "dossier_number": dossier,
        "beneficiary": who,
        "training_title": WORKS if who is THEO else NURSE,
        "amount": Decimal(amount),
        "paid_hours": Decimal("151.67"),
        "periods": (span("2019-09-01", "2019-09-30"),),
        "paid_on": date.fromisoformat(day),
        "transfer_reference": f"TP{day.replace('-', '')}-{number}",
        "transfer_amount": Decimal(amount),
        "transfer_count": 1,
    }
    return payments.Payment(**facts | more)


TWO_MONTHS = (span("2019-07-01", "2019-07-31"), span("2019-08-01", "2019-08-31"))
GUIDE = (
    payment("806112", "2019-12-11", "19GE00565", AUDREY, "2764.94", periods=(span("2019-11-01", "2019-11-30"),)),
    payment("806113", "2019-12-11", "19XX00565", THEO, "2764.94", periods=(span("2019-11-01", "2019-11-30"),)),
    payment("804871", "2019-11-21", "19GE00565", AUDREY, "3054.63", periods=(span("2019-10-01", "2019-10-31"),)),
    payment("804872", "2019-11-21", "19XX00565", THEO, "3054.63", periods=(span("2019-10-01", "2019-10-31"),)),
    payment("803455", "2019-10-31", "18RCDI4786", DUPUIS, "3826.63"),
    payment("803102", "2019-10-21", "19GE00565", AUDREY, "2816.51", paid_hours=Decimal("140.00")),
    payment("803103", "2019-10-21", "19XX00565", THEO, "2816.51", paid_hours=Decimal("140.00")),
    payment("803090", "2019-10-14", "18RCDI4786", DUPUIS, "8661.36", paid_hours=Decimal("303.34"), periods=TWO_MONTHS),
)


def dossier(number: str, who: Person, training: str, provider: str, documents_count: int = 0) -> documents.Dossier:
    """A dossier of the list."""
    return documents.Dossier(
        dossier_number=number,
        beneficiary=who,
        training_title=training,
        training_provider=provider,
        period=span("2019-09-02", "2020-06-30"),
        funder=FUNDER,
        document_count=documents_count,
        to_correct_count=0,
    )


DOSSIERS = (
    dossier("19GE00565", AUDREY, NURSE, "Institut de formation A", 2),
    dossier("19XX00565", THEO, WORKS, "Institut de formation B"),
    dossier("18RCDI4786", DUPUIS, NURSE, "Institut de formation A"),
)
BANK, PAYSLIP = "bank_details", "payslip"
CATEGORIES = (
    documents.Category(
        key=BANK,
        label="RIB de l’entreprise",
        rubric="RIB de l’entreprise",
        instructions=("Au nom de l’entreprise, tel que la banque le délivre.",),
        fields=(documents.CategoryField(name="label", label="Libellé", required=False),),
        accepted=(".pdf",),
        max_bytes=1_000_000,
        dossier_only=False,
        depositors=("employer",),
    ),
    documents.Category(
        key=PAYSLIP,
        label="Bulletin de paie",
        rubric="Bulletins de paie",
        instructions=("Un fichier par mois, toutes les pages.", "Une copie nette, sans rature."),
        fields=(
            documents.CategoryField(name="dossier", label="Dossier", required=True),
            documents.CategoryField(name="period", label="Période du bulletin", required=True),
            documents.CategoryField(name="label", label="Libellé", required=False),
        ),
        accepted=(".pdf", ".jpg"),
        max_bytes=1_000_000,
        dossier_only=False,
        depositors=("employer",),
    ),
)


def document(title: str, *, rubric: str, number: str | None = None, **more: Any) -> documents.Document:
    """A document of the list."""
    facts: dict[str, Any] = {
        "document_id": uuid5(SPACE, title),
        "version": 1,
        "category": BANK,
        "rubric": rubric,
        "title": title,
        "file_name": "rib-2020.pdf",
        "media_type": "application/pdf",
        "size": 93_184,
        "sha256": "0" * 64,
        "depositor": "employer",
        "depositor_name": "Clinique des Tilleuls",
        "deposited_at": NOW,
        "dossier_number": number,
        "scan": "available",
        "handling": "received",
        "changeable": True,
    }
    return documents.Document(**facts | more)


GENERAL = (
    document("RIB 2020", rubric="RIB de l’entreprise"),
    document("Informations tarifaires 2020", rubric="Courriers", depositor="funder", depositor_name="Transitions Pro"),
)


def session(state: str = "active", *, policy: bool = True, pending: str | None = None) -> identity.Session:
    """A session of an account in *state*."""
    return identity.Session(
        session_id=uuid5(SPACE, "session"),
        account_id=uuid5(SPACE, "account"),
        siret=SIRET,
        legal_name="Clinique des Tilleuls",
        identifier="paie.tilleuls",
        contact_email="rh@clinique-des-tilleuls.example",
        masked_contact_email="rh@clin…tilleuls.example",
        state=state,
        pending_identifier=pending,
        policy_accepted=policy,
        funder=FUNDER,
        opened_at=NOW,
        last_login_at=NOW,
        idle_expires_at=NOW,
        absolute_expires_at=NOW,
    )


def totals(listed: tuple[payments.Payment, ...], ticks: dict[str, payments.Tick]) -> payments.PaymentTotals:
    """The totals of some payments."""
    done = [one for one in listed if one.payment_number in ticks]
    left = [one for one in listed if one.payment_number not in ticks]
    return payments.PaymentTotals(
        amount=sum((one.amount for one in listed), Decimal(0)),
        count=len(listed),
        ticked_amount=sum((one.amount for one in done), Decimal(0)),
        ticked_count=len(done),
        left_amount=sum((one.amount for one in left), Decimal(0)),
        left_count=len(left),
    )


class FakeBus:
    """Answers by method name; `refuse` makes the next calls of a method raise; `calls` is what was asked."""

    connected = True

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.refusals: dict[str, Exception] = {}
        self.session: identity.Session | None = session()
        self.payments = GUIDE
        self.ticks: dict[str, payments.Tick] = {}
        self.export: payments.Export | None = None
        self.batches: dict[UUID | None, tuple[str, ...]] = {}
        self.documents = GENERAL
        self.listeners: dict[str, Callable[[Any], None]] = {}
        self.disconnected: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Nothing to end."""

    def listen(self, data_class: Any, callback: Callable[[Any], None]) -> None:
        """Remember who listens."""
        self.listeners[data_class.type] = callback

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Remember who wants to know."""
        self.disconnected.append(callback)

    def refuse(self, method: Method, refusal: Exception) -> None:
        """Make *method* raise."""
        self.refusals[method.name] = refusal

    def asked(self, method: Method) -> list[Any]:
        """The requests that *method* has got."""
        return [request for name, request in self.calls if name == method.name]

    async def call(self, method: Method, request: Any) -> Any:
        """The canned answer, through JSON as on the real bus."""
        request = method.request.model_validate(request.model_dump(mode="json"))
        self.calls.append((method.name, request))
        if method.name in self.refusals:
            raise self.refusals[method.name]
        answer = getattr(self, method.name)(request)
        return method.answer.model_validate(answer.model_dump(mode="json"))

    def check_session(self, request: identity.SessionToken) -> identity.Session:
        """The session that the test has put, for whatever token."""
        if self.session is None:
            raise errors.SessionInvalid
        return self.session

    def open_session(self, request: identity.OpenSession) -> identity.Session:
        """The same."""
        return self.session or session()

    def close_session(self, request: identity.SessionToken) -> Done:
        """Done."""
        return Done()

    def personalise(self, request: identity.Personalise) -> identity.Personalised:
        """The mail is on its way."""
        self.session = session("pending_confirmation", policy=False, pending=request.identifier)
        return identity.Personalised(
            identifier=request.identifier, masked_contact_email="rh@clin…tilleuls.example", link_expires_at=NOW
        )

    def resend_confirmation(self, request: identity.SessionWrite) -> identity.Personalised:
        """Again."""
        return identity.Personalised(identifier="x", masked_contact_email="rh@…", link_expires_at=NOW)

    def get_confirmation(self, request: identity.LinkToken) -> identity.ConfirmationLink:
        """A live link."""
        return identity.ConfirmationLink(identifier="paie.tilleuls")

    def confirm_identifier(self, request: identity.ConfirmIdentifier) -> identity.Session:
        """Active now, the policy still to come."""
        self.session = session(policy=False)
        return self.session

    def list_sessions(self, request: identity.SessionToken) -> identity.OwnSessions:
        """This one and a telephone."""
        here = {"opened_at": NOW, "last_seen_at": NOW, "remote_address": "192.0.2.7"}
        firefox = "Mozilla/5.0 (Windows NT 10.0; rv:121.0) Gecko/20100101 Firefox/121.0"
        phone = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
        return identity.OwnSessions(
            sessions=(
                identity.OwnSession(session_id=uuid5(SPACE, "session"), current=True, user_agent=firefox, **here),
                identity.OwnSession(session_id=uuid5(SPACE, "phone"), current=False, user_agent=phone, **here),
            )
        )

    def end_sessions(self, request: identity.EndOwnSessions) -> Done:
        """Ended."""
        return Done()

    def read_journal(self, request: identity.ReadJournal) -> identity.Journal:
        """A log-in and three ticks."""
        ticked = {"at": NOW, "action": "payment_ticked", "succeeded": True, "who": "paie.tilleuls"}
        entries = [identity.JournalEntry(**ticked, subject=number) for number in ("806112", "806113", "804871")]
        login = identity.JournalEntry(at=NOW, action="login", succeeded=False)
        return identity.Journal(entries=(*entries, login))

    def request_password_reset(self, request: identity.RequestPasswordReset) -> Done:
        """Noted."""
        return Done()

    def remind_identifier(self, request: identity.RemindIdentifier) -> Done:
        """Noted."""
        return Done()

    def get_reset_link(self, request: identity.LinkToken) -> Done:
        """A live link."""
        return Done()

    def send_robot_code(self, request: identity.SendRobotCode) -> Done:
        """On its way."""
        return Done()

    def reset_password(self, request: identity.ResetPassword) -> Done:
        """Done."""
        return Done()

    def accept_privacy_policy(self, request: identity.AcceptPrivacyPolicy) -> identity.Session:
        """In."""
        self.session = session()
        return self.session

    def _found(self, search: payments.PaymentSearch) -> tuple[payments.Payment, ...]:
        found = [one.model_copy(update={"tick": self.ticks.get(one.payment_number)}) for one in self.payments]
        if search.text:
            found = [
                one for one in found if one.dossier_number.startswith(search.text) or one.payment_number == search.text
            ]
        found = [one for one in found if not search.paid_from or one.paid_on >= search.paid_from]
        found = [one for one in found if not search.paid_to or one.paid_on <= search.paid_to]
        return tuple(one for one in found if search.ticked is None or bool(one.tick) == search.ticked)

    def list_payments(self, request: payments.ListPayments) -> payments.PaymentsPage:
        """The search, all on one page."""
        found = self._found(request.search)
        months = []
        for key in dict.fromkeys(f"{one.paid_on:%Y-%m}" for one in found):
            own = totals(tuple(one for one in found if f"{one.paid_on:%Y-%m}" == key), self.ticks)
            facts = {"amount": own.amount, "count": own.count, "left_count": own.left_count}
            months.append(payments.MonthTotal(month=key, **facts))
        return payments.PaymentsPage(
            totals=totals(found, self.ticks),
            unfiltered_count=len(self.payments),
            months=tuple(months),
            payments=found[: request.limit],
        )

    def tick_payments(self, request: payments.TickPayments) -> payments.TickedPayments:
        """Tick them, or all of the search."""
        known = {one.payment_number for one in self.payments}
        if not set(request.payment_numbers) <= known:
            raise errors.NotFound
        searched = () if request.search is None else self._found(request.search)
        wanted = request.payment_numbers or tuple(one.payment_number for one in searched if one.state == "current")
        changed = tuple(number for number in wanted if number not in self.ticks)
        self.ticks |= {number: payments.Tick(at=NOW, by=request.actor.name) for number in changed}
        batch = uuid5(SPACE, ",".join(changed)) if len(changed) > 1 else None
        self.batches |= {batch: changed} if batch else {}
        return payments.TickedPayments(changed=changed, batch=batch)

    def untick_payments(self, request: payments.UntickPayments) -> payments.TickedPayments:
        """Untick them, or a batch."""
        wanted = request.payment_numbers or self.batches.get(request.batch, ())
        changed = [number for number in wanted if self.ticks.pop(number, None)]
        return payments.TickedPayments(changed=tuple(changed))

    def get_export(self, request: payments.GetExport) -> payments.Export:
        """The job that the test has put."""
        if self.export is None or self.export.job_id != request.job_id:
            raise errors.NotFound
        return self.export

    def get_advice(self, request: documents.GetAdvice) -> documents.Document:
        """One for each payment."""
        if request.payment_number not in {one.payment_number for one in self.payments}:
            raise errors.NotFound
        title = f"Avis de virement n° {request.payment_number}"
        return document(title, rubric="Avis de virement", payment_number=request.payment_number)

    def list_categories(self, request: documents.ListCategories) -> documents.Categories:
        """Two."""
        return documents.Categories(categories=CATEGORIES)

    def list_documents(self, request: documents.ListDocuments) -> documents.Documents:
        """Those without dossier."""
        return documents.Documents(documents=self.documents)

    def search_dossiers(self, request: documents.SearchDossiers) -> documents.Dossiers:
        """By last name or number."""
        sought = request.text.lower()
        found = [
            one
            for one in DOSSIERS
            if sought in f"{one.dossier_number} {one.beneficiary.last_name} {one.beneficiary.first_name}".lower()
        ]
        return documents.Dossiers(dossiers=tuple(found))

    def get_dossier(self, request: documents.GetDossier) -> documents.DossierDocuments:
        """The dossier with two documents."""
        found = next((one for one in DOSSIERS if one.dossier_number == request.dossier_number), None)
        if found is None:
            raise errors.NotFound
        listed = (
            document("Bulletin de paie, novembre 2019", rubric="Bulletins de paie", number=found.dossier_number),
            document(
                "Bulletin de paie, octobre 2019",
                rubric="Bulletins de paie",
                number=found.dossier_number,
                handling="to_correct",
                reason="Le bulletin de paie est illisible : merci de déposer une copie nette.",
            ),
        )
        return documents.DossierDocuments(dossier=found, documents=listed)

    def get_document(self, request: documents.GetDocument) -> documents.Document:
        """One of the general documents."""
        found = next((one for one in self.documents if one.document_id == request.document_id), None)
        if found is None:
            raise errors.NotFound
        return found
