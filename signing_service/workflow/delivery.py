"""Handing the outbox's mails over: to the mail server, or into files where none is configured.

A mail is claimed in one transaction, handed over outside any, and marked in another. A worker that dies in between
leaves a claim that ends by itself, so the mail may go out twice (under the same Message-ID), but it is never lost.
While the mail server is down nothing counts as tried: all that waits is put off together, and goes out once it is back.
Until a mail is out its row holds the personal link in it; afterwards the row keeps the words without the token.
"""

from __future__ import annotations

import logging
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from signing_service.errors import UnavailableError
from signing_service.store import outbox
from signing_service.store.outbox import ClaimedMail
from signing_service.workflow.messages import mail_message
from signing_service.workflow.transports import DeferredMail, RefusedMail, Transport, open_transport

if TYPE_CHECKING:
    from signing_service.workflow.service import Service

LEASE = timedelta(minutes=5)
HAND_OVER = timedelta(minutes=3)  # of the lease: a batch that a slow server holds up longer is left to the next claim

_TOKEN = re.compile(r"(/invitation(?:\?language=[A-Za-z-]+)?)#[A-Za-z0-9_-]{20,}")

_log = logging.getLogger(__name__)


def deliver(service: Service) -> int:
    """Hand over the mails that are due, at most one batch; return how many were tried."""
    begun = service.clock()
    with service.database.look() as session:
        if not outbox.anything_due(session, begun):
            return 0
    with service.database.begin() as session:
        mails = outbox.claim(session, now=begun, lease=LEASE)
    if not mails:
        return 0
    tried, at_hand = 0, None
    try:
        with open_transport(service.settings) as transport:
            for mail in mails:
                if service.clock() - begun > HAND_OVER:
                    break
                tried, at_hand = tried + 1, mail
                _deliver_one(service, transport, mail)
                at_hand = None
    except UnavailableError as error:
        if at_hand is not None:  # perhaps it is for this very mail: it waits longer than those it was to go with
            _mark(service, at_hand, error.message, permanent=False)
        waiting = [mail.id for mail in mails[tried:]]
        if service.complaints.begins("mails", error.message):
            _log.warning("mails are put off until they can be handed over: %s", error.message)
        with service.database.begin() as session:
            outbox.put_off(session, waiting, error.message, now=service.clock())
    else:
        if service.complaints.ends("mails"):
            _log.info("mails are handed over again")
    return tried


def send_test_mail(service: Service, recipient: str) -> None:
    """Send a mail at once and past the outbox; raises UnavailableError with what the mail server said."""
    subject = f"Test mail from {service.name}"
    text = f"This is a test of the mail settings of {service.settings.public_url}.\n"
    mail = ClaimedMail(0, recipient, "test", "en", subject, text, None, service.clock(), secrets.token_hex(16), 1)
    message = mail_message(service.settings, service.name, mail)
    with open_transport(service.settings) as transport:
        try:
            transport.send(message)
        except (RefusedMail, DeferredMail) as error:
            server = service.settings.smtp
            place = f"mail server {server.host}:{server.port}" if server else "the mail server"
            raise UnavailableError(f"{place} refused the test mail: {error}") from error


def _deliver_one(service: Service, transport: Transport, mail: ClaimedMail) -> None:
    try:
        transport.send(mail_message(service.settings, service.name, mail))
    except (RefusedMail, DeferredMail) as error:
        _mark(service, mail, str(error), permanent=isinstance(error, RefusedMail))
        return
    except ValueError as error:
        _mark(service, mail, f"the mail cannot be written: {error}", permanent=True)
        return
    except (OSError, UnavailableError):
        raise  # of the mail server
    except Exception as error:  # one mail must not hold up the others
        _log.exception("mail %s cannot be written", mail.id)
        _mark(service, mail, f"the mail cannot be written: {type(error).__name__}", permanent=False)
        return
    with service.database.begin() as session:
        html = without_tokens(mail.html) if mail.html is not None else None
        outbox.mark_sent(session, mail, text=without_tokens(mail.text), html=html, now=service.clock())


def without_tokens(text: str) -> str:
    """The text without the secret part of personal links, as it is kept once the mail is out."""
    return _TOKEN.sub(r"\1#…", text)


def _mark(service: Service, mail: ClaimedMail, reason: str, *, permanent: bool) -> None:
    _log.warning("mail %s (%s) was not handed over: %s", mail.id, mail.kind, reason)
    with service.database.begin() as session:
        outbox.mark_failed(session, mail.id, reason, now=service.clock(), permanent=permanent)
