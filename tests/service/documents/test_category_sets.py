"""Files of categories are applied to the database: checked, shown, all or nothing, no document orphaned (S37 to S39)."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from espace_contracts import documents as api
from espace_contracts.errors import InvalidRequest

from ops.categories import apply_shipped, categories
from services.documents.categories import FILE, CategoryFile, read_file
from services.documents.store import categories as store
from services.documents.usecases import category_sets
from tests.service.conftest import urls_of
from tests.service.documents.documents_world import START, TILLEULS, World

NEXT = read_file().version + 1
SIGNED = {"invoice_number": "F-2019-118", "invoice_date": "2019-12-02"}


@pytest.fixture
def environment(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The settings of an operator whose database is the test's."""
    with world.db.work() as connection:
        name = connection.engine.url.database or ""
    settings = {
        "DOCUMENTS_WORKER_DATABASE_URL": urls_of("documents", name).worker_url,
        "OPS_RABBITMQ_MANAGEMENT_URL": "http://unused",
    }
    for setting, value in settings.items():
        monkeypatch.setenv(setting, value)
    return settings


def command(*arguments: str, given: str | None = None) -> tuple[int, str]:
    """`espace categories …`: its exit code and what it printed."""
    result = CliRunner().invoke(categories, list(arguments), input=given)
    return result.exit_code, result.output


def changed(path: Path, *, version: int = NEXT, **payslip: Any) -> Path:
    """The shipped file with another version and another payslip, written to *path*."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    document["version"] = version
    document["categories"][0] |= payslip
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def offered(world: World) -> dict[str, api.Category]:
    """The categories that may be chosen."""
    answer = world.service().list_categories(api.ListCategories())
    return {category.key: category for category in answer.categories}


def test_s37_a_changed_file_is_shown_then_applied_at_once(
    world: World, environment: dict[str, str], tmp_path: Path
) -> None:
    file = changed(tmp_path / "own.json", label="Fiche de paie", max_bytes=1_000)
    code, told = command("apply", str(file), "--dry-run")
    assert code == 0
    assert "label: Bulletin de paie → Fiche de paie" in told
    assert offered(world)["payslip"].label == "Bulletin de paie", "--dry-run"
    assert command("apply", str(file), given="n\n")[0] == 1
    assert offered(world)["payslip"].label == "Bulletin de paie", "the operator said no"
    assert command("apply", str(file), "--yes")[0] == 0
    assert (offered(world)["payslip"].label, offered(world)["payslip"].max_bytes) == ("Fiche de paie", 1_000)
    assert f"Version {NEXT} (own)" in command("show")[1]


def test_s37_the_set_that_stands_can_be_taken_changed_and_applied(
    world: World, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "own.json"
    file.write_text(command("show", "--json")[1], encoding="utf-8")
    code, told = command("apply", str(file), "--yes")
    assert (code, "No difference." in told) == (0, True)
    assert {key: each.label for key, each in offered(world).items()} == {
        each.key: each.label for each in read_file().categories
    }


def test_a_faulty_file_changes_nothing(world: World, environment: dict[str, str]) -> None:
    shipped = FILE.read_text(encoding="utf-8")
    faulty = {
        "{": "Invalid JSON",
        '{"version": 9, "categories": []}': "categories",
        shipped.replace("retention_months", "retention_month", 1): "does not know retention_month",
        shipped.replace('"choice"', '"colour"', 1): "free_fields",
    }
    for content, fault in faulty.items():
        code, told = command("apply", "-", "--yes", given=content)
        assert (code, fault in told) == (1, True), told
    assert world.count("category_sets") == 1


def test_versions_only_rise_and_stand_for_one_content(
    world: World, environment: dict[str, str], tmp_path: Path
) -> None:
    assert command("apply", str(changed(tmp_path / "a.json", version=NEXT)), "--yes")[0] == 0
    code, told = command("apply", str(changed(tmp_path / "b.json", version=NEXT - 1)), "--yes")
    assert (code, f"older than version {NEXT}" in told) == (1, True)
    code, told = command("apply", str(changed(tmp_path / "c.json", version=NEXT, label="Autre")), "--yes")
    assert (code, "raise the file's version" in told) == (1, True)
    assert offered(world)["payslip"].label == "Bulletin de paie"


def test_a_release_brings_its_set_unless_operators_have_their_own(
    world: World, environment: dict[str, str], tmp_path: Path
) -> None:
    assert apply_shipped(environment) == []
    newer = read_file().model_copy(update={"version": NEXT, "categories": read_file().categories[1:]})
    with world.db.work() as connection:
        (gone,) = category_sets.apply_shipped(connection, newer, now=START) or ()
        assert (gone.key, gone.kind) == ("payslip", "retired")
    with world.db.work() as connection:
        assert category_sets.apply_shipped(connection, read_file(), now=START) == [], "an older release still migrates"
    assert "payslip" not in offered(world)
    assert command("apply", str(changed(tmp_path / "own.json", label="Fiche de paie")), "--yes")[0] == 0
    assert apply_shipped(environment) is None
    assert offered(world)["payslip"].label == "Fiche de paie"
    assert command("apply", "--shipped", "--yes")[0] == 0
    assert offered(world)["payslip"].label == "Bulletin de paie"


def test_s37_a_dropped_category_keeps_its_documents_and_takes_no_more(tilleuls: World) -> None:
    document = tilleuls.deposit()
    file = read_file()
    fewer = CategoryFile(version=NEXT, categories=file.categories[1:])
    with tilleuls.db.work() as connection:
        category_sets.apply(connection, fewer, origin="own", applied_by="test", now=START)
    request = api.GetDocument(siret=TILLEULS, document_id=document.document_id)
    assert tilleuls.service().get_document(request).rubric == "Bulletins de paie"
    with pytest.raises(InvalidRequest):
        tilleuls.begin()


def test_s51_a_file_that_would_hide_a_document_from_everybody_is_refused(tilleuls: World) -> None:
    tilleuls.deposit_letter()
    letter = read_file().categories[-1]
    fields = tuple(field.model_copy(update={"required": True}) for field in letter.fields)
    hidden = letter.model_copy(update={"dossier_only": True, "fields": fields})
    file = CategoryFile(version=NEXT, categories=(*read_file().categories[:-1], hidden))
    with tilleuls.db.work() as connection, pytest.raises(category_sets.NotApplicable, match="1 documents have none"):
        category_sets.apply(connection, file, origin="own", applied_by="test", now=START)
    with tilleuls.db.work() as connection:
        assert store.newest_set(connection).version == read_file().version


def test_s39_free_fields_are_asked_kept_shown_and_survive_the_category(tilleuls: World) -> None:
    with pytest.raises(InvalidRequest) as refused:
        tilleuls.begin(category="invoice")
    assert refused.value.fields == ("details.invoice_number", "details.invoice_date")
    document = tilleuls.deposit(category="invoice", details=SIGNED)
    told = [(detail.label, detail.value) for detail in document.details]
    assert told == [("Numéro de la facture", "F-2019-118"), ("Date de la facture", "2019-12-02")]
    plain = [one.model_copy(update={"free_fields": ()}) for one in read_file().categories]
    with tilleuls.db.work() as connection:
        file = CategoryFile(version=NEXT, categories=tuple(plain))
        category_sets.apply(connection, file, origin="own", applied_by="test", now=START)
    request = api.GetDocument(siret=TILLEULS, document_id=document.document_id)
    assert [(one.label, one.value) for one in tilleuls.service().get_document(request).details] == told


def test_s49_another_category_asks_for_its_own_fields(tilleuls: World) -> None:
    document = tilleuls.deposit()
    change = {"siret": TILLEULS, "actor": {"account_id": str(document.document_id), "name": "Camille Roy"}}
    wanted = change | {"document_id": document.document_id, "category": "invoice", "dossier_number": "19GE00565"}
    with pytest.raises(InvalidRequest):
        tilleuls.service().recategorise_document(api.RecategoriseDocument.model_validate(wanted))
    moved = api.RecategoriseDocument.model_validate(wanted | {"details": SIGNED})
    assert [detail.key for detail in tilleuls.service().recategorise_document(moved).details] == list(SIGNED)
