"""The canned answers of documents: three dossiers, two categories, two documents without dossier."""

from typing import Any
from uuid import uuid5

from espace_contracts import documents, errors
from espace_contracts.types import Person

from tests.doubles.facts import AUDREY, DUPUIS, FUNDER, NOW, NURSE, SPACE, THEO, WORKS, span


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


class FakeDocuments:
    """Answers as documents would."""

    payments: tuple[Any, ...]  # what advices are asked for

    def __init__(self) -> None:
        super().__init__()
        self.documents = GENERAL

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
