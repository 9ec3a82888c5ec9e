"""K29: every method × every kind of caller × {own, another employer}, generated from the contract's methods.

The answer follows from three rules alone, written here once more: who may call (the contract), whose employer it is,
whose deposit it is. A method without a request here fails the test.
"""

import itertools
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from espace_contracts import documents as api
from espace_contracts.errors import Conflict, InvalidRequest, NotAllowed, NotFound, Refusal
from espace_contracts.rpc import GATEWAY, OUTSIDE_KINDS, Method

from chassis.bus.rpc import check_caller
from tests.service.documents.documents_world import ACTOR, NOVEMBER, OTHER, TILLEULS, World

USERS = {GATEWAY: GATEWAY} | {kind: f"{kind}.k29" for kind in OUTSIDE_KINDS}
NUMBER = "19GE00565"
WRITES = ("recategorise_document", "delete_document", "restore_document")
DEPOSITING = {"funder": "agreement", "training_provider": "attendance", "beneficiary": "attendance", GATEWAY: "letter"}


class Objects:
    """What one kind of caller has deposited for the first employer: a document, and a deposit under way."""

    def __init__(self, world: World, kind: str) -> None:
        self.user = USERS[kind]
        members = _described(kind) | {"actor": ACTOR if kind == GATEWAY else None}
        self.document = world.deposit(user=self.user, **members)
        self.begun = world.begin(user=self.user, **members)


def _described(kind: str) -> dict[str, Any]:
    category = DEPOSITING[kind]
    return {
        "category": category,
        "dossier_number": NUMBER,
        "label": "Courrier" if category == "letter" else None,
        "period": NOVEMBER if category == "attendance" else None,
    }


Make = Callable[[str, str, Objects], dict[str, Any]]


def _of_document(_kind: str, siret: str, of: Objects) -> dict[str, Any]:
    return {"siret": siret, "document_id": of.document.document_id}


def _change(kind: str, siret: str, of: Objects) -> dict[str, Any]:
    return _of_document(kind, siret, of) | {"actor": ACTOR if kind == GATEWAY else None}


def _recategorise(kind: str, siret: str, of: Objects) -> dict[str, Any]:
    return _change(kind, siret, of) | _described(kind)


def _begin(kind: str, siret: str, _of: Objects) -> dict[str, Any]:
    file = {"file_name": "bulletin.pdf", "size": 10, "idempotency_key": str(uuid4())}
    return _described(kind) | file | {"siret": siret, "actor": ACTOR if kind == GATEWAY else None}


def _deposit(_kind: str, siret: str, of: Objects) -> dict[str, Any]:
    return {"siret": siret, "deposit_id": of.begun.deposit_id}


def _siret(_kind: str, siret: str, _of: Objects) -> dict[str, Any]:
    return {"siret": siret}


REQUESTS: dict[str, Make] = {
    "list_categories": lambda *_: {},
    "list_documents": _siret,
    "search_dossiers": _siret,
    "list_deleted_documents": _siret,
    "get_dossier": lambda _kind, siret, _of: {"siret": siret, "dossier_number": NUMBER},
    "get_document": _of_document,
    "get_advice": lambda _kind, siret, _of: {"siret": siret, "payment_number": "806113"},
    "open_file": _of_document,
    "begin_deposit": _begin,
    "renew_upload": _deposit,
    "complete_deposit": _deposit,
    "recategorise_document": _recategorise,
    "delete_document": _change,
    "restore_document": _change,
}
LISTS = {"list_documents": "documents", "search_dossiers": "dossiers", "list_deleted_documents": "documents"}


def expected(method: Method[Any, Any], kind: str, owner: str, *, foreign: bool) -> type[Refusal] | None:
    """What the rules say: a refusal, or None where the caller is answered."""
    if kind not in method.callers:
        return NotAllowed
    if method.name == "list_categories" or method.name in LISTS:
        return None
    if foreign or method.name == "get_advice":  # there is none of this number
        return NotFound
    if kind == owner or method.name in ("get_dossier", "get_document", "open_file", "begin_deposit"):
        return None
    if method.name in WRITES and kind in (GATEWAY, "funder"):
        return NotAllowed  # it may read what others deposit, and so learns why not
    return NotFound


def answered(world: World, method: Method[Any, Any], kind: str, request: dict[str, Any]) -> Any:
    """What the caller gets, as the entrypoint does it: first whether it may call at all, then the method."""
    check_caller(method, USERS[kind])
    return getattr(world.service(USERS[kind]), method.name)(method.request.model_validate(request))


def test_k29_s54_every_method_for_every_caller_and_employer(tilleuls: World) -> None:
    assert set(REQUESTS) == {method.name for method in api.METHODS}
    tilleuls.open_dossier("18RCDI4786", siret=OTHER)
    owned = {kind: Objects(tilleuls, kind) for kind in USERS}
    pairs = sorted(itertools.product(USERS, owned), key=lambda pair: pair[0] == pair[1])  # what is allowed comes last
    wrong = []
    for method, (kind, owner), siret in itertools.product(api.METHODS, pairs, (OTHER, TILLEULS)):
        told = _outcome(tilleuls, method, kind, REQUESTS[method.name](kind, siret, owned[owner]))
        wanted = expected(method, kind, owner, foreign=siret == OTHER)
        if told is not wanted and not _follows(method, kind, owner, told):
            wrong.append((method.name, kind, owner, siret, told, wanted))
    assert wrong == []


def _outcome(world: World, method: Method[Any, Any], kind: str, request: dict[str, Any]) -> type[Refusal] | None:
    try:
        answer = answered(world, method, kind, request)
    except Refusal as refusal:
        return type(refusal)
    if method.name in LISTS and request["siret"] == OTHER:
        numbers = [each.dossier_number for each in getattr(answer, LISTS[method.name])]
        assert numbers == (["18RCDI4786"] if method.name == "search_dossiers" else []), method.name
    return None


def _follows(method: Method[Any, Any], kind: str, owner: str, told: type[Refusal] | None) -> bool:
    """Nothing was sent for the deposit under way, so its own depositor is told that instead of a document."""
    return method.name == "complete_deposit" and kind == owner and told is Conflict


def test_k29_only_the_gateway_acts_for_a_person(tilleuls: World) -> None:
    for kind in OUTSIDE_KINDS:
        with pytest.raises(InvalidRequest):
            tilleuls.begin(user=USERS[kind], **_described(kind) | {"actor": ACTOR})
    with pytest.raises(InvalidRequest):
        tilleuls.begin(actor=None)
