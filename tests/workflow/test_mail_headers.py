"""What stands in a mail's headers and how its text is packed, read back as a recipient's program reads it."""

from __future__ import annotations

import email
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default
from email.utils import parseaddr
from types import SimpleNamespace
from typing import Any

import pytest

from signing_service.settings import parse_settings
from signing_service.store.tables import OutboxMail
from signing_service.workflow.messages import mail_message
from tests.cast import ALLIANCE, LIN, NOON, PUBLIC_URL

LONG = {
    "zh": "签署邀请：关于建立十二国十二校国际联盟并确定其章程、机构与合作领域的协定",
    "ru": "Приглашение подписать: Соглашение о создании Международного союза «12 стран, 12 университетов»",
    "th": "ขอเชิญลงนาม: ความตกลงว่าด้วยการจัดตั้งพันธมิตรระหว่างประเทศ 12 ประเทศ 12 มหาวิทยาลัย",
    "en": "Invitation to sign: “12 Countries, 12 Universities” International Alliance Agreement, and its annexes",
}


@pytest.fixture
def service() -> Any:
    """As much of a service as a mail's headers need."""
    given = {"PUBLIC_URL": PUBLIC_URL, "SMTP_URL": "smtps://mail.example.org", "MAIL_FROM": "signing@example.org"}
    settings = parse_settings({f"SIGNING_SERVICE_{name}": text for name, text in given.items()})
    return SimpleNamespace(settings=settings, name=ALLIANCE)


def sent(service: Any, **values: Any) -> tuple[bytes, EmailMessage]:
    """A mail's bytes, and what a mail program reads in them."""
    mail = OutboxMail(
        recipient=LIN.email, kind="invitation", locale="zh", subject="签署邀请", text="林书怡\n", html="<p>林书怡</p>",
        created=NOON, message_id=32 * "a",
    )  # fmt: skip
    for name, value in values.items():
        setattr(mail, name, value)
    raw = mail_message(service.settings, service.name, mail).as_bytes()
    return raw, email.message_from_bytes(raw, policy=default)


def sender_of(raw: bytes) -> tuple[str, str]:
    """Name and address; by the older of Python's readers, since the newer one leaves spaces between encoded words."""
    name, address = parseaddr(email.message_from_bytes(raw, policy=compat32)["From"])
    return str(make_header(decode_header(name))), address


@pytest.mark.parametrize("locale", LONG)
def test_a_long_subject_survives_its_folding_in_every_language(service: Any, locale: str):
    for end in range(10, len(LONG[locale])):
        subject = LONG[locale][:end].strip()
        raw, read = sent(service, subject=subject)
        assert read["Subject"] == subject
        assert raw.isascii()


@pytest.mark.parametrize("locale", LONG)
def test_no_line_of_a_mail_is_longer_than_rfc_5322_wants(service: Any, locale: str):
    text = f"{30 * LONG[locale]}\n\n{PUBLIC_URL}/invitation#{43 * 'x'}\n.\nFrom here on\n"
    raw, read = sent(service, subject=LONG[locale], text=text, html=f"<p>{text}</p>")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")
    plain = read.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == text


def test_the_plain_text_comes_first_and_both_are_utf_8(service: Any):
    _, read = sent(service)
    assert read.get_content_type() == "multipart/alternative"
    assert [
        (part.get_content_type(), part.get_content_charset(), part["Content-Transfer-Encoding"])
        for part in read.iter_parts()
    ] == [("text/plain", "utf-8", "quoted-printable"), ("text/html", "utf-8", "quoted-printable")]


@pytest.mark.parametrize(
    "name",
    ["中国—东盟 “十二校” 联盟", "Союз, и (другие) <университеты>", 'Alliance "XII"; of: many', "พันธมิตร 12 มหาวิทยาลัย"],
)
def test_the_sender_s_name_is_read_as_it_was_written(service: Any, name: str):
    service.name = name
    raw, _ = sent(service)
    assert sender_of(raw) == (name, "signing@example.org")
    assert raw.isascii()


def test_a_sender_with_a_name_of_its_own_keeps_it(service: Any):
    service.settings = replace(service.settings, mail_from="Секретариат <office@example.org>")
    assert sender_of(sent(service)[0]) == ("Секретариат", "office@example.org")


def test_answers_go_to_the_secretariat_where_that_is_set(service: Any):
    assert sent(service)[1]["Reply-To"] is None
    service.settings = replace(service.settings, mail_reply_to="secretariat@example.org")
    assert sent(service)[1]["Reply-To"] == "secretariat@example.org"


def test_no_program_answers_and_nothing_offers_to_end_a_subscription(service: Any):
    """The mails are each about an act of the recipient's own: no list that one could leave (RFC 2369, RFC 8058)."""
    _, read = sent(service)
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert [name for name in read if name.startswith("List-") or name == "Precedence"] == []


def test_every_header_that_must_be_there_is_there_once(service: Any):
    _, read = sent(service)
    for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Language"):
        assert len(read.get_all(name, [])) == 1, name
    assert read["Message-ID"] == f"<{32 * 'a'}@sign.example.org>"
    assert read["Date"].datetime == NOON
