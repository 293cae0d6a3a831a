"""One authority, one published agreement; tests append to copies of its bytes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signing_service.agreement.mandates import Representative
from signing_service.verify.own_upload import Upload
from signing_service.verify.trust import Trust
from tests.cast import ALES, BEREZINA, HOA, LIN, NANJING, SOMCHAI
from tests.own_certificates.authority import Authority, Identity
from tests.pdf.sealed_document import Ceremony
from tests.verify.world import World
from tests.workflow.conftest import made_keys, make_world, password_hash  # noqa: F401 - fixtures
from tests.workflow.world import World as WorkflowWorld
from tests.workflow.world import source

PEOPLE = (LIN, SOMCHAI, ALES, HOA)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def lin(authority: Authority) -> Identity:
    return authority.issue("LIN Shuyi")


@pytest.fixture(scope="session")
def ceremony(authority: Authority) -> Ceremony:
    """Nanjing's and Andaman's people may use own certificates; Somchai has signed with a one-time key already."""
    ceremony = Ceremony.published(PEOPLE, own_certificates={NANJING.id: (authority.der,), BEREZINA.id: ()})
    ceremony.sign(SOMCHAI)
    return ceremony


@pytest.fixture(scope="session")
def stored(ceremony: Ceremony) -> bytes:
    return ceremony.pdf


@pytest.fixture(scope="session")
def trust(ceremony: Ceremony) -> Trust:
    return World(ceremony).trust()


@pytest.fixture(scope="session")
def expected() -> Upload:
    return Upload(LIN.signer, Representative(LIN.id, LIN.name, LIN.native_name))


@pytest.fixture
def own_world(make_world: Callable[..., WorkflowWorld], authority: Authority) -> WorkflowWorld:  # noqa: F811
    """A published agreement of a whole service, in which Lin may sign with a certificate of NJUPT's authority."""
    world = make_world()
    files = source(own_certificates={NANJING: (authority.pem,), BEREZINA: ()})
    return WorkflowWorld.of(world.service, world.officer, files, world.ids).publish()
