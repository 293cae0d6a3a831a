"""What a passkey is called in the list that a device keeps of its passkeys."""

from __future__ import annotations

import pytest

from signing_service.workflow.passkeys import registration_options
from signing_service.workflow.people import note_language
from tests.cast import LIN
from tests.workflow.world import World


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("en", ["Lin Shuyi (sign in)", "Lin Shuyi (approve)"]),
        ("zh", ["林书怡 (登录)", "林书怡 (批准)"]),
        ("th", ["Lin Shuyi (เข้าสู่ระบบ)", "Lin Shuyi (อนุมัติ)"]),
    ],
)
def test_the_devices_own_list_tells_passkeys_apart_in_the_persons_language(
    world: World, language: str, labels: list[str]
):
    service, lin = world.service, world.ids[LIN]
    note_language(service, lin, language)
    users = [registration_options(service, lin, kind)["user"] for kind in ("login", "approval")]
    assert [user["displayName"] for user in users] == labels
    assert all(user["name"].startswith(LIN.email) for user in users)
