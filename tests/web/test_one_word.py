"""One word for one thing, two words for two things, on pages that are made apart from each other."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from signing_service.workflow.approvals import Password
from signing_service.workflow.feeds import make_feed
from signing_service.workflow.refusal import refuse
from tests.cast import LIN, NANJING, OFFICER, PASSWORD
from tests.web.visitor import Visitor
from tests.workflow.world import World

Visit = Callable[..., Visitor]


@pytest.mark.parametrize(("language", "word"), [("en", "declined"), ("zh", "已拒绝"), ("ru", "отказ"), ("th", "ปฏิเสธ")])
def test_who_declined_is_called_so_in_the_hall_as_on_the_public_status(
    anybody: Visitor, world: World, language: str, word: str
):
    refuse(world.service, world.ids[LIN], world.agreement, LIN.signer, "No vote yet.", Password(PASSWORD))
    anybody.get(f"/language/{language}")
    hall, status = (anybody.get(f"/{place}/{world.agreement}").text.lower() for place in ("ceremony", "status"))
    assert re.search(rf'data-status="refused".*?class="when"[^>]*>{word}<', hall, re.DOTALL)
    assert f"{word}</span>" in status


def test_never_to_remind_is_another_word_than_never_yet(visit: Visit, world: World):
    make_feed(world.service, world.officer, world.agreement, NANJING.id)
    officer = visit(OFFICER)
    officer.get("/language/zh")
    page = f"/secretariat/agreements/{world.agreement}/"
    assert '<option value="">从不</option>' in officer.get(page).text
    assert "尚未读取" in officer.get(f"{page}feeds/").text
