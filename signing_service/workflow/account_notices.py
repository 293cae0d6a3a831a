"""What a person is told by mail of their own account, in case it was somebody else: how one signs in was changed.

NIST SP 800-63B section 4.6: whoever gains an account adds a way in of their own, so the holder hears of each at once.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.store import people
from signing_service.workflow.mails import translations
from signing_service.workflow.moments import told
from signing_service.workflow.next_steps import next_step
from signing_service.workflow.notices import subject_and_body
from signing_service.workflow.posting import Notice, send_notice
from signing_service.workflow.service import Service


def tell_of_account(
    session: Session, service: Service, person_id: str, kind: str, now: datetime, passkey: str = ""
) -> None:
    """Tell a person of a change: ``password-set``, ``codes-set``, ``passkey-added`` or ``passkey-removed``.

    ``passkey``: its kind.
    """
    person = people.get(session, person_id)
    gettext = translations(person.locale).gettext
    uses = {
        "login": gettext("to sign in"),
        "approval": gettext("to approve your signature"),
        "officer": gettext("to confirm and countersign as an officer"),
    }
    said = {"when": told(now, person.locale, person.time_zone), "use": uses.get(passkey, "")}
    subject, body = subject_and_body(kind, person.locale, said)
    step = next_step(kind, person.locale)
    send_notice(session, service, person, Notice(kind, subject, body, "", step.page, step.button), now)
