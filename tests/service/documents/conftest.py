"""The service documents with one employer, for each test."""

import pytest

from chassis.database import Database
from chassis.objectstore import ObjectStore
from tests.service.documents.documents_world import World


@pytest.fixture
def world(documents_db: Database, object_store: ObjectStore) -> World:
    """A service without any dossier."""
    return World(documents_db, object_store)


@pytest.fixture
def tilleuls(world: World) -> World:
    """The employer has the dossier 19GE00565."""
    world.open_dossier()
    return world
