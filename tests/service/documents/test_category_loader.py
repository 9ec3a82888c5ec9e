"""A changed file of categories reaches the database at start."""

import pytest
from espace_contracts import documents as api
from espace_contracts.errors import InvalidRequest

from services.documents.categories import CategoryFile, read_file
from services.documents.category_loader import apply
from services.documents.store.categories import categories_version
from tests.service.documents.documents_world import TILLEULS, World


def next_file(**changes: str) -> CategoryFile:
    """The next version: « Courrier » renamed, the first category gone."""
    file = read_file()
    letter = file.categories[-1].model_copy(update=changes)
    return file.model_copy(update={"version": file.version + 1, "categories": (*file.categories[1:-1], letter)})


def test_the_file_of_this_release_is_in_the_database(world: World) -> None:
    with world.db.work() as connection:
        assert categories_version(connection) == read_file().version
    assert not apply(world.db, read_file())


def test_s37_a_new_file_changes_the_list_and_orphans_no_document(tilleuls: World) -> None:
    document = tilleuls.deposit()
    assert apply(tilleuls.db, next_file(label="Lettre"))
    keys = {
        category.key: category.label for category in tilleuls.service().list_categories(api.ListCategories()).categories
    }
    assert "payslip" not in keys
    assert keys["letter"] == "Lettre"
    request = api.GetDocument(siret=TILLEULS, document_id=document.document_id)
    assert tilleuls.service().get_document(request).rubric == "Bulletins de paie"
    with pytest.raises(InvalidRequest):
        tilleuls.begin()
    assert not apply(tilleuls.db, read_file()), "an older release that still runs does not take it back"
