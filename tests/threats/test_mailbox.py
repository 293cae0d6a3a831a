"""Who reads a representative's mail can choose a password by a link; once a passkey can sign, that signs nothing."""

from __future__ import annotations

import pytest

from signing_service.errors import NotAllowedError
from tests.cast import LIN, SOMCHAI
from tests.workflow.devices import Devices
from tests.workflow.world import World


def test_where_a_passkey_is_confirmed_a_new_password_signs_nothing(world: World):
    world.publish()
    devices = Devices.in_(world)
    devices.confirm(devices.enrol(LIN))
    with pytest.raises(NotAllowedError, match="so a password does not count"):
        world.signing(LIN).approve()
    devices.sign(LIN)
    world.sign(SOMCHAI)  # who has none, as the rules allow
