"""A front desk on a fresh database."""

import pytest

from tests.service.identity.front_desk import FrontDesk


@pytest.fixture
def desk(identity_db):
    return FrontDesk(identity_db)
