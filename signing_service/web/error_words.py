"""Errors in the reader's language: the messages and hints that representatives and officers meet, to be translated.

Errors are raised in English, far below the pages; a message that is not listed here is shown as it is.
"""

from __future__ import annotations

from flask_babel import gettext


def _n(text: str) -> str:
    """Mark a message for the catalogues."""
    return text


ERRORS = frozenset(
    (
        _n("a password is needed"),
        _n("approve with the passkey you enrolled"),
        _n("ask another officer"),
        _n("ask the secretariat"),
        _n("ask the secretariat for a new link"),
        _n("ask the secretariat for a new one"),
        _n("at the signing table you only read, enrol a passkey for approving, sign or decline"),
        _n("begin again"),
        _n("choose agreement.toml and one Markdown file a language"),
        _n("choose one; you will be asked for it when you sign"),
        _n("choose the agreement's PDF or its evidence bundle"),
        _n("choose the passkey that you made here"),
        _n("enrol one and let an officer confirm it"),
        _n("enrol one for approvals, then have it confirmed"),
        _n("enrol one; an officer confirms it"),
        _n("finish here; do the rest on your own device"),
        _n("log in, or ask for a new link"),
        _n("many are verifying just now"),
        _n("no file was chosen"),
        _n("no passkey of yours is in the trust file"),
        _n("nobody confirms a passkey of their own"),
        _n("only an officer of the secretariat may do this"),
        _n("open it again from the mail, or ask for a new one"),
        _n("reload it and try again"),
        _n("reload the page"),
        _n("reload the page and begin again"),
        _n("reload the page and try again"),
        _n("sign in again"),
        _n("sign in again; nothing is lost"),
        _n("the agreement has no text in that language"),
        _n("the agreement is countersigned already"),
        _n("the agreement is countersigned and closed"),
        _n("the agreement is published already"),
        _n("the database is busy"),
        _n("the e-mail address or the password is wrong"),
        _n("the one-time code is wrong or was used already"),
        _n("the password is wrong"),
        _n("there is no receipt of yours for this agreement"),
        _n("there is no such agreement"),
        _n("there were too many failed attempts"),
        _n("this agreement asks for a passkey"),
        _n("this attempt to sign has expired; nothing was signed"),
        _n("this attempt was approved with another key"),
        _n("this is our mistake, not yours; nothing was half done"),
        _n("this link has expired"),
        _n("this link is not valid"),
        _n("this link was used already"),
        _n("this link was withdrawn"),
        _n("this page is for officers of the secretariat"),
        _n("this page is too old to send anything"),
        _n("this passkey is not known here"),
        _n("this passkey is not one of yours"),
        _n("this passkey was revoked already"),
        _n("try again"),
        _n("try again in a minute"),
        _n("try again in a moment"),
        _n("try again; if it stays so, tell us"),
        _n("type the password that you chose for this service"),
        _n("wait a quarter of an hour"),
        _n("wait for the next one"),
        _n("you are signed out"),
        _n("you have no approval passkey yet"),
        _n("you have no mandate for this signature"),
        _n("your passkey is not in the trust file"),
        _n("your passkey waits for the secretariat's confirmation"),
    )
)


def translated(text: str) -> str:
    """An error's message or hint in the interface's language, where it is a known one."""
    return str(gettext(text)) if text in ERRORS else text
