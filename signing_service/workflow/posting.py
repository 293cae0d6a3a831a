"""One notice for one person, put into the outbox within the transaction of the act that it tells about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.store import outbox
from signing_service.store.tables import Person
from signing_service.workflow.mails import Mail, addressed, compose, letterhead
from signing_service.workflow.service import Service


@dataclass(frozen=True, slots=True)
class Notice:
    """What a mail says, in its recipient's language."""

    kind: str
    subject: str
    body: str
    title: str
    """Of what it is about; empty where that is the person's own account."""
    page: str
    """The path that it leads to."""
    button: str
    """What one does there, in a word or two."""
    step: str = ""
    """What the person does next, where the body does not say it."""
    until: str = ""
    """When signing closes, where that presses."""


def send_notice(
    session: Session,
    service: Service,
    person: Person,
    notice: Notice,
    now: datetime,
    *,
    agreement: str | None = None,
    recipient: str = "",
) -> None:
    """Put a notice for a person into the outbox; ``recipient``: another address than the person's present one."""
    mail = compose(
        "notice",
        person.locale,
        notice.subject,
        name=addressed(person.name, person.native_name, person.locale),
        body=notice.body,
        title=notice.title,
        link=service.settings.public_url + notice.page,
        until=notice.until,
        step=notice.step,
        button=notice.button,
        **letterhead(service),
    )
    post(session, person, notice.kind, mail, now, agreement=agreement, recipient=recipient)


def post(
    session: Session,
    person: Person,
    kind: str,
    mail: Mail,
    now: datetime,
    *,
    agreement: str | None = None,
    recipient: str = "",
) -> None:
    """Put a composed mail for a person into the outbox, about an agreement if one is given."""
    outbox.add(
        session,
        recipient=recipient or person.email,
        kind=kind,
        locale=person.locale,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        now=now,
        person=person.id,
        agreement=agreement,
    )
