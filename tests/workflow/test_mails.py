"""What mails say, and to whom: in the recipient's language, by the recipient's own name."""

from __future__ import annotations

import pytest

from signing_service.store import outbox, people
from signing_service.workflow.mails import addressed
from tests.cast import LIN
from tests.workflow.world import World


@pytest.mark.parametrize(
    ("native", "locale", "called"),
    [
        ("林书怡", "zh", "林书怡"),
        ("林书怡", "zh-Hant", "林书怡"),
        ("林书怡", "en", "Lin"),
        ("林书怡", "th", "Lin"),
        ("Алесь Берёза", "ru", "Алесь Берёза"),
        ("สมชาย ใจดี", "th", "สมชาย ใจดี"),
        ("สมชาย ใจดี", "fr", "Lin"),
        ("Nguyễn Văn An", "en", "Nguyễn Văn An"),
        (None, "zh", "Lin"),
        ("", "zh", "Lin"),
        ("···", "zh", "Lin"),
    ],
)
def test_a_mail_calls_people_by_their_own_name_where_it_is_in_the_letters_of_its_language(
    native: str | None, locale: str, called: str
):
    assert addressed("Lin", native, locale) == called


def test_an_invitation_in_chinese_greets_in_chinese(world: World):
    with world.service.database.begin() as session:
        people.get(session, world.ids[LIN]).locale = "zh"
    world.publish()
    with world.service.database.read() as session:
        told = [mail for mail in outbox.of_agreement(session, world.agreement) if mail.recipient == LIN.email]
    assert f"尊敬的{LIN.native_name}：" in told[0].text
    assert f"尊敬的{LIN.native_name}：" in (told[0].html or "")
