"""What stands in a mail's headers and how its text is packed, read back as a recipient's program reads it."""

from __future__ import annotations

import email
from dataclasses import replace
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, compat32, default
from email.utils import parseaddr
from types import SimpleNamespace
from typing import Any

import pytest

from signing_service.settings import parse_settings
from signing_service.store.outbox import ClaimedMail
from signing_service.workflow.messages import mail_message
from tests.cast import ALLIANCE, LIN, NOON, PUBLIC_URL

LONG = {
    "zh": "签署邀请：关于建立十二国十二校国际联盟并确定其章程、机构与合作领域的协定",
    "ru": "Приглашение подписать: Соглашение о создании Международного союза «12 стран, 12 университетов»",
    "th": "ขอเชิญลงนาม: ความตกลงว่าด้วยการจัดตั้งพันธมิตรระหว่างประเทศ 12 ประเทศ 12 มหาวิทยาลัย",
    "en": "Invitation to sign: “12 Countries, 12 Universities” International Alliance Agreement, and its annexes",
}
CLAIMED = ClaimedMail(
    id=1, recipient=LIN.email, kind="invitation", locale="zh", subject="签署邀请", text="林书怡\n",
    html="<p>林书怡</p>", created=NOON, message_id=32 * "a", attempts=1,
)  # fmt: skip


@pytest.fixture
def service() -> Any:
    """As much of a service as a mail's headers need."""
    given = {"PUBLIC_URL": PUBLIC_URL, "SMTP_URL": "smtps://mail.example.org", "MAIL_FROM": "signing@example.org"}
    settings = parse_settings({f"SIGNING_SERVICE_{name}": text for name, text in given.items()})
    return SimpleNamespace(settings=settings, name=ALLIANCE)


def sent(service: Any, **values: Any) -> tuple[bytes, EmailMessage]:
    """A mail's bytes, and what a mail program reads in them."""
    raw = mail_message(service.settings, service.name, replace(CLAIMED, **values)).content
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


HIDDEN = [  # encoded words that some readers, and the standard library as it folds, would read as more than letters
    "=?utf-8?q?=0D=0A=0D=0Aevil_body?=", "=?utf-8?q?=0D=0AReply-To_:_evil@x.example?=",
    "=?utf-8?q?=0D=0ABcc:_evil@x.example?=", "=?utf-8?q?Hello?=",
]  # fmt: skip


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("before", [0, 12])
def test_what_looks_like_an_encoded_word_stays_what_was_written(service: Any, hidden: str, before: int):
    subject = before * "Agreement " + hidden
    raw, read = sent(service, subject=subject)
    assert read["Subject"] == subject
    assert b"\nevil" not in raw
    assert read["Date"] is not None
    assert [name for name in read if name in ("Reply-To", "Reply-To ", "Bcc")] == []


@pytest.mark.parametrize("hidden", HIDDEN[:3])
def test_a_sender_s_name_that_hides_the_end_of_a_line_is_refused(service: Any, hidden: str):
    service.name = 12 * "Alliance " + hidden
    with pytest.raises(ValueError, match="the header From cannot hold"):
        sent(service)


def test_a_long_subject_of_ascii_alone_is_folded_between_words(service: Any):
    subject = " ".join(["Invitation to sign the Agreement on the International Alliance of Universities"] * 5)
    raw, read = sent(service, subject=subject)
    assert read["Subject"] == subject
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78


def as_the_library_writes_it(service: Any, mail: ClaimedMail) -> EmailMessage:
    """The same mail by the standard library, as a mail program reads it."""
    written = EmailMessage(policy=SMTP)
    written["From"] = Address(service.name, addr_spec="signing@example.org")
    written["To"] = Address(addr_spec=mail.recipient)
    written["Subject"] = mail.subject
    written["Date"] = mail.created
    written["Message-ID"] = f"<{mail.message_id}@sign.example.org>"
    written["Auto-Submitted"] = "auto-generated"
    written["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    written.set_content(mail.text, cte="quoted-printable")
    if mail.html is not None:
        written.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    written["Content-Language"] = mail.locale
    return email.message_from_bytes(written.as_bytes(), policy=default)


def said(read: EmailMessage) -> list[tuple[Any, ...]]:
    """All that a mail says: its headers in any order, then each part's kind and words."""
    bare = {(name.lower(), str(text)) for name, text in read.items() if name != "Content-Type"}
    parts = [part for part in read.walk() if not part.is_multipart()]
    kinds = [read.get_content_type(), *(part["Content-Type"] for part in parts)]
    return [tuple(sorted(bare)), *kinds, *(part.get_content().replace("\r\n", "\n") for part in parts)]


@pytest.mark.parametrize("html", [None, "<p>=林书怡= \t</p>\n" * 3])
@pytest.mark.parametrize(
    "text",
    ["", "\n", "no end", "a=b =3D \n \n\t\n.\n..\nFrom here\n", "all\r\nkinds\rof ends\n\n", 40 * "สมชาย ", 999 * "x"],
)
def test_a_mail_says_what_the_standard_library_s_would(service: Any, text: str, html: str | None):
    for locale, subject in {**LONG, "fil": "Short", "id": "Signed: " + 30 * "words " + "12U/2025-01"}.items():
        raw, read = sent(service, locale=locale, subject=subject, text=text, html=html)
        mail = replace(CLAIMED, locale=locale, subject=subject, text=text, html=html)
        expected = said(as_the_library_writes_it(service, mail))
        if not subject.isascii():  # of which the library loses spaces
            expected[0] = tuple(one if one[0] != "subject" else ("subject", subject) for one in expected[0])
        assert said(read) == expected
        assert max(len(line) for line in raw.split(b"\r\n")) <= 78


def test_a_long_address_stays_whole(service: Any):
    long = f"{64 * 'a'}@{'.'.join(['university', 63 * 'b', 63 * 'c', 'example'])}"
    assert sent(service, recipient=long)[1]["To"] == long


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x1c", "\x85", "\u2028"])
def test_nothing_that_a_mail_says_adds_a_header(service: Any, end: str):
    for name in ("subject", "locale", "message_id", "recipient"):
        for value in (f"lin@njupt.example{end}Bcc: x@y.example", f"lin@njupt.example{end}"):
            with pytest.raises(ValueError, match=r"not one line|cannot hold|not one mail address"):
                sent(service, **{name: value})


def test_a_control_character_in_a_subject_is_no_part_of_the_header_s_bytes(service: Any):
    raw, _ = sent(service, subject="Please sign\x00\x07: Alliance")
    assert b"\x00" not in raw
    assert b"\x07" not in raw


def test_what_divides_a_mail_s_parts_is_in_none_of_them_and_the_same_when_it_is_tried_again(service: Any):
    raw, read = sent(service)
    assert raw == sent(service)[0]
    boundary = read.get_boundary()
    assert boundary is not None
    assert raw.count(boundary.encode()) == 4
