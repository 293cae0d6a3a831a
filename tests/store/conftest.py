"""What several of the store's tests start from."""

from __future__ import annotations

import pytest

from signing_service.store.database import Database
from signing_service.store.guard import Guard
from tests.cast import SOMCHAI, SOPHEA
from tests.store.world import OTHER_AGREEMENT, add_events, add_person, give_mandate, publish, publish_agreement, sign


@pytest.fixture
def lived_in(database: Database, guard: Guard) -> Database:
    """A database with two signatures under one agreement, another draft's events, and two checkpoints."""
    with database.begin() as session:
        publish_agreement(session)
        sign(session, give_mandate(session, add_person(session, SOMCHAI), "andaman:president"))
    publish(database, guard)
    with database.begin() as session:
        add_events(session, 5, OTHER_AGREEMENT)
        sign(session, give_mandate(session, add_person(session, SOPHEA), "tonle:president"))
    publish(database, guard)
    return database
