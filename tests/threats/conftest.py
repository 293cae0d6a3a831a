"""The workflow's world, for threats against a running service; a ceremony that was held, for lies about it."""

from __future__ import annotations

import pytest

from signing_service.ceremony.authenticator import Authenticator
from tests.cast import LIN, OFFICER, SOMCHAI
from tests.verify.world import World, devices, the_passkey_ceremony
from tests.workflow.conftest import made_keys, make_world, password_hash, world  # noqa: F401 (fixtures)


@pytest.fixture(scope="module")
def honest() -> World:
    """What really happened; its trust file is the one that auditors have."""
    return the_passkey_ceremony()


@pytest.fixture
def rogue(honest: World) -> dict[str, Authenticator]:
    """Devices of the operator's own, in the names of all."""
    return devices(LIN, SOMCHAI, OFFICER)
