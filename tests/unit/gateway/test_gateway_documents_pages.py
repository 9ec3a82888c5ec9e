"""Documents and dossiers: lists, deposit, download (S36 to S53)."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from conftest import Store
from espace_contracts import documents as api
from espace_contracts import errors
from fake_bus import GENERAL, SIRET, FakeBus
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from gateway.files import download_headers

PDF = b"%PDF-1.4 " + bytes(range(256)) * 20
THEN = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def depositing(bus: FakeBus, store: Store) -> FakeBus:
    """A documents service that signs addresses of the store."""
    deposit_id = uuid4()

    def begin(request: api.BeginDeposit) -> api.BegunDeposit:
        headers = {"content-type": "application/pdf", "x-amz-meta-sha256": request.sha256, "if-none-match": "*",
                   "content-length": str(request.size)}  # fmt: skip
        upload = api.Upload(url=f"{store.url}/{deposit_id}", headers=headers, expires_at=THEN)
        return api.BegunDeposit(deposit_id=deposit_id, size=request.size, upload=upload)

    bus.begin_deposit = begin
    bus.complete_deposit = lambda request: GENERAL[0]
    return bus


def form_of(csrf: str, **more: str) -> dict[str, str]:
    """The fields of a payslip."""
    facts = {"csrf": csrf, "cle": "k", "categorie": "payslip", "dossier": "19GE00565", "libelle": "Novembre"}
    return facts | {"debut": "01/11/2019", "fin": "2019-11-30"} | more


def file_of(content: bytes = PDF, name: str = "bulletin.pdf") -> dict[str, tuple[str, bytes, str]]:
    """A chosen file."""
    return {"fichier": (name, content, "application/pdf")}


def test_s44_the_tab_shows_documents_without_dossier_under_their_rubrics(member: TestClient) -> None:
    page = member.get("/documents").text
    assert "qui ne concernent ni un dossier ni un bénéficiaire" in page
    assert page.index("RIB de l’entreprise") < page.index("RIB 2020") < page.index("Courriers")
    assert "Ajouter un fichier" in page


def test_s53_a_long_rubric_shows_its_newest_and_leads_to_all(member: TestClient, bus: FakeBus) -> None:
    bus.list_documents = lambda request: api.Documents(documents=GENERAL, counts={GENERAL[0].category: 25})
    page = member.get("/documents").text
    assert bus.asked(api.LIST_DOCUMENTS)[0].per_category == 10
    assert f'href="/documents?rubrique={GENERAL[0].category}"' in page
    assert "Voir les 25 documents" in page
    bus.list_documents = lambda request: api.Documents(documents=GENERAL[:1], next_cursor="next")
    page = member.get("/documents?rubrique=bank_details&curseur=here").text
    asked = bus.asked(api.LIST_DOCUMENTS)[1]
    assert (asked.category, asked.cursor, asked.per_category) == ("bank_details", "here", None)
    assert 'href="/documents?rubrique=bank_details&amp;curseur=next"' in page
    assert member.get("/documents?rubrique=../x").status_code == 200


def test_s53_a_rubric_of_two_categories_leads_to_all_of_both(member: TestClient, bus: FakeBus) -> None:
    other = GENERAL[0].model_copy(update={"category": "older_bank_details", "document_id": uuid4()})
    counts = {GENERAL[0].category: 25, other.category: 12}
    bus.list_documents = lambda request: api.Documents(documents=(GENERAL[0], other), counts=counts)
    page = member.get("/documents").text
    assert [f'href="/documents?rubrique={key}"' in page for key in counts] == [True, True]
    assert "Voir les 25 documents" in page
    assert "Voir les 12 documents" in page
    assert page.count(f">{GENERAL[0].rubric} <") == 1


def test_s45_s46_the_search_answers_with_dossiers(member: TestClient, bus: FakeBus) -> None:
    page = member.get("/documents?q=audrey").text
    assert "2 dossiers pour" in page
    assert 'href="/documents/dossiers/19GE00565?q=audrey"' in page
    assert "RIB 2020" not in page
    view = member.get("/documents/dossiers/19GE00565?q=audrey").text
    assert "Bulletin de paie, novembre 2019" in view
    assert bus.asked(api.GET_DOSSIER)[0].include_dossier_only is False  # S51
    assert "Aucun dossier pour" in member.get("/documents?q=zzz").text


@pytest.mark.parametrize(
    ("kind", "name", "shown"),
    [
        ("employer", "Camille Roy", "Vous"),
        ("funder", "Transitions Pro Grand Est", "Transitions Pro Grand Est"),
        ("funder", "back-office", "Transitions Pro (back-office)"),
        ("training_provider", "institut-a", "Organisme de formation (institut-a)"),
        ("beneficiary", "portail", "Bénéficiaire (portail)"),
    ],
)
def test_s43_each_of_the_four_kinds_of_depositor_is_shown(
    member: TestClient, bus: FakeBus, kind: str, name: str, shown: str
) -> None:
    changes = {"depositor": kind, "depositor_name": name}
    bus.list_documents = lambda request: api.Documents(documents=(GENERAL[0].model_copy(update=changes),))
    assert f">{shown}</td>" in member.get("/documents").text


def test_s34_s46_the_search_shows_what_stands_in_no_dossier(member: TestClient, bus: FakeBus) -> None:
    bus.search_dossiers = lambda request: api.Dossiers(dossiers=(), documents=GENERAL[:1])
    page = member.get("/documents?q=806113").text
    assert page.index("Hors dossier") < page.index("RIB 2020")
    assert "Les plus récents seulement" not in page
    bus.search_dossiers = lambda request: api.Dossiers(dossiers=(), documents=GENERAL[:1], more_documents=True)
    assert "Les plus récents seulement" in member.get("/documents?q=8061").text
    page = member.get("/documents?q=806113").text
    assert "Vérifiez le numéro" not in page


def test_s52_my_dossiers_show_all_documents_of_each(member: TestClient, bus: FakeBus) -> None:
    assert "3 dossiers" in member.get("/dossiers").text
    page = member.get("/dossiers/19GE00565").text
    assert bus.asked(api.GET_DOSSIER)[0].include_dossier_only is True
    assert "8\u202f636,08\u00a0€" in page
    assert "Le bulletin de paie est illisible" in page


@pytest.mark.parametrize("view", ["/dossiers/19GE00565", "/documents/dossiers/19GE00565"])
def test_s52_a_dossier_says_when_it_has_more_documents_than_it_shows(
    member: TestClient, bus: FakeBus, view: str
) -> None:
    whole = bus.get_dossier
    assert "les plus récents, sur" not in member.get(view).text
    many = {"document_count": 612}
    bus.get_dossier = lambda request: (found := whole(request)).model_copy(
        update={"dossier": found.dossier.model_copy(update=many)}
    )
    assert "les plus récents, sur 612." in member.get(view).text


def test_s39_all_dossiers_of_a_large_employer_can_be_chosen(member: TestClient, bus: FakeBus) -> None:
    first, *others = bus.search_dossiers(api.SearchDossiers(siret=SIRET)).dossiers
    bus.search_dossiers = lambda request: (
        api.Dossiers(dossiers=tuple(others)) if request.cursor else api.Dossiers(dossiers=(first,), next_cursor="next")
    )
    page = member.get("/documents/ajouter?categorie=payslip").text
    assert page.count(f'<option value="{first.dossier_number}"') == 1
    assert page.count(f'<option value="{others[-1].dossier_number}"') == 1


def test_s37_s38_s39_a_category_brings_its_instructions_and_fields(member: TestClient) -> None:
    page = member.get("/documents/ajouter").text
    assert "Bulletin de paie" in page
    assert 'type="file"' not in page
    page = member.get("/documents/ajouter?categorie=payslip&dossier=19GE00565").text
    assert "Un fichier par mois, toutes les pages." in page
    assert "Ouvrir un fichier" in page
    assert '<option value="19GE00565" selected>' in page
    page = member.get("/documents/ajouter?categorie=bank_details").text
    assert 'name="dossier"' not in page
    assert 'name="debut"' not in page


def test_s40_s41_a_deposit_is_announced_sent_completed_then_confirmed(
    member: TestClient, csrf: str, depositing: FakeBus, store: Store
) -> None:
    answer = member.post("/documents/ajouter", data=form_of(csrf), files=file_of(name="C:\\docs\\bulletin é.pdf"))
    assert answer.status_code == 303
    (begun,) = depositing.asked(api.BEGIN_DEPOSIT)
    assert (begun.siret, begun.category, begun.dossier_number, begun.label) == (
        SIRET,
        "payslip",
        "19GE00565",
        "Novembre",
    )
    assert (begun.file_name, begun.size, begun.sha256) == ("bulletin é.pdf", len(PDF), hashlib.sha256(PDF).hexdigest())
    assert begun.period.model_dump(mode="json") == {"start": "2019-11-01", "end": "2019-11-30"}
    assert list(store.objects.values()) == [PDF]
    assert store.headers["if-none-match"] == "*"
    assert "transfer-encoding" not in store.headers
    page = member.get(answer.headers["location"]).text
    assert "Votre document est bien déposé" in page
    assert ">OK</a>" in page


def test_r18_the_same_form_sent_twice_is_one_deposit(
    member: TestClient, csrf: str, depositing: FakeBus, store: Store
) -> None:
    for name in ("Novembre", "Novembre", "Décembre"):
        member.post("/documents/ajouter", data=form_of(csrf, libelle=name), files=file_of())
    keys = [one.idempotency_key for one in depositing.asked(api.BEGIN_DEPOSIT)]
    assert keys[0] == keys[1] != keys[2]
    assert len(depositing.asked(api.COMPLETE_DEPOSIT)) == 3  # the store answered 412 to the repeats: bytes are there


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dossier": ""}, "Choisissez le dossier"),
        ({"dossier": "99ZZ"}, "Choisissez le dossier"),
        ({"debut": "31/02/2019"}, "Saisissez une date comme"),
        ({"debut": ""}, "Saisissez cette date."),
        ({"fin": "01/01/2019"}, "Cette date précède"),
    ],
)
def test_faults_stand_beside_their_field_and_nothing_typed_is_lost(
    member: TestClient, csrf: str, depositing: FakeBus, change: dict[str, str], words: str
) -> None:
    answer = member.post("/documents/ajouter", data=form_of(csrf, **change), files=file_of())
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="Novembre"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert not depositing.asked(api.BEGIN_DEPOSIT)


@pytest.mark.parametrize(
    ("reason", "status", "words", "name"),
    [
        ("empty", 422, "est vide", "bulletin.pdf"),
        ("too_large", 413, "la limite est de", "bulletin.pdf"),
        ("wrong_type", 415, "d’un type accepté ici (PDF, JPG)", "bulletin.exe"),
        ("wrong_type", 415, "du type que son nom annonce", "bulletin.PDF"),
        ("unreadable", 422, "est illisible", "bulletin.pdf"),
    ],
)
def test_a_refused_file_says_why(
    member: TestClient, csrf: str, bus: FakeBus, *, reason: str, status: int, words: str, name: str
) -> None:
    bus.refuse(api.BEGIN_DEPOSIT, errors.FileRefused("", reason))
    answer = member.post("/documents/ajouter", data=form_of(csrf), files=file_of(name=name))
    assert answer.status_code == status
    assert words in answer.text


def test_no_file_at_all(member: TestClient, csrf: str, depositing: FakeBus) -> None:
    answer = member.post("/documents/ajouter", data=form_of(csrf), files={"fichier": ("", b"", "")})
    assert answer.status_code == 422
    assert "Choisissez le fichier à déposer." in answer.text


def test_k21_a_body_over_the_limit_is_413_before_it_is_kept(member: TestClient, csrf: str, depositing: FakeBus) -> None:
    answer = member.post("/documents/ajouter", data=form_of(csrf), files=file_of(b"x" * 1_500_000))
    assert answer.status_code == 413
    assert "trop lourd" in answer.text
    assert not depositing.asked(api.BEGIN_DEPOSIT)


def test_r09_a_store_that_fails_is_503_and_no_document(
    member: TestClient, csrf: str, depositing: FakeBus, store: Store
) -> None:
    store.failing = True
    answer = member.post("/documents/ajouter", data=form_of(csrf), files=file_of())
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert not depositing.asked(api.COMPLETE_DEPOSIT)


def test_k17_a_deposit_wants_the_token(member: TestClient, csrf: str, depositing: FakeBus) -> None:
    answer = member.post("/documents/ajouter", data=form_of("forged"), files=file_of())
    assert answer.status_code == 403
    assert not depositing.asked(api.BEGIN_DEPOSIT)


def opened(store: Store) -> object:
    """A document's address in the store."""
    store.objects["/doc"] = PDF
    return lambda request: api.OpenedFile(
        url=f"{store.url}/doc", file_name="RIB été.pdf", media_type="application/pdf", size=len(PDF), expires_at=THEN
    )


def test_s47_a_download_is_byte_for_byte_and_harmless(member: TestClient, bus: FakeBus, store: Store) -> None:
    bus.open_file = opened(store)
    answer = member.get(f"/documents/{GENERAL[0].document_id}/contenu")
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-length"] == str(len(PDF))
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert bus.asked(api.OPEN_FILE)[0].document_id == UUID(str(GENERAL[0].document_id))


CONTENT = f"/documents/{GENERAL[0].document_id}/contenu", f"/api/v1/documents/{GENERAL[0].document_id}/content"
ETAG = f'"{hashlib.md5(PDF, usedforsecurity=False).hexdigest()}"'


@pytest.mark.parametrize("path", CONTENT)
@pytest.mark.parametrize(
    ("wanted", "part"),
    [("bytes=3-9", slice(3, 10)), ("bytes=5000-", slice(5000, None)), ("bytes=-7", slice(-7, None))],
)
def test_s47_a_part_is_sent_as_such(
    member: TestClient, bus: FakeBus, store: Store, *, path: str, wanted: str, part: slice
) -> None:
    bus.open_file = opened(store)
    answer = member.get(path, headers={"Range": wanted})
    assert answer.status_code == 206
    assert answer.content == PDF[part]
    start, end, _ = part.indices(len(PDF))
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(PDF)}"
    assert answer.headers["content-length"] == str(end - start)
    assert answer.headers["content-disposition"].startswith("attachment;")


def test_s47_a_part_behind_the_end_is_416(member: TestClient, bus: FakeBus, store: Store) -> None:
    bus.open_file = opened(store)
    answer = member.get(CONTENT[0], headers={"Range": f"bytes={len(PDF)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(PDF)}"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "pages=1-2", "bytes=-", "bytes=a-b", "bytes=٣-٩"])
def test_s47_another_range_than_one_of_bytes_gets_the_whole(
    member: TestClient, bus: FakeBus, store: Store, wanted: str
) -> None:
    bus.open_file = opened(store)
    answer = member.get(CONTENT[0], headers={"Range": wanted.encode()})
    assert (answer.status_code, answer.content) == (200, PDF)


@pytest.mark.parametrize(
    ("if_range", "status"),
    [(ETAG, 206), ('"of another version"', 200), (f"W/{ETAG}", 200), ("Wed, 01 Jan 2020 00:00:00 GMT", 200)],
)
def test_s47_a_download_goes_on_with_the_file_that_it_began_with_only(
    member: TestClient, bus: FakeBus, store: Store, *, if_range: str, status: int
) -> None:
    bus.open_file = opened(store)
    answer = member.get(CONTENT[0], headers={"Range": "bytes=3-9", "If-Range": if_range})
    assert (answer.status_code, answer.content) == (status, PDF[3:10] if status == 206 else PDF)
    assert answer.headers["etag"] == ETAG


@given(st.text(max_size=300))
def test_k26_no_file_name_breaks_the_header(name: str) -> None:
    value = download_headers(name)["Content-Disposition"]
    assert value.isascii()
    assert not any(sign in value for sign in "\r\n\x00")
    assert value.count('"') == 2
