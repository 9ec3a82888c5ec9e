"""The second wall: the database itself hides and refuses the rows of another employer (K30)."""

import pytest
from espace_contracts import documents as api
from espace_contracts.errors import NotFound
from sqlalchemy import TableClause, func, select, text
from sqlalchemy.exc import ProgrammingError

from services.documents import domain
from services.documents.store import documents as document_store
from services.documents.store import dossiers as dossier_store
from services.documents.usecases import documents, dossiers
from tests.service.documents.documents_world import OTHER, TILLEULS, World

TENANT_TABLES = ("dossiers", "deposits", "documents", "document_versions", "file_openings")


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_k30_a_query_that_forgets_the_employer_sees_its_rows_only(tilleuls: World, table: str) -> None:
    document = tilleuls.deposit()
    tilleuls.service().open_file(api.OpenFile(siret=TILLEULS, document_id=document.document_id))
    everything = select(func.count()).select_from(TableClause(table))
    for siret, rows in ((TILLEULS, 1), (OTHER, 0), (None, 0)):
        with tilleuls.db.transaction(siret=siret) as connection:
            assert connection.scalar(everything) == rows, siret


def test_s54_the_queries_keep_to_the_employer_without_the_second_wall_too(tilleuls: World) -> None:
    tied, letter = tilleuls.deposit(), tilleuls.deposit_letter()
    employer = domain.viewer_of("gateway", "gateway")
    number = "19GE00565"
    with tilleuls.db.work() as connection:  # this role sees every employer's rows
        everything = api.ListDocuments(siret=OTHER)
        assert documents.list_documents(connection, everything, viewer=employer).documents == ()
        assert dossiers.search_dossiers(connection, api.SearchDossiers(siret=OTHER), viewer=employer).dossiers == ()
        outside = dossier_store.find_outside(connection, OTHER, text="audrey", hidden=(), limit=9)
        assert list(outside) == []
        assert not dossier_store.has_dossier(connection, OTHER, number)
        assert document_store.dossier_documents(connection, OTHER, number, hidden=(), limit=9) == []
        with pytest.raises(NotFound):
            dossiers.get_dossier(connection, api.GetDossier(siret=OTHER, dossier_number=number), viewer=employer)
        for document in (tied, letter):
            assert document_store.get_version(connection, OTHER, document.document_id, 1) is None
            assert document_store.lock_document(connection, OTHER, document.document_id) is None
            with pytest.raises(NotFound):
                documents.get_document(connection, OTHER, document.document_id, viewer=employer)


def test_k30_a_row_cannot_be_written_for_another_employer(tilleuls: World) -> None:
    move = text("update dossiers set siret = :other")
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        tilleuls.db.transaction(siret=TILLEULS) as connection,
    ):
        connection.execute(move, {"other": OTHER})


@pytest.mark.parametrize("statement", ["delete from file_openings", "update file_openings set opener_name = 'x'"])
def test_k35_the_record_of_openings_can_only_grow(tilleuls: World, statement: str) -> None:
    for way in (tilleuls.db.transaction(siret=TILLEULS), tilleuls.db.work()):
        with pytest.raises(ProgrammingError, match="permission denied"), way as connection:
            connection.execute(text(statement))


def test_requests_cannot_change_the_categories(tilleuls: World) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), tilleuls.db.transaction() as connection:
        connection.execute(text("delete from categories"))
