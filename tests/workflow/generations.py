"""A service over the decades: the clock goes on, keys are replaced, processes are started anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from signing_service.pki.authority import Role
from signing_service.workflow.renewal import Standing, renew
from signing_service.workflow.rotation import rotate, rotate_record
from signing_service.workflow.service import open_service
from tests.cast import ALES, LIN, SOMCHAI
from tests.workflow.world import World

IN_2034 = datetime(2034, 6, 1, 9, 0, tzinfo=UTC)  # a year before the first seal and timestamp certificates end
IN_2043 = datetime(2043, 6, 1, 9, 0, tzinfo=UTC)  # two years before both authorities end


def sign_everything(world: World) -> World:
    """All required signatures, the countersignature, the first archive timestamp."""
    world.publish()
    for person in (LIN, SOMCHAI, ALES):
        world.sign(person)
    world.countersign()
    world.archive()
    return world


def restart(world: World) -> None:
    """Open the service anew, as a process that starts now does."""
    world.service.database.dispose()
    world.service = replace(open_service(world.service.settings, world.clock), clock=world.clock)


def rotate_to(world: World, now: datetime, *roles: Role) -> None:
    """Go on to ``now`` and replace these roles' keys."""
    world.clock.now = now
    for role in roles:
        rotate(world.service, role, "planned")
        restart(world)


def rotate_the_record(world: World) -> None:
    rotate_record(world.service, "planned")
    restart(world)


def renewed(world: World) -> Standing:
    return renew(world.service, world.agreement)


def live_to_2043(world: World) -> World:
    """Three generations: signed in 2025, renewed in 2034 and 2043 under new keys each time."""
    sign_everything(world)
    rotate_to(world, IN_2034, "timestamp", "seal")
    rotate_the_record(world)
    renewed(world)
    rotate_to(world, IN_2043, "services-ca", "issuing-ca")
    renewed(world)
    return world
